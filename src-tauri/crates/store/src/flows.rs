//! Fund-flow bills: kept with the file they were read from, in one transaction.

use crate::{
    SqliteStore,
    bills::{json, packed, parsed, unpacked},
    closes::refuse_signed,
    damage::digest_of,
    errors::{fault, unreadable},
    read::{int, text},
};
use paydesk_desk::ports::{BillFile, BoxFuture, FlowMove, Flows, KeptFlow, NewFlow, StoreError};
use paydesk_domain::{AccountId, ChannelDay, ChannelId, Currency, FlowSort, Money, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection, sqlite::SqliteRow};
use std::collections::BTreeMap;

/// Movements in one statement of SQL: eleven values each, far below SQLite's limit of 32,766.
const MOVES_AT_ONCE: usize = 1_000;

const FLOW: &str = "SELECT id, account, channel, day, content_sha256, origin, imported_at, by_name, summary FROM flows";

const MOVES: &str = "SELECT row, sort, entry, business, reference, name, currency, change_minor, balance_minor, at FROM flow_moves WHERE flow = $1 ORDER BY row";

/// Everything of one kept fund-flow bill as text, in one order. The packed file itself is sealed.
const PARTS: [&str; 3] = [
    "SELECT concat_ws(',', quote(account), quote(channel), quote(day), quote(content_sha256), quote(origin), quote(imported_at), quote(by_name), quote(summary)) FROM flows WHERE id = $1",
    "SELECT concat_ws(',', quote(row), quote(sort), quote(entry), quote(business), quote(reference), quote(name), quote(currency), quote(change_minor), quote(balance_minor), quote(at)) FROM flow_moves WHERE flow = $1 ORDER BY row",
    "SELECT concat_ws(',', quote(name), quote(sha256)) FROM flow_files WHERE flow = $1",
];

const EVENTS: &str =
    "SELECT body FROM log WHERE number IS NULL AND kind = 'flow_imported' ORDER BY seq";

/// One at a time: each may be as large as a bill.
const FILES: &str =
    "SELECT flow, sha256, packed FROM flow_files WHERE flow > $1 ORDER BY flow LIMIT 1";

/// What the log keeps of one.
#[derive(Deserialize)]
struct Imported {
    account: String,
    content_sha256: String,
    kept_sha256: String,
}

/// What a file is sealed for.
fn place_of_file(flow: i64) -> String {
    format!("flow file {flow}")
}

fn kept(row: &SqliteRow) -> Result<KeptFlow, StoreError> {
    let day = i32::try_from(int(row, 3)?);
    Ok(KeptFlow {
        id: int(row, 0)?,
        account: AccountId(text(row, 1)?),
        channel: ChannelId(text(row, 2)?),
        day: ChannelDay(day.map_err(|_| StoreError::Corrupt("fund flow: day".to_owned()))?),
        content_sha256: text(row, 4)?,
        origin: parsed("fund flow: origin", &text(row, 5)?)?,
        imported_at: Timestamp(int(row, 6)?),
        by: text(row, 7)?,
        summary: parsed("fund flow: summary", &text(row, 8)?)?,
    })
}

fn kept_move(row: &SqliteRow) -> Result<FlowMove, StoreError> {
    let wrong = |what: &str| StoreError::Corrupt(format!("movement of a fund flow: {what}"));
    let currency = Currency::from_code(&text(row, 6)?).ok_or_else(|| wrong("currency"))?;
    Ok(FlowMove {
        row: u64::try_from(int(row, 0)?).map_err(|_| wrong("row"))?,
        sort: FlowSort::named(&text(row, 1)?).ok_or_else(|| wrong("sort"))?,
        entry: text(row, 2)?,
        business: text(row, 3)?,
        reference: text(row, 4)?,
        name: text(row, 5)?,
        change: Money::from_minor(int(row, 7)?, currency),
        balance: Money::from_minor(int(row, 8)?, currency),
        at: Timestamp(int(row, 9)?),
    })
}

