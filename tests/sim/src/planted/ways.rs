//! The worlds in which planted bugs are looked for, and what is seen broken in them.

use super::notices;
use crate::{
    days::Wish,
    images::{self, Tally},
    world::World,
};
use paydesk_signing::mutants::Mutant;
use std::collections::BTreeSet;

/// Where a bug is looked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Way {
    /// A simulated day, judged by the auditor.
    Days,
    /// A simulated day on which a third of the sales is taken in parts.
    Parts,
    /// A simulated day of shops with Stripe alone, where a refund may come back after it was done.
    Stripe,
    /// Three days, in which folders have a past that may come back.
    ThreeDays,
    /// Crash images of the store.
    Images,
    /// Notices, read by the decoders.
    Notices,
    /// The same day twice: one seed is one history.
    Twice,
}

/// What was seen in one world.
#[derive(Debug, Default)]
pub(super) struct Lived {
    /// The promises that were broken.
    pub(super) broken: BTreeSet<String>,
    /// What was said of it first; empty when nothing was wrong.
    pub(super) said: String,
    /// Till-days lived.
    pub(super) till_days: u64,
}

impl Lived {
    pub(super) fn is_clean(&self) -> bool {
        self.said.is_empty()
    }

    fn of(found: &[String], till_days: u64) -> Lived {
        Lived {
            broken: found.iter().filter_map(|line| promise_in(line)).collect(),
            said: found.first().cloned().unwrap_or_default(),
            till_days,
        }
    }
}

/// `INV8` of "day 1: INV8 (till 0): …".
fn promise_in(line: &str) -> Option<String> {
    let mut words = line.split(|letter: char| !letter.is_ascii_alphanumeric());
    let is_promise = |word: &&str| {
        let number = word.strip_prefix("INV");
        number.is_some_and(|number| number.parse::<u8>().is_ok())
    };
    words.find(is_promise).map(str::to_owned)
}

/// Sales of a till on the day of a hunt: a third of a usual day, so that a world takes about a second.
const SALES: u32 = 20;

/// Of a hundred sales, where parts are what is looked at.
const PARTS: u32 = 33;

/// After a sync that failed, what is read is not what is durable.
const FAILED_SYNC: &str = "failed_sync";

/// Images of one hunt.
const IMAGES: u64 = 400;

pub(super) fn way_of(mutant: Mutant) -> Way {
    match mutant {
        Mutant::PartsNotCounted => Way::Parts,
        Mutant::DoneRefundNotAsked => Way::Stripe,
        Mutant::UnsyncedReads => Way::Images,
        Mutant::NonceFromSystem => Way::Twice,
        Mutant::MarkNotCompared | Mutant::EpochNotBegun => Way::ThreeDays,
        Mutant::ForeignNoticeBelieved | Mutant::UnknownNoticeDropped => Way::Notices,
        _ => Way::Days,
    }
}

impl Way {
    pub(super) fn name(self) -> &'static str {
        match self {
            Way::Days => "days",
            Way::Parts => "days in parts",
            Way::Stripe => "days with Stripe",
            Way::ThreeDays => "three days",
            Way::Images => "crash images",
            Way::Notices => "notices",
            Way::Twice => "a day twice",
        }
    }

    /// Lives one world.
    pub(super) fn live(self, seed: u64) -> Result<Lived, String> {
        match self {
            Way::Days => days(seed, one_day()).map(|(lived, _)| lived),
            Way::Parts => {
                let wish = Wish {
                    splits: PARTS,
                    ..one_day()
                };
                days(seed, wish).map(|(lived, _)| lived)
            }
            Way::Stripe => {
                let wish = Wish {
                    channels: "stripe".parse()?,
                    ..one_day()
                };
                days(seed, wish).map(|(lived, _)| lived)
            }
            Way::ThreeDays => {
                let wish = Wish {
                    world_days: 3,
                    ..Wish::default()
                };
                days(seed, wish).map(|(lived, _)| lived)
            }
            Way::Images => crash_images(seed),
            Way::Notices => Ok(Lived::of(&notices::told(seed)?, 0)),
            Way::Twice => twice(seed),
        }
    }
}

fn one_day() -> Wish {
    Wish {
        world_days: 1,
        ..Wish::default()
    }
}

/// Days of one till or two, and the hash of their history.
fn days(seed: u64, wish: Wish) -> Result<(Lived, u64), String> {
    let wish = Wish {
        sales: SALES,
        tills: Some(if seed.is_multiple_of(2) { 2 } else { 1 }),
        ..wish
    };
    let world = World::new(wish.plan(seed)).map_err(|error| error.0)?;
    let outcome = world.live();
    let lived = Lived::of(&outcome.violations, outcome.till_days.max(1));
    Ok((lived, outcome.hash))
}

fn twice(seed: u64) -> Result<Lived, String> {
    let (mut once, first) = days(seed, one_day())?;
    let (again, second) = days(seed, one_day())?;
    once.till_days = once.till_days.saturating_add(again.till_days);
    if first != second && once.is_clean() {
        let found = format!("INV19: the history is {first:016x} and then {second:016x}");
        return Ok(Lived::of(&[found], once.till_days));
    }
    Ok(once)
}

fn crash_images(seed: u64) -> Result<Lived, String> {
    let plan = images::Plan {
        count: IMAGES,
        seed,
        again: Some(3),
        scenario: Some(FAILED_SYNC),
        only: None,
        part: (0, 1),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| error.to_string())?;
    let mut told = |_: &Tally| {};
    let tally = runtime.block_on(images::run(&plan, Tally::default(), &mut told))?;
    // Every image is held against what was acknowledged and read: that is INV17.
    let found: Vec<String> = tally
        .bad
        .iter()
        .map(|bad| format!("INV17: {bad}"))
        .collect();
    Ok(Lived::of(&found, 0))
}

#[cfg(test)]
mod tests {
    use super::promise_in;

    #[test]
    fn a_promise_is_read_out_of_what_was_found() {
        let cases = [
            ("day 1: INV8 (till 0): x was sent", Some("INV8")),
            ("day 2: the rush never ended", None),
            ("INV17: INVOICE", Some("INV17")),
            ("INVALID", None),
        ];
        for (line, promise) in cases {
            assert_eq!(promise_in(line).as_deref(), promise, "{line}");
        }
    }
}
