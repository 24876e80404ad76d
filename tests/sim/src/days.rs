//! Many worlds, one after the other and side by side: `paydesk-sim days` and `paydesk-sim regressions`.
//! One process lives one world at a time, pinned to one processor; the parent hands out seeds and adds up what
//! became of them.

use crate::world::{Channels, DiskKind, Ill, Mishap, Outcome, Plan, Signatures, World};
use crate::{crew, report, shrink};
use paydesk_signing::mutants::{Mutant, plant};
use paydesk_tally::number;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet, ops::ControlFlow, path::PathBuf, process::Command, str::FromStr,
    time::Instant,
};

/// Every hundredth world signs with RSA on both sides.
const RSA_EVERY: u64 = 100;

/// Seeds that once broke something, each with the days it lived, the sales of a till on each, and the channels.
const REGRESSIONS: &str = include_str!("../regressions.txt");

/// Till-days after which a resumed run writes how far it is.
const BATCH: u64 = 400;

/// A run of so many till-days has to meet everything that can be met.
const WHOLE: u64 = 1_000;

/// How far a run is.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct SoFar {
    head: String,
    next_seed: u64,
    pub(crate) seconds: f64,
    pub(crate) sum: Outcome,
}

/// The command that lives a world again.
pub(crate) fn replay(plan: &Plan) -> String {
    let mut command = format!(
        "cargo xtask sim --seed {} --days 1 --world-days {} --sales {} --processes 1",
        plan.seed, plan.days, plan.sales
    );
    if plan.splits > 0 {
        command += &format!(" --splits {}", plan.splits);
    }
    if let Some(tills) = plan.tills {
        command += &format!(" --tills {tills}");
    }
    if plan.channels != Channels::all() {
        command += &format!(" --channels {}", plan.channels);
    }
    if !plan.crashes {
        command += " --calm";
    }
    if plan.disk == DiskKind::Lying {
        command += " --disk lying";
    }
    let off = switched_off(&plan.off, &plan.without);
    if !off.is_empty() {
        command += &format!(" --off '{off}'");
    }
    command
}

/// What is switched off, by name.
fn switched_off(off: &BTreeSet<Ill>, without: &BTreeSet<Mishap>) -> String {
    let ills = off.iter().map(|ill| ill.name());
    let names = ills.chain(without.iter().map(|it| it.name()));
    names.collect::<Vec<_>>().join(",")
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Days of one till, at least.
    pub days: u64,
    /// The first world's seed.
    pub seed: u64,
    /// Days of each world.
    pub world_days: u32,
    /// Sales of each till on each day.
    pub sales: u32,
    /// Sales of a hundred that are taken in parts.
    pub splits: u32,
    /// Tills; drawn when there is none.
    pub tills: Option<usize>,
    /// What every shop takes payments with.
    pub channels: Channels,
    /// Worlds side by side.
    pub processes: u64,
    /// What does not go wrong on the wire.
    pub off: BTreeSet<Ill>,
    /// What does not happen to machines.
    pub without: BTreeSet<Mishap>,
    /// What the disks do.
    pub disk: DiskKind,
    /// Whether machines die.
    pub crashes: bool,
    /// A bug of the store that is planted in every till.
    pub planted: Option<Mutant>,
    /// Where a long run writes how far it is.
    pub resume: Option<PathBuf>,
    /// Where its figures go.
    pub tally: Option<PathBuf>,
    /// How often everything that can be met has to be met.
    pub each: Option<u64>,
    /// Which of the processes side by side this is: it lives what it is asked for on its input.
    pub hand: Option<u64>,
}

impl Default for Wish {
    fn default() -> Wish {
        Wish {
            days: 100,
            seed: 1,
            world_days: 2,
            sales: 60,
            splits: 0,
            tills: None,
            channels: Channels::first_two(),
            processes: 2,
            off: BTreeSet::new(),
            without: BTreeSet::new(),
            disk: DiskKind::Honest,
            crashes: true,
            planted: None,
            resume: None,
            tally: None,
            each: None,
            hand: None,
        }
    }
}

/// A world among many: its seed, its days, the sales of a till on each, and what it is paid with.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Piece {
    seed: u64,
    days: u32,
    sales: u32,
    channels: Channels,
}

impl std::fmt::Display for Piece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Piece {
            seed,
            days,
            sales,
            channels,
        } = self;
        write!(f, "{seed} {days} {sales} {channels}")
    }
}

impl FromStr for Piece {
    type Err = String;

