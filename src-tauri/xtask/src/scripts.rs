//! The longer proofs: each is a program of its own under `tests/`, built and started here.
//!
//! Holds no proof itself and never reports on one that is not there.

use crate::Outcome;
use crate::process::{answer_of, command, run};
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

/// SIGKILL at every phase of a payment: the release command line, at moments that nothing in it knows.
pub(crate) fn kills(workspace: &Workspace, arguments: &[String]) -> Outcome {
    release(workspace, &["paydesk-cli", "paydesk-kills"])?;
    start_release(workspace, "paydesk-kills", arguments)
}

/// Minutes of trade at speed with faults.
pub(crate) fn soak(workspace: &Workspace, arguments: &[String]) -> Outcome {
    release(workspace, &["paydesk-soak"])?;
    start_release(workspace, "paydesk-soak", arguments)
}

/// One sale, explored to the end.
pub(crate) fn model(workspace: &Workspace, arguments: &[String]) -> Outcome {
    release(workspace, &["paydesk-model"])?;
    start_release(workspace, "paydesk-model", arguments)
}

fn release(workspace: &Workspace, packages: &[&str]) -> Outcome {
    let mut words = vec!["build", "--locked", "--release"];
    words.extend(packages.iter().flat_map(|package| ["--package", package]));
    run(command(&workspace.path(""), "cargo", &words))
}

fn start_release(workspace: &Workspace, program: &str, arguments: &[String]) -> Outcome {
    let program = workspace.target("release").join(program);
    let mut command = command(&workspace.path(""), &program.to_string_lossy(), arguments);
    command.env("PAYDESK_COMMIT", commit(workspace));
    run(command)
}

/// The commit that is checked out, marked where files differ from it; `unknown` outside of a checkout.
pub(crate) fn commit(workspace: &Workspace) -> String {
    let root = workspace.path("");
    let root = root.to_string_lossy();
    let git = |words: &[&str]| answer_of("git", &[&["-C", &root], words].concat());
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let is_clean = git(&["status", "--porcelain", "--untracked-files=no"])
        .is_some_and(|changed| changed.is_empty());
    commit + if is_clean { "" } else { " with changes" }
}

/// A hostile peer: named lies, changed answers, harmful archives.
pub(crate) fn hostile(workspace: &Workspace, arguments: &[String]) -> Outcome {
    program(workspace, "paydesk-hostile", arguments)
}

/// Simulated days, crash images, and seeds that once broke something.
pub(crate) fn sim(workspace: &Workspace, arguments: &[String]) -> Outcome {
    let mut words = arguments.to_vec();
    if arguments.first().is_none_or(|word| word.starts_with("--")) {
        words.insert(0, "days".to_owned());
    }
    program(workspace, "paydesk-sim", &words)
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
    run(told(workspace, &words))
}

/// A call of cargo whose program may write down which commit it was.
pub(crate) fn told(workspace: &Workspace, words: &[String]) -> std::process::Command {
    let mut command = command(&workspace.path(""), "cargo", words);
    command.env("PAYDESK_COMMIT", commit(workspace));
    command
}
