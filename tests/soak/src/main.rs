//! `paydesk-soak`: twenty sales a second for minutes, every sixth call broken on its way, on a real disk; then the world
//! heals, every doubt has to be decided, and the auditor holds the books against the sandbox's ledger.
//!
//! The till is a process of its own, so that its memory is its own. It must never be helped: whatever breaks it is a
//! finding.
#![allow(
    clippy::print_stdout,
    reason = "a program for a terminal speaks to the terminal"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "it is about the machine's own time"
)]

mod disk;
mod memory;
mod run;
mod till;
mod timed;

use paydesk_proxy::Trouble;
use run::Wish;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

const USAGE: &str = "usage: paydesk-soak [--minutes M | --seconds S] [--rate SALES_A_SECOND] [--seed S] [--in FOLDER] [--tally FILE]";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match start(&words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("paydesk-soak: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(words: &[String]) -> Result<bool, Trouble> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    // The other half of itself: `till FOLDER RATE SECONDS SEED`.
    if let [word, folder, rate, seconds, seed] = words
        && word == "till"
    {
        let length = Duration::from_secs(seconds.parse()?);
        let till = till::run(Path::new(folder), rate.parse()?, length, seed.parse()?);
        return runtime.block_on(till).map(|()| true);
    }
    runtime.block_on(run::soak(&wish(words)?))
}

fn wish(words: &[String]) -> Result<Wish, Trouble> {
    let mut wish = Wish {
        length: Duration::from_secs(1_200),
        rate: 20,
        seed: 1,
        place: std::env::temp_dir(),
        tally: None,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(USAGE);
        match word.as_str() {
            "--minutes" => wish.length = Duration::from_secs(60 * value()?.parse::<u64>()?),
            "--seconds" => wish.length = Duration::from_secs(value()?.parse()?),
            "--rate" => wish.rate = value()?.parse()?,
            "--seed" => wish.seed = value()?.parse()?,
            "--in" => wish.place = PathBuf::from(value()?),
            "--tally" => wish.tally = Some(PathBuf::from(value()?)),
            _ => return Err(USAGE.into()),
        }
    }
    if wish.rate == 0 || wish.length.is_zero() {
        return Err(USAGE.into());
    }
    Ok(wish)
}
