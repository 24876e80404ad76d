//! Whether the file still says what was written: its structure and schema, its sealed parts, and what the log
//! alone does not tell. With `verify` and `rebuild` it answers for the whole file; changes nothing.
//!
//! Left out by reason: `work.asked` and `work.lease_until` only save work, and every start plans them anew; an
//! epoch that is too high draws other numbers, never the same again; days before the last one in `counter`.

use crate::{
    SqliteStore,
    bills::place_of_file,
    errors::{fault, unreadable},
    meta,
    read::{int, text},
    schema, statements,
};
use paydesk_desk::ports::StoreError;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions, sqlite::SqliteRow};
use std::collections::BTreeMap;

/// Rows looked at in one statement.
const AT_ONCE: i64 = 1_000;

/// What an index does not hold is found too; so many complaints are enough.
const STRUCTURE: &str = "PRAGMA integrity_check(10)";

const STRAYS: &str = "PRAGMA foreign_key_check";

/// Statistics are the library's own.
const SCHEMA: &str = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name";

const EVIDENCE: &str = "SELECT l.seq, l.evidence, e.sealed FROM log l LEFT JOIN evidence e ON e.seq = l.seq WHERE l.seq > $1 AND l.evidence IS NOT NULL ORDER BY l.seq LIMIT $2";

const EVIDENCE_OF_NOTHING: &str = "SELECT count(*) FROM evidence e WHERE NOT EXISTS (SELECT 1 FROM log l WHERE l.seq = e.seq AND l.evidence IS NOT NULL)";

const SEALED: &str = "SELECT subject, name, sealed FROM sealed WHERE (subject, name) > ($1, $2) ORDER BY subject, name LIMIT $3";

/// Everything of one kept bill as text, in one order.
const BILL_PARTS: [&str; 4] = [
    "SELECT concat_ws(',', quote(account), quote(channel), quote(day), quote(kind), quote(content_sha256), quote(origin), quote(imported_at), quote(by_name), quote(summary)) FROM bills WHERE id = $1",
    "SELECT concat_ws(',', quote(row), quote(kind), quote(payment), quote(refund), quote(channel_ref), quote(currency), quote(amount_minor), quote(fee_minor), quote(at), quote(state), quote(matched), quote(differs)) FROM bill_lines WHERE bill = $1 ORDER BY row",
    "SELECT concat_ws(',', quote(n), quote(code), quote(value)) FROM differences WHERE bill = $1 ORDER BY n",
    // The packed file itself is sealed.
    "SELECT concat_ws(',', quote(name), quote(sha256)) FROM bill_files WHERE bill = $1 \
     UNION ALL SELECT concat_ws(',', quote(lines), quote(places), quote(hours)) FROM bill_layouts WHERE bill = $1",
];

/// Everything of one kept bank statement as text, in one order. Lines and the packed file are sealed.
const STATEMENT_PARTS: [&str; 3] = [
    "SELECT concat_ws(',', quote(account), quote(currency), quote(is_final), quote(day_from), quote(day_to), quote(content_sha256), quote(layout), quote(head), quote(lines_sha256), quote(imported_at), quote(by_name)) FROM bank_statements WHERE id = $1",
    "SELECT concat_ws(',', quote(n), quote(booked), quote(amount_minor), quote(told_statement), quote(told_n)) FROM bank_lines WHERE statement = $1 ORDER BY n",
    "SELECT concat_ws(',', quote(f.name), quote(f.sha256), quote(f.encoding)) FROM bank_files f JOIN bank_statements s ON s.file = f.id WHERE s.id = $1",
];

const STATEMENTS: &str = "SELECT id, content_sha256, lines_sha256 FROM bank_statements ORDER BY id";

const STATEMENT_LINES: &str =
    "SELECT n, sealed FROM bank_lines WHERE statement = $1 AND n > $2 ORDER BY n LIMIT $3";

const STATEMENT_EVENTS: &str =
    "SELECT body FROM log WHERE number IS NULL AND kind = 'statement_imported' ORDER BY seq";

/// One at a time: each may be as large as a statement.
const BANK_FILES: &str =
    "SELECT id, sha256, packed FROM bank_files WHERE id > $1 ORDER BY id LIMIT 1";

/// One at a time: each may be as large as a bill.
const BILL_FILES: &str =
    "SELECT bill, packed, sha256 FROM bill_files WHERE bill > $1 ORDER BY bill LIMIT 1";

