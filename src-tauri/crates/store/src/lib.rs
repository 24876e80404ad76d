//! The store: SQLite through sqlx. Event log with a hash chain, projections, the resolver's list, search.
//! One method is one transaction; decides nothing about payments.

mod bills;
mod booked;
mod chain;
mod closes;
mod damage;
mod drawer;
mod errors;
mod files;
mod flows;
#[cfg(feature = "generate")]
mod generate;
mod lane;
mod list;
mod parts;
mod pieces;

mod projections;
mod read;
mod schema;
mod search;
mod statements;
mod takings;
#[cfg(test)]
mod testing;
mod wal;
mod words;
mod work;
mod worklist;
mod write;
#[cfg(feature = "generate")]
mod wrong_rows;

pub use chain::{LogFault, VerifyReport};
pub use files::{Files, SystemFiles};
pub use projections::RebuildReport;
#[cfg(feature = "generate")]
pub use wrong_rows::{WRONG_ROWS, WrongRow};

use errors::fault;
use lane::Lane;
use paydesk_desk::ports::{Device, Ids, StoreError};
use paydesk_domain::{DEVICE_ALPHABET, Timestamp};
use paydesk_signing::{
    KeyError, SealingKey,
    mutants::{Mutant, planted},
};
use sqlx::{
    Row, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicU8},
    time::Duration,
};
use wal::Wal;

/// Gives the key of sealed fields and of the log's head whenever it is at hand.
///
/// A store opens without it: lists and open payments are there, and whatever needs the key says `Locked`.
pub type DataKey = Arc<dyn Fn() -> Result<Arc<SealingKey>, KeyError> + Send + Sync>;

/// A key that is always at hand.
#[must_use]
pub fn at_hand(key: Arc<SealingKey>) -> DataKey {
    Arc::new(move || Ok(Arc::clone(&key)))
}

/// How to open a store.
pub struct StoreOptions {
    /// The database file.
    pub file: PathBuf,
    /// The key of sealed fields and of the log's head.
    pub key: DataKey,
    /// Randomness for nonces and the device id.
    pub ids: Arc<dyn Ids>,
    /// Now.
    pub now: Timestamp,
    /// Where the file lives.
    pub files: Arc<dyn Files>,
    /// Connections that read.
    pub readers: u32,
}

/// A store over one SQLite file.
pub struct SqliteStore {
    writer: Lane,
    readers: Lane,
    place: booked::Place,
    key: DataKey,
    ids: Arc<dyn Ids>,
    device: Device,
    /// The epoch that this process began last; another one's is read when a number is drawn.
    epoch: AtomicU8,
}

/// Another program may hold the database this long before we say so.
const BUSY: Duration = Duration::from_secs(5);

/// The first SQLite without the WAL-reset corruption.
const SQLITE_MIN: (u32, u32, u32) = (3, 51, 3);

impl SqliteStore {
    /// Opens or makes the database.
    ///
    /// # Errors
    /// `NewerSchema`, `Corrupt`, `Busy`, `Full`, `Io`; nothing was changed.
    pub async fn open(options: StoreOptions) -> Result<SqliteStore, StoreError> {
        let connect = connect_options(&options);
        let wal = Wal::of(&options);
        let writer = Lane::open(1, connect.clone(), Some(wal)).await?;
        let mut first = writer.take().await?;
        check_version(&mut first).await?;
        schema::migrate(&mut first, &options.file).await?;
        check_durability(&mut first).await?;
        let device = device(&mut first, options.ids.as_ref()).await?;
        drop(first);
        let readers = Lane::open(
            usize::try_from(options.readers.max(1)).unwrap_or(1),
            connect.read_only(true).create_if_missing(false),
            None,
        )
        .await?;
        Ok(SqliteStore {
            writer,
            readers,
            place: booked::Place {
                vfs: options.files.vfs().map(str::to_owned),
                file: options.file,
            },
            key: options.key,
            ids: options.ids,
            epoch: AtomicU8::new(device.epoch),
            device,
        })
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    fn key(&self) -> Result<Arc<SealingKey>, StoreError> {
        (self.key)().map_err(|_| StoreError::Locked)
    }

    fn nonce(&self) -> [u8; 12] {
        let random = if planted(Mutant::NonceFromSystem) {
            rand::random()
        } else {
            self.ids.nonce()
        };
        let mut nonce = [0; 12];
        for (to, from) in nonce.iter_mut().zip(random) {
            *to = from;
        }
        nonce
    }

    fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let sealed = self.key()?.seal(self.nonce(), place.as_bytes(), plain);
        sealed.map_err(|_| StoreError::Corrupt(format!("{place} cannot be sealed")))
    }

    fn unseal(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let plain = self.key()?.open(place.as_bytes(), sealed);
        plain.map_err(|_| StoreError::Corrupt(format!("{place} cannot be opened")))
    }
}

