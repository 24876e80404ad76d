//! The ports of the desk that time and chance fill: Clock, Ids, Tasks.

use super::{
    ProcessId,
    schedule::{Schedule, TimerKey},
};
use crate::{disk::held, rng::Rng};
use paydesk_desk::ports::{BoxFuture, Clock, Ids, Tasks};
use paydesk_domain::Timestamp;
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

/// A machine's clock. What it shows can be moved; how long a sleep lasts cannot.
#[derive(Clone)]
pub struct SimClock {
    schedule: Arc<Schedule>,
    offset_ms: Arc<AtomicI64>,
}

impl SimClock {
    pub(super) fn new(schedule: Arc<Schedule>, offset_ms: Arc<AtomicI64>) -> SimClock {
        SimClock {
            schedule,
            offset_ms,
        }
    }

    /// Moves what it shows, as a time service or a person does.
    pub fn shift(&self, by_ms: i64) {
        self.offset_ms.fetch_add(by_ms, Ordering::Relaxed);
    }

    /// How far it is off.
    #[must_use]
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::Relaxed)
    }

    /// The moment a right clock shows.
    #[must_use]
    pub fn truth(&self) -> Timestamp {
        self.schedule.wall()
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.schedule.wall().0.saturating_add(self.offset_ms()))
    }

    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()> {
        Box::pin(Sleep {
            due: self.schedule.now().saturating_add(wait),
            schedule: Arc::clone(&self.schedule),
            key: None,
        })
    }
}

struct Sleep {
    due: Duration,
    schedule: Arc<Schedule>,
    key: Option<TimerKey>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.schedule.now() >= self.due {
            return Poll::Ready(());
        }
        let key = self.schedule.set_timer(self.due, self.key, context.waker());
        self.key = Some(key);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.schedule.unset_timer(key);
        }
    }
}

/// Fresh bytes, the same for the same seed.
pub struct SimIds(Mutex<Rng>);

impl SimIds {
    /// Those of this seed.
    #[must_use]
    pub fn new(seed: u64) -> SimIds {
        SimIds(Mutex::new(Rng::new(seed)))
    }
}

impl Ids for SimIds {
    fn nonce(&self) -> [u8; 16] {
        held(&self.0).bytes()
    }
}

/// Starts tasks in one process; once it is dead, none.
pub struct SimTasks {
    schedule: Arc<Schedule>,
    process: ProcessId,
}

impl SimTasks {
    pub(super) fn new(schedule: Arc<Schedule>, process: ProcessId) -> SimTasks {
        SimTasks { schedule, process }
    }
}

impl Tasks for SimTasks {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.schedule.spawn(self.process, task);
    }
}
