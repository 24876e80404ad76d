//! `cargo xtask test`: every check there is, in the order in which they fail fastest.
//!
//! Counts only what the runners report; a stage that fails fails the run, and the later ones still tell what they find.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::counts::{self, Counts};
use crate::process::{answer_of, command, run, run_and_keep};
use crate::setup::{Purpose, set_up};
use crate::workspace::Workspace;
use crate::{Outcome, Stop, gen_types, run as start, tidy};

/// What a stage is given and what it answers: how many tests it ran, and whether it holds.
type Work = fn(&Workspace) -> Outcome<(Counts, Outcome)>;

/// One step of the run.
struct Stage {
    name: &'static str,
    /// Without it nothing later can tell anything: the run stops there.
    is_foundation: bool,
    work: Work,
}

const STAGES: [Stage; 17] = [
    Stage {
        name: "setup",
        is_foundation: true,
        work: |it| plain(set_up(it, Purpose::Test)),
    },
    Stage {
        name: "format",
        is_foundation: false,
        work: format,
    },
    Stage {
        name: "tidy",
        is_foundation: false,
        work: |it| plain(tidy::tidy(it)),
    },
    Stage {
        name: "page",
        is_foundation: true,
        work: |it| plain(start::build_page(it)),
    },
    Stage {
        name: "page-check",
        is_foundation: false,
        work: page_check,
    },
    Stage {
        name: "page-units",
        is_foundation: false,
        work: page_units,
    },
    Stage {
        name: "clippy",
        is_foundation: false,
        work: clippy,
    },
    Stage {
        name: "rust",
        is_foundation: true,
        work: rust_tests,
    },
    Stage {
        name: "gen",
        is_foundation: false,
        work: gen_check,
    },
    Stage {
        name: "pages",
        is_foundation: false,
        work: page_tests,
    },
    Stage {
        name: "window",
        is_foundation: false,
        work: window_tests,
    },
    Stage {
        name: "clients",
        is_foundation: false,
        work: independent_clients,
    },
    Stage {
        name: "fuzz",
        is_foundation: false,
        work: fuzz_targets,
    },
    Stage {
        name: "hostile",
        is_foundation: false,
        work: hostile_peer,
    },
    Stage {
        name: "sim",
        is_foundation: false,
        work: simulated_days,
    },
    Stage {
        name: "kills",
        is_foundation: false,
        work: short_kills,
    },
    Stage {
        name: "soak",
        is_foundation: false,
        work: short_soak,
    },
];

/// Pages and windows wait for their tills most of the time; fuzzing takes what they leave, and no more.
const WAITING: &str = "pages";
const COMPUTING: &str = "fuzz";

/// What one stage came to.
struct Report {
    name: &'static str,
    took: Duration,
    counts: Counts,
    failure: Option<String>,
}

/// Runs all stages, or those that are named.
pub(crate) fn test(workspace: &Workspace, arguments: &[String]) -> Outcome {
    if arguments.iter().any(|word| word == "--list") {
        for stage in &STAGES {
            println!("{}", stage.name);
        }
        return Ok(());
    }
    if let Some(unknown) = arguments
        .iter()
        .find(|word| !STAGES.iter().any(|it| it.name == **word))
    {
        return Err(Stop::Usage(format!(
            "no stage `{unknown}`: `cargo xtask test --list` names them"
        )));
    }
    let is_asked =
        |stage: &&Stage| arguments.is_empty() || arguments.iter().any(|word| word == stage.name);
    let stages: Vec<&Stage> = STAGES.iter().filter(is_asked).collect();
    let began = Instant::now();
    let reports = run_stages(workspace, &stages, began);
    conclude(&reports, began.elapsed())
}

/// One stage after the other. What only computes begins beside those that mostly wait, and is waited for in its turn.
fn run_stages(workspace: &Workspace, stages: &[&Stage], began: Instant) -> Vec<Report> {
    let mut reports = Vec::new();
    std::thread::scope(|scope| {
        let mut beside = None;
        for stage in stages {
            // With the time, so that of a run that was cut off it can be seen where it went.
            println!("\n==> {} ({} s)", stage.name, began.elapsed().as_secs());
            if stage.name == WAITING {
                let computing = stages.iter().find(|it| it.name == COMPUTING);
                beside = computing.map(|it| scope.spawn(move || run_stage(workspace, it)));
            }
            let early = beside.take_if(|_| stage.name == COMPUTING);
            let report = early
                .and_then(|running| running.join().ok())
                .unwrap_or_else(|| run_stage(workspace, stage));
            let is_end = report.failure.is_some() && stage.is_foundation;
            reports.push(report);
            if is_end {
                break;
            }
        }
    });
    reports
}

