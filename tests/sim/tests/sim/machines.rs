//! Machines: boot, kill, power cut, death at a step, two processes, no file left open.

use paydesk_desk::ports::*;
use paydesk_domain::{BusinessDay, Timestamp};
use paydesk_sim::{
    disk::{ErrorKind, Faults, pin_randomness},
    executor::{Executor, Stopped},
    machine::{BootError, FILE, Machine, Process},
};
use serde_json::json;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

const START: Timestamp = Timestamp(1_795_219_200_000);

/// SQLite's randomness is one per process: one simulation at a time.
static ONE: Mutex<()> = Mutex::new(());

fn one(seed: u64) -> MutexGuard<'static, ()> {
    let guard = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    pin_randomness(seed);
    guard
}

fn event(text: &str) -> NewEvent {
    NewEvent {
        kind: EventKind::SettingsChanged,
        order: None,
        subject: None,
        actor: Actor::Operator("收银员 1".to_owned()),
        at: START,
        day: BusinessDay(20_261_121),
        body: json!({ "after": { "settings": { "name": text } } }),
        evidence: None,
    }
}

fn append(
    executor: &mut Executor,
    process: &Process,
    text: &str,
) -> Result<Result<(), StoreError>, Stopped> {
    let (store, event) = (process.store.clone(), event(text));
    executor.finish(process.id, async move { store.append(vec![event]).await })
}

