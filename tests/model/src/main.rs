//! `paydesk-model`: explores one sale to the end and prints what it saw; a violation with its shortest trace.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program for a terminal that measures its own time"
)]

use paydesk_model::{Bound, Bug, Model, Report, explore, words};
use paydesk_tally::{Tally, number};
use std::{path::PathBuf, process::ExitCode, time::Instant};

const USAGE: &str =
    "usage: paydesk-model [--small|--full] [--most STATES] [--bug NAME|--bugs] [--tally FILE]";

/// More than this does not fit into 8 GiB.
const MOST: usize = 100_000_000;

struct Asked {
    full: bool,
    most: usize,
    bugs: Vec<Bug>,
    tally: Option<PathBuf>,
}

fn read(arguments: impl Iterator<Item = String>) -> Option<Asked> {
    let mut asked = Asked {
        full: false,
        most: MOST,
        bugs: Vec::new(),
        tally: None,
    };
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--small" => asked.full = false,
            "--full" => asked.full = true,
            "--most" => asked.most = arguments.next()?.parse().ok()?,
            "--tally" => asked.tally = Some(PathBuf::from(arguments.next()?)),
            "--bugs" => asked.bugs = Bug::ALL.to_vec(),
            "--bug" => {
                let name = arguments.next()?;
                let bug = Bug::ALL.into_iter().find(|b| format!("{b:?}") == name)?;
                asked.bugs.push(bug);
            }
            _ => return None,
        }
    }
    Some(asked)
}

fn main() -> ExitCode {
    let Some(asked) = read(std::env::args().skip(1)) else {
        println!("{USAGE}");
        println!("planted bugs: {:?}", Bug::ALL);
        return ExitCode::from(2);
    };
    if !asked.bugs.is_empty() {
        let found = asked
            .bugs
            .iter()
            .filter(|bug| hunt(**bug, asked.most))
            .count();
        println!("{found} of {} planted bugs found", asked.bugs.len());
        return ExitCode::from(u8::from(found < asked.bugs.len()));
    }
    let bounds: &[Bound] = if asked.full {
        &Bound::FULL
    } else {
        &Bound::SMALL
    };
    let size = if asked.full { "--full" } else { "--small" };
    let command = format!("cargo xtask model {size}");
    let (mut red, mut tally, start) = (false, Tally::new("model", &command), Instant::now());
    for bound in bounds {
        let begun = Instant::now();
        let mut model = Model::new(*bound, None);
        let report = explore(&mut model, asked.most, |depth, states| {
            eprintln!(
                "depth {depth}: {states} states after {:.0} s",
                begun.elapsed().as_secs_f64()
            );
        });
        print(*bound, &report, begun);
        red |= report.cut || report.found.is_some();
        count(&mut tally, *bound, &report);
    }
    if let Some(file) = &asked.tally
        && let Err(error) = tally.end(start.elapsed(), !red).write(file)
    {
        eprintln!("paydesk-model: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::from(u8::from(red))
}

/// Adds one bound's numbers, under a name that says what it allowed.
fn count(tally: &mut Tally, bound: Bound, report: &Report) {
    let name = format!(
        "{} attempts, {} refunds, {} crashes, {}, {}",
        bound.attempts,
        bound.refunds,
        bound.crashes,
        if bound.any_tender {
            "any codes"
        } else {
            "scanned, then shown"
        },
        if bound.any_part {
            "any refunds"
        } else {
            "partial refunds"
        }
    );
    tally
        .row("states", &name, number(report.states))
        .row("transitions", &name, number(report.transitions))
        .row("depth", &name, number(report.depth));
    if let Some(found) = &report.found {
        tally.violations.push(found.what.to_string());
    }
}

fn hunt(bug: Bug, most: usize) -> bool {
    for bound in Bound::SMALL {
        let mut model = Model::new(bound, Some(bug));
        if let Some(found) = explore(&mut model, most, |_, _| {}).found {
            println!("{bug:?}: {}\n{}", found.what, words::trace(&found.trace));
            return true;
        }
    }
    println!("{bug:?}: NOT FOUND");
    false
}

fn print(bound: Bound, report: &Report, begun: Instant) {
    println!(
        "bound: {} attempts, {} refunds and the returns of late money, {} crashes, {} codes, {} refunds; any loss, repetition, delay",
        bound.attempts,
        bound.refunds,
        bound.crashes,
        if bound.any_tender {
            "scanned and shown"
        } else {
            "first scanned, then shown"
        },
        if bound.any_part {
            "partial and whole"
        } else {
            "partial"
        },
    );
    println!(
        "states {}, transitions {}, depth {}; {} different orders, {} different steps of the domain, {} worlds settled",
        report.states,
        report.transitions,
        report.depth,
        report.orders,
        report.steps,
        report.settled
    );
    println!(
        "time {:.1} s, memory {} MiB{}",
        begun.elapsed().as_secs_f64(),
        report.bytes >> 20,
        if report.cut {
            "; CUT: not every state was visited"
        } else {
            ""
        }
    );
    match &report.found {
        Some(found) => println!("VIOLATED {}\n{}", found.what, words::trace(&found.trace)),
        None if report.cut => println!("no violation in the states that were visited"),
        None => println!("held in every state: INV1 INV2 INV3 INV5 INV6 INV7 INV11 INV14"),
    }
}
