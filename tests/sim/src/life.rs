//! One seed's history from end to end: two machines, four busy tasks on each, every kind of death, wrong
//! clocks and disk errors. Its hash is what "the same seed is the same history" is measured by.

use crate::{
    disk::{Counters, Faults, held, pin_randomness},
    executor::Executor,
    images::stage::{NOW, Stage, Trouble, event, trouble},
    machine::{BootError, Machine, Process},
    rng::Rng,
};
use paydesk_desk::ports::{Clock, EventKind, Store, StoreError};
use serde_json::json;
use std::{
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// What came of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lived {
    /// Over every poll and every call of every disk with its data.
    pub hash: u64,
    /// Boots.
    pub boots: u64,
    /// Commits that were acknowledged.
    pub acknowledged: u64,
    /// Faults that were injected.
    pub faults: u64,
    /// Virtual time.
    pub elapsed: Duration,
}

impl fmt::Display for Lived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} boots, {} acknowledged, {} faults, {} virtual seconds",
            self.boots,
            self.acknowledged,
            self.faults,
            self.elapsed.as_secs()
        )
    }
}

#[derive(Default)]
struct Told {
    sent: u64,
    acknowledged: u64,
}

struct Life {
    executor: Executor,
    rng: Rng,
    told: Vec<Arc<Mutex<Told>>>,
    acknowledged: u64,
}

/// Lives so many steps; each runs one of the machines for a while and may end it.
///
/// # Errors
/// When something acknowledged is gone, something never sent is there, or the store fails.
pub fn live(seed: u64, steps: u64) -> Result<Lived, Trouble> {
    pin_randomness(seed);
    let executor = Executor::new(seed, NOW).map_err(trouble)?;
    let machines = [seed, seed ^ 0xffff].map(|seed| Machine::new(&executor, seed));
    let mut machines = machines
        .into_iter()
        .collect::<Result<Vec<_>, _>>()
        .map_err(trouble)?;
    let mut life = Life {
        executor,
        rng: Rng::new(seed).branch(1),
        told: machines.iter().map(|_| Arc::default()).collect(),
        acknowledged: 0,
    };
    let mut running: Vec<Option<Process>> = vec![None, None];
    for _ in 0..steps {
        let place = life.rng.place(machines.len());
        let (Some(machine), Some(process)) = (machines.get_mut(place), running.get_mut(place))
        else {
            continue;
        };
        life.step(machine, process, place)?;
    }
    let faults = machines
        .iter()
        .map(|it| it.disk().counters().faults())
        .sum();
    for machine in &mut machines {
        machine.power_cut(&mut life.executor);
    }
    let hash = |hash: u64, machine: &Machine| hash.rotate_left(17) ^ machine.disk().hash();
    Ok(Lived {
        hash: machines.iter().fold(life.executor.hash(), hash),
        boots: machines.iter().map(Machine::boots).sum(),
        acknowledged: life.acknowledged,
        faults,
        elapsed: life.executor.elapsed(),
    })
}

impl Life {
    fn step(
        &mut self,
        machine: &mut Machine,
        process: &mut Option<Process>,
        place: usize,
    ) -> Result<(), Trouble> {
        let what = self.rng.below(10);
        if what == 0 {
            machine.disk().cut_at(1 + self.rng.below(200));
        }
        let here = match process.take() {
            Some(here) => here,
            None => match machine.boot(&mut self.executor) {
                Ok(here) => {
                    self.audit(&here, place)?;
                    self.work(&here, place);
                    here
                }
                Err(BootError::Died) => {
                    machine.power_cut(&mut self.executor);
                    return Ok(());
                }
                Err(error) => return Err(trouble(error)),
            },
        };
        if what == 1 {
            here.disk.kill_at(1 + self.rng.below(60));
        }
        if what == 2 {
            machine.clock().shift(-3_600_000);
        }
        if what == 3 {
            machine.disk().set_faults(Faults {
                write: 2_000,
                sync: 5_000,
                ..Faults::default()
            });
        }
        let time = Duration::from_millis(self.rng.below(3_000));
        self.executor.run_for(time);
        match what {
            _ if here.disk.is_dead() && what == 1 => machine.kill(&mut self.executor, here.id),
            _ if here.disk.is_dead() => drop(machine.power_cut(&mut self.executor)),
            4 | 5 => machine.kill(&mut self.executor, here.id),
            6 => drop(machine.power_cut(&mut self.executor)),
            3 | 7 => machine.shut_down(&mut self.executor, here.id),
            _ => *process = Some(here),
        }
        if process.is_none() {
            machine.disk().heal();
        }
        Ok(())
    }

    /// Everything acknowledged is in the log, and nothing that was not sent.
    fn audit(&mut self, here: &Process, place: usize) -> Result<(), Trouble> {
        let store = Arc::clone(&here.store);
        let verified =
            self.executor.finish(
                here.id,
                async move { store.call(store.inner().verify()).await },
            );
        let verified = verified.map_err(trouble)?.map_err(trouble)?;
        let Some(told) = self.told.get(place) else {
            return Ok(());
        };
        let mut told = held(told);
        let is_right =
            verified.fault.is_none() && (told.acknowledged..=told.sent).contains(&verified.events);
        if !is_right {
            return Err(format!(
                "{verified:?}; acknowledged {}, sent {}",
                told.acknowledged, told.sent
            ));
        }
        // What was in flight is known now.
        (told.sent, told.acknowledged) = (verified.events, verified.events);
        self.acknowledged = self.acknowledged.max(verified.events);
        Ok(())
    }

    fn work(&mut self, here: &Process, place: usize) {
        for n in 0..4_u64 {
            let (store, clock) = (Arc::clone(&here.store), Arc::clone(&here.clock));
            let Some(told) = self.told.get(place).cloned() else {
                return;
            };
            let mut rng = self.rng.branch(n);
            self.rng.next();
            self.executor.spawn(here.id, async move {
                loop {
                    clock.sleep(Duration::from_millis(rng.below(400))).await;
                    let settings = json!({ "by": n, "at": clock.now().0, "filler": "x".repeat(rng.place(3000)) });
                    let body = json!({ "after": { "settings": settings } });
                    let event = event(None, None, EventKind::SettingsChanged, body);
                    held(&told).sent += 1;
                    match store.append(vec![event]).await {
                        Ok(()) => held(&told).acknowledged += 1,
                        // It may be there: known after a restart.
                        Err(StoreError::Io(_)) => return,
                        Err(_) => held(&told).sent -= 1,
                    }
                }
            });
        }
    }
}

/// Opens and settles so many orders on one machine; what its disk was asked, and how long the boot took.
///
/// # Errors
/// The store's.
pub fn pay(payments: u64, start: Instant) -> Result<(Counters, Duration), Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(trouble)?;
    runtime.block_on(async {
        let stage = Stage::new(1);
        let till = stage.open().await?;
        let boot = start.elapsed();
        for n in 0..payments {
            let order = till.charged(&format!("sale {n}"), "").await?;
            till.pay(&order, 300).await?;
        }
        till.store.close().await;
        Ok((stage.disk.counters(), boot))
    })
}
