//! Rebuilding the projections from the log and comparing them with the live ones, every row (INV27).
//!
//! Walks both in the order of the numbers, a thousand orders at a time, so that a shop of years needs
//! no more memory than a shop of a day. Changes nothing.

use crate::{
    SqliteStore,
    drawer::drawer_differs,
    errors::{fault, unreadable},
    list::KEYS_PER_DAY,
    parts,
    takings::bill_days_differ,
    words,
    worklist::worklist_differs,
    write::{BookedColumns, PAYMENT_AS_TEXT, PaymentColumns, REFUND_AS_TEXT, status_text},
};
use paydesk_desk::ports::{NewNote, StoreError};
use paydesk_domain::{Order, OrderNumber, OrderPlan, Payment, Refund, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteRow};
use std::collections::{BTreeMap, BTreeSet};

/// Orders compared at a time.
const BATCH: i64 = 1_000;

/// What rebuilding found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RebuildReport {
    /// Orders rebuilt.
    pub orders: u64,
    /// Where live rows say something else than the log.
    pub differences: Vec<String>,
}

#[derive(Deserialize)]
struct Opened {
    plan: OrderPlan,
    opened_at: Timestamp,
}

/// A note as the log tells it.
fn note_text(note: &NewNote) -> String {
    format!("{} {} {}", note.at.0, note.by, note.text)
}

/// One order as the log tells it.
#[derive(Default)]
struct Folded {
    opened: Option<Opened>,
    payments: BTreeMap<String, Value>,
    refunds: Vec<(String, Value)>,
    notes: Vec<NewNote>,
    /// Its version after its last event; events from before versions were written tell none.
    version: Option<u64>,
}

/// One order as its live rows say.
#[derive(Default)]
struct Live {
    row: Option<LiveRow>,
    payments: Vec<String>,
    payment_columns: Vec<String>,
    refunds: Vec<String>,
    refund_columns: Vec<String>,
    parts: Vec<String>,
    notes: Vec<String>,
}

struct LiveRow {
    id: i64,
    version: u64,
    plan: String,
    /// The columns that follow from the order, in the order of [`COLUMNS`].
    columns: Vec<String>,
}

/// The columns of an order's row that follow from the order, as text to compare.
const COLUMNS: &str = "o.intent, o.opened_at, o.total_minor, o.currency, o.day, o.by_name, o.channel, o.status, o.taken_minor, o.refunded_minor, o.refunds, o.attention, o.open_doubts, o.note, o.reversed";

/// Day, channel, status, currency.
type DayKey = (i64, String, String, String);

/// A day's row.
#[derive(Clone, Default, PartialEq, Eq)]
struct Stats([i64; 6]);

/// What is counted over all orders while they pass.
#[derive(Default)]
struct Sums {
    days: BTreeMap<DayKey, Stats>,
    terms: BTreeMap<String, Found>,
}

/// In how many orders a word stands, and the sum of what their keys leave over: which orders those are.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Found {
    orders: i64,
    sum: i64,
}

/// Keys are summed modulo this: a million years of orders stay far below the largest sum.
const KEY_REST: i64 = 2_147_483_647;

impl Found {
    fn add(&mut self, id: i64) {
        self.orders += 1;
        self.sum = self.sum.saturating_add(id % KEY_REST);
    }
}

impl SqliteStore {
    /// Folds the whole log and compares the result with the projections, row by row, as both stood at one
    /// moment: what is written meanwhile is no difference.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn rebuild(&self) -> Result<RebuildReport, StoreError> {
        let mut reader = self.readers.take().await?;
        let mut moment = reader.begin().await.map_err(fault)?;
        rebuild(&mut moment).await
    }
}

async fn rebuild(moment: &mut SqliteConnection) -> Result<RebuildReport, StoreError> {
    let mut report = RebuildReport {
        orders: 0,
        differences: settings_differ(moment).await?,
    };
    let mut sums = Sums::default();
    let mut after = String::new();
    loop {
        let end = end_of_batch(moment, &after).await?;
        let mut folded = fold(moment, &after, end.as_deref()).await?;
        let live = live(moment, &after, end.as_deref()).await?;
        for (number, live) in live {
            match folded.remove(&number) {
                Some(order) => {
                    compare(&number, order, &live, &mut sums, &mut report.differences)?;
                    report.orders += 1;
                }
                None => report
                    .differences
                    .push(format!("order {number}: not in the log")),
            }
        }
        let missing = folded
            .keys()
            .map(|number| format!("order {number}: no row"));
        report.differences.extend(missing);
        match end {
            Some(end) => after = end,
            None => break,
        }
    }
    report.differences.extend(worklist_differs(moment).await?);
    report.differences.extend(bill_days_differ(moment).await?);
    report.differences.extend(drawer_differs(moment).await?);
    days_differ(moment, sums.days, &mut report.differences).await?;
    words_differ(moment, sums.terms, &mut report.differences).await?;
    Ok(report)
}

