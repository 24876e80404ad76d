//! `paydesk-sim`: simulated days, crash images, the determinism of one seed, and what a payment costs on a simulated disk.
#![allow(
    clippy::print_stdout,
    reason = "a program for a terminal speaks to the terminal"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "it measures how long its own work takes"
)]

use paydesk_signing::mutants::{Mutant, plant};
use paydesk_sim::{
    days,
    disk::pin_randomness,
    images::{self, Plan, Tally},
    life, planted,
};
use std::{
    path::PathBuf,
    process::{Child, Command, ExitCode, Stdio},
    time::Instant,
};

const USAGE: &str = "\
usage: paydesk-sim days [--days N] [--seed S] [--world-days N] [--sales N] [--tills N] [--processes N]
                        [--channels NAME,..|all] [--off NAME,..] [--calm] [--plant NAME] [--disk honest|lying]
                        [--resume FILE] [--tally FILE] [--each-at-least N]
                                                    till-days of trade with faults, audited
       paydesk-sim regressions                      every seed that once broke something
       paydesk-sim images [--count N] [--seed S] [--again N|all] [--processes N] [--resume FILE]
                          [--scenario NAME] [--only SCENARIO:STEP:cut|kill[:STEP]] [--plant NAME]
                          [--tally FILE]
       paydesk-sim mutants [--hunt] [--days N] [--seed S] [--only NAME] [--processes N] [--write FILE]
                          [--tally FILE]
                                                    every planted bug, found again or looked for
       paydesk-sim rot [--bits N] [--seed S]        bits that turn in a closed database, one at a time
       paydesk-sim life [--seed S] [--steps N]     one seed's history as a hash
       paydesk-sim cost [--payments N]             what a payment costs on a simulated disk
       paydesk-sim scenarios";

/// Above so many images each recovery is stopped at every step, below at three.
const EVERY_STEP_FROM: u64 = 20_000;

/// A resumed run writes how far it is after so many stops.
const SAVED_EVERY: u64 = 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match command(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("paydesk-sim: {why}");
            ExitCode::from(2)
        }
    }
}

/// Whether all was well.
fn command(arguments: &[String]) -> Result<bool, String> {
    let (name, options) = arguments.split_first().ok_or(USAGE)?;
    match name.as_str() {
        "cost" => cost(options),
        "days" => {
            let wish = days::Wish::read(options).map_err(|why| format!("{why}\n{USAGE}"))?;
            if let Some(hand) = wish.hand {
                pin(hand);
            }
            wish.run(&mut |line| println!("{line}"))
        }
        "images" => Wish::read(options)?.run(options),
        "life" => one_life(options),
        "mutants" => {
            let wish = planted::Wish::read(options).map_err(|why| format!("{why}\n{USAGE}"))?;
            if let Some(hand) = wish.hand {
                pin(hand);
            }
            wish.run(&mut |line| println!("{line}"))
        }
        "rot" => rot(options),
        "regressions" if options.is_empty() => days::regressions(&mut |line| println!("{line}")),
        "scenarios" if options.is_empty() => {
            images::scenarios()
                .iter()
                .for_each(|name| println!("{name}"));
            Ok(true)
        }
        _ => Err(USAGE.to_owned()),
    }
}

/// What was asked for.
struct Wish {
    plan: Plan,
    processes: u64,
    resume: Option<PathBuf>,
    /// Where what was counted is written, for the report.
    told: Option<PathBuf>,
    is_part: bool,
    planted: Option<Mutant>,
}

fn parsed<T: std::str::FromStr>(option: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("{option} {value}: not understood\n{USAGE}"))
}

impl Wish {
    fn read(options: &[String]) -> Result<Wish, String> {
        let mut wish = Wish {
            plan: Plan {
                count: 2_000,
                seed: 1,
                again: None,
                scenario: None,
                only: None,
                part: (0, 1),
            },
            processes: 2,
            resume: None,
            told: None,
            is_part: false,
            planted: None,
        };
        let mut again = None;
        let mut options = options.iter();
        while let Some(option) = options.next() {
            let value = options.next().ok_or(USAGE)?;
            match option.as_str() {
                "--again" if value == "all" => again = Some(None),
                "--again" => again = Some(Some(parsed(option, value)?)),
                "--count" => wish.plan.count = parsed(option, value)?,
                "--only" => wish.plan.only = Some(value.parse()?),
                "--part" => {
                    let (part, of) = value.split_once('/').ok_or(USAGE)?;
                    wish.plan.part = (parsed(option, part)?, parsed(option, of)?);
                    wish.is_part = true;
                }
                "--plant" => {
                    wish.planted = Some(Mutant::by_name(value).ok_or(USAGE)?);
                }
                "--processes" => wish.processes = parsed(option, value)?,
                "--resume" => wish.resume = Some(PathBuf::from(value)),
                "--scenario" => wish.plan.scenario = Some(images::scenario(value)?),
                "--seed" => wish.plan.seed = parsed(option, value)?,
                "--tally" => wish.told = Some(PathBuf::from(value)),
                _ => return Err(USAGE.to_owned()),
            }
        }
        if wish.plan.count == 0 || wish.processes == 0 || wish.plan.part.0 >= wish.plan.part.1 {
            return Err(USAGE.to_owned());
        }
        wish.plan.again = again.unwrap_or((wish.plan.count < EVERY_STEP_FROM).then_some(3));
        Ok(wish)
    }

