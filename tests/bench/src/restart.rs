//! A restart after a crash: a till with years of orders was killed with two hundred payments open. How soon can it be
//! used, and how soon is every one of them decided?
//!
//! Half of them the channel has taken and its answers never came; of the others it has never heard. The shop is a copy
//! of the one that the list is measured with, and its pages are put out of memory first, as after a power cut.

use crate::Trouble;
use crate::figures::{Table, ms};
use crate::orders::{ask, made};
use crate::window::Restarted;
use paydesk_desk::{Charge, Desk};
use paydesk_domain::{Currency, Money};
use paydesk_host::{Host, HostOptions, Sandbox, serve_sandbox};
use rustix::fs::{Advice, fadvise, fsync};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Payments that are open when the process dies.
const OPEN: u32 = 200;

/// From the start to a first page of the list.
const USABLE: Duration = Duration::from_secs(2);

/// From the start to the last decision, on a healthy network.
const DECIDED: Duration = Duration::from_secs(30);

/// Then it is given up.
const PATIENCE: Duration = Duration::from_secs(120);

/// The word that makes this program the till that is going to die.
pub(crate) const VICTIM: &str = "restart-victim";

/// Measures two restarts over this many orders: of the program without a window, and of the real window.
pub(crate) fn measure(table: &mut Table, orders: u64, target: &Path) -> Result<(), Trouble> {
    let source = made(orders, target)?;
    let folder = target.join("bench").join("restart");
    let runtime = tokio::runtime::Runtime::new()?;
    table.report("orders in the shop that was killed", orders.to_string());
    copy(&source, &folder)?;
    let measured = runtime.block_on(measure_program(table, &folder));
    fs::remove_dir_all(&folder)?;
    measured?;
    copy(&source, &folder)?;
    let measured = runtime.block_on(measure_window(table, &folder));
    fs::remove_dir_all(&folder)?;
    measured
}

fn copy(from: &Path, to: &Path) -> Result<(), Trouble> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, name) = (entry.file_type()?, entry.file_name());
        if kind.is_dir() {
            copy(&entry.path(), &to.join(name))?;
        } else {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}

/// Writes what is dirty and forgets what is in memory.
fn put_out_of_memory(folder: &Path) -> Result<(), Trouble> {
    for name in ["paydesk.db", "paydesk.db-wal"] {
        let path = folder.join(name);
        if path.exists() {
            let file = File::open(path)?;
            fsync(&file)?;
            fadvise(&file, 0, None, Advice::DontNeed)?;
        }
    }
    Ok(())
}

/// A shop whose till was killed with its payments open, and its channels, which outlive it.
async fn killed(folder: &Path) -> Result<Sandbox, Trouble> {
    let sandbox = serve_sandbox(folder, 0).await?;
    let victim = folder.to_owned();
    tokio::task::spawn_blocking(move || kill_one(&victim)).await??;
    put_out_of_memory(folder)?;
    Ok(sandbox)
}

async fn open(folder: &Path, resolve: bool) -> Result<Host, Trouble> {
    let options = HostOptions {
        data: Some(folder.to_owned()),
        resolve,
        ..HostOptions::default()
    };
    Ok(Host::open(options).await?)
}

async fn measure_program(table: &mut Table, folder: &Path) -> Result<(), Trouble> {
    let sandbox = killed(folder).await?;
    let began = SystemTime::now();
    let host = open(folder, true).await?;
    let query = json!({ "tab": "all", "search": "", "day_from": null, "day_to": null, "status": null, "channel": null });
    let page = json!({ "query": query, "cursor": null, "position": null, "limit": 50 });
    ask(&host, "list_orders", page).await?;
    let status = ask(&host, "app_status", json!({})).await?;
    let usable = began.elapsed()?;
    let at_start = status.get("open_doubts").and_then(Value::as_u64);
    let at_start = at_start.ok_or("no count of doubts")?;
    table.judge(
        "doubts when it opened again",
        at_start.to_string(),
        format!("{OPEN} were open at its death"),
        at_start > 0 && at_start <= u64::from(OPEN),
    );
    table.judge_time("usable: a page of the list and the status", usable, USABLE);
    judge_decisions(table, &host, began, "").await?;
    host.close().await;
    sandbox.stop().await;
    Ok(())
}

