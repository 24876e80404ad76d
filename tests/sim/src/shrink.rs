//! The smallest world in which the same promise is still broken: fewer days, sales and tills, less that
//! goes wrong. One change at a time, kept as long as the same is found.

use crate::world::{Ill, Mishap, Outcome, Plan, World};
use std::time::{Duration, Instant};

/// Shrinking ends after so long, wherever it is.
const TIME: Duration = Duration::from_secs(180);

/// A smaller world, and what is broken in it.
#[derive(Debug)]
pub struct Smallest {
    /// How it is made.
    pub plan: Plan,
    /// What was found in it.
    pub outcome: Outcome,
    /// How many worlds were tried.
    pub tried: u32,
}

/// `INV8` of "day 1: INV8 (till 0): …"; of anything else its words without numbers.
#[must_use]
pub fn promise(violation: &str) -> String {
    let after_day = violation
        .split_once(": ")
        .map_or(violation, |(_, rest)| rest);
    let first = after_day.split([' ', ':']).next().unwrap_or_default();
    if first.starts_with("INV") || first == "RECON" {
        return first.to_owned();
    }
    violation
        .chars()
        .filter(|letter| !letter.is_ascii_digit())
        .collect()
}

/// The promise that a plan breaks first, if it breaks one.
fn broken(plan: &Plan) -> Option<(String, Outcome)> {
    let outcome = World::new(plan.clone()).ok()?.live();
    let first = outcome.violations.first()?;
    Some((promise(first), outcome))
}

/// Shrinks a world that broke something. `None` when it does not break it again: that is a finding itself.
#[must_use]
#[allow(
    clippy::disallowed_methods,
    reason = "how long it looks for a smaller world is no part of any history"
)]
pub fn shrink(plan: &Plan) -> Option<Smallest> {
    let start = Instant::now();
    let (wanted, outcome) = broken(plan)?;
    let mut smallest = Smallest {
        plan: plan.clone(),
        outcome,
        tried: 1,
    };
    loop {
        let mut is_smaller = false;
        for candidate in smaller(&smallest.plan) {
            if start.elapsed() > TIME {
                return Some(smallest);
            }
            smallest.tried += 1;
            if let Some((found, outcome)) = broken(&candidate)
                && found == wanted
            {
                smallest.plan = candidate;
                smallest.outcome = outcome;
                is_smaller = true;
                break;
            }
        }
        if !is_smaller {
            return Some(smallest);
        }
    }
}

/// One change each, the largest first.
fn smaller(plan: &Plan) -> Vec<Plan> {
    let mut plans = Vec::new();
    let mut add = |change: &dyn Fn(&mut Plan)| {
        let mut changed = plan.clone();
        change(&mut changed);
        plans.push(changed);
    };
    if plan.days > 1 {
        add(&|plan| plan.days -= 1);
    }
    let tills = plan.tills.unwrap_or(5);
    for fewer in (1..tills).filter(|fewer| *fewer < 4) {
        add(&|plan| plan.tills = Some(fewer));
    }
    if plan.sales > 1 {
        add(&|plan| plan.sales = plan.sales.div_ceil(4));
        add(&|plan| plan.sales = plan.sales.div_ceil(2));
    }
    if plan.crashes {
        add(&|plan| plan.crashes = false);
        let left = Mishap::ALL.iter().filter(|it| !plan.without.contains(it));
        for mishap in left.filter(|it| **it != Mishap::Nothing) {
            add(&|plan| {
                plan.without.insert(*mishap);
            });
        }
    }
    let ills: Vec<Ill> = Ill::ALL
        .iter()
        .copied()
        .filter(|ill| !plan.off.contains(ill))
        .collect();
    if !ills.is_empty() {
        add(&|plan| plan.off.extend(ills.iter().copied()));
    }
    let half = ills.len().div_ceil(2);
    for part in ills.chunks(half.max(1)).chain(ills.chunks(1)) {
        if part.len() < ills.len() {
            add(&|plan| plan.off.extend(part.iter().copied()));
        }
    }
    plans
}
