//! A named case: which call it answers, the reply, and what the till must make of it.

use crate::{
    peer::{Ask, Peer},
    verdict::Verdict,
};
use paydesk_signing::WireReply;
use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

/// How a reply is made.
pub(crate) type Make = Box<dyn Fn(&Peer) -> WireReply>;

/// Longer than any reply may keep a till busy, in a build that is not optimised.
const BUSY_MAX: Duration = Duration::from_secs(2);

/// One reply and what must come of it.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) ask: Ask,
    /// What the verdict begins with; one of several, separated by `|`.
    pub(crate) expect: &'static str,
    pub(crate) make: Make,
}

pub(crate) fn case(
    name: impl Into<String>,
    ask: Ask,
    expect: &'static str,
    make: impl Fn(&Peer) -> WireReply + 'static,
) -> Case {
    Case {
        name: name.into(),
        ask,
        expect,
        make: Box::new(make),
    }
}

/// What a suite came to.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) names: BTreeSet<String>,
    pub(crate) replies: u32,
    pub(crate) accepted: u32,
    pub(crate) failed: u32,
    pub(crate) slowest: Duration,
}

impl Tally {
    /// With what another part of the same suite came to.
    pub(crate) fn add(&mut self, other: Tally) {
        self.names.extend(other.names);
        self.replies += other.replies;
        self.accepted += other.accepted;
        self.failed += other.failed;
        self.slowest = self.slowest.max(other.slowest);
    }

    pub(crate) fn passed(&self) -> u32 {
        self.replies - self.failed
    }
}

/// Plays every case. A case that pays, panics, takes too long or comes to something else has failed.
pub(crate) fn play(
    peer: &Peer,
    cases: &[Case],
    judge: &dyn Fn(Ask, WireReply) -> Verdict,
) -> Tally {
    let mut tally = Tally::default();
    for case in cases {
        let reply = (case.make)(peer);
        let begun = Instant::now();
        let verdict = catch_unwind(AssertUnwindSafe(|| judge(case.ask, reply)));
        let took = begun.elapsed();
        tally.slowest = tally.slowest.max(took);
        tally.replies += 1;
        tally.names.insert(case.name.clone());
        let wrong = match verdict {
            Err(_) => Some("it panicked".to_owned()),
            Ok(verdict) if verdict.is_money() => {
                tally.accepted += 1;
                Some(format!("ACCEPTED as {}", verdict.words))
            }
            Ok(verdict) if !expected(case.expect, &verdict.words) => Some(verdict.words),
            Ok(_) if took > BUSY_MAX => Some(format!("it took {} ms", took.as_millis())),
            Ok(_) => None,
        };
        if let Some(wrong) = wrong {
            tally.failed += 1;
            eprintln!(
                "FAILED {} ({:?}): expected `{}`, but {wrong}",
                case.name, case.ask, case.expect
            );
        }
    }
    tally
}

fn expected(expect: &str, words: &str) -> bool {
    expect.split('|').any(|one| words.starts_with(one))
}
