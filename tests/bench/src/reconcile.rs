//! A day of a million: a channel's bill against our books, in turn with what people use for it, on the same files.
//!
//! Each program runs as a process of its own; `peers/rounds.py` starts them round after round and measures them. All
//! must say the same: every difference and every total.

mod day;

use crate::Trouble;
use crate::figures::Table;
use crate::orders::open;
use day::{Files, made};
use paydesk_desk::{
    LookedAt,
    ports::{BillSource, ReadSeek},
};
use paydesk_domain::{AccountId, Money, Totals};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

/// The word by which this program is started once more, to do one thing and to be measured.
pub(crate) const ONE: &str = "one-reconciliation";

/// The rounds that are measured.
const ROUNDS: u32 = 3;

/// What a peer must need more of: CPU seconds, and wall seconds where it is said.
struct Goal {
    peer: &'static str,
    cpu: f64,
    wall: Option<f64>,
}

fn goals(channel: &str) -> [Goal; 3] {
    let duckdb = if channel == "alipay" { 5.0 } else { 3.5 };
    let of = |peer, cpu, wall| Goal { peer, cpu, wall };
    [
        of("duckdb", duckdb, Some(3.0)),
        of("polars", 5.0, None),
        of("pandas", 10.0, None),
    ]
}

const PEAK_MIB: f64 = 160.0;
const FLOORS: f64 = 2.0;
const PERSISTING: f64 = 1.3;

/// Measures both channels.
pub(crate) fn measure(table: &mut Table, lines: u64, target: &Path) -> Result<(), Trouble> {
    let python = peers(target)?;
    for channel in ["wechatpay", "alipay"] {
        for is_hostile in [false, true] {
            let files = made(channel, lines, is_hostile, target)?;
            if is_hostile {
                hostile(table, &files, &python)?;
            } else {
                in_turn(table, &files, &python, lines)?;
            }
        }
    }
    Ok(())
}

/// A shop and its day of which the channel's bill has no line.
pub(crate) struct Unbilled {
    pub(crate) shop: PathBuf,
    pub(crate) bill: PathBuf,
    pub(crate) account: String,
}

/// A day of so many payments, and a bill without any of them.
pub(crate) fn without_lines(lines: u64, target: &Path) -> Result<Unbilled, Trouble> {
    let files = day::empty(lines, target)?;
    Ok(Unbilled {
        account: files.account(),
        shop: files.shop,
        bill: files.bill,
    })
}

/// The day's files without running anything beside the product: whether all of it works.
#[cfg(test)]
fn once(lines: u64, target: &Path) -> Result<(), Trouble> {
    for channel in ["wechatpay", "alipay"] {
        let files = made(channel, lines, true, target)?;
        let out = files.out("test");
        look(
            &files.shop,
            &files.account(),
            &files.bill,
            Path::new(&out),
            true,
        )?;
        let expected = fs::read_to_string(files.expected())?;
        if sorted(&fs::read_to_string(&out)?) != sorted(&expected) {
            return Err(format!("{channel}: what was planted is not what was found").into());
        }
    }
    Ok(())
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

fn words(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_owned()).collect()
}

fn ours(files: &Files, what: &str, out: &str) -> Result<Value, Trouble> {
    let program = std::env::current_exe()?.display().to_string();
    let (shop, bill) = (
        files.shop.display().to_string(),
        files.bill.display().to_string(),
    );
    let account = files.account();
    let command = words(&[&program, ONE, what, &shop, &account, &bill, out]);
    Ok(json!({ "name": what, "command": command, "out": out }))
}

fn peer(files: &Files, python: &str, name: &str) -> Value {
    let one = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/one.py");
    let (bill, orders) = (
        files.bill.display().to_string(),
        files.orders.display().to_string(),
    );
    let out = files.out(name);
    let command = words(&[python, one, name, files.channel, &bill, &orders, &out]);
    json!({ "name": name, "command": command, "out": out })
}

fn rounds(python: &str, programs: &[Value], rounds: u32) -> Result<Value, Trouble> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/rounds.py");
    let mut running = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let asked = json!({ "rounds": rounds, "programs": programs }).to_string();
    running
        .stdin
        .take()
        .ok_or("no input")?
        .write_all(asked.as_bytes())?;
    let answer = running.wait_with_output()?;
    Ok(serde_json::from_slice(&answer.stdout)?)
}

