//! `paydesk-cli verify --rebuild` over years of trade: a clean shop passes, and a wrong row planted in each
//! projection is found. The shop is the one that the list is measured with; it is left as it was found.

use crate::Trouble;
use crate::figures::{Table, ms};
use crate::orders;
use paydesk_store::WRONG_ROWS;
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The exit code of a verification that found differences.
const DIFFERENCES: i32 = 6;

/// Measures a clean rebuild and one over planted rows.
pub(crate) fn measure(table: &mut Table, orders: u64, target: &Path) -> Result<(), Trouble> {
    let folder = orders::made(orders, target)?;
    let program = std::env::current_exe()?.with_file_name("paydesk-cli");
    let (clean, found, took) = verified(&program, &folder)?;
    if clean != 0 || !found.is_empty() {
        return Err(format!("a clean shop does not verify: exit {clean}, {found:?}").into());
    }
    let name = format!("verify --rebuild, {orders} orders");
    table.report(&name, format!("{}, no difference", ms(took)));
    let runtime = tokio::runtime::Runtime::new()?;
    // Whoever ends this in between leaves a shop that is made anew.
    let made = folder.join("made");
    std::fs::remove_file(&made)?;
    runtime.block_on(each(&folder, true))?;
    let told = verified(&program, &folder);
    runtime.block_on(each(&folder, false))?;
    std::fs::write(made, b"")?;
    let (exit, found, took) = told?;
    let missed: Vec<&str> = (WRONG_ROWS.iter())
        .filter(|row| !found.iter().any(|line| line.starts_with(row.told)))
        .map(|row| row.table)
        .collect();
    let is_met = exit == DIFFERENCES && missed.is_empty() && found.len() == WRONG_ROWS.len();
    table.judge(
        "the same with a wrong row in each of six projections",
        format!(
            "{}, {} differences, missed {missed:?}",
            ms(took),
            found.len()
        ),
        format!("{} differences, none missed", WRONG_ROWS.len()),
        is_met,
    );
    Ok(())
}

/// Plants every wrong row, or takes each out again.
async fn each(folder: &Path, plant: bool) -> Result<(), Trouble> {
    let store = orders::store(folder).await?;
    for row in &WRONG_ROWS {
        if plant {
            store.plant(row).await?;
        } else {
            store.take_out(row).await?;
        }
    }
    store.close().await;
    Ok(())
}

/// What the command line says: its exit code, the differences, and how long it took.
fn verified(program: &Path, folder: &Path) -> Result<(i32, Vec<String>, Duration), Trouble> {
    let begun = Instant::now();
    let run = Command::new(program)
        .arg("--data")
        .arg(folder)
        .args(["verify", "--rebuild", "--json"])
        .output()?;
    let took = begun.elapsed();
    let exit = run.status.code().ok_or("the command was ended")?;
    let said: Value = serde_json::from_slice(&run.stdout)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&run.stderr)))?;
    let differences = said.get("differences").and_then(Value::as_array);
    let differences = differences.ok_or("no list of differences")?;
    let lines = differences.iter().filter_map(Value::as_str);
    Ok((exit, lines.map(str::to_owned).collect(), took))
}
