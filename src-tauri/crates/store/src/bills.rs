//! Bills and compared days. A bill is kept whole, with what was found, in one transaction.

use crate::{
    SqliteStore,
    closes::refuse_signed,
    damage::bill_digest,
    errors::{fault, unreadable},
    read::{int, text},
};
use flate2::{read::DeflateDecoder, write::DeflateEncoder};
use paydesk_desk::ports::{
    BillRow, BillRowsPage, KeptBill, KeptDifference, NewBill, StoreError, Verdict,
};
use paydesk_domain::{
    AccountId, BillLine, BreakCode, ChannelDay, ChannelId, Currency, LineKind, LineState, Money,
    Timestamp,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection, sqlite::SqliteRow};
use std::io::{Read, Write};

/// Lines in one statement: thirteen values each, far below SQLite's limit of 32,766.
const LINES_AT_ONCE: usize = 1_000;

pub(crate) const BILL: &str = "SELECT id, account, channel, day, content_sha256, origin, imported_at, by_name, summary FROM bills";

const BILL_ROWS_COUNT: &str = "SELECT count(*) FROM bill_lines WHERE bill = $1";

const BILL_ROWS_DIFFERENT_COUNT: &str =
    "SELECT count(*) FROM bill_lines WHERE bill = $1 AND differs IS NOT NULL";

const BILL_ROWS: &str = "SELECT row, kind, payment, refund, channel_ref, currency, amount_minor, fee_minor, at, state, matched, differs FROM bill_lines WHERE bill = $1 ORDER BY row LIMIT $2 OFFSET $3";

const BILL_ROWS_DIFFERENT: &str = "SELECT row, kind, payment, refund, channel_ref, currency, amount_minor, fee_minor, at, state, matched, differs FROM bill_lines WHERE bill = $1 AND differs IS NOT NULL ORDER BY row LIMIT $2 OFFSET $3";

const BILL_MARKS: &str = "SELECT row, kind, payment, refund, channel_ref, currency, amount_minor, fee_minor, at, state, matched, differs FROM bill_lines WHERE bill = $1 AND row >= $2 AND row <= $3 ORDER BY row";

pub(crate) fn json<T: Serialize>(what: &str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(unreadable(what))
}

pub(crate) fn parsed<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(unreadable(what))
}

pub(crate) fn kept(row: &SqliteRow) -> Result<KeptBill, StoreError> {
    let day =
        i32::try_from(int(row, 3)?).map_err(|_| StoreError::Corrupt("bill day".to_owned()))?;
    Ok(KeptBill {
        id: int(row, 0)?,
        account: AccountId(text(row, 1)?),
        channel: ChannelId(text(row, 2)?),
        day: ChannelDay(day),
        content_sha256: text(row, 4)?,
        origin: parsed("bill origin", &text(row, 5)?)?,
        imported_at: Timestamp(int(row, 6)?),
        by: text(row, 7)?,
        summary: parsed("day summary", &text(row, 8)?)?,
    })
}

impl SqliteStore {
    pub(crate) async fn write_bill(&self, mut bill: NewBill) -> Result<KeptBill, StoreError> {
        let mut writer = self.writer.take().await?;
        let mut transaction = self.writer.begin(&mut writer).await?;
        refuse_signed(&mut transaction, bill.day).await?;
        let row = sqlx::query(
            "INSERT INTO bills(account, channel, day, kind, content_sha256, origin, imported_at, by_name, summary) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9) RETURNING id",
        )
        .bind(bill.account.0.clone())
        .bind(bill.channel.0.clone())
        .bind(i64::from(bill.day.0))
        .bind(json("bill kind", &bill.kind)?)
        .bind(bill.content_sha256.clone())
        .bind(json("bill origin", &bill.origin)?)
        .bind(bill.event.at.0)
        .bind(bill.by.clone())
        .bind(json("day summary", &bill.summary)?)
        .fetch_one(&mut *transaction)
        .await
        .map_err(fault)?;
        let id = int(&row, 0)?;
        if let Some(file) = &bill.file {
            self.write_bill_file(&mut transaction, id, file).await?;
        }
        if let Some(layout) = &bill.layout {
            self.write_layout(&mut transaction, id, layout).await?;
        }
        let compared = (bill.rows.as_slice(), bill.differences.as_slice());
        write_compared(&mut transaction, id, compared).await?;
        // The log seals what is kept: nothing else tells what a bill said when it was compared.
        if let Some(body) = bill.event.body.as_object_mut() {
            let kept = bill_digest(&mut transaction, id).await?;
            body.insert("kept_sha256".to_owned(), Value::String(kept));
        }
        self.append_events(&mut transaction, std::slice::from_ref(&bill.event))
            .await?;
        transaction
            .commit()
            .await
            .map_err(|error| self.writer.fault(error))?;
        Ok(KeptBill {
            id,
            account: bill.account,
            channel: bill.channel,
            day: bill.day,
            content_sha256: bill.content_sha256,
            origin: bill.origin,
            imported_at: bill.event.at,
            by: bill.by,
            summary: bill.summary,
        })
    }

