//! Who may go on, and when: the ready list, the timers, and polling one task through its store calls.

use super::ProcessId;
use crate::{disk::held, rng::Rng};
use paydesk_desk::ports::BoxFuture;
use paydesk_domain::Timestamp;
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, ThreadId},
    time::Duration,
};

pub(super) type TaskId = u64;

/// A timer's place: its moment, then chance, then its number.
pub(super) type TimerKey = (Duration, u64, u64);

thread_local! {
    /// How many store calls are in flight in the poll that is going on.
    static IN_DB: Cell<u32> = const { Cell::new(0) };
}

/// Marks a whole store call: while it waits, its task is waited for and time stands still.
pub async fn db<F: Future>(call: F) -> F::Output {
    let mut call = pin!(call);
    poll_fn(|context| {
        let polled = call.as_mut().poll(context);
        if polled.is_pending() {
            IN_DB.set(IN_DB.get() + 1);
        }
        polled
    })
    .await
}

/// Shared by the executor, its ports and its wakers.
pub(super) struct Schedule {
    start: Timestamp,
    state: Mutex<State>,
    home: ThreadId,
}

struct State {
    now: Duration,
    rng: Rng,
    hash: u64,
    ready: Vec<TaskId>,
    timers: BTreeMap<TimerKey, Waker>,
    new: Vec<(TaskId, ProcessId, BoxFuture<'static, ()>)>,
    open: BTreeSet<ProcessId>,
    next_task: TaskId,
    next_timer: u64,
}

impl Schedule {
    pub(super) fn new(rng: Rng, start: Timestamp) -> Schedule {
        Schedule {
            start,
            state: Mutex::new(State {
                now: Duration::ZERO,
                rng,
                hash: 0,
                ready: Vec::new(),
                timers: BTreeMap::new(),
                new: Vec::new(),
                open: BTreeSet::new(),
                next_task: 1,
                next_timer: 1,
            }),
            home: thread::current().id(),
        }
    }

    pub(super) fn now(&self) -> Duration {
        held(&self.state).now
    }

    pub(super) fn wall(&self) -> Timestamp {
        self.start.plus(self.now())
    }

    pub(super) fn hash(&self) -> u64 {
        held(&self.state).hash
    }

    pub(super) fn open(&self, process: ProcessId) {
        held(&self.state).open.insert(process);
    }

    /// Takes no more tasks of it; gives those that never ran.
    pub(super) fn close(&self, process: ProcessId) -> Vec<BoxFuture<'static, ()>> {
        let mut state = held(&self.state);
        state.open.remove(&process);
        let (gone, kept) = std::mem::take(&mut state.new)
            .into_iter()
            .partition(|(_, of, _)| *of == process);
        state.new = kept;
        let gone: Vec<(TaskId, ProcessId, BoxFuture<'static, ()>)> = gone;
        gone.into_iter().map(|(_, _, future)| future).collect()
    }

    pub(super) fn has_new(&self, process: ProcessId) -> bool {
        held(&self.state)
            .new
            .iter()
            .any(|(_, of, _)| *of == process)
    }

    /// A dead process starts nothing.
    pub(super) fn spawn(&self, process: ProcessId, future: BoxFuture<'static, ()>) {
        let mut state = held(&self.state);
        if !state.open.contains(&process) {
            drop(state);
            drop(future);
            return;
        }
        let id = state.next_task;
        state.next_task += 1;
        state.new.push((id, process, future));
        state.ready.push(id);
    }

    pub(super) fn take_new(&self) -> Vec<(TaskId, ProcessId, BoxFuture<'static, ()>)> {
        std::mem::take(&mut held(&self.state).new)
    }

    /// One of those that are ready, by the seed.
    pub(super) fn pick(&self) -> Option<TaskId> {
        let mut state = held(&self.state);
        if state.ready.is_empty() {
            return None;
        }
        let length = state.ready.len();
        let place = state.rng.place(length);
        let id = state.ready.remove(place);
        let now = u64::try_from(state.now.as_micros()).unwrap_or(u64::MAX);
        let mixed = (state.hash.rotate_left(7) ^ id ^ now.rotate_left(32))
            .wrapping_mul(0x517c_c1b7_2722_0a95);
        state.hash = mixed ^ (mixed >> 31);
        Some(id)
    }

