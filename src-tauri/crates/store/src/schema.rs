//! Tables and migrations: forward only, the file is copied before, a newer database is refused.

use crate::{errors::fault, words};
use paydesk_desk::ports::StoreError;
use sqlx::{Connection, Row, SqliteConnection};
use std::path::Path;

/// Every migration, in order; `user_version` counts those that ran.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001.sql"),
    include_str!("../migrations/0002.sql"),
    include_str!("../migrations/0003.sql"),
    include_str!("../migrations/0004.sql"),
    include_str!("../migrations/0005.sql"),
    include_str!("../migrations/0006.sql"),
    include_str!("../migrations/0007.sql"),
    include_str!("../migrations/0008.sql"),
    include_str!("../migrations/0009.sql"),
    include_str!("../migrations/0010.sql"),
    include_str!("../migrations/0011.sql"),
    include_str!("../migrations/0012.sql"),
    include_str!("../migrations/0013.sql"),
    include_str!("../migrations/0014.sql"),
];

/// More crashes in one migration than this are no accident.
const COPIES_MAX: u32 = 100;

/// The migration that made the index of words, which SQL alone cannot fill.
const WORDS: i64 = 2;

pub(crate) async fn migrate(
    connection: &mut SqliteConnection,
    file: &Path,
) -> Result<(), StoreError> {
    let found: i64 = sqlx::query("PRAGMA user_version")
        .fetch_one(&mut *connection)
        .await
        .map_err(fault)?
        .try_get(0)
        .map_err(fault)?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    for (at, sql) in MIGRATIONS.iter().enumerate() {
        let version = i64::try_from(at).unwrap_or(i64::MAX) + 1;
        if version <= found {
            continue;
        }
        if found > 0 {
            copy_before(connection, file, version).await?;
        }
        let mut transaction = connection
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(fault)?;
        let raced: i64 = sqlx::query("PRAGMA user_version")
            .fetch_one(&mut *transaction)
            .await
            .map_err(fault)?
            .try_get(0)
            .map_err(fault)?;
        if raced < version {
            sqlx::raw_sql(*sql)
                .execute(&mut *transaction)
                .await
                .map_err(fault)?;
            if version == WORDS {
                words::fill(&mut transaction).await?;
            }
        }
        transaction.commit().await.map_err(fault)?;
    }
    Ok(())
}

/// Every table and index, in an empty database.
pub(crate) async fn make(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    for sql in MIGRATIONS {
        sqlx::raw_sql(*sql)
            .execute(&mut *connection)
            .await
            .map_err(fault)?;
    }
    Ok(())
}

/// Copies the file before it is changed. A copy that a crash left half written stands in the way of the
/// next: that one gets a number, and the highest number is the whole one.
async fn copy_before(
    connection: &mut SqliteConnection,
    file: &Path,
    version: i64,
) -> Result<(), StoreError> {
    let mut refused = None;
    for number in 1..=COPIES_MAX {
        let name = match number {
            1 => format!("before-v{version}.db"),
            _ => format!("before-v{version}-{number}.db"),
        };
        let copied = sqlx::query("VACUUM INTO $1")
            .bind(file.with_extension(name).to_string_lossy().into_owned())
            .execute(&mut *connection)
            .await;
        match copied {
            Ok(_) => return Ok(()),
            // The plain error is all that tells of a file that is there.
            Err(error) if is_plain(&error) => refused = Some(error),
            Err(error) => return Err(fault(error)),
        }
    }
    refused.map_or(Ok(()), |error| Err(fault(error)))
}

fn is_plain(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code == "1")
}
