//! The hunt: strikes at each phase until each has its count, then peace, then the truth.
//!
//! It counts only what store and log prove, and checks every order it ever touched.

use crate::aim::{Range, Sign};
use crate::phase::{Exchange, Operation, PHASES, Phase, of_resolver, of_sender};
use crate::store::Store;
use crate::world::{Struck, World};
use paydesk_proxy::{Fault, Kind, Passed, Trouble, Weather};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What a dead process had written to its socket reaches the proxy's log within this time.
const DUST: Duration = Duration::from_millis(25);

/// One strike in so many at a sender goes at a refund, when there is something to refund.
const REFUND_EVERY: u32 = 4;

/// Payments that are taken undisturbed at the beginning, so that there is something to refund.
const UNDISTURBED: u32 = 4;

/// The longest that doubts may take to end once every fault is off.
const PEACE_PATIENCE: Duration = Duration::from_secs(240);

/// What a process was started for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Errand {
    Charge,
    Refund,
}

/// How many, and how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quota {
    /// Kills in all, each in a phase of its own.
    pub(crate) count: u32,
    /// At least so many in each phase.
    pub(crate) each: u32,
    /// Then it gives up.
    pub(crate) cap: Duration,
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Tally {
    /// Kills by phase.
    pub(crate) by_phase: BTreeMap<Phase, u32>,
    /// Kills of refunds among them.
    pub(crate) refunds: u32,
    /// Killed, but before or after every phase, or undecidable.
    pub(crate) elsewhere: u32,
    /// Ended before the signal came.
    pub(crate) escaped: u32,
    /// Kills by phase and by what struck the last call of the killed process.
    pub(crate) by_fault: BTreeMap<(Phase, Option<Fault>), u32>,
    /// How often each fault struck, whoever was killed.
    pub(crate) struck: BTreeMap<Fault, u64>,
    /// Calls that passed the proxy.
    pub(crate) calls: usize,
    /// What was found broken.
    pub(crate) violations: Vec<String>,
}

impl Tally {
    /// Adds another shop's.
    pub(crate) fn add(&mut self, other: Tally) {
        for (phase, count) in other.by_phase {
            *self.by_phase.entry(phase).or_default() += count;
        }
        for (at, count) in other.by_fault {
            *self.by_fault.entry(at).or_default() += count;
        }
        for (fault, count) in other.struck {
            *self.struck.entry(fault).or_default() += count;
        }
        self.refunds += other.refunds;
        self.elsewhere += other.elsewhere;
        self.escaped += other.escaped;
        self.calls += other.calls;
        self.violations.extend(other.violations);
    }
}

/// The state of a hunt.
pub(crate) struct Hunt<'a> {
    world: &'a World,
    store: &'a Store,
    quota: Quota,
    random: StdRng,
    ranges: BTreeMap<(Phase, Errand), Range>,
    tally: Tally,
    next: u32,
}

impl<'a> Hunt<'a> {
    /// A hunt that has not begun.
    pub(crate) fn new(world: &'a World, store: &'a Store, quota: Quota, seed: u64) -> Self {
        let mut ranges = BTreeMap::new();
        for errand in [Errand::Charge, Errand::Refund] {
            let range = Range::new(Phase::BeforeSend, Sign::Committed(1));
            ranges.insert((Phase::BeforeSend, errand), range);
            let range = Range::new(Phase::Unsettled, Sign::Booked(1));
            ranges.insert((Phase::Unsettled, errand), range);
        }
        let tally = Tally {
            by_phase: PHASES.iter().map(|it| (*it, 0)).collect(),
            ..Tally::default()
        };
        Self {
            world,
            store,
            quota,
            random: StdRng::seed_from_u64(seed),
            ranges,
            tally,
            next: 0,
        }
    }

    /// Strikes until every phase has its count, or the time is over.
    pub(crate) fn run(mut self) -> Result<Tally, Trouble> {
        let began = Instant::now();
        self.watch_undisturbed()?;
        let mut said = 0;
        while !self.is_complete()
            && began.elapsed() < self.quota.cap
            && self.world.found().is_empty()
        {
            if self.wants_resolver() && self.store.is_due()? {
                self.strike_resolver()?;
            }
            if self.is_complete() {
                break;
            }
            match self.wanted_of(&PHASES[..4]) {
                Some(phase) => self.strike_sender(phase)?,
                // Only what needs time is missing: doubts must grow old before they are ended.
                None => self.wait_or_feed()?,
            }
            if self.killed() / 20 > said {
                said = self.killed() / 20;
                eprintln!(
                    "{:5.0} s  {}",
                    began.elapsed().as_secs_f64(),
                    self.summary()
                );
            }
        }
        self.tally.struck = self.world.proxy.struck();
        self.tally.calls = self.world.proxy.count();
        Ok(self.tally)
    }