    pub(super) fn next_timer(&self) -> Option<Duration> {
        held(&self.state).timers.keys().next().map(|key| key.0)
    }

    pub(super) fn set_now(&self, now: Duration) {
        let mut state = held(&self.state);
        state.now = state.now.max(now);
    }

    /// The clock goes to the next timer, which fires.
    pub(super) fn fire(&self) {
        let fired = {
            let mut state = held(&self.state);
            let Some((key, waker)) = state.timers.pop_first() else {
                return;
            };
            state.now = state.now.max(key.0);
            waker
        };
        fired.wake();
    }

    /// Sets or renews a timer.
    pub(super) fn set_timer(
        &self,
        due: Duration,
        key: Option<TimerKey>,
        waker: &Waker,
    ) -> TimerKey {
        let mut state = held(&self.state);
        let key = key.unwrap_or_else(|| {
            let number = state.next_timer;
            state.next_timer += 1;
            (due, state.rng.next(), number)
        });
        state.timers.insert(key, waker.clone());
        key
    }

    pub(super) fn unset_timer(&self, key: TimerKey) {
        let waker = held(&self.state).timers.remove(&key);
        drop(waker);
    }

    pub(super) fn ready(&self, id: TaskId) {
        let mut state = held(&self.state);
        if !state.ready.contains(&id) {
            state.ready.push(id);
        }
    }

    fn unready(&self, id: TaskId) {
        held(&self.state).ready.retain(|ready| *ready != id);
    }
}

/// A task's waker. What wakes it from the executor's own thread makes it ready, in the order of the seed.
/// What wakes it from a connection's thread only ends the wait for a store call: when that happens is no
/// part of the history.
pub(super) struct Poller {
    id: TaskId,
    schedule: Arc<Schedule>,
    in_db: AtomicBool,
    woken: AtomicBool,
    outer: Mutex<Option<Waker>>,
}

impl Poller {
    pub(super) fn new(id: TaskId, schedule: Arc<Schedule>) -> Arc<Poller> {
        Arc::new(Poller {
            id,
            schedule,
            in_db: AtomicBool::new(false),
            woken: AtomicBool::new(false),
            outer: Mutex::new(None),
        })
    }
}

impl Wake for Poller {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        let is_home = thread::current().id() == self.schedule.home;
        if is_home && !self.in_db.load(Ordering::SeqCst) {
            self.schedule.ready(self.id);
        }
        let outer = held(&self.outer).clone();
        if let Some(outer) = outer {
            outer.wake();
        }
    }
}

/// Polls a task until it is done (`true`) or waits for something else than the store.
pub(super) fn poll(
    runtime: &tokio::runtime::Runtime,
    poller: &Arc<Poller>,
    future: &mut BoxFuture<'static, ()>,
) -> bool {
    let waker = Waker::from(Arc::clone(poller));
    let polled = poll_fn(|context| {
        *held(&poller.outer) = Some(context.waker().clone());
        let mut again = Context::from_waker(&waker);
        loop {
            IN_DB.set(0);
            poller.woken.store(false, Ordering::SeqCst);
            match future.as_mut().poll(&mut again) {
                Poll::Ready(()) => return Poll::Ready(true),
                Poll::Pending if IN_DB.get() == 0 => return Poll::Ready(false),
                Poll::Pending => {
                    poller.in_db.store(true, Ordering::SeqCst);
                    // What was woken during this poll is polled again at once, not in its turn.
                    poller.schedule.unready(poller.id);
                    if !poller.woken.load(Ordering::SeqCst) {
                        return Poll::Pending;
                    }
                }
            }
        }
    });
    // Without a budget: one poll of ours may be thousands of polls of tasks.
    let is_done = runtime.block_on(tokio::task::unconstrained(polled));
    poller.in_db.store(false, Ordering::SeqCst);
    *held(&poller.outer) = None;
    is_done
}
