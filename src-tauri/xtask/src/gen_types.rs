//! `cargo xtask gen`: the TypeScript of the contract, written by the console crate and committed.
//!
//! Never writes TypeScript itself: the contract list is the one source.

use std::fs;
use std::process::Stdio;

use crate::process::{command, run};
use crate::workspace::Workspace;
use crate::{Outcome, Stop};

/// The committed file the page compiles against.
const GENERATED: &str = "ui/src/lib/api/contract.ts";

/// Writes the file, or with `--check` fails where the committed one differs.
pub(crate) fn generate(workspace: &Workspace, arguments: &[String]) -> Outcome {
    let is_check = match arguments {
        [] => false,
        [word] if word == "--check" => true,
        _ => return Err(Stop::Usage("usage: cargo xtask gen [--check]".to_owned())),
    };
    // With any test beside it, features are those that the tests are built with: nothing is built twice.
    let words = "build --quiet --locked --workspace --bin contract --test amiss";
    let words: Vec<&str> = words.split(' ').collect();
    run(command(&workspace.path(""), "cargo", &words))?;
    let program = workspace.program("contract");
    let words: [&str; 0] = [];
    let mut export = command(&workspace.path(""), &program.to_string_lossy(), &words);
    let answer = export.stderr(Stdio::inherit()).output()?;
    if !answer.status.success() {
        return Err(Stop::Failed(format!(
            "the contract was not printed: {}",
            answer.status
        )));
    }
    let written = String::from_utf8_lossy(&answer.stdout).into_owned();
    let committed = workspace.path(GENERATED);
    if !is_check {
        fs::write(&committed, written)?;
        println!("gen: wrote {GENERATED}");
        return Ok(());
    }
    if fs::read_to_string(&committed).is_ok_and(|text| text == written) {
        println!("gen: {GENERATED} is current");
        return Ok(());
    }
    Err(Stop::Failed(format!(
        "{GENERATED} is out of date: run `cargo xtask gen` and commit it"
    )))
}
