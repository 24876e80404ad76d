//! What became of a planted bug, and the search for it.

use super::{
    found::Found,
    ways::{Lived, Way, way_of},
};
use paydesk_signing::mutants::{Mutant, plant, reached};
use paydesk_tally::{Tally, number};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

/// What became of one bug.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Verdict {
    name: String,
    way: String,
    /// The last world that was lived.
    seed: u64,
    /// Till-days lived with the bug until it was found or given up.
    till_days: u64,
    /// How often its place in the product was reached.
    reached: u64,
    /// Promises seen broken with it, on the last seed.
    broken: BTreeSet<String>,
    /// What the auditor said of it first.
    said: String,
    /// What the unchanged build breaks on that seed: must be nothing.
    unchanged: Option<String>,
    /// How long the world with the bug took, or the search.
    seconds: f64,
}

impl Verdict {
    pub(super) fn mutant(&self) -> Result<Mutant, String> {
        Mutant::by_name(&self.name).ok_or(format!("{} is no planted bug", self.name))
    }

    /// Every promise it is there to break was seen broken, and the unchanged build kept them all.
    pub(super) fn is_killed(&self, mutant: Mutant) -> bool {
        is_seen(mutant, &self.broken) && self.unchanged.is_none()
    }

    pub(super) fn found(&self) -> Found {
        Found {
            seed: self.seed,
            till_days: self.till_days,
            broken: self.broken.iter().cloned().collect(),
        }
    }

    /// Why it is not killed.
    pub(super) fn complaint(&self, mutant: Mutant) -> String {
        let Verdict { name, seed, .. } = self;
        let why = match &self.unchanged {
            Some(broken) => format!("without it seed {seed} breaks {broken}"),
            None if self.reached == 0 => "no run reached it".to_owned(),
            None if self.broken.is_empty() => "it survived".to_owned(),
            None => format!("it breaks {:?}: {}", self.broken, self.said),
        };
        format!(
            "MUTANT {name} is not killed: {why}\n  {} ({})",
            mutant.wrong(),
            mutant.promises()
        )
    }
}

fn is_seen(mutant: Mutant, broken: &BTreeSet<String>) -> bool {
    let mut promises = mutant.promises().split_whitespace();
    promises.all(|promise| broken.contains(promise))
}

/// The table of all verdicts.
pub(super) fn table(verdicts: &BTreeMap<Mutant, Verdict>) -> Vec<String> {
    let head = format!(
        "{:<28} {:<6} {:<11} {:<13} {:>8} {:>5} {:>9} {:>7}  broken",
        "planted bug", "Q", "INV", "seen by", "verdict", "seed", "till-days", "s"
    );
    let rows = verdicts.iter().map(|(mutant, it)| {
        let verdict = match it {
            it if it.is_killed(*mutant) => "killed",
            it if it.reached == 0 => "UNREACHED",
            it if it.unchanged.is_some() => "UNCLEAN",
            _ => "SURVIVED",
        };
        let broken: Vec<&str> = it.broken.iter().map(String::as_str).collect();
        format!(
            "{:<28} {:<6} {:<11} {:<13} {:>8} {:>5} {:>9} {:>7.2}  {}",
            mutant.name(),
            mutant.questions(),
            mutant.promises(),
            it.way,
            verdict,
            it.seed,
            it.till_days,
            it.seconds,
            broken.join(" ")
        )
    });
    std::iter::once(head).chain(rows).collect()
}

/// The same for the report.
pub(super) fn count(tally: &mut Tally, verdicts: &BTreeMap<Mutant, Verdict>) {
    let (mut survived, mut unreached) = (0_u32, 0_u32);
    for (mutant, it) in verdicts {
        let broken: Vec<&str> = it.broken.iter().map(String::as_str).collect();
        let verdict = if it.is_killed(*mutant) {
            tally.row("days_until_found", mutant.name(), number(it.till_days));
            tally.row("seconds_until_found", mutant.name(), it.seconds);
            format!("Found on seed {} by {}", it.seed, broken.join(", "))
        } else if it.reached == 0 {
            unreached += 1;
            "NEVER REACHED".to_owned()
        } else {
            survived += 1;
            "SURVIVED".to_owned()
        };
        let rules = [mutant.questions(), mutant.promises()].join(" ");
        let words = format!(
            "{} ({}) {verdict}; lived as {}.",
            mutant.wrong(),
            rules.trim(),
            it.way
        );
        tally.texts.insert(mutant.name().to_owned(), words);
    }
    tally
        .count("survived", survived)
        .count("not_reached", unreached);
}

/// Worlds without a bug, each lived once.
#[derive(Default)]
pub(super) struct Search {
    unchanged: BTreeMap<(Way, u64), Option<String>>,
}

impl Search {
    /// The world in which the bug was found, once more. Where the product or the simulation changed since, the
    /// same seed is another history: then it is looked for anew.
    pub(super) fn again(
        &mut self,
        mutant: Mutant,
        found: &Found,
        days: u64,
    ) -> Result<Verdict, String> {
        let mut verdict = self.look(mutant, found.seed)?;
        if !is_seen(mutant, &verdict.broken) {
            return self.hunt(mutant, 1, days);
        }
        verdict.till_days = found.till_days;
        Ok(verdict)
    }

    /// World after world until the bug is found.
    pub(super) fn hunt(
        &mut self,
        mutant: Mutant,
        first: u64,
        days: u64,
    ) -> Result<Verdict, String> {
        let start = Instant::now();
        let (mut lived, mut reached, mut seed) = (0_u64, 0_u64, first);
        loop {
            let mut verdict = self.look(mutant, seed)?;
            lived = lived.saturating_add(verdict.till_days.max(1));
            reached = reached.saturating_add(verdict.reached);
            verdict.till_days = lived;
            verdict.reached = reached;
            verdict.seconds = start.elapsed().as_secs_f64();
            if is_seen(mutant, &verdict.broken) || lived >= days {
                return Ok(verdict);
            }
            seed = seed.saturating_add(1);
        }
    }

    /// One world with the bug and, if it shows there, without it.
    fn look(&mut self, mutant: Mutant, seed: u64) -> Result<Verdict, String> {
        let way = way_of(mutant);
        let start = Instant::now();
        plant(Some(mutant));
        let lived = way.live(seed);
        let reached = reached();
        plant(None);
        let Lived {
            broken,
            said,
            till_days,
        } = lived?;
        let seconds = start.elapsed().as_secs_f64();
        let unchanged = if is_seen(mutant, &broken) {
            self.unchanged(way, seed)?
        } else {
            None
        };
        Ok(Verdict {
            name: mutant.name().to_owned(),
            way: way.name().to_owned(),
            seed,
            till_days,
            reached,
            broken,
            said,
            unchanged,
            seconds,
        })
    }

    fn unchanged(&mut self, way: Way, seed: u64) -> Result<Option<String>, String> {
        if let Some(known) = self.unchanged.get(&(way, seed)) {
            return Ok(known.clone());
        }
        let lived = way.live(seed)?;
        let said = (!lived.is_clean()).then_some(lived.said);
        self.unchanged.insert((way, seed), said.clone());
        Ok(said)
    }
}
