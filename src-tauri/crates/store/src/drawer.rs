//! Drawers: sums over the rows that a trigger keeps for the log's entries.

use crate::{
    SqliteStore,
    closes::refuse_signed,
    errors::fault,
    read::{int, text, unsigned},
};
use paydesk_desk::ports::{BoxFuture, DrawerBook, DrawerDay, DrawerState, NewEvent, StoreError};
use paydesk_domain::{
    BusinessDay, ChannelDay, Currency, Drawer, DrawerEntry, DrawerKind, DrawerMove, DrawerSums,
    MerchantRef, Money, Timestamp,
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

const MOVE: &str = "SELECT seq, kind, currency, amount_minor, expected_minor, reason, intent, reference, at, day, by_name FROM drawer";

/// The newest entry of a kind in a currency, in a range of places.
const NEWEST: &str =
    " WHERE currency = $1 AND kind = $2 AND seq > $3 AND seq < $4 ORDER BY seq DESC LIMIT 1";

/// The place behind every entry.
const END: i64 = i64::MAX;

fn damaged(what: &str) -> StoreError {
    StoreError::Corrupt(format!("drawer: {what}"))
}

fn currency_of(row: &SqliteRow, at: usize) -> Result<Currency, StoreError> {
    Currency::from_code(&text(row, at)?).ok_or_else(|| damaged("currency"))
}

fn kind_of(row: &SqliteRow, at: usize) -> Result<DrawerKind, StoreError> {
    DrawerKind::named(&text(row, at)?).ok_or_else(|| damaged("kind"))
}

fn drawer_move(row: &SqliteRow) -> Result<DrawerMove, StoreError> {
    let currency = currency_of(row, 2)?;
    let expected: Option<i64> = row.try_get(4).map_err(fault)?;
    let reference: Option<String> = row.try_get(7).map_err(fault)?;
    let reference = reference.map(|it| MerchantRef::parse(&it)).transpose();
    let day = i32::try_from(int(row, 9)?).map_err(|_| damaged("day"))?;
    Ok(DrawerMove {
        seq: unsigned(int(row, 0)?),
        at: Timestamp(int(row, 8)?),
        day: BusinessDay(day),
        by: text(row, 10)?,
        entry: DrawerEntry {
            kind: kind_of(row, 1)?,
            amount: Money::from_minor(int(row, 3)?, currency),
            expected: expected.map(|minor| Money::from_minor(minor, currency)),
            reason: text(row, 5)?,
            intent: row.try_get(6).map_err(fault)?,
        },
        reference: reference.map_err(|_| damaged("reference"))?,
    })
}

async fn newest(
    connection: &mut SqliteConnection,
    currency: Currency,
    kind: DrawerKind,
    (after, before): (i64, i64),
) -> Result<Option<DrawerMove>, StoreError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!("{MOVE}{NEWEST}")))
        .bind(currency.code())
        .bind(kind.name())
        .bind(after)
        .bind(before)
        .fetch_optional(connection)
        .await
        .map_err(fault)?;
    row.as_ref().map(drawer_move).transpose()
}

fn add(sums: &mut DrawerSums, row: &SqliteRow, currency: Currency) -> Result<(), StoreError> {
    let moved = Money::from_minor(int(row, 2)?, currency);
    sums.add(kind_of(row, 0)?, unsigned(int(row, 1)?), moved)
        .map_err(|_| damaged("sum"))
}

/// A drawer from this opening count to its newest count at the end, or to `before` while it is open.
async fn drawer_from(
    connection: &mut SqliteConnection,
    opened: DrawerMove,
    before: i64,
) -> Result<Drawer, StoreError> {
    const SUMS: &str = "SELECT kind, count(*), sum(amount_minor) FROM drawer WHERE currency = $1 AND kind = $2 AND seq > $3 AND seq < $4 GROUP BY kind";
    let currency = opened.entry.amount.currency();
    let after = i64::try_from(opened.seq).map_err(|_| damaged("place"))?;
    let counted = newest(connection, currency, DrawerKind::Counted, (after, before)).await?;
    // What is taken after the first count at the end belongs to the next float: a second count is of the same money.
    const FIRST: &str = "SELECT min(seq) FROM drawer WHERE currency = $1 AND kind = 'counted' AND seq > $2 AND seq < $3";
    let ended = sqlx::query(FIRST)
        .bind(currency.code())
        .bind(after)
        .bind(before)
        .fetch_one(&mut *connection)
        .await
        .map_err(fault)?;
    let ended: Option<i64> = ended.try_get(0).map_err(fault)?;
    let mut sums = DrawerSums::nothing(currency);
    for kind in DrawerKind::ALL {
        let rows = sqlx::query(SUMS)
            .bind(currency.code())
            .bind(kind.name())
            .bind(after)
            .bind(ended.unwrap_or(before))
            .fetch_all(&mut *connection)
            .await
            .map_err(fault)?;
        for row in &rows {
            add(&mut sums, row, currency)?;
        }
    }
    Ok(Drawer {
        opened,
        sums,
        counted,
    })
}

impl SqliteStore {
    async fn read_drawer(&self, currency: Currency) -> Result<DrawerState, StoreError> {
        let mut reader = self.readers.take().await?;
        let mut moment = sqlx::Connection::begin(&mut *reader).await.map_err(fault)?;
        let seq = newest_place(&mut moment).await?;
        let opened = newest(&mut moment, currency, DrawerKind::Opened, (0, END)).await?;
        let drawer = match opened {
            Some(opened) => Some(drawer_from(&mut moment, opened, END).await?),
            None => None,
        };
        Ok(DrawerState { seq, drawer })
    }

