//! The seeds on which planted bugs were found: `mutants.txt`, replayed in every test run.

use super::verdict::Verdict;
use paydesk_signing::mutants::Mutant;
use std::{collections::BTreeMap, path::Path};

const FOUND: &str = include_str!("../../mutants.txt");

const HEAD: &str = "\
# Seeds on which planted bugs were found: name, seed, till-days that were lived until then, promises seen broken.
# Written by `cargo xtask mutants --hunt --write tests/sim/mutants.txt`.";

/// Where a bug was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Found {
    /// The world.
    pub(super) seed: u64,
    /// Till-days lived until then, this world's among them.
    pub(super) till_days: u64,
    /// What was broken.
    pub(super) broken: Vec<String>,
}

/// Reads the list.
pub(super) fn read() -> Result<BTreeMap<Mutant, Found>, String> {
    let lines = FOUND.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| parsed(line).ok_or(format!("mutants.txt: {line} is no bug with its seed")))
        .collect()
}

fn parsed(line: &str) -> Option<(Mutant, Found)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [name, seed, till_days, broken] = words.as_slice() else {
        return None;
    };
    let found = Found {
        seed: seed.parse().ok()?,
        till_days: till_days.parse().ok()?,
        broken: broken.split(',').map(str::to_owned).collect(),
    };
    Some((Mutant::by_name(name)?, found))
}

/// Writes the list anew, with what was found now in the place of what was found before.
pub(super) fn write(
    file: &Path,
    mut found: BTreeMap<Mutant, Found>,
    verdicts: &BTreeMap<Mutant, Verdict>,
) -> Result<(), String> {
    for (mutant, verdict) in verdicts {
        if verdict.is_killed(*mutant) {
            found.insert(*mutant, verdict.found());
        }
    }
    let mut text = HEAD.to_owned();
    for (mutant, found) in found {
        let Found {
            seed,
            till_days,
            broken,
        } = found;
        let broken = broken.join(",");
        text.push_str(&format!("\n{} {seed} {till_days} {broken}", mutant.name()));
    }
    text.push('\n');
    std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}
