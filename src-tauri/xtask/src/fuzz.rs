//! `cargo xtask fuzz`: the targets of `tests/fuzz`, with their own mutator or, with `--guided`, under libFuzzer.
//!
//! Coverage needs no other compiler: the pass is in the stable one, only its flags are unusual, and they are given
//! for the machine's own target so that build scripts and procedural macros are left as they are.

use crate::process::{answer_of, command, run, run_and_keep};
use crate::workspace::Workspace;
use crate::{Outcome, Stop};
use paydesk_tally::{Tally, number};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

const COVERAGE: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Ccodegen-units=1";

/// Runs the targets.
pub(crate) fn fuzz(workspace: &Workspace, arguments: &[String]) -> Outcome {
    if arguments.iter().any(|word| word == "--guided") {
        return guided(workspace, arguments);
    }
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    run(targets(workspace, &words))
}

/// What a guided run is told.
struct Wish {
    /// One target, or all in turn.
    target: Option<String>,
    /// It ends at whichever comes first: `-max_total_time=N`, `-runs=N`.
    length: Vec<String>,
    /// Where the figures are added; targets that stand in it already are not run again.
    tally: Option<PathBuf>,
}

const USAGE: &str = "fuzz --guided [--target NAME] [--seconds N] [--executions N] [--tally FILE]";

fn wish(arguments: &[String]) -> Outcome<Wish> {
    let usage = || Stop::Usage(USAGE.to_owned());
    let mut wish = Wish {
        target: None,
        length: Vec::new(),
        tally: None,
    };
    let mut words = arguments.iter().filter(|word| *word != "--guided");
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(usage)?;
        let number = || value.parse::<u64>().map_err(|_| usage());
        match word.as_str() {
            "--target" => wish.target = Some(value.clone()),
            "--seconds" => wish.length.push(format!("-max_total_time={}", number()?)),
            "--executions" => wish.length.push(format!("-runs={}", number()?)),
            "--tally" => wish.tally = Some(PathBuf::from(value)),
            _ => return Err(usage()),
        }
    }
    if wish.length.is_empty() {
        wish.length.push("-max_total_time=600".to_owned());
    }
    Ok(wish)
}

/// What one target's guided run came to.
struct Guided {
    executions: u64,
    took: Duration,
}

/// The workspace beside the targets. Its lock file follows the product's whenever that gains a package, so it is
/// not held to it here; its corpora stay for the next run.
fn guided(workspace: &Workspace, arguments: &[String]) -> Outcome {
    let wish = wish(arguments)?;
    let machine = answer_of("rustc", &["--version", "--verbose"])
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("host: "))?;
            line.strip_prefix("host: ").map(str::to_owned)
        })
        .ok_or_else(|| Stop::Environment("rustc does not name its machine".to_owned()))?;
    let folder = workspace.path("tests/fuzz/guided");
    let build = folder.join("target");
    let words = ["build", "--quiet", "--release", "--target", &machine];
    let mut cargo = command(&folder, "cargo", &words);
    cargo
        .env("RUSTFLAGS", COVERAGE)
        .env("CARGO_TARGET_DIR", &build);
    run(cargo)?;
    let program = build.join(&machine).join("release/paydesk-fuzz-guided");
    let mut tally = match &wish.tally {
        Some(file) if file.exists() => Tally::read(file).map_err(Stop::Failed)?,
        _ => Tally::new("fuzz", &format!("cargo xtask fuzz {}", arguments.join(" "))),
    };
    let mut took = Duration::from_secs_f64(tally.seconds);
    let targets = match wish.target {
        Some(target) => vec![target],
        None => names(workspace)?,
    };
    for target in targets {
        let done = |rows: &BTreeMap<String, f64>| rows.contains_key(&target);
        if tally.tables.get("executions").is_some_and(done) {
            println!("{target:<18} was run before");
            continue;
        }
        let done = guide(workspace, &program, &target, &wish.length)?;
        println!(
            "{target:<18} {:>12} executions {:>6} s, nothing found",
            done.executions,
            done.took.as_secs()
        );
        took += done.took;
        tally
            .row("executions", &target, number(done.executions))
            .row("seconds", &target, done.took.as_secs_f64())
            .end(took, true);
        if let Some(file) = &wish.tally {
            tally.write(file).map_err(Stop::Failed)?;
        }
    }
    Ok(())
}

/// The targets by name.
fn names(workspace: &Workspace) -> Outcome<Vec<String>> {
    let (list, outcome) = run_and_keep(targets(workspace, &["--list"]))?;
    outcome?;
    let words = list
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    Ok(words.map(str::to_owned).collect())
}

/// The package of the targets.
fn targets(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut words = vec![
        "run",
        "--quiet",
        "--locked",
        "--package",
        "paydesk-fuzz",
        "--",
    ];
    words.extend(arguments);
    let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    crate::scripts::told(workspace, &words)
}

/// One target under libFuzzer, from its genuine inputs and what earlier runs kept.
fn guide(
    workspace: &Workspace,
    program: &Path,
    target: &str,
    length: &[String],
) -> Outcome<Guided> {
    let corpus = workspace.path("tests/fuzz/corpora").join(target);
    fs::create_dir_all(&corpus)?;
    let place = corpus.display().to_string();
    run(targets(workspace, &["--seeds", target, &place]))?;
    let mut words = vec![
        place,
        "-max_len=65536".to_owned(),
        "-timeout=5".to_owned(),
        "-rss_limit_mb=512".to_owned(),
        "-print_final_stats=1".to_owned(),
    ];
    words.extend_from_slice(length);
    let folder = workspace.path("tests/fuzz/guided");
    let mut fuzzer = command(&folder, &program.to_string_lossy(), &words);
    fuzzer.env("PAYDESK_FUZZ_TARGET", target);
    let begun = Instant::now();
    let (said, outcome) = run_and_keep(fuzzer)?;
    outcome?;
    let executions = said
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))
        .and_then(|number| number.trim().parse().ok())
        .ok_or_else(|| Stop::Failed(format!("{target}: libFuzzer did not say how often it ran")))?;
    Ok(Guided {
        executions,
        took: begun.elapsed(),
    })
}
