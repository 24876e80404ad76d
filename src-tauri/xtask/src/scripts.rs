//! The longer proofs: each is a program of its own under `tests/`, built and started here.
//!
//! Holds no proof itself and never reports on one that is not there.

use crate::Outcome;
use crate::process::{command, run};
use crate::workspace::Workspace;

/// Independent clients against the sandbox.
pub(crate) fn conformance(workspace: &Workspace, arguments: &[String]) -> Outcome {
    run(conformance_command(workspace, arguments))
}

/// The program that starts the sandbox and the clients; it installs the clients itself.
pub(crate) fn conformance_command(
    workspace: &Workspace,
    arguments: &[String],
) -> std::process::Command {
    let mut words = vec!["tests/conformance/run.mjs".to_owned()];
    words.extend(arguments.iter().cloned());
    command(&workspace.path(""), "node", &words)
}

/// SIGKILL at every phase of a payment.
pub(crate) fn kills(workspace: &Workspace, arguments: &[String]) -> Outcome {
    run(command(
        &workspace.path(""),
        "cargo",
        &["build", "--locked", "--package", "paydesk-cli"],
    ))?;
    program(workspace, "paydesk-kills", arguments)
}

/// A hostile peer: named lies, changed answers, harmful archives.
pub(crate) fn hostile(workspace: &Workspace, arguments: &[String]) -> Outcome {
    program(workspace, "paydesk-hostile", arguments)
}

/// Simulated days, crash images, and seeds that once broke something. Optimised, for it lives thousands of days.
pub(crate) fn sim(workspace: &Workspace, arguments: &[String]) -> Outcome {
    let mut words: Vec<String> = [
        "run",
        "--quiet",
        "--locked",
        "--profile",
        "sim",
        "--package",
        "paydesk-sim",
        "--",
    ]
    .map(str::to_owned)
    .to_vec();
    if arguments.first().is_none_or(|word| word.starts_with("--")) {
        words.push("days".to_owned());
    }
    words.extend(arguments.iter().cloned());
    run(command(&workspace.path(""), "cargo", &words))
}

/// Planted bugs: each has to be found, by the promise that it breaks.
pub(crate) fn mutants(workspace: &Workspace, arguments: &[String]) -> Outcome {
    let words: Vec<String> = std::iter::once("mutants".to_owned())
        .chain(arguments.iter().cloned())
        .collect();
    sim(workspace, &words)
}

/// Speeds, printed. The release window embeds the page.
pub(crate) fn bench(workspace: &Workspace, arguments: &[String]) -> Outcome {
    crate::run::build_page(workspace)?;
    program(workspace, "paydesk-bench", arguments)
}

/// Every screen in every language, theme and width, held to axe's rules and looked over for texts that do not fit;
/// with `--keep` the pictures of the README are made anew.
pub(crate) fn shots(workspace: &Workspace, arguments: &[String]) -> Outcome {
    crate::run::build_page(workspace)?;
    run(command(
        &workspace.path(""),
        "cargo",
        &[
            "build",
            "--locked",
            "--package",
            "paydesk-e2e",
            "--package",
            "paydesk-cli",
        ],
    ))?;
    let mut words = vec!["shots.mjs".to_owned()];
    words.extend(arguments.iter().cloned());
    let mut node = command(&workspace.path("tests/e2e"), "node", &words);
    node.env("PAYDESK_TARGET", workspace.target(""));
    run(node)
}

fn program(workspace: &Workspace, package: &str, arguments: &[String]) -> Outcome {
    let mut words: Vec<String> = ["run", "--quiet", "--locked", "--package", package, "--"]
        .map(str::to_owned)
        .to_vec();
    words.extend(arguments.iter().cloned());
    run(command(&workspace.path(""), "cargo", &words))
}
