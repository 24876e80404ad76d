//! Errors a disk returns without dying, and the count of everything.

/// A kind of error.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ErrorKind {
    /// Another program holds the right to write for six seconds of asking: longer than the store waits.
    Busy,
    /// No space is left, on a write that grows a file.
    Full,
    /// A sync that says yes and does nothing. A labelled variant: no program can hold against it.
    LyingSync,
    /// A read fails.
    Read,
    /// A sync fails, and what was pending is there or not.
    Sync,
    /// A write fails.
    Write,
}

impl ErrorKind {
    /// All of them.
    pub const ALL: [ErrorKind; 6] = [
        ErrorKind::Busy,
        ErrorKind::Full,
        ErrorKind::LyingSync,
        ErrorKind::Read,
        ErrorKind::Sync,
        ErrorKind::Write,
    ];
}

/// How often errors come, each in a million calls of its kind; and how much room there is.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Faults {
    /// Calls for the right to write.
    pub busy: u32,
    /// Writes that grow a file.
    pub full: u32,
    /// Syncs that lie.
    pub lying_sync: u32,
    /// Reads.
    pub read: u32,
    /// Syncs.
    pub sync: u32,
    /// Writes.
    pub write: u32,
    /// What a power cut leaves beyond a file's durable end is garbage.
    pub garbage_tail: bool,
    /// How many bytes all files may have; `None` for as many as they like.
    pub room: Option<usize>,
}

impl Faults {
    pub(super) fn often(&self, kind: ErrorKind) -> u32 {
        match kind {
            ErrorKind::Busy => self.busy,
            ErrorKind::Full => self.full,
            ErrorKind::LyingSync => self.lying_sync,
            ErrorKind::Read => self.read,
            ErrorKind::Sync => self.sync,
            ErrorKind::Write => self.write,
        }
    }
}

/// An error that was asked for.
pub(super) struct Fail {
    pub(super) kind: ErrorKind,
    pub(super) at: u64,
}

impl Fail {
    pub(super) fn is_due(&self, kind: ErrorKind, asked: u64) -> bool {
        self.kind == kind && asked >= self.at
    }
}

/// Whether a call fails.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Injected {
    No,
    Yes,
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What a disk was asked and what was done to it.
        #[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
        pub struct Counters { $($(#[$doc])* pub $name: u64,)* }

        impl Counters {
            /// Adds another disk's.
            pub fn add(&mut self, other: &Counters) {
                $(self.$name += other.$name;)*
            }

            /// Every count with its name.
            #[must_use]
            pub fn all(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }
    };
}

counters! {
    /// Calls for a lock.
    locks,
    /// Those for the right to write.
    write_locks,
    /// Files opened.
    opens,
    /// Reads.
    reads,
    /// Writes.
    writes,
    /// Writes that grew a file.
    growing_writes,
    /// Syncs of a file.
    syncs,
    /// Syncs of the directory.
    directory_syncs,
    /// Truncations.
    truncates,
    /// Files deleted.
    deletes,
    /// Locks refused because another connection holds them.
    busy,
    /// Microseconds SQLite asked to sleep; nobody slept.
    slept_us,
    /// Times that the right to write was held elsewhere for six seconds.
    injected_busy,
    /// Writes refused for want of space.
    injected_full,
    /// Syncs that lied.
    injected_lies,
    /// Reads that failed.
    injected_read,
    /// Bits that rotted.
    injected_rot,
    /// Syncs that failed.
    injected_sync,
    /// Writes that failed.
    injected_write,
    /// Processes killed.
    kills,
    /// Processes or machines that died instead of a step.
    deaths_at_a_step,
    /// Power cuts.
    power_cuts,
    /// Un-synced sectors that survived a power cut.
    kept_sectors,
    /// Un-synced sectors that did not.
    lost_sectors,
    /// Writes torn by a power cut.
    torn_writes,
    /// Names made or deleted that a power cut undid.
    lost_names,
}

impl Counters {
    /// Every fault that was injected: deaths, cuts and errors. A run without any proves nothing.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.kills
            + self.deaths_at_a_step
            + self.power_cuts
            + self.injected_busy
            + self.injected_full
            + self.injected_lies
            + self.injected_read
            + self.injected_rot
            + self.injected_sync
            + self.injected_write
    }

    fn place(&mut self, kind: ErrorKind) -> &mut u64 {
        match kind {
            ErrorKind::Busy => &mut self.write_locks,
            ErrorKind::Full => &mut self.growing_writes,
            ErrorKind::LyingSync | ErrorKind::Sync => &mut self.syncs,
            ErrorKind::Read => &mut self.reads,
            ErrorKind::Write => &mut self.writes,
        }
    }

    pub(super) fn asked(mut self, kind: ErrorKind) -> u64 {
        *self.place(kind)
    }

    /// A lying sync is a sync and counted as one; a call for the right to write was counted before.
    pub(super) fn ask(&mut self, kind: ErrorKind) -> u64 {
        let place = self.place(kind);
        *place += u64::from(!matches!(kind, ErrorKind::Busy | ErrorKind::LyingSync));
        *place
    }

    pub(super) fn inject(&mut self, kind: ErrorKind) {
        *match kind {
            ErrorKind::Busy => &mut self.injected_busy,
            ErrorKind::Full => &mut self.injected_full,
            ErrorKind::LyingSync => &mut self.injected_lies,
            ErrorKind::Read => &mut self.injected_read,
            ErrorKind::Sync => &mut self.injected_sync,
            ErrorKind::Write => &mut self.injected_write,
        } += 1;
    }
}
