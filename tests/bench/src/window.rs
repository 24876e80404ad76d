//! The real window: its release build is driven by `tests/bench/window.mjs`, whose figures are judged here.
//!
//! It builds nothing: the release programs must be there, and it says how they come there.

use crate::Trouble;
use crate::figures::Table;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// From the start of the program to a window that answers a key.
const USABLE: Duration = Duration::from_secs(1);

/// The main process at rest, proportional share.
const MAIN_MIB: f64 = 110.0;

/// From the terminator of a scan to the first byte at the channel, 95 of 100.
const SCAN_TO_CHANNEL: Duration = Duration::from_millis(50);

/// From the answer to the painted result, 95 of 100.
const ANSWER_TO_PAINT: Duration = Duration::from_millis(100);

/// Measures start, memory and the way of a scan.
pub(crate) fn measure(table: &mut Table, payments: usize) -> Result<(), Trouble> {
    let release = release_folder()?;
    for program in ["paydesk", "paydesk-cli"] {
        if !release.join(program).is_file() {
            return Err(format!("{program} has no release build: cargo build --release --package paydesk --package paydesk-cli").into());
        }
    }
    let figures = drive(&release, payments)?;
    let number = |name: &str| {
        figures
            .pointer(name)
            .and_then(Value::as_f64)
            .ok_or("a figure is missing")
    };
    let time = |name: &str| number(name).map(|ms| Duration::from_secs_f64(ms.max(0.0) / 1_000.0));
    table.report(
        "first painted after",
        format!("{:.0} ms", number("/painted_ms")?),
    );
    table.judge_time("window usable after", time("/usable_ms")?, USABLE);
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
        table.judge_time(&format!("{name}, p95"), time(&format!("{at}/p95"))?, goal);
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
    Ok(target.join("release"))
}

/// The window's helpers start what lies in `debug`; here they are given the release build under that name.
fn drive(release: &Path, payments: usize) -> Result<Value, Trouble> {
    let stand_in =
        std::env::temp_dir().join(format!("paydesk-bench-target-{}", std::process::id()));
    std::fs::create_dir_all(&stand_in)?;
    std::os::unix::fs::symlink(release, stand_in.join("debug"))?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("window.mjs");
    let answered = Command::new("node")
        .arg(script)
        .arg(payments.to_string())
        .env("PAYDESK_TARGET", &stand_in)
        .stderr(Stdio::inherit())
        .output();
    std::fs::remove_dir_all(&stand_in)?;
    let output = answered?;
    if !output.status.success() {
        return Err("the window could not be measured".into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