/// The middle of what was measured of a program.
fn middle(measured: &Value, name: &str, what: &str) -> Result<f64, Trouble> {
    let runs = measured.pointer(&format!("/{name}/runs"));
    let runs = runs
        .and_then(Value::as_array)
        .ok_or("nothing was measured")?;
    let mut all: Vec<f64> = Vec::new();
    for run in runs {
        if run.get("exit").and_then(Value::as_i64) != Some(0) {
            return Err(format!("{name} did not end well").into());
        }
        all.extend(run.get(what).and_then(Value::as_f64));
    }
    all.sort_by(f64::total_cmp);
    Ok(all.get(all.len() / 2).copied().unwrap_or_default())
}

fn in_turn(table: &mut Table, files: &Files, python: &str, lines: u64) -> Result<(), Trouble> {
    let mut programs = vec![
        ours(files, "look", &files.out("look"))?,
        ours(files, "keep", &files.out("keep"))?,
        ours(files, "floor-parse", "")?,
        ours(files, "floor-step", "")?,
    ];
    programs.extend(["duckdb", "polars", "pandas"].map(|name| peer(files, python, name)));
    let measured = rounds(python, &programs, ROUNDS)?;
    let channel = files.channel;
    let of = |name: &str, what: &str| middle(&measured, name, what);
    let said = |name: &str| measured.pointer(&format!("/{name}/said"));
    for name in [
        "look",
        "keep",
        "floor-parse",
        "floor-step",
        "duckdb",
        "polars",
        "pandas",
    ] {
        table.report(
            &format!("{channel}, {lines} lines: {name}"),
            format!(
                "{:.2} CPU s, {:.2} s wall, peak {:.0} MiB",
                of(name, "cpu")?,
                of(name, "wall")?,
                of(name, "peak_mib")?
            ),
        );
    }
    for name in ["keep", "duckdb", "polars", "pandas"] {
        let is_same = said(name) == said("look");
        let what = format!("{channel}: {name} says the same as the product");
        table.judge(&what, format!("{is_same}"), "true".to_owned(), is_same);
    }
    let look = (of("look", "cpu")?, of("look", "wall")?);
    for goal in goals(channel) {
        let ratio = of(goal.peer, "cpu")? / look.0;
        let what = format!("{channel}: CPU of {} over the product's", goal.peer);
        let is_met = ratio >= goal.cpu;
        table.judge(
            &what,
            format!("{ratio:.2}"),
            format!(">= {}", goal.cpu),
            is_met,
        );
        if let Some(least) = goal.wall {
            let ratio = of(goal.peer, "wall")? / look.1;
            let what = format!("{channel}: wall of {} over the product's", goal.peer);
            table.judge(
                &what,
                format!("{ratio:.2}"),
                format!(">= {least}"),
                ratio >= least,
            );
        }
    }
    let peak = of("look", "peak_mib")?;
    let what = format!("{channel}: peak memory");
    table.judge(
        &what,
        format!("{peak:.0} MiB"),
        format!("<= {PEAK_MIB}"),
        peak <= PEAK_MIB,
    );
    let floors = look.0 / (of("floor-parse", "cpu")? + of("floor-step", "cpu")?);
    let what = format!("{channel}: CPU over both floors");
    table.judge(
        &what,
        format!("{floors:.2}"),
        format!("<= {FLOORS}"),
        floors <= FLOORS,
    );
    for (what, unit) in [("cpu", "CPU"), ("wall", "wall")] {
        let ratio = of("keep", what)? / of("look", what)?;
        let what = format!("{channel}: {unit} with persisting over without");
        let is_met = ratio <= PERSISTING;
        if unit == "CPU" {
            table.judge(
                &what,
                format!("{ratio:.2}"),
                format!("<= {PERSISTING}"),
                is_met,
            );
        } else {
            table.report(&what, format!("{ratio:.2}"));
        }
    }
    Ok(())
}

