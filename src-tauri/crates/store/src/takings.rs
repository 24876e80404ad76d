//! What was taken, by day, month and hour: read from the sums that triggers keep beside orders and bills.
//!
//! SQLite hands a whole answer over as one text, because row by row costs more than the sums themselves.

use crate::{
    SqliteStore,
    errors::{fault, unreadable},
    list::KEYS_PER_DAY,
    read::text,
};
use paydesk_desk::ports::{Billed, StoreError, Taken, Takings, TakingsBy};
use paydesk_domain::{BusinessDay, ChannelId, Currency, Money, Totals};
use serde::de::DeserializeOwned;
use sqlx::SqliteConnection;

/// A day is `yyyymmdd`: without its last two digits it is the month.
fn place(by: TakingsBy) -> &'static str {
    match by {
        TakingsBy::Day => "day",
        TakingsBy::Month => "day / 100",
    }
}

/// The orders of several channels between two keys: `whole`, each once, and `parts`, each once for each channel.
fn in_parts(first: &str, last: &str) -> String {
    format!(
        "WITH parts AS (SELECT o.id, o.day, o.opened_at, o.currency, p.channel, p.taken_minor, p.refunded_minor FROM order_parts p JOIN orders o ON o.id = p.order_id WHERE p.order_id BETWEEN {first} AND {last}), \
         whole AS (SELECT id, day, channel, currency, taken_minor, refunded_minor FROM orders WHERE id IN (SELECT id FROM parts))"
    )
}

impl SqliteStore {
    pub(crate) async fn read_takings(
        &self,
        from: BusinessDay,
        to: BusinessDay,
        by: TakingsBy,
    ) -> Result<Takings, StoreError> {
        let place = place(by);
        // The days' counts have each order under the one channel of its row; those of several are put right.
        let parts = in_parts(
            &format!("$1 * {KEYS_PER_DAY}"),
            &format!("($2 + 1) * {KEYS_PER_DAY} - 1"),
        );
        let taken = format!(
            "{parts}, counted AS (SELECT day, channel, currency, orders, paid, taken_minor, refunded_minor FROM day_stats WHERE day BETWEEN $1 AND $2 \
             UNION ALL SELECT day, channel, currency, -1, -(taken_minor > 0), -taken_minor, -refunded_minor FROM whole \
             UNION ALL SELECT day, channel, currency, 1, taken_minor > 0, taken_minor, refunded_minor FROM parts) \
             SELECT {place} AS at, channel, currency, sum(orders), sum(paid), sum(taken_minor), sum(refunded_minor) FROM counted GROUP BY at, channel, currency HAVING sum(orders) > 0"
        );
        let billed = format!(
            "SELECT {place} AS at, channel, currency, count(*), sum(payments), sum(paid_minor), sum(refunds), sum(refunded_minor), sum(fee_minor) FROM bill_days WHERE day BETWEEN $1 AND $2 GROUP BY at, channel, currency"
        );
        let days = (i64::from(from.0), i64::from(to.0));
        let taken = self.at_once::<Told>(&taken, 7, days).await?;
        let billed = self.at_once::<ToldOfBills>(&billed, 9, days).await?;
        let billed = billed
            .into_iter()
            .map(billed_of)
            .collect::<Result<_, _>>()?;
        Ok(Takings {
            taken: taken.into_iter().map(taken_of).collect::<Result<_, _>>()?,
            billed,
        })
    }

    /// One day's orders stand together, so that its hours need no sums of their own.
    pub(crate) async fn read_takings_of_day(
        &self,
        day: BusinessDay,
    ) -> Result<Vec<Taken>, StoreError> {
        let parts = in_parts("$1", "$2");
        let hours = format!(
            "{parts}, counted AS (SELECT opened_at, channel, currency, taken_minor, refunded_minor FROM orders WHERE id BETWEEN $1 AND $2 AND id NOT IN (SELECT id FROM whole) \
             UNION ALL SELECT opened_at, channel, currency, taken_minor, refunded_minor FROM parts) \
             SELECT opened_at / 3600000 AS at, channel, currency, count(*), sum(taken_minor > 0), sum(taken_minor), sum(refunded_minor) FROM counted GROUP BY at, channel, currency"
        );
        let first = i64::from(day.0) * KEYS_PER_DAY;
        let told = self
            .at_once::<Told>(&hours, 7, (first, first + KEYS_PER_DAY - 1))
            .await?;
        told.into_iter().map(taken_of).collect()
    }

