//! Speeds, measured against what the machine itself can do in the same run, and printed.
//!
//! `paydesk-bench [core] [window] [orders] [long] [charts] [reconcile] [rebuild] [restart] [worklist] [inbound]`; all by default. It must never be part of a unit test: a busy machine is no bug.
#![allow(
    clippy::print_stdout,
    reason = "a program for a terminal speaks to the terminal"
)]
#![allow(clippy::disallowed_methods, reason = "time is what it measures")]

mod charts;
mod core;
mod figures;
mod inbound;
mod orders;
mod rebuild;
mod reconcile;
mod restart;
mod window;
mod worklist;

use figures::Table;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

/// Why a measurement could not be made.
pub(crate) type Trouble = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "usage: paydesk-bench [core] [window] [orders] [long] [charts] [reconcile] [rebuild] [restart] [worklist] [inbound] [--payments N] [--orders N] [--lines N] [--tally FILE]";

fn main() -> ExitCode {
    // A debug build would measure the compiler's haste.
    let outcome = if cfg!(debug_assertions) {
        run_release()
    } else {
        run()
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("paydesk-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Builds what is measured as it ships, and hands over to the release build of this program.
fn run_release() -> Result<bool, Trouble> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let packages = ["paydesk", "paydesk-cli", "paydesk-bench"].map(|it| ["--package", it]);
    let built = Command::new(cargo)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["build", "--locked", "--release"])
        .args(packages.concat())
        .status()?;
    if !built.success() {
        return Err("the release build failed".into());
    }
    let debug = std::env::current_exe()?;
    let target = debug
        .parent()
        .and_then(Path::parent)
        .ok_or("no build folder")?;
    let release = target.join("release").join("paydesk-bench");
    Ok(Command::new(release)
        .args(std::env::args_os().skip(1))
        .status()?
        .success())
}

/// `false` when a figure misses its goal.
fn run() -> Result<bool, Trouble> {
    let (mut parts, mut tally) = (Vec::new(), None);
    let began = Instant::now();
    let (mut payments, mut orders, mut lines) = (200, 1_000_000, 1_000_000);
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|word| word == restart::VICTIM).is_some() {
        return restart::be_killed(Path::new(&arguments.next().ok_or(USAGE)?));
    }
    if arguments.next_if(|word| word == reconcile::ONE).is_some() {
        return reconcile::one(&arguments.collect::<Vec<String>>());
    }
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "core" | "window" | "orders" | "long" | "charts" | "reconcile" | "rebuild"
            | "restart" | "worklist" | "inbound" => {
                parts.push(argument);
            }
            "--tally" => tally = Some(PathBuf::from(arguments.next().ok_or(USAGE)?)),
            "--orders" => orders = arguments.next().ok_or(USAGE)?.parse()?,
            "--lines" => lines = arguments.next().ok_or(USAGE)?.parse()?,
            "--payments" => payments = arguments.next().ok_or(USAGE)?.parse()?,
            _ => return Err(USAGE.into()),
        }
    }
    let is_asked = |part: &str| parts.is_empty() || parts.iter().any(|it| it == part);
    let mut table = Table::default();
    if is_asked("core") {
        core::measure(&mut table)?;
    }
    if is_asked("window") {
        window::measure(&mut table, payments)?;
    }
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(2).ok_or("no build folder")?;
    if is_asked("orders") {
        orders::measure(&mut table, orders, target)?;
    }
    if is_asked("long") {
        let shop = orders::made(orders, target)?;
        window::measure_long(&mut table, payments, &shop)?;
    }
    if is_asked("charts") {
        charts::measure(&mut table, orders, target)?;
    }
    if is_asked("reconcile") {
        reconcile::measure(&mut table, lines, target)?;
    }
    if is_asked("rebuild") {
        rebuild::measure(&mut table, orders, target)?;
    }
    if is_asked("restart") {
        restart::measure(&mut table, orders, target)?;
    }
    if is_asked("worklist") {
        worklist::measure(&mut table, target)?;
    }
    if is_asked("inbound") {
        inbound::measure(&mut table, orders, target)?;
    }
    table.print();
    if let Some(file) = tally {
        let part = if parts.len() == 1 {
            parts.concat()
        } else {
            "bench".to_owned()
        };
        let command = format!("cargo xtask bench {}", parts.join(" "));
        let mut told = table.tally(&part, command.trim_end());
        told.end(began.elapsed(), table.all_met()).write(&file)?;
    }
    Ok(table.all_met())
}