    /// Sales and channels may be left out: then they are the usual ones.
    fn from_str(line: &str) -> Result<Piece, String> {
        let wrong = || format!("{line} is no seed with its days and sales");
        let words: Vec<&str> = line.split_whitespace().collect();
        let (seed, days, sales, channels) = match words.as_slice() {
            [seed, days] => (seed, days, None, None),
            [seed, days, sales] => (seed, days, Some(sales), None),
            [seed, days, sales, channels] => (seed, days, Some(sales), Some(channels)),
            _ => return Err(wrong()),
        };
        let small = |word: &str| word.parse::<u32>().map_err(|_| wrong());
        let usual = Wish::default();
        Ok(Piece {
            seed: seed.parse().map_err(|_| wrong())?,
            days: small(days)?,
            sales: sales.map_or(Ok(usual.sales), |sales| small(sales))?,
            channels: channels.map_or(Ok(usual.channels), |names| names.parse())?,
        })
    }
}

impl Wish {
    /// Reads options.
    ///
    /// # Errors
    /// What is not understood.
    pub fn read(options: &[String]) -> Result<Wish, String> {
        let mut wish = Wish {
            channels: Channels::all(),
            ..Wish::default()
        };
        let mut options = options.iter();
        while let Some(option) = options.next() {
            if option == "--calm" {
                wish.crashes = false;
                continue;
            }
            let value = options.next().ok_or(format!("{option} needs a value"))?;
            let number = || {
                value
                    .parse::<u64>()
                    .map_err(|_| format!("{option} {value}"))
            };
            let small = || u32::try_from(number()?).map_err(|_| format!("{option} {value}"));
            match option.as_str() {
                "--channels" => wish.channels = value.parse()?,
                "--days" => wish.days = number()?,
                "--each-at-least" => wish.each = Some(number()?.max(1)),
                "--disk" if value == "honest" => wish.disk = DiskKind::Honest,
                "--disk" if value == "lying" => wish.disk = DiskKind::Lying,
                "--hand" => wish.hand = Some(number()?),
                "--off" => wish.switch_off(value)?,
                "--plant" => wish.planted = Some(planted(value)?),
                "--processes" => wish.processes = number()?.max(1),
                "--coverage" | "--tally" => wish.tally = Some(PathBuf::from(value)),
                "--resume" => wish.resume = Some(PathBuf::from(value)),
                "--sales" => wish.sales = small()?,
                "--splits" => wish.splits = small()?.min(100),
                "--seed" => wish.seed = number()?,
                "--tills" => wish.tills = Some(usize::try_from(number()?).unwrap_or(1)),
                "--world-days" => wish.world_days = small()?.max(1),
                _ => return Err(format!("{option} is not known")),
            }
        }
        Ok(wish)
    }

    fn switch_off(&mut self, names: &str) -> Result<(), String> {
        for name in names.split(',').filter(|name| !name.is_empty()) {
            let ill = Ill::ALL.iter().copied().find(|ill| ill.name() == name);
            let mishap = Mishap::ALL.iter().copied().find(|it| it.name() == name);
            if ill.is_none() && mishap.is_none() {
                return Err(format!("{name} is nothing that goes wrong here"));
            }
            self.off.extend(ill);
            self.without.extend(mishap);
        }
        Ok(())
    }

    pub(crate) fn plan(&self, seed: u64) -> Plan {
        let signatures = if seed.is_multiple_of(RSA_EVERY) {
            Signatures::Rsa
        } else {
            Signatures::StandIn
        };
        Plan {
            seed,
            days: self.world_days,
            sales: self.sales,
            splits: self.splits,
            tills: self.tills,
            channels: self.channels.clone(),
            signatures,
            off: self.off.clone(),
            without: self.without.clone(),
            disk: self.disk,
            crashes: self.crashes,
        }
    }

