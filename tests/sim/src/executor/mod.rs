//! Time and order: one virtual clock, one task polled at a time, the next one chosen by the seed.
//!
//! An ordinary current-thread runtime carries it, because the store's connections need one. Only a store
//! call is really waited for; time stands still meanwhile. Everything else that waits is a timer here or a
//! primitive of `tokio::sync`. `tokio::spawn`, `tokio::time` and sockets must not occur in a task.

mod ports;
mod schedule;

pub use ports::{SimClock, SimIds, SimTasks};
pub use schedule::db;

use paydesk_desk::ports::BoxFuture;
use paydesk_domain::Timestamp;
use schedule::{Poller, Schedule, TaskId};
use std::{
    collections::BTreeMap,
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use crate::{disk::held, rng::Rng};

/// Futures that die together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ProcessId(u64);

/// Why a run came back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stopped {
    /// What was waited for is true.
    Condition,
    /// The time is over; the clock stands at its end.
    Deadline,
    /// This process died at a step of its disk. Nothing of it was polled after that; its futures are
    /// still there until `kill`.
    Died(ProcessId),
    /// Nobody can go on and no timer is set.
    Idle,
}

struct Task {
    process: ProcessId,
    future: BoxFuture<'static, ()>,
    poller: Arc<Poller>,
}

/// The scheduler and its clock.
pub struct Executor {
    runtime: tokio::runtime::Runtime,
    schedule: Arc<Schedule>,
    tasks: BTreeMap<TaskId, Task>,
    deaths: BTreeMap<ProcessId, Arc<AtomicBool>>,
    /// Those whose machine sleeps, with their tasks that could go on.
    frozen: BTreeMap<ProcessId, Vec<TaskId>>,
    next_process: u64,
    steps: u64,
}

