//! Many worlds, one after the other and side by side: `paydesk-sim days` and `paydesk-sim regressions`.
//! One process lives one world at a time, pinned to one processor; the parent adds up what they print.

use crate::world::{DiskKind, Ill, Mishap, Outcome, Plan, Signatures, World};
use paydesk_signing::mutants::{Mutant, plant};
use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

/// Every hundredth world signs with RSA on both sides.
const RSA_EVERY: u64 = 100;

/// Seeds that once broke something, each with the days it lived.
const REGRESSIONS: &str = include_str!("../regressions.txt");

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
    /// Tills; drawn when there is none.
    pub tills: Option<usize>,
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
    /// Which share of the worlds this process lives: part and number of parts.
    pub part: Option<(u64, u64)>,
}

impl Default for Wish {
    fn default() -> Wish {
        Wish {
            days: 100,
            seed: 1,
            world_days: 2,
            sales: 60,
            tills: None,
            processes: 2,
            off: BTreeSet::new(),
            without: BTreeSet::new(),
            disk: DiskKind::Honest,
            crashes: true,
            planted: None,
            part: None,
        }
    }
}

impl Wish {
    /// Reads options.
    ///
    /// # Errors
    /// What is not understood.
    pub fn read(options: &[String]) -> Result<Wish, String> {
        let mut wish = Wish::default();
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
                "--days" => wish.days = number()?,
                "--disk" if value == "honest" => wish.disk = DiskKind::Honest,
                "--disk" if value == "lying" => wish.disk = DiskKind::Lying,
                "--off" => wish.switch_off(value)?,
                "--part" => {
                    let parts = value.split_once('/').ok_or(format!("--part {value}"))?;
                    let read = |text: &str| text.parse().map_err(|_| format!("--part {value}"));
                    wish.part = Some((read(parts.0)?, read(parts.1)?));
                }
                "--plant" => wish.planted = Some(planted(value)?),
                "--processes" => wish.processes = number()?.max(1),
                "--sales" => wish.sales = small()?,
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

    /// What is switched off, by name.
    fn switched_off(&self) -> String {
        let ills = self.off.iter().map(|ill| ill.name());
        let names = ills.chain(self.without.iter().map(|it| it.name()));
        names.collect::<Vec<_>>().join(",")
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
            tills: self.tills,
            signatures,
            off: self.off.clone(),
            without: self.without.clone(),
            disk: self.disk,
            crashes: self.crashes,
        }
    }

    /// Lives the worlds. Whether nothing was broken.
    ///
    /// # Errors
    /// A world that cannot begin, a process that says nothing, a run without a fault.
    pub fn run(&self, say: &mut dyn FnMut(&str)) -> Result<bool, String> {
        if let Some((part, of)) = self.part {
            return self.live_part(part, of, say);
        }
        let mut sum = Outcome::default();
        let mut children = Vec::new();
        for part in 0..self.processes {
            children.push(self.child(part)?);
        }
        for mut child in children {
            let output = child.stdout.take().ok_or("a process has no output")?;
            for line in BufReader::new(output).lines() {
                let line = line.map_err(|error| error.to_string())?;
                let outcome: Outcome =
                    serde_json::from_str(&line).map_err(|_| format!("a process said {line}"))?;
                for broken in &outcome.violations {
                    say(&self.words_of(&outcome, broken));
                }
                outcome.told.iter().for_each(|line| say(line));
                sum.add(outcome);
            }
            let ended = child.wait().map_err(|error| error.to_string())?;
            if !ended.success() {
                return Err(format!("a process ended with {ended}"));
            }
        }
        sum.lines().iter().for_each(|line| say(line));
        if sum.faults() == 0 {
            return Err("no fault was injected: that proves nothing".to_owned());
        }
        Ok(sum.violations.is_empty())
    }

    fn words_of(&self, outcome: &Outcome, broken: &str) -> String {
        let calm = if self.crashes { "" } else { " --calm" };
        let tills = self.tills.map(|tills| format!(" --tills {tills}"));
        format!(
            "SEED={} {broken}\n  replay: cargo xtask sim --seed {} --days 1 --world-days {} --sales {} --processes 1{calm}{}",
            outcome.seed,
            outcome.seed,
            self.world_days,
            self.sales,
            tills.unwrap_or_default()
        )
    }

    fn child(&self, part: u64) -> Result<Child, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.arg("days");
        for (option, value) in [
            ("--days", self.days.to_string()),
            ("--seed", self.seed.to_string()),
            ("--world-days", self.world_days.to_string()),
            ("--sales", self.sales.to_string()),
            ("--part", format!("{part}/{}", self.processes)),
            ("--off", self.switched_off()),
        ] {
            command.args([option, &value]);
        }
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
        command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())
    }

    /// Lives its share and prints one document per world.
    fn live_part(&self, part: u64, of: u64, say: &mut dyn FnMut(&str)) -> Result<bool, String> {
        plant(self.planted);
        let mut lived = 0;
        let mut seed = self.seed.saturating_add(part);
        while lived < self.days.div_ceil(of.max(1)) {
            let world = World::new(self.plan(seed)).map_err(|error| error.0)?;
            let outcome = world.live();
            let is_broken = !outcome.violations.is_empty();
            lived = lived.saturating_add(outcome.till_days.max(1));
            say(&serde_json::to_string(&outcome).map_err(|error| error.to_string())?);
            // A planted bug is found once.
            if is_broken && self.planted.is_some() {
                break;
            }
            seed = seed.saturating_add(of.max(1));
        }
        Ok(true)
    }
}

fn planted(name: &str) -> Result<Mutant, String> {
    Mutant::by_name(name).ok_or(format!("--plant {name} is not known"))
}

/// Every seed that once broke something, again.
///
/// # Errors
/// When the list of seeds is empty or cannot be read.
pub fn regressions(say: &mut dyn FnMut(&str)) -> Result<bool, String> {
    let (mut passed, mut failed) = (0, 0);
    for line in REGRESSIONS.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let mut number = || words.next().and_then(|word| word.parse::<u64>().ok());
        let (Some(seed), Some(days)) = (number(), number()) else {
            return Err(format!("regressions.txt: {line} is no seed with its days"));
        };
        let wish = Wish {
            world_days: u32::try_from(days).unwrap_or(1),
            ..Wish::default()
        };
        let outcome = World::new(wish.plan(seed)).map_err(|error| error.0)?.live();
        *if outcome.violations.is_empty() {
            &mut passed
        } else {
            &mut failed
        } += 1;
        let broken = outcome.violations.join("; ");
        say(&format!(
            "seed {seed}, {days} days: {}",
            if broken.is_empty() { "holds" } else { &broken }
        ));
    }
    say(&format!("{passed} passed, {failed} failed"));
    if passed + failed == 0 {
        return Err("regressions.txt names no seed".to_owned());
    }
    Ok(failed == 0)
}
