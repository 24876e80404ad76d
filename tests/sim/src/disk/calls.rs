//! What SQLite asks a disk, as plain calls: each looks whether the process lives, counts, hashes, maybe
//! fails, and does. Answers are SQLite's result codes.

use super::{
    DISKS, Op, Shared, State,
    faults::{ErrorKind, Injected},
    held,
    locks::{Asked, Holder, NONE, Page, RESERVED, SHARED},
};
use libsqlite3_sys as sqlite;
use std::{
    ffi::c_int,
    sync::{Arc, atomic::AtomicU64},
};

/// A refused lock is asked for again, with sleeps between, until SQLite's own patience of 5 s is over.
const BUSY_FOR_US: u64 = 6_000_000;

/// The slot of the WAL's locks that stands for the right to write.
const WRITE_SLOT: u32 = 1;

/// What a hash tells one call from another by.
mod call {
    pub(super) const ACCESS: u64 = 1;
    pub(super) const CLOSE: u64 = 2;
    pub(super) const DELETE: u64 = 3;
    pub(super) const LOCK: u64 = 4;
    pub(super) const OPEN: u64 = 5;
    pub(super) const READ: u64 = 6;
    pub(super) const SHM_LOCK: u64 = 7;
    pub(super) const SHM_MAP: u64 = 8;
    pub(super) const SYNC: u64 = 9;
    pub(super) const TRUNCATE: u64 = 10;
    pub(super) const UNLOCK: u64 = 11;
    pub(super) const WRITE: u64 = 12;
}

/// A place on a disk as a path names it.
struct Place<'a> {
    disk: Arc<Shared>,
    process: u64,
    name: &'a str,
}

/// `/<disk>/<process>/<name>`.
fn place(path: &str) -> Option<Place<'_>> {
    let mut parts = path.strip_prefix('/')?.splitn(3, '/');
    let number: u64 = parts.next()?.parse().ok()?;
    let process: u64 = parts.next()?.parse().ok()?;
    let disk = held(&DISKS).get(&number)?.upgrade()?;
    Some(Place {
        disk,
        process,
        name: parts.next()?,
    })
}

/// An open file, owned by SQLite's handle.
pub(super) struct Open {
    disk: Arc<Shared>,
    handle: u64,
    file: u64,
    process: u64,
    /// Mapped pages stay where they are until they are unmapped, whatever becomes of the disk.
    pages: Vec<Page>,
}

/// How a file is to be opened, from SQLite's flags.
pub(super) struct Wish {
    pub(super) creates: bool,
    pub(super) is_exclusive: bool,
    pub(super) deletes_on_close: bool,
    pub(super) is_journal: bool,
}

/// Opens or makes a file. `Err` is SQLite's code.
pub(super) fn open(path: &str, wish: &Wish) -> Result<Open, c_int> {
    let place = place(path).ok_or(sqlite::SQLITE_CANTOPEN)?;
    let mut state = held(&place.disk.state);
    if !state.is_alive(place.process) {
        return Err(sqlite::SQLITE_CANTOPEN);
    }
    state.counters.opens += 1;
    state.note(call::OPEN, place.name, 0, &[]);
    let found = state.model.find(place.name);
    if wish.creates && wish.is_exclusive && found.is_some() {
        return Err(sqlite::SQLITE_CANTOPEN);
    }
    let file = match found {
        Some(file) => file,
        None if place.name.is_empty() => state.model.nameless(),
        None if !wish.creates => return Err(sqlite::SQLITE_CANTOPEN),
        None => {
            let name = place.name.to_owned();
            if !state.step(Op::Create { name }) {
                return Err(sqlite::SQLITE_CANTOPEN);
            }
            state
                .model
                .find(place.name)
                .ok_or(sqlite::SQLITE_CANTOPEN)?
        }
    };
    let handle = state.next_handle;
    state.next_handle += 1;
    state.handles.insert(
        handle,
        Holder {
            process: place.process,
            file,
            name: place.name.to_owned(),
            level: NONE,
            shared_slots: 0,
            exclusive_slots: 0,
            is_mapped: false,
            deletes_on_close: wish.deletes_on_close,
            // SQLite's Unix VFS does so whenever it may have made the file.
            syncs_directory: wish.is_journal && wish.creates,
        },
    );
    drop(state);
    Ok(Open {
        disk: place.disk,
        handle,
        file,
        process: place.process,
        pages: Vec::new(),
    })
}

