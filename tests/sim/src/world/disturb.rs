//! What happens to tills in the middle of a day: deaths, failing disks, wrong clocks, sleep, an older copy
//! of the folder that is put back; and how they open again.

use super::{
    DAY_MS, DEATHS_MAX, Death, DiskKind, World,
    mishap::{Mishap, bad_disk},
    people::{Cashier, Counter},
    till::Till,
};
use crate::{
    disk::{Faults, held},
    executor::{ProcessId, SimClock},
    rng::Rng,
};
use paydesk_desk::ports::{Clock as _, Store as _, Tasks};
use std::{sync::Arc, time::Duration};

const SLEEP: Duration = Duration::from_secs(9 * 3_600);

const YEAR_MS: u64 = 365 * 86_400_000;

impl World {
    /// Something happens to one till.
    pub(super) fn disturb(&mut self, until: u64) {
        let number = self.rng.place(self.tills.len());
        let step = 1 + self.rng.below(400);
        let mishap = Mishap::drawn(&mut self.rng);
        // Drawn first, so that switching one off moves the others as little as can be.
        let mut rng = Rng::new(self.rng.next());
        if !self.plan.crashes || self.plan.without.contains(&mishap) {
            return;
        }
        *self
            .outcome
            .mishaps
            .entry(mishap.name().to_owned())
            .or_default() += 1;
        let Some(till) = self.tills.get(number) else {
            return;
        };
        match mishap {
            Mishap::Nothing => {}
            Mishap::Kill => self.die(number, Death::Kill, until),
            Mishap::PowerCut => self.die(number, Death::PowerCut, until),
            Mishap::CutAtStep => {
                till.machine.disk().cut_at(step);
                self.planned.insert(number, Death::PowerCut);
            }
            Mishap::KillAtStep => {
                if let Some(open) = till.open.first() {
                    open.process.disk.kill_at(step);
                    self.planned.insert(number, Death::Kill);
                }
            }
            Mishap::Quit => self.die(number, Death::Quit, until),
            Mishap::Clock => self.move_clock(number, &mut rng),
            Mishap::BadDisk => till.machine.disk().set_faults(Faults {
                lying_sync: self.usual_faults().lying_sync,
                ..bad_disk(&mut rng)
            }),
            Mishap::Sleep => self.sleep(),
            Mishap::OlderCopy => self.put_back(number, until),
            Mishap::Lag => {
                let lag_ms = i64::try_from(1_000 + rng.below(30_000)).unwrap_or(0);
                self.ether.offline().set_replica_lag(lag_ms);
            }
            Mishap::RunShort => self.ether.run_short(self.plan.channels.draw(&mut rng)),
            Mishap::RefundsEnd => self.ether.refunds_end_well(rng.happens(500_000)),
            Mishap::Rot => self.rot(number, &mut rng, until),
            Mishap::Years => {
                self.years_off.insert(number, rng.next());
                self.die(number, Death::PowerCut, until);
            }
        }
    }

    /// What a disk does that nobody made worse.
    pub(super) fn usual_faults(&self) -> Faults {
        match self.plan.disk {
            DiskKind::Honest => Faults::default(),
            DiskKind::Lying => Faults {
                lying_sync: 500_000,
                ..Faults::default()
            },
        }
    }

    fn move_clock(&mut self, number: usize, rng: &mut Rng) {
        let by_ms = match rng.below(4) {
            0 => 86_400_000,
            1 => 400_000,
            _ => 20_000,
        };
        let by_ms = i64::try_from(rng.below(by_ms)).unwrap_or(0);
        let sign = if rng.happens(500_000) { 1 } else { -1 };
        if let Some(till) = self.tills.get(number) {
            let clock = till.machine.clock();
            // A day at most, as RELIABILITY §3.3 has it.
            let wanted = (clock.offset_ms() + by_ms * sign).clamp(-DAY_MS, DAY_MS);
            clock.shift(wanted - clock.offset_ms());
        }
    }

    /// Every machine sleeps in the middle of whatever it does; the channels and the customers do not.
    fn sleep(&mut self) {
        let processes: Vec<ProcessId> = self
            .tills
            .iter()
            .flat_map(|till| till.machine.running())
            .collect();
        for process in &processes {
            self.executor.freeze(*process);
        }
        self.pass(SLEEP);
        for process in processes {
            self.executor.thaw(process);
        }
    }

    /// The folder as it was once comes back: what happened since is forgotten, by the till alone.
    fn put_back(&mut self, number: usize, until: u64) {
        let Some(copy) = self.copies.get(&number).cloned() else {
            return;
        };
        self.end(number, Death::Quit);
        let Some(till) = self.tills.get(number) else {
            return;
        };
        till.machine.disk().put_back(copy);
        self.executor.outside(self.bench.put_back(number));
        self.outcome.older_copies += 1;
        self.open(number);
        let is_noticed = self.tills.get(number).and_then(|till| till.open.first());
        if is_noticed.is_some_and(|open| open.desk.is_older_copy()) {
            self.ether.row("Q24");
        }
        self.staff(number, until);
    }

    /// A copy of a folder whose program is closed.
    pub(super) fn copy_folder(&mut self, number: usize) {
        if let Some(till) = self.tills.get(number).filter(|till| till.open.is_empty()) {
            self.copies.insert(number, till.machine.disk().image());
        }
    }

