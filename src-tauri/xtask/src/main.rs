//! The project's own commands: `cargo xtask setup`, `run`, `test` and the checks they are made of.
//!
//! It compiles first on a cold machine, so it depends on JSON alone and on no crate of the product.
//! It never decides anything the product does: it installs, starts, counts and compares.
#![allow(
    clippy::print_stdout,
    reason = "a command for a terminal speaks to the terminal"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "stage times and the environment of a build are its business"
)]

mod counts;
mod fuzz;
mod gen_types;
mod package;
mod process;
mod report;
mod run;
mod scripts;
mod setup;
mod targets;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use workspace::Workspace;

/// The command line was not understood.
const EXIT_USAGE: u8 = 64;
/// Something outside the project is missing: the message says what installs it.
const EXIT_ENVIRONMENT: u8 = 69;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  setup             install what is missing: system packages, npm packages
  run [--data DIR]  set up, build and open the window
  test [STAGE…]     every check there is, or the named stages; `test --list` names them
  gen [--check]     write the TypeScript of the contract, or fail when it is out of date
  tidy              crate edges, licences, file lengths and the other rules of the tree
  conformance       independent clients against the sandbox
  bench             speeds, printed
  fuzz              every parser of foreign bytes; `--target NAME`, `--seconds N`, `--guided`
  sim               simulated days of trade with faults, audited; `--days N --seed S`, `images`, `regressions`
  hostile           a hostile peer: lies, changed answers, harmful archives; `--mutations N`, `--archives N`
  mutants           planted bugs, each found again on its seed; `--hunt` looks anew, `--only NAME`
  kills             SIGKILL at every phase of a payment, behind a proxy that breaks the network; `--count N`
  soak              trade at speed with faults on a real disk; `--minutes M`
  model             one sale in every way it can go; `--small`, `--full`
  report            the page of what the proofs came to; `--run PART`, `--from FILE`
  shots             the pictures of the README
  targets [NAME…]   the code of other systems, where their target is installed
  package           the Debian package, installed, started and removed in a folder of its own";

/// Why a command stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The command line was not understood.
    Usage(String),
    /// Something outside the project is missing.
    Environment(String),
    /// A check failed or a command of ours did.
    Failed(String),
}

impl Stop {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => EXIT_USAGE,
            Self::Environment(_) => EXIT_ENVIRONMENT,
            Self::Failed(_) => 1,
        }
    }

    fn message(&self) -> &str {
        match self {
            Self::Environment(text) | Self::Failed(text) | Self::Usage(text) => text,
        }
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// What every command answers.
pub(crate) type Outcome<T = ()> = Result<T, Stop>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            eprintln!("xtask: {}", stop.message());
            ExitCode::from(stop.exit_code())
        }
    }
}

fn dispatch(arguments: &[String]) -> Outcome {
    let Some((command, rest)) = arguments.split_first() else {
        return Err(Stop::Usage(USAGE.to_owned()));
    };
    let workspace = Workspace::find()?;
    match command.as_str() {
        "setup" => setup::set_up(&workspace, setup::Purpose::Test),
        "run" => run::run(&workspace, rest),
        "test" => test::test(&workspace, rest),
        "gen" => gen_types::generate(&workspace, rest),
        "tidy" => tidy::tidy(&workspace),
        "conformance" => scripts::conformance(&workspace, rest),
        "bench" => scripts::bench(&workspace, rest),
        "fuzz" => fuzz::fuzz(&workspace, rest),
        "hostile" => scripts::hostile(&workspace, rest),
        "sim" => scripts::sim(&workspace, rest),
        "mutants" => scripts::mutants(&workspace, rest),
        "kills" => scripts::kills(&workspace, rest),
        "soak" => scripts::soak(&workspace, rest),
        "model" => scripts::model(&workspace, rest),
        "report" => report::report(&workspace, rest),
        "shots" => scripts::shots(&workspace, rest),
        "targets" => targets::targets(&workspace, rest),
        "package" => package::package(&workspace, rest),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(Stop::Usage(format!("no command `{other}`\n{USAGE}"))),
    }
}
