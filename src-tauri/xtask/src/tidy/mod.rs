//! `cargo xtask tidy`: the rules of the tree that a compiler does not hold.
//!
//! Reads cargo metadata and the files under version control; changes nothing. Every finding names a place and the rule.

mod edges;
mod licences;
mod names;
mod text;

use serde_json::Value;

use crate::process::{answer_of, command, run};
use crate::workspace::Workspace;
use crate::{Outcome, Stop};

/// What a check has against the tree.
type Findings = Vec<String>;

/// Runs every check and reports all findings at once.
pub(crate) fn tidy(workspace: &Workspace) -> Outcome {
    let metadata = metadata(workspace)?;
    let files = tracked_files(workspace)?;
    let mut findings = Findings::new();
    findings.extend(edges::check(&metadata));
    findings.extend(licences::check(&metadata, workspace)?);
    findings.extend(names::check(&files, workspace)?);
    findings.extend(text::check(&files, workspace)?);
    if answer_of("cargo", &["deny", "--version"]).is_some() {
        run(command(
            &workspace.path(""),
            "cargo",
            &[
                "deny",
                "--offline",
                "check",
                "--config",
                ".deny.toml",
                "bans",
                "licenses",
                "sources",
            ],
        ))?;
    }
    if findings.is_empty() {
        println!("tidy: {} files, no finding", files.len());
        return Ok(());
    }
    for finding in &findings {
        eprintln!("tidy: {finding}");
    }
    Err(Stop::Failed(format!("{} findings", findings.len())))
}

fn metadata(workspace: &Workspace) -> Outcome<Value> {
    // Other platforms' packages are never fetched here, so they are not asked about.
    let triple = answer_of("rustc", &["--print", "host-tuple"])
        .ok_or_else(|| Stop::Environment("rustc does not name its host".to_owned()))?;
    let output = command(
        &workspace.path(""),
        "cargo",
        &[
            "metadata",
            "--format-version=1",
            "--locked",
            "--filter-platform",
            &triple,
        ],
    )
    .stderr(std::process::Stdio::inherit())
    .output()?;
    if !output.status.success() {
        return Err(Stop::Failed(
            "cargo metadata failed: is Cargo.lock current?".to_owned(),
        ));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| Stop::Failed(format!("cargo metadata is not JSON: {error}")))
}

/// Paths from the checkout on: what is committed or about to be, nothing that is ignored.
fn tracked_files(workspace: &Workspace) -> Outcome<Vec<String>> {
    let output = command(
        &workspace.path(""),
        "git",
        &[
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "-z",
        ],
    )
    .output()?;
    if !output.status.success() {
        return Err(Stop::Failed("git could not list the files".to_owned()));
    }
    let mut files: Vec<String> = String::from_utf8_lossy(&output.stdout)
        .split('\0')
        .filter(|name| !name.is_empty() && workspace.path(name).is_file())
        .map(str::to_owned)
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}

/// A string field of a JSON object, empty where it is missing.
fn text_of<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// The items of an array field, none where it is missing.
fn items_of<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value
        .get(field)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}