    fn run(&self, options: &[String]) -> Result<bool, String> {
        let start = Instant::now();
        if self.is_part || self.plan.only.is_some() {
            let tally = self.part()?;
            if self.is_part {
                println!(
                    "{}",
                    serde_json::to_string(&tally).map_err(|e| e.to_string())?
                );
                return Ok(true);
            }
            return Ok(told(&tally, 0, start));
        }
        let children: Vec<Child> = (0..self.processes)
            .map(|part| self.child(part, options))
            .collect::<Result<_, _>>()?;
        let mut tally = Tally::default();
        for child in children {
            let output = child.wait_with_output().map_err(|e| e.to_string())?;
            let text = String::from_utf8_lossy(&output.stdout);
            let line = text.lines().last().unwrap_or_default();
            let part: Tally = serde_json::from_str(line)
                .map_err(|_| format!("a part of the run ended early: {}", output.status))?;
            tally.add(&part);
        }
        let held = told(&tally, self.processes, start);
        if let Some(file) = &self.told {
            let command = format!("cargo xtask sim {}", said(options));
            written(&tally, &command, start, held).write(file)?;
        }
        Ok(held)
    }

    fn child(&self, part: u64, options: &[String]) -> Result<Child, String> {
        let program = std::env::current_exe().map_err(|e| e.to_string())?;
        let count =
            self.plan.count / self.processes + u64::from(part < self.plan.count % self.processes);
        let again = self.plan.again.map_or("all".to_owned(), |n| n.to_string());
        let mut command = Command::new(program);
        // A later option replaces an earlier one.
        command
            .arg("images")
            .args(options)
            .args(["--count", &count.to_string(), "--again", &again])
            .args(["--part", &format!("{part}/{}", self.processes)]);
        command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| e.to_string())
    }

    /// One part in this process, on a processor of its own: the store's threads hand over to each other
    /// all the time.
    fn part(&self) -> Result<Tally, String> {
        pin(self.plan.part.0);
        plant(self.planted);
        let resume = self.resume.as_ref().map(|file| Resume::new(file, self));
        let mut tally = match &resume {
            Some(resume) => resume.load()?,
            None => Tally::default(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|e| e.to_string())?;
        let mut saved = Ok(());
        let mut save = |tally: &Tally| {
            if tally.done.is_multiple_of(SAVED_EVERY)
                && let Some(resume) = &resume
            {
                saved = resume.save(tally);
            }
        };
        tally = runtime.block_on(images::run(&self.plan, tally, &mut save))?;
        saved?;
        if let Some(resume) = &resume {
            resume.save(&tally)?;
        }
        Ok(tally)
    }
}

/// Where a part of a run writes how far it is.
struct Resume {
    file: PathBuf,
    /// What has to be the same to go on.
    head: String,
}

impl Resume {
    fn new(file: &std::path::Path, wish: &Wish) -> Resume {
        let (part, of) = wish.plan.part;
        let mut name = file.as_os_str().to_owned();
        name.push(format!(".{part}-of-{of}"));
        Resume {
            file: PathBuf::from(name),
            head: format!(
                "seed {} scenario {:?} again {:?} planted {:?}",
                wish.plan.seed, wish.plan.scenario, wish.plan.again, wish.planted
            ),
        }
    }

    fn load(&self) -> Result<Tally, String> {
        let text = match std::fs::read_to_string(&self.file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Tally::default());
            }
            Err(error) => return Err(format!("{}: {error}", self.file.display())),
        };
        let wrong = |why: &str| format!("{}: {why}", self.file.display());
        let (head, tally) = text
            .split_once('\n')
            .ok_or_else(|| wrong("cannot be read"))?;
        if head != self.head {
            return Err(wrong(&format!("is of another run: {head}")));
        }
        serde_json::from_str(tally).map_err(|_| wrong("cannot be read"))
    }

    fn save(&self, tally: &Tally) -> Result<(), String> {
        let tally = serde_json::to_string(tally).map_err(|e| e.to_string())?;
        let new = self.file.with_extension("new");
        let written = std::fs::write(&new, format!("{}\n{tally}", self.head))
            .and_then(|()| std::fs::rename(&new, &self.file));
        written.map_err(|e| format!("{}: {e}", self.file.display()))
    }
}