fn run_stage(workspace: &Workspace, stage: &Stage) -> Report {
    let began = Instant::now();
    let (counts, outcome) = match (stage.work)(workspace) {
        Ok(answer) => answer,
        Err(stop) => (Counts::default(), Err(stop)),
    };
    let failure = match outcome {
        Ok(()) if counts.failed > 0 => Some(format!("{} tests failed", counts.failed)),
        Ok(()) => None,
        Err(stop) => Some(stop.message().to_owned()),
    };
    if let Some(words) = &failure {
        eprintln!("xtask: stage {} failed: {words}", stage.name);
    }
    Report {
        name: stage.name,
        took: began.elapsed(),
        counts,
        failure,
    }
}

/// Prints the times and the closing count; a failed stage that counted no failed test counts as one.
fn conclude(reports: &[Report], took: Duration) -> Outcome {
    let mut total = Counts::default();
    println!("\n==> summary");
    for report in reports {
        let verdict = if report.failure.is_some() {
            "FAILED"
        } else {
            "ok"
        };
        println!(
            "{:<12} {:>7.1} s  {:>5} passed  {:>3} failed  {verdict}",
            report.name,
            report.took.as_secs_f64(),
            report.counts.passed,
            report.counts.failed,
        );
        total += report.counts;
        if report.failure.is_some() && report.counts.failed == 0 {
            total.failed += 1;
        }
    }
    println!("{:<12} {:>7.1} s\n", "all", took.as_secs_f64());
    println!("{} passed, {} failed", total.passed, total.failed);
    let failed: Vec<&str> = reports
        .iter()
        .filter(|report| report.failure.is_some())
        .map(|report| report.name)
        .collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Stop::Failed(format!("failed: {}", failed.join(", "))))
    }
}

/// A stage without tests of its own.
fn plain(outcome: Outcome) -> Outcome<(Counts, Outcome)> {
    Ok((Counts::default(), outcome))
}

/// A stage whose runner prints its counts; one that ran nothing has not held anything.
fn counted(
    mut command: std::process::Command,
    workspace: &Workspace,
) -> Outcome<(Counts, Outcome)> {
    command.env("PAYDESK_TARGET", workspace.target(""));
    let (output, outcome) = run_and_keep(command)?;
    let counts = counts::read(&output);
    if outcome.is_ok() && counts == Counts::default() {
        return Ok((
            counts,
            Err(Stop::Failed("the runner reported no test".to_owned())),
        ));
    }
    Ok((counts, outcome))
}

fn format(workspace: &Workspace) -> Outcome<(Counts, Outcome)> {
    plain(run(command(
        &workspace.path(""),
        "cargo",
        &["fmt", "--all", "--check"],
    )))
}

fn gen_check(workspace: &Workspace) -> Outcome<(Counts, Outcome)> {
    plain(gen_types::generate(workspace, &["--check".to_owned()]))
}

/// The page was built one stage earlier, so the generated messages are there: the `pre` scripts are skipped.
fn page_check(workspace: &Workspace) -> Outcome<(Counts, Outcome)> {
    let npm = |script: &str| {
        crate::setup::npm(
            workspace,
            Path::new("ui"),
            &["run", "--ignore-scripts", script],
        )
    };
    plain(npm("check").and_then(|()| npm("lint")))
}

fn page_units(workspace: &Workspace) -> Outcome<(Counts, Outcome)> {
    counted(
        command(
            &workspace.path("ui"),
            "npm",
            &["run", "--ignore-scripts", "test"],
        ),
        workspace,
    )
}

