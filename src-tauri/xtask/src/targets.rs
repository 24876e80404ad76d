//! `cargo xtask targets`: the code of other systems is checked as far as this machine can, and what it cannot
//! is said.
//!
//! Never passes off a target that was not looked at for one that was.

use std::path::Path;

use crate::process::{answer_of, command, run};
use crate::workspace::Workspace;
use crate::{Outcome, Stop};

/// The other systems that the keyring's and the files' `cfg` lines name; this one is built by everything else.
const TARGETS: [&str; 3] = [
    "x86_64-pc-windows-gnu",
    "x86_64-pc-windows-msvc",
    "aarch64-apple-darwin",
];

/// What runs without a window; the window itself needs each system's own libraries.
const PACKAGES: [&str; 3] = ["paydesk-vault", "paydesk-host", "paydesk-cli"];

/// Checks every target whose standard library is installed, or the named ones.
pub(crate) fn targets(workspace: &Workspace, arguments: &[String]) -> Outcome {
    let asked: Vec<&str> = if arguments.is_empty() {
        TARGETS.to_vec()
    } else {
        arguments.iter().map(String::as_str).collect()
    };
    if let Some(unknown) = asked.iter().find(|target| !TARGETS.contains(target)) {
        return Err(Stop::Usage(format!(
            "no target `{unknown}`; there are {}",
            TARGETS.join(", ")
        )));
    }
    let sysroot = answer_of("rustc", &["--print", "sysroot"])
        .ok_or_else(|| Stop::Environment("rustc does not say where it is".to_owned()))?;
    let library = Path::new(&sysroot).join("lib").join("rustlib");
    let mut missing = Vec::new();
    for target in asked {
        if !library.join(target).join("lib").is_dir() {
            println!(
                "targets: {target} was NOT checked: it is not installed (rustup target add {target})"
            );
            missing.push(target);
            continue;
        }
        let mut words = vec!["check", "--locked", "--target", target];
        for package in PACKAGES {
            words.extend(["--package", package]);
        }
        run(command(&workspace.path(""), "cargo", &words))?;
        println!("targets: {target} was checked: {}", PACKAGES.join(", "));
    }
    // Whoever names a target wants it checked.
    if missing.is_empty() || arguments.is_empty() {
        return Ok(());
    }
    Err(Stop::Environment(format!(
        "not installed: {}",
        missing.join(", ")
    )))
}