    pub(crate) async fn read_bill_known(
        &self,
        account: &AccountId,
        content_sha256: &str,
    ) -> Result<Option<KeptBill>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(BILL);
        query.push(" WHERE account = ").push_bind(account.0.clone());
        query
            .push(" AND content_sha256 = ")
            .push_bind(content_sha256.to_owned());
        let row = query
            .build()
            .fetch_optional(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        row.as_ref().map(kept).transpose()
    }

    pub(crate) async fn read_bills(
        &self,
        account: &AccountId,
        from: ChannelDay,
        to: ChannelDay,
    ) -> Result<Vec<KeptBill>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(BILL);
        query.push(" WHERE id IN (SELECT max(id) FROM bills WHERE account = ");
        query.push_bind(account.0.clone());
        query.push(" AND day >= ").push_bind(i64::from(from.0));
        query.push(" AND day <= ").push_bind(i64::from(to.0));
        query.push(" GROUP BY day) ORDER BY day DESC");
        let rows = query
            .build()
            .fetch_all(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        rows.iter().map(kept).collect()
    }

    pub(crate) async fn read_differences(
        &self,
        bill: i64,
    ) -> Result<Vec<KeptDifference>, StoreError> {
        let rows = sqlx::query("SELECT value FROM differences WHERE bill = $1 ORDER BY n")
            .bind(bill)
            .fetch_all(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        rows.iter()
            .map(|row| parsed("difference", &text(row, 0)?))
            .collect()
    }

    pub(crate) async fn read_kept_bill(&self, bill: i64) -> Result<Option<KeptBill>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(BILL);
        query.push(" WHERE id = ").push_bind(bill);
        let row = query
            .build()
            .fetch_optional(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        row.as_ref().map(kept).transpose()
    }

    pub(crate) async fn read_bill_marks(
        &self,
        bill: i64,
        first: u64,
        last: u64,
    ) -> Result<Vec<BillRow>, StoreError> {
        let rows = sqlx::query(BILL_MARKS)
            .bind(bill)
            .bind(i64::try_from(first).unwrap_or(i64::MAX))
            .bind(i64::try_from(last).unwrap_or(i64::MAX))
            .fetch_all(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        rows.iter().map(kept_row).collect()
    }

    pub(crate) async fn read_bill_rows(
        &self,
        bill: i64,
        only_different: bool,
        from: u32,
        limit: u32,
    ) -> Result<BillRowsPage, StoreError> {
        let (count, page) = if only_different {
            (BILL_ROWS_DIFFERENT_COUNT, BILL_ROWS_DIFFERENT)
        } else {
            (BILL_ROWS_COUNT, BILL_ROWS)
        };
        let total = sqlx::query(count)
            .bind(bill)
            .fetch_one(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        let rows = sqlx::query(page)
            .bind(bill)
            .bind(i64::from(limit))
            .bind(i64::from(from))
            .fetch_all(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        Ok(BillRowsPage {
            total: u64::try_from(int(&total, 0)?).unwrap_or(0),
            rows: rows.iter().map(kept_row).collect::<Result<_, _>>()?,
        })
    }
}

/// What a bill's file is sealed for.
pub(crate) fn place_of_file(bill: i64) -> String {
    format!("bill file {bill}")
}

pub(crate) fn packed(bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut packed = DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    let written = packed.write_all(bytes).and_then(|()| packed.finish());
    written.map_err(|error| StoreError::Io(error.to_string()))
}

pub(crate) fn unpacked(packed: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    let read = DeflateDecoder::new(packed).read_to_end(&mut bytes);
    read.map_err(|_| StoreError::Corrupt("a kept file".to_owned()))?;
    Ok(bytes)
}

fn line_kind(name: &str) -> Option<LineKind> {
    [LineKind::Payment, LineKind::Refund]
        .into_iter()
        .find(|kind| kind_name(*kind) == name)
}

fn kind_name(kind: LineKind) -> &'static str {
    match kind {
        LineKind::Payment => "payment",
        LineKind::Refund => "refund",
    }
}

fn line_state(name: &str) -> Option<LineState> {
    [LineState::Done, LineState::Failed, LineState::Pending]
        .into_iter()
        .find(|state| state_name(*state) == name)
}

fn state_name(state: LineState) -> &'static str {
    match state {
        LineState::Done => "done",
        LineState::Failed => "failed",
        LineState::Pending => "pending",
    }
}

fn kept_row(row: &SqliteRow) -> Result<BillRow, StoreError> {
    let wrong = |what: &str| StoreError::Corrupt(format!("bill line: {what}"));
    let currency = Currency::from_code(&text(row, 5)?).ok_or_else(|| wrong("currency"))?;
    let differs: Option<String> = row.try_get(11).map_err(fault)?;
    let verdict = match differs {
        None => Verdict::Agrees,
        Some(name) => Verdict::Differs(BreakCode::named(&name).ok_or_else(|| wrong("difference"))?),
    };
    Ok(BillRow {
        line: BillLine {
            row: u64::try_from(int(row, 0)?).map_err(|_| wrong("row"))?,
            kind: line_kind(&text(row, 1)?).ok_or_else(|| wrong("kind"))?,
            payment: text(row, 2)?,
            refund: text(row, 3)?,
            transaction: text(row, 4)?,
            amount: Money::from_minor(int(row, 6)?, currency),
            fee: Money::from_minor(int(row, 7)?, currency),
            at: Timestamp(int(row, 8)?),
            state: line_state(&text(row, 9)?).ok_or_else(|| wrong("state"))?,
        },
        matched: row.try_get(10).map_err(fault)?,
        verdict,
    })
}

/// Every line with what is said of it, and every difference.
pub(crate) async fn write_compared(
    connection: &mut SqliteConnection,
    bill: i64,
    (rows, differences): (&[BillRow], &[KeptDifference]),
) -> Result<(), StoreError> {
    for rows in rows.chunks(LINES_AT_ONCE) {
        write_rows(connection, bill, rows).await?;
    }
    for (at, difference) in differences.iter().enumerate() {
        sqlx::query("INSERT INTO differences(bill, n, code, value) VALUES ($1, $2, $3, $4)")
            .bind(bill)
            .bind(i64::try_from(at).unwrap_or(i64::MAX))
            .bind(difference.found.code.name())
            .bind(json("difference", difference)?)
            .execute(&mut *connection)
            .await
            .map_err(fault)?;
    }
    Ok(())
}

async fn write_rows(
    connection: &mut SqliteConnection,
    bill: i64,
    rows: &[BillRow],
) -> Result<(), StoreError> {
    let mut query = QueryBuilder::<Sqlite>::new(
        "INSERT INTO bill_lines(bill, row, kind, payment, refund, channel_ref, currency, amount_minor, fee_minor, at, state, matched, differs) ",
    );
    query.push_values(rows, |mut values, row| {
        let line = &row.line;
        values
            .push_bind(bill)
            .push_bind(i64::try_from(line.row).unwrap_or(i64::MAX))
            .push_bind(kind_name(line.kind))
            .push_bind(line.payment.as_str())
            .push_bind(line.refund.as_str())
            .push_bind(line.transaction.as_str())
            .push_bind(line.amount.currency().code())
            .push_bind(line.amount.minor())
            .push_bind(line.fee.minor())
            .push_bind(line.at.0)
            .push_bind(state_name(line.state))
            .push_bind(row.matched.as_deref())
            .push_bind(match row.verdict {
                Verdict::Agrees => None,
                Verdict::Differs(code) => Some(code.name()),
            });
    });
    query.build().execute(connection).await.map_err(fault)?;
    Ok(())
}
