//! Signed days, every version of them. Whether a day may be signed is not decided here.

use crate::{
    SqliteStore,
    bills::parsed,
    errors::fault,
    read::{int, text, unsigned},
};
use paydesk_desk::ports::{DayClose, NewClose, NewEvent, Reopened, StoreError};
use paydesk_domain::{ChannelDay, Timestamp};
use serde_json::{Value, json as object};
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection, sqlite::SqliteRow};
use std::collections::BTreeMap;

const CLOSES: &str =
    "SELECT day, version, record, sha256, at, by_name, head, reopened FROM day_closes";

/// Whether a day is signed and was not reopened.
const LOCKED: &str = "SELECT EXISTS (SELECT 1 FROM day_closes WHERE day = $1 AND reopened IS NULL)";

/// Refuses what would change a signed day; inside the caller's transaction.
pub(crate) async fn refuse_signed(
    connection: &mut SqliteConnection,
    day: ChannelDay,
) -> Result<(), StoreError> {
    let row = sqlx::query(LOCKED)
        .bind(i64::from(day.0))
        .fetch_one(connection)
        .await
        .map_err(fault)?;
    if int(&row, 0)? == 1 {
        return Err(StoreError::DayLocked);
    }
    Ok(())
}

fn close(row: &SqliteRow) -> Result<DayClose, StoreError> {
    let wrong = |_| StoreError::Corrupt("signed day".to_owned());
    let reopened: Option<String> = row.try_get(7).map_err(fault)?;
    let reopened: Option<Value> = reopened
        .map(|text| parsed("reopened day", &text))
        .transpose()?;
    let reopened = reopened.as_ref().map(|value| {
        let word = |name: &str| {
            let value = value.get(name).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        Reopened {
            at: Timestamp(value.get("at").and_then(Value::as_i64).unwrap_or(0)),
            by: word("by"),
            reason: word("reason"),
        }
    });
    Ok(DayClose {
        day: ChannelDay(i32::try_from(int(row, 0)?).map_err(wrong)?),
        version: u32::try_from(int(row, 1)?).map_err(wrong)?,
        record: text(row, 2)?,
        sha256: text(row, 3)?,
        at: Timestamp(int(row, 4)?),
        by: text(row, 5)?,
        head: text(row, 6)?,
        reopened,
    })
}

impl SqliteStore {
    pub(crate) async fn write_close(&self, mut new: NewClose) -> Result<DayClose, StoreError> {
        let mut writer = self.writer.take().await?;
        let mut transaction = self.writer.begin(&mut writer).await?;
        refuse_signed(&mut transaction, new.day).await?;
        let row = sqlx::query("SELECT count(*) FROM day_closes WHERE day = $1")
            .bind(i64::from(new.day.0))
            .fetch_one(&mut *transaction)
            .await
            .map_err(fault)?;
        let head = self.head(&mut transaction).await?;
        let signed = DayClose {
            day: new.day,
            version: u32::try_from(int(&row, 0)?)
                .unwrap_or(u32::MAX)
                .saturating_add(1),
            record: new.record,
            sha256: new.sha256,
            at: new.event.at,
            by: new.by,
            head: head.map_or_else(String::new, |(head, _)| paydesk_signing::hex(&head.hash)),
            reopened: None,
        };
        if let Some(body) = new.event.body.as_object_mut() {
            body.insert("close".to_owned(), close_body(&signed));
        }
        self.append_events(&mut transaction, std::slice::from_ref(&new.event))
            .await?;
        sqlx::query("INSERT INTO day_closes(day, version, record, sha256, at, by_name, head) VALUES ($1, $2, $3, $4, $5, $6, $7)")
            .bind(i64::from(signed.day.0))
            .bind(i64::from(signed.version))
            .bind(signed.record.clone())
            .bind(signed.sha256.clone())
            .bind(signed.at.0)
            .bind(signed.by.clone())
            .bind(signed.head.clone())
            .execute(&mut *transaction)
            .await
            .map_err(fault)?;
        transaction
            .commit()
            .await
            .map_err(|error| self.writer.fault(error))?;
        Ok(signed)
    }

    pub(crate) async fn write_payout_decision(
        &self,
        event: NewEvent,
        days: Vec<ChannelDay>,
        seen: u64,
    ) -> Result<(), StoreError> {
        const DECIDED: &str =
            "SELECT count(*) FROM log WHERE number IS NULL AND kind = 'payout_decided'";
        let mut writer = self.writer.take().await?;
        let mut transaction = self.writer.begin(&mut writer).await?;
        for day in days {
            refuse_signed(&mut transaction, day).await?;
        }
        let now = sqlx::query(DECIDED)
            .fetch_one(&mut *transaction)
            .await
            .map_err(fault)?;
        if unsigned(int(&now, 0)?) != seen {
            return Err(StoreError::Stale);
        }
        self.append_events(&mut transaction, std::slice::from_ref(&event))
            .await?;
        transaction
            .commit()
            .await
            .map_err(|error| self.writer.fault(error))
    }

    pub(crate) async fn write_reopened(
        &self,
        day: ChannelDay,
        reopened: Reopened,
        mut event: NewEvent,
    ) -> Result<(), StoreError> {
        let mut writer = self.writer.take().await?;
        let mut transaction = self.writer.begin(&mut writer).await?;
        let why = object!({ "at": reopened.at, "by": reopened.by, "reason": reopened.reason });
        let changed =
            sqlx::query("UPDATE day_closes SET reopened = $2 WHERE day = $1 AND reopened IS NULL")
                .bind(i64::from(day.0))
                .bind(why.to_string())
                .execute(&mut *transaction)
                .await
                .map_err(fault)?;
        if changed.rows_affected() != 1 {
            return Err(StoreError::Stale);
        }
        if let Some(body) = event.body.as_object_mut() {
            body.insert("day".to_owned(), object!(day));
            body.insert("reopened".to_owned(), why);
        }
        self.append_events(&mut transaction, std::slice::from_ref(&event))
            .await?;
        transaction
            .commit()
            .await
            .map_err(|error| self.writer.fault(error))
    }

    pub(crate) async fn read_closes(
        &self,
        from: ChannelDay,
        to: ChannelDay,
    ) -> Result<Vec<DayClose>, StoreError> {
        closes(&mut *self.readers.take().await?, from, to).await
    }
}

async fn closes(
    connection: &mut SqliteConnection,
    from: ChannelDay,
    to: ChannelDay,
) -> Result<Vec<DayClose>, StoreError> {
    let mut query = QueryBuilder::<Sqlite>::new(CLOSES);
    query.push(" WHERE day >= ").push_bind(i64::from(from.0));
    query.push(" AND day <= ").push_bind(i64::from(to.0));
    query.push(" ORDER BY day DESC, version DESC");
    let rows = query.build().fetch_all(connection).await.map_err(fault)?;
    rows.iter().map(close).collect()
}

/// A signed day as its event tells it.
fn close_body(signed: &DayClose) -> Value {
    object!({
        "day": signed.day,
        "version": signed.version,
        "record": signed.record,
        "sha256": signed.sha256,
        "at": signed.at,
        "by": signed.by,
        "head": signed.head,
    })
}

/// Where the signed days are not what the log says.
pub(crate) async fn closes_differ(
    moment: &mut SqliteConnection,
) -> Result<Vec<String>, StoreError> {
    const SIGNED: &str = "SELECT kind, body FROM log WHERE number IS NULL AND kind IN ('day_signed', 'day_reopened') ORDER BY seq";
    let rows = sqlx::query(SIGNED)
        .fetch_all(&mut *moment)
        .await
        .map_err(fault)?;
    let mut told: BTreeMap<(i64, i64), (Value, Option<Value>)> = BTreeMap::new();
    for row in &rows {
        let body: Value = parsed("event body", &text(row, 1)?)?;
        let close = body.get("close").cloned().unwrap_or(Value::Null);
        let number = |of: &Value, name: &str| of.get(name).and_then(Value::as_i64).unwrap_or(0);
        if text(row, 0)? == "day_signed" {
            told.insert(
                (number(&close, "day"), number(&close, "version")),
                (close, None),
            );
        } else {
            let day = number(&body, "day");
            let last = told.range_mut((day, 0)..(day + 1, 0)).next_back();
            if let Some((_, (_, reopened))) = last {
                *reopened = body.get("reopened").cloned();
            }
        }
    }
    let all = closes(moment, ChannelDay(0), ChannelDay(i32::MAX)).await?;
    let mut differences = Vec::new();
    for signed in all {
        let key = (i64::from(signed.day.0), i64::from(signed.version));
        let why = signed
            .reopened
            .as_ref()
            .map(|why| object!({ "at": why.at, "by": why.by, "reason": why.reason }));
        if told.remove(&key) != Some((close_body(&signed), why)) {
            differences.push(format!("signed day {}", signed.day));
        }
    }
    let missing = told.keys();
    differences.extend(missing.map(|key| format!("signed day {}: no row", key.0)));
    Ok(differences)
}
