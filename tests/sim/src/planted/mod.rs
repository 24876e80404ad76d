//! Planted bugs: each is looked for until a named promise is seen broken, on a seed where the unchanged build
//! keeps them all. The seeds that were found stand in `mutants.txt`, so that a short run lives one world for each.
//!
//! It never makes a bug louder, nor tells the auditor where to look.
#![allow(
    clippy::disallowed_methods,
    reason = "it measures how long its own work takes"
)]

mod found;
pub(crate) mod notices;
mod verdict;
mod ways;

use crate::crew;
use found::Found;
use paydesk_signing::mutants::Mutant;
use paydesk_tally::Tally;
use std::{
    collections::BTreeMap, ops::ControlFlow, path::PathBuf, process::Command, time::Instant,
};
use verdict::{Search, Verdict};

/// Till-days after which a bug that nobody saw is a survivor.
const DAYS_MAX: u64 = 1_000;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Till-days to look at most, for each bug.
    days: u64,
    /// The seed that a search begins with.
    seed: u64,
    /// Looks anew, whatever was found before.
    hunts: bool,
    /// This bug alone.
    only: Option<Mutant>,
    /// Processes side by side.
    processes: u64,
    /// Where the seeds that a search found are written.
    write: Option<PathBuf>,
    /// Where what it came to is written, for the report.
    tally: Option<PathBuf>,
    /// Which of the processes side by side this is: it looks for what it is asked for on its input.
    pub hand: Option<u64>,
}

impl Wish {
    /// Reads options.
    ///
    /// # Errors
    /// What is not understood.
    pub fn read(options: &[String]) -> Result<Wish, String> {
        let mut wish = Wish {
            days: DAYS_MAX,
            seed: 1,
            hunts: false,
            only: None,
            processes: 2,
            write: None,
            tally: None,
            hand: None,
        };
        let mut options = options.iter();
        while let Some(option) = options.next() {
            if option == "--hunt" {
                wish.hunts = true;
                continue;
            }
            let value = options.next().ok_or(format!("{option} needs a value"))?;
            let wrong = || format!("{option} {value}");
            let number = |text: &str| text.parse::<u64>().map_err(|_| wrong());
            match option.as_str() {
                "--days" => wish.days = number(value)?.max(1),
                "--hand" => wish.hand = Some(number(value)?),
                "--only" => wish.only = Some(Mutant::by_name(value).ok_or_else(wrong)?),
                "--processes" => wish.processes = number(value)?.max(1),
                "--seed" => wish.seed = number(value)?,
                "--tally" => wish.tally = Some(PathBuf::from(value)),
                "--write" => wish.write = Some(PathBuf::from(value)),
                _ => return Err(format!("{option} is not known")),
            }
        }
        Ok(wish)
    }

    /// Looks for every bug and prints the table. Whether each was killed.
    ///
    /// # Errors
    /// A list of seeds that cannot be read, a process that says nothing.
    pub fn run(&self, say: &mut dyn FnMut(&str)) -> Result<bool, String> {
        let found = found::read()?;
        let begun = Instant::now();
        if self.hand.is_some() {
            return self.look_for_what_is_asked(&found, say);
        }
        let names: Vec<String> = self.wanted().map(|it| it.name().to_owned()).collect();
        let mut verdicts = BTreeMap::new();
        let command = |number| self.hand(number);
        crew::share(self.processes, &command, &names, &mut |line| {
            let verdict: Verdict =
                serde_json::from_str(line).map_err(|_| format!("a process said {line}"))?;
            let mutant = verdict.mutant()?;
            if !verdict.is_killed(mutant) {
                say(&verdict.complaint(mutant));
            }
            verdicts.insert(mutant, verdict);
            Ok(ControlFlow::Continue(()))
        })?;
        verdict::table(&verdicts).iter().for_each(|line| say(line));
        if let Some(file) = &self.write {
            found::write(file, found, &verdicts)?;
        }
        let wanted = self.wanted().count();
        let killed = verdicts
            .iter()
            .filter(|(mutant, verdict)| verdict.is_killed(**mutant))
            .count();
        let lacking = wanted.saturating_sub(killed);
        if let Some(file) = &self.tally {
            let hunts = if self.hunts { " --hunt" } else { "" };
            let mut tally = Tally::new("mutants", &format!("cargo xtask mutants{hunts}"));
            verdict::count(&mut tally, &verdicts);
            let held = lacking == 0 && wanted > 0;
            tally.count("mutants", wanted).count("found", killed);
            tally.end(begun.elapsed(), held).write(file)?;
        }
        say(&format!("{killed} passed, {lacking} failed"));
        Ok(lacking == 0 && wanted > 0)
    }

    fn wanted(&self) -> impl Iterator<Item = Mutant> {
        let all = Mutant::ALL.iter().copied();
        all.filter(|mutant| self.only.is_none_or(|only| only == *mutant))
    }

    /// A process that looks for bugs in this way.
    fn hand(&self, number: u64) -> Result<Command, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command
            .args(["mutants", "--hand", &number.to_string()])
            .args(["--days", &self.days.to_string()])
            .args(["--seed", &self.seed.to_string()]);
        if self.hunts {
            command.arg("--hunt");
        }
        Ok(command)
    }

    /// Looks for the bugs that its input names and prints one document for each.
    fn look_for_what_is_asked(
        &self,
        found: &BTreeMap<Mutant, Found>,
        say: &mut dyn FnMut(&str),
    ) -> Result<bool, String> {
        let mut search = Search::default();
        let mut look = |name: &str| {
            let mutant = Mutant::by_name(name).ok_or(format!("{name} is no planted bug"))?;
            let verdict = match found.get(&mutant).filter(|_| !self.hunts) {
                Some(found) => search.again(mutant, found, self.days)?,
                None => search.hunt(mutant, self.seed, self.days)?,
            };
            serde_json::to_string(&verdict).map_err(|error| error.to_string())
        };
        crew::serve(&mut look, say)?;
        Ok(true)
    }
}
