//! A store in a folder of its own, and how SQLite would answer a query; for this crate's tests.
#![allow(clippy::unwrap_used, reason = "tests")]

use crate::{SqliteStore, StoreOptions, SystemFiles};
use paydesk_desk::ports::Ids;
use paydesk_domain::Timestamp;
use paydesk_signing::SealingKey;
use sqlx::{QueryBuilder, Row, Sqlite};
use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

struct CountedIds(AtomicU8);

impl Ids for CountedIds {
    fn nonce(&self) -> [u8; 16] {
        [self.0.fetch_add(1, Ordering::Relaxed); 16]
    }
}

/// An empty store.
pub(crate) async fn store(name: &str) -> SqliteStore {
    let folder = std::env::temp_dir().join(format!("paydesk-store-{}-{name}", std::process::id()));
    let _absent = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let options = StoreOptions {
        file: folder.join("paydesk.db"),
        key: crate::at_hand(Arc::new(SealingKey::new(&[7; 32]).unwrap())),
        ids: Arc::new(CountedIds(AtomicU8::new(1))),
        now: Timestamp(0),
        files: Arc::new(SystemFiles),
        readers: 1,
    };
    SqliteStore::open(options).await.unwrap()
}

/// The lines of a query that begins with `EXPLAIN QUERY PLAN`.
pub(crate) async fn plan(store: &SqliteStore, mut query: QueryBuilder<Sqlite>) -> Vec<String> {
    let rows = query
        .build()
        .fetch_all(&mut *store.readers.take().await.unwrap())
        .await
        .unwrap();
    rows.iter().map(|row| row.try_get(3).unwrap()).collect()
}
