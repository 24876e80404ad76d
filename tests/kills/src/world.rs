//! One data folder, its sandbox as a process of its own, the proxy in front of it, and the command line as children
//! to be killed.
//!
//! Ends only what it started. It must never tell a child where it is going to die.

use crate::aim::{Aim, Sign};
use crate::phase::Life;
use crate::signs::{Watched, wait_exactly};
use paydesk_proxy::{Control, Judge, Proxy, Trouble, monotonic_ns};
use rand::rngs::StdRng;
use std::cell::RefCell;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// SIGKILL.
const KILLED: i32 = 9;

/// A child that shows no sign within this time is killed all the same.
const SIGN_PATIENCE: Duration = Duration::from_secs(3);

/// A data folder of its own and the sandbox that serves it.
pub(crate) struct World {
    cli: PathBuf,
    folder: PathBuf,
    sandbox: Child,
    runtime: Runtime,
    /// What stands between the children and the sandbox.
    pub(crate) proxy: Proxy,
    judge: RefCell<Judge>,
}

/// What became of a child that was to be killed.
pub(crate) struct Struck {
    /// Its life.
    pub(crate) life: Life,
    /// Whether the signal ended it; else it had ended by itself.
    pub(crate) was_killed: bool,
}

impl World {
    /// Sets up a demo folder, starts its sandbox, and leads every child through a proxy with this seed.
    pub(crate) fn open(cli: &Path, folder: &Path, seed: u64) -> Result<Self, Trouble> {
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
        let between = match Control::of(folder) {
            Ok(control) if !first.trim().is_empty() => between(folder, control, seed),
            Ok(_) => Err(format!("the sandbox did not start: {first}").into()),
            Err(trouble) => Err(trouble),
        };
        let (runtime, proxy, judge) = match between {
            Ok(between) => between,
            Err(trouble) => {
                sandbox.kill()?;
                sandbox.wait()?;
                return Err(trouble);
            }
        };
        Ok(Self {
            cli: cli.to_owned(),
            folder: folder.to_owned(),
            sandbox,
            runtime,
            proxy,
            judge: RefCell::new(judge),
        })
    }

    /// The auditor looks at what a dead process left.
    pub(crate) fn judge_death(&self) -> Result<(), Trouble> {
        let mut judge = self.judge.borrow_mut();
        self.runtime.block_on(judge.after_death(&self.proxy))
    }

    /// What is not as it must be in the end.
    pub(crate) fn left_open(&self) -> Result<Vec<String>, Trouble> {
        let mut judge = self.judge.borrow_mut();
        let left = self.runtime.block_on(judge.left_open(&self.proxy))?;
        Ok(left.iter().map(ToString::to_string).collect())
    }

    /// Everything that was found broken so far.
    pub(crate) fn found(&self) -> Vec<String> {
        let judge = self.judge.borrow();
        judge.found().iter().map(ToString::to_string).collect()
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
    pub(crate) fn strike(
        &self,
        words: &[&str],
        aim: Aim,
        random: &mut StdRng,
    ) -> Result<Struck, Trouble> {
        let wait = aim.wait(random);
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
        mut is_time: impl FnMut() -> bool,
    ) -> Result<Struck, Trouble> {
        let born_ns = monotonic_ns();
        let mut child = self.start(words)?;
        let patience = SIGN_PATIENCE.as_millis().try_into().unwrap_or(u64::MAX) * 1_000_000;
        while matches!(child.try_wait(), Ok(None))
            && monotonic_ns() - born_ns < patience
            && !is_time()
        {
            std::thread::sleep(Duration::from_millis(1));
        }
        wait_exactly(wait);
        kill(&mut child, born_ns)
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

fn between(folder: &Path, control: Control, seed: u64) -> Result<(Runtime, Proxy, Judge), Trouble> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let proxy = runtime.block_on(Proxy::start(control.address(), seed))?;
    control.lead_to(proxy.address())?;
    let judge = Judge::open(folder, control)?;
    Ok((runtime, proxy, judge))
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
