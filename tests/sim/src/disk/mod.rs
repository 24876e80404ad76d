//! Disks in memory for the production store, with faults: what SQLite asks of one, counted and hashed.
//!
//! A path leads to a disk and to the process that opened it: `/<disk>/<process>/<name>`. What a dead
//! process asks is refused before it is counted, so a thread that comes late touches no later image.
//! Nothing here is SQLite's own type; that is `vfs`.

mod calls;
mod faults;
mod files;
mod locks;
pub mod model;
mod vfs;

pub use faults::{Counters, ErrorKind, Faults};
pub use model::{Cut, Model, Op, SECTOR, Survival};
pub use vfs::{VFS, pin_randomness, sqlite_memory};

use crate::rng::Rng;
use faults::{Fail, Injected};
use locks::Holder;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// Every disk by its number: SQLite opens, deletes and looks by path alone.
static DISKS: Mutex<BTreeMap<u64, Weak<Shared>>> = Mutex::new(BTreeMap::new());
static NEXT_DISK: AtomicU64 = AtomicU64::new(1);

/// A thread that closes its connection needs microseconds; this is a minute.
const CLOSING_TRIES: u32 = 1_200_000;
const CLOSING_PAUSE: std::time::Duration = std::time::Duration::from_micros(50);

const LETTING_GO_TRIES: u32 = 10_000_000;

pub(crate) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One disk. Clones are the same disk.
#[derive(Clone)]
pub struct Disk(Arc<Shared>);

struct Shared {
    number: u64,
    state: Mutex<State>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        held(&DISKS).remove(&self.number);
    }
}

/// Everything of a disk behind its lock.
struct State {
    model: Model,
    rng: Rng,
    hash: u64,
    counters: Counters,
    /// Steps that changed it since the beginning.
    steps: u64,
    /// The steps themselves, while they are recorded.
    log: Option<Recording>,
    faults: Faults,
    fails: Vec<Fail>,
    /// Until which sum of asked-for sleep the right to write is held elsewhere.
    busy_until_us: u64,
    processes: BTreeMap<u64, Arc<AtomicBool>>,
    /// Those whose calls never fail: who only looks on must see what is there.
    spared: BTreeSet<u64>,
    next_process: u64,
    /// After how many steps who dies; `None` is the whole machine.
    dies: Option<(u64, Option<u64>)>,
    handles: BTreeMap<u64, Holder>,
    next_handle: u64,
    /// Shared memory by database file; gone when nobody has it mapped.
    shared_memory: BTreeMap<u64, Vec<locks::Page>>,
}

/// Steps of a disk from some moment on: with them every image between can be made again.
#[derive(Clone, Default, Debug)]
pub struct Recording {
    /// The disk before the first of them.
    pub base: Model,
    /// How many steps there had been.
    pub first: u64,
    /// The steps.
    pub steps: Vec<Op>,
}

/// One process on a disk, from its start to its death.
#[derive(Clone)]
pub struct DiskProcess {
    disk: Disk,
    number: u64,
    is_dead: Arc<AtomicBool>,
}

impl DiskProcess {
    /// Its disk.
    #[must_use]
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// A file of the disk as this process names it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/{}/{}/{name}", self.disk.0.number, self.number))
    }

    /// Whether it was killed or its power is gone.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::Acquire)
    }

    /// Kills it: the content stays, its locks are free, whatever it still asks is refused.
    pub fn kill(&self) {
        let mut state = self.disk.state();
        if !self.is_dead() {
            state.counters.kills += 1;
        }
        state.bury(Some(self.number));
    }

    /// What tells of its death.
    #[must_use]
    pub fn death(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_dead)
    }

    /// It ends, or its power does: as `kill`, without being counted as one.
    pub fn die(&self) {
        self.disk.state().bury(Some(self.number));
    }

    /// No call of it fails while it lives: it only looks on.
    #[must_use]
    pub fn spared(self) -> DiskProcess {
        self.disk.state().spared.insert(self.number);
        self
    }

    /// Waits until it holds no lock of the WAL: a thread that has answered lets go within microseconds.
    ///
    /// # Panics
    /// When a lock stays: a store call has not ended its transaction.
    pub fn let_go(&self) {
        for _ in 0..LETTING_GO_TRIES {
            let state = self.disk.state();
            let holds = |h: &Holder| h.shared_slots | h.exclusive_slots != 0;
            let is_held = state
                .handles
                .values()
                .any(|h| h.process == self.number && holds(h));
            drop(state);
            if !is_held {
                return;
            }
            std::thread::yield_now();
        }
        panic!("a store call ended and its transaction did not");
    }

    fn has_open_files(&self) -> bool {
        let state = self.disk.state();
        state.handles.values().any(|h| h.process == self.number)
    }

    /// Waits until none of its files is open: a connection whose opening failed is closed by its thread,
    /// which nobody can wait for.
    pub async fn closed(&self) {
        for _ in 0..CLOSING_TRIES {
            if !self.has_open_files() {
                return;
            }
            tokio::task::yield_now().await;
            std::thread::sleep(CLOSING_PAUSE);
        }
    }

    /// Kills it instead of its `step`-th change of the disk, counted from now and from 1.
    pub fn kill_at(&self, step: u64) {
        let mut state = self.disk.state();
        state.dies = Some((state.steps + step.max(1), Some(self.number)));
    }
}

