//! Who holds what: the five levels of a database file's lock, and the eight slots of the WAL's
//! shared memory. The rules are those of SQLite's own VFS for Unix, between handles instead of processes.

use std::sync::{Arc, atomic::AtomicU64};

/// A page of shared memory: whoever mapped it keeps it alive.
pub(super) type Page = Arc<[AtomicU64]>;

/// A database file's lock, in SQLite's own order and numbers.
pub(super) const NONE: i32 = 0;
pub(super) const SHARED: i32 = 1;
pub(super) const RESERVED: i32 = 2;
pub(super) const PENDING: i32 = 3;
pub(super) const EXCLUSIVE: i32 = 4;

/// An open file and what it holds.
pub(super) struct Holder {
    pub(super) process: u64,
    pub(super) file: u64,
    pub(super) name: String,
    pub(super) level: i32,
    pub(super) shared_slots: u32,
    pub(super) exclusive_slots: u32,
    pub(super) is_mapped: bool,
    pub(super) deletes_on_close: bool,
    /// The first sync of a new journal or WAL syncs the directory too.
    pub(super) syncs_directory: bool,
}

impl Holder {
    /// The process is dead: the system frees its locks and maps.
    pub(super) fn let_go(&mut self) {
        self.level = NONE;
        self.shared_slots = 0;
        self.exclusive_slots = 0;
        self.is_mapped = false;
    }
}

/// What asking for a lock gave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Asked {
    Busy,
    Granted,
}

impl super::State {
    fn others<'a>(&'a self, handle: u64, file: u64) -> impl Iterator<Item = &'a Holder> + 'a {
        self.handles
            .iter()
            .filter(move |(other, holder)| **other != handle && holder.file == file)
            .map(|(_, holder)| holder)
    }

    fn set_level(&mut self, handle: u64, level: i32) {
        if let Some(holder) = self.handles.get_mut(&handle) {
            holder.level = level;
        }
    }

    /// Raises a handle's lock on its database file.
    pub(super) fn raise(&mut self, handle: u64, wanted: i32) -> Asked {
        let Some((file, level)) = self.handles.get(&handle).map(|h| (h.file, h.level)) else {
            return Asked::Busy;
        };
        if level >= wanted {
            return Asked::Granted;
        }
        let highest = self.others(handle, file).map(|holder| holder.level).max();
        let highest = highest.unwrap_or(NONE);
        let is_free = match wanted {
            SHARED => highest < PENDING,
            RESERVED => highest < RESERVED,
            _ => {
                if highest >= RESERVED {
                    return Asked::Busy;
                }
                // As Unix does: whoever waits for readers to leave lets no new ones in.
                self.set_level(handle, PENDING);
                wanted < EXCLUSIVE || highest < SHARED
            }
        };
        if !is_free {
            return Asked::Busy;
        }
        self.set_level(handle, wanted);
        Asked::Granted
    }

    /// Lowers it to SHARED or to nothing.
    pub(super) fn lower(&mut self, handle: u64, wanted: i32) {
        if let Some(holder) = self.handles.get_mut(&handle) {
            holder.level = holder.level.min(wanted);
        }
    }

    /// Whether anybody, this handle among them, has RESERVED or more.
    pub(super) fn is_reserved(&self, file: u64) -> bool {
        self.handles
            .values()
            .any(|holder| holder.file == file && holder.level >= RESERVED)
    }

    /// Takes slots of the shared memory's locks.
    pub(super) fn take_slots(&mut self, handle: u64, mask: u32, is_exclusive: bool) -> Asked {
        let Some(file) = self.handles.get(&handle).map(|h| h.file) else {
            return Asked::Busy;
        };
        let in_the_way = self.others(handle, file).any(|other| {
            other.exclusive_slots & mask != 0 || is_exclusive && other.shared_slots & mask != 0
        });
        if in_the_way {
            return Asked::Busy;
        }
        if let Some(holder) = self.handles.get_mut(&handle) {
            if is_exclusive {
                holder.exclusive_slots |= mask;
            } else {
                holder.shared_slots |= mask;
            }
        }
        Asked::Granted
    }

    /// Gives slots back.
    pub(super) fn give_slots(&mut self, handle: u64, mask: u32) {
        if let Some(holder) = self.handles.get_mut(&handle) {
            holder.exclusive_slots &= !mask;
            holder.shared_slots &= !mask;
        }
    }

    /// Shared memory that nobody has mapped is made anew by the next who comes.
    pub(super) fn forget_shared_memory(&mut self) {
        let handles = &self.handles;
        self.shared_memory.retain(|file, _| {
            handles
                .values()
                .any(|holder| holder.file == *file && holder.is_mapped)
        });
    }
}