    /// How long a process takes to its first commit; what it took before is "before begin".
    fn watch_undisturbed(&mut self) -> Result<(), Trouble> {
        let mut shortest = Duration::MAX;
        for _ in 0..UNDISTURBED {
            self.next += 1;
            let words = self.charge_words("00");
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let took = self.world.time_to(&words, Sign::Committed(1))?;
            shortest = shortest.min(took.ok_or("an undisturbed charge committed nothing")?);
        }
        // A process that was killed before its first instructions would prove little.
        let range = Range::wide(Phase::BeforeBegin, Sign::Started, shortest / 4, shortest);
        for errand in [Errand::Charge, Errand::Refund] {
            self.ranges
                .insert((Phase::BeforeBegin, errand), range.clone());
        }
        Ok(())
    }

    /// One process that charges or refunds.
    fn strike_sender(&mut self, wanted: Phase) -> Result<(), Trouble> {
        self.next += 1;
        let is_turn = self.next.is_multiple_of(REFUND_EVERY);
        let refundable = if is_turn {
            self.store.refundable()?
        } else {
            None
        };
        self.fault_for(wanted);
        let (errand, words) = match &refundable {
            Some(order) => (Errand::Refund, self.refund_words(order)),
            None => {
                let digits = self.customer();
                (Errand::Charge, self.charge_words(digits))
            }
        };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let since = self.world.proxy.count();
        let aim = match self.ranges.get(&(wanted, errand)) {
            Some(range) => range.pick(&mut self.random),
            None => None,
        };
        let struck = match aim {
            Some(aim) => self.world.strike(&words, aim, &mut self.random)?,
            None => self.strike_when_asked(&words, since, &[Operation::Send], 300)?,
        };
        let mut phase = None;
        if struck.was_killed {
            std::thread::sleep(DUST);
            let passed = self.world.proxy.passed_since(since);
            let left = match errand {
                Errand::Charge => self.store.payment_of(&self.intent())?,
                Errand::Refund => self.store.refund_of(&self.intent())?,
            };
            phase = of_sender(left.as_ref(), &exchanges(&passed), struck.life);
            self.tally.refunds += u32::from(errand == Errand::Refund && phase.is_some());
            self.count(phase, &passed);
            self.world.judge_death()?;
        } else {
            self.tally.escaped += 1;
        }
        if let (Some(aim), Some(range)) = (aim, self.ranges.get_mut(&(wanted, errand))) {
            range.learn(aim, phase);
        }
        Ok(())
    }

    /// One process that resolves what dead ones left.
    fn strike_resolver(&mut self) -> Result<(), Trouble> {
        let wanted = self.wanted_of(&PHASES[4..]);
        // An ending is reached through queries that are answered; a recovery may be left without answers.
        let scope = if wanted == Some(Phase::Ending) {
            Kind::End
        } else {
            Kind::Query
        };
        let fault = Fault::ALL.choose(&mut self.random).copied();
        let fault = fault.filter(|_| !is_off(&mut self.random));
        self.world
            .proxy
            .set_weather(fault.map_or(Weather::Clear, |it| Weather::Always(it, Some(scope))));
        let before = self.store.unsettled()?;
        let since = self.world.proxy.count();
        let sign: &[Operation] = match wanted {
            Some(Phase::Ending) => &[Operation::End],
            _ => &[Operation::Query, Operation::Send],
        };
        let struck = self.strike_when_asked(&["resolve", "--watch"], since, sign, 40)?;
        if !struck.was_killed {
            self.tally.escaped += 1;
            return Ok(());
        }
        std::thread::sleep(DUST);
        let passed = self.world.proxy.passed_since(since);
        let left = self.store.now_of(&before)?;
        let phase = of_resolver(&left, &exchanges(&passed), struck.life);
        self.count(phase, &passed);
        self.world.judge_death()
    }

    /// Kills a process a random moment after one of the operations has left it.
    fn strike_when_asked(
        &mut self,
        words: &[&str],
        since: usize,
        operations: &[Operation],
        within_ms: u64,
    ) -> Result<Struck, Trouble> {
        let wait = Duration::from_micros(self.random.gen_range(0..within_ms * 1_000));
        let world = self.world;
        world.strike_when(words, wait, || {
            let passed = exchanges(&world.proxy.passed_since(since));
            passed.iter().any(|it| operations.contains(&it.operation))
        })
    }

    /// Faults are always mixed in, but a phase that needs an answer gets one, believable or not.
    fn fault_for(&mut self, wanted: Phase) {
        let fits = |fault: &&Fault| match wanted {
            Phase::Unanswered => fault.is_waiting(),
            Phase::Unsettled => fault.is_answering(),
            Phase::BeforeBegin | Phase::BeforeSend | Phase::Ending | Phase::Recovery => true,
        };
        let fitting: Vec<&Fault> = Fault::ALL.iter().filter(fits).collect();
        let fault = fitting.choose(&mut self.random).copied();
        let is_needed = wanted == Phase::Unanswered;
        let fault = fault.filter(|_| is_needed || !is_off(&mut self.random));
        let weather = fault.map_or(Weather::Clear, |it| Weather::Always(*it, None));
        self.world.proxy.set_weather(weather);
    }