/// Names with separators in them, which the bills do not quote: the product is exact; what the others do is told.
fn hostile(table: &mut Table, files: &Files, python: &str) -> Result<(), Trouble> {
    let out = files.out("hostile");
    let mut programs = vec![ours(files, "look", &out)?];
    programs.extend(["duckdb", "polars", "pandas"].map(|name| peer(files, python, name)));
    let measured = rounds(python, &programs, 1)?;
    let expected = fs::read_to_string(files.expected())?;
    let found = fs::read_to_string(&out)?;
    let is_exact = sorted(&found) == sorted(&expected);
    let what = format!("{}, hostile names: the product is exact", files.channel);
    table.judge(&what, format!("{is_exact}"), "true".to_owned(), is_exact);
    for name in ["duckdb", "polars", "pandas"] {
        let exit = measured.pointer(&format!("/{name}/runs/0/exit"));
        let same = measured.pointer(&format!("/{name}/said")) == measured.pointer("/look/said");
        let told = match (exit.and_then(Value::as_i64), same) {
            (Some(0), true) => "exact".to_owned(),
            (Some(0), false) => "ends well and is wrong".to_owned(),
            (exit, _) => format!("ends with {exit:?}"),
        };
        table.report(&format!("{}, hostile names: {name}", files.channel), told);
    }
    Ok(())
}

/// The interpreter with the peers, installed once beside the build.
fn peers(target: &Path) -> Result<String, Trouble> {
    let folder = target.join("bench").join("peers");
    let python = folder.join("bin").join("python");
    let wanted = include_str!("../peers/requirements.txt");
    let mark = folder.join("installed");
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(python.display().to_string());
    }
    let run = |program: &Path, words: &[&str]| -> Result<(), Trouble> {
        let ended = Command::new(program).args(words).status()?;
        ended
            .success()
            .then_some(())
            .ok_or_else(|| "the peers could not be installed".into())
    };
    let place = folder.display().to_string();
    run(Path::new("python3"), &["-m", "venv", &place])?;
    let requirements = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/requirements.txt");
    let quiet = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "-r",
    ];
    run(&python, &[quiet.as_slice(), &[requirements]].concat())?;
    fs::write(mark, wanted)?;
    Ok(python.display().to_string())
}

/// One thing, measured from outside: `look`, `keep`, `floor-parse`, `floor-step`.
pub(crate) fn one(words: &[String]) -> Result<bool, Trouble> {
    let [what, shop, account, bill, out] = words else {
        return Err("one-reconciliation: five words".into());
    };
    let (shop, bill, out) = (Path::new(shop), Path::new(bill), Path::new(out));
    match what.as_str() {
        "look" => look(shop, account, bill, out, false)?,
        "keep" => look(shop, account, bill, out, true)?,
        "floor-parse" => println!("{}", floor_parse(bill)?),
        "floor-step" => println!("{}", floor_step(shop, account)?),
        other => return Err(format!("{other} is nothing to measure").into()),
    }
    Ok(true)
}

struct FileAt(PathBuf);

impl BillSource for FileAt {
    fn open(&self) -> io::Result<Box<dyn ReadSeek + Send>> {
        Ok(Box::new(File::open(&self.0)?))
    }

    fn version(&self) -> io::Result<String> {
        Ok(fs::metadata(&self.0)?.len().to_string())
    }
}

fn look(shop: &Path, account: &str, bill: &Path, out: &Path, keeps: bool) -> Result<(), Trouble> {
    if keeps {
        forget(shop)?;
    }
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let host = open(shop).await?;
        let desk = host.console().desk();
        let source = Arc::new(FileAt(bill.to_owned()));
        let account = AccountId(account.to_owned());
        let looked = desk.open_bill(&account, None, "bench.csv", source).await?;
        let LookedAt::Trade(preview) = looked else {
            return Err("a fund-flow bill".into());
        };
        let mut file = BufWriter::new(File::create(out)?);
        for it in &preview.differences {
            let book = it.found.book.as_ref().map(|line| line.reference());
            let bill = it.found.bill.as_ref().map(|line| line.reference());
            let amount = it.found.difference.map_or(0, Money::minor);
            let reference = book.or(bill).unwrap_or_default();
            writeln!(file, "{},{reference},{amount}", it.found.code.name())?;
        }
        file.flush()?;
        let side = |name: &str, totals: &Totals| {
            [
                (format!("{name}_paid"), totals.paid.minor()),
                (format!("{name}_refunded"), totals.refunded.minor()),
                (format!("{name}_fee"), totals.fee.minor()),
            ]
        };
        let mut totals: BTreeMap<String, i64> = BTreeMap::new();
        totals.extend(side("bill", &preview.summary.bill));
        totals.extend(side("books", &preview.summary.books));
        totals.insert(
            "matched".to_owned(),
            i64::try_from(preview.summary.matched)?,
        );
        fs::write(format!("{}.json", out.display()), json!(totals).to_string())?;
        if keeps {
            desk.import_bill(&preview.content_sha256).await?;
        }
        host.close().await;
        Ok(())
    })
}