    /// Lives the worlds. Whether nothing was broken and nothing that had to be met was missed.
    ///
    /// # Errors
    /// A world that cannot begin, a process that says nothing, a run without a fault, a file of an earlier
    /// run that cannot be read.
    #[allow(
        clippy::disallowed_methods,
        reason = "how fast it lives is no part of any history"
    )]
    pub fn run(&self, say: &mut dyn FnMut(&str)) -> Result<bool, String> {
        if self.hand.is_some() {
            return self.live_what_is_asked(say);
        }
        let mut so_far = self.resumed()?;
        let start = Instant::now();
        let before = so_far.seconds;
        let mut broken = Vec::new();
        while so_far.sum.till_days < self.days {
            let left = self.days - so_far.sum.till_days;
            let days = if self.resume.is_some() {
                left.min(BATCH)
            } else {
                left
            };
            self.batch(days, &mut so_far, &mut broken, say)?;
            so_far.seconds = before + start.elapsed().as_secs_f64();
            self.save(&so_far)?;
            if !broken.is_empty() && self.planted.is_some() {
                break;
            }
        }
        self.conclude(&so_far, &broken, say)
    }

    fn conclude(
        &self,
        so_far: &SoFar,
        broken: &[u64],
        say: &mut dyn FnMut(&str),
    ) -> Result<bool, String> {
        let sum = &so_far.sum;
        let tally = report::tally(self, so_far);
        sum.lines().iter().for_each(|line| say(line));
        let speed = number(sum.till_days) / so_far.seconds.max(0.001);
        say(&format!(
            "till-days a second   {speed:.2}, {:.0} s",
            so_far.seconds
        ));
        say(&format!("commit               {}", tally.commit));
        report::table(sum, say);
        let missed = self.missed(sum)?;
        let word = self.each.map_or("NEVER MET", |_| "TOO RARELY MET");
        missed
            .iter()
            .for_each(|cell| say(&format!("{word} {cell}")));
        for cell in report::unlisted(sum)? {
            say(&format!("MET, AND NOT IN coverage.txt: {cell}"));
        }
        if let Some(file) = &self.tally {
            tally.write(file)?;
        }
        if sum.faults() == 0 && self.crashes {
            return Err("no fault was injected: that proves nothing".to_owned());
        }
        if self.disk == DiskKind::Lying {
            let what = "a disk that says it has synced and has not: no program can hold against it";
            say(&format!("{what}; {} worlds showed it", broken.len()));
            return Ok(!broken.is_empty());
        }
        if let Some(seed) = broken.first().filter(|_| self.planted.is_none()) {
            self.shrink(*seed, say);
        }
        Ok(sum.violations.is_empty() && missed.is_empty())
    }

    /// What had to be met in so many days and was not.
    fn missed(&self, sum: &Outcome) -> Result<Vec<String>, String> {
        let is_whole = self.off.is_empty()
            && self.without.is_empty()
            && self.crashes
            && self.planted.is_none()
            && self.disk == DiskKind::Honest;
        if self.each.is_none() && (!is_whole || sum.till_days < WHOLE) {
            return Ok(Vec::new());
        }
        report::missed(sum, self.each)
    }

    fn batch(
        &self,
        days: u64,
        so_far: &mut SoFar,
        broken: &mut Vec<u64>,
        say: &mut dyn FnMut(&str),
    ) -> Result<(), String> {
        let mut pieces = Vec::new();
        let mut planned = 0_u64;
        while planned < days {
            let plan = self.plan(so_far.next_seed);
            planned = planned.saturating_add(plan.till_days());
            pieces.push(self.piece(plan.seed).to_string());
            so_far.next_seed = so_far.next_seed.saturating_add(1);
        }
        let command = |number| self.hand(number);
        crew::share(self.processes, &command, &pieces, &mut |line| {
            let outcome = read_outcome(line)?;
            let is_broken = !outcome.violations.is_empty();
            if is_broken {
                broken.push(outcome.seed);
            }
            for violation in &outcome.violations {
                say(&format!("SEED={} {violation}", outcome.seed));
                say(&format!("  replay: {}", replay(&self.plan(outcome.seed))));
            }
            outcome.told.iter().for_each(|line| say(line));
            so_far.sum.add(outcome);
            // A planted bug is found once.
            Ok(if is_broken && self.planted.is_some() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })
    }

    fn piece(&self, seed: u64) -> Piece {
        Piece {
            seed,
            days: self.world_days,
            sales: self.sales,
            channels: self.channels.clone(),
        }
    }

    fn shrink(&self, seed: u64, say: &mut dyn FnMut(&str)) {
        say(&format!("seed {seed}: looking for a smaller world"));
        match shrink::shrink(&self.plan(seed)) {
            None => say("it is not broken again: the history of this seed is not one"),
            Some(smallest) => {
                say(&format!("smallest of {} worlds:", smallest.tried));
                say(&format!("  {}", replay(&smallest.plan)));
                let found = smallest
                    .outcome
                    .violations
                    .iter()
                    .chain(&smallest.outcome.told);
                found.for_each(|line| say(&format!("  {line}")));
            }
        }
    }

    /// What has to be the same to go on with a run.
    fn head(&self) -> String {
        let mut first = self.plan(0);
        first.signatures = Signatures::StandIn;
        format!("{first:?} seed {} planted {:?}", self.seed, self.planted)
    }

    fn resumed(&self) -> Result<SoFar, String> {
        let fresh = SoFar {
            head: self.head(),
            next_seed: self.seed,
            ..SoFar::default()
        };
        let Some(file) = &self.resume else {
            return Ok(fresh);
        };
        let wrong = |why: &str| format!("{}: {why}", file.display());
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(fresh),
            Err(error) => return Err(wrong(&error.to_string())),
        };
        let so_far: SoFar = serde_json::from_str(&text).map_err(|_| wrong("cannot be read"))?;
        if so_far.head != fresh.head {
            return Err(wrong(&format!("is of another run: {}", so_far.head)));
        }
        Ok(so_far)
    }

    fn save(&self, so_far: &SoFar) -> Result<(), String> {
        let Some(file) = &self.resume else {
            return Ok(());
        };
        let text = serde_json::to_string(so_far).map_err(|error| error.to_string())?;
        let new = file.with_extension("new");
        let written = std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, file));
        written.map_err(|error| format!("{}: {error}", file.display()))
    }

    /// A process that lives worlds of this kind.
    fn hand(&self, number: u64) -> Result<Command, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command
            .args(["days", "--hand", &number.to_string()])
            .args(["--splits", &self.splits.to_string()])
            .args(["--off", &switched_off(&self.off, &self.without)]);
        if let Some(tills) = self.tills {
            command.args(["--tills", &tills.to_string()]);
        }
        if !self.crashes {
            command.arg("--calm");
        }
        if self.disk == DiskKind::Lying {
            command.args(["--disk", "lying"]);
        }
        if let Some(mutant) = self.planted {
            command.args(["--plant", mutant.name()]);
        }
        Ok(command)
    }

    /// Lives the worlds that its input names and prints one document for each.
    fn live_what_is_asked(&self, say: &mut dyn FnMut(&str)) -> Result<bool, String> {
        plant(self.planted);
        let mut live = |line: &str| {
            let Piece {
                seed,
                days,
                sales,
                channels,
            } = line.parse()?;
            let wish = Wish {
                world_days: days,
                sales,
                channels,
                ..self.clone()
            };
            let world = World::new(wish.plan(seed)).map_err(|error| error.0)?;
            serde_json::to_string(&world.live()).map_err(|error| error.to_string())
        };
        crew::serve(&mut live, say)?;
        Ok(true)
    }
}

