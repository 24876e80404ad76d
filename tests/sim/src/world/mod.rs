//! A world of tills, people, channels and weather, all from one seed, audited at every commit.
//!
//! A day is a rush with everything going wrong, then a night in which the world heals and every doubt has to
//! be decided. The production desk, connectors and store run in it; the sandbox's ledger is what is true.

mod bench;
mod browser;
mod channels;
mod coverage;
mod disturb;
mod ether;
mod explain;
mod keys;
mod mishap;
mod morning;
mod outcome;
mod people;
mod rot;
mod says;
mod secrets;
mod split;
mod till;
mod weather;
mod wire;

pub use channels::Channels;
pub use keys::Signatures;
pub use mishap::Mishap;
pub use outcome::Outcome;
pub use weather::Ill;

use crate::planted::notices;
use crate::{
    disk::{Counters, Model, held},
    executor::{Executor, SimClock, SimTasks, Stopped},
    patience::Patience,
    rng::Rng,
};
use bench::{Bench, KeyWitness, LedgerOracle};
use ether::{Ether, moment_of};
use keys::Keyring;
use paydesk_auditor::{Auditor, Violation};
use paydesk_desk::{
    channel_day,
    ports::{Clock as _, Store as _, Tasks},
};
use paydesk_domain::ChannelDay;
use paydesk_sandbox::{Offline, OfflineKeys, Rhythm};
use people::{Notes, check_everything, decide_all};
use secrets::Secrets;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};
use till::{Till, beginning};
use weather::Weather;

/// No day takes so much of a processor, not even unoptimised.
const DAY_MAX: Duration = Duration::from_secs(150);

/// How the process of a world that stands still ends.
const STANDS_STILL: i32 = 75;

/// How many exchanges in a million go wrong during a rush.
const ILL_PARTS: u32 = 160_000;

/// The longest way of a late request or payment, and the watch after it.
const LATE: Duration = Duration::from_secs(16 * 60);

/// Watches end while the weather is still bad, and are looked at a few times.
const EVENING: Duration = Duration::from_secs(40);

/// Stretches of a rush between two disturbances; a day takes about twenty.
const STRETCHES_MAX: u32 = 2_000;

/// A watch that began while the clock ran a day ahead lasts until that day; whatever is open after that is
/// never decided (INV7).
const REST: Duration = Duration::from_secs(9 * 3_600);

/// Healed stretches of `LATE`, then of `REST`. A call that Stripe answered with a fault is answered so for a day, under
/// the name that makes it one call; only after that is it known not to have been done.
const NIGHTS_MAX: u32 = 8;

const DAY_MS: i64 = 86_400_000;

/// Nobody's night is shorter.
const NIGHT_MS: i64 = 6 * 3_600_000;

/// Half past ten in China, in UTC: the bills of the day before are there.
const MORNING_MS: i64 = 9_000_000;

/// Boots that may die one after the other before the disk is left alone.
const DEATHS_MAX: u32 = 4;

/// What a world is made of.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Everything follows from it.
    pub seed: u64,
    /// Days.
    pub days: u32,
    /// Sales of each till on each day.
    pub sales: u32,
    /// Sales of a hundred that are taken in parts.
    pub splits: u32,
    /// Tills; drawn when there is none.
    pub tills: Option<usize>,
    /// What every shop takes payments with.
    pub channels: Channels,
    /// Real signatures or stand-ins.
    pub signatures: Signatures,
    /// What does not go wrong on the wire.
    pub off: BTreeSet<Ill>,
    /// What does not happen to machines.
    pub without: BTreeSet<Mishap>,
    /// Whether anything happens to machines at all.
    pub crashes: bool,
    /// What the disks do.
    pub disk: DiskKind,
}

impl Plan {
    /// How many tills there are.
    pub(crate) fn tills(&self) -> usize {
        let drawn = || 1 + Rng::new(self.seed).branch(6).place(4);
        self.tills.unwrap_or_else(drawn)
    }

    /// How many till-days are lived when nothing is broken.
    pub(crate) fn till_days(&self) -> u64 {
        let tills = u64::try_from(self.tills()).unwrap_or(u64::MAX);
        u64::from(self.days).saturating_mul(tills)
    }
}

/// What kind of disk the tills have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DiskKind {
    /// A sync that says yes has synced.
    Honest,
    /// Some syncs say yes and do nothing: a labelled variant, against which no program can hold.
    Lying,
}

