//! What happens to machines in the middle of a day, how often, and how often it did.

use crate::{disk::Faults, rng::Rng};

macro_rules! mishaps {
    ($($(#[$doc:meta])* $name:ident $text:literal $weight:literal,)*) => {
        /// One thing that happens to one till.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum Mishap { $($(#[$doc])* $name,)* }

        impl Mishap {
            /// All of them.
            pub const ALL: &'static [Mishap] = &[$(Mishap::$name,)*];

            /// Its name in reports and on the command line.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Mishap::$name => $text,)* }
            }

            fn weight(self) -> u64 {
                match self { $(Mishap::$name => $weight,)* }
            }
        }
    };
}

mishaps! {
    /// Nothing.
    Nothing "nothing" 6,
    /// Its process is killed at an await.
    Kill "kill" 15,
    /// Its power goes at an await.
    PowerCut "power cut" 20,
    /// Its power goes instead of a step of its disk.
    CutAtStep "power cut at a step" 15,
    /// Its process is killed instead of a step of its disk.
    KillAtStep "kill at a step" 10,
    /// Somebody quits the program.
    Quit "quit" 5,
    /// Its clock is set, a day away at most.
    Clock "clock set" 9,
    /// Its disk returns errors for a while.
    BadDisk "failing disk" 9,
    /// It sleeps for nine hours, and all the others with it.
    Sleep "sleep" 1,
    /// An older copy of its folder is put back.
    OlderCopy "older copy" 3,
    /// The channels' answers to questions are behind for a while.
    Lag "replica lag" 6,
    /// The merchant's balance does not hold its next refund.
    RunShort "balance short" 3,
    /// Refunds that WeChat Pay has taken in come back to the merchant, or reach their payers again.
    RefundsEnd "refunds end otherwise" 4,
    /// When it boots next, its clock is years away; a time service corrects it soon.
    Years "years off" 1,
    /// A bit of its closed database turns.
    Rot "bit rot" 3,
}

impl Mishap {
    /// By weight.
    pub(super) fn drawn(rng: &mut Rng) -> Mishap {
        let sum: u64 = Mishap::ALL.iter().map(|it| it.weight()).sum();
        let mut at = rng.below(sum);
        for mishap in Mishap::ALL {
            if at < mishap.weight() {
                return *mishap;
            }
            at -= mishap.weight();
        }
        Mishap::Nothing
    }
}

/// How a disk fails for a while: mostly in one way.
pub(super) fn bad_disk(rng: &mut Rng) -> Faults {
    let mut faults = Faults::default();
    match rng.below(6) {
        0 => faults.busy = 60_000,
        1 => faults.full = 20_000,
        2 => faults.read = 2_000,
        3 => faults.write = 4_000,
        4 => faults.sync = 30_000,
        _ => {
            faults = Faults {
                busy: 5_000,
                full: 3_000,
                read: 300,
                write: 600,
                sync: 6_000,
                ..faults
            }
        }
    }
    faults
}