fn settings(executor: &mut Executor, process: &Process) -> String {
    let store = process.store.clone();
    let found = executor.finish(process.id, async move { store.settings().await });
    found.unwrap().unwrap().unwrap()["name"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn what_was_acknowledged_is_there_after_every_kind_of_death() {
    let _one = one(1);
    let mut executor = Executor::new(1, START).unwrap();
    let mut machine = Machine::new(&executor, 1).unwrap();
    let mut expected = String::new();
    for life in 0..30 {
        let process = machine.boot(&mut executor).unwrap();
        if life > 0 {
            assert_eq!(settings(&mut executor, &process), expected);
        }
        expected = format!("life {life}");
        append(&mut executor, &process, &expected).unwrap().unwrap();
        match life % 3 {
            0 => machine.shut_down(&mut executor, process.id),
            1 => machine.kill(&mut executor, process.id),
            _ => drop(machine.power_cut(&mut executor)),
        }
        assert_eq!(machine.disk().open_handles(), 0);
        assert!(!executor.has_tasks(process.id));
    }
    let counters = machine.disk().counters();
    assert_eq!((counters.kills, counters.power_cuts), (10, 10));
    assert!(
        counters.syncs > 60 && counters.directory_syncs > 10,
        "{counters:?}"
    );
}

#[test]
fn a_machine_that_loses_power_at_any_step_of_its_first_boot_boots_the_next_time() {
    let _one = one(2);
    let (mut step, mut lost_names) = (0, 0);
    loop {
        step += 1;
        let mut executor = Executor::new(step, START).unwrap();
        let mut machine = Machine::new(&executor, step).unwrap();
        machine.disk().cut_at(step);
        let is_over = match machine.boot(&mut executor) {
            Ok(_) => true,
            Err(BootError::Died) => false,
            Err(error) => panic!("{error:?}"),
        };
        machine.power_cut(&mut executor);
        machine.disk().heal();
        let process = machine.boot(&mut executor).unwrap();
        append(&mut executor, &process, "here").unwrap().unwrap();
        machine.shut_down(&mut executor, process.id);
        lost_names += machine.disk().counters().lost_names;
        if is_over {
            break;
        }
    }
    assert!(step > 50 && lost_names > 3, "{step} {lost_names}");
}

#[test]
fn a_process_that_dies_at_any_step_of_a_commit_comes_back_whole() {
    let _one = one(2);
    let mut executor = Executor::new(2, START).unwrap();
    let mut machine = Machine::new(&executor, 2).unwrap();
    let process = machine.boot(&mut executor).unwrap();
    append(&mut executor, &process, "round 0").unwrap().unwrap();
    machine.shut_down(&mut executor, process.id);
    let (mut allowed, mut died) = (vec!["round 0".to_owned()], 0);
    for round in 1..=60_u64 {
        let process = machine.boot(&mut executor).unwrap();
        let found = settings(&mut executor, &process);
        assert!(allowed.contains(&found), "{found}: {allowed:?}");
        let is_cut = round % 2 == 0;
        if is_cut {
            machine.disk().cut_at(round / 4);
        } else {
            process.disk.kill_at(round / 4);
        }
        let text = format!("round {round}");
        match append(&mut executor, &process, &text) {
            Ok(answer) => {
                answer.unwrap();
                allowed = vec![text];
            }
            Err(stopped) => {
                assert_eq!(stopped, Stopped::Died(process.id));
                assert!(process.disk.is_dead());
                allowed = vec![found, text];
                died += 1;
            }
        }
        if is_cut {
            machine.power_cut(&mut executor);
        } else {
            machine.kill(&mut executor, process.id);
        }
        machine.disk().heal();
    }
    assert!((20..60).contains(&died), "{died}");
}

#[test]
fn two_processes_share_a_file_and_one_dies_alone() {
    let _one = one(3);
    let mut executor = Executor::new(3, START).unwrap();
    let mut machine = Machine::new(&executor, 3).unwrap();
    let first = machine.boot(&mut executor).unwrap();
    let second = machine.boot(&mut executor).unwrap();
    append(&mut executor, &first, "one").unwrap().unwrap();
    assert_eq!(settings(&mut executor, &second), "one");
    append(&mut executor, &second, "two").unwrap().unwrap();
    machine.kill(&mut executor, first.id);
    assert_eq!(settings(&mut executor, &second), "two");
    append(&mut executor, &second, "three").unwrap().unwrap();
    let third = machine.boot(&mut executor).unwrap();
    assert_eq!(settings(&mut executor, &third), "three");
    machine.power_cut(&mut executor);
    assert!(second.disk.is_dead() && third.disk.is_dead());
    let fourth = machine.boot(&mut executor).unwrap();
    assert_eq!(settings(&mut executor, &fourth), "three");
    machine.shut_down(&mut executor, fourth.id);
    let names: Vec<String> = machine.disk().image().names().map(str::to_owned).collect();
    assert_eq!(names, [FILE], "an orderly end leaves one file");
}

#[test]
fn every_error_is_the_stores_own_and_nothing_acknowledged_is_lost() {
    let _one = one(4);
    let expected = [
        (ErrorKind::Busy, StoreError::Busy),
        (ErrorKind::Full, StoreError::Full),
    ];
    for kind in [
        ErrorKind::Busy,
        ErrorKind::Full,
        ErrorKind::Sync,
        ErrorKind::Write,
    ] {
        let mut executor = Executor::new(4, START).unwrap();
        let mut machine = Machine::new(&executor, 4).unwrap();
        let process = machine.boot(&mut executor).unwrap();
        append(&mut executor, &process, "before").unwrap().unwrap();
        machine.disk().fail_at(kind, 1);
        // So much that the log has to grow.
        let lost = "lost".repeat(200_000);
        let error = append(&mut executor, &process, &lost).unwrap().unwrap_err();
        match expected.iter().find(|(of, _)| *of == kind) {
            Some((_, wanted)) => assert_eq!(&error, wanted),
            None => assert!(matches!(error, StoreError::Io(_)), "{kind:?}: {error:?}"),
        }
        machine.disk().heal();
        append(&mut executor, &process, "after").unwrap().unwrap();
        machine.power_cut(&mut executor);
        let process = machine.boot(&mut executor).unwrap();
        assert_eq!(settings(&mut executor, &process), "after", "{kind:?}");
        machine.shut_down(&mut executor, process.id);
        assert_eq!(machine.disk().counters().faults(), 2);
    }
}

#[test]
fn a_disk_that_lies_loses_what_was_acknowledged_and_is_counted() {
    let _one = one(5);
    let mut lost = 0;
    for seed in 0..30 {
        let mut executor = Executor::new(seed, START).unwrap();
        let mut machine = Machine::new(&executor, seed).unwrap();
        let process = machine.boot(&mut executor).unwrap();
        append(&mut executor, &process, "before").unwrap().unwrap();
        machine.disk().set_faults(Faults {
            lying_sync: 1_000_000,
            ..Faults::default()
        });
        append(&mut executor, &process, "promised")
            .unwrap()
            .unwrap();
        assert!(machine.disk().counters().injected_lies > 0);
        machine.disk().heal();
        machine.power_cut(&mut executor);
        let process = machine.boot(&mut executor).unwrap();
        let found = settings(&mut executor, &process);
        assert!(found == "before" || found == "promised");
        lost += u32::from(found == "before");
        machine.shut_down(&mut executor, process.id);
    }
    assert!(lost > 5, "{lost}");
}

#[test]
fn a_machines_clock_outlives_its_processes() {
    let _one = one(6);
    let mut executor = Executor::new(6, START).unwrap();
    let mut machine = Machine::new(&executor, 6).unwrap();
    machine.clock().shift(90_000);
    let process = machine.boot(&mut executor).unwrap();
    executor.run_for(Duration::from_secs(10));
    let sleep = process.clock.sleep(Duration::from_secs(5));
    executor.finish(process.id, sleep).unwrap();
    assert_eq!(process.clock.now(), Timestamp(START.0 + 95_000));
    machine.power_cut(&mut executor);
    let process = machine.boot(&mut executor).unwrap();
    assert_eq!(process.clock.now(), Timestamp(START.0 + 95_000));
    assert_eq!(process.clock.truth(), Timestamp(START.0 + 5_000));
    machine.power_cut(&mut executor);
}
