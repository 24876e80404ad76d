//! `cargo xtask run`: from a clone to an open window in one command.
//!
//! Passes its arguments to the program untouched; the sandbox is started by the program itself.

use std::path::Path;

use crate::process::{command, run as run_command};
use crate::setup::{Purpose, npm, set_up};
use crate::workspace::Workspace;
use crate::{Outcome, Stop};

/// What the page is built from.
const PAGE_SOURCES: [&str; 8] = [
    "ui/src",
    "ui/messages",
    "ui/public",
    "ui/index.html",
    "ui/package-lock.json",
    "ui/package.json",
    "ui/project.inlang",
    "ui/vite.config.ts",
];

/// Sets up, builds what changed and opens the window.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Outcome {
    let shown = cfg!(not(target_os = "linux"))
        || std::env::var_os("DISPLAY").is_some()
        || std::env::var_os("WAYLAND_DISPLAY").is_some();
    set_up(workspace, Purpose::Run)?;
    build_page(workspace)?;
    run_command(command(
        &workspace.path(""),
        "cargo",
        &["build", "--locked", "--package", "paydesk"],
    ))?;
    if !shown {
        return Err(Stop::Environment(
            "built, but there is no screen: neither DISPLAY nor WAYLAND_DISPLAY is set".to_owned(),
        ));
    }
    let program = workspace.program("paydesk");
    run_command(command(
        &workspace.path(""),
        &program.to_string_lossy(),
        arguments,
    ))
}

/// Builds the page where its sources differ from the last build.
pub(crate) fn build_page(workspace: &Workspace) -> Outcome {
    let digest = workspace.digest(&PAGE_SOURCES)?;
    if workspace.is_done("page", &digest) && workspace.path("ui/dist/index.html").is_file() {
        return Ok(());
    }
    npm(workspace, Path::new("ui"), &["run", "build"])?;
    workspace.mark_done("page", &digest)
}
