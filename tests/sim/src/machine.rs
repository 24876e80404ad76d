//! A till's computer: a disk and a clock that outlive its processes; it boots, dies and boots again.
//!
//! Every death goes the same way: the futures are dropped where they stand, the store is closed on a disk
//! that answers nothing any more, and no file may be left open before the next boot.

use crate::{
    disk::{Cut, Disk, DiskProcess},
    executor::{Executor, ProcessId, SimClock, SimIds, SimTasks, Stopped},
    rng::Rng,
    store::{SimStore, survived},
};
use paydesk_desk::ports::{Clock, Ids, StoreError};
use paydesk_signing::SealingKey;
use paydesk_store::{DataKey, SqliteStore, StoreOptions, at_hand};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use crate::disk::held;

/// The database's name on a machine's disk.
pub const FILE: &str = "paydesk.db";

/// Why a process could not be started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BootError {
    /// It died while it opened its store; the machine has to be cleared with `kill` or `power_cut`.
    Died,
    /// The store says no. Nothing of the process is left.
    Store(StoreError),
    /// It never came to an end: the simulation itself is wrong.
    Stuck(Stopped),
}

/// A running process: its ports, but for network and keys.
#[derive(Clone)]
pub struct Process {
    /// For `Executor::spawn`, `finish` and `run_until`.
    pub id: ProcessId,
    /// The machine's clock.
    pub clock: Arc<SimClock>,
    /// Randomness.
    pub ids: Arc<SimIds>,
    /// The store.
    pub store: Arc<SimStore>,
    /// Its further tasks.
    pub tasks: Arc<SimTasks>,
    /// Its side of the disk: `kill_at`, `is_dead`, `path`.
    pub disk: DiskProcess,
}

/// A machine.
pub struct Machine {
    disk: Disk,
    clock: Arc<SimClock>,
    key: DataKey,
    seed: u64,
    boots: u64,
    running: BTreeMap<ProcessId, Running>,
}

struct Running {
    disk: DiskProcess,
    /// Filled as soon as the store is open, so that a process that died on the way is closed too.
    store: Arc<Mutex<Option<Arc<SqliteStore>>>>,
}

impl Machine {
    /// A machine with an empty disk.
    ///
    /// # Errors
    /// When the test key cannot be used.
    pub fn new(executor: &Executor, seed: u64) -> Result<Machine, paydesk_signing::KeyError> {
        Ok(Machine::with(executor, seed, Disk::new(seed), test_key()?))
    }

    /// A machine with this disk, whose store gets its key from here.
    #[must_use]
    pub fn with(executor: &Executor, seed: u64, disk: Disk, key: DataKey) -> Machine {
        Machine {
            disk,
            clock: executor.clock(),
            key,
            seed,
            boots: 0,
            running: BTreeMap::new(),
        }
    }

    /// Its disk.
    #[must_use]
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<SimClock> {
        &self.clock
    }

    /// How many processes were started on it.
    #[must_use]
    pub fn boots(&self) -> u64 {
        self.boots
    }

    /// The processes that run, or died and were not cleared.
    #[must_use]
    pub fn running(&self) -> Vec<ProcessId> {
        self.running.keys().copied().collect()
    }

    /// Starts a process and opens its store. Several may run on one file. Other tasks go on meanwhile.
    ///
    /// # Errors
    /// See `BootError`.
    pub fn boot(&mut self, executor: &mut Executor) -> Result<Process, BootError> {
        self.boots += 1;
        let disk = self.disk.start_process();
        let id = executor.start_process_until(disk.death());
        let store = Arc::new(Mutex::new(None));
        self.running.insert(
            id,
            Running {
                disk: disk.clone(),
                store: Arc::clone(&store),
            },
        );
        let ids = Arc::new(SimIds::new(self.seed ^ self.boots.rotate_left(32)));
        let for_store: Arc<dyn Ids> = ids.clone();
        let options = StoreOptions {
            file: disk.path(FILE),
            key: Arc::clone(&self.key),
            ids: for_store,
            now: self.clock.now(),
            files: Arc::new(disk.clone()),
            readers: 1,
        };
        let (process, kept) = (disk.clone(), Arc::clone(&store));
        let opening = async move {
            let open = async {
                let opened = SqliteStore::open(options).await.map(Arc::new);
                *held(&kept) = opened.as_ref().ok().cloned();
                opened
            };
            survived(&process, open).await
        };
        match executor.finish(id, opening) {
            Ok(Ok(store)) => Ok(Process {
                id,
                clock: Arc::clone(&self.clock),
                ids,
                store: Arc::new(SimStore::new(
                    store,
                    disk.clone(),
                    Arc::clone(&self.clock),
                    Rng::new(self.seed ^ self.boots).branch(11),
                )),
                tasks: executor.tasks(id),
                disk,
            }),
            Ok(Err(error)) => {
                self.kill(executor, id);
                Err(BootError::Store(error))
            }
            Err(Stopped::Died(died)) if died == id => Err(BootError::Died),
            Err(stopped) => Err(BootError::Stuck(stopped)),
        }
    }

    /// Kills a process, or clears one that died at a step: the content of the disk stays.
    pub fn kill(&mut self, executor: &mut Executor, id: ProcessId) {
        if let Some(running) = self.running.remove(&id) {
            running.disk.kill();
            clear(executor, id, &running);
        }
        self.assert_closed();
    }

    /// Takes the power from everything on it and gives it back: what was not synced survives by chance.
    pub fn power_cut(&mut self, executor: &mut Executor) -> Cut {
        let running = std::mem::take(&mut self.running);
        for running in running.values() {
            running.disk.die();
        }
        for (id, running) in &running {
            clear(executor, *id, running);
        }
        self.assert_closed();
        self.disk.power_cut()
    }

    /// Ends a process as a person does: its futures are dropped, its store is closed in order.
    pub fn shut_down(&mut self, executor: &mut Executor, id: ProcessId) {
        if let Some(running) = self.running.remove(&id) {
            clear(executor, id, &running);
            running.disk.die();
        }
        self.assert_closed();
    }

    /// No file is open but those of the processes that run.
    fn assert_closed(&self) {
        let open = self.disk.open_handles();
        assert!(
            open == 0 || !self.running.is_empty(),
            "{open} files are open and no process runs"
        );
    }
}

fn clear(executor: &mut Executor, id: ProcessId, running: &Running) {
    executor.kill(id);
    let store = held(&running.store).take();
    if let Some(store) = store {
        executor.outside(store.close());
    }
    executor.outside(running.disk.closed());
}

/// A key for tests.
///
/// # Errors
/// When it cannot be used.
pub fn test_key() -> Result<DataKey, paydesk_signing::KeyError> {
    Ok(at_hand(Arc::new(SealingKey::new(&[7; 32])?)))
}