impl Executor {
    /// A world that begins at this moment; the seed decides who goes first.
    ///
    /// # Errors
    /// When the machine gives no runtime.
    pub fn new(seed: u64, start: Timestamp) -> std::io::Result<Executor> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            // The store's pool has a real time-out of 30 s, which never fires here.
            .enable_time()
            .build()?;
        Ok(Executor {
            runtime,
            schedule: Arc::new(Schedule::new(Rng::new(seed), start)),
            tasks: BTreeMap::new(),
            deaths: BTreeMap::new(),
            frozen: BTreeMap::new(),
            next_process: 1,
            steps: 0,
        })
    }

    /// A machine's clock: virtual time and an offset of its own that outlives its processes.
    #[must_use]
    pub fn clock(&self) -> Arc<SimClock> {
        Arc::new(SimClock::new(
            Arc::clone(&self.schedule),
            Arc::new(AtomicI64::new(0)),
        ))
    }

    /// A process without tasks.
    pub fn start_process(&mut self) -> ProcessId {
        let process = ProcessId(self.next_process);
        self.next_process += 1;
        self.schedule.open(process);
        process
    }

    /// A process that dies when this becomes true: its disk says so.
    pub fn start_process_until(&mut self, is_dead: Arc<AtomicBool>) -> ProcessId {
        let process = self.start_process();
        self.deaths.insert(process, is_dead);
        process
    }

    /// The port through which a process starts further tasks.
    #[must_use]
    pub fn tasks(&self, process: ProcessId) -> Arc<SimTasks> {
        Arc::new(SimTasks::new(Arc::clone(&self.schedule), process))
    }

    /// Starts a task.
    pub fn spawn(&self, process: ProcessId, task: impl Future<Output = ()> + Send + 'static) {
        self.schedule.spawn(process, Box::pin(task));
    }

    /// Drops every future of a process at the await where it stands. Nothing of it runs again.
    pub fn kill(&mut self, process: ProcessId) {
        let never_polled = self.schedule.close(process);
        let gone: Vec<TaskId> = self
            .tasks
            .iter()
            .filter(|(_, task)| task.process == process)
            .map(|(id, _)| *id)
            .collect();
        let _context = self.runtime.enter();
        drop(never_polled);
        for id in gone {
            self.tasks.remove(&id);
        }
        self.deaths.remove(&process);
        self.frozen.remove(&process);
    }

    /// Its machine sleeps: nothing of it is polled until `thaw`; time goes by for all others.
    pub fn freeze(&mut self, process: ProcessId) {
        self.frozen.entry(process).or_default();
    }

    /// Its machine wakes: what became due meanwhile goes on now.
    pub fn thaw(&mut self, process: ProcessId) {
        for id in self.frozen.remove(&process).unwrap_or_default() {
            self.schedule.ready(id);
        }
    }

    fn is_asleep(&mut self, id: TaskId) -> bool {
        let process = self.tasks.get(&id).map(|task| task.process);
        match process.and_then(|process| self.frozen.get_mut(&process)) {
            Some(waiting) => {
                waiting.push(id);
                true
            }
            None => false,
        }
    }

    /// Whether any future of the process is left.
    #[must_use]
    pub fn has_tasks(&self, process: ProcessId) -> bool {
        self.tasks.values().any(|task| task.process == process) || self.schedule.has_new(process)
    }

    /// Runs until `is_done` or something else stops it; at most for this long.
    pub fn run_until(&mut self, limit: Duration, mut is_done: impl FnMut() -> bool) -> Stopped {
        let end = self.schedule.now().saturating_add(limit);
        loop {
            if is_done() {
                return Stopped::Condition;
            }
            self.take_new();
            let Some(id) = self.schedule.pick() else {
                match self.schedule.next_timer() {
                    None => return Stopped::Idle,
                    Some(due) if due > end => {
                        self.schedule.set_now(end);
                        return Stopped::Deadline;
                    }
                    Some(_) => self.schedule.fire(),
                }
                continue;
            };
            if self.is_asleep(id) {
                continue;
            }
            if let Some(died) = self.poll(id) {
                return Stopped::Died(died);
            }
        }
    }

    /// Runs for this long, or until somebody dies or nobody can go on.
    pub fn run_for(&mut self, time: Duration) -> Stopped {
        self.run_until(time, || false)
    }

    /// Runs until nobody can go on without time: what is ready is done, no timer fires.
    pub fn settle(&mut self) -> Stopped {
        self.run_until(Duration::ZERO, || false)
    }

    /// Runs a future of a process to its end; the others go on beside it.
    ///
    /// # Errors
    /// Why it did not come to its end.
    pub fn finish<T: Send + 'static>(
        &mut self,
        process: ProcessId,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Stopped> {
        let result = Arc::new(Mutex::new(None));
        let to = Arc::clone(&result);
        self.spawn(process, async move {
            let done = future.await;
            *held(&to) = Some(done);
        });
        let year = Duration::from_secs(366 * 24 * 60 * 60);
        let stopped = self.run_until(year, || held(&result).is_some());
        held(&result).take().ok_or(stopped)
    }

    /// Waits for something outside virtual time: closing what the dead left open.
    pub fn outside<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Virtual time since the beginning.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.schedule.now()
    }

    /// How many polls there were.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// A hash over who was polled when.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.schedule.hash()
    }

    fn take_new(&mut self) {
        for (id, process, future) in self.schedule.take_new() {
            let poller = Poller::new(id, Arc::clone(&self.schedule));
            self.tasks.insert(
                id,
                Task {
                    process,
                    future,
                    poller,
                },
            );
        }
    }

    /// One poll, with every store call in it waited for. Gives the process if it died of it.
    fn poll(&mut self, id: TaskId) -> Option<ProcessId> {
        let task = self.tasks.get_mut(&id)?;
        let process = task.process;
        self.steps += 1;
        let is_done = schedule::poll(&self.runtime, &task.poller, &mut task.future);
        if is_done && let Some(done) = self.tasks.remove(&id) {
            let _context = self.runtime.enter();
            drop(done);
        }
        let is_dead = self.deaths.get(&process)?.load(Ordering::Acquire);
        is_dead.then_some(process)
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        let _context = self.runtime.enter();
        drop(self.schedule.take_new());
        self.tasks.clear();
    }
}

#[cfg(test)]
mod tests;
