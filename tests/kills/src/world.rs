//! One data folder, its sandbox as a process of its own, and the command line as children to be killed.
//!
//! Ends only what it started. It must never tell a child where it is going to die.

use crate::aim::{Aim, Sign};
use crate::clock::monotonic_ns;
use crate::control::{Control, Trouble};
use crate::phase::Life;
use crate::signs::{Watched, wait_exactly};
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// SIGKILL.
const KILLED: i32 = 9;

/// A child that shows no sign within this time is killed all the same.
const SIGN_PATIENCE: Duration = Duration::from_secs(3);

/// A data folder of its own and the sandbox that serves it.
pub(crate) struct World {
    cli: PathBuf,
    folder: PathBuf,
    sandbox: Child,
    /// The sandbox's control interface.
    pub(crate) control: Control,
}

/// What became of a child that was to be killed.
pub(crate) struct Struck {
    /// Its life.
    pub(crate) life: Life,
    /// Whether the signal ended it; else it had ended by itself.
    pub(crate) was_killed: bool,
}

impl World {
    /// Sets up a demo folder and starts its sandbox.
    pub(crate) fn open(cli: &Path, folder: &Path) -> Result<Self, Trouble> {
        let made = plain(
            cli,
            folder,
            &[
                "init",
                "--locale",
                "en",
                "--store-name",
                "Kills",
                "--past-days",
                "0",
            ],
        )?;
        if !made.status.success() {
            return Err(format!("init: {}", String::from_utf8_lossy(&made.stderr)).into());
        }
        let mut sandbox = command(cli, folder, &["sandbox", "serve"])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut first = String::new();
        if let Some(stdout) = sandbox.stdout.take() {
            BufReader::new(stdout).read_line(&mut first)?;
        }
        let control = Control::of(folder);
        if first.trim().is_empty() || control.is_err() {
            sandbox.kill()?;
            sandbox.wait()?;
            return Err(format!("the sandbox did not start: {first}").into());
        }
        Ok(Self {
            cli: cli.to_owned(),
            folder: folder.to_owned(),
            sandbox,
            control: control?,
        })
    }

    /// The database.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.join("paydesk.db")
    }

    /// Runs a command to its own end.
    pub(crate) fn run(&self, words: &[&str]) -> Result<Output, Trouble> {
        plain(&self.cli, &self.folder, words)
    }

    /// Runs a command to its own end, or ends it when its time is over; `true` when it ended well by itself.
    pub(crate) fn run_within(&self, words: &[&str], patience: Duration) -> Result<bool, Trouble> {
        let began = Instant::now();
        let mut child = self.start(words)?;
        while began.elapsed() < patience {
            if let Some(status) = child.try_wait()? {
                return Ok(status.success());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        child.kill()?;
        child.wait()?;
        Ok(false)
    }

    /// Runs a command to its own end; how long after its start the sign came.
    pub(crate) fn time_to(&self, words: &[&str], sign: Sign) -> Result<Option<Duration>, Trouble> {
        let mut watched = Watched::begin(&self.database(), &self.journal());
        let began = Instant::now();
        let mut child = self.start(words)?;
        let is_seen = watched.wait_for(sign, SIGN_PATIENCE, || {
            matches!(child.try_wait(), Ok(Some(_)) | Err(_))
        });
        let took = began.elapsed();
        child.wait()?;
        Ok(is_seen.then_some(took))
    }

    /// Starts a command, waits for the aim's sign and moment, and kills it from outside.
    pub(crate) fn strike(&self, words: &[&str], aim: Aim) -> Result<Struck, Trouble> {
        let wait = aim.wait(&mut rand::thread_rng());
        let mut watched = Watched::begin(&self.database(), &self.journal());
        let born_ns = monotonic_ns();
        let mut child = self.start(words)?;
        watched.wait_for(aim.sign, SIGN_PATIENCE, || {
            matches!(child.try_wait(), Ok(Some(_)) | Err(_))
        });
        if aim.sign == Sign::Started || !wait.is_zero() {
            wait_exactly(wait);
        }
        kill(&mut child, born_ns)
    }

    /// Starts a command and kills it a moment after `is_time` says so.
    pub(crate) fn strike_when(
        &self,
        words: &[&str],
        wait: Duration,
        mut is_time: impl FnMut(u64) -> Result<bool, Trouble>,
    ) -> Result<Struck, Trouble> {
        let born_ns = monotonic_ns();
        let mut child = self.start(words)?;
        let patience = SIGN_PATIENCE.as_millis().try_into().unwrap_or(u64::MAX) * 1_000_000;
        let mut outcome = Ok(false);
        while matches!(child.try_wait(), Ok(None)) && monotonic_ns() - born_ns < patience {
            outcome = is_time(born_ns);
            if !matches!(outcome, Ok(false)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        wait_exactly(wait);
        let struck = kill(&mut child, born_ns);
        outcome?;
        struck
    }

    fn start(&self, words: &[&str]) -> Result<Child, Trouble> {
        let mut command = command(&self.cli, &self.folder, words);
        Ok(command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?)
    }

    fn journal(&self) -> PathBuf {
        self.folder.join("sandbox").join("ledger.jsonl")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Nothing is left to report to: the process is gone either way.
        drop(self.sandbox.kill());
        drop(self.sandbox.wait());
    }
}

fn kill(child: &mut Child, born_ns: u64) -> Result<Struck, Trouble> {
    let killed_ns = monotonic_ns();
    child.kill()?;
    let status = child.wait()?;
    let life = Life {
        born_ns,
        killed_ns,
        gone_ns: monotonic_ns(),
    };
    Ok(Struck {
        life,
        was_killed: status.signal() == Some(KILLED),
    })
}

fn command(cli: &Path, folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(cli);
    command
        .args(words)
        .arg("--data")
        .arg(folder)
        .stdin(Stdio::null());
    command
}

fn plain(cli: &Path, folder: &Path, words: &[&str]) -> Result<Output, Trouble> {
    Ok(command(cli, folder, words).output()?)
}