/// A world.
pub struct World {
    plan: Plan,
    executor: Executor,
    clock: Arc<SimClock>,
    outside: Arc<SimTasks>,
    ether: Arc<Ether>,
    bench: Arc<Bench>,
    tills: Vec<Till>,
    notes: Vec<Arc<Mutex<Notes>>>,
    /// What a till's planned death takes with it, while one is planned.
    planned: BTreeMap<usize, Death>,
    /// Whose next boot has a clock that is years away, with what decides how far.
    years_off: BTreeMap<usize, u64>,
    /// Copies of folders as they were once.
    copies: BTreeMap<usize, Model>,
    /// The first day of the channels whose bills were not looked at.
    unbilled: Option<ChannelDay>,
    /// How many findings are in the outcome already.
    reported: usize,
    rng: Rng,
    outcome: Outcome,
}

/// How a machine ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Death {
    Kill,
    PowerCut,
    Quit,
}

/// A world that cannot even begin.
#[derive(Debug)]
pub struct NoWorld(pub String);

impl<E: std::fmt::Display> From<E> for NoWorld {
    fn from(error: E) -> NoWorld {
        NoWorld(error.to_string())
    }
}

impl World {
    /// A world before its first day.
    ///
    /// # Errors
    /// When keys or runtime cannot be made.
    pub fn new(plan: Plan) -> Result<World, NoWorld> {
        crate::disk::pin_randomness(plan.seed);
        secrets::listen();
        let rng = Rng::new(plan.seed);
        let start = beginning(plan.seed);
        let mut executor = Executor::new(rng.branch(1).next(), start)?;
        let clock = executor.clock();
        let process = executor.start_process();
        let outside = executor.tasks(process);
        let issued = match plan.signatures {
            Signatures::Rsa => OfflineKeys::rsa(plan.seed)?,
            Signatures::StandIn => OfflineKeys::stand_in(plan.seed),
        };
        let offline = Offline::new(rng.branch(2).next(), Rhythm::default(), &issued);
        let offline = Arc::new(offline);
        let oracle = Arc::new(LedgerOracle::default());
        let true_clock = Arc::clone(&clock);
        oracle.is_at(Arc::clone(&offline), move || moment_of(&true_clock));
        let mut data = [0; 32];
        let halves = [rng.branch(3).bytes(), rng.branch(4).bytes()].concat();
        data.copy_from_slice(halves.get(..32).unwrap_or(&[0; 32]));
        let keyring = |_: usize| {
            Keyring::new(
                issued.merchant(),
                &plan.channels,
                plan.signatures,
                data,
                start,
            )
            .map(Arc::new)
        };
        let witness = Arc::new(KeyWitness(keyring(0)?));
        let bench = Arc::new(Bench::new(Auditor::new(witness, oracle)));
        let weather = Weather::new(rng.branch(5), plan.off.clone());
        let ether = Arc::new(Ether::new(
            offline,
            Arc::clone(&clock),
            Arc::clone(&outside),
            Arc::clone(&bench),
            weather,
            plan.channels.clone(),
            Secrets::of_shop(issued.merchant(), &data),
        ));
        let mut tills = Vec::new();
        for number in 0..plan.tills() {
            let seed = rng.branch(100 + u64::try_from(number).unwrap_or(0)).next();
            tills.push(Till::new(
                number,
                &executor,
                seed,
                keyring(number)?,
                issued.merchant(),
                Arc::clone(&ether),
                Arc::clone(&bench),
            ));
        }
        Ok(World {
            notes: tills.iter().map(|_| Arc::default()).collect(),
            rng: rng.branch(7),
            planned: BTreeMap::new(),
            years_off: BTreeMap::new(),
            copies: BTreeMap::new(),
            unbilled: channel_day(clock.truth()),
            reported: 0,
            outcome: Outcome {
                seed: plan.seed,
                ..Outcome::default()
            },
            plan,
            executor,
            clock,
            outside,
            ether,
            bench,
            tills,
        })
    }

    /// Lives every day of the plan, or until something is broken.
    #[must_use]
    pub fn live(mut self) -> Outcome {
        let seed = self.plan.seed;
        let _patience = Patience::of(DAY_MAX * self.plan.days, move |why| {
            eprintln!("SEED={seed} stands still: something {why}");
            std::process::exit(STANDS_STILL);
        });
        self.live_days();
        self.hear_notices();
        self.close()
    }