    /// The same over every order, one by one: what the sums are measured and checked against.
    ///
    /// # Errors
    /// The store's.
    #[cfg(feature = "generate")]
    pub async fn takings_over_rows(
        &self,
        from: BusinessDay,
        to: BusinessDay,
        by: TakingsBy,
    ) -> Result<Vec<Taken>, StoreError> {
        let place = place(by);
        let parts = in_parts(
            &format!("$1 * {KEYS_PER_DAY}"),
            &format!("($2 + 1) * {KEYS_PER_DAY} - 1"),
        );
        let sql = format!(
            "{parts}, counted AS (SELECT day, channel, currency, taken_minor, refunded_minor FROM orders WHERE day BETWEEN $1 AND $2 AND id NOT IN (SELECT id FROM whole) \
             UNION ALL SELECT day, channel, currency, taken_minor, refunded_minor FROM parts) \
             SELECT {place} AS at, channel, currency, count(*), sum(taken_minor > 0), sum(taken_minor), sum(refunded_minor) FROM counted GROUP BY at, channel, currency"
        );
        let days = (i64::from(from.0), i64::from(to.0));
        let told = self.at_once::<Told>(&sql, 7, days).await?;
        told.into_iter().map(taken_of).collect()
    }

    /// The rows of a question as one text; `columns` is how many it has.
    async fn at_once<T: DeserializeOwned>(
        &self,
        sql: &str,
        columns: usize,
        (from, to): (i64, i64),
    ) -> Result<Vec<T>, StoreError> {
        let names = (1..=columns)
            .map(|n| format!("c{n}"))
            .collect::<Vec<_>>()
            .join(", ");
        let sql = format!(
            "WITH told({names}) AS ({sql}) SELECT json_group_array(json_array({names})) FROM told"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(from)
            .bind(to)
            .fetch_one(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        serde_json::from_str(&text(&row, 0)?).map_err(unreadable("takings"))
    }
}

/// Time, channel, currency, orders, paid, taken, refunded.
type Told = (i64, String, String, u64, u64, i64, i64);

/// Time, channel, currency, bills, payments, paid, refunds, refunded, fee.
type ToldOfBills = (i64, String, String, u64, u64, i64, u64, i64, i64);

fn taken_of(told: Told) -> Result<Taken, StoreError> {
    let (at, channel, currency, orders, paid, taken, refunded) = told;
    let currency = Currency::from_code(&currency);
    let currency = currency.ok_or_else(|| StoreError::Corrupt("day's counts".to_owned()))?;
    Ok(Taken {
        at,
        channel: ChannelId(channel),
        orders,
        paid,
        taken: Money::from_minor(taken, currency),
        refunded: Money::from_minor(refunded, currency),
    })
}

fn billed_of(told: ToldOfBills) -> Result<Billed, StoreError> {
    let (at, channel, currency, bills, payments, paid, refunds, refunded, fee) = told;
    let currency = Currency::from_code(&currency);
    let currency = currency.ok_or_else(|| StoreError::Corrupt("bill day".to_owned()))?;
    let money = |minor| Money::from_minor(minor, currency);
    Ok(Billed {
        at,
        channel: ChannelId(channel),
        bills,
        totals: Totals {
            payments,
            paid: money(paid),
            refunds,
            refunded: money(refunded),
            fee: money(fee),
        },
    })
}

/// Where the sums of bills are not what the kept bills say.
pub(crate) async fn bill_days_differ(
    moment: &mut SqliteConnection,
) -> Result<Vec<String>, StoreError> {
    const DIFFER: &str = "SELECT 'bills of day ' || day || ': ' || account FROM (SELECT * FROM bill_days EXCEPT SELECT * FROM bill_days_told) UNION SELECT 'bills of day ' || day || ': ' || account FROM (SELECT * FROM bill_days_told EXCEPT SELECT * FROM bill_days)";
    let rows = sqlx::query(DIFFER)
        .fetch_all(&mut *moment)
        .await
        .map_err(fault)?;
    rows.iter().map(|row| text(row, 0)).collect()
}
