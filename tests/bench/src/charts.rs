//! The charts of a month and of a year, over a million orders and a year of bills: from the sums that are kept, and in
//! the same run as SQL over the rows, to the same figures.

use crate::Trouble;
use crate::figures::{Spread, Table, ms};
use crate::orders;
use paydesk_desk::ports::{
    Actor, BillOrigin, DaySummary, EventKind, NewBill, NewEvent, Store, TakingsBy,
};
use paydesk_domain::{
    AccountId, BillKind, BusinessDay, ChannelDay, ChannelId, Currency, Money, Timestamp, Totals,
};
use paydesk_store::SqliteStore;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

/// Questions of each kind.
const ROUNDS: usize = 200;

/// Questions over the rows: each reads all of them.
const ROUNDS_OVER_ROWS: usize = 5;

const MONTH: Duration = Duration::from_millis(1);
const YEAR: Duration = Duration::from_millis(3);

/// Measures both, and holds them against each other.
pub(crate) fn measure(table: &mut Table, count: u64, target: &Path) -> Result<(), Trouble> {
    let made = orders::made(count, target)?;
    let folder = target.join("bench").join(format!("charts-{count}"));
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        with_bills(&made, &folder).await?;
        let store = orders::store(&folder).await?;
        let (first, last) = newest_year(&store).await?;
        let month = BusinessDay(last.0 / 100 * 100 + 1);
        for (name, from, by, goal) in [
            (
                "the charts of a month, each day",
                month,
                TakingsBy::Day,
                MONTH,
            ),
            (
                "the charts of a year, each month",
                first,
                TakingsBy::Month,
                YEAR,
            ),
        ] {
            let spread = from_sums(&store, from, last, by).await?;
            table.judge_time(&format!("{name}, p50"), spread.percentile(50), goal);
            table.report_spread(name, &spread);
            let rows = over_rows(&store, from, last, by).await?;
            table.report(
                &format!("{name}, SQL over the rows, p50"),
                ms(rows.percentile(50)),
            );
            let sums = store.worklist().takings(from, last, by).await?.taken;
            let is_same = sums == store.takings_over_rows(from, last, by).await?;
            let said = if is_same {
                "the same figures"
            } else {
                "other figures"
            };
            let goal = "the same figures".to_owned();
            table.judge(
                &format!("{name}, against SQL"),
                said.to_owned(),
                goal,
                is_same,
            );
        }
        store.close().await;
        Ok(())
    })
}

/// A copy of the generated shop with two bills for every day of its newest year; made once.
async fn with_bills(made: &Path, folder: &Path) -> Result<(), Trouble> {
    let done = folder.join("made");
    if done.is_file() {
        return Ok(());
    }
    drop(std::fs::remove_dir_all(folder));
    copy(made, folder)?;
    let store = orders::store(folder).await?;
    let (first, last) = newest_year(&store).await?;
    let mut day = ChannelDay(last.0);
    while day >= ChannelDay(first.0) {
        for channel in ["alipay", "wechatpay"] {
            store.import_bill(bill(channel, day)).await?;
        }
        day = day.previous().ok_or("a day before")?;
    }
    store.close().await;
    std::fs::write(done, b"")?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), Trouble> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else if entry.file_name() != "made" {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn bill(channel: &str, day: ChannelDay) -> NewBill {
    let yuan = |minor| Money::from_minor(minor, Currency::CNY);
    let totals = Totals {
        payments: 450,
        paid: yuan(2_250_000 + i64::from(day.0 % 100)),
        refunds: 3,
        refunded: yuan(12_000),
        fee: yuan(13_428),
    };
    let content = format!("{channel}{}", day.0);
    NewBill {
        file: None,
        layout: None,
        account: AccountId(format!("bench-{channel}")),
        channel: ChannelId(channel.to_owned()),
        day,
        kind: BillKind::Trade,
        origin: BillOrigin::Fetched,
        rows: Vec::new(),
        differences: Vec::new(),
        summary: DaySummary {
            matched: 450,
            differences: 0,
            bill: totals,
            books: totals,
        },
        event: NewEvent {
            kind: EventKind::BillImported,
            order: None,
            subject: None,
            actor: Actor::Program,
            at: Timestamp(0),
            day: BusinessDay(day.0),
            body: json!({ "content_sha256": content }),
            evidence: None,
        },
        content_sha256: content,
        by: String::new(),
    }
}

/// The newest calendar year with orders in every month.
async fn newest_year(store: &SqliteStore) -> Result<(BusinessDay, BusinessDay), Trouble> {
    let (first, last) = (BusinessDay(20_000_101), BusinessDay(29_991_231));
    let months = store
        .worklist()
        .takings(first, last, TakingsBy::Month)
        .await?;
    let mut years = BTreeMap::<i64, BTreeSet<i64>>::new();
    for it in &months.taken {
        years.entry(it.at / 100).or_default().insert(it.at);
    }
    let whole = years.iter().rev().find(|(_, months)| months.len() == 12);
    let (year, _) = whole.ok_or("no whole year of orders")?;
    let year = i32::try_from(*year)?;
    let day = |part: i32| BusinessDay(year * 10_000 + part);
    Ok((day(101), day(1_231)))
}

async fn from_sums(
    store: &SqliteStore,
    from: BusinessDay,
    to: BusinessDay,
    by: TakingsBy,
) -> Result<Spread, Trouble> {
    let mut measured = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let takings = store.worklist().takings(from, to, by).await?;
        measured.push(began.elapsed());
        if takings.taken.is_empty() || takings.billed.is_empty() {
            return Err("a chart without orders or bills".into());
        }
    }
    Ok(Spread::of(measured))
}

async fn over_rows(
    store: &SqliteStore,
    from: BusinessDay,
    to: BusinessDay,
    by: TakingsBy,
) -> Result<Spread, Trouble> {
    let mut measured = Vec::new();
    for _ in 0..ROUNDS_OVER_ROWS {
        let began = Instant::now();
        drop(store.takings_over_rows(from, to, by).await?);
        measured.push(began.elapsed());
    }
    Ok(Spread::of(measured))
}