/// Takes out what an earlier run kept, so that it is kept once more.
pub(crate) fn forget(shop: &Path) -> Result<(), Trouble> {
    let database = Connection::open(shop.join("paydesk.db"))?;
    let kept: i64 = database.query_row("SELECT count(*) FROM bills", [], |row| row.get(0))?;
    if kept > 0 {
        database.execute_batch(
            "DELETE FROM bill_pieces; DELETE FROM bill_layouts; DELETE FROM bill_lines; DELETE FROM differences; DELETE FROM bill_files; DELETE FROM bills",
        )?;
    }
    Ok(())
}

/// Splitting every line and reading the five cells that decide, and nothing else.
fn floor_parse(bill: &Path) -> Result<i64, Trouble> {
    let is_wechat = bill.to_string_lossy().contains("wechatpay");
    let cells: [usize; 5] = if is_wechat {
        [6, 9, 15, 22, 24]
    } else {
        [1, 2, 11, 21, 22]
    };
    let mut file = File::open(bill)?;
    let (mut block, mut held, mut sum) = (vec![0_u8; 1 << 20], 0, 0_i64);
    loop {
        let read = file.read(block.get_mut(held..).ok_or("a line is too long")?)?;
        let end = held + read;
        let filled = block.get(..end).unwrap_or_default();
        let whole = filled
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        for line in filled
            .get(..whole)
            .unwrap_or_default()
            .split(|byte| *byte == b'\n')
        {
            for (at, cell) in line.split(|byte| *byte == b',').enumerate() {
                if cells.contains(&at) {
                    let digits = cell.iter().filter(|byte| byte.is_ascii_digit());
                    sum = digits.fold(sum, |sum, digit| {
                        sum.wrapping_mul(10).wrapping_add(i64::from(*digit))
                    });
                }
            }
        }
        block.copy_within(whole..end, 0);
        held = end - whole;
        if read == 0 {
            return Ok(sum);
        }
    }
}

/// Stepping through the rows of the day with the columns that decide, and nothing else.
fn floor_step(shop: &Path, account: &str) -> Result<i64, Trouble> {
    let database = Connection::open(shop.join("paydesk.db"))?;
    let mut sum = 0_i64;
    for table in ["payments", "refunds"] {
        let sql = format!(
            "SELECT reference, amount_minor, booked_at, moved FROM {table} INDEXED BY {table}_booked WHERE account = ?1"
        );
        let mut statement = database.prepare(&sql)?;
        let mut rows = statement.query([account])?;
        while let Some(row) = rows.next()? {
            let length = i64::try_from(row.get_ref(0)?.as_str()?.len())?;
            let numbers = row.get::<_, i64>(1)? ^ row.get::<_, i64>(2)? ^ row.get::<_, i64>(3)?;
            sum = sum.wrapping_add(length ^ numbers);
        }
    }
    Ok(sum)
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test, in a folder of its own"
)]
mod tests {
    /// The benchmark's own files, small: what was planted is what is found and kept, hostile names or not.
    #[test]
    fn what_was_planted_is_found_and_kept() {
        let target = std::env::temp_dir().join(format!("paydesk-reconcile-{}", std::process::id()));
        // So many that a refund is among the changed ones, too.
        super::once(6_050, &target).unwrap();
        std::fs::remove_dir_all(target).unwrap();
    }
}
