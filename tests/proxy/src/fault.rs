//! What goes wrong between till and channel, by name, and when.

use crate::Kind;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident $text:literal,)*) => {
        /// One thing that goes wrong with one call.
        #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
        pub enum Fault { $($(#[$doc])* $name,)* }

        impl Fault {
            /// All of them.
            pub const ALL: &'static [Fault] = &[$(Fault::$name,)*];

            /// Its name in reports.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Fault::$name => $text,)* }
            }
        }
    };
}

faults! {
    /// Half of the request reaches the channel, then both sides are cut.
    RequestCut "request cut off in the middle",
    /// The connection closes before anything reaches the channel.
    RequestLost "request lost",
    /// It reaches the channel later, whether anybody still waits or not.
    RequestLate "request late",
    /// It reaches the channel when the till has given up, or is dead.
    RequestHeld "request held until the till lets go",
    /// It reaches the channel twice; the second reply comes back.
    RequestDoubled "request doubled",
    /// It reaches the channel again, seconds later.
    RequestAgain "request again later",
    /// The channel has it; nothing comes back and the connection stays open.
    Silence "no reply, connection held open",
    /// The channel has it; the connection closes without a reply.
    ReplyLost "reply lost",
    /// The reply comes later.
    ReplyLate "reply late",
    /// The reply comes in drops.
    ReplyTrickles "reply in drops",
    /// The connection closes in the middle of the reply.
    ReplyTruncated "reply cut off in the middle",
    /// One bit of the reply is another.
    ReplyFlipped "one bit of the reply changed",
    /// The reply carries another signature.
    ReplyForged "signature of the reply changed",
    /// A genuine reply to an earlier call comes instead, about whichever payment it names, or about none.
    ReplyReplayed "an earlier reply instead",
    /// A gateway says 502; the channel never had the request.
    GatewayBefore "502 before the effect",
    /// A gateway says 502 after the channel had the request.
    GatewayAfter "502 after the effect",
    /// A captive portal answers with a page.
    Portal "captive portal",
}

impl Fault {
    /// Whether some answer comes back soon, whatever it is worth.
    #[must_use]
    pub fn is_answering(self) -> bool {
        matches!(
            self,
            Fault::GatewayAfter
                | Fault::GatewayBefore
                | Fault::Portal
                | Fault::ReplyFlipped
                | Fault::ReplyForged
                | Fault::ReplyReplayed
                | Fault::ReplyTrickles
                | Fault::RequestAgain
                | Fault::RequestDoubled
        )
    }

    /// Whether the till waits for its answer.
    #[must_use]
    pub fn is_waiting(self) -> bool {
        matches!(
            self,
            Fault::ReplyLate | Fault::RequestHeld | Fault::RequestLate | Fault::Silence
        )
    }
}

/// What strikes calls from now on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Weather {
    /// Nothing.
    #[default]
    Clear,
    /// This fault strikes every call of this kind, or every call.
    Always(Fault, Option<Kind>),
    /// So many of a thousand calls, by lot.
    PerMille(u32),
}

impl Weather {
    /// What strikes a call of this kind.
    pub(crate) fn strike(self, kind: Kind, random: &mut StdRng) -> Option<Fault> {
        match self {
            Weather::Clear => None,
            Weather::Always(fault, scope) => {
                scope.is_none_or(|scope| scope == kind).then_some(fault)
            }
            Weather::PerMille(parts) => {
                // Both are drawn every time, so that a seed means the same whatever was struck before.
                let (lot, fault) = (random.gen_range(0..1_000), Fault::ALL.choose(random));
                fault.copied().filter(|_| lot < parts)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use std::collections::BTreeSet;

    #[test]
    fn a_seed_draws_the_same_faults_and_all_of_them() {
        let draw = |seed| {
            let mut random = StdRng::seed_from_u64(seed);
            let weather = Weather::PerMille(160);
            let drawn = (0..4_000).map(|_| weather.strike(Kind::Pay, &mut random));
            drawn.collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let struck: Vec<Fault> = draw(1).into_iter().flatten().collect();
        assert!((520..760).contains(&struck.len()), "{}", struck.len());
        assert_eq!(
            struck.iter().collect::<BTreeSet<_>>().len(),
            Fault::ALL.len()
        );
    }

    #[test]
    fn a_scope_spares_other_calls() {
        let mut random = StdRng::seed_from_u64(1);
        let weather = Weather::Always(Fault::Silence, Some(Kind::End));
        assert_eq!(weather.strike(Kind::Pay, &mut random), None);
        assert_eq!(weather.strike(Kind::End, &mut random), Some(Fault::Silence));
        assert_eq!(Weather::Clear.strike(Kind::End, &mut random), None);
    }
}