const BILLS: &str = "SELECT id, account, content_sha256 FROM bills ORDER BY id";

const BILL_EVENTS: &str = "SELECT body FROM log WHERE number IS NULL AND kind IN ('bill_imported', 'bill_compared') ORDER BY seq";

/// Devices and last day in the order numbers: mode, device, epoch, day, place, check character.
const NUMBERS: &str = "SELECT DISTINCT substr(number, 2, 4) FROM orders";

const LAST_DAYS: &str = "SELECT coalesce((SELECT max(day) FROM counter), 0) % 1000000, coalesce(CAST((SELECT max(substr(number, 7, 6)) FROM orders) AS INTEGER), 0)";

/// What the log keeps of a bill. Before bills were sealed there was no digest.
#[derive(Deserialize)]
struct Imported {
    account: String,
    content_sha256: String,
    kept_sha256: Option<String>,
}

/// What the log keeps of the statements of a bank's file.
#[derive(Deserialize)]
struct ImportedFile {
    statements: Vec<ImportedStatement>,
}

/// What the log keeps of one of them.
#[derive(Deserialize)]
struct ImportedStatement {
    content_sha256: String,
    kept_sha256: String,
}

/// A digest over everything that is kept of a bill.
pub(crate) async fn bill_digest(
    connection: &mut SqliteConnection,
    bill: i64,
) -> Result<String, StoreError> {
    digest_of(connection, &BILL_PARTS, bill).await
}

/// A digest over everything that is kept of a bank statement; what its lines say is in it by its own digest.
pub(crate) async fn statement_digest(
    connection: &mut SqliteConnection,
    statement: i64,
) -> Result<String, StoreError> {
    digest_of(connection, &STATEMENT_PARTS, statement).await
}