    fn live_days(&mut self) {
        for day in 1..=self.plan.days {
            self.rush(day);
            // What a lying disk breaks is shown; a torn file has no quiet night.
            if self.plan.disk == DiskKind::Lying && self.is_broken(day) {
                break;
            }
            self.evening();
            self.night();
            self.look_for_secrets();
            self.outcome.till_days += u64::try_from(self.tills.len()).unwrap_or(0);
            if self.is_broken(day) {
                break;
            }
            self.until_tomorrow();
            self.morning();
            if self.is_broken(day) {
                break;
            }
        }
    }

    /// What the channels tell by themselves, through the production decoders: nothing listens yet.
    fn hear_notices(&mut self) {
        self.ether.row("Q20");
        match notices::told(self.plan.seed) {
            Ok(found) => self.outcome.violations.extend(found),
            Err(why) => self.outcome.violations.push(why),
        }
    }

    /// Whether anything was found by now; then it is told.
    fn is_broken(&mut self, day: u32) -> bool {
        let found = self.bench.found();
        let new = found.iter().skip(self.reported);
        let broken = new.map(|violation: &Violation| format!("day {day}: {violation}"));
        self.outcome.violations.extend(broken);
        self.reported = found.len();
        if self.outcome.violations.is_empty() {
            return false;
        }
        self.explain();
        true
    }

    /// Customers, faults and deaths.
    fn rush(&mut self, day: u32) {
        self.ether.set_weather(ILL_PARTS);
        let until = u64::from(self.plan.sales) * u64::from(day);
        for till in 0..self.tills.len() {
            self.open(till);
            self.staff(till, until);
        }
        for _ in 0..STRETCHES_MAX {
            let notes = self.notes.clone();
            let pause = Duration::from_millis(5_000 + self.rng.below(90_000));
            let stopped = self.executor.run_until(pause, || {
                notes.iter().all(|notes| held(notes).sales >= until)
            });
            match stopped {
                Stopped::Condition => return,
                Stopped::Died(process) => self.died(process, until),
                Stopped::Deadline | Stopped::Idle => self.disturb(until),
            }
            if !self.bench.found().is_empty() || !self.outcome.violations.is_empty() {
                return;
            }
        }
        let why = format!("day {day}: the rush never ended");
        self.outcome.violations.push(why);
    }

    /// The shop is closed, machines are left alone, and the weather is as bad as before: watches end in it.
    fn evening(&mut self) {
        self.leave_machines_alone();
        for till in &mut self.tills {
            till.shut_down(&mut self.executor);
        }
        self.pass(LATE);
        for number in 0..self.tills.len() {
            self.open_healed(number);
            let Some(open) = self.tills.get(number).and_then(|till| till.open.first()) else {
                continue;
            };
            let (desk, rng) = (Arc::clone(&open.desk), Rng::new(self.rng.next()));
            let checking = async move { check_everything(&desk, rng).await };
            self.executor.spawn(open.process.id, checking);
        }
        self.let_run(EVENING);
    }

    /// Nobody dies any more, clocks are right, disks do what they are asked.
    fn leave_machines_alone(&mut self) {
        self.planned.clear();
        self.years_off.clear();
        let usual = self.usual_faults();
        for till in &self.tills {
            till.machine.disk().heal();
            till.machine.disk().set_faults(usual);
            let clock = till.machine.clock();
            clock.shift(-clock.offset_ms());
        }
    }

    /// The world heals; every doubt is decided, every late payment too, or it never will be.
    fn night(&mut self) {
        self.ether.set_weather(0);
        self.ether.offline().set_replica_lag(0);
        self.ether.refunds_end_well(true);
        self.leave_machines_alone();
        self.let_run(Duration::from_secs(60));
        for night in 0..NIGHTS_MAX {
            self.let_run(Duration::from_secs(30));
            self.decide();
            self.let_run(Duration::from_secs(60));
            // What went astray in the evening has not arrived before the first of them is over.
            if night > 0 && self.is_quiet() {
                break;
            }
            // Nobody is there: the programs are closed, late things arrive.
            for till in &mut self.tills {
                till.shut_down(&mut self.executor);
            }
            self.pass(if night < 2 { LATE } else { REST });
            for till in 0..self.tills.len() {
                self.open_healed(till);
            }
        }
        for till in &self.tills {
            let (bench, number) = (Arc::clone(&self.bench), till.number);
            self.executor
                .outside(async move { bench.quiet(number).await });
        }
        let bench = Arc::clone(&self.bench);
        self.executor
            .outside(async move { bench.nothing_lost().await });
    }

