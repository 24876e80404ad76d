//! Our side of a channel's bill. A million rows are stepped through by rusqlite on a thread of its own: one by one
//! through sqlx they cost seven times as much. Both are the same SQLite in one process.

use crate::{
    SqliteStore,
    bills::parsed,
    errors::fault,
    read::{int, text},
};
use paydesk_desk::ports::{Booked, BookedAsk, BookedRow, EachBooked, StoreError};
use paydesk_domain::{
    AccountId, ChannelId, Currency, LineKind, LineState, Money, Payment, Refund, Timestamp,
};
use rusqlite::{Connection, ErrorCode, OpenFlags, types::ValueRef};
use serde_json::Value;
use sqlx::{Row, sqlite::SqliteRow};
use std::{
    collections::{BTreeSet, HashSet},
    path::PathBuf,
    time::Duration,
};
use tokio::sync::mpsc;

/// Rows that are handed over at once.
const BATCH: usize = 2_048;
/// Batches that wait for who takes them.
const WAITING: usize = 4;

const PAYMENTS: &str = "SELECT reference, amount_minor, booked_at, moved, currency, NULL FROM payments INDEXED BY payments_booked WHERE account = ?1 AND booked_at >= ?2 AND booked_at < ?3 ORDER BY booked_at";
const REFUNDS: &str = "SELECT reference, amount_minor, booked_at, moved, currency, paid_at FROM refunds INDEXED BY refunds_booked WHERE account = ?1 AND booked_at >= ?2 AND booked_at < ?3 ORDER BY booked_at";

// Each list is one value, so that any number of names is one statement.
const PAYMENTS_OF: &str = "SELECT value FROM payments WHERE reference IN (SELECT value FROM json_each($1)) ORDER BY reference";
const PAYMENTS_BY_NUMBER: &str = "SELECT value FROM payments WHERE channel_ref IN (SELECT value FROM json_each($1)) ORDER BY reference";
// A refund's reference begins with its payment's twenty characters.
const REFUNDS_OF: &str = "SELECT r.value, p.value FROM refunds r JOIN payments p ON p.reference = substr(r.reference, 1, 20) WHERE r.reference IN (SELECT value FROM json_each($1)) ORDER BY r.reference";

/// Where the database is, for a connection of its own.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) file: PathBuf,
    pub(crate) vfs: Option<String>,
}

type Batch = Result<Vec<BookedRow>, StoreError>;

impl SqliteStore {
    pub(crate) async fn step_booked(
        &self,
        account: &AccountId,
        from: Timestamp,
        to: Timestamp,
        each: EachBooked<'_>,
    ) -> Result<(), StoreError> {
        // Whoever closes the store waits for this one, too.
        let held = self.readers.take().await?;
        let (send, mut batches) = mpsc::channel(WAITING);
        let (place, account) = (self.place.clone(), account.0.clone());
        let stepping = std::thread::spawn(move || step(&place, &account, from, to, &send));
        let mut outcome = Ok(());
        while let Some(batch) = batches.recv().await {
            match batch {
                Ok(rows) => each(&rows),
                Err(error) => outcome = Err(error),
            }
        }
        drop(held);
        match stepping.join() {
            Ok(()) => outcome,
            Err(_) => Err(StoreError::Io("reading our books was ended".to_owned())),
        }
    }

    pub(crate) async fn read_booked(&self, ask: BookedAsk) -> Result<Booked, StoreError> {
        let mut booked = Booked::default();
        // By both names it is still one.
        let mut seen = HashSet::new();
        let lists = [
            (PAYMENTS_OF, &ask.references),
            (PAYMENTS_BY_NUMBER, &ask.transactions),
        ];
        for (sql, names) in lists {
            for row in self.named_rows(sql, names).await? {
                let payment: Payment = parsed("payment", &text(&row, 0)?)?;
                if seen.insert(payment.reference().to_string()) {
                    booked.payments.push(payment);
                }
            }
        }
        for row in self.named_rows(REFUNDS_OF, &ask.references).await? {
            let refund: Refund = parsed("refund", &text(&row, 0)?)?;
            let payment = parsed("payment", &text(&row, 1)?)?;
            booked.refunds.push((refund, payment));
        }
        Ok(booked)
    }

    async fn named_rows(
        &self,
        sql: &'static str,
        names: &BTreeSet<String>,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let names = Value::from_iter(names.iter().map(String::as_str));
        sqlx::query(sql)
            .bind(names.to_string())
            .fetch_all(&mut *self.readers.take().await?)
            .await
            .map_err(fault)
    }