async fn settings_differ(moment: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query("SELECT body FROM log WHERE number IS NULL ORDER BY seq")
        .fetch_all(&mut *moment)
        .await
        .map_err(fault)?;
    let mut settings = None;
    for row in &rows {
        let body: Value = parsed(&text(row, 0)?, "event body")?;
        settings = body.pointer("/after/settings").cloned().or(settings);
    }
    let live = sqlx::query("SELECT value FROM settings WHERE one = 1")
        .fetch_optional(&mut *moment)
        .await
        .map_err(fault)?;
    let live = live.map(|row| text(&row, 0)).transpose()?;
    let differ = live != settings.map(|s| s.to_string());
    Ok(differ.then(|| "settings".to_owned()).into_iter().collect())
}

/// The last number of the next batch; `None` when what is left goes to the end.
async fn end_of_batch(
    moment: &mut SqliteConnection,
    after: &str,
) -> Result<Option<String>, StoreError> {
    let row = sqlx::query(
            "SELECT number FROM (SELECT DISTINCT number FROM log WHERE number > $1 ORDER BY number LIMIT $2) ORDER BY number DESC LIMIT 1 OFFSET 0",
        )
        .bind(after.to_owned())
        .bind(BATCH)
        .fetch_optional(&mut *moment)
        .await
        .map_err(fault)?;
    row.map(|row| text(&row, 0)).transpose()
}

async fn rows_between(
    moment: &mut SqliteConnection,
    sql: &str,
    after: &str,
    end: Option<&str>,
) -> Result<Vec<SqliteRow>, StoreError> {
    sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()))
        .bind(after.to_owned())
        .bind(end.unwrap_or("~").to_owned())
        .fetch_all(&mut *moment)
        .await
        .map_err(fault)
}

async fn fold(
    moment: &mut SqliteConnection,
    after: &str,
    end: Option<&str>,
) -> Result<BTreeMap<String, Folded>, StoreError> {
    const EVENTS: &str = "SELECT number, subject, body FROM log WHERE number > $1 AND number <= $2 ORDER BY number, seq";
    let mut orders: BTreeMap<String, Folded> = BTreeMap::new();
    for row in rows_between(moment, EVENTS, after, end).await? {
        let subject: Option<String> = row.try_get(1).map_err(fault)?;
        let mut body: Value = parsed(&text(&row, 2)?, "event body")?;
        let order = orders.entry(text(&row, 0)?).or_default();
        order.version = body.get("version").and_then(Value::as_u64);
        if let Some(after) = body.get_mut("after").map(Value::take) {
            fold_order(order, subject, after)?;
        }
    }
    Ok(orders)
}

async fn live(
    moment: &mut SqliteConnection,
    after: &str,
    end: Option<&str>,
) -> Result<BTreeMap<String, Live>, StoreError> {
    let mut orders: BTreeMap<String, Live> = BTreeMap::new();
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT o.number, o.id, o.version, o.plan, {COLUMNS} FROM orders o WHERE o.number > $1 AND o.number <= $2"
        )))
        .bind(after.to_owned())
        .bind(end.unwrap_or("~").to_owned())
        .fetch_all(&mut *moment)
        .await
        .map_err(fault)?;
    for row in &rows {
        let columns = (4..row.len())
            .map(|at| any_text(row, at))
            .collect::<Result<_, _>>()?;
        let live = LiveRow {
            id: row.try_get(1).map_err(fault)?,
            version: u64::try_from(row.try_get::<i64, _>(2).map_err(fault)?).unwrap_or(0),
            plan: text(row, 3)?,
            columns,
        };
        orders.entry(text(row, 0)?).or_default().row = Some(live);
    }
    let payments = format!(
        "SELECT number, value, reference || ' ' || {PAYMENT_AS_TEXT} FROM payments WHERE number > $1 AND number <= $2 ORDER BY number, reference"
    );
    for row in rows_between(moment, &payments, after, end).await? {
        let order = orders.entry(text(&row, 0)?).or_default();
        order.payments.push(text(&row, 1)?);
        order.payment_columns.push(text(&row, 2)?);
    }
    let refunds = format!(
        "SELECT number, value, reference || ' ' || {REFUND_AS_TEXT} FROM refunds WHERE number > $1 AND number <= $2 ORDER BY number, rowid"
    );
    for row in rows_between(moment, &refunds, after, end).await? {
        let order = orders.entry(text(&row, 0)?).or_default();
        order.refunds.push(text(&row, 1)?);
        order.refund_columns.push(text(&row, 2)?);
    }
    for (number, part) in parts::live(moment, after, end).await? {
        orders.entry(number).or_default().parts.push(part);
    }
    const NOTES: &str = "SELECT number, at || ' ' || by_name || ' ' || text FROM notes WHERE number > $1 AND number <= $2 ORDER BY number, id";
    for row in rows_between(moment, NOTES, after, end).await? {
        let order = orders.entry(text(&row, 0)?).or_default();
        order.notes.push(text(&row, 1)?);
    }
    Ok(orders)
}