fn rust_tests(workspace: &Workspace) -> Outcome<(Counts, Outcome)> {
    let root = workspace.path("");
    // Everything the later stages start is built by the same call, with the same features.
    run(command(
        &root,
        "cargo",
        &["build", "--locked", "--workspace", "--all-targets"],
    ))?;
    let arguments: &[&str] = if answer_of("cargo", &["nextest", "--version"]).is_some() {
        &[
            "nextest",
            "run",
            "--locked",
            "--workspace",
            "--all-targets",
            "--no-fail-fast",
        ]
    } else {
        &[
            "test",
            "--locked",
            "--workspace",
            "--all-targets",
            "--no-fail-fast",
        ]
    };
    counted(command(&root, "cargo", arguments), workspace)
}

fn page_tests(workspace: &Workspace) -> Outcome<(Counts, Outcome)> {
    // Most of the time a page waits for its till.
    node_tests(workspace, "pages", 2)
}

/// A part of the kills that `cargo xtask kills` makes in full.
fn short_kills(workspace: &Workspace) -> Outcome<(Counts, Outcome)> {
    let program = workspace.program("paydesk-kills");
    let words = ["--count", "200", "--cap", "400"];
    counted(
        command(&workspace.path(""), &program.to_string_lossy(), &words),
        workspace,
    )
}

/// A few seconds of what `cargo xtask soak` does for minutes.
fn short_soak(workspace: &Workspace) -> Outcome<(Counts, Outcome)> {
    let program = workspace.program("paydesk-soak");
    let words = ["--seconds", "10", "--rate", "8"];
    counted(
        command(&workspace.path(""), &program.to_string_lossy(), &words),
        workspace,
    )
}

/// Every parser of foreign bytes for half a minute of a processor, a process to a processor, all others first.
fn fuzz_targets(workspace: &Workspace) -> Outcome<(Counts, Outcome)> {
    let program = workspace.program("paydesk-fuzz");
    let words = ["-n", "19", &program.to_string_lossy(), "--seconds", "30"];
    counted(command(&workspace.path(""), "nice", &words), workspace)
}

/// Every named lie, and a part of the changed answers and harmful archives that `cargo xtask hostile` can make.
fn hostile_peer(workspace: &Workspace) -> Outcome<(Counts, Outcome)> {
    let program = workspace.program("paydesk-hostile");
    let words: [&str; 0] = [];
    counted(
        command(&workspace.path(""), &program.to_string_lossy(), &words),
        workspace,
    )
}

/// A thousand days with faults and deaths, which have to meet everything that can be met, then every seed that once
/// broke something, and a world for each planted bug.
fn simulated_days(workspace: &Workspace) -> Outcome<(Counts, Outcome)> {
    let root = workspace.path("");
    let program = workspace.program("paydesk-sim");
    let program = program.to_string_lossy();
    run(command(
        &root,
        &program,
        &["days", "--days", "1000", "--seed", "1"],
    ))?;
    let (mut counts, lived) = counted(command(&root, &program, &["regressions"]), workspace)?;
    let (planted, killed) = counted(command(&root, &program, &["mutants"]), workspace)?;
    counts += planted;
    Ok((counts, lived.and(killed)))
}

fn window_tests(workspace: &Workspace) -> Outcome<(Counts, Outcome)> {
    // Two windows at once only steal each other's focus.
    node_tests(workspace, "window", 1)
}

fn independent_clients(workspace: &Workspace) -> Outcome<(Counts, Outcome)> {
    counted(
        crate::scripts::conformance_command(workspace, &[]),
        workspace,
    )
}

/// The test files of a folder, so many at once. A file that stands still is ended and named, instead of the whole run:
/// the longest takes four minutes.
fn node_tests(workspace: &Workspace, folder: &str, abreast: usize) -> Outcome<(Counts, Outcome)> {
    let root = workspace.path("tests/e2e");
    let mut words = vec![
        "--test".to_owned(),
        "--test-reporter=spec".to_owned(),
        format!("--test-concurrency={abreast}"),
        "--test-timeout=720000".to_owned(),
    ];
    for file in crate::workspace::files_under(&root.join(folder), &[])? {
        let name = file.to_string_lossy();
        if name.ends_with(".test.mjs") {
            words.push(name.into_owned());
        }
    }
    counted(command(&root, "node", &words), workspace)
}

fn clippy(workspace: &Workspace) -> Outcome<(Counts, Outcome)> {
    let words = [
        "clippy",
        "--quiet",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    plain(run(command(&workspace.path(""), "cargo", &words)))
}
