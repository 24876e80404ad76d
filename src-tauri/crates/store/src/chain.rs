//! The event log's chain: each record's hash covers the one before; head and count are sealed with the store's key.
//! Record encoding: every column in table order, each as its length (8 bytes, big endian) and bytes; numbers as
//! 8 bytes big endian; an absent column as the length 2^64-1.

use crate::{
    SqliteStore,
    errors::{fault, unreadable},
    read::{int, text, unsigned},
};
use paydesk_desk::ports::{Actor, NewEvent, StoreError, StoredEvent};
use paydesk_domain::{MerchantRef, Timestamp};
use paydesk_signing::mutants::{Mutant, planted};
use sha2::{Digest, Sha256};
use sqlx::{Connection as _, Row, SqliteConnection, sqlite::SqliteRow};
use std::fmt;

/// The first damaged place of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LogFault {
    /// Its content or place does not fit its hash, or its hash does not follow the one before.
    Changed(u64),
    /// It is not there.
    Deleted(u64),
    /// There is one more than the sealed count says.
    Inserted(u64),
    /// The sealed head itself was changed.
    Head,
}

impl fmt::Display for LogFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LogFault::Changed(seq) => write!(f, "event {seq} was changed or swapped"),
            LogFault::Deleted(seq) => write!(f, "event {seq} was deleted"),
            LogFault::Inserted(seq) => write!(f, "event {seq} was inserted"),
            LogFault::Head => f.write_str("the sealed head of the log was changed"),
        }
    }
}

/// What `verify` found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifyReport {
    /// Events read.
    pub events: u64,
    /// The first damage.
    pub fault: Option<LogFault>,
}

struct Record {
    seq: i64,
    kind: String,
    number: Option<String>,
    subject: Option<String>,
    actor: String,
    at: i64,
    day: i64,
    body: String,
    evidence: Option<Vec<u8>>,
    prev: Vec<u8>,
}

impl Record {
    fn hash(&self) -> Vec<u8> {
        let mut digest = Sha256::new();
        let mut text = |bytes: Option<&[u8]>| match bytes {
            Some(bytes) => {
                digest.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
                digest.update(bytes);
            }
            None => digest.update(u64::MAX.to_be_bytes()),
        };
        text(Some(&self.seq.to_be_bytes()));
        text(Some(self.kind.as_bytes()));
        text(self.number.as_deref().map(str::as_bytes));
        text(self.subject.as_deref().map(str::as_bytes));
        text(Some(self.actor.as_bytes()));
        text(Some(&self.at.to_be_bytes()));
        text(Some(&self.day.to_be_bytes()));
        text(Some(self.body.as_bytes()));
        let evidence = self.evidence.as_deref();
        text(evidence.filter(|_| !planted(Mutant::HashWithoutEvidence)));
        text(Some(&self.prev));
        digest.finalize().to_vec()
    }
}

fn record(row: &SqliteRow) -> Result<(Record, Vec<u8>), StoreError> {
    let record = Record {
        seq: row.try_get(0).map_err(fault)?,
        kind: row.try_get(1).map_err(fault)?,
        number: row.try_get(2).map_err(fault)?,
        subject: row.try_get(3).map_err(fault)?,
        actor: row.try_get(4).map_err(fault)?,
        at: row.try_get(5).map_err(fault)?,
        day: row.try_get(6).map_err(fault)?,
        body: row.try_get(7).map_err(fault)?,
        evidence: row.try_get(8).map_err(fault)?,
        prev: row.try_get(9).map_err(fault)?,
    };
    Ok((record, row.try_get(10).map_err(fault)?))
}

const SELECT: &str = "SELECT seq, kind, number, subject, actor, at, day, body, evidence, prev, hash FROM log WHERE seq > $1 ORDER BY seq LIMIT 1000";

/// The end of the log, inside of a transaction.
pub(crate) struct Head {
    pub(crate) count: i64,
    pub(crate) hash: Vec<u8>,
}

impl SqliteStore {
    fn head_mac(&self, count: i64, hash: &[u8]) -> Result<Vec<u8>, StoreError> {
        let input = [count.to_be_bytes().as_slice(), hash].concat();
        Ok(self.key()?.mac("log head", &input).to_vec())
    }