/// A day's row that differs, in words.
fn told((day, channel, status, currency): &DayKey) -> String {
    format!("day {day}: {channel} {status} {currency}")
}

async fn days_differ(
    moment: &mut SqliteConnection,
    mut counted: BTreeMap<DayKey, Stats>,
    differences: &mut Vec<String>,
) -> Result<(), StoreError> {
    let rows = sqlx::query(
            "SELECT day, channel, status, currency, orders, paid, attention, refunds, taken_minor, refunded_minor FROM day_stats",
        )
        .fetch_all(&mut *moment)
        .await
        .map_err(fault)?;
    for row in &rows {
        let key = (
            row.try_get(0).map_err(fault)?,
            text(row, 1)?,
            text(row, 2)?,
            text(row, 3)?,
        );
        let mut stats = Stats::default();
        for (at, value) in stats.0.iter_mut().enumerate() {
            *value = row.try_get(at + 4).map_err(fault)?;
        }
        // A row whose orders all moved on stays behind with nothing in it.
        if counted.remove(&key).unwrap_or_default() != stats {
            differences.push(told(&key));
        }
    }
    differences.extend(counted.keys().map(told));
    Ok(())
}

async fn words_differ(
    moment: &mut SqliteConnection,
    counted: BTreeMap<String, Found>,
    differences: &mut Vec<String>,
) -> Result<(), StoreError> {
    sqlx::query(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.terms USING fts5vocab(main, words, instance)",
    )
    .execute(&mut *moment)
    .await
    .map_err(fault)?;
    let rows = sqlx::query("SELECT term, count(*), sum(doc % $1) FROM temp.terms GROUP BY term")
        .bind(KEY_REST)
        .fetch_all(&mut *moment)
        .await
        .map_err(fault)?;
    let mut found = BTreeMap::new();
    for row in &rows {
        let of = Found {
            orders: row.try_get(1).map_err(fault)?,
            sum: row.try_get(2).map_err(fault)?,
        };
        found.insert(text(row, 0)?, of);
    }
    let differ = counted
        .iter()
        .filter(|(term, count)| found.get(*term) != Some(count))
        .chain(
            found
                .iter()
                .filter(|(term, _)| !counted.contains_key(*term)),
        )
        .map(|(term, _)| format!("words: {term}"));
    differences.extend(differ);
    Ok(())
}

fn compare(
    number: &str,
    folded: Folded,
    live: &Live,
    sums: &mut Sums,
    differences: &mut Vec<String>,
) -> Result<(), StoreError> {
    let parsed_number =
        OrderNumber::parse(number).map_err(|_| StoreError::Corrupt(number.to_owned()))?;
    let Some(opened) = folded.opened else {
        differences.push(format!("order {number}: its opening is not in the log"));
        return Ok(());
    };
    let Some(row) = &live.row else {
        differences.push(format!("order {number}: no row"));
        return Ok(());
    };
    let payments: Vec<Payment> = folded
        .payments
        .into_values()
        .map(|v| serde_json::from_value(v).map_err(unreadable("payment")))
        .collect::<Result<_, _>>()?;
    let refunds: Vec<Refund> = folded
        .refunds
        .into_iter()
        .map(|(_, v)| serde_json::from_value(v).map_err(unreadable("refund")))
        .collect::<Result<_, _>>()?;
    let order = Order::from_parts(
        parsed_number,
        opened.plan,
        opened.opened_at,
        payments,
        refunds,
        row.version,
    );
    let payment_columns: Vec<String> = (order.payments().iter())
        .map(|payment| {
            let columns = PaymentColumns::of(&order, payment).as_text(payment, row.id);
            format!("{} {columns}", payment.reference())
        })
        .collect();
    let refund_columns: Vec<String> = (order.refunds().iter())
        .map(|it| {
            format!(
                "{} {} {} {}",
                it.reference(),
                it.plan().intent,
                it.begun_at().0,
                BookedColumns::of_refund(&order, it).as_text()
            )
        })
        .collect();
    let same_attempts = live.payments == as_text(order.payments())?
        && live.payment_columns == payment_columns
        && live.refunds == as_text(order.refunds())?
        && live.refund_columns == refund_columns
        && live.parts == parts::as_text(&order);
    if !same_attempts {
        differences.push(format!("order {number}: attempts or refunds differ"));
    }
    let note = folded.notes.last().map(|note| note.text.clone());
    let notes: Vec<String> = folded.notes.iter().map(note_text).collect();
    let plan: Option<OrderPlan> = serde_json::from_str(&row.plan).ok();
    let same_row = row.columns == columns(&order, note.unwrap_or_default())
        && live.notes == notes
        && row.id.div_euclid(KEYS_PER_DAY) == i64::from(order.plan().day.0)
        && plan.as_ref() == Some(order.plan())
        && folded.version.is_none_or(|version| version == row.version);
    if !same_row {
        differences.push(format!("order {number}: its row in the list differs"));
    }
    sums.add(row.id, &order, &folded.notes);
    Ok(())
}