fn read_outcome(line: &str) -> Result<Outcome, String> {
    serde_json::from_str(line).map_err(|_| format!("a process said {line}"))
}

fn planted(name: &str) -> Result<Mutant, String> {
    Mutant::by_name(name).ok_or(format!("--plant {name} is not known"))
}

/// Bits that turn in the closed databases of one world, one at a time: found, or without effect.
///
/// # Errors
/// A world that cannot begin; a run that turned no bit, or of which nothing was found.
pub fn rot(seed: u64, bits: u64, say: &mut dyn FnMut(&str)) -> Result<bool, String> {
    let world = World::new(Wish::default().plan(seed)).map_err(|error| error.0)?;
    let outcome = world.rot_after(bits);
    let turned: u64 = outcome.rot.values().sum();
    say(&format!("{turned} bits turned"));
    for (found, count) in &outcome.rot {
        say(&format!("  {found:36} {count}"));
    }
    outcome.violations.iter().for_each(|found| say(found));
    if outcome.rot.len() < 2 {
        return Err("nothing was found: that proves nothing".to_owned());
    }
    Ok(outcome.violations.is_empty())
}

/// Every seed that once broke something, again.
///
/// # Errors
/// When the list of seeds is empty or cannot be read.
pub fn regressions(say: &mut dyn FnMut(&str)) -> Result<bool, String> {
    let lines = REGRESSIONS.lines().filter(|line| !line.starts_with('#'));
    let pieces = lines
        .map(|line| line.parse::<Piece>())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|why| format!("regressions.txt: {why}"))?;
    if pieces.is_empty() {
        return Err("regressions.txt names no seed".to_owned());
    }
    let work: Vec<String> = pieces.iter().map(ToString::to_string).collect();
    let wish = Wish::default();
    let (mut told, mut failed) = (pieces.iter(), 0_usize);
    let command = |number| wish.hand(number);
    crew::share(wish.processes, &command, &work, &mut |line| {
        let outcome = read_outcome(line)?;
        let broken = outcome.violations.join("; ");
        failed += usize::from(!broken.is_empty());
        let words = if broken.is_empty() { "holds" } else { &broken };
        if let Some(Piece {
            seed,
            days,
            sales,
            channels,
        }) = told.next()
        {
            say(&format!(
                "seed {seed}, {days} days of {sales} sales by {channels}: {words}"
            ));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let passed = work.len() - failed;
    say(&format!("{passed} passed, {failed} failed"));
    Ok(failed == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_among_many_is_read_as_it_was_written() {
        let piece = Piece {
            seed: 7,
            days: 2,
            sales: 9,
            channels: Channels::all(),
        };
        assert_eq!(piece.to_string().parse(), Ok(piece));
        let usual = "7 2".parse::<Piece>().unwrap();
        assert_eq!(usual.sales, Wish::default().sales);
        assert_eq!(usual.channels, Channels::first_two());
        for wrong in ["", "7", "7 x", "7 2 -1", "7 2 9 1", "7 2 9 all 1"] {
            assert!(wrong.parse::<Piece>().is_err(), "{wrong}");
        }
    }
}
