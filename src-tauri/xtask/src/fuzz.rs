//! `cargo xtask fuzz`: the targets of `tests/fuzz`, with their own mutator or, with `--guided`, under libFuzzer.
//!
//! Coverage needs no other compiler: the pass is in the stable one, only its flags are unusual, and they are given
//! for the machine's own target so that build scripts and procedural macros are left as they are.

use crate::process::{answer_of, command, run};
use crate::workspace::Workspace;
use crate::{Outcome, Stop};
use std::fs;

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
    let mut words: Vec<String> = [
        "run",
        "--quiet",
        "--locked",
        "--package",
        "paydesk-fuzz",
        "--",
    ]
    .map(str::to_owned)
    .to_vec();
    words.extend(arguments.iter().cloned());
    run(command(&workspace.path(""), "cargo", &words))
}

/// What a guided run is told.
struct Wish {
    target: String,
    /// `-max_total_time=N` or `-runs=N`.
    length: String,
}

fn wish(arguments: &[String]) -> Outcome<Wish> {
    let usage =
        || Stop::Usage("fuzz --guided --target NAME [--seconds N | --executions N]".to_owned());
    let (mut target, mut length) = (None, "-max_total_time=600".to_owned());
    let mut words = arguments.iter().filter(|word| *word != "--guided");
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(usage)?;
        let number = || value.parse::<u64>().map_err(|_| usage());
        match word.as_str() {
            "--target" => target = Some(value.clone()),
            "--seconds" => length = format!("-max_total_time={}", number()?),
            "--executions" => length = format!("-runs={}", number()?),
            _ => return Err(usage()),
        }
    }
    Ok(Wish {
        target: target.ok_or_else(usage)?,
        length,
    })
}

/// The workspace beside the targets. Its lock file follows the product's whenever that gains a package, so it is
/// not held to it here; its corpora stay for the next run.
fn guided(workspace: &Workspace, arguments: &[String]) -> Outcome {
    let Wish { target, length } = wish(arguments)?;
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
    let corpus = workspace.path("tests/fuzz/corpora").join(&target);
    fs::create_dir_all(&corpus)?;
    // The genuine inputs are where it begins.
    let words = [
        "run",
        "--quiet",
        "--locked",
        "--package",
        "paydesk-fuzz",
        "--",
    ]
    .map(str::to_owned);
    let seeds = [
        "--seeds".to_owned(),
        target.clone(),
        corpus.display().to_string(),
    ];
    let words: Vec<String> = words.into_iter().chain(seeds).collect();
    run(command(&workspace.path(""), "cargo", &words))?;
    let words = [
        corpus.display().to_string(),
        length,
        "-max_len=65536".to_owned(),
        "-timeout=5".to_owned(),
        "-rss_limit_mb=512".to_owned(),
        "-print_final_stats=1".to_owned(),
    ];
    let mut fuzzer = command(&folder, &program.to_string_lossy(), &words);
    fuzzer.env("PAYDESK_FUZZ_TARGET", &target);
    run(fuzzer)
}