    async fn read_drawer_moves(
        &self,
        below: Option<u64>,
        limit: u32,
    ) -> Result<Vec<DrawerMove>, StoreError> {
        let below = below.and_then(|seq| i64::try_from(seq).ok()).unwrap_or(END);
        let sql = format!("{MOVE} WHERE seq < $1 ORDER BY seq DESC LIMIT $2");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(below)
            .bind(i64::from(limit))
            .fetch_all(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        rows.iter().map(drawer_move).collect()
    }

    async fn read_drawer_day(&self, day: BusinessDay) -> Result<Vec<DrawerDay>, StoreError> {
        const SUMS: &str = "SELECT kind, count(*), sum(amount_minor), currency FROM drawer WHERE day = $1 GROUP BY currency, kind ORDER BY currency";
        let mut reader = self.readers.take().await?;
        let mut moment = sqlx::Connection::begin(&mut *reader).await.map_err(fault)?;
        let rows = sqlx::query(SUMS)
            .bind(i64::from(day.0))
            .fetch_all(&mut *moment)
            .await
            .map_err(fault)?;
        let mut days: Vec<DrawerDay> = Vec::new();
        for row in &rows {
            let currency = currency_of(row, 3)?;
            if days.last().is_none_or(|last| last.currency != currency) {
                days.push(DrawerDay {
                    currency,
                    sums: DrawerSums::nothing(currency),
                    drawers: Vec::new(),
                });
            }
            if let Some(last) = days.last_mut() {
                add(&mut last.sums, row, currency)?;
            }
        }
        for of_day in &mut days {
            let opened =
                format!("{MOVE} WHERE currency = $1 AND kind = 'opened' AND day = $2 ORDER BY seq");
            let opened = sqlx::query(sqlx::AssertSqlSafe(opened))
                .bind(of_day.currency.code())
                .bind(i64::from(day.0))
                .fetch_all(&mut *moment)
                .await
                .map_err(fault)?;
            for row in &opened {
                let opened = drawer_move(row)?;
                let next = next_opening(&mut moment, &opened).await?;
                of_day
                    .drawers
                    .push(drawer_from(&mut moment, opened, next).await?);
            }
        }
        Ok(days)
    }

    async fn write_drawer(
        &self,
        event: NewEvent,
        changes: Option<BusinessDay>,
        seen: u64,
    ) -> Result<(), StoreError> {
        let mut writer = self.writer.take().await?;
        let mut transaction = self.writer.begin(&mut writer).await?;
        let intent = event.body.pointer("/after/drawer/intent");
        if let Some(intent) = intent.and_then(serde_json::Value::as_str)
            && is_known(&mut transaction, intent).await?
        {
            return Ok(());
        }
        if let Some(day) = changes {
            refuse_signed(&mut transaction, ChannelDay(day.0)).await?;
        }
        if newest_place(&mut transaction).await? != seen {
            return Err(StoreError::Stale);
        }
        self.append_events(&mut transaction, std::slice::from_ref(&event))
            .await?;
        transaction
            .commit()
            .await
            .map_err(|error| self.writer.fault(error))
    }
}

async fn next_opening(
    connection: &mut SqliteConnection,
    opened: &DrawerMove,
) -> Result<i64, StoreError> {
    const NEXT: &str =
        "SELECT min(seq) FROM drawer WHERE currency = $1 AND kind = 'opened' AND seq > $2";
    let row = sqlx::query(NEXT)
        .bind(opened.entry.amount.currency().code())
        .bind(i64::try_from(opened.seq).map_err(|_| damaged("place"))?)
        .fetch_one(connection)
        .await
        .map_err(fault)?;
    let next: Option<i64> = row.try_get(0).map_err(fault)?;
    Ok(next.unwrap_or(END))
}

async fn newest_place(connection: &mut SqliteConnection) -> Result<u64, StoreError> {
    let row = sqlx::query("SELECT coalesce(max(seq), 0) FROM drawer")
        .fetch_one(connection)
        .await
        .map_err(fault)?;
    Ok(unsigned(int(&row, 0)?))
}

async fn is_known(connection: &mut SqliteConnection, intent: &str) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT 1 FROM drawer WHERE intent = $1")
        .bind(intent.to_owned())
        .fetch_optional(connection)
        .await
        .map_err(fault)?;
    Ok(row.is_some())
}

impl DrawerBook for SqliteStore {
    fn drawer(&self, currency: Currency) -> BoxFuture<'_, Result<DrawerState, StoreError>> {
        Box::pin(self.read_drawer(currency))
    }

    fn drawer_moves(
        &self,
        below: Option<u64>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<DrawerMove>, StoreError>> {
        Box::pin(self.read_drawer_moves(below, limit))
    }

    fn drawer_day(&self, day: BusinessDay) -> BoxFuture<'_, Result<Vec<DrawerDay>, StoreError>> {
        Box::pin(self.read_drawer_day(day))
    }

    fn drawer_intent<'a>(&'a self, intent: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { is_known(&mut *self.readers.take().await?, intent).await })
    }

    fn move_drawer(
        &self,
        event: NewEvent,
        changes: Option<BusinessDay>,
        seen: u64,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.write_drawer(event, changes, seen))
    }
}

/// Where the rows are not what the log says.
pub(crate) async fn drawer_differs(
    moment: &mut SqliteConnection,
) -> Result<Vec<String>, StoreError> {
    const DIFFER: &str = "SELECT DISTINCT 'drawer ' || seq FROM (SELECT * FROM (SELECT * FROM drawer EXCEPT SELECT * FROM drawer_told) UNION ALL SELECT * FROM (SELECT * FROM drawer_told EXCEPT SELECT * FROM drawer))";
    let rows = sqlx::query(DIFFER)
        .fetch_all(&mut *moment)
        .await
        .map_err(fault)?;
    rows.iter().map(|row| text(row, 0)).collect()
}
