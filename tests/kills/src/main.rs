//! `paydesk-kills`: SIGKILLs the command line in every phase of a payment, then holds the store against the ledger.
//!
//! The signal comes from outside, from a process that knows nothing but files and clocks. Nothing in the
//! product helps it, and no count rests on what was aimed at.
#![allow(
    clippy::print_stdout,
    reason = "a program for a terminal speaks to the terminal"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "it is about the machine's own time"
)]

mod aim;
mod audit;
mod clock;
mod control;
mod hunt;
mod phase;
mod sandbox;
mod signs;
mod store;
mod world;

use audit::Violation;
use control::Trouble;
use hunt::{Hunt, Quota, Tally, make_peace};
use phase::PHASES;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const USAGE: &str = "usage: paydesk-kills [--count N] [--cap SECONDS] [--cli PROGRAM] [--keep]";

/// Kills in a full run; each phase gets at least this part of them.
const COUNT: u32 = 200;
const EACH_OF_HUNDRED: u32 = 15;

/// What was asked for.
struct Wish {
    count: u32,
    cap: Duration,
    cli: PathBuf,
    keep: bool,
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("paydesk-kills: {error}");
            ExitCode::FAILURE
        }
    }
}

fn wish() -> Result<Wish, Trouble> {
    let beside = std::env::current_exe()?.with_file_name("paydesk-cli");
    let mut wish = Wish {
        count: COUNT,
        cap: Duration::from_secs(600),
        cli: beside,
        keep: false,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(USAGE);
        match argument.as_str() {
            "--count" => wish.count = value()?.parse()?,
            "--cap" => wish.cap = Duration::from_secs(value()?.parse()?),
            "--cli" => wish.cli = PathBuf::from(value()?),
            "--keep" => wish.keep = true,
            _ => return Err(USAGE.into()),
        }
    }
    Ok(wish)
}

fn run() -> Result<bool, Trouble> {
    let wish = wish()?;
    let began = Instant::now();
    let folder = std::env::temp_dir().join(format!("paydesk-kills-{}", std::process::id()));
    let outcome = hunt_in(&wish, &folder);
    if wish.keep {
        println!("kept: {}", folder.display());
    } else if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let (tally, each, violations) = outcome?;
    println!("\n{:.0} s", began.elapsed().as_secs_f64());
    Ok(report(&tally, each, &violations))
}

fn hunt_in(
    wish: &Wish,
    folder: &std::path::Path,
) -> Result<(Tally, u32, BTreeSet<Violation>), Trouble> {
    let each = (wish.count * EACH_OF_HUNDRED / 100).max(1);
    let world = world::World::open(&wish.cli, folder)?;
    let store = store::Store::new(world.database())?;
    let quota = Quota {
        count: wish.count,
        each,
        cap: wish.cap,
    };
    let tally = Hunt::new(&world, &store, quota).run()?;
    let violations = make_peace(&world, &store)?;
    Ok((tally, each, violations))
}

/// A kill passes when nothing is wrong with its order, a folder when nothing is wrong beside the orders,
/// a phase when it has its count.
fn report(tally: &Tally, each: u32, violations: &BTreeSet<Violation>) -> bool {
    let (mut passed, mut failed) = (0, 0);
    for phase in PHASES {
        let count = tally.by_phase.get(&phase).copied().unwrap_or(0);
        let is_short = count < each;
        println!(
            "{:24} {count:4}{}",
            phase.to_string(),
            if is_short { "  too few" } else { "" }
        );
        failed += u32::from(is_short);
    }
    println!(
        "{:24} {:4}  (not counted)",
        "outside every phase", tally.elsewhere
    );
    println!(
        "{:24} {:4}  (not counted)",
        "ended before the signal", tally.escaped
    );
    println!("refunds among them       {:4}", tally.refunds);
    for violation in violations {
        println!("WRONG {} {}", violation.order, violation.words);
    }
    let wrong: BTreeSet<&str> = violations.iter().map(|it| it.order.as_str()).collect();
    for order in &tally.orders {
        let is_wrong = order.as_deref().is_some_and(|it| wrong.contains(it));
        passed += u32::from(!is_wrong);
        failed += u32::from(is_wrong);
    }
    let killed: BTreeSet<&str> = tally.orders.iter().flatten().map(String::as_str).collect();
    // What is wrong with an order that no kill fell on, or with the folder, fails for itself.
    failed += u32::try_from(wrong.difference(&killed).count()).unwrap_or(u32::MAX);
    println!("{passed} passed, {failed} failed");
    failed == 0
}
