//! Damaged, changed, older and newer files.

use crate::shop::*;
use paydesk_desk::ports::*;
use paydesk_domain::*;
use paydesk_signing::SealingKey;
use paydesk_store::{LogFault, SqliteStore, StoreOptions, SystemFiles};
use sqlx::{Connection, sqlite::SqliteConnectOptions};
use std::sync::{Arc, atomic::AtomicU64};

#[tokio::test]
async fn one_changed_deleted_inserted_or_swapped_event_is_named() {
    let cases: [(&str, &'static str, LogFault); 7] = [
        (
            "changed",
            "UPDATE log SET body = replace(body, '4650', '4651') WHERE seq = 2",
            LogFault::Changed(2),
        ),
        (
            "actor",
            "UPDATE log SET actor = 'x' WHERE seq = 3",
            LogFault::Changed(3),
        ),
        (
            "deleted",
            "DELETE FROM log WHERE seq = 2",
            LogFault::Deleted(2),
        ),
        (
            "newest",
            "DELETE FROM log WHERE seq = (SELECT max(seq) FROM log)",
            LogFault::Deleted(5),
        ),
        (
            "inserted",
            "INSERT INTO log SELECT seq + 1, kind, number, subject, actor, at, day, body, evidence, hash, randomblob(32) FROM log WHERE seq = 5",
            LogFault::Inserted(6),
        ),
        (
            "swapped",
            "UPDATE log SET seq = 100 WHERE seq = 3; UPDATE log SET seq = 3 WHERE seq = 4; UPDATE log SET seq = 4 WHERE seq = 100",
            LogFault::Changed(3),
        ),
        (
            "head",
            "DELETE FROM log WHERE seq = 5; UPDATE head SET count = 4, hash = (SELECT hash FROM log WHERE seq = 4)",
            LogFault::Head,
        ),
    ];
    for (name, sql, expected) in cases {
        let folder = folder(&format!("tamper-{name}"));
        let store = open(&folder).await.unwrap();
        let order = opened(&store, "intent-1", 4650, "").await;
        store.commit(paid(&order, "c1")).await.unwrap();
        opened(&store, "intent-2", 100, "").await;
        assert_eq!(store.verify().await.unwrap().fault, None, "{name}");
        store.close().await;
        tamper(&folder, sql).await;
        let store = open(&folder).await.unwrap();
        assert_eq!(
            store.verify().await.unwrap().fault,
            Some(expected),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_changed_projection_is_found_by_rebuilding() {
    let folder = folder("rebuild");
    let store = open(&folder).await.unwrap();
    let order = opened(&store, "intent-1", 4650, "").await;
    store.close().await;
    tamper(
        &folder,
        "UPDATE orders SET status = 'paid', taken_minor = 4650",
    )
    .await;
    let store = open(&folder).await.unwrap();
    let report = store.rebuild().await.unwrap();
    assert_eq!(
        report.differences,
        [
            format!("order {}: its row in the list differs", order.number()),
            // The day's counts moved with the row.
            "day 20261121: alipay paid CNY".to_owned(),
            "day 20261121: alipay unknown CNY".to_owned(),
        ]
    );
}

#[tokio::test]
async fn a_changed_count_or_word_is_found_by_rebuilding() {
    let folder = folder("rebuild-counts");
    let store = open(&folder).await.unwrap();
    opened(&store, "intent-1", 4650, "蛋糕").await;
    opened(&store, "intent-2", 4650, "茶").await;
    assert_eq!(store.rebuild().await.unwrap().differences, [""; 0]);
    store.close().await;
    tamper(&folder, "UPDATE day_stats SET taken_minor = 1; INSERT OR REPLACE INTO words(rowid, text) SELECT id, '奶茶' FROM orders LIMIT 1").await;
    let store = open(&folder).await.unwrap();
    let found = store.rebuild().await.unwrap().differences;
    for wanted in ["day 20261121: ", "words: 蛋糕", "words: 奶茶"] {
        assert!(found.iter().any(|it| it.starts_with(wanted)), "{found:?}");
    }
}

#[tokio::test]
async fn an_older_database_is_copied_and_brought_up_to_date() {
    let folder = folder("older");
    tamper_new(&folder, include_str!("../../migrations/0001.sql")).await;
    tamper(
        &folder,
        "INSERT INTO orders VALUES ('TABCD126112100001X', 'i', '{}', 1000, 4650, 'CNY', 20261121, '收银员 1', 'alipay', 'paid', 4650, 0, 0, 0, '生日蛋糕', '00001X', 3);
         INSERT INTO payments VALUES ('TABCD126112100001XA1', 'TABCD126112100001X', 'alipay', 4650, 1000, 0, '2026112122009876', '009876', NULL, 4650, 0, '{}');
         INSERT INTO notes VALUES (1, 'TABCD126112100001X', 1000, '收银员 1', '生日蛋糕')",
    )
    .await;
    let store = open(&folder).await.unwrap();
    let copy = folder.join("paydesk.before-v2.db");
    assert!(copy.is_file(), "the file is copied before it is changed");
    let options = SqliteConnectOptions::new().filename(&copy).read_only(true);
    let mut before = sqlx::SqliteConnection::connect_with(&options)
        .await
        .unwrap();
    let version: (i64,) = sqlx::query_as("PRAGMA user_version")
        .fetch_one(&mut before)
        .await
        .unwrap();
    let orders: (i64,) = sqlx::query_as("SELECT count(*) FROM orders")
        .fetch_one(&mut before)
        .await
        .unwrap();
    assert_eq!((version.0, orders.0), (1, 1));
    assert_eq!(
        store.totals(&every(Tab::Paid)).await.unwrap().totals[0]
            .taken
            .minor(),
        4650
    );
    store.close().await;
    let options = SqliteConnectOptions::new().filename(folder.join("paydesk.db"));
    let mut after = sqlx::SqliteConnection::connect_with(&options)
        .await
        .unwrap();
    let row: (i64, String, String) = sqlx::query_as(
        "SELECT o.id, o.reversed, p.channel_reversed FROM orders o JOIN payments p ON p.number = o.number JOIN words w ON w.rowid = o.id WHERE words MATCH '\"蛋糕\"'",
    )
    .fetch_one(&mut after)
    .await
    .unwrap();
    assert_eq!(
        row,
        (
            20_261_121_000_000_001,
            "X100001211621DCBAT".to_owned(),
            "6789002212116202".to_owned()
        )
    );
    let broken: Vec<(String, i64, String, i64)> = sqlx::query_as("PRAGMA foreign_key_check")
        .fetch_all(&mut after)
        .await
        .unwrap();
    assert!(broken.is_empty(), "{broken:?}");
}

#[tokio::test]
async fn a_newer_or_damaged_database_is_refused_and_left_alone() {
    let folder = folder("newer");
    open(&folder).await.unwrap().close().await;
    tamper(&folder, "PRAGMA user_version = 99").await;
    assert!(matches!(
        open(&folder).await.err(),
        Some(StoreError::NewerSchema { found: 99, .. })
    ));
    std::fs::write(folder.join("garbage.db"), b"no database").unwrap();
    let garbage = SqliteStore::open(StoreOptions {
        file: folder.join("garbage.db"),
        key: paydesk_store::at_hand(Arc::new(SealingKey::new(&[7; 32]).unwrap())),
        ids: Arc::new(CountedIds(AtomicU64::new(1))),
        now: Timestamp(0),
        files: Arc::new(SystemFiles),
        readers: 1,
    })
    .await;
    assert!(matches!(garbage.err(), Some(StoreError::Corrupt(_))));
    assert_eq!(
        std::fs::read(folder.join("garbage.db")).unwrap(),
        b"no database"
    );
}

#[tokio::test]
async fn a_bill_kept_before_lines_had_verdicts_gets_them() {
    let folder = folder("older-bill");
    tamper_new(
        &folder,
        concat!(
            include_str!("../../migrations/0001.sql"),
            include_str!("../../migrations/0002.sql"),
            include_str!("../../migrations/0003.sql"),
            include_str!("../../migrations/0004.sql"),
        ),
    )
    .await;
    tamper(
        &folder,
        r#"INSERT INTO bills VALUES (7, 'a', 'alipay', 20261120, '"trade"', 'x', '{"origin":"fetched"}', 1, '收银员 1', '{}');
           INSERT INTO bill_lines VALUES
             (7, 2, 'payment', 'P2', '', '42002', 'CNY', 4650, 28, 1000, 'done', 'P2'),
             (7, 3, 'payment', 'P3', '', '42003', 'CNY', 4650, 28, 1000, 'done', NULL),
             (7, 4, 'refund', 'P4', 'R4', '42004', 'CNY', 4650, 0, 1000, 'done', 'R4');
           INSERT INTO differences VALUES
             (7, 0, 'amount_over', '{"found":{"bill":{"row":3}}}'), (7, 1, 'fee', '{"found":{"bill":{"row":3}}}'),
             (7, 2, 'missing_channel', '{"found":{"bill":null}}')"#,
    )
    .await;
    let store = open(&folder).await.unwrap();
    let page = store.bill_rows(7, false, 1, 2).await.unwrap();
    let found: Vec<(u64, Verdict)> = page
        .rows
        .iter()
        .map(|it| (it.line.row, it.verdict))
        .collect();
    let over = Verdict::Differs(BreakCode::AmountOver);
    assert_eq!(
        (page.total, found),
        (3, vec![(3, over), (4, Verdict::Agrees)])
    );
    let different = store.bill_rows(7, true, 0, 10).await.unwrap();
    assert_eq!((different.total, different.rows.len()), (1, 1));
    assert_eq!(different.rows[0].line.amount.minor(), 4650);
    store.close().await;
}
