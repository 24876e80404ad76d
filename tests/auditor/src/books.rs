//! A till's database, read with SQL of the auditor's own. Nothing here writes.

use crate::chain::Row as LogRow;
use paydesk_domain::{Currency, Money};
use serde::Deserialize;
use serde_json::Value;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use std::collections::{BTreeMap, BTreeSet};

/// The database cannot be read, or holds what no till writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(pub String);

impl From<sqlx::Error> for Unreadable {
    fn from(error: sqlx::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

type Read<T> = Result<T, Unreadable>;

/// An order's row.
#[derive(Clone, Debug)]
pub(crate) struct OrderRow {
    pub(crate) number: String,
    pub(crate) total_minor: i64,
    pub(crate) version: i64,
}

/// One order with everything under it.
pub(crate) struct Sale {
    pub(crate) order: OrderRow,
    pub(crate) payments: Vec<PaymentRow>,
    pub(crate) refunds: Vec<RefundRow>,
    /// What each of them put into the drawer; negative for what it took out.
    pub(crate) drawer: BTreeMap<String, Money>,
}

impl Sale {
    fn of(order: OrderRow) -> Sale {
        Sale {
            order,
            payments: Vec::new(),
            refunds: Vec::new(),
            drawer: BTreeMap::new(),
        }
    }
}

/// A payment as its row says.
#[derive(Clone, Debug)]
pub(crate) struct PaymentRow {
    pub(crate) reference: String,
    pub(crate) paid_minor: i64,
    pub(crate) value: PaymentValue,
}

/// What the auditor reads of a payment's document.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PaymentValue {
    pub(crate) plan: PlanValue,
    pub(crate) state: StateValue,
    /// When it came onto the human list, milliseconds since 1970.
    #[serde(default)]
    pub(crate) handed_over_at: Option<i64>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PlanValue {
    pub(crate) amount: Money,
    #[serde(default)]
    tender: Value,
    /// Of a refund: given back over the counter.
    #[serde(default)]
    pub(crate) in_cash: bool,
}

impl PlanValue {
    /// Of a payment: taken over the counter.
    pub(crate) fn is_cash(&self) -> bool {
        self.tender.get("cash").is_some()
    }
}

/// A state by its name, with the parts that concern money.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct StateValue {
    pub(crate) state: String,
    #[serde(default)]
    pub(crate) paid: Option<PaidValue>,
    #[serde(default)]
    pub(crate) choice: Option<ChoiceValue>,
    #[serde(default)]
    pub(crate) again: Option<String>,
}

impl StateValue {
    /// Paid in time, or late and kept by a person: the shop has its amount for the order.
    pub(crate) fn stands(&self) -> bool {
        let kept = self
            .choice
            .as_ref()
            .is_some_and(|it| it.choice == "accepted");
        self.state == "paid" || kept
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PaidValue {
    pub(crate) asked: Money,
    pub(crate) received: Money,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ChoiceValue {
    pub(crate) choice: String,
}

/// A refund as its row says.
#[derive(Clone, Debug)]
pub(crate) struct RefundRow {
    pub(crate) reference: String,
    pub(crate) value: RefundValue,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct RefundValue {
    pub(crate) plan: PlanValue,
    pub(crate) state: StateValue,
    /// When it came onto the human list, milliseconds since 1970.
    #[serde(default)]
    pub(crate) handed_over_at: Option<i64>,
}

impl RefundValue {
    /// Whether its amount cannot be refunded a second time.
    pub(crate) fn reserves(&self) -> bool {
        match self.state.state.as_str() {
            "accepted" | "done" | "in_doubt" => true,
            "failed" => self.state.again.as_deref() == Some("same_reference"),
            _ => false,
        }
    }

    /// Whether the channel still has to be asked.
    pub(crate) fn is_running(&self) -> bool {
        self.state.state != "done" && self.reserves()
    }
}

/// From here on everything is read as it is at one moment.
pub(crate) async fn at_one_moment(connection: &mut SqliteConnection) -> Read<()> {
    sqlx::query("BEGIN").execute(connection).await?;
    Ok(())
}

/// What is read after this may be newer.
pub(crate) async fn moment_over(connection: &mut SqliteConnection) -> Read<()> {
    sqlx::query("COMMIT").execute(connection).await?;
    Ok(())
}

/// What a till wrote since a place of its log.
pub(crate) struct News {
    /// The events, each with the sealed bytes of its exchange.
    pub(crate) log: Vec<(LogRow, Option<Vec<u8>>)>,
    /// The orders they touch, as they stand now, by number.
    pub(crate) sales: BTreeMap<String, Sale>,
}

/// The log after this place and the orders it tells of, in one statement: so they are of one moment, although
/// somebody may write meanwhile.
pub(crate) async fn news(connection: &mut SqliteConnection, seq: i64) -> Read<News> {
    let rows = sqlx::query(
        "WITH new AS MATERIALIZED (SELECT * FROM log WHERE seq > ?1), \
         touched AS (SELECT number FROM new WHERE number IS NOT NULL) \
         SELECT 0 AS part, new.seq AS place, kind, number, subject, actor, at, day, body, evidence, prev, hash, e.sealed \
         FROM new LEFT JOIN evidence e ON e.seq = new.seq \
         UNION ALL SELECT 1, number, 0, number, 0, 0, total_minor, version, 0, 0, 0, 0, 0 FROM orders \
         WHERE number IN touched \
         UNION ALL SELECT 2, reference, 0, number, 0, 0, paid_minor, 0, value, 0, 0, 0, 0 FROM payments \
         WHERE number IN touched \
         UNION ALL SELECT 3, reference, 0, number, 0, 0, 0, 0, value, 0, 0, 0, 0 FROM refunds \
         WHERE number IN touched \
         UNION ALL SELECT 4, d.reference, 0, l.number, 0, 0, sum(d.amount_minor), 0, d.currency, 0, 0, 0, 0 \
         FROM drawer d JOIN log l ON l.seq = d.seq WHERE l.number IN touched GROUP BY l.number, d.reference, d.currency \
         ORDER BY part, place",
    )
    .bind(seq)
    .fetch_all(connection)
    .await?;
    let mut news = News {
        log: Vec::new(),
        sales: BTreeMap::new(),
    };
    for row in &rows {
        let part: i64 = row.try_get(0)?;
        if part == 0 {
            news.log.push((log_row(row)?, row.try_get(12)?));
            continue;
        }
        let number: String = row.try_get(3)?;
        if part == 1 {
            let order = OrderRow {
                number: number.clone(),
                total_minor: row.try_get(6)?,
                version: row.try_get(7)?,
            };
            news.sales.insert(number, Sale::of(order));
            continue;
        }
        // Rows of an order that is not there are nobody's: the order itself is missed where it is looked at.
        let Some(sale) = news.sales.get_mut(&number) else {
            continue;
        };
        let reference: String = row.try_get(1)?;
        match part {
            2 => sale.payments.push(PaymentRow {
                reference,
                paid_minor: row.try_get(6)?,
                value: serde_json::from_str(row.try_get(8)?)?,
            }),
            3 => sale.refunds.push(RefundRow {
                reference,
                value: serde_json::from_str(row.try_get(8)?)?,
            }),
            _ => {
                let moved = money_of(row.try_get(6)?, row.try_get(8)?)?;
                sale.drawer.insert(reference, moved);
            }
        }
    }
    Ok(news)
}

fn log_row(row: &SqliteRow) -> Read<LogRow> {
    Ok(LogRow {
        seq: row.try_get(1)?,
        kind: row.try_get(2)?,
        number: row.try_get(3)?,
        subject: row.try_get(4)?,
        actor: row.try_get(5)?,
        at: row.try_get(6)?,
        day: row.try_get(7)?,
        body: row.try_get(8)?,
        evidence: row.try_get(9)?,
        prev: row.try_get(10)?,
        hash: row.try_get(11)?,
    })
}

/// The hash at a place of the log.
pub(crate) async fn hash_at(connection: &mut SqliteConnection, seq: i64) -> Read<Option<Vec<u8>>> {
    let row = sqlx::query("SELECT hash FROM log WHERE seq = ?1")
        .bind(seq)
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Every order.
pub(crate) async fn orders(connection: &mut SqliteConnection) -> Read<Vec<OrderRow>> {
    let rows = sqlx::query("SELECT number, total_minor, version FROM orders ORDER BY id")
        .fetch_all(connection)
        .await?;
    rows.iter().map(order_row).collect()
}

fn order_row(row: &SqliteRow) -> Read<OrderRow> {
    Ok(OrderRow {
        number: row.try_get(0)?,
        total_minor: row.try_get(1)?,
        version: row.try_get(2)?,
    })
}

/// Every payment, with the number of its order.
pub(crate) async fn all_payments(
    connection: &mut SqliteConnection,
) -> Read<Vec<(String, PaymentRow)>> {
    let rows =
        sqlx::query("SELECT reference, paid_minor, value, number FROM payments ORDER BY reference")
            .fetch_all(connection)
            .await?;
    rows.iter()
        .map(|row| Ok((row.try_get(3)?, payment_row(row)?)))
        .collect()
}

fn payment_row(row: &SqliteRow) -> Read<PaymentRow> {
    Ok(PaymentRow {
        reference: row.try_get(0)?,
        paid_minor: row.try_get(1)?,
        value: serde_json::from_str(row.try_get(2)?)?,
    })
}

/// Every refund, with the number of its order.
pub(crate) async fn all_refunds(
    connection: &mut SqliteConnection,
) -> Read<Vec<(String, RefundRow)>> {
    let rows = sqlx::query("SELECT reference, value, number FROM refunds ORDER BY reference")
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| Ok((row.try_get(2)?, refund_row(row)?)))
        .collect()
}

fn refund_row(row: &SqliteRow) -> Read<RefundRow> {
    Ok(RefundRow {
        reference: row.try_get(0)?,
        value: serde_json::from_str(row.try_get(1)?)?,
    })
}

/// What payments and refunds put into the drawer, by their orders.
pub(crate) async fn all_of_drawer(
    connection: &mut SqliteConnection,
) -> Read<BTreeMap<String, BTreeMap<String, Money>>> {
    let rows = sqlx::query(
        "SELECT l.number, d.reference, sum(d.amount_minor), d.currency FROM drawer d JOIN log l ON l.seq = d.seq \
         WHERE d.reference IS NOT NULL GROUP BY l.number, d.reference, d.currency",
    )
    .fetch_all(connection)
    .await?;
    let mut drawer: BTreeMap<String, BTreeMap<String, Money>> = BTreeMap::new();
    for row in &rows {
        let money = money_of(row.try_get(2)?, row.try_get(3)?)?;
        let of_order = drawer.entry(row.try_get(0)?).or_default();
        of_order.insert(row.try_get(1)?, money);
    }
    Ok(drawer)
}

fn money_of(minor: i64, code: &str) -> Read<Money> {
    let currency = Currency::from_code(code);
    let currency = currency.ok_or_else(|| Unreadable(format!("drawer: currency {code}")))?;
    Ok(Money::from_minor(minor, currency))
}

/// The state of one attempt or refund by its name, and whether its connector remembers something; none without a row.
pub(crate) async fn state_of(
    connection: &mut SqliteConnection,
    reference: &str,
) -> Read<Option<(String, bool)>> {
    let row = sqlx::query(
        "SELECT value FROM payments WHERE reference = ?1 \
         UNION ALL SELECT value FROM refunds WHERE reference = ?1",
    )
    .bind(reference)
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let document: Value = serde_json::from_str(row.try_get(0)?)?;
    let name = document.pointer("/state/state").and_then(Value::as_str);
    let remembers = document.get("memo").is_some_and(|memo| !memo.is_null());
    Ok(Some((name.unwrap_or_default().to_owned(), remembers)))
}

/// The version of every order.
pub(crate) async fn versions(connection: &mut SqliteConnection) -> Read<BTreeMap<String, i64>> {
    let rows = sqlx::query("SELECT number, version FROM orders")
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}

/// Every number that was ever drawn for an attempt or a refund.
pub(crate) async fn references(connection: &mut SqliteConnection) -> Read<BTreeSet<String>> {
    let rows =
        sqlx::query("SELECT reference FROM payments UNION ALL SELECT reference FROM refunds")
            .fetch_all(connection)
            .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// The attempts and refunds that the till still means to look at. A refund that is done is no open matter; whether it
/// should have been looked at is seen when the channel says that its money came back.
pub(crate) async fn open_work(connection: &mut SqliteConnection) -> Read<Vec<String>> {
    let open = "SELECT reference FROM work WHERE due_at IS NOT NULL AND NOT EXISTS \
        (SELECT 1 FROM refunds r WHERE r.reference = work.reference AND r.value ->> '$.state.state' = 'done')";
    let rows = sqlx::query(open).fetch_all(connection).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// What SQLite itself says of the file.
pub(crate) async fn quick_check(connection: &mut SqliteConnection) -> Read<String> {
    let row = sqlx::query("PRAGMA quick_check")
        .fetch_one(connection)
        .await?;
    Ok(row.try_get(0)?)
}
