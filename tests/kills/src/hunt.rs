//! The hunt: strikes at each phase until each has its count, then peace, then the truth.
//!
//! It counts only what store and log prove, and checks every order it ever touched.

use crate::aim::{Range, Sign};
use crate::audit::{Violation, audit, order_of};
use crate::control::Trouble;
use crate::phase::{Exchange, Operation, PHASES, Phase, of_resolver, of_sender};
use crate::sandbox::{self, ANSWERING, FAULTS, Scope};
use crate::store::Store;
use crate::world::{Struck, World};
use rand::Rng;
use rand::rngs::ThreadRng;
use rand::seq::SliceRandom;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// What a dead process had written to its socket reaches the sandbox's log within this time.
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
pub(crate) struct Quota {
    /// Kills in all, each in a phase of its own.
    pub(crate) count: u32,
    /// At least so many in each phase.
    pub(crate) each: u32,
    /// Then it gives up.
    pub(crate) cap: Duration,
}

/// What came of it.
pub(crate) struct Tally {
    /// Kills by phase.
    pub(crate) by_phase: BTreeMap<Phase, u32>,
    /// Kills of refunds among them.
    pub(crate) refunds: u32,
    /// Killed, but before or after every phase, or undecidable.
    pub(crate) elsewhere: u32,
    /// Ended before the signal came.
    pub(crate) escaped: u32,
    /// The order of every kill in a phase; several kills may fall on one order, or on none.
    pub(crate) orders: Vec<Option<String>>,
}

/// The state of a hunt.
pub(crate) struct Hunt<'a> {
    world: &'a World,
    store: &'a Store,
    quota: Quota,
    random: ThreadRng,
    ranges: BTreeMap<(Phase, Errand), Range>,
    tally: Tally,
    next: u32,
    logged: u64,
}

impl<'a> Hunt<'a> {
    /// A hunt that has not begun.
    pub(crate) fn new(world: &'a World, store: &'a Store, quota: Quota) -> Self {
        let mut ranges = BTreeMap::new();
        for errand in [Errand::Charge, Errand::Refund] {
            let range = Range::new(Phase::BeforeSend, Sign::Committed(1));
            ranges.insert((Phase::BeforeSend, errand), range);
            let range = Range::new(Phase::Unsettled, Sign::Booked(1));
            ranges.insert((Phase::Unsettled, errand), range);
        }
        let tally = Tally {
            by_phase: PHASES.iter().map(|it| (*it, 0)).collect(),
            refunds: 0,
            elsewhere: 0,
            escaped: 0,
            orders: Vec::new(),
        };
        Self {
            world,
            store,
            quota,
            random: rand::thread_rng(),
            ranges,
            tally,
            next: 0,
            logged: 0,
        }
    }

