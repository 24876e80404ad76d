//! Where to strike: an external sign that a process is near a phase, and how long to wait after it.
//!
//! Learns from where earlier strikes really fell. It must never decide where one fell.

use crate::phase::Phase;
use rand::Rng;
use std::collections::BTreeMap;
use std::time::Duration;

/// What can be seen of a process from outside.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Sign {
    /// It was started.
    Started,
    /// So many transactions are committed in its folder since it was started.
    Committed(u32),
    /// So many transactions are in the ledger of the sandbox since it was started.
    Booked(u32),
}

/// A sign and a wait after it, at most so long.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Aim {
    /// The sign to wait for.
    pub(crate) sign: Sign,
    /// From here…
    from_us: u64,
    /// …to here, microseconds after it.
    to_us: u64,
}

impl Aim {
    /// A moment drawn from the aim's interval.
    pub(crate) fn wait(self, random: &mut impl Rng) -> Duration {
        Duration::from_micros(random.gen_range(self.from_us..self.to_us))
    }
}

/// How often an aim was tried, and how often it hit.
#[derive(Clone, Copy, Debug, Default)]
struct Tries {
    tried: u32,
    hit: u32,
}

/// The aims at one phase, with what they came to.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    phase: Phase,
    aims: BTreeMap<Aim, Tries>,
}

/// Ends of the intervals after a sign, microseconds: fine where phases are narrow.
const EDGES_US: [u64; 14] = [
    0, 100, 250, 500, 1_000, 2_000, 3_500, 5_000, 7_500, 10_000, 15_000, 25_000, 50_000, 100_000,
];

impl Range {
    /// Every interval after the sign.
    pub(crate) fn new(phase: Phase, sign: Sign) -> Self {
        let intervals = EDGES_US.iter().zip(EDGES_US.iter().skip(1));
        let aims = intervals.map(|(from_us, to_us)| {
            let aim = Aim {
                sign,
                from_us: *from_us,
                to_us: *to_us,
            };
            (aim, Tries::default())
        });
        Self {
            phase,
            aims: aims.collect(),
        }
    }

    /// One interval after one sign, for a phase that is wide.
    pub(crate) fn wide(phase: Phase, sign: Sign, from: Duration, to: Duration) -> Self {
        let us = |it: Duration| u64::try_from(it.as_micros()).unwrap_or(u64::MAX);
        let aim = Aim {
            sign,
            from_us: us(from),
            to_us: us(to).max(us(from) + 1),
        };
        Self {
            phase,
            aims: BTreeMap::from([(aim, Tries::default())]),
        }
    }

    /// The aim that promises most; an untried one promises one in two, and luck lets the others be tried again.
    pub(crate) fn pick(&self, random: &mut impl Rng) -> Option<Aim> {
        let mut best: Option<(f64, Aim)> = None;
        for (aim, tries) in &self.aims {
            let promise = f64::from(tries.hit + 1) / f64::from(tries.tried + 2);
            let doubt = 1.0 / f64::from(tries.tried + 1).sqrt();
            let score = promise + random.gen_range(0.0..0.5) * doubt;
            if best.is_none_or(|(most, _)| score > most) {
                best = Some((score, *aim));
            }
        }
        best.map(|(_, aim)| aim)
    }

    /// Notes where a strike with this aim fell.
    pub(crate) fn learn(&mut self, aim: Aim, fell: Option<Phase>) {
        let tries = self.aims.entry(aim).or_default();
        tries.tried += 1;
        tries.hit += u32::from(fell == Some(self.phase));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn a_narrow_phase_is_found_and_kept_to() {
        let mut random = StdRng::seed_from_u64(7);
        let mut range = Range::new(Phase::BeforeSend, Sign::Committed(1));
        let mut hits = 0;
        for _ in 0..200 {
            let aim = range.pick(&mut random).unwrap();
            let is_there = aim.from_us >= 500 && aim.to_us <= 2_000;
            hits += u32::from(is_there);
            range.learn(aim, is_there.then_some(Phase::BeforeSend));
        }
        assert!(hits > 100, "{hits} of 200");
    }
}