impl Disk {
    /// An empty disk whose faults come from this seed.
    #[must_use]
    pub fn new(seed: u64) -> Disk {
        Disk::of(Model::default(), seed)
    }

    /// A disk that begins as an image.
    #[must_use]
    pub fn of(image: Model, seed: u64) -> Disk {
        vfs::register();
        let number = NEXT_DISK.fetch_add(1, Ordering::Relaxed);
        let shared = Arc::new(Shared {
            number,
            state: Mutex::new(State::new(image, seed)),
        });
        held(&DISKS).insert(number, Arc::downgrade(&shared));
        Disk(shared)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        held(&self.0.state)
    }

    /// A new process may open files on it.
    #[must_use]
    pub fn start_process(&self) -> DiskProcess {
        let mut state = self.state();
        let number = state.next_process;
        state.next_process += 1;
        let is_dead = Arc::new(AtomicBool::new(false));
        state.processes.insert(number, Arc::clone(&is_dead));
        DiskProcess {
            disk: self.clone(),
            number,
            is_dead,
        }
    }

    /// The power goes and comes back: every process is dead, what was not synced survives by chance.
    pub fn power_cut(&self) -> Cut {
        let mut state = self.state();
        let survival = Survival {
            garbage_tail: state.faults.garbage_tail,
            ..Survival::drawn(&mut state.rng)
        };
        state.bury(None);
        state.power_cut(survival)
    }

    /// Takes the power away instead of the `step`-th change, counted from now and from 1. Whoever asks
    /// after that gets errors until `power_cut`.
    pub fn cut_at(&self, step: u64) {
        let mut state = self.state();
        state.dies = Some((state.steps + step.max(1), None));
    }

    /// Forgets a planned death and every planned or likely error.
    pub fn heal(&self) {
        let mut state = self.state();
        state.dies = None;
        state.fails.clear();
        state.faults = Faults::default();
        state.busy_until_us = 0;
    }

    /// From now on errors come this often; whoever held the right to write elsewhere is gone.
    pub fn set_faults(&self, faults: Faults) {
        let mut state = self.state();
        state.faults = faults;
        state.busy_until_us = 0;
    }

    /// The `nth` call of this kind fails once, counted from now and from 1.
    pub fn fail_at(&self, kind: ErrorKind, nth: u64) {
        let mut state = self.state();
        let at = state.counters.asked(kind) + nth.max(1);
        state.fails.push(Fail { kind, at });
    }

    /// Turns one durable bit of a file, as years on a shelf do; `None` when it has none.
    pub fn rot(&self, name: &str) -> Option<(usize, u8)> {
        let mut state = self.state();
        let file = state.model.find(name)?;
        let mut rng = state.rng.branch(state.steps);
        let rotten = state.model.rot(&mut rng, file);
        state.rng.next();
        state.counters.injected_rot += u64::from(rotten.is_some());
        rotten
    }

    /// What it holds now, with what is pending.
    #[must_use]
    pub fn image(&self) -> Model {
        self.state().model.clone()
    }

    /// An older content takes the place of what it holds. Nobody may have a file of it open.
    pub fn put_back(&self, image: Model) {
        let mut state = self.state();
        state.bury(None);
        state.model = image;
    }

    /// How many steps changed it since it was made.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.state().steps
    }

    /// Begins to record steps.
    pub fn record(&self) {
        let mut state = self.state();
        state.log = Some(Recording {
            base: state.model.clone(),
            first: state.steps,
            steps: Vec::new(),
        });
    }

    /// What was recorded; records no more.
    #[must_use]
    pub fn recorded(&self) -> Recording {
        self.state().log.take().unwrap_or_default()
    }

    /// A hash over every call so far with its data.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.state().hash
    }

    /// What was asked and what was done to it.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.state().counters
    }

    /// Files that are open, of dead processes too.
    #[must_use]
    pub fn open_handles(&self) -> usize {
        self.state().handles.len()
    }
}