    /// Runs a healed world; whoever still dies of an earlier plan comes back.
    fn let_run(&mut self, time: Duration) {
        let end = self.executor.elapsed() + time;
        while let Some(left) = end.checked_sub(self.executor.elapsed())
            && !left.is_zero()
        {
            if let Stopped::Died(process) = self.executor.run_for(left)
                && let Some(till) = self.till_of(process)
            {
                self.end(till, Death::PowerCut);
                self.open_healed(till);
            }
        }
    }

    /// Time goes by although nobody may be there who waits for it.
    fn pass(&mut self, time: Duration) {
        let clock = Arc::clone(&self.clock);
        self.outside
            .spawn(Box::pin(async move { clock.sleep(time).await }));
        self.executor.run_for(time);
    }

    fn open_healed(&mut self, number: usize) {
        let Some(till) = self.tills.get_mut(number) else {
            return;
        };
        if let Err(error) = till.boot(&mut self.executor) {
            let why = format!("till {number} does not open in a healed world: {error}");
            self.outcome.violations.push(why);
        }
    }

    /// A manager decides about all late money.
    fn decide(&mut self) {
        for (till, notes) in self.tills.iter().zip(&self.notes) {
            let Some(open) = till.open.first().cloned() else {
                continue;
            };
            let give_back = self.rng.happens(500_000);
            let deciding = async move { decide_all(&open.desk, give_back).await };
            let decided = self.executor.finish(open.process.id, deciding);
            held(notes).decided += decided.unwrap_or(0);
        }
    }

    fn is_quiet(&mut self) -> bool {
        let mut is_quiet = true;
        for till in &self.tills {
            let Some(open) = till.open.first().cloned() else {
                return false;
            };
            let id = open.process.id;
            let work = self
                .executor
                .finish(id, async move { open.process.store.open_work().await });
            is_quiet &= matches!(work, Ok(Ok(work)) if work.is_empty());
        }
        is_quiet
    }

    /// Until half past ten of the next day by the channels' clock, when every bill is there.
    fn until_tomorrow(&mut self) {
        for number in 0..self.tills.len() {
            if let Some(till) = self.tills.get_mut(number) {
                till.shut_down(&mut self.executor);
            }
            if self.rng.happens(500_000) {
                self.copy_folder(number);
            }
        }
        let since = (self.clock.truth().0 - MORNING_MS).rem_euclid(DAY_MS);
        let mut wait = DAY_MS - since;
        if wait < NIGHT_MS {
            wait += DAY_MS;
        }
        self.pass(Duration::from_millis(u64::try_from(wait).unwrap_or(0)));
        for number in 0..self.tills.len() {
            self.open_healed(number);
        }
        self.let_run(Duration::from_secs(5));
    }

    fn close(mut self) -> Outcome {
        let mut counters = Counters::default();
        let mut hash = self.executor.hash();
        for till in &mut self.tills {
            till.shut_down(&mut self.executor);
            counters.add(&till.machine.disk().counters());
            hash = hash.rotate_left(13) ^ till.machine.disk().hash();
        }
        for notes in &self.notes {
            let notes = held(notes).clone();
            self.outcome.sales += notes.sales;
            self.outcome.refused += notes.refused;
            self.outcome.tried_again += notes.tried_again;
            self.outcome.refunds += notes.refunds;
            self.outcome.refunds_refused += notes.refunds_refused;
            self.outcome.double_clicks += notes.double_clicks;
            self.outcome.old_pictures += notes.old_pictures;
            self.outcome.pages += notes.pages;
            self.outcome.decided += notes.decided;
            self.outcome.parts += notes.parts;
            self.outcome.split += notes.split;
        }
        self.outcome.calls = self.ether.calls();
        let struck = self.ether.struck();
        self.outcome.ills = struck
            .into_iter()
            .map(|(ill, count)| (ill.name().to_owned(), count))
            .collect();
        let signatures = match self.plan.signatures {
            Signatures::Rsa => "worlds with RSA signatures",
            Signatures::StandIn => "worlds with stand-in signatures",
        };
        self.outcome.worlds = BTreeMap::from([(signatures.to_owned(), 1)]);
        self.outcome.audits = self.bench.audits();
        self.outcome.disk = counters
            .all()
            .into_iter()
            .map(|(name, count)| (name.to_owned(), count))
            .collect();
        self.outcome.hash = hash;
        self.count_coverage();
        self.outcome
    }
}