    pub(super) fn till_of(&self, process: ProcessId) -> Option<usize> {
        let is_its = |till: &Till| till.machine.running().contains(&process);
        self.tills.iter().position(is_its)
    }

    /// A process died at a step of its disk.
    pub(super) fn died(&mut self, process: ProcessId, until: u64) {
        let Some(till) = self.till_of(process) else {
            return;
        };
        let death = self.planned.remove(&till).unwrap_or(Death::Kill);
        self.die(till, death, until);
    }

    fn die(&mut self, till: usize, death: Death, until: u64) {
        self.end(till, death);
        self.open(till);
        self.staff(till, until);
    }

    pub(super) fn end(&mut self, number: usize, death: Death) {
        let Some(till) = self.tills.get_mut(number) else {
            return;
        };
        self.planned.remove(&number);
        match death {
            Death::Kill => {
                self.outcome.kills += 1;
                till.kill(&mut self.executor);
            }
            Death::PowerCut => {
                self.outcome.power_cuts += 1;
                till.power_cut(&mut self.executor);
            }
            Death::Quit => {
                self.outcome.quits += 1;
                till.shut_down(&mut self.executor);
                if self.rng.happens(500_000) {
                    self.copy_folder(number);
                }
            }
        }
        // Some copies are of a folder in the middle of its work.
        if (self.outcome.kills + self.outcome.power_cuts).is_multiple_of(3) {
            self.copy_folder(number);
        }
    }

    /// Boots a till, which may die or meet a failing disk on the way, more than once.
    pub(super) fn open(&mut self, number: usize) {
        self.turn_clock(number);
        let usual = self.usual_faults();
        for turn in 0.. {
            let Some(till) = self.tills.get_mut(number) else {
                return;
            };
            if turn > 0 {
                self.outcome.deaths_in_recovery += 1;
            }
            let disk = till.machine.disk();
            disk.set_faults(usual);
            if self.plan.crashes && turn < DEATHS_MAX {
                if self.rng.happens(150_000) {
                    disk.cut_at(1 + self.rng.below(60));
                }
                if self.rng.happens(50_000) && !self.plan.without.contains(&Mishap::BadDisk) {
                    disk.set_faults(bad_disk(&mut self.rng));
                }
            }
            let booted = till.boot(&mut self.executor);
            till.machine.disk().set_faults(usual);
            match booted {
                Ok(_) => break,
                Err(why) if turn > DEATHS_MAX => {
                    let why = format!("till {number} does not open: {why}");
                    self.outcome.violations.push(why);
                    return;
                }
                Err(_) => {
                    till.power_cut(&mut self.executor);
                }
            }
        }
        self.look_for_what_was_in_flight(number);
        // Now and then a second program on the same store.
        if self.rng.happens(200_000)
            && let Some(till) = self.tills.get_mut(number)
            && till.boot(&mut self.executor).is_err()
        {
            self.end(number, Death::PowerCut);
            self.open(number);
        }
    }

    /// A charge that was asked for when the program died: its intent was durable (Q2) or it never was (Q1).
    fn look_for_what_was_in_flight(&mut self, number: usize) {
        let (Some(till), Some(notes)) = (self.tills.get(number), self.notes.get(number)) else {
            return;
        };
        let (Some(open), Some(intent)) = (till.open.first(), held(notes).in_flight.take()) else {
            return;
        };
        let store = Arc::clone(&open.process.store);
        let looked =
            self.executor.finish(
                open.process.id,
                async move { store.by_intent(&intent).await },
            );
        match looked {
            Ok(Ok(None)) => self.ether.row("Q1"),
            Ok(Ok(Some(_))) => self.ether.row("Q2"),
            _ => {}
        }
    }

    /// A machine that boots with its clock years away; a time service corrects it after a while.
    fn turn_clock(&mut self, number: usize) {
        let Some(drawn) = self.years_off.remove(&number) else {
            return;
        };
        let mut rng = Rng::new(drawn);
        let by_ms = i64::try_from(YEAR_MS + rng.below(9 * YEAR_MS)).unwrap_or(0);
        let sign = if rng.happens(500_000) { 1 } else { -1 };
        let corrected = Duration::from_millis(1_000 + rng.below(120_000));
        let Some(till) = self.tills.get(number) else {
            return;
        };
        let (ours, truth): (Arc<SimClock>, _) =
            (Arc::clone(till.machine.clock()), Arc::clone(&self.clock));
        ours.shift(by_ms * sign - ours.offset_ms());
        self.outside.spawn(Box::pin(async move {
            truth.sleep(corrected).await;
            ours.shift(-ours.offset_ms());
        }));
    }

    pub(super) fn staff(&mut self, number: usize, until: u64) {
        let (Some(till), Some(notes)) = (self.tills.get(number), self.notes.get(number)) else {
            return;
        };
        let Some(open) = till.open.first() else {
            return;
        };
        let outside: Arc<dyn Tasks> = self.outside.clone();
        let counter = Counter {
            desk: Arc::clone(&open.desk),
            other_window: till.open.get(1).map(|open| Arc::clone(&open.desk)),
            ether: Arc::clone(&self.ether),
            outside,
            clock: Arc::clone(&self.clock),
            till: number,
            splits: self.plan.splits,
            notes: Arc::clone(notes),
        };
        let cashier = Cashier::new(counter, Rng::new(self.rng.next()));
        self.executor.spawn(open.process.id, cashier.work(until));
    }
}
