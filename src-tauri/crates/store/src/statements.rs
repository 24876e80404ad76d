//! Bank statements: kept whole with the file they were read from, in one transaction. What names a payer is sealed.

use crate::{
    SqliteStore,
    bills::{json, packed, parsed, unpacked},
    damage::statement_digest,
    errors::{fault, unreadable},
    read::{int, text, unsigned},
};
use jiff::civil::Date;
use paydesk_desk::ports::{
    BankFile, BoxFuture, KeptLine, KeptStatement, LineName, NewStatement, NewStatements,
    StatementStore, StoreError,
};
use paydesk_domain::{BankLine, BankStatement, Currency, Money, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection, sqlite::SqliteRow};

/// Lines in one statement of SQL: seven values each, far below SQLite's limit of 32,766.
const LINES_AT_ONCE: usize = 1_000;

const STATEMENTS: &str = "SELECT s.id, s.account, s.content_sha256, s.layout, s.head, (SELECT count(*) FROM bank_lines l WHERE l.statement = s.id), (SELECT count(*) FROM bank_lines l WHERE l.statement = s.id AND l.told_statement IS NOT NULL), f.name, f.sha256, s.imported_at, s.by_name, (SELECT coalesce(sum(amount_minor), 0) FROM bank_lines l WHERE l.statement = s.id AND l.amount_minor > 0), (SELECT coalesce(sum(amount_minor), 0) FROM bank_lines l WHERE l.statement = s.id AND l.amount_minor < 0) FROM bank_statements s JOIN bank_files f ON f.id = s.file ORDER BY s.id DESC";

const LINES: &str = "SELECT statement, n, told_statement, told_n, sealed FROM bank_lines WHERE statement = $1 AND n >= $2 ORDER BY n LIMIT $3";

const LINES_BOOKED: &str = "SELECT l.statement, l.n, l.told_statement, l.told_n, l.sealed FROM bank_statements s JOIN bank_lines l ON l.statement = s.id WHERE s.account = $1 AND s.currency = $2 AND l.booked BETWEEN $3 AND $4 ORDER BY l.statement, l.n";

/// The log is all that tells of them: there are few.
const PAYOUT_DECISIONS: &str =
    "SELECT body FROM log WHERE number IS NULL AND kind = 'payout_decided' ORDER BY seq";

const FILE: &str = "SELECT f.id, f.name, f.sha256, f.encoding, f.packed FROM bank_files f JOIN bank_statements s ON s.file = f.id WHERE s.id = $1";

/// What a statement's file is sealed for.
pub(crate) fn place_of_file(file: i64) -> String {
    format!("bank file {file}")
}

/// What a line is sealed for.
pub(crate) fn place_of_line(statement: i64, n: i64) -> String {
    format!("bank line {statement}|{n}")
}

/// Opens the file of a statement.
pub(crate) fn opened_file(
    store: &SqliteStore,
    id: i64,
    sealed: &[u8],
) -> Result<Vec<u8>, StoreError> {
    unpacked(&store.unseal(&place_of_file(id), sealed)?)
}

fn kept(row: &SqliteRow) -> Result<KeptStatement, StoreError> {
    let head: BankStatement = parsed("bank statement", &text(row, 4)?)?;
    Ok(KeptStatement {
        money_in: Money::from_minor(int(row, 11)?, head.currency),
        money_out: Money::from_minor(int(row, 12)?, head.currency),
        id: int(row, 0)?,
        account: text(row, 1)?,
        content_sha256: text(row, 2)?,
        layout: text(row, 3)?,
        head,
        lines: unsigned(int(row, 5)?),
        told_before: unsigned(int(row, 6)?),
        file: text(row, 7)?,
        file_sha256: text(row, 8)?,
        imported_at: Timestamp(int(row, 9)?),
        by: text(row, 10)?,
    })
}

fn name(statement: i64, n: i64) -> Result<LineName, StoreError> {
    let n = u32::try_from(n).map_err(|_| StoreError::Corrupt("bank line: place".to_owned()))?;
    Ok(LineName { statement, n })
}

impl SqliteStore {
    fn kept_line(&self, row: &SqliteRow) -> Result<KeptLine, StoreError> {
        let name_of = name(int(row, 0)?, int(row, 1)?)?;
        let told: (Option<i64>, Option<i64>) = (
            row.try_get(2).map_err(fault)?,
            row.try_get(3).map_err(fault)?,
        );
        let told_before = match told {
            (Some(statement), Some(n)) => Some(name(statement, n)?),
            _ => None,
        };
        let sealed: Vec<u8> = row.try_get(4).map_err(fault)?;
        let place = place_of_line(name_of.statement, i64::from(name_of.n));
        let plain = self.unseal(&place, &sealed)?;
        let line = serde_json::from_slice(&plain).map_err(unreadable(&place))?;
        Ok(KeptLine {
            name: name_of,
            told_before,
            line,
        })
    }

