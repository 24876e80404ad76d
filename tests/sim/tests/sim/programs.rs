//! `paydesk-sim` as a program: the same in another process, images whole, planted bugs found, nonsense
//! refused. A history is one process's, so each runs in its own.

use std::process::{Command, Output};

fn sim(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_paydesk-sim"))
        .args(arguments)
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// INV19.
#[test]
fn one_seed_is_one_history_in_every_process() {
    let life = |seed: &str| {
        let output = sim(&["life", "--seed", seed, "--steps", "40"]);
        assert!(output.status.success(), "{output:?}");
        text(&output)
    };
    let mut seen = std::collections::BTreeSet::new();
    for seed in ["1", "2", "3", "4"] {
        let first = life(seed);
        assert_eq!(first, life(seed));
        assert_eq!(first, life(seed));
        seen.insert(first);
    }
    assert_eq!(seen.len(), 4);
}

/// INV19, for worlds: the production desk under weather and deaths.
#[test]
fn a_simulated_day_is_one_history_in_every_process() {
    let day = |seed: &str| {
        let words = ["days", "--days", "1", "--world-days", "1", "--tills", "1"];
        let rest = ["--sales", "15", "--processes", "1", "--seed", seed];
        let output = sim(&[&words[..], &rest[..]].concat());
        assert!(output.status.success(), "{output:?}");
        // All but how fast it was.
        let said = text(&output);
        let lines = said.lines();
        let kept: Vec<&str> = lines
            .filter(|line| !line.starts_with("till-days a second"))
            .collect();
        kept.join("\n")
    };
    let (one, other) = (day("5"), day("6"));
    assert_eq!(one, day("5"));
    assert_eq!(other, day("6"));
    assert_ne!(one, other);
}

/// INV20, the first of many: the auditor names what a store that does not sync loses.
#[test]
fn days_on_a_store_that_does_not_sync_are_caught() {
    let words = ["days", "--days", "10", "--world-days", "1", "--tills", "1"];
    let rest = ["--plant", "normal-sync", "--sales", "30"];
    let output = sim(&[&words[..], &rest[..]].concat());
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("INV17") && said.contains("replay: cargo xtask sim"),
        "{said}"
    );
}

/// The labelled variant: no program holds against such a disk, so something has to be seen.
#[test]
fn a_disk_that_lies_about_its_syncs_is_shown() {
    // More than one world: whether a cut falls behind a lie is chance.
    let words = ["days", "--days", "6", "--world-days", "1", "--tills", "1"];
    let rest = ["--disk", "lying", "--sales", "20", "--seed", "200"];
    let output = sim(&[&words[..], &rest[..]].concat());
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("worlds showed it"), "{said}");
}

/// In the database, and in the write-ahead log that a power cut leaves.
#[test]
fn bits_that_turn_are_told_or_change_nothing() {
    let output = sim(&["rot", "--bits", "80", "--seed", "3"]);
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    for told in ["80 bits turned", "found by", "told by the mark"] {
        assert!(said.contains(told), "{told}: {said}");
    }
}

#[test]
fn long_days_are_taken_up_where_they_ended() {
    let file = std::env::temp_dir().join(format!("paydesk-days-{}", std::process::id()));
    let file = file.to_str().unwrap();
    let run = |days: &str, sales: &str| {
        let words = ["days", "--days", days, "--world-days", "1", "--tills", "1"];
        let rest = ["--sales", sales, "--processes", "1", "--resume", file];
        sim(&[&words[..], &rest[..]].concat())
    };
    let days = |output: &Output| -> u64 {
        let said = text(output);
        let line = said.lines().find(|line| line.starts_with("till-days"));
        let count = line.unwrap().split_whitespace().last().unwrap();
        count.parse().unwrap()
    };
    assert_eq!(days(&run("1", "5")), 1);
    assert_eq!(days(&run("3", "5")), 3);
    assert_eq!(run("4", "6").status.code(), Some(2), "another run's file");
    std::fs::write(file, "torn").unwrap();
    assert_eq!(run("4", "5").status.code(), Some(2));
    std::fs::remove_file(file).unwrap();
}

#[test]
fn images_are_whole() {
    let output = sim(&["images", "--count", "300", "--seed", "7"]);
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    let count = |name: &str| -> u64 {
        let line = said.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().last().unwrap().parse().unwrap()
    };
    assert!(count("images") >= 300);
    assert_eq!(count("bad"), 0);
    for name in [
        "power cuts",
        "kills",
        "acknowledged, found",
        "sectors lost",
        "writes torn",
    ] {
        assert!(count(name) > 0, "{name}: {said}");
    }
}

#[test]
fn a_store_that_does_not_sync_its_commits_is_caught() {
    let found = |planted: &str, scenario: &str| {
        let images = ["images", "--count", "300", "--scenario", scenario];
        let whole = sim(&images);
        assert_eq!(
            whole.status.code(),
            Some(0),
            "without {planted}: {}",
            text(&whole)
        );
        let output = sim(&[&images[..], &["--plant", planted]].concat());
        let said = text(&output);
        assert_eq!(output.status.code(), Some(1), "{planted}: {said}");
        assert!(said.contains("BAD"), "{planted}: {said}");
    };
    found("normal-sync", "open_and_settle");
    found("unsynced-reads", "failed_sync");
}

#[test]
fn a_run_is_taken_up_where_it_ended() {
    let folder = std::env::temp_dir().join(format!("paydesk-sim-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("images");
    let file = file.to_str().unwrap();
    let run = |count: &str, seed: &str| {
        sim(&[
            "images", "--count", count, "--seed", seed, "--again", "1", "--resume", file,
        ])
    };
    let images = |output: &Output| -> u64 {
        let said = text(output);
        let line = said.lines().next().unwrap_or_default().to_owned();
        line.split_whitespace().last().unwrap().parse().unwrap()
    };
    let first = images(&run("40", "1"));
    let second = images(&run("80", "1"));
    assert!(
        first >= 40 && second >= 80 && second < first + 60,
        "{first} {second}"
    );
    let other = run("80", "2");
    assert_eq!(other.status.code(), Some(2), "{other:?}");
    std::fs::write(format!("{file}.0-of-2"), "torn").unwrap();
    assert_eq!(run("80", "1").status.code(), Some(2));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn nonsense_is_refused_with_the_usage() {
    for arguments in [
        &[][..],
        &["dance"],
        &["days", "--dyas", "3"],
        &["days", "--off", "rain"],
        &["days", "--disk", "round"],
        &["days", "--plant", "daisies"],
        &["images", "--cuont", "3"],
        &["images", "--count"],
        &["images", "--count", "many"],
        &["images", "--count", "0"],
        &["images", "--processes", "0"],
        &["images", "--only", "nowhere:1:cut"],
        &["images", "--plant", "daisies"],
        &["life", "--seed"],
        &["scenarios", "now"],
    ] {
        let output = sim(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("usage") || said.contains("nowhere"), "{said}");
    }
    assert_eq!(
        sim(&["life", "--steps", "0"]).status.code(),
        Some(1),
        "no fault shows nothing"
    );
}

#[test]
fn there_are_twenty_scenarios_and_more() {
    assert!(text(&sim(&["scenarios"])).lines().count() >= 20);
}
