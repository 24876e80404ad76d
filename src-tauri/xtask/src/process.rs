//! Starting other programs: with their output shown, and kept where it is to be counted.
//!
//! Never hides an exit code: a program that failed stops the command that called it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use crate::{Outcome, Stop};

/// A command in a folder, with its arguments.
pub(crate) fn command<S: AsRef<OsStr>>(folder: &Path, program: &str, arguments: &[S]) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .args(arguments)
        .stdin(Stdio::null());
    command
}

/// Runs to the end with its output on the terminal.
pub(crate) fn run(mut command: Command) -> Outcome {
    let status = command
        .status()
        .map_err(|error| not_started(&command, &error))?;
    if status.success() {
        Ok(())
    } else {
        Err(failed(&command, &status.to_string()))
    }
}

/// Runs to the end, shows both outputs as they come and gives them back.
pub(crate) fn run_and_keep(mut command: Command) -> Outcome<(String, Outcome)> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| not_started(&command, &error))?;
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(Stop::Failed("a child's output was not piped".to_owned()));
    };
    // Two readers, so that a program that fills one pipe never waits for the other.
    let errors = thread::spawn(move || echo(stderr, &mut std::io::stderr()));
    let mut output = echo(stdout, &mut std::io::stdout());
    let status = child.wait()?;
    output.push_str(&errors.join().unwrap_or_default());
    let outcome = if status.success() {
        Ok(())
    } else {
        Err(failed(&command, &status.to_string()))
    };
    Ok((output, outcome))
}

/// Runs silently and gives back what it printed; `None` where it is missing or failed.
pub(crate) fn answer_of(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn echo(source: impl std::io::Read, terminal: &mut impl Write) -> String {
    let mut kept = String::new();
    let mut reader = BufReader::new(source);
    let mut line = Vec::new();
    while reader
        .read_until(b'\n', &mut line)
        .is_ok_and(|count| count > 0)
    {
        // A closed terminal must not stop the program that is being read.
        terminal.write_all(&line).unwrap_or(());
        kept.push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
    kept
}

fn not_started(command: &Command, error: &std::io::Error) -> Stop {
    Stop::Environment(format!("`{}` did not start: {error}", shown(command)))
}

fn failed(command: &Command, status: &str) -> Stop {
    Stop::Failed(format!("`{}` ended with {status}", shown(command)))
}

fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .take(6)
            .map(|word| word.to_string_lossy().into_owned()),
    );
    words.join(" ")
}