    async fn write_statements(
        &self,
        mut new: NewStatements,
    ) -> Result<Vec<KeptStatement>, StoreError> {
        let mut writer = self.writer.take().await?;
        let mut transaction = self.writer.begin(&mut writer).await?;
        let newest = sqlx::query("SELECT coalesce(max(id), 0) FROM bank_statements")
            .fetch_one(&mut *transaction)
            .await
            .map_err(fault)?;
        if int(&newest, 0)? != new.compared_with {
            return Err(StoreError::Stale);
        }
        let file = self.write_bank_file(&mut transaction, &new.file).await?;
        let mut all = Vec::new();
        let mut digests = Vec::new();
        for statement in &new.statements {
            let at = (new.event.at, new.by.as_str());
            let kept = self
                .write_statement(&mut transaction, (file, &new.file), statement, at)
                .await?;
            // The log seals what is kept: nothing else tells what a bank said.
            digests.push(json!({
                "content_sha256": kept.content_sha256,
                "kept_sha256": statement_digest(&mut transaction, kept.id).await?,
                "lines": kept.lines,
                "told_before": kept.told_before,
            }));
            all.push(kept);
        }
        if let Some(body) = new.event.body.as_object_mut() {
            body.insert("statements".to_owned(), Value::Array(digests));
        }
        self.append_events(&mut transaction, std::slice::from_ref(&new.event))
            .await?;
        transaction
            .commit()
            .await
            .map_err(|error| self.writer.fault(error))?;
        Ok(all)
    }

    async fn write_bank_file(
        &self,
        connection: &mut SqliteConnection,
        file: &BankFile,
    ) -> Result<i64, StoreError> {
        let next = sqlx::query("SELECT coalesce(max(id), 0) + 1 FROM bank_files")
            .fetch_one(&mut *connection)
            .await
            .map_err(fault)?;
        let id = int(&next, 0)?;
        let sealed = self.seal(&place_of_file(id), &packed(&file.bytes)?)?;
        sqlx::query("INSERT INTO bank_files(id, name, sha256, encoding, packed) VALUES ($1, $2, $3, $4, $5)")
            .bind(id)
            .bind(file.name.clone())
            .bind(file.sha256.clone())
            .bind(file.encoding.clone())
            .bind(sealed)
            .execute(connection)
            .await
            .map_err(fault)?;
        Ok(id)
    }

    async fn write_statement(
        &self,
        connection: &mut SqliteConnection,
        (file_id, file): (i64, &BankFile),
        new: &NewStatement,
        (at, by): (Timestamp, &str),
    ) -> Result<KeptStatement, StoreError> {
        let head = BankStatement {
            lines: Vec::new(),
            ..new.statement.clone()
        };
        let lines = new.statement.lines.iter();
        let lines: Vec<String> = lines
            .map(|line| json("bank line", line))
            .collect::<Result<_, _>>()?;
        let mut lines_sha256 = LinesDigest::default();
        lines
            .iter()
            .for_each(|line| lines_sha256.add(line.as_bytes()));
        let row = sqlx::query(
            "INSERT INTO bank_statements(file, account, currency, is_final, day_from, day_to, content_sha256, layout, head, lines_sha256, imported_at, by_name) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12) RETURNING id",
        )
        .bind(file_id)
        .bind(new.account.clone())
        .bind(head.currency.code())
        .bind(i64::from(head.format.is_final()))
        .bind(head.from.map(|day| day.to_string()))
        .bind(head.to.map(|day| day.to_string()))
        .bind(new.content_sha256.clone())
        .bind(new.layout.clone())
        .bind(json("bank statement", &head)?)
        .bind(lines_sha256.end())
        .bind(at.0)
        .bind(by.to_owned())
        .fetch_one(&mut *connection)
        .await
        .map_err(fault)?;
        let id = int(&row, 0)?;
        let mut rows = Vec::new();
        for (n, (line, plain)) in (0_u32..).zip(new.statement.lines.iter().zip(&lines)) {
            let name = LineName { statement: id, n };
            let sealed = self.seal(&place_of_line(id, i64::from(n)), plain.as_bytes())?;
            let at = usize::try_from(n).unwrap_or(usize::MAX);
            let told = new.told_before.get(at).copied().flatten();
            rows.push((name, line, told, sealed));
            if rows.len() == LINES_AT_ONCE {
                write_lines(connection, std::mem::take(&mut rows)).await?;
            }
        }
        write_lines(connection, rows).await?;
        let told = new.told_before.iter().filter(|told| told.is_some());
        let sum = |wanted: fn(i64) -> bool| {
            let amounts = new.statement.lines.iter().map(|line| line.amount.minor());
            let sum = amounts
                .filter(|minor| wanted(*minor))
                .try_fold(0, i64::checked_add);
            sum.map(|minor| Money::from_minor(minor, head.currency))
                .ok_or_else(|| StoreError::Corrupt("bank statement: sum".to_owned()))
        };
        Ok(KeptStatement {
            id,
            account: new.account.clone(),
            content_sha256: new.content_sha256.clone(),
            layout: new.layout.clone(),
            lines: u64::try_from(lines.len()).unwrap_or(u64::MAX),
            told_before: u64::try_from(told.count()).unwrap_or(u64::MAX),
            money_in: sum(|minor| minor > 0)?,
            money_out: sum(|minor| minor < 0)?,
            head,
            file: file.name.clone(),
            file_sha256: file.sha256.clone(),
            imported_at: at,
            by: by.to_owned(),
        })
    }
}

