//! What goes wrong on the wire, how often, and how often it did.

use crate::rng::Rng;
use std::collections::{BTreeMap, BTreeSet};

macro_rules! ills {
    ($($(#[$doc:meta])* $name:ident $text:literal $weight:literal,)*) => {
        /// One thing that goes wrong with one exchange.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum Ill { $($(#[$doc])* $name,)* }

        impl Ill {
            /// All of them.
            pub const ALL: &'static [Ill] = &[$(Ill::$name,)*];

            /// Its name in reports.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Ill::$name => $text,)* }
            }

            fn weight(self) -> u64 {
                match self { $(Ill::$name => $weight,)* }
            }
        }
    };
}

ills! {
    /// No connection: provably nothing left.
    NoConnection "no connection" 6,
    /// The request never arrives.
    RequestLost "request lost" 8,
    /// It arrives seconds to minutes later, when nobody waits any more.
    RequestLate "request late" 8,
    /// It arrives twice; the first answer comes back.
    DoubledFirst "request doubled, first answer" 5,
    /// It arrives twice; the second answer comes back.
    DoubledSecond "request doubled, second answer" 8,
    /// The effect happens, the answer is lost.
    ReplyLost "reply lost" 10,
    /// The answer comes seconds to minutes later.
    ReplyLate "reply late" 6,
    /// The connection closes in the middle of the answer.
    Truncated "truncated" 4,
    /// One bit of the answer is another.
    BitFlipped "bit flipped" 4,
    /// The body trickles in until the deadline.
    SlowBody "slow body" 3,
    /// An old valid answer to the same kind of call, about the same payment if there is one.
    Replayed "old answer replayed" 5,
    /// A valid answer about another order.
    OtherOrder "answer of another order" 4,
    /// A valid answer to another merchant.
    OtherMerchant "answer of another merchant" 4,
    /// A refusal that nobody signed, without any effect.
    UnsignedRefusal "unsigned refusal" 4,
    /// The same after the effect.
    UnsignedRefusalAfter "unsigned refusal after the effect" 4,
    /// HTTP 500 before any effect.
    Gateway500 "500" 3,
    /// HTTP 502 after the effect.
    Gateway502 "502" 3,
    /// HTTP 503 before any effect.
    Gateway503 "503" 2,
    /// HTTP 504 after the effect.
    Gateway504 "504" 2,
    /// HTTP 429 before any effect.
    RateLimited "429" 3,
    /// A captive portal's page.
    Portal "captive portal" 3,
    /// A signature that does not fit.
    BadSignature "wrong signature" 5,
    /// Signed by a key the till does not know.
    UnknownKey "unknown key" 3,
    /// An answer whose signed time is old.
    StaleTime "stale time" 3,
    /// The channel's own signed "system error", before any effect.
    SystemError "signed system error" 4,
    /// The same after the effect.
    SystemErrorAfter "signed system error after the effect" 4,
}

/// How often what goes wrong, and what did.
#[derive(Debug)]
pub(crate) struct Weather {
    /// How many exchanges in a million are struck; 0 is a healed world.
    pub(crate) parts: u32,
    /// What does not happen in this run: for shrinking.
    pub(crate) off: BTreeSet<Ill>,
    struck: BTreeMap<Ill, u64>,
    rng: Rng,
}

impl Weather {
    /// A healthy sky, drawn from this generator.
    #[must_use]
    pub(crate) fn new(rng: Rng, off: BTreeSet<Ill>) -> Weather {
        Weather {
            parts: 0,
            off,
            struck: BTreeMap::new(),
            rng,
        }
    }

    /// What strikes the next exchange.
    pub(crate) fn strike(&mut self) -> Option<Ill> {
        if !self.rng.happens(self.parts) {
            return None;
        }
        let sum: u64 = Ill::ALL.iter().map(|ill| ill.weight()).sum();
        let mut at = self.rng.below(sum);
        let drawn = Ill::ALL.iter().copied().find(|ill| {
            let here = at < ill.weight();
            at = at.saturating_sub(ill.weight());
            here
        })?;
        // Drawn first, so that switching one off does not move the others.
        (!self.off.contains(&drawn)).then_some(drawn)
    }

    pub(crate) fn count(&mut self, ill: Ill) {
        *self.struck.entry(ill).or_default() += 1;
    }

    pub(crate) fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    /// How often each struck.
    #[must_use]
    pub(crate) fn struck(&self) -> &BTreeMap<Ill, u64> {
        &self.struck
    }
}
