//! Which images are made, in which order: the same for the same seed, so that a run can be taken up again.

use crate::rng::Rng;

/// How a process stops.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    /// The power goes.
    Cut,
    /// It is killed; what was written stays.
    Kill,
}

/// One image: which scenario, stopped instead of which step, and instead of which step of the recovery.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spot {
    pub(super) scenario: String,
    pub(super) step: usize,
    pub(super) stop: Stop,
    pub(super) again: Option<usize>,
}

impl std::fmt::Display for Spot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stop = match self.stop {
            Stop::Cut => "cut",
            Stop::Kill => "kill",
        };
        write!(f, "{}:{}:{stop}", self.scenario, self.step)?;
        self.again.map_or(Ok(()), |again| write!(f, ":{again}"))
    }
}

impl std::str::FromStr for Spot {
    type Err = String;

    fn from_str(text: &str) -> Result<Spot, String> {
        let wrong = || format!("{text} is no SCENARIO:STEP:cut|kill[:STEP]");
        let parts: Vec<&str> = text.split(':').collect();
        let (scenario, step, stop, again) = match parts.as_slice() {
            [scenario, step, stop] => (scenario, step, stop, None),
            [scenario, step, stop, again] => (scenario, step, stop, Some(again)),
            _ => return Err(wrong()),
        };
        Ok(Spot {
            scenario: super::scenario(scenario)?.to_owned(),
            step: step.parse().map_err(|_| wrong())?,
            stop: match *stop {
                "cut" => Stop::Cut,
                "kill" => Stop::Kill,
                _ => return Err(wrong()),
            },
            again: again
                .map(|again| again.parse().map_err(|_| wrong()))
                .transpose()?,
        })
    }
}

/// What a run is to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Images to reach, those of an earlier part of the run counted.
    pub count: u64,
    /// Where chance begins.
    pub seed: u64,
    /// How many steps of each recovery are stopped; `None` for every one.
    pub again: Option<usize>,
    /// Only this scenario; `None` for every one.
    pub scenario: Option<&'static str>,
    /// Only this image.
    pub only: Option<Spot>,
    /// Which part of the work, and of how many.
    pub part: (u64, u64),
}

/// All stops of the first depth, shuffled: scenario, step, how.
pub(super) fn shuffled(lengths: &[usize], seed: u64) -> Vec<(usize, usize, Stop)> {
    let mut all = Vec::new();
    for (scenario, length) in lengths.iter().enumerate() {
        for step in 0..=*length {
            all.push((scenario, step, Stop::Cut));
            all.push((scenario, step, Stop::Kill));
        }
    }
    let mut rng = Rng::new(seed);
    for place in (1..all.len()).rev() {
        all.swap(place, rng.place(place + 1));
    }
    all
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_spot_reads_as_it_is_written() {
        for text in ["settings:12:cut", "epoch:0:kill:3"] {
            assert_eq!(text.parse::<Spot>().unwrap().to_string(), text);
        }
        for text in [
            "settings",
            "nowhere:1:cut",
            "epoch:x:cut",
            "epoch:1:fire",
            "epoch:1:cut:2:3",
        ] {
            assert!(text.parse::<Spot>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_stop_is_there_once() {
        let all = shuffled(&[3, 0, 5], 7);
        assert_eq!(all.len(), 2 * (4 + 1 + 6));
        assert_eq!(all, shuffled(&[3, 0, 5], 7));
        let mut sorted: Vec<String> = all.iter().map(|it| format!("{it:?}")).collect();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), all.len());
    }
}