/// From the start of the window's program to a digit on its screen, and to the last decision, as a second process on
/// the same books sees it that decides nothing itself.
async fn measure_window(table: &mut Table, folder: &Path) -> Result<(), Trouble> {
    let sandbox = killed(folder).await?;
    let shop = folder.to_owned();
    let window = tokio::task::spawn_blocking(move || Restarted::open(&shop)).await??;
    table.judge_time(
        "the window: a key stands on its screen",
        window.usable,
        USABLE,
    );
    let host = open(folder, false).await?;
    judge_decisions(table, &host, window.at, "the window: ").await?;
    host.close().await;
    window.close()?;
    sandbox.stop().await;
    Ok(())
}

/// Waits until nothing is open, and judges when that was and what was decided.
async fn judge_decisions(
    table: &mut Table,
    host: &Host,
    began: SystemTime,
    whose: &str,
) -> Result<(), Trouble> {
    let (mut half, mut all) = (None, None);
    while all.is_none() && began.elapsed()? < PATIENCE {
        let left = ask(host, "quit_check", json!({})).await?;
        let left = left.get("open_doubts").and_then(Value::as_u64);
        let left = left.ok_or("no count of doubts")?;
        if left <= u64::from(OPEN) / 2 && half.is_none() {
            half = Some(began.elapsed()?);
        }
        if left == 0 {
            all = Some(began.elapsed()?);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (paid, ended) = outcomes(host.console().desk()).await?;
    let half = half.map_or("never".to_owned(), ms);
    table.report(&format!("{whose}half of them decided"), half);
    let all = all.unwrap_or(PATIENCE);
    table.judge_time(&format!("{whose}all of them decided"), all, DECIDED);
    table.judge(
        &format!("{whose}as the channel has it"),
        format!("{paid} paid, {ended} ended unpaid"),
        format!("{} and {}", OPEN / 2, OPEN / 2),
        paid == OPEN / 2 && ended == OPEN / 2,
    );
    Ok(())
}

/// How the two hundred stand.
async fn outcomes(desk: &Arc<Desk>) -> Result<(u32, u32), Trouble> {
    let (mut paid, mut ended) = (0, 0);
    for number in 0..OPEN {
        let order = desk.ports().store.by_intent(&intent(number)).await?;
        let order = order.ok_or("an order is gone")?;
        let payment = order.latest().ok_or("an order without a payment")?;
        if payment.paid().is_some() {
            paid += 1;
        } else {
            ended += u32::from(order.open_doubts() == 0);
        }
    }
    Ok((paid, ended))
}

fn intent(number: u32) -> String {
    format!("restart {number}")
}

/// Starts the till that is going to die, and kills it when every payment is on its way.
fn kill_one(folder: &Path) -> Result<(), Trouble> {
    let mut victim = Command::new(std::env::current_exe()?)
        .arg(VICTIM)
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut said = String::new();
    if let Some(out) = victim.stdout.take() {
        BufReader::new(out).read_line(&mut said)?;
    }
    victim.kill()?;
    victim.wait()?;
    if said.trim() == "open" {
        Ok(())
    } else {
        Err("the till that was to be killed ended by itself".into())
    }
}

/// The till that is going to die: opens every payment, says so, and waits.
pub(crate) fn be_killed(folder: &Path) -> Result<bool, Trouble> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let host = Host::open(HostOptions {
            data: Some(folder.to_owned()),
            ..HostOptions::default()
        })
        .await?;
        let fault = |name: &str, on: bool| json!({ "name": name, "on": on });
        let desk = host.console().desk();
        // The first half is taken and its answers come when nobody is there any more.
        ask(&host, "sandbox_set_fault", fault("delay", true)).await?;
        charge(desk, 0..OPEN / 2).await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        ask(&host, "sandbox_set_fault", fault("delay", false)).await?;
        ask(&host, "sandbox_set_fault", fault("request_lost", true)).await?;
        charge(desk, OPEN / 2..OPEN).await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        ask(&host, "sandbox_set_fault", fault("request_lost", false)).await?;
        let mut out = std::io::stdout();
        writeln!(out, "open")?;
        out.flush()?;
        std::future::pending::<()>().await;
        Ok(true)
    })
}

async fn charge(desk: &Arc<Desk>, numbers: std::ops::Range<u32>) -> Result<(), Trouble> {
    for number in numbers {
        let channel = if number.is_multiple_of(2) { "28" } else { "13" };
        let ask = Charge {
            intent: intent(number),
            amount: Money::from_minor(900_000 + i64::from(number), Currency::CNY),
            code: format!("{channel}{number:014}00"),
            note: String::new(),
            confirmed_repeat_of: None,
            part: paydesk_desk::PartOf::Whole,
        };
        desk.charge(ask).await?;
    }
    Ok(())
}