    pub(crate) async fn read_shown_code_times(
        &self,
        channel: &ChannelId,
        among: u32,
    ) -> Result<Vec<Duration>, StoreError> {
        const TIMES: &str = "SELECT begun_at, booked_at FROM (SELECT begun_at, booked_at, paid_minor, value FROM payments WHERE channel = $1 ORDER BY begun_at DESC LIMIT $2) WHERE paid_minor > 0 AND value ->> '$.plan.tender' = 'show_code'";
        let rows = sqlx::query(TIMES)
            .bind(channel.0.clone())
            .bind(i64::from(among))
            .fetch_all(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        let time = |row: &SqliteRow| {
            let (begun, booked) = (int(row, 0)?, int(row, 1)?);
            // The channel's clock may be behind ours.
            Ok(Timestamp(booked).since(Timestamp(begun)))
        };
        rows.iter().map(time).collect()
    }

    pub(crate) async fn read_first_booked(
        &self,
        account: &AccountId,
    ) -> Result<Option<Timestamp>, StoreError> {
        let row = sqlx::query("SELECT min(booked_at) FROM payments WHERE account = $1")
            .bind(account.0.clone())
            .fetch_one(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        let first: Option<i64> = row.try_get(0).map_err(fault)?;
        Ok(first.map(Timestamp))
    }
}

fn step(place: &Place, account: &str, from: Timestamp, to: Timestamp, send: &mpsc::Sender<Batch>) {
    let stepped = open(place).and_then(|connection| {
        for (kind, sql) in [(LineKind::Payment, PAYMENTS), (LineKind::Refund, REFUNDS)] {
            let mut statement = connection
                .prepare(sql)
                .map_err(|error| stepping_fault(&error))?;
            let mut rows = statement
                .query((account, from.0, to.0))
                .map_err(|error| stepping_fault(&error))?;
            let mut batch = Vec::with_capacity(BATCH);
            let mut currency = Currency::CNY;
            while let Some(row) = rows.next().map_err(|error| stepping_fault(&error))? {
                batch.push(booked_row(kind, row, &mut currency)?);
                if batch.len() == BATCH {
                    let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                    if send.blocking_send(Ok(full)).is_err() {
                        return Ok(());
                    }
                }
            }
            if send.blocking_send(Ok(batch)).is_err() {
                return Ok(());
            }
        }
        Ok(())
    });
    if let Err(error) = stepped {
        // Nobody to hear it is nobody to be misled.
        drop(send.blocking_send(Err(error)));
    }
}

pub(crate) fn open(place: &Place) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = match &place.vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(&place.file, flags, vfs.as_str()),
        None => Connection::open_with_flags(&place.file, flags),
    };
    let connection = opened.map_err(|error| stepping_fault(&error))?;
    connection
        .busy_timeout(crate::BUSY)
        .map_err(|error| stepping_fault(&error))?;
    Ok(connection)
}

fn booked_row(
    kind: LineKind,
    row: &rusqlite::Row<'_>,
    currency: &mut Currency,
) -> Result<BookedRow, StoreError> {
    let broken = || StoreError::Corrupt("a row of our books".to_owned());
    let value = |at: usize| row.get_ref(at).map_err(|error| stepping_fault(&error));
    let number = |at: usize| match value(at)? {
        ValueRef::Integer(number) => Ok(number),
        _ => Err(broken()),
    };
    let bytes = |at: usize| match value(at)? {
        ValueRef::Text(bytes) => Ok(bytes),
        _ => Err(broken()),
    };
    let code = bytes(4)?;
    if code != currency.code().as_bytes() {
        let code = std::str::from_utf8(code).map_err(|_| broken())?;
        *currency = Currency::from_code(code).ok_or_else(broken)?;
    }
    let state = match number(3)? {
        0 => LineState::Done,
        1 => LineState::Pending,
        2 => LineState::Failed,
        _ => return Err(broken()),
    };
    let amount = Money::from_minor(number(1)?, *currency);
    let at = Timestamp(number(2)?);
    let mut row = BookedRow::new(kind, bytes(0)?, amount, at, state).ok_or_else(broken)?;
    if let ValueRef::Integer(at) = value(5)? {
        row.paid_at = Some(Timestamp(at));
    }
    Ok(row)
}

fn stepping_fault(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt(error.to_string())
        }
        _ => StoreError::Io(error.to_string()),
    }
}
