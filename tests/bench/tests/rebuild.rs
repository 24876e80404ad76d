//! Every projection row of a generated shop against its log: a clean one passes, one wrong row in any table is
//! found. The same over a million orders is `paydesk-bench rebuild`.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and asks the system for a folder of its own"
)]

use paydesk_desk::ports::Ids;
use paydesk_domain::Timestamp;
use paydesk_store::{SqliteStore, StoreOptions, SystemFiles, WRONG_ROWS};
use paydesk_vault::FolderVault;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Orders over a year and more: every state, channel and note occurs hundreds of times.
const ORDERS: u64 = 20_000;
const DAYS: u64 = 400;

#[derive(Default)]
struct Counted(AtomicU64);

impl Ids for Counted {
    fn nonce(&self) -> [u8; 16] {
        let n = self.0.fetch_add(1, Ordering::Relaxed);
        u128::from(n).to_be_bytes()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_row_in_any_projection_is_found_and_a_clean_shop_passes() {
    let folder = std::env::temp_dir().join(format!("paydesk-rebuild-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let vault = FolderVault::open(&folder).unwrap();
    let options = StoreOptions {
        file: folder.join("paydesk.db"),
        key: paydesk_store::at_hand(vault.data_key()),
        ids: Arc::new(Counted::default()),
        now: Timestamp(0),
        files: Arc::new(SystemFiles),
        readers: 4,
    };
    let store = SqliteStore::open(options).await.unwrap();
    store.generate(ORDERS, DAYS, &mut |_| {}).await.unwrap();
    let clean = store.rebuild().await.unwrap();
    assert_eq!(
        (clean.orders, clean.differences.as_slice()),
        (ORDERS, [].as_slice())
    );
    // All at once: each is told of once, and by its own name.
    for row in &WRONG_ROWS {
        store.plant(row).await.unwrap();
    }
    let found = store.rebuild().await.unwrap().differences;
    assert_eq!(found.len(), WRONG_ROWS.len(), "{found:?}");
    for row in &WRONG_ROWS {
        store.take_out(row).await.unwrap();
    }
    assert!(store.rebuild().await.unwrap().differences.is_empty());
    assert!(store.verify().await.unwrap().fault.is_none());
    store.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}
