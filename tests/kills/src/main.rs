//! `paydesk-kills`: SIGKILLs the command line in every phase of a payment, behind a proxy that breaks the network, and
//! lets the auditor hold its books against the sandbox's ledger after every death.
//!
//! The signal comes from outside, from a process that knows nothing but files, clocks and bytes on the wire. Nothing
//! in the product helps it, and no count rests on what was aimed at.
#![allow(
    clippy::print_stdout,
    reason = "a program for a terminal speaks to the terminal"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "it is about the machine's own time"
)]

mod aim;
mod hunt;
mod phase;
mod signs;
mod store;
mod world;

use hunt::{Hunt, Quota, Tally, make_peace};
use paydesk_proxy::{Fault, Trouble};
use paydesk_tally::number;
use phase::PHASES;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

const USAGE: &str = "usage: paydesk-kills [--count N] [--shops N] [--seed S] [--cap SECONDS] [--cli PROGRAM] [--tally FILE] [--keep]";

/// Kills in a full run; each phase gets at least this part of them.
const COUNT: u32 = 200;
const EACH_OF_HUNDRED: u32 = 12;

/// What was asked for.
#[derive(Clone)]
struct Wish {
    count: u32,
    shops: u32,
    seed: u64,
    cap: Duration,
    cli: PathBuf,
    tally: Option<PathBuf>,
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
        shops: 2,
        seed: 1,
        cap: Duration::from_secs(600),
        cli: beside,
        tally: None,
        keep: false,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(USAGE);
        match argument.as_str() {
            "--count" => wish.count = value()?.parse()?,
            "--shops" => wish.shops = value()?.parse::<u32>()?.max(1),
            "--seed" => wish.seed = value()?.parse()?,
            "--cap" => wish.cap = Duration::from_secs(value()?.parse()?),
            "--cli" => wish.cli = PathBuf::from(value()?),
            "--tally" => wish.tally = Some(PathBuf::from(value()?)),
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
    let shops: Vec<_> = (0..wish.shops)
        .map(|shop| {
            let (wish, folder) = (wish.clone(), folder.join(shop.to_string()));
            thread::spawn(move || hunt_in(&wish, shop, &folder))
        })
        .collect();
    let mut tally = Tally::default();
    let mut trouble = None;
    for shop in shops {
        match shop.join().map_err(|_| "a shop's thread ended badly")? {
            Ok(its) => tally.add(its),
            Err(its) => trouble = Some(its),
        }
    }
    if wish.keep {
        println!("kept: {}", folder.display());
    } else if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    if let Some(trouble) = trouble {
        return Err(trouble);
    }
    let each = share(wish.count, wish.shops) * EACH_OF_HUNDRED / 100;
    let each = each.max(1) * wish.shops;
    println!(
        "\n{:.0} s, seed {}",
        began.elapsed().as_secs_f64(),
        wish.seed
    );
    let is_held = report(&tally, each);
    if let Some(file) = &wish.tally {
        written(&tally, &wish, began.elapsed(), is_held).write(file)?;
    }
    Ok(is_held)
}

fn share(count: u32, shops: u32) -> u32 {
    count.div_ceil(shops)
}

/// One shop with its own folder, sandbox and proxy.
fn hunt_in(wish: &Wish, shop: u32, folder: &Path) -> Result<Tally, Trouble> {
    let seed = wish.seed.wrapping_mul(1_000) + u64::from(shop);
    let count = share(wish.count, wish.shops);
    let world = world::World::open(&wish.cli, folder, seed)?;
    let store = store::Store::new(world.database())?;
    let quota = Quota {
        count,
        each: (count * EACH_OF_HUNDRED / 100).max(1),
        cap: wish.cap,
    };
    let mut tally = Hunt::new(&world, &store, quota, seed).run()?;
    let (violations, took) = make_peace(&world)?;
    eprintln!(
        "shop {shop}: no doubt left {:.0} s after the last fault",
        took.as_secs_f64()
    );
    tally.violations = violations;
    Ok(tally)
}

/// A run passes when nothing is wrong, each phase has its count, and faults did strike.
fn report(tally: &Tally, each: u32) -> bool {
    let mut failed = 0;
    println!("kills by phase");
    for phase in PHASES {
        let count = tally.by_phase.get(&phase).copied().unwrap_or(0);
        let is_short = count < each;
        let short = if is_short { "  too few" } else { "" };
        println!("  {:32} {count:5}{short}", phase.to_string());
        failed += u32::from(is_short);
    }
    for (name, count) in [
        ("outside every phase", tally.elsewhere),
        ("ended before the signal", tally.escaped),
    ] {
        println!("  {name:32} {count:5}  (not counted)");
    }
    println!("  {:32} {:5}", "refunds among them", tally.refunds);
    println!("kills by the fault on the killed call, and calls struck in all");
    for fault in Fault::ALL {
        let struck = tally.struck.get(fault).copied().unwrap_or(0);
        println!(
            "  {:32} {:5} {struck:5}",
            fault.name(),
            under(tally, Some(*fault))
        );
    }
    println!("  {:32} {:5}", "no fault, or no call", under(tally, None));
    let strikes: u64 = tally.struck.values().sum();
    println!("{} calls, {strikes} of them struck", tally.calls);
    if strikes == 0 {
        println!("WRONG nothing was struck: this run shows nothing");
        failed += 1;
    }
    for violation in &tally.violations {
        println!("WRONG {violation}");
        failed += 1;
    }
    let passed: u32 = tally.by_phase.values().sum();
    println!("{passed} passed, {failed} failed");
    failed == 0
}

fn under(tally: &Tally, fault: Option<Fault>) -> u32 {
    let its = tally.by_fault.iter().filter(|((_, its), _)| *its == fault);
    its.map(|(_, count)| count).sum()
}

fn written(tally: &Tally, wish: &Wish, took: Duration, is_held: bool) -> paydesk_tally::Tally {
    let command = format!(
        "cargo xtask kills --count {} --seed {}",
        wish.count, wish.seed
    );
    let mut told = paydesk_tally::Tally::new("kills", &command);
    told.count("kills", tally.by_phase.values().sum::<u32>())
        .count("refunds", tally.refunds)
        .count("elsewhere", tally.elsewhere)
        .count("calls", tally.calls)
        .count("struck", tally.struck.values().sum::<u64>())
        .count("violations", tally.violations.len());
    for (phase, count) in &tally.by_phase {
        told.row("by_phase", &phase.to_string(), number(*count));
    }
    for fault in Fault::ALL {
        let struck = tally.struck.get(fault).copied().unwrap_or(0);
        told.row("by_fault", fault.name(), number(struck));
    }
    for ((phase, fault), count) in &tally.by_fault {
        let fault = fault.map_or("none", Fault::name);
        told.cell(
            "by_phase_and_fault",
            &phase.to_string(),
            fault,
            number(*count),
        );
    }
    told.violations.clone_from(&tally.violations);
    told.end(took, is_held);
    told
}