impl Sums {
    fn add(&mut self, id: i64, order: &Order, notes: &[NewNote]) {
        let key = (
            i64::from(order.plan().day.0),
            channel_of(order),
            status_text(order),
            order.plan().total.currency().code().to_owned(),
        );
        let (taken, refunded) = (order.taken().minor(), order.refunded().minor());
        let one = [
            1,
            i64::from(taken > 0),
            i64::from(order.needs_attention()),
            i64::from(!order.refunds().is_empty()),
            taken,
            refunded,
        ];
        let stats = self.days.entry(key).or_default();
        for (sum, value) in stats.0.iter_mut().zip(one) {
            *sum = sum.saturating_add(value);
        }
        let notes: Vec<&str> = notes.iter().map(|note| note.text.as_str()).collect();
        let text = format!("{} {}", order.plan().by, notes.join(" "));
        let cut = words::cut(&text);
        for term in cut
            .split(' ')
            .filter(|t| !t.is_empty())
            .collect::<BTreeSet<_>>()
        {
            match self.terms.get_mut(term) {
                Some(found) => found.add(id),
                None => {
                    let mut found = Found::default();
                    found.add(id);
                    self.terms.insert(term.to_owned(), found);
                }
            }
        }
    }
}

fn channel_of(order: &Order) -> String {
    order
        .latest()
        .map_or(String::new(), |p| p.plan().channel.0.clone())
}

/// What the columns of [`COLUMNS`] must say.
fn columns(order: &Order, note: String) -> Vec<String> {
    let plan = order.plan();
    vec![
        plan.intent.clone(),
        order.opened_at().0.to_string(),
        plan.total.minor().to_string(),
        plan.total.currency().code().to_owned(),
        plan.day.0.to_string(),
        plan.by.clone(),
        channel_of(order),
        status_text(order),
        order.taken().minor().to_string(),
        order.refunded().minor().to_string(),
        order.refunds().len().to_string(),
        i64::from(order.needs_attention()).to_string(),
        order.open_doubts().to_string(),
        note,
        order.number().as_str().chars().rev().collect(),
    ]
}

fn text(row: &SqliteRow, at: usize) -> Result<String, StoreError> {
    row.try_get(at).map_err(fault)
}

/// A column as text, be it stored as text or as a number.
fn any_text(row: &SqliteRow, at: usize) -> Result<String, StoreError> {
    match row.try_get::<i64, _>(at) {
        Ok(number) => Ok(number.to_string()),
        Err(_) => text(row, at),
    }
}

fn parsed<T: for<'a> Deserialize<'a>>(text: &str, what: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(unreadable(what))
}

fn as_text<T: serde::Serialize>(values: &[T]) -> Result<Vec<String>, StoreError> {
    values
        .iter()
        .map(|value| serde_json::to_string(value).map_err(unreadable("attempt")))
        .collect()
}

fn fold_order(
    order: &mut Folded,
    subject: Option<String>,
    mut after: Value,
) -> Result<(), StoreError> {
    let mut part = |name: &str| {
        let value = after.get_mut(name).map(Value::take);
        value.filter(|value| !value.is_null())
    };
    let subject = subject.unwrap_or_default();
    if let Some(opened) = part("order") {
        order.opened = Some(serde_json::from_value(opened).map_err(unreadable("order"))?);
    }
    if let Some(payment) = part("payment") {
        order.payments.insert(subject.clone(), payment);
    }
    if let Some(refund) = part("refund") {
        match order.refunds.iter_mut().find(|(of, _)| *of == subject) {
            Some((_, known)) => *known = refund,
            None => order.refunds.push((subject, refund)),
        }
    }
    if let Some(note) = part("note") {
        order
            .notes
            .push(serde_json::from_value(note).map_err(unreadable("note"))?);
    }
    Ok(())
}
