//! The list of orders over years of trade: the store alone, and through the contract as the window asks.
//!
//! The generated shop is kept beside the build, so that only the first run makes it.

use crate::Trouble;
use crate::figures::{Spread, Table, ms};
use paydesk_console::contract::{Locale, ModeView, SetUp};
use paydesk_desk::ports::{Ids, OrderFilter, Store, Tab};
use paydesk_domain::{Currency, Timestamp};
use paydesk_host::{Host, HostOptions};
use paydesk_store::{SqliteStore, StoreOptions, SystemFiles};
use paydesk_vault::FolderVault;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Questions of each kind, asked in turn.
const ROUNDS: usize = 60;

/// One page as the window shows it.
const PAGE: u32 = 50;

/// The middle of all questions, in the store.
const IN_THE_STORE: Duration = Duration::from_millis(1);

/// 99 of 100, through the contract.
const THROUGH_THE_CONTRACT: Duration = Duration::from_millis(50);

/// Walking a million events of the log.
const VERIFY: Duration = Duration::from_secs(10);

/// Writing every order to a file.
const EXPORT: Duration = Duration::from_secs(10);

/// Writing 100,000 orders as a workbook.
const WORKBOOK: Duration = Duration::from_secs(15);

/// Three years of trade.
const YEARS: u64 = 3 * 365;

/// What is typed into the box: hits and misses of every way to be found. `{number}` and `{channel}` are
/// those of an order in the middle of the list.
const SEARCHES: [&str; 12] = [
    "",
    "{number}",
    "{number:12}",
    "{tail}",
    "{channel}",
    "46.50",
    "46.51",
    "40-60",
    "蛋糕",
    "火锅",
    "生日蛋糕",
    "王女士",
];

/// Numbers in turn: unlike each other is all that a generated shop asks of them.
#[derive(Default)]
struct Counted(AtomicU64);

impl Ids for Counted {
    fn nonce(&self) -> [u8; 16] {
        let n = self.0.fetch_add(1, Ordering::Relaxed);
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(n.to_be_bytes().into_iter().rev()) {
            *to = from;
        }
        bytes
    }
}

/// Measures the list over this many orders.
pub(crate) fn measure(table: &mut Table, orders: u64, target: &Path) -> Result<(), Trouble> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let folder = shop(orders, YEARS, target).await?;
        table.report("orders in the list", orders.to_string());
        in_the_store(table, &folder).await?;
        through_the_contract(table, &folder, orders).await
    })
}

/// The same shop, for those who open it otherwise.
pub(crate) fn made(orders: u64, target: &Path) -> Result<PathBuf, Trouble> {
    tokio::runtime::Runtime::new()?.block_on(shop(orders, YEARS, target))
}

pub(crate) async fn store(folder: &Path) -> Result<SqliteStore, Trouble> {
    let vault = FolderVault::open(folder)?;
    let options = StoreOptions {
        file: folder.join("paydesk.db"),
        key: paydesk_store::at_hand(vault.data_key()),
        ids: Arc::new(Counted::default()),
        now: Timestamp(0),
        files: Arc::new(SystemFiles),
        readers: 4,
    };
    Ok(SqliteStore::open(options).await?)
}

