//! `paydesk-fuzz`: runs every target with this package's own mutator, each in a process of its own.
//!
//! A panic, three seconds for one input, or more memory than a reader may need is a finding: the input is written to
//! the folder of findings and named. Inputs of earlier findings are played first.
#![allow(
    clippy::print_stdout,
    reason = "a program for a terminal speaks to the terminal"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "it is about the machine's own time, memory and files"
)]

use paydesk_fuzz::{Mutator, TARGETS, Target, by_name};
use paydesk_tally::Tally;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

const USAGE: &str = "\
usage: paydesk-fuzz [--target NAME] [--seconds N | --executions N] [--seed N] [--tally FILE] | --list
       paydesk-fuzz --seeds NAME FOLDER     writes a target's genuine inputs

Without --target: every target, as many at a time as there are processors, 30 seconds each. Seconds are those of the
processor: a machine that does something else meanwhile takes longer, and does no less.";

/// One input may take the processor this long, in a build that is not optimised.
const INPUT_TIME_MAX: Duration = Duration::from_secs(3);
/// What a reader may hold at most; inputs are at most 256 KiB, bombs unpack to what a bill may have.
const MEMORY_MAX: u64 = 512 << 20;
/// How often the clock is looked at.
const ROUND: u64 = 64;

/// How long a target runs.
#[derive(Clone, Copy)]
enum Length {
    Executions(u64),
    Seconds(u64),
}

struct Wish {
    target: Option<&'static Target>,
    length: Length,
    seed: u64,
    tally: Option<PathBuf>,
}