/// Deletes a name; `syncs` the directory after it.
pub(super) fn delete(path: &str, syncs: bool) -> c_int {
    let Some(place) = place(path) else {
        return sqlite::SQLITE_IOERR_DELETE;
    };
    let mut state = held(&place.disk.state);
    if !state.is_alive(place.process) {
        return sqlite::SQLITE_IOERR_DELETE;
    }
    state.counters.deletes += 1;
    state.note(call::DELETE, place.name, u64::from(syncs), &[]);
    if state.model.find(place.name).is_none() {
        return sqlite::SQLITE_IOERR_DELETE_NOENT;
    }
    let name = place.name.to_owned();
    if !state.step(Op::Delete { name }) {
        return sqlite::SQLITE_IOERR_DELETE;
    }
    if syncs && !state.sync_directory() {
        return sqlite::SQLITE_IOERR_DIR_FSYNC;
    }
    sqlite::SQLITE_OK
}

/// Whether a file is there. An empty one is not, as on Unix: an empty journal is no hot journal.
pub(super) fn exists(path: &str) -> Result<bool, c_int> {
    let place = place(path).ok_or(sqlite::SQLITE_IOERR_ACCESS)?;
    let mut state = held(&place.disk.state);
    if !state.is_alive(place.process) {
        return Err(sqlite::SQLITE_IOERR_ACCESS);
    }
    let length = state
        .model
        .find(place.name)
        .map(|file| state.model.length(file));
    let is_there = length.is_some_and(|length| length > 0);
    state.note(call::ACCESS, place.name, u64::from(is_there), &[]);
    Ok(is_there)
}

/// Syncs the directory of a name.
pub(super) fn sync_directory(path: &str) -> c_int {
    let Some(place) = place(path) else {
        return sqlite::SQLITE_IOERR_DIR_FSYNC;
    };
    let mut state = held(&place.disk.state);
    if state.is_alive(place.process) && state.sync_directory() {
        return sqlite::SQLITE_OK;
    }
    sqlite::SQLITE_IOERR_DIR_FSYNC
}

impl State {
    fn sync_directory(&mut self) -> bool {
        self.counters.directory_syncs += 1;
        self.step(Op::SyncDirectory)
    }

    /// Whether another program holds what only one may hold: the right to write. Readers stand in
    /// nobody's way.
    fn is_held_elsewhere(&mut self, process: u64) -> bool {
        self.counters.write_locks += 1;
        if self.spared.contains(&process) {
            return false;
        }
        if self.counters.slept_us < self.busy_until_us {
            return true;
        }
        if self.injected(process, ErrorKind::Busy) == Injected::Yes {
            self.busy_until_us = self.counters.slept_us + BUSY_FOR_US;
            return true;
        }
        false
    }

    /// Whether a write that makes the file this long finds no room.
    fn has_no_room(&mut self, process: u64, file: u64, end: usize) -> bool {
        let grows = end.saturating_sub(self.model.length(file));
        if grows == 0 {
            return false;
        }
        let is_full = self
            .faults
            .room
            .is_some_and(|room| self.model.used() + grows > room);
        if is_full {
            self.counters.injected_full += 1;
        }
        self.injected(process, ErrorKind::Full) == Injected::Yes || is_full
    }

    fn name_of(&self, handle: u64) -> String {
        self.handles
            .get(&handle)
            .map_or(String::new(), |holder| holder.name.clone())
    }

    fn note_of(&mut self, call: u64, handle: u64, number: u64, data: &[u8]) {
        let name = self.name_of(handle);
        self.note(call, &name, number, data);
    }
}

fn number(value: usize) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

impl Open {
    /// Does something on the disk if this process still lives, else answers `dead`.
    fn alive<T>(&self, dead: T, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = held(&self.disk.state);
        if state.is_alive(self.process) {
            act(&mut state)
        } else {
            dead
        }
    }