impl State {
    fn new(model: Model, seed: u64) -> State {
        State {
            model,
            rng: Rng::new(seed),
            hash: seed,
            counters: Counters::default(),
            steps: 0,
            log: None,
            faults: Faults::default(),
            fails: Vec::new(),
            busy_until_us: 0,
            processes: BTreeMap::new(),
            spared: BTreeSet::new(),
            next_process: 1,
            dies: None,
            handles: BTreeMap::new(),
            next_handle: 1,
            shared_memory: BTreeMap::new(),
        }
    }

    fn is_alive(&self, process: u64) -> bool {
        self.processes
            .get(&process)
            .is_some_and(|is_dead| !is_dead.load(Ordering::Acquire))
    }

    /// One process, or all of them: dead, with their locks free. Their files are closed later.
    fn bury(&mut self, who: Option<u64>) {
        for (number, is_dead) in &self.processes {
            if who.is_none_or(|who| who == *number) {
                is_dead.store(true, Ordering::Release);
            }
        }
        for holder in self.handles.values_mut() {
            if who.is_none_or(|who| who == holder.process) {
                holder.let_go();
            }
        }
        self.forget_shared_memory();
        let dead_closed: Vec<u64> = self
            .processes
            .keys()
            .copied()
            .filter(|number| !self.is_alive(*number))
            .filter(|number| {
                self.handles
                    .values()
                    .all(|holder| holder.process != *number)
            })
            .collect();
        for number in dead_closed {
            self.processes.remove(&number);
            self.spared.remove(&number);
        }
        if self
            .dies
            .is_some_and(|(_, whom)| who.is_none() || whom == who)
        {
            self.dies = None;
        }
    }

    fn power_cut(&mut self, survival: Survival) -> Cut {
        let cut = self.model.power_cut(&mut self.rng, survival);
        self.counters.power_cuts += 1;
        self.counters.kept_sectors += cut.kept_sectors;
        self.counters.lost_sectors += cut.lost_sectors;
        self.counters.torn_writes += cut.torn_writes;
        self.counters.lost_names += cut.lost_names;
        self.note(99, "cut", cut.lost_sectors, &cut.kept_sectors.to_be_bytes());
        cut
    }

    /// One more call in the hash.
    fn note(&mut self, call: u64, name: &str, number: u64, data: &[u8]) {
        let mut hash = self.hash;
        for word in [call, number] {
            mix(&mut hash, word);
        }
        for text in [name.as_bytes(), data] {
            mix(&mut hash, u64::try_from(text.len()).unwrap_or(u64::MAX));
            // Pages are long: four at a time do not wait for each other.
            let (blocks, rest) = text.as_chunks::<32>();
            let mut lanes = [0_u64; 4];
            for block in blocks {
                let (words, _) = block.as_chunks::<8>();
                for (lane, word) in lanes.iter_mut().zip(words) {
                    mix(lane, u64::from_le_bytes(*word));
                }
            }
            lanes.iter().for_each(|lane| mix(&mut hash, *lane));
            let (words, rest) = rest.as_chunks::<8>();
            for word in words {
                mix(&mut hash, u64::from_le_bytes(*word));
            }
            rest.iter()
                .for_each(|byte| mix(&mut hash, u64::from(*byte)));
        }
        self.hash = hash ^ (hash >> 29);
    }

    /// Does a step, unless somebody dies instead of it: `false` then.
    fn step(&mut self, op: Op) -> bool {
        if let Some((at, who)) = self.dies
            && self.steps + 1 >= at
        {
            self.counters.deaths_at_a_step += 1;
            self.bury(who);
            return false;
        }
        self.steps += 1;
        self.model.apply(&op);
        if let Some(log) = &mut self.log {
            log.steps.push(op);
        }
        true
    }

    /// Counts a call and says whether it fails.
    fn injected(&mut self, process: u64, kind: ErrorKind) -> Injected {
        if self.spared.contains(&process) {
            return Injected::No;
        }
        let asked = self.counters.ask(kind);
        let planned = self.fails.iter().position(|fail| fail.is_due(kind, asked));
        if let Some(place) = planned {
            self.fails.swap_remove(place);
        } else if !self.rng.happens(self.faults.often(kind)) {
            return Injected::No;
        }
        self.counters.inject(kind);
        Injected::Yes
    }
}

fn mix(hash: &mut u64, word: u64) {
    *hash = (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
}