/// A digest over the lines of a statement, as they are before they are sealed.
#[derive(Default)]
pub(crate) struct LinesDigest(Sha256);

impl LinesDigest {
    pub(crate) fn add(&mut self, line: &[u8]) {
        self.0.update(line);
        self.0.update("\n");
    }

    pub(crate) fn end(self) -> String {
        paydesk_signing::hex(&self.0.finalize())
    }
}

type SealedLine<'l> = (LineName, &'l BankLine, Option<LineName>, Vec<u8>);

async fn write_lines(
    connection: &mut SqliteConnection,
    rows: Vec<SealedLine<'_>>,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Sqlite>::new(
        "INSERT INTO bank_lines(statement, n, booked, amount_minor, told_statement, told_n, sealed) ",
    );
    query.push_values(rows, |mut values, (name, line, told, sealed)| {
        values
            .push_bind(name.statement)
            .push_bind(i64::from(name.n))
            .push_bind(line.booked.to_string())
            .push_bind(line.amount.minor())
            .push_bind(told.map(|told| told.statement))
            .push_bind(told.map(|told| i64::from(told.n)))
            .push_bind(sealed);
    });
    query.build().execute(connection).await.map_err(fault)?;
    Ok(())
}

impl StatementStore for SqliteStore {
    fn import_statements(
        &self,
        new: NewStatements,
    ) -> BoxFuture<'_, Result<Vec<KeptStatement>, StoreError>> {
        Box::pin(self.write_statements(new))
    }

    fn statements(&self) -> BoxFuture<'_, Result<Vec<KeptStatement>, StoreError>> {
        Box::pin(async move {
            let rows = sqlx::query(STATEMENTS)
                .fetch_all(&mut *self.readers.take().await?)
                .await
                .map_err(fault)?;
            rows.iter().map(kept).collect()
        })
    }

    fn statement_lines(
        &self,
        statement: i64,
        from: u32,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<KeptLine>, StoreError>> {
        Box::pin(async move {
            let rows = sqlx::query(LINES)
                .bind(statement)
                .bind(i64::from(from))
                .bind(i64::from(limit))
                .fetch_all(&mut *self.readers.take().await?)
                .await
                .map_err(fault)?;
            rows.iter().map(|row| self.kept_line(row)).collect()
        })
    }

    fn bank_lines<'a>(
        &'a self,
        account: &'a str,
        currency: Currency,
        from: Date,
        to: Date,
    ) -> BoxFuture<'a, Result<Vec<KeptLine>, StoreError>> {
        Box::pin(async move {
            let rows = sqlx::query(LINES_BOOKED)
                .bind(account.to_owned())
                .bind(currency.code())
                .bind(from.to_string())
                .bind(to.to_string())
                .fetch_all(&mut *self.readers.take().await?)
                .await
                .map_err(fault)?;
            rows.iter().map(|row| self.kept_line(row)).collect()
        })
    }

    fn payout_decisions(&self) -> BoxFuture<'_, Result<Vec<Value>, StoreError>> {
        Box::pin(async move {
            let rows = sqlx::query(PAYOUT_DECISIONS)
                .fetch_all(&mut *self.readers.take().await?)
                .await
                .map_err(fault)?;
            let body = |row: &SqliteRow| {
                serde_json::from_str(&text(row, 0)?).map_err(unreadable("event body"))
            };
            rows.iter().map(body).collect()
        })
    }

    fn statement_file(
        &self,
        statement: i64,
    ) -> BoxFuture<'_, Result<Option<BankFile>, StoreError>> {
        Box::pin(async move {
            let row = sqlx::query(FILE)
                .bind(statement)
                .fetch_optional(&mut *self.readers.take().await?)
                .await
                .map_err(fault)?;
            let Some(row) = row else { return Ok(None) };
            let sealed: Vec<u8> = row.try_get(4).map_err(fault)?;
            Ok(Some(BankFile {
                name: text(&row, 1)?,
                sha256: text(&row, 2)?,
                encoding: text(&row, 3)?,
                bytes: opened_file(self, int(&row, 0)?, &sealed)?.into(),
            }))
        })
    }
}
