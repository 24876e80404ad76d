//! Watching a process from outside: the commit counter of its database and the length of the sandbox's ledger.
//!
//! Reads files only. It must never hold a lock, and never keep a file of the database open while a connection of
//! ours to it is open: closing it would drop that connection's locks.

use crate::aim::Sign;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Where the counter of commits stands in SQLite's WAL index, a `u32` in the machine's own order.
const CHANGE_AT: u64 = 8;

/// What one process may be seen by.
pub(crate) struct Watched {
    wal_index: PathBuf,
    journal: PathBuf,
    opened: Option<File>,
    last_change: Option<u32>,
    commits: u32,
    booked_before: u64,
    last_length: u64,
    bookings: u32,
}

impl Watched {
    /// Begins to watch; call it right before the process is started.
    pub(crate) fn begin(database: &Path, journal: &Path) -> Self {
        let mut name = database.as_os_str().to_owned();
        name.push("-shm");
        let length = length_of(journal);
        let mut watched = Self {
            wal_index: PathBuf::from(name),
            journal: journal.to_owned(),
            opened: None,
            last_change: None,
            commits: 0,
            booked_before: length,
            last_length: length,
            bookings: 0,
        };
        // What a dead process left in the index is not a commit of this one.
        watched.look_at_commits();
        watched.commits = 0;
        watched
    }

    /// Waits for the sign; `false` when it did not come within `patience` or the process is gone.
    pub(crate) fn wait_for(
        &mut self,
        sign: Sign,
        patience: Duration,
        mut is_gone: impl FnMut() -> bool,
    ) -> bool {
        let began = Instant::now();
        let mut turn: u32 = 0;
        loop {
            let is_there = match sign {
                Sign::Started => true,
                Sign::Committed(times) => {
                    self.look_at_commits();
                    self.commits >= times
                }
                Sign::Booked(times) => {
                    self.look_at_bookings();
                    self.bookings >= times
                }
            };
            if is_there {
                return true;
            }
            turn = turn.wrapping_add(1);
            if turn.is_multiple_of(256) && (began.elapsed() > patience || is_gone()) {
                return false;
            }
            std::thread::yield_now();
        }
    }

    fn look_at_commits(&mut self) {
        if self.opened.is_none() {
            self.opened = File::open(&self.wal_index).ok();
        }
        let Some(file) = &self.opened else { return };
        let mut bytes = [0; 4];
        if file.read_exact_at(&mut bytes, CHANGE_AT).is_err() {
            return;
        }
        let change = u32::from_ne_bytes(bytes);
        if let Some(last) = self.last_change
            && change > last
        {
            self.commits += change - last;
        }
        self.last_change = Some(change);
    }

    fn look_at_bookings(&mut self) {
        let length = length_of(&self.journal);
        if length > self.last_length.max(self.booked_before) {
            self.bookings += 1;
        }
        self.last_length = length;
    }
}

/// Waits so long to the microsecond, which a sleep would not.
pub(crate) fn wait_exactly(wait: Duration) {
    let began = Instant::now();
    if wait > Duration::from_millis(5) {
        std::thread::sleep(wait - Duration::from_millis(3));
    }
    while began.elapsed() < wait {
        std::thread::yield_now();
    }
}

fn length_of(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |it| it.len())
}
