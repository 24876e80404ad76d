//! Tables and migrations: forward only, the file is copied before, a newer database is refused.

use crate::{errors::fault, words};
use paydesk_desk::ports::StoreError;
use sqlx::{Row, SqlitePool};
use std::path::Path;

/// Every migration, in order; `user_version` counts those that ran.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001.sql"),
    include_str!("../migrations/0002.sql"),
    include_str!("../migrations/0003.sql"),
    include_str!("../migrations/0004.sql"),
    include_str!("../migrations/0005.sql"),
];

/// The migration that made the index of words, which SQL alone cannot fill.
const WORDS: i64 = 2;

pub(crate) async fn migrate(pool: &SqlitePool, file: &Path) -> Result<(), StoreError> {
    let found: i64 = sqlx::query("PRAGMA user_version")
        .fetch_one(pool)
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
            let copy = file.with_extension(format!("before-v{version}.db"));
            sqlx::query("VACUUM INTO $1")
                .bind(copy.to_string_lossy().into_owned())
                .execute(pool)
                .await
                .map_err(fault)?;
        }
        let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.map_err(fault)?;
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