    pub(crate) async fn head(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<Option<(Head, Vec<u8>)>, StoreError> {
        let row = sqlx::query("SELECT count, hash, mac FROM head WHERE one = 1")
            .fetch_optional(connection)
            .await
            .map_err(fault)?;
        let Some(row) = row else { return Ok(None) };
        let head = Head {
            count: row.try_get(0).map_err(fault)?,
            hash: row.try_get(1).map_err(fault)?,
        };
        Ok(Some((head, row.try_get(2).map_err(fault)?)))
    }

    /// Appends events and moves the sealed head, inside the caller's transaction.
    pub(crate) async fn append_events(
        &self,
        connection: &mut SqliteConnection,
        events: &[NewEvent],
    ) -> Result<(), StoreError> {
        let (mut count, mut prev) = match self.head(connection).await? {
            Some((head, _)) => (head.count, head.hash),
            None => (0, vec![0; 32]),
        };
        for event in events {
            count += 1;
            let record = Record {
                seq: count,
                kind: event.kind.name().to_owned(),
                number: event.order.as_ref().map(ToString::to_string),
                subject: event.subject.as_ref().map(ToString::to_string),
                actor: actor_text(&event.actor),
                at: event.at.0,
                day: i64::from(event.day.0),
                body: event.body.to_string(),
                evidence: event.evidence.as_ref().map(|e| Sha256::digest(e).to_vec()),
                prev,
            };
            let hash = record.hash();
            sqlx::query("INSERT INTO log(seq, kind, number, subject, actor, at, day, body, evidence, prev, hash) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)")
                .bind(record.seq)
                .bind(record.kind)
                .bind(record.number)
                .bind(record.subject)
                .bind(record.actor)
                .bind(record.at)
                .bind(record.day)
                .bind(record.body)
                .bind(record.evidence)
                .bind(record.prev)
                .bind(hash.clone())
                .execute(&mut *connection)
                .await
                .map_err(fault)?;
            if let Some(bytes) = &event.evidence {
                let sealed = self.seal(&format!("evidence|{count}"), bytes)?;
                sqlx::query("INSERT INTO evidence(seq, sealed) VALUES ($1, $2)")
                    .bind(count)
                    .bind(sealed)
                    .execute(&mut *connection)
                    .await
                    .map_err(fault)?;
            }
            prev = hash;
        }
        let mac = self.head_mac(count, &prev)?;
        sqlx::query("INSERT INTO head(one, count, hash, mac) VALUES (1, $1, $2, $3) ON CONFLICT(one) DO UPDATE SET count = $1, hash = $2, mac = $3")
            .bind(count)
            .bind(prev)
            .bind(mac)
            .execute(connection)
            .await
            .map_err(fault)?;
        Ok(())
    }

    /// An event as a timeline tells it.
    pub(crate) fn stored_event(&self, row: &SqliteRow) -> Result<StoredEvent, StoreError> {
        let seq = int(row, 0)?;
        let subject: Option<String> = row.try_get(2).map_err(fault)?;
        let sealed: Option<Vec<u8>> = row.try_get(6).map_err(fault)?;
        Ok(StoredEvent {
            seq: unsigned(seq),
            kind: serde_json::from_value(serde_json::Value::String(text(row, 1)?))
                .map_err(unreadable("event kind"))?,
            subject: subject
                .map(|s| MerchantRef::parse(&s).map_err(|_| StoreError::Corrupt(s)))
                .transpose()?,
            actor: serde_json::from_str(&text(row, 3)?).map_err(unreadable("event actor"))?,
            at: Timestamp(int(row, 4)?),
            body: serde_json::from_str(&text(row, 5)?).map_err(unreadable("event body"))?,
            evidence: match sealed.map(|s| self.unseal(&format!("evidence|{seq}"), &s)) {
                // The timeline is told without its evidence while the keys are locked.
                Some(Err(StoreError::Locked)) | None => None,
                Some(unsealed) => Some(unsealed?),
            },
        })
    }

    /// Walks the log from its first event to the sealed head.
    ///
    /// # Errors
    /// When the database cannot be read at all.
    pub async fn verify(&self) -> Result<VerifyReport, StoreError> {
        let mut reader = self.readers.take().await?;
        let mut transaction = reader.begin().await.map_err(fault)?;
        let head = self.head(&mut transaction).await?;
        let mut prev = vec![0; 32];
        let mut expected = 1_i64;
        let mut events = 0;
        let sealed_count = head.as_ref().map_or(0, |(h, _)| h.count);
        let found = |fault, events| {
            Ok(VerifyReport {
                events,
                fault: Some(fault),
            })
        };
        if let Some((head, mac)) = &head
            && self.head_mac(head.count, &head.hash)? != *mac
        {
            return found(LogFault::Head, events);
        }
        loop {
            let rows = sqlx::query(SELECT)
                .bind(expected - 1)
                .fetch_all(&mut *transaction)
                .await
                .map_err(fault)?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let (record, hash) = record(row)?;
                let seq = u64::try_from(record.seq).unwrap_or(0);
                let wanted = u64::try_from(expected).unwrap_or(0);
                if record.seq > sealed_count {
                    return found(LogFault::Inserted(seq), events);
                }
                if record.seq != expected {
                    return found(LogFault::Deleted(wanted), events);
                }
                if record.prev != prev || record.hash() != hash {
                    return found(LogFault::Changed(seq), events);
                }
                prev = hash;
                expected += 1;
                events += 1;
            }
        }
        if expected - 1 < sealed_count {
            return found(
                LogFault::Deleted(u64::try_from(expected).unwrap_or(0)),
                events,
            );
        }
        let fits = head.is_none_or(|(head, _)| head.hash == prev);
        Ok(VerifyReport {
            events,
            fault: (!fits).then_some(LogFault::Changed(events)),
        })
    }
}

fn actor_text(actor: &Actor) -> String {
    serde_json::to_string(actor).unwrap_or_default()
}