/// The generated shop; made once.
pub(crate) async fn shop(orders: u64, days: u64, target: &Path) -> Result<PathBuf, Trouble> {
    let folder = target.join("bench").join(format!("orders-{orders}-{days}"));
    let made = folder.join("made");
    if made.is_file() {
        return Ok(folder);
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    eprintln!("making a shop of {orders} orders, once");
    let begun = Instant::now();
    let generated = store(&folder).await?;
    let mut next = 0;
    generated
        .generate(orders, days, &mut |written| {
            if written >= next {
                eprintln!("  {written} after {:.0} s", begun.elapsed().as_secs_f64());
                next = written + orders / 10;
            }
        })
        .await?;
    generated.close().await;
    let host = open(&folder).await?;
    let set_up = SetUp {
        currency: None,
        locale: Locale::ZhCn,
        mode: ModeView::Demo,
        store_name: "Bench".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        cutoff_hour: 0,
        past_days: 0,
        passphrase: None,
    };
    ask(&host, "set_up", serde_json::to_value(set_up)?).await?;
    host.close().await;
    std::fs::write(made, b"")?;
    Ok(folder)
}

pub(crate) async fn open(folder: &Path) -> Result<Host, Trouble> {
    let options = HostOptions {
        data: Some(folder.to_owned()),
        operator: None,
        resolve: false,
        ..HostOptions::default()
    };
    Ok(Host::open(options).await?)
}

pub(crate) async fn ask(host: &Host, name: &str, args: Value) -> Result<Value, Trouble> {
    let answer = host.console().call(name, args).await;
    Ok(answer.map_err(|error| format!("{name}: {error:?}"))?)
}

fn filter(search: &str) -> OrderFilter {
    OrderFilter {
        tab: Tab::All,
        search: search.to_owned(),
        day_from: None,
        day_to: None,
        status: None,
        channel: None,
        currencies: vec![Currency::CNY],
    }
}

async fn in_the_store(table: &mut Table, folder: &Path) -> Result<(), Trouble> {
    let store = store(folder).await?;
    let total: u64 = store
        .totals(&filter(""))
        .await?
        .totals
        .iter()
        .map(|it| it.count)
        .sum();
    let middle = store.list_at(&filter(""), total / 2, 1).await?;
    let row = middle.rows.first().ok_or("the shop is empty")?;
    let order = store.load(&row.number).await?.ok_or("no order")?;
    let number = row.number.to_string();
    let channel = order
        .latest()
        .and_then(|payment| payment.paid())
        .map_or_else(|| "2026".to_owned(), |paid| paid.channel_ref.0.clone());
    let mut all = Vec::new();
    for words in SEARCHES {
        let search = words
            .replace("{number:12}", number.get(..12).unwrap_or_default())
            .replace("{number}", &number)
            .replace("{tail}", number.get(12..).unwrap_or_default())
            .replace("{channel}", &channel);
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            let page = store.list(&filter(&search), None, PAGE).await?;
            times.push(begun.elapsed());
            found = page.rows.len();
        }
        all.extend(times.iter().copied());
        let name = format!("store: “{words}”, {found} rows");
        table.report_spread(&name, &Spread::of(times));
    }
    let first = pages(&store, None).await?;
    let deep = store.list_at(&filter(""), total * 9 / 10, PAGE).await?.next;
    let deep = pages(&store, deep).await?;
    table.report_spread("store: the first page", &first);
    table.report_spread("store: a page nine tenths down", &deep);
    let (first, deep) = (first.percentile(50), deep.percentile(50));
    let ratio = deep.as_secs_f64() / first.as_secs_f64();
    table.judge(
        "deep page to first page",
        format!("{ratio:.2}"),
        "< 1.50".to_owned(),
        ratio < 1.5,
    );
    let all = Spread::of(all);
    table.judge_time(
        "store: all questions, p50",
        all.percentile(50),
        IN_THE_STORE,
    );
    let begun = Instant::now();
    let report = store.verify().await?;
    let took = begun.elapsed();
    if report.fault.is_some() {
        return Err("the generated log does not verify".into());
    }
    table.report(&format!("verify {} events", report.events), ms(took));
    let per_million = took.as_secs_f64() * 1e6 / f64::from(u32::try_from(report.events)?);
    let name = "verify, per million events";
    table.judge_time(name, Duration::from_secs_f64(per_million), VERIFY);
    store.close().await;
    Ok(())
}

async fn pages(store: &SqliteStore, cursor: Option<String>) -> Result<Spread, Trouble> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS * 2 {
        let begun = Instant::now();
        store.list(&filter(""), cursor.as_deref(), PAGE).await?;
        times.push(begun.elapsed());
    }
    Ok(Spread::of(times))
}

async fn through_the_contract(
    table: &mut Table,
    folder: &Path,
    orders: u64,
) -> Result<(), Trouble> {
    let host = Arc::new(open(folder).await?);
    let query = |search: &str, tab: &str| json!({ "tab": tab, "search": search, "day_from": null, "day_to": null, "status": null, "channel": null });
    let mut lists = Vec::new();
    let mut slowest = (Duration::ZERO, String::new());
    for search in ["", "46.50", "蛋糕", "火锅", "40-60", "2024"] {
        for tab in ["all", "paid", "refunds", "unpaid", "attention"] {
            let mut times = Vec::new();
            for round in 0..ROUNDS {
                let position = u64::try_from(round)? * 1_037_389 % orders.max(1);
                let position = search.is_empty().then_some(position);
                let args = json!({ "query": query(search, tab), "cursor": null, "position": position, "limit": PAGE });
                let begun = Instant::now();
                ask(&host, "list_orders", args).await?;
                times.push(begun.elapsed());
            }
            lists.extend(times.iter().copied());
            let half = Spread::of(times).percentile(50);
            slowest = slowest.max((half, format!("“{search}” in {tab}")));
        }
    }
    let lists = Spread::of(lists);
    let (half, which) = slowest;
    table.report(
        "contract: the slowest question",
        format!("{which}, p50 {}", ms(half)),
    );
    table.report_spread("contract: list_orders", &lists);
    table.judge_time(
        "contract: list_orders, p99",
        lists.percentile(99),
        THROUGH_THE_CONTRACT,
    );
    for (name, search) in [
        ("no search", ""),
        ("an amount", "46.50"),
        ("a word", "蛋糕"),
    ] {
        let begun = Instant::now();
        ask(&host, "order_totals", query(search, "all")).await?;
        table.report(&format!("contract: totals of {name}"), ms(begun.elapsed()));
    }
    // A workbook ten times as long as the goal asks for, where there are so many orders, in ten times its time.
    for (format, limit) in [("csv", EXPORT), ("xlsx", 10 * WORKBOOK)] {
        let file = folder.join(format!("export.{format}"));
        let args = json!({ "query": query("", "all"), "format": format, "file": file, "replace": true, "seen": null });
        let begun = Instant::now();
        let exported = ask(&host, "export_orders", args).await?;
        let rows = exported.get("rows").and_then(Value::as_u64).unwrap_or(0);
        let name = format!("export of {rows} rows, {format}");
        table.judge_time(&name, begun.elapsed(), limit);
        std::fs::remove_file(&file)?;
        let beside = exported.get("side_file").and_then(Value::as_str);
        std::fs::remove_file(beside.ok_or("no file beside the export")?)?;
    }
    Ok(())
}