    /// Reads; what lies beyond the end is zeroes and a short read.
    pub(super) fn read(&self, offset: usize, to: &mut [u8]) -> c_int {
        self.alive(sqlite::SQLITE_IOERR_READ, |state| {
            if state.injected(self.process, ErrorKind::Read) == Injected::Yes {
                return sqlite::SQLITE_IOERR_READ;
            }
            let length = state.model.read(self.file, offset, to);
            let read = to.get(..length).unwrap_or_default();
            state.note_of(call::READ, self.handle, number(offset), read);
            match to.get_mut(length..) {
                Some(rest) if !rest.is_empty() => {
                    rest.fill(0);
                    sqlite::SQLITE_IOERR_SHORT_READ
                }
                _ => sqlite::SQLITE_OK,
            }
        })
    }

    /// Writes.
    pub(super) fn write(&self, offset: usize, data: &[u8]) -> c_int {
        self.alive(sqlite::SQLITE_IOERR_WRITE, |state| {
            if state.injected(self.process, ErrorKind::Write) == Injected::Yes {
                return sqlite::SQLITE_IOERR_WRITE;
            }
            if state.has_no_room(self.process, self.file, offset + data.len()) {
                return sqlite::SQLITE_FULL;
            }
            state.note_of(call::WRITE, self.handle, number(offset), data);
            let file = self.file;
            let data = data.into();
            if state.step(Op::Write { file, offset, data }) {
                sqlite::SQLITE_OK
            } else {
                sqlite::SQLITE_IOERR_WRITE
            }
        })
    }

    /// Makes the file this long.
    pub(super) fn truncate(&self, length: usize) -> c_int {
        self.alive(sqlite::SQLITE_IOERR_TRUNCATE, |state| {
            state.counters.truncates += 1;
            state.note_of(call::TRUNCATE, self.handle, number(length), &[]);
            let file = self.file;
            if state.step(Op::Truncate { file, length }) {
                sqlite::SQLITE_OK
            } else {
                sqlite::SQLITE_IOERR_TRUNCATE
            }
        })
    }

    /// Makes what was written durable; for a new journal or WAL the directory too.
    pub(super) fn sync(&self) -> c_int {
        self.alive(sqlite::SQLITE_IOERR_FSYNC, |state| {
            let file = self.file;
            let fails = state.injected(self.process, ErrorKind::Sync) == Injected::Yes;
            let lies =
                !fails && state.injected(self.process, ErrorKind::LyingSync) == Injected::Yes;
            state.note_of(call::SYNC, self.handle, u64::from(fails), &[]);
            if fails {
                let seed = state.rng.next();
                state.step(Op::SyncFailed { file, seed });
                return sqlite::SQLITE_IOERR_FSYNC;
            }
            let op = if lies {
                Op::SyncLied
            } else {
                Op::Sync { file }
            };
            if !state.step(op) {
                return sqlite::SQLITE_IOERR_FSYNC;
            }
            let syncs_directory = state
                .handles
                .get_mut(&self.handle)
                .is_some_and(|holder| std::mem::take(&mut holder.syncs_directory));
            if syncs_directory && !lies && !state.sync_directory() {
                return sqlite::SQLITE_IOERR_DIR_FSYNC;
            }
            sqlite::SQLITE_OK
        })
    }

    /// How long the file is.
    pub(super) fn size(&self) -> Result<usize, c_int> {
        self.alive(Err(sqlite::SQLITE_IOERR_FSTAT), |state| {
            Ok(state.model.length(self.file))
        })
    }

    /// Raises the database file's lock.
    pub(super) fn lock(&self, level: c_int) -> c_int {
        self.alive(sqlite::SQLITE_IOERR_LOCK, |state| {
            state.counters.locks += 1;
            if level >= RESERVED && state.is_held_elsewhere(self.process) {
                return sqlite::SQLITE_BUSY;
            }
            let asked = state.raise(self.handle, level);
            self.told(state, call::LOCK, level, asked)
        })
    }

    fn told(&self, state: &mut State, call: u64, what: c_int, asked: Asked) -> c_int {
        let what = u64::from(what.unsigned_abs());
        state.note_of(call, self.handle, what, &[u8::from(asked == Asked::Busy)]);
        match asked {
            Asked::Granted => sqlite::SQLITE_OK,
            Asked::Busy => {
                state.counters.busy += 1;
                sqlite::SQLITE_BUSY
            }
        }
    }