    /// Strikes until every phase has its count, or the time is over.
    pub(crate) fn run(mut self) -> Result<Tally, Trouble> {
        let began = Instant::now();
        self.watch_undisturbed()?;
        let mut said = 0;
        while !self.is_complete() && began.elapsed() < self.quota.cap {
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
        self.fault_for(wanted)?;
        let (errand, words) = match &refundable {
            Some(order) => (Errand::Refund, self.refund_words(order)),
            None => (Errand::Charge, self.charge_words(self.customer())),
        };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let since = self.log_end()?;
        let aim = match self.ranges.get(&(wanted, errand)) {
            Some(range) => range.pick(&mut self.random),
            None => None,
        };
        let struck = match aim {
            Some(aim) => self.world.strike(&words, aim)?,
            None => self.strike_when_asked(&words, since, &[Operation::Send], 300)?,
        };
        let mut phase = None;
        if struck.was_killed {
            std::thread::sleep(DUST);
            let log = sandbox::log_since(&self.world.control, since)?;
            let left = match errand {
                Errand::Charge => self.store.payment_of(&self.intent())?,
                Errand::Refund => self.store.refund_of(&self.intent())?,
            };
            phase = of_sender(left.as_ref(), &log, struck.life);
            self.tally.refunds += u32::from(errand == Errand::Refund && phase.is_some());
            let order = left.map(|it| order_of(&it.reference).to_owned());
            self.count(phase, order);
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
            Scope::End
        } else {
            Scope::Query
        };
        let fault = FAULTS
            .choose(&mut self.random)
            .filter(|_| !is_off(&mut rand::thread_rng()));
        sandbox::set_fault(&self.world.control, fault.map(|it| (*it, scope)))?;
        let before = self.store.unsettled()?;
        let since = self.log_end()?;
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
        let log = sandbox::log_since(&self.world.control, since)?;
        let left = self.store.now_of(&before)?;
        let order = left
            .iter()
            .find(|it| log.iter().any(|asked| asked.reference == it.reference))
            .map(|it| order_of(&it.reference).to_owned());
        self.count(of_resolver(&left, &log, struck.life), order);
        Ok(())
    }

    /// Kills a process a random moment after the sandbox has heard one of the operations from it.
    fn strike_when_asked(
        &mut self,
        words: &[&str],
        since: u64,
        operations: &[Operation],
        within_ms: u64,
    ) -> Result<Struck, Trouble> {
        let wait = Duration::from_micros(self.random.gen_range(0..within_ms * 1_000));
        let world = self.world;
        world.strike_when(words, wait, |_| {
            let log = sandbox::log_since(&world.control, since)?;
            Ok(log
                .iter()
                .any(|it: &Exchange| operations.contains(&it.operation)))
        })
    }

    /// Faults are always mixed in, but a phase that needs an answer gets one, believable or not.
    fn fault_for(&mut self, wanted: Phase) -> Result<(), Trouble> {
        let fault = match wanted {
            Phase::Unanswered => Some("delay"),
            Phase::Unsettled => ANSWERING.choose(&mut self.random).copied(),
            Phase::BeforeBegin | Phase::BeforeSend | Phase::Recovery | Phase::Ending => {
                FAULTS.choose(&mut self.random).copied()
            }
        };
        let is_needed = wanted == Phase::Unanswered;
        let fault = fault.filter(|_| is_needed || !is_off(&mut rand::thread_rng()));
        sandbox::set_fault(&self.world.control, fault.map(|it| (it, Scope::All)))
    }

    fn log_end(&mut self) -> Result<u64, Trouble> {
        self.logged = sandbox::log_end(&self.world.control, self.logged)?;
        Ok(self.logged)
    }

    fn customer(&self) -> &'static str {
        // Most pay at once; the others doubt, wait, refuse or answer twice.
        let digits = ["00", "00", "00", "01", "03", "05", "06", "07"];
        digits
            .choose(&mut rand::thread_rng())
            .copied()
            .unwrap_or("00")
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

    fn count(&mut self, phase: Option<Phase>, order: Option<String>) {
        match phase {
            Some(phase) => {
                *self.tally.by_phase.entry(phase).or_default() += 1;
                self.tally.orders.push(order);
            }
            None => self.tally.elsewhere += 1,
        }
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

    fn wants_resolver(&self) -> bool {
        self.wanted_of(&PHASES[4..]).is_some()
    }

    /// The phase that lacks most; with none lacking, any of them while kills are still to be made.
    fn wanted_of(&self, phases: &[Phase]) -> Option<Phase> {
        let most = phases.iter().copied().max_by_key(|it| self.missing(*it))?;
        if self.missing(most) > 0 {
            return Some(most);
        }
        let are_all_met = PHASES.iter().all(|it| self.missing(*it) == 0);
        let is_short = are_all_met && self.killed() < self.quota.count;
        is_short
            .then(|| phases.choose(&mut rand::thread_rng()).copied())
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

/// Every fault off, one resolver until no doubt is left, then the ledger against the store.
pub(crate) fn make_peace(world: &World, store: &Store) -> Result<BTreeSet<Violation>, Trouble> {
    sandbox::set_fault(&world.control, None)?;
    let mut found = BTreeSet::new();
    let mut blame = |words: String| {
        found.insert(Violation {
            order: String::new(),
            words,
        });
    };
    if !world.run_within(&["resolve", "--watch"], PEACE_PATIENCE)? {
        blame(format!(
            "doubts are left after {} s without a fault",
            PEACE_PATIENCE.as_secs()
        ));
    }
    let verified = world.run(&["verify", "--rebuild"])?;
    if !verified.status.success() {
        blame(format!(
            "verify --rebuild: {}",
            String::from_utf8_lossy(&verified.stdout)
        ));
    }
    found.extend(audit(&store.books()?, &sandbox::ledger(&world.control)?));
    Ok(found)
}
