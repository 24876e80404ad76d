//! What a dead process left in its database, read by a connection and SQL of its own.
//!
//! Read-only, opened for each look and closed again, so that the next process finds the files as the dead one left
//! them. It must never use the product's own reading.

use crate::phase::Left;
use paydesk_proxy::Trouble;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::runtime::Runtime;

/// Payments and refunds in one list: number at the channel, state, events after the beginning.
const THINGS: &str = "SELECT reference, state, later FROM ( \
    SELECT p.reference, json_extract(p.value, '$.state.state') AS state, o.intent, \
        (SELECT count(*) FROM log l WHERE l.subject = p.reference AND l.kind <> 'payment_begun') AS later, 'payment' AS kind \
        FROM payments p JOIN orders o ON o.number = p.number \
    UNION ALL SELECT r.reference, json_extract(r.value, '$.state.state'), r.intent, \
        (SELECT count(*) FROM log l WHERE l.subject = r.reference AND l.kind <> 'refund_begun'), 'refund' FROM refunds r)";

/// States in which the outcome is open.
const OPEN: [&str; 5] = ["in_doubt", "awaiting", "processing", "held", "accepted"];

/// One database.
pub(crate) struct Store {
    file: PathBuf,
    runtime: Runtime,
}

impl Store {
    /// The database of this file; nothing is opened yet.
    pub(crate) fn new(file: PathBuf) -> Result<Self, Trouble> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self { file, runtime })
    }

    /// The payment of the order that was opened by this intent.
    pub(crate) fn payment_of(&self, intent: &str) -> Result<Option<Left>, Trouble> {
        self.thing("payment", intent)
    }

    /// The refund that was asked for by this intent.
    pub(crate) fn refund_of(&self, intent: &str) -> Result<Option<Left>, Trouble> {
        self.thing("refund", intent)
    }

    fn thing(&self, kind: &str, intent: &str) -> Result<Option<Left>, Trouble> {
        let sql = format!("{THINGS} WHERE kind = $1 AND intent = $2");
        Ok(self
            .rows(sql, &[kind, intent])?
            .iter()
            .map(left_of)
            .next()
            .transpose()?)
    }

    /// Everything that is open or being ended.
    pub(crate) fn unsettled(&self) -> Result<Vec<Left>, Trouble> {
        Ok(self
            .things()?
            .into_iter()
            .filter(|it| it.is_open || it.is_ending)
            .collect())
    }

    /// The same things as they stand now.
    pub(crate) fn now_of(&self, before: &[Left]) -> Result<Vec<Left>, Trouble> {
        let was_there = |now: &Left| before.iter().any(|it| it.reference == now.reference);
        Ok(self.things()?.into_iter().filter(was_there).collect())
    }

    fn things(&self) -> Result<Vec<Left>, Trouble> {
        let rows = self.rows(THINGS.to_owned(), &[])?;
        Ok(rows.iter().map(left_of).collect::<Result<_, _>>()?)
    }

    /// An order with money that can still go back.
    pub(crate) fn refundable(&self) -> Result<Option<String>, Trouble> {
        let sql = "SELECT p.number FROM payments p WHERE json_extract(p.value, '$.state.state') = 'paid' \
            AND (SELECT count(*) FROM refunds r WHERE r.number = p.number) < 3 ORDER BY random() LIMIT 1";
        let rows = self.rows(sql.to_owned(), &[])?;
        Ok(rows.first().map(|row| row.try_get(0)).transpose()?)
    }

    /// Whether a resolver that starts now would find something open to ask about.
    pub(crate) fn is_due(&self) -> Result<bool, Trouble> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)?
            .as_millis()
            .to_string();
        let sql = "SELECT reference FROM work WHERE due_at <= CAST($1 AS INTEGER) AND lease_until <= CAST($1 AS INTEGER)";
        let mut due = Vec::new();
        for row in self.rows(sql.to_owned(), &[&now])? {
            due.push(row.try_get::<String, _>(0)?);
        }
        Ok(self
            .unsettled()?
            .iter()
            .any(|it| due.contains(&it.reference)))
    }

    fn rows(&self, sql: String, values: &[&str]) -> Result<Vec<SqliteRow>, Trouble> {
        self.runtime.block_on(async {
            let options = SqliteConnectOptions::new()
                .filename(&self.file)
                .read_only(true);
            let mut connection =
                SqliteConnection::connect_with(&options.disable_statement_logging()).await?;
            let mut query = sqlx::query::<sqlx::Sqlite>(AssertSqlSafe(sql));
            for value in values {
                query = query.bind((*value).to_owned());
            }
            let rows = query.fetch_all(&mut connection).await;
            connection.close().await?;
            Ok(rows?)
        })
    }
}

fn left_of(row: &SqliteRow) -> Result<Left, sqlx::Error> {
    let state: String = row.try_get(1)?;
    Ok(Left {
        reference: row.try_get(0)?,
        is_open: OPEN.contains(&state.as_str()),
        is_ending: state == "ending",
        has_later_events: row.try_get::<i64, _>(2)? > 0,
    })
}
