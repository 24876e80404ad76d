//! What many days came to, for people and for the report: figures, tables, and what was never met.

use crate::{
    days::{SoFar, Wish},
    world::{Ill, Mishap, Outcome},
};
use paydesk_auditor::Cells;
use paydesk_tally::{Tally, number};
use std::collections::BTreeSet;

/// What can be met, and what cannot with the reason, by hand.
const COVERAGE: &str = include_str!("../coverage.txt");

/// A run of so many till-days has to meet what is rare, too, as often as it is asked for.
const RARE_FROM: u64 = 100_000;

/// What a run has to meet: rows of RELIABILITY §2.2, and events in states.
#[derive(Default)]
struct Due {
    rows: BTreeSet<String>,
    cells: BTreeSet<Cell>,
    /// Those that only very long runs have to meet.
    rare: BTreeSet<Cell>,
}

/// Payment or refund, state, event.
type Cell = (String, String, String);

/// Reads `coverage.txt`: `row Q1`, or `payment|refund: STATE: EVENT, EVENT`, with `rare ` in front of what a
/// thousand days may miss; `-` lines are what cannot be met.
fn due() -> Result<Due, String> {
    let mut due = Due::default();
    for line in COVERAGE.lines() {
        let wrong = || format!("coverage.txt: {line}");
        if line.is_empty() || line.starts_with(['#', '-']) {
            continue;
        }
        if let Some(row) = line.strip_prefix("row ") {
            due.rows.insert(row.to_owned());
            continue;
        }
        let rare = line.strip_prefix("rare ");
        let mut parts = rare.unwrap_or(line).splitn(3, ": ");
        let mut part = || parts.next().ok_or_else(wrong);
        let (kind, state, events) = (part()?, part()?, part()?);
        for event in events.split(", ") {
            let cell = (kind.to_owned(), state.to_owned(), event.to_owned());
            let cells = if rare.is_some() {
                &mut due.rare
            } else {
                &mut due.cells
            };
            cells.insert(cell);
        }
    }
    if due.rows.is_empty() || due.cells.is_empty() {
        return Err("coverage.txt asks for nothing".to_owned());
    }
    Ok(due)
}

fn count(cells: &Cells, state: &str, event: &str) -> u64 {
    let events = cells.get(state);
    events
        .and_then(|events| events.get(event))
        .copied()
        .unwrap_or(0)
}

/// What had to be met and was not: everything once, but for what is rare; or everything so many times.
pub(crate) fn missed(sum: &Outcome, each: Option<u64>) -> Result<Vec<String>, String> {
    let due = due()?;
    let least = each.unwrap_or(1);
    let asks_all = each.is_some() && sum.till_days >= RARE_FROM;
    let rare = due.rare.iter().filter(|_| asks_all);
    let mut counts: Vec<(String, u64)> = Vec::new();
    for row in due.rows {
        let count = sum.rows.get(&row).copied().unwrap_or(0);
        counts.push((row, count));
    }
    for (kind, state, event) in due.cells.iter().chain(rare) {
        let cells = match kind.as_str() {
            "payment" => &sum.payments,
            "refund" => &sum.refund_cells,
            _ => {
                return Err(format!(
                    "coverage.txt: {kind} is neither payment nor refund"
                ));
            }
        };
        let name = format!("{kind} {state} x {event}");
        counts.push((name, count(cells, state, event)));
    }
    let ills = Ill::ALL.iter().map(|ill| (ill.name(), &sum.ills));
    let mishaps = Mishap::ALL.iter().map(|it| (it.name(), &sum.mishaps));
    for (name, of) in ills.chain(mishaps) {
        counts.push((name.to_owned(), of.get(name).copied().unwrap_or(0)));
    }
    let missed = counts.into_iter().filter(|(_, count)| *count < least);
    Ok(missed
        .map(|(name, count)| format!("{name}: {count} of {least}"))
        .collect())
}

/// Cells that were met although `coverage.txt` says that they cannot be, or does not know them.
pub(crate) fn unlisted(sum: &Outcome) -> Result<Vec<String>, String> {
    let due = due()?;
    let mut unlisted = Vec::new();
    for (kind, cells) in [("payment", &sum.payments), ("refund", &sum.refund_cells)] {
        for (state, events) in cells {
            for (event, count) in events {
                let cell = (kind.to_owned(), state.clone(), event.clone());
                if !due.cells.contains(&cell) && !due.rare.contains(&cell) {
                    unlisted.push(format!("{kind} {state} x {event}: {count}"));
                }
            }
        }
    }
    Ok(unlisted)
}

/// Rows and cells with their counts.
pub(crate) fn table(sum: &Outcome, say: &mut dyn FnMut(&str)) {
    say("rows of RELIABILITY 2.2");
    for (row, count) in &sum.rows {
        say(&format!("  {row:4} {count}"));
    }
    for (title, cells) in [
        ("payments: state x event", &sum.payments),
        ("refunds: state x event", &sum.refund_cells),
    ] {
        say(title);
        for (state, events) in cells {
            let events: Vec<String> = events
                .iter()
                .map(|(event, count)| format!("{event} {count}"))
                .collect();
            say(&format!("  {state}: {}", events.join(", ")));
        }
    }
}

/// The figures of a run.
pub(crate) fn tally(wish: &Wish, so_far: &SoFar) -> Tally {
    let sum = &so_far.sum;
    let command = format!(
        "cargo xtask sim --days {} --seed {} --world-days {} --sales {} --processes {}",
        wish.days, wish.seed, wish.world_days, wish.sales, wish.processes
    );
    let mut tally = Tally::new("days", &command);
    for (name, count) in [
        ("till_days", sum.till_days),
        ("sales", sum.sales),
        ("calls", sum.calls),
        ("network_faults", sum.ills.values().sum()),
        ("power_cuts", sum.power_cuts),
        ("kills", sum.kills),
        ("deaths_in_recovery", sum.deaths_in_recovery),
        ("disk_errors", sum.disk_errors()),
        ("refunds", sum.refunds),
        ("late_money_decided", sum.decided),
        ("old_pictures_paid", sum.old_pictures),
        ("pages_opened", sum.pages),
        ("double_clicks", sum.double_clicks),
        ("older_copies", sum.older_copies),
        ("bills", sum.bills),
        ("bill_differences", sum.bill_differences),
        ("audits", sum.audits),
        ("secrets_looked_for", sum.secrets),
    ] {
        tally.count(name, count);
    }
    tally.figure(
        "till_days_per_second",
        number(sum.till_days) / so_far.seconds.max(0.001),
    );
    for (table, counts) in [
        ("by_fault", &sum.ills),
        ("by_mishap", &sum.mishaps),
        ("by_disk", &sum.disk),
        ("rows", &sum.rows),
        ("rot", &sum.rot),
        ("signatures", &sum.worlds),
        ("moves", &sum.moves),
    ] {
        for (name, count) in counts {
            tally.row(table, name, number(*count));
        }
    }
    for (grid, cells) in [("payments", &sum.payments), ("refunds", &sum.refund_cells)] {
        for (state, events) in cells {
            for (event, count) in events {
                tally.cell(grid, state, event, number(*count));
            }
        }
    }
    tally.violations.clone_from(&sum.violations);
    let took = std::time::Duration::from_secs_f64(so_far.seconds.max(0.0));
    tally.end(took, sum.violations.is_empty());
    tally
}