fn wish(words: &[String]) -> Option<Wish> {
    let mut wish = Wish {
        target: None,
        length: Length::Seconds(30),
        seed: 7,
        tally: None,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let value = words.next()?;
        let number = || value.parse().ok().filter(|number| *number > 0);
        match word.as_str() {
            "--target" => wish.target = Some(by_name(value)?),
            "--seconds" => wish.length = Length::Seconds(number()?),
            "--executions" => wish.length = Length::Executions(number()?),
            "--seed" => wish.seed = value.parse().ok()?,
            "--tally" => wish.tally = Some(PathBuf::from(value)),
            _ => return None,
        }
    }
    Some(wish)
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words == ["--list"] {
        for target in TARGETS {
            println!("{:<18} {}", target.name, target.holds);
        }
        return ExitCode::SUCCESS;
    }
    if let [word, name, folder] = words.as_slice()
        && word == "--seeds"
    {
        return match by_name(name).map(|target| write_seeds(target, Path::new(folder))) {
            Some(Ok(())) => ExitCode::SUCCESS,
            Some(Err(error)) => {
                eprintln!("paydesk-fuzz: {error}");
                ExitCode::FAILURE
            }
            None => {
                eprintln!("{USAGE}");
                ExitCode::from(64)
            }
        };
    }
    let Some(wish) = wish(&words) else {
        eprintln!("{USAGE}");
        return ExitCode::from(64);
    };
    let held = match wish.target {
        Some(target) => one(target, &wish),
        None => all(&words, wish.tally.as_deref()),
    };
    match held {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("paydesk-fuzz: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Every target in a process of its own, a few at a time.
fn all(words: &[String], tally: Option<&Path>) -> std::io::Result<bool> {
    let began = Instant::now();
    let width = std::thread::available_parallelism().map_or(1, usize::from);
    let mut waiting = TARGETS.iter();
    let mut running: Vec<(&str, Child)> = Vec::new();
    let (mut passed, mut failed) = (0, 0);
    loop {
        while running.len() < width
            && let Some(target) = waiting.next()
        {
            let mut child = Command::new(std::env::current_exe()?);
            child.args(["--target", target.name]).args(words);
            if let Some(file) = tally {
                // The last one said counts.
                child.arg("--tally").arg(part_of(file, target.name));
            }
            running.push((target.name, child.stdout(Stdio::inherit()).spawn()?));
        }
        if running.is_empty() {
            break;
        }
        let mut left = Vec::new();
        for (name, mut child) in running {
            match child.try_wait()? {
                None => left.push((name, child)),
                Some(status) if status.success() => passed += 1,
                Some(status) => {
                    failed += 1;
                    eprintln!("FAILED {name}: {status}");
                }
            }
        }
        running = left;
        std::thread::sleep(Duration::from_millis(50));
    }
    println!("{passed} passed, {failed} failed");
    let held = failed == 0 && passed == TARGETS.len();
    if let Some(file) = tally {
        let options = words
            .chunks(2)
            .filter(|pair| pair.first().is_none_or(|it| it != "--tally"));
        let command = format!(
            "cargo xtask fuzz {}",
            options.flatten().cloned().collect::<Vec<_>>().join(" ")
        );
        let mut sum = Tally::new("fuzz", command.trim_end());
        for target in TARGETS {
            let part = part_of(file, target.name);
            let told = Tally::read(&part).map_err(std::io::Error::other)?;
            for (table, rows) in &told.tables {
                for (name, count) in rows {
                    sum.row(table, name, *count);
                }
            }
            std::fs::remove_file(part)?;
        }
        sum.end(began.elapsed(), held)
            .write(file)
            .map_err(std::io::Error::other)?;
    }
    Ok(held)
}

/// Where one target's process writes what it counted.
fn part_of(file: &Path, target: &str) -> PathBuf {
    file.with_extension(format!("{target}.json"))
}

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Inputs of earlier findings.
fn regressions(target: &Target) -> std::io::Result<Vec<Vec<u8>>> {
    let folder = folder("regressions").join(target.name);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        found.push(std::fs::read(entry?.path())?);
    }
    Ok(found)
}

fn one(target: &Target, wish: &Wish) -> std::io::Result<bool> {
    let (length, seed) = (wish.length, wish.seed);
    let seeds = (target.seeds)();
    let known = regressions(target)?;
    let begins = seeds.len();
    let first = known.iter().chain(&seeds).cloned().collect::<Vec<_>>();
    let mut mutator = Mutator::new(seeds, seed);
    let (begun, mut executions, mut slowest) = (Instant::now(), 0_u64, Duration::ZERO);
    let (mut spent, mut until) = (processor_time(), Duration::MAX);
    if let Length::Seconds(count) = length {
        until = spent + Duration::from_secs(count);
    }
    let mut planned = first.into_iter();
    loop {
        let is_over = match length {
            Length::Executions(count) => executions >= count,
            Length::Seconds(_) => executions.is_multiple_of(ROUND) && spent >= until,
        };
        let input = match planned.next() {
            Some(input) => input,
            None if is_over => break,
            None => mutator.next_input(),
        };
        let asked = processor_time();
        let ended = catch_unwind(AssertUnwindSafe(|| (target.run)(&input)));
        spent = processor_time();
        let took = spent.saturating_sub(asked);
        slowest = slowest.max(took);
        executions += 1;
        if ended.is_err() || took > INPUT_TIME_MAX {
            let path = keep(target, &input, executions)?;
            eprintln!(
                "{}: execution {executions}, {} ms; the input is {}",
                target.name,
                took.as_millis(),
                path.display()
            );
            return Ok(false);
        }
    }
    let peak = peak();
    println!(
        "{:<18} {executions:>10} executions from {begins} genuine inputs, {} earlier findings; slowest {} ms, peak {} MiB, {:.0}/s",
        target.name,
        known.len(),
        slowest.as_millis(),
        peak >> 20,
        ratio(executions, begun.elapsed()),
    );
    let held = begins > 0 && peak <= MEMORY_MAX;
    if let Some(file) = &wish.tally {
        let mut tally = Tally::new(
            "fuzz",
            &format!("cargo xtask fuzz --target {}", target.name),
        );
        tally
            .row("executions", target.name, paydesk_tally::number(executions))
            .row("peak_mib", target.name, paydesk_tally::number(peak >> 20));
        let written = tally.end(begun.elapsed(), held).write(file);
        written.map_err(std::io::Error::other)?;
    }
    Ok(held)
}

#[allow(clippy::as_conversions, reason = "a figure for a person")]
fn ratio(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64().max(0.001)
}

fn write_seeds(target: &Target, folder: &Path) -> std::io::Result<()> {
    for (n, seed) in regressions(target)?
        .iter()
        .chain(&(target.seeds)())
        .enumerate()
    {
        std::fs::write(folder.join(format!("genuine-{n}")), seed)?;
    }
    Ok(())
}

fn keep(target: &Target, input: &[u8], execution: u64) -> std::io::Result<PathBuf> {
    let folder = folder("findings").join(target.name);
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{}-{execution}", std::process::id()));
    std::fs::write(&path, input)?;
    Ok(path)
}

/// What this process had of the processor.
fn processor_time() -> Duration {
    let told = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(told).unwrap_or_default()
}

/// The most memory this process ever held; 0 where the system does not tell.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}