#[cfg(target_os = "linux")]
fn pin(part: u64) {
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let mut set = rustix::thread::CpuSet::new();
    set.set(usize::try_from(part).unwrap_or(0) % count);
    if let Err(error) = rustix::thread::sched_setaffinity(None, &set) {
        eprintln!("paydesk-sim: not on one processor, so slower: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn pin(_part: u64) {}

/// The options that say what was counted, without where it was written.
fn said(options: &[String]) -> String {
    let mut words = vec!["images".to_owned()];
    for pair in options.chunks(2) {
        if !matches!(pair, [option, _] if option == "--tally" || option == "--resume") {
            words.extend(pair.iter().cloned());
        }
    }
    words.join(" ")
}

/// A tally for the report.
fn written(tally: &Tally, command: &str, start: Instant, held: bool) -> paydesk_tally::Tally {
    let mut told = paydesk_tally::Tally::new("images", command);
    told.count("images", tally.images)
        .count("second", tally.second)
        .count("cuts", tally.cuts)
        .count("kills", tally.kills)
        .count("acknowledged", tally.acknowledged)
        .count("lost_sectors", tally.lost_sectors)
        .count("torn_writes", tally.torn_writes);
    for (name, count) in &tally.scenarios {
        told.row("scenarios", name, paydesk_tally::number(*count));
    }
    told.violations
        .extend(tally.bad.iter().map(ToString::to_string));
    told.end(start.elapsed(), held);
    told
}

/// Prints a tally; whether all was well. A run that injected nothing is not.
fn told(tally: &Tally, processes: u64, start: Instant) -> bool {
    let seconds = start.elapsed().as_secs_f64();
    println!("images                {}", tally.images);
    println!("  of a recovery       {}", tally.second);
    println!("  rebuilt             {}", tally.rebuilt);
    println!("power cuts            {}", tally.cuts);
    println!("kills                 {}", tally.kills);
    println!("acknowledged, found   {}", tally.acknowledged);
    println!("sectors lost          {}", tally.lost_sectors);
    println!("sectors kept          {}", tally.kept_sectors);
    println!("writes torn           {}", tally.torn_writes);
    println!("names undone          {}", tally.lost_names);
    println!("bad                   {}", tally.bad.len());
    println!("seconds               {seconds:.1} in {processes} processes");
    for (name, count) in &tally.scenarios {
        println!("  {name:30} {count}");
    }
    for bad in &tally.bad {
        println!("BAD {bad}");
    }
    if tally.cuts + tally.kills == 0 || tally.images == 0 {
        println!("nothing was injected: this run shows nothing");
        return false;
    }
    tally.bad.is_empty()
}

fn one_life(options: &[String]) -> Result<bool, String> {
    let (mut seed, mut steps) = (1, 60);
    for pair in options.chunks(2) {
        match pair {
            [option, value] if option == "--seed" => seed = parsed(option, value)?,
            [option, value] if option == "--steps" => steps = parsed(option, value)?,
            _ => return Err(USAGE.to_owned()),
        }
    }
    pin(0);
    let lived = life::live(seed, steps)?;
    println!("{:016x} {lived}", lived.hash);
    Ok(lived.faults > 0)
}

fn rot(options: &[String]) -> Result<bool, String> {
    let (mut seed, mut bits) = (1, 1_000);
    for pair in options.chunks(2) {
        match pair {
            [option, value] if option == "--seed" => seed = parsed(option, value)?,
            [option, value] if option == "--bits" => bits = parsed(option, value)?,
            _ => return Err(USAGE.to_owned()),
        }
    }
    pin(0);
    days::rot(seed, bits, &mut |line| println!("{line}"))
}

fn cost(options: &[String]) -> Result<bool, String> {
    let mut payments = 2_000;
    for pair in options.chunks(2) {
        match pair {
            [option, value] if option == "--payments" => payments = parsed(option, value)?,
            _ => return Err(USAGE.to_owned()),
        }
    }
    pin(0);
    pin_randomness(1);
    let start = Instant::now();
    let (counters, boot) = life::pay(payments, start)?;
    let us = (start.elapsed() - boot).as_micros() / u128::from(payments.max(1));
    println!("{us} µs a payment of two commits, {payments} payments");
    for (name, count) in counters.all() {
        println!("  {name:20} {count}");
    }
    Ok(true)
}
