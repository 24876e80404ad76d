//! Drawers: rows that a trigger keeps for the log's entries, decided on what was seen, once for each intent.

use crate::shop::*;
use paydesk_desk::ports::*;
use paydesk_domain::*;
use paydesk_store::SqliteStore;
use serde_json::json;

fn entry(kind: DrawerKind, minor: i64, expected: Option<i64>, intent: &str) -> NewEvent {
    let yuan = |minor| Money::from_minor(minor, Currency::CNY);
    let entry = DrawerEntry {
        kind,
        amount: yuan(minor),
        expected: expected.map(yuan),
        reason: "why".to_owned(),
        intent: Some(intent.to_owned()),
    };
    NewEvent {
        kind: EventKind::DrawerMoved,
        order: None,
        subject: None,
        actor: Actor::Operator("收银员 1".to_owned()),
        at: Timestamp(2_000),
        day: DAY,
        body: json!({ "after": { "drawer": entry } }),
        evidence: None,
    }
}

async fn state(store: &SqliteStore) -> DrawerState {
    store.drawers().drawer(Currency::CNY).await.unwrap()
}

#[tokio::test]
async fn entries_are_kept_once_and_only_on_what_was_seen() {
    let folder = folder("drawer");
    let store = open(&folder).await.unwrap();
    let book = store.drawers();
    assert_eq!(state(&store).await.drawer, None);
    let moved = async |kind, minor, intent: &str| {
        let seen = state(&store).await.seq;
        book.move_drawer(entry(kind, minor, None, intent), None, seen)
            .await
    };
    moved(DrawerKind::Opened, 20_000, "a").await.unwrap();
    moved(DrawerKind::PaidIn, 500, "b").await.unwrap();
    let stale = book
        .move_drawer(entry(DrawerKind::PaidIn, 1, None, "c"), None, 1)
        .await;
    assert_eq!(stale, Err(StoreError::Stale));
    // The same intent again is done already, whatever was seen.
    let again = entry(DrawerKind::PaidIn, 500, None, "b");
    book.move_drawer(again, None, 0).await.unwrap();
    moved(DrawerKind::PaidOut, -300, "d").await.unwrap();
    moved(DrawerKind::NoSale, 0, "e").await.unwrap();
    let drawer = state(&store).await.drawer.unwrap();
    assert_eq!(drawer.expected().unwrap().minor(), 20_200);
    assert_eq!((drawer.sums.no_sales, drawer.is_open()), (1, true));

    let seen = state(&store).await.seq;
    let count = entry(DrawerKind::Counted, 20_100, Some(20_200), "f");
    book.move_drawer(count, Some(DAY), seen).await.unwrap();
    // What moves behind the count belongs to the next float.
    moved(DrawerKind::NoSale, 0, "g").await.unwrap();
    let drawer = state(&store).await.drawer.unwrap();
    let counted = drawer.counted.clone().unwrap();
    assert_eq!(counted.entry.difference().unwrap().minor(), -100);
    assert_eq!(drawer.sums.no_sales, 1);
    let days = book.drawer_day(DAY).await.unwrap();
    assert_eq!((days.len(), days[0].sums.no_sales), (1, 2));
    assert_eq!(days[0].drawers, [drawer]);
    let moves = book.drawer_moves(None, 2).await.unwrap();
    assert_eq!(moves.len(), 2);
    assert_eq!(moves[0].by, "收银员 1");
    assert!(store.rebuild().await.unwrap().differences.is_empty());
    store.close().await;

    tamper(
        &folder,
        "UPDATE drawer SET amount_minor = 501 WHERE intent = 'b'",
    )
    .await;
    let store = open(&folder).await.unwrap();
    let found = store.rebuild().await.unwrap().differences;
    assert_eq!(found, ["drawer 2"]);
    store.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}