fn connect_options(options: &StoreOptions) -> SqliteConnectOptions {
    let connect = SqliteConnectOptions::new()
        .filename(&options.file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous())
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .pragma("temp_store", "MEMORY");
    let connect = sqlx::ConnectOptions::disable_statement_logging(connect);
    match options.files.vfs() {
        Some(vfs) => connect.vfs(vfs.to_owned()),
        None => connect,
    }
}

/// A commit that was told must survive a power cut.
fn synchronous() -> SqliteSynchronous {
    if planted(Mutant::NormalSync) {
        return SqliteSynchronous::Normal;
    }
    if planted(Mutant::NoSync) {
        return SqliteSynchronous::Off;
    }
    SqliteSynchronous::Full
}

async fn check_version(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let row = sqlx::query("SELECT sqlite_version()")
        .fetch_one(&mut *connection)
        .await
        .map_err(fault)?;
    let text: String = row.try_get(0).map_err(fault)?;
    let mut parts = text.split('.').map(|p| p.parse::<u32>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    if (next(), next(), next()) < SQLITE_MIN {
        return Err(StoreError::Io(format!(
            "SQLite {text} can corrupt a shared database; 3.51.3 or newer is needed"
        )));
    }
    Ok(())
}

/// The file may refuse what was asked for.
async fn check_durability(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    if planted(Mutant::NormalSync) || planted(Mutant::NoSync) {
        return Ok(());
    }
    let mode: String = sqlx::query("PRAGMA journal_mode")
        .fetch_one(&mut *connection)
        .await
        .map_err(fault)?
        .try_get(0)
        .map_err(fault)?;
    let sync: i64 = sqlx::query("PRAGMA synchronous")
        .fetch_one(&mut *connection)
        .await
        .map_err(fault)?
        .try_get(0)
        .map_err(fault)?;
    if mode.eq_ignore_ascii_case("wal") && sync == 2 {
        return Ok(());
    }
    Err(StoreError::Io(format!(
        "journal_mode {mode}, synchronous {sync}: this folder cannot keep commits"
    )))
}

async fn device(connection: &mut SqliteConnection, ids: &dyn Ids) -> Result<Device, StoreError> {
    let letter = |b: &u8| {
        DEVICE_ALPHABET
            .get(usize::from(*b % 32))
            .copied()
            .map(char::from)
    };
    let drawn = if planted(Mutant::DeviceIsTheSame) {
        [0; 16]
    } else {
        ids.nonce()
    };
    let drawn: String = drawn.iter().take(4).filter_map(letter).collect();
    sqlx::query("INSERT INTO meta(key, value) VALUES ('device', $1), ('epoch', '0') ON CONFLICT(key) DO NOTHING")
        .bind(drawn)
        .execute(&mut *connection)
        .await
        .map_err(fault)?;
    let epoch = meta(connection, "epoch")
        .await?
        .parse()
        .map_err(|_| StoreError::Corrupt("epoch".to_owned()))?;
    Ok(Device {
        id: meta(connection, "device").await?,
        epoch,
    })
}

async fn meta(connection: &mut SqliteConnection, key: &'static str) -> Result<String, StoreError> {
    let row = sqlx::query("SELECT value FROM meta WHERE key = $1")
        .bind(key)
        .fetch_one(connection)
        .await
        .map_err(fault)?;
    row.try_get(0).map_err(fault)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use paydesk_desk::ports::{Actor, EventKind, NewEvent, Store};
    use paydesk_domain::BusinessDay;

    fn event(text: &str) -> NewEvent {
        NewEvent {
            kind: EventKind::SettingsChanged,
            order: None,
            subject: None,
            actor: Actor::Operator("收银员 1".to_owned()),
            at: Timestamp(1),
            day: BusinessDay(20_261_121),
            body: serde_json::json!({ "after": { "settings": { "filler": text } } }),
            evidence: None,
        }
    }

    #[tokio::test]
    async fn a_full_disk_refuses_the_write_and_loses_nothing() {
        let store = testing::store("full").await;
        store.append(vec![event("before")]).await.unwrap();
        // The smallest limit SQLite accepts is the size it has. It belongs to the connection, which is
        // given up after the refusal: from then on there is room again.
        let limit = "PRAGMA max_page_count = 1";
        sqlx::raw_sql(limit)
            .execute(&mut *store.writer.take().await.unwrap())
            .await
            .unwrap();
        let refused = store.append(vec![event(&"x".repeat(1 << 20))]).await;
        assert!(matches!(refused, Err(StoreError::Full)), "{refused:?}");
        assert_eq!(store.verify().await.unwrap().events, 1);
        store.append(vec![event("after")]).await.unwrap();
        let report = store.verify().await.unwrap();
        assert_eq!((report.events, report.fault), (2, None));
        assert!(store.rebuild().await.unwrap().differences.is_empty());
    }
}
