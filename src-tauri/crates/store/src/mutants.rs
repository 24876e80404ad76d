//! Bugs on purpose: the simulation is alive as long as it finds each of them. Never part of the product.

use std::sync::atomic::{AtomicU8, Ordering};

#[cfg(not(debug_assertions))]
compile_error!("planted bugs are never part of a release build");

/// One bug.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mutant {
    /// `synchronous=NORMAL`: a commit is told before it is on the disk.
    NormalSync,
    /// What a killed process left unsynced is read before it is durable.
    UnsyncedReads,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Mutant; 2] = [Mutant::NormalSync, Mutant::UnsyncedReads];

    /// Its name on a command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Mutant::NormalSync => "normal-sync",
            Mutant::UnsyncedReads => "unsynced-reads",
        }
    }

    /// The bug with this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Mutant> {
        Mutant::ALL.into_iter().find(|mutant| mutant.name() == name)
    }

    fn number(self) -> u8 {
        match self {
            Mutant::NormalSync => 1,
            Mutant::UnsyncedReads => 2,
        }
    }
}

static PLANTED: AtomicU8 = AtomicU8::new(0);

/// Plants one bug in this process, or none.
pub fn plant(mutant: Option<Mutant>) {
    PLANTED.store(mutant.map_or(0, Mutant::number), Ordering::Relaxed);
}

/// Whether this bug is planted.
pub(crate) fn is_planted(mutant: Mutant) -> bool {
    PLANTED.load(Ordering::Relaxed) == mutant.number()
}
