//! The real window: its release build is driven by `tests/bench/window.mjs`, whose figures are judged here.
//!
//! It builds nothing: the release programs must be there, and it says how they come there.

use crate::Trouble;
use crate::figures::Table;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// From the start of the program to a window that answers a key.
const USABLE: Duration = Duration::from_secs(1);

/// The main process at rest, proportional share.
const MAIN_MIB: f64 = 110.0;

/// From the terminator of a scan to the first byte at the channel, 95 of 100.
const SCAN_TO_CHANNEL: Duration = Duration::from_millis(50);

/// From the answer to the painted result, 95 of 100.
const ANSWER_TO_PAINT: Duration = Duration::from_millis(100);

/// The main process with years of orders in use, proportional share.
const LONG_MIB: f64 = 150.0;

/// A frame of scrolling in the list, to one of a bare page.
const SCROLL_RATIO: f64 = 1.3;

/// Measures the same till after years of trade: the way of a scan, the list's scrolling, memory.
pub(crate) fn measure_long(table: &mut Table, payments: usize, shop: &Path) -> Result<(), Trouble> {
    let figures = Figures(drive(payments, Some(shop))?);
    table.report(
        "orders in the window's list",
        format!("{:.0}", figures.number("/scroll/rows")?),
    );
    scan_path(table, &figures)?;
    let bare = figures.number("/scroll/bare/p50")?;
    for (name, at) in [
        ("a frame under the wheel, p50, to a bare page", "list"),
        ("a frame on the scrollbar, p50, to a bare page", "bar"),
    ] {
        let frame = figures.number(&format!("/scroll/{at}/p50"))?;
        table.judge(
            name,
            format!("{frame:.1} ms to {bare:.1} ms, {:.2}", frame / bare),
            format!("<= {SCROLL_RATIO}"),
            frame <= SCROLL_RATIO * bare,
        );
    }
    let main = figures.number("/main_mib")?;
    table.judge(
        "main process with these orders in use",
        format!("{main:.0} MiB PSS"),
        format!("< {LONG_MIB} MiB"),
        main < LONG_MIB,
    );
    Ok(())
}

/// What the script printed.
struct Figures(Value);

impl Figures {
    fn number(&self, name: &str) -> Result<f64, Trouble> {
        let found = self.0.pointer(name).and_then(Value::as_f64);
        found.ok_or_else(|| format!("the figure {name} is missing").into())
    }

    fn time(&self, name: &str) -> Result<Duration, Trouble> {
        self.number(name)
            .map(|ms| Duration::from_secs_f64(ms.max(0.0) / 1_000.0))
    }
}

/// Measures start, memory and the way of a scan.
pub(crate) fn measure(table: &mut Table, payments: usize) -> Result<(), Trouble> {
    let figures = Figures(drive(payments, None)?);
    let number = |name: &str| figures.number(name);
    table.report(
        "first painted after",
        format!("{:.0} ms", number("/painted_ms")?),
    );
    table.judge_time("window usable after", figures.time("/usable_ms")?, USABLE);
    let main = number("/main_mib")?;
    table.judge(
        "main process at rest",
        format!("{main:.0} MiB PSS"),
        format!("< {MAIN_MIB} MiB"),
        main < MAIN_MIB,
    );
    table.report(
        "with the web view's processes",
        format!(
            "{:.0} MiB PSS in {} processes",
            number("/all_mib")?,
            number("/processes")?
        ),
    );
    scan_path(table, &figures)
}

/// From the scanner to the channel, and from the channel to the eye.
fn scan_path(table: &mut Table, figures: &Figures) -> Result<(), Trouble> {
    let number = |name: &str| figures.number(name);
    table.report(
        "scans that the machine disturbed",
        format!("{} (made again)", number("/disturbed")?),
    );
    for (name, at, goal) in [
        ("terminator to the channel", "/scan", SCAN_TO_CHANNEL),
        ("answer sent to result painted", "/answer", ANSWER_TO_PAINT),
    ] {
        let (half, nearly_all) = (number(&format!("{at}/p50"))?, number(&format!("{at}/p99"))?);
        let count = number(&format!("{at}/count"))?;
        table.report(
            name,
            format!("p50 {half:.1} ms  p99 {nearly_all:.1} ms  of {count}"),
        );
        let nearly = figures.time(&format!("{at}/p95"))?;
        table.judge_time(&format!("{name}, p95"), nearly, goal);
    }
    Ok(())
}

/// Where cargo puts release builds: beside the folder of this program, or that folder itself.
fn release_folder() -> Result<PathBuf, Trouble> {
    let program = std::env::current_exe()?;
    let target = program
        .parent()
        .and_then(Path::parent)
        .ok_or("no build folder")?;
    let release = target.join("release");
    for program in ["paydesk", "paydesk-cli"] {
        if !release.join(program).is_file() {
            return Err(format!("{program} has no release build: cargo build --release --package paydesk --package paydesk-cli").into());
        }
    }
    Ok(release)
}

/// The release build under the name that the window's helpers start: what lies in `debug`.
struct StandIn(PathBuf);

impl StandIn {
    fn new() -> Result<Self, Trouble> {
        let release = release_folder()?;
        let folder =
            std::env::temp_dir().join(format!("paydesk-bench-target-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        std::os::unix::fs::symlink(release, folder.join("debug"))?;
        Ok(Self(folder))
    }

    /// `window.mjs` with this target folder.
    fn script(&self) -> Command {
        let mut node = Command::new("node");
        node.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("window.mjs"))
            .env("PAYDESK_TARGET", &self.0)
            .stderr(Stdio::inherit());
        node
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{}: {error}", self.0.display());
        }
    }
}

fn drive(payments: usize, shop: Option<&Path>) -> Result<Value, Trouble> {
    let stand_in = StandIn::new()?;
    let mut script = stand_in.script();
    let output = script.arg(payments.to_string()).args(shop).output()?;
    if !output.status.success() {
        return Err("the window could not be measured".into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// A window on a shop that was there before, open until it is let go.
pub(crate) struct Restarted {
    script: Child,
    _stand_in: StandIn,
    /// When its program was started.
    pub(crate) at: SystemTime,
    /// From then to a key that stood on its screen.
    pub(crate) usable: Duration,
}

impl Restarted {
    /// Opens it and waits until it answers a key.
    pub(crate) fn open(shop: &Path) -> Result<Self, Trouble> {
        let stand_in = StandIn::new()?;
        let mut script = stand_in.script();
        let mut script = script
            .arg("restart")
            .arg(shop)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut said = String::new();
        if let Some(out) = script.stdout.take() {
            BufReader::new(out).read_line(&mut said)?;
        }
        let figures = Figures(serde_json::from_str(&said)?);
        Ok(Self {
            script,
            _stand_in: stand_in,
            at: UNIX_EPOCH + figures.time("/at_ms")?,
            usable: figures.time("/usable_ms")?,
        })
    }

    /// Closes it.
    pub(crate) fn close(mut self) -> Result<(), Trouble> {
        drop(self.script.stdin.take());
        if self.script.wait()?.success() {
            Ok(())
        } else {
            Err("the window died before it was closed".into())
        }
    }
}