async fn write_moves(
    connection: &mut SqliteConnection,
    flow: i64,
    moves: &[FlowMove],
) -> Result<(), StoreError> {
    for some in moves.chunks(MOVES_AT_ONCE) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "INSERT INTO flow_moves(flow, row, sort, entry, business, reference, name, currency, change_minor, balance_minor, at) ",
        );
        query.push_values(some, |mut values, it| {
            values
                .push_bind(flow)
                .push_bind(i64::try_from(it.row).unwrap_or(i64::MAX))
                .push_bind(it.sort.name())
                .push_bind(it.entry.as_str())
                .push_bind(it.business.as_str())
                .push_bind(it.reference.as_str())
                .push_bind(it.name.as_str())
                .push_bind(it.change.currency().code())
                .push_bind(it.change.minor())
                .push_bind(it.balance.minor())
                .push_bind(it.at.0);
        });
        query
            .build()
            .execute(&mut *connection)
            .await
            .map_err(fault)?;
    }
    Ok(())
}

impl SqliteStore {
    async fn write_flow(&self, mut new: NewFlow) -> Result<KeptFlow, StoreError> {
        let mut writer = self.writer.take().await?;
        let mut transaction = self.writer.begin(&mut writer).await?;
        refuse_signed(&mut transaction, new.day).await?;
        let row = sqlx::query(
            "INSERT INTO flows(account, channel, day, content_sha256, origin, imported_at, by_name, summary) VALUES ($1,$2,$3,$4,$5,$6,$7,$8) RETURNING id",
        )
        .bind(new.account.0.clone())
        .bind(new.channel.0.clone())
        .bind(i64::from(new.day.0))
        .bind(new.content_sha256.clone())
        .bind(json("fund flow: origin", &new.origin)?)
        .bind(new.event.at.0)
        .bind(new.by.clone())
        .bind(json("fund flow: summary", &new.summary)?)
        .fetch_one(&mut *transaction)
        .await
        .map_err(fault)?;
        let id = int(&row, 0)?;
        write_moves(&mut transaction, id, &new.moves).await?;
        if let Some(file) = &new.file {
            let sealed = self.seal(&place_of_file(id), &packed(&file.bytes)?)?;
            sqlx::query(
                "INSERT INTO flow_files(flow, name, sha256, packed) VALUES ($1, $2, $3, $4)",
            )
            .bind(id)
            .bind(file.name.clone())
            .bind(file.sha256.clone())
            .bind(sealed)
            .execute(&mut *transaction)
            .await
            .map_err(fault)?;
        }
        // The log seals what is kept: nothing else tells what a bill said.
        if let Some(body) = new.event.body.as_object_mut() {
            let kept = digest_of(&mut transaction, &PARTS, id).await?;
            body.insert("kept_sha256".to_owned(), Value::String(kept));
        }
        self.append_events(&mut transaction, std::slice::from_ref(&new.event))
            .await?;
        transaction
            .commit()
            .await
            .map_err(|error| self.writer.fault(error))?;
        Ok(KeptFlow {
            id,
            account: new.account,
            channel: new.channel,
            day: new.day,
            content_sha256: new.content_sha256,
            origin: new.origin,
            imported_at: new.event.at,
            by: new.by,
            summary: new.summary,
        })
    }