    fn customer(&mut self) -> &'static str {
        // Most pay at once; the others doubt, wait, refuse or answer twice.
        let digits = ["00", "00", "00", "01", "03", "05", "06", "07"];
        digits.choose(&mut self.random).copied().unwrap_or("00")
    }

    fn intent(&self) -> String {
        format!("00000000-0000-4000-8000-{:012}", self.next)
    }

    fn charge_words(&mut self, digits: &str) -> Vec<String> {
        let prefix = if self.random.gen_bool(0.5) {
            "28"
        } else {
            "13"
        };
        let code = format!(
            "{prefix}{:014}{digits}",
            self.random.gen_range(0..100_000_000_000_000_u64)
        );
        // No amount twice, so that no charge is asked about instead of sent.
        let fen = 1_000 + self.next;
        let amount = format!("{}.{:02}", fen / 100, fen % 100);
        [
            "charge",
            "--amount",
            &amount,
            "--code",
            &code,
            "--intent",
            &self.intent(),
        ]
        .map(str::to_owned)
        .to_vec()
    }

    fn refund_words(&self, order: &str) -> Vec<String> {
        let amount = if self.next.is_multiple_of(2) {
            "1.00"
        } else {
            "2.50"
        };
        [
            "refund",
            order,
            "--amount",
            amount,
            "--intent",
            &self.intent(),
        ]
        .map(str::to_owned)
        .to_vec()
    }

    fn wait_or_feed(&mut self) -> Result<(), Trouble> {
        let missing = self.missing(Phase::Ending);
        if missing > 0 && self.store.unsettled()?.len() < usize::try_from(2 * missing)? {
            return self.strike_sender(Phase::BeforeSend);
        }
        std::thread::sleep(Duration::from_millis(100));
        Ok(())
    }

    fn count(&mut self, phase: Option<Phase>, passed: &[Passed]) {
        let Some(phase) = phase else {
            self.tally.elsewhere += 1;
            return;
        };
        *self.tally.by_phase.entry(phase).or_default() += 1;
        let fault = passed.iter().rev().find_map(|it| it.fault);
        *self.tally.by_fault.entry((phase, fault)).or_default() += 1;
    }

    fn killed(&self) -> u32 {
        self.tally.by_phase.values().sum()
    }

    fn missing(&self, phase: Phase) -> u32 {
        self.quota
            .each
            .saturating_sub(self.tally.by_phase.get(&phase).copied().unwrap_or(0))
    }

    fn is_complete(&self) -> bool {
        self.killed() >= self.quota.count && PHASES.iter().all(|it| self.missing(*it) == 0)
    }

    fn wants_resolver(&mut self) -> bool {
        self.wanted_of(&PHASES[4..]).is_some()
    }

    /// The phase that lacks most; with none lacking, any of them while kills are still to be made.
    fn wanted_of(&mut self, phases: &[Phase]) -> Option<Phase> {
        let most = phases.iter().copied().max_by_key(|it| self.missing(*it))?;
        if self.missing(most) > 0 {
            return Some(most);
        }
        let are_all_met = PHASES.iter().all(|it| self.missing(*it) == 0);
        let is_short = are_all_met && self.killed() < self.quota.count;
        is_short
            .then(|| phases.choose(&mut self.random).copied())
            .flatten()
    }

    fn summary(&self) -> String {
        let counts = self
            .tally
            .by_phase
            .iter()
            .map(|(phase, count)| format!("{phase} {count}"));
        counts.collect::<Vec<_>>().join(", ")
    }
}

/// Three processes in ten run without a fault.
fn is_off(random: &mut impl Rng) -> bool {
    random.gen_bool(0.3)
}

/// The calls that say something about a phase.
fn exchanges(passed: &[Passed]) -> Vec<Exchange> {
    let read = |it: &Passed| {
        let operation = match it.call.kind {
            Kind::Pay | Kind::Refund => Operation::Send,
            Kind::Query => Operation::Query,
            Kind::End => Operation::End,
            Kind::Other => return None,
        };
        Some(Exchange {
            reference: it.call.reference.clone()?,
            operation,
            received_ns: it.received_ns,
            answered_ns: it.answered_ns,
        })
    };
    passed.iter().filter_map(read).collect()
}

/// Every fault off, everything that is late arrived, resolvers until no doubt is left, then the ledger against the
/// books. What was broken, and how long the peace took.
pub(crate) fn make_peace(world: &World) -> Result<(Vec<String>, Duration), Trouble> {
    world.proxy.set_weather(Weather::Clear);
    let began = Instant::now();
    let mut left = vec!["the resolver did not end".to_owned()];
    while began.elapsed() < PEACE_PATIENCE && !left.is_empty() {
        let patience = PEACE_PATIENCE.saturating_sub(began.elapsed());
        if world.run_within(&["resolve", "--watch"], patience)? && world.proxy.under_way() == 0 {
            left = world.left_open()?;
        }
        // What was watched or late is looked at again by the next resolver.
        std::thread::sleep(Duration::from_millis(500));
    }
    let took = began.elapsed();
    let mut found = world.found();
    found.extend(left);
    let verified = world.run(&["verify", "--rebuild"])?;
    if !verified.status.success() {
        let words = String::from_utf8_lossy(&verified.stdout).into_owned();
        found.push(format!("verify --rebuild: {words}"));
    }
    Ok((found, took))
}