/// A digest over parts of what is kept under a number.
pub(crate) async fn digest_of(
    connection: &mut SqliteConnection,
    parts: &[&'static str],
    id: i64,
) -> Result<String, StoreError> {
    let mut digest = Sha256::new();
    for part in parts {
        let rows = sqlx::query(*part)
            .bind(id)
            .fetch_all(&mut *connection)
            .await
            .map_err(fault)?;
        for row in &rows {
            digest.update(text(row, 0)?);
            digest.update("\n");
        }
        digest.update("\n");
    }
    Ok(paydesk_signing::hex(&digest.finalize()))
}

async fn texts(
    connection: &mut SqliteConnection,
    sql: &'static str,
) -> Result<Vec<SqliteRow>, StoreError> {
    let rows = sqlx::query(sql).fetch_all(connection).await;
    rows.map_err(fault)
}

/// The schema of a new file.
async fn schema_of_new() -> Result<Vec<[String; 4]>, StoreError> {
    let options = SqliteConnectOptions::new().in_memory(true);
    let mut connection = SqliteConnection::connect_with(&options)
        .await
        .map_err(fault)?;
    schema::make(&mut connection).await?;
    let schema = schema_of(&mut connection).await;
    connection.close().await.map_err(fault)?;
    schema
}

async fn schema_of(connection: &mut SqliteConnection) -> Result<Vec<[String; 4]>, StoreError> {
    let rows = texts(connection, SCHEMA).await?;
    let entry = |row: &SqliteRow| Ok([text(row, 0)?, text(row, 1)?, text(row, 2)?, text(row, 3)?]);
    rows.iter().map(entry).collect()
}

impl SqliteStore {
    /// Looks for damage that neither walking the log nor rebuilding from it would find. Each is named.
    ///
    /// # Errors
    /// When the database cannot be read at all; `Locked` without the keys.
    pub async fn examine(&self) -> Result<Vec<String>, StoreError> {
        let mut damage = Vec::new();
        let mut reader = self.readers.take().await?;
        let mut transaction = reader.begin().await.map_err(fault)?;
        let connection = &mut *transaction;
        structure(connection, &mut damage).await?;
        if schema_of(connection).await? != schema_of_new().await? {
            damage.push("file: its tables are not those of this program".to_owned());
        }
        self.evidence(connection, &mut damage).await?;
        self.sealed_fields(connection, &mut damage).await?;
        bills(connection, &mut damage).await?;
        self.bill_files(connection, &mut damage).await?;
        self.examine_flows(connection, &mut damage).await?;
        self.bank_statements(connection, &mut damage).await?;
        self.bank_files(connection, &mut damage).await?;
        numbers(connection, &mut damage).await?;
        Ok(damage)
    }

    /// Evidence is there, opens, and is what the log says.
    async fn evidence(
        &self,
        connection: &mut SqliteConnection,
        damage: &mut Vec<String>,
    ) -> Result<(), StoreError> {
        let mut after = 0;
        loop {
            let rows = sqlx::query(EVIDENCE)
                .bind(after)
                .bind(AT_ONCE)
                .fetch_all(&mut *connection)
                .await
                .map_err(fault)?;
            for row in &rows {
                after = int(row, 0)?;
                let hash: Vec<u8> = row.try_get(1).map_err(fault)?;
                let sealed: Option<Vec<u8>> = row.try_get(2).map_err(fault)?;
                let place = format!("evidence|{after}");
                let opened = match sealed.map(|sealed| self.unseal(&place, &sealed)) {
                    Some(Err(StoreError::Locked)) => return Err(StoreError::Locked),
                    Some(Ok(opened)) => Some(opened),
                    Some(Err(_)) | None => None,
                };
                if opened.is_none_or(|opened| Sha256::digest(opened).as_slice() != hash) {
                    damage.push(format!("evidence of event {after}"));
                }
            }
            if rows.is_empty() {
                break;
            }
        }
        let strays = texts(connection, EVIDENCE_OF_NOTHING).await?;
        for row in &strays {
            if int(row, 0)? > 0 {
                damage.push("evidence of no event".to_owned());
            }
        }
        Ok(())
    }

    /// Files of bills open where they stand.
    async fn bill_files(
        &self,
        connection: &mut SqliteConnection,
        damage: &mut Vec<String>,
    ) -> Result<(), StoreError> {
        let mut after = 0;
        while let Some(row) = sqlx::query(BILL_FILES)
            .bind(after)
            .fetch_optional(&mut *connection)
            .await
            .map_err(fault)?
        {
            after = int(&row, 0)?;
            let sealed: Vec<u8> = row.try_get(1).map_err(fault)?;
            let opened = if sealed.is_empty() {
                self.key()?;
                self.whole_pieces(connection, after, &text(&row, 2)?).await
            } else {
                self.unseal(&place_of_file(after), &sealed).map(|_| ())
            };
            match opened {
                Ok(()) => {}
                Err(StoreError::Locked) => return Err(StoreError::Locked),
                Err(_) => damage.push(format!("file of bill {after}")),
            }
        }
        Ok(())
    }

    /// Every bank statement has its event, is still the one that was sealed there, and its lines open.
    async fn bank_statements(
        &self,
        connection: &mut SqliteConnection,
        damage: &mut Vec<String>,
    ) -> Result<(), StoreError> {
        let mut imported = BTreeMap::new();
        for row in &texts(connection, STATEMENT_EVENTS).await? {
            let event: ImportedFile =
                serde_json::from_str(&text(row, 0)?).map_err(unreadable("event body"))?;
            let statements = event.statements.into_iter();
            imported.extend(statements.map(|it| (it.content_sha256, it.kept_sha256)));
        }
        for row in &texts(connection, STATEMENTS).await? {
            let id = int(row, 0)?;
            let kept = statement_digest(connection, id).await?;
            let sealed = imported.remove(&text(row, 1)?);
            let lines = self.lines_of_statement(connection, id).await?;
            if sealed.as_ref() != Some(&kept) || lines != Some(text(row, 2)?) {
                damage.push(format!("bank statement {id}"));
            }
        }
        damage.extend(
            imported
                .keys()
                .map(|_| "a bank statement is gone".to_owned()),
        );
        Ok(())
    }

    /// The digest of a statement's lines; `None` where one does not open.
    async fn lines_of_statement(
        &self,
        connection: &mut SqliteConnection,
        statement: i64,
    ) -> Result<Option<String>, StoreError> {
        let (mut after, mut lines) = (-1, statements::LinesDigest::default());
        loop {
            let rows = sqlx::query(STATEMENT_LINES)
                .bind(statement)
                .bind(after)
                .bind(AT_ONCE)
                .fetch_all(&mut *connection)
                .await
                .map_err(fault)?;
            for row in &rows {
                after = int(row, 0)?;
                let sealed: Vec<u8> = row.try_get(1).map_err(fault)?;
                match self.unseal(&statements::place_of_line(statement, after), &sealed) {
                    Ok(line) => lines.add(&line),
                    Err(StoreError::Locked) => return Err(StoreError::Locked),
                    Err(_) => return Ok(None),
                }
            }
            if rows.is_empty() {
                return Ok(Some(lines.end()));
            }
        }
    }

    /// Files of statements open where they stand, and are those that came.
    async fn bank_files(
        &self,
        connection: &mut SqliteConnection,
        damage: &mut Vec<String>,
    ) -> Result<(), StoreError> {
        let mut after = 0;
        while let Some(row) = sqlx::query(BANK_FILES)
            .bind(after)
            .fetch_optional(&mut *connection)
            .await
            .map_err(fault)?
        {
            after = int(&row, 0)?;
            let sealed: Vec<u8> = row.try_get(2).map_err(fault)?;
            let opened = match statements::opened_file(self, after, &sealed) {
                Err(StoreError::Locked) => return Err(StoreError::Locked),
                opened => opened.ok(),
            };
            let stated = text(&row, 1)?;
            let is_same = |bytes: Vec<u8>| paydesk_signing::hex(&Sha256::digest(bytes)) == stated;
            if !opened.is_some_and(is_same) {
                damage.push(format!("file of bank statements {after}"));
            }
        }
        Ok(())
    }

    /// Sealed fields open where they stand.
    async fn sealed_fields(
        &self,
        connection: &mut SqliteConnection,
        damage: &mut Vec<String>,
    ) -> Result<(), StoreError> {
        let (mut subject, mut name) = (String::new(), String::new());
        loop {
            let rows = sqlx::query(SEALED)
                .bind(subject.clone())
                .bind(name.clone())
                .bind(AT_ONCE)
                .fetch_all(&mut *connection)
                .await
                .map_err(fault)?;
            for row in &rows {
                (subject, name) = (text(row, 0)?, text(row, 1)?);
                let sealed: Vec<u8> = row.try_get(2).map_err(fault)?;
                match self.unseal(&format!("sealed|{subject}|{name}"), &sealed) {
                    Ok(_) => {}
                    Err(StoreError::Locked) => return Err(StoreError::Locked),
                    Err(_) => damage.push(format!("sealed {name} of {subject}")),
                }
            }
            if rows.is_empty() {
                return Ok(());
            }
        }
    }
}

async fn structure(
    connection: &mut SqliteConnection,
    damage: &mut Vec<String>,
) -> Result<(), StoreError> {
    for row in &texts(connection, STRUCTURE).await? {
        let said = text(row, 0)?;
        if said != "ok" {
            damage.push(format!("file: {said}"));
        }
    }
    for row in &texts(connection, STRAYS).await? {
        damage.push(format!(
            "file: a row of {} belongs to nothing",
            text(row, 0)?
        ));
    }
    Ok(())
}

/// Every bill has its event, and is still the bill that was sealed there.
async fn bills(
    connection: &mut SqliteConnection,
    damage: &mut Vec<String>,
) -> Result<(), StoreError> {
    let mut imported = BTreeMap::new();
    for row in &texts(connection, BILL_EVENTS).await? {
        let event: Imported =
            serde_json::from_str(&text(row, 0)?).map_err(unreadable("event body"))?;
        imported.insert((event.account, event.content_sha256), event.kept_sha256);
    }
    for row in &texts(connection, BILLS).await? {
        let id = int(row, 0)?;
        let kept = bill_digest(connection, id).await?;
        let sealed = imported.remove(&(text(row, 1)?, text(row, 2)?));
        // Without a digest: imported before bills were sealed.
        if sealed.is_none_or(|sealed| sealed.is_some_and(|sealed| sealed != kept)) {
            damage.push(format!("bill {id}"));
        }
    }
    let gone = imported.into_keys();
    damage.extend(gone.map(|(account, _)| format!("a bill of {account} is gone")));
    Ok(())
}

/// New numbers go on where the old ones end: the same device, no earlier day and none that never was.
async fn numbers(
    connection: &mut SqliteConnection,
    damage: &mut Vec<String>,
) -> Result<(), StoreError> {
    let device = meta(connection, "device").await?;
    for row in &texts(connection, NUMBERS).await? {
        let drew = text(row, 0)?;
        if drew != device {
            damage.push(format!("device: {drew} drew numbers, not {device}"));
        }
    }
    for row in &texts(connection, LAST_DAYS).await? {
        let (counted, drawn) = (int(row, 0)?, int(row, 1)?);
        if counted != drawn {
            damage.push(format!("last day of numbers: {counted}, not {drawn}"));
        }
    }
    Ok(())
}
