//! From SQLite's codes to the store's errors; never by text.

use paydesk_desk::ports::StoreError;

/// Primary result codes (sqlite.org/rescode.html).
const BUSY: i64 = 5;
const LOCKED: i64 = 6;
const IOERR: i64 = 10;
const CORRUPT: i64 = 11;
const FULL: i64 = 13;
const CANTOPEN: i64 = 14;
const CONSTRAINT: i64 = 19;
const NOTADB: i64 = 26;

/// The store's error of a library error.
pub(crate) fn fault(error: sqlx::Error) -> StoreError {
    let code = error
        .as_database_error()
        .and_then(|e| e.code())
        .and_then(|c| c.parse::<i64>().ok());
    match code.map(|c| c & 0xff) {
        Some(BUSY | LOCKED) => StoreError::Busy,
        Some(FULL) => StoreError::Full,
        Some(CORRUPT | NOTADB) => StoreError::Corrupt(error.to_string()),
        Some(CONSTRAINT) => StoreError::Stale,
        Some(IOERR | CANTOPEN) => StoreError::Io(error.to_string()),
        Some(_) => StoreError::Io(error.to_string()),
        None => StoreError::Io(error.to_string()),
    }
}

/// Whether the disk failed: a read, a write, a sync, or no room.
pub(crate) fn is_of_the_disk(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|it| it.code());
    let code = code.and_then(|code| code.parse::<i64>().ok());
    code.is_some_and(|code| matches!(code & 0xff, IOERR | FULL | CANTOPEN))
}

/// A stored value that cannot be read.
pub(crate) fn unreadable(what: &str) -> impl Fn(serde_json::Error) -> StoreError {
    let what = what.to_owned();
    move |error| StoreError::Corrupt(format!("{what}: {error}"))
}