    /// Every fund-flow bill has its event, is still the one that was sealed there, and its file is the one that came.
    pub(crate) async fn examine_flows(
        &self,
        connection: &mut SqliteConnection,
        damage: &mut Vec<String>,
    ) -> Result<(), StoreError> {
        let mut imported = BTreeMap::new();
        let events = sqlx::query(EVENTS).fetch_all(&mut *connection).await;
        for row in &events.map_err(fault)? {
            let event: Imported =
                serde_json::from_str(&text(row, 0)?).map_err(unreadable("event body"))?;
            imported.insert((event.account, event.content_sha256), event.kept_sha256);
        }
        let rows = sqlx::query("SELECT id, account, content_sha256 FROM flows ORDER BY id")
            .fetch_all(&mut *connection)
            .await
            .map_err(fault)?;
        for row in &rows {
            let id = int(row, 0)?;
            let kept = digest_of(connection, &PARTS, id).await?;
            if imported.remove(&(text(row, 1)?, text(row, 2)?)) != Some(kept) {
                damage.push(format!("fund flow {id}"));
            }
        }
        let gone = imported.into_keys();
        damage.extend(gone.map(|(account, _)| format!("a fund flow of {account} is gone")));
        let mut after = 0;
        while let Some(row) = sqlx::query(FILES)
            .bind(after)
            .fetch_optional(&mut *connection)
            .await
            .map_err(fault)?
        {
            after = int(&row, 0)?;
            let sealed: Vec<u8> = row.try_get(2).map_err(fault)?;
            let opened = match self.unseal(&place_of_file(after), &sealed) {
                Err(StoreError::Locked) => return Err(StoreError::Locked),
                opened => opened.and_then(|packed| unpacked(&packed)).ok(),
            };
            let stated = text(&row, 1)?;
            let is_same = |bytes: Vec<u8>| paydesk_signing::hex(&Sha256::digest(bytes)) == stated;
            if !opened.is_some_and(is_same) {
                damage.push(format!("file of fund flow {after}"));
            }
        }
        Ok(())
    }
}

impl Flows for SqliteStore {
    fn import_flow(&self, flow: NewFlow) -> BoxFuture<'_, Result<KeptFlow, StoreError>> {
        Box::pin(self.write_flow(flow))
    }

    fn flow_known<'a>(
        &'a self,
        account: &'a AccountId,
        content_sha256: &'a str,
    ) -> BoxFuture<'a, Result<Option<KeptFlow>, StoreError>> {
        Box::pin(async move {
            let mut query = QueryBuilder::<Sqlite>::new(FLOW);
            query.push(" WHERE account = ").push_bind(&account.0);
            query
                .push(" AND content_sha256 = ")
                .push_bind(content_sha256);
            let row = query
                .build()
                .fetch_optional(&mut *self.readers.take().await?)
                .await
                .map_err(fault)?;
            row.as_ref().map(kept).transpose()
        })
    }

    fn kept_flows<'a>(
        &'a self,
        account: &'a AccountId,
        from: ChannelDay,
        to: ChannelDay,
    ) -> BoxFuture<'a, Result<Vec<KeptFlow>, StoreError>> {
        Box::pin(async move {
            let mut query = QueryBuilder::<Sqlite>::new(FLOW);
            query.push(" WHERE id IN (SELECT max(id) FROM flows WHERE account = ");
            query.push_bind(&account.0);
            query.push(" AND day >= ").push_bind(i64::from(from.0));
            query.push(" AND day <= ").push_bind(i64::from(to.0));
            query.push(" GROUP BY day) ORDER BY day DESC");
            let rows = query
                .build()
                .fetch_all(&mut *self.readers.take().await?)
                .await
                .map_err(fault)?;
            rows.iter().map(kept).collect()
        })
    }

    fn flow_moves(&self, flow: i64) -> BoxFuture<'_, Result<Vec<FlowMove>, StoreError>> {
        Box::pin(async move {
            let rows = sqlx::query(MOVES)
                .bind(flow)
                .fetch_all(&mut *self.readers.take().await?)
                .await
                .map_err(fault)?;
            rows.iter().map(kept_move).collect()
        })
    }

    fn flow_file(&self, flow: i64) -> BoxFuture<'_, Result<Option<BillFile>, StoreError>> {
        Box::pin(async move {
            let row = sqlx::query("SELECT name, sha256, packed FROM flow_files WHERE flow = $1")
                .bind(flow)
                .fetch_optional(&mut *self.readers.take().await?)
                .await
                .map_err(fault)?;
            let Some(row) = row else { return Ok(None) };
            let sealed: Vec<u8> = row.try_get(2).map_err(fault)?;
            let packed = self.unseal(&place_of_file(flow), &sealed)?;
            Ok(Some(BillFile {
                name: text(&row, 0)?,
                sha256: text(&row, 1)?,
                bytes: unpacked(&packed)?.into(),
            }))
        })
    }
}
