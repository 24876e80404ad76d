//! The scheduler by itself: who goes first, what time it is, what a death drops.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use paydesk_desk::ports::{Clock, Tasks};
use std::sync::atomic::AtomicU64;
use tokio::sync::{Notify, Semaphore, broadcast, mpsc};

const START: Timestamp = Timestamp(1_795_219_200_000);

fn executor(seed: u64) -> Executor {
    Executor::new(seed, START).unwrap()
}

type Told = Arc<Mutex<Vec<(u64, u64)>>>;

/// Ten tasks that sleep, pass a semaphore and tell when; gives what they told and the hash.
fn history(seed: u64) -> (Vec<(u64, u64)>, u64) {
    let mut executor = executor(seed);
    let process = executor.start_process();
    let clock = executor.clock();
    let told = Told::default();
    let room = Arc::new(Semaphore::new(2));
    for n in 0..10 {
        let (clock, told, room) = (Arc::clone(&clock), Arc::clone(&told), Arc::clone(&room));
        executor.spawn(process, async move {
            for _ in 0..20 {
                let _permit = room.acquire().await.unwrap();
                clock.sleep(Duration::from_millis(10)).await;
                let at = u64::try_from(clock.now().0 - START.0).unwrap();
                held(&told).push((n, at));
            }
        });
    }
    assert_eq!(
        executor.run_for(Duration::from_secs(60)),
        Stopped::Idle,
        "all came to an end"
    );
    let told = held(&told).clone();
    assert_eq!(told.len(), 200);
    assert_eq!(told.last().unwrap().1, 1000, "two at a time");
    (told, executor.hash())
}

#[test]
fn one_seed_is_one_history() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..20 {
        let (told, hash) = history(seed);
        assert_eq!((told, hash), history(seed));
        seen.insert(hash);
    }
    assert_eq!(seen.len(), 20);
}

#[test]
fn time_passes_only_when_nobody_can_go_on() {
    let mut executor = executor(1);
    let process = executor.start_process();
    let (clock, other) = (executor.clock(), executor.clock());
    other.shift(-3_600_000);
    let sleep = clock.sleep(Duration::from_secs(9 * 3600));
    assert_eq!(executor.finish(process, sleep), Ok(()));
    assert_eq!(clock.now().0 - START.0, 9 * 3_600_000);
    assert_eq!(other.now().0 - START.0, 8 * 3_600_000);
    let sleep = clock.sleep(Duration::from_secs(10));
    executor.spawn(process, sleep);
    assert_eq!(executor.run_for(Duration::from_secs(4)), Stopped::Deadline);
    assert_eq!(clock.now().0 - START.0, 9 * 3_600_000 + 4_000);
    assert_eq!(executor.run_for(Duration::from_secs(60)), Stopped::Idle);
}

#[test]
fn a_timer_that_nobody_waits_for_does_not_move_the_clock() {
    let mut executor = executor(1);
    let process = executor.start_process();
    let clock = executor.clock();
    let wake = Arc::new(Notify::new());
    let (ours, theirs) = (Arc::clone(&clock), Arc::clone(&wake));
    executor.spawn(process, async move {
        tokio::select! {
            () = ours.sleep(Duration::from_secs(100)) => {}
            () = theirs.notified() => {}
        }
    });
    executor.spawn(process, async move { wake.notify_one() });
    assert_eq!(executor.run_for(Duration::from_secs(900)), Stopped::Idle);
    assert_eq!(executor.elapsed(), Duration::ZERO);
}

#[test]
fn the_primitives_of_tokio_sync_work_beyond_any_budget() {
    let mut executor = executor(3);
    let process = executor.start_process();
    let (to, mut from) = mpsc::channel(1);
    let (tell, mut hear) = broadcast::channel(4096);
    let lock = Arc::new(tokio::sync::Mutex::new(0));
    for n in 0..8_u64 {
        let (to, lock) = (to.clone(), Arc::clone(&lock));
        executor.spawn(process, async move {
            for _ in 0..500 {
                *lock.lock().await += 1;
                to.send(n).await.unwrap();
            }
        });
    }
    drop(to);
    let counting = async move {
        let mut sum = 0;
        while let Some(n) = from.recv().await {
            sum += n;
            tell.send(n).unwrap();
        }
        sum
    };
    assert_eq!(executor.finish(process, counting), Ok(500 * 28));
    assert_eq!(
        executor.finish(process, async move { *lock.lock().await }),
        Ok(4000)
    );
    let hearing = async move {
        let mut count = 0;
        while hear.recv().await.is_ok() {
            count += 1;
        }
        count
    };
    assert_eq!(executor.finish(process, hearing), Ok(4000));
}

struct Dropped(Arc<AtomicU64>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_killed_process_is_dropped_wherever_it_stands_and_starts_nothing() {
    let mut executor = executor(1);
    let (one, two) = (executor.start_process(), executor.start_process());
    let (clock, tasks) = (executor.clock(), executor.tasks(one));
    let dropped = Arc::new(AtomicU64::new(0));
    let ran = Arc::new(AtomicU64::new(0));
    for process in [one, two] {
        for n in 0..5 {
            let (clock, guard) = (Arc::clone(&clock), Dropped(Arc::clone(&dropped)));
            let ran = Arc::clone(&ran);
            executor.spawn(process, async move {
                clock.sleep(Duration::from_secs(n)).await;
                ran.fetch_add(1, Ordering::Relaxed);
                drop(guard);
            });
        }
    }
    executor.run_for(Duration::from_millis(1500));
    let guard = Dropped(Arc::clone(&dropped));
    tasks.spawn(Box::pin(async move { drop(guard) }));
    assert_eq!(ran.load(Ordering::Relaxed), 4);
    executor.kill(one);
    assert_eq!(
        dropped.load(Ordering::Relaxed),
        8,
        "three there, and the one that never ran"
    );
    assert!(!executor.has_tasks(one) && executor.has_tasks(two));
    let guard = Dropped(Arc::clone(&dropped));
    tasks.spawn(Box::pin(async move { drop(guard) }));
    assert_eq!(executor.run_for(Duration::from_secs(60)), Stopped::Idle);
    assert_eq!(ran.load(Ordering::Relaxed), 7);
}

#[test]
fn a_wait_without_end_is_told() {
    let mut executor = executor(1);
    let process = executor.start_process();
    let never = std::future::pending::<()>();
    assert_eq!(executor.finish(process, never), Err(Stopped::Idle));
}