    /// Lowers the database file's lock. The dead have none any more.
    pub(super) fn unlock(&self, level: c_int) {
        self.alive((), |state| {
            state.note_of(
                call::UNLOCK,
                self.handle,
                u64::from(level.unsigned_abs()),
                &[],
            );
            state.lower(self.handle, level.min(SHARED));
        });
    }

    /// Whether anybody is about to write.
    pub(super) fn is_reserved(&self) -> Result<bool, c_int> {
        self.alive(Err(sqlite::SQLITE_IOERR_CHECKRESERVEDLOCK), |state| {
            Ok(state.is_reserved(self.file))
        })
    }

    /// A page of the WAL's shared memory, made when `extends`.
    pub(super) fn map(
        &mut self,
        page: usize,
        bytes: usize,
        extends: bool,
    ) -> Result<Option<Page>, c_int> {
        let (file, handle) = (self.file, self.handle);
        let mapped = self.alive(Err(sqlite::SQLITE_IOERR_SHMMAP), |state| {
            state.note_of(call::SHM_MAP, handle, number(page), &[u8::from(extends)]);
            if let Some(holder) = state.handles.get_mut(&handle) {
                holder.is_mapped = true;
            }
            let pages = state.shared_memory.entry(file).or_default();
            while extends && pages.len() <= page {
                pages.push((0..bytes.div_ceil(8)).map(|_| AtomicU64::new(0)).collect());
            }
            Ok(pages.get(page).cloned())
        })?;
        self.pages.extend(mapped.clone());
        Ok(mapped)
    }

    /// Takes or gives slots of the shared memory's locks.
    pub(super) fn slots(
        &self,
        first: c_int,
        count: c_int,
        takes: bool,
        is_exclusive: bool,
    ) -> c_int {
        let mask = (1_u32 << (first + count)) - (1_u32 << first);
        let dead = if takes {
            sqlite::SQLITE_IOERR_SHMLOCK
        } else {
            sqlite::SQLITE_OK
        };
        self.alive(dead, |state| {
            if !takes {
                state.note_of(call::SHM_LOCK, self.handle, u64::from(mask), &[2]);
                state.give_slots(self.handle, mask);
                return sqlite::SQLITE_OK;
            }
            state.counters.locks += 1;
            if is_exclusive && mask & WRITE_SLOT != 0 && state.is_held_elsewhere(self.process) {
                return sqlite::SQLITE_BUSY;
            }
            let asked = state.take_slots(self.handle, mask, is_exclusive);
            let what = c_int::try_from(mask).unwrap_or(0);
            self.told(state, call::SHM_LOCK, what, asked)
        })
    }

    /// Lets the shared memory go.
    pub(super) fn unmap(&mut self) {
        self.pages.clear();
        let handle = self.handle;
        self.alive((), |state| {
            if let Some(holder) = state.handles.get_mut(&handle) {
                holder.is_mapped = false;
                holder.shared_slots = 0;
                holder.exclusive_slots = 0;
            }
            state.forget_shared_memory();
        });
    }

    /// Closes it. A dead process's files are closed too, unseen.
    pub(super) fn close(self) {
        let mut state = held(&self.disk.state);
        if state.is_alive(self.process) {
            state.note_of(call::CLOSE, self.handle, 0, &[]);
        }
        let Some(holder) = state.handles.remove(&self.handle) else {
            return;
        };
        if holder.deletes_on_close && state.is_alive(self.process) && !holder.name.is_empty() {
            state.step(Op::Delete { name: holder.name });
        }
        state.forget_shared_memory();
        let open: Vec<u64> = state.handles.values().map(|holder| holder.file).collect();
        state.model.forget_unnamed(&open);
    }
}

/// SQLite asked to sleep, on no disk in particular: nobody sleeps, every disk remembers it.
pub(super) fn slept(us: u64) {
    let disks: Vec<Arc<Shared>> = held(&DISKS)
        .values()
        .filter_map(std::sync::Weak::upgrade)
        .collect();
    for disk in disks {
        held(&disk.state).counters.slept_us += us;
    }
}
