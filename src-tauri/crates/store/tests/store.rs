//! The store's promises: numbers, races, the chain, sealed fields, damaged and newer files, search.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use paydesk_desk::ports::*;
use paydesk_domain::*;
use paydesk_signing::{Authentic, KeyId, Peer, SealingKey, TagKeys, WireReply};
use paydesk_store::{LogFault, SqliteStore, StoreOptions};
use serde_json::json;
use sqlx::{Connection, sqlite::SqliteConnectOptions};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

struct CountedIds(AtomicU64);

impl Ids for CountedIds {
    fn nonce(&self) -> [u8; 16] {
        let n = self
            .0
            .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed)
            .wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        bytes[8..].copy_from_slice(&n.rotate_left(17).to_le_bytes());
        bytes
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("paydesk-store-{}-{name}", std::process::id()));
    let _absent = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

async fn open(folder: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(StoreOptions {
        file: folder.join("paydesk.db"),
        key: Arc::new(SealingKey::new(&[7; 32]).unwrap()),
        ids: Arc::new(CountedIds(AtomicU64::new(1))),
        now: Timestamp(0),
        vfs: None,
        readers: 2,
    })
    .await
}

const DAY: BusinessDay = BusinessDay(20_261_121);

fn plan(intent: &str, minor: i64, day: BusinessDay) -> OrderPlan {
    OrderPlan {
        intent: intent.to_owned(),
        total: Amount::from_minor(minor, Currency::CNY).unwrap(),
        day,
        by: "收银员 1".to_owned(),
    }
}

fn new_order(intent: &str, minor: i64, day: BusinessDay, note: &str) -> (NewOrder, FirstAttempt) {
    let new = NewOrder {
        mode: Mode::Demo,
        plan: plan(intent, minor, day),
        code: Some(code(intent)),
        note: note.to_owned(),
        now: Timestamp(1_000),
    };
    let note = (!note.is_empty()).then(|| NewNote {
        at: Timestamp(1_000),
        by: "收银员 1".to_owned(),
        text: note.to_owned(),
    });
    let first: FirstAttempt = Box::new(move |mut order: Order| {
        let payment = PaymentPlan {
            account: AccountId("demo-alipay".to_owned()),
            channel: ChannelId("alipay".to_owned()),
            amount: order.plan().total,
            tender: TenderKind::PayerCode,
            expires: Timestamp(300_000),
            watch_ms: 900_000,
            rate: None,
        };
        let opened = json!({ "after": { "order": { "number": order.number(), "plan": order.plan(), "opened_at": order.opened_at() } } });
        let payment = order.begin_payment(payment, Timestamp(1_000))?.clone();
        let mut events = vec![
            event(&order, None, EventKind::OrderOpened, opened),
            event(
                &order,
                Some(payment.reference()),
                EventKind::PaymentBegun,
                json!({ "after": { "payment": payment } }),
            ),
        ];
        if let Some(note) = &note {
            events.push(event(
                &order,
                None,
                EventKind::NoteAdded,
                json!({ "after": { "note": note } }),
            ));
        }
        let work = vec![Work {
            reference: payment.reference().clone(),
            due: Some(Timestamp(6_000)),
        }];
        Ok(Commit {
            order,
            events,
            work,
            sealed: Vec::new(),
            note,
        })
    });
    (new, first)
}

fn event(
    order: &Order,
    subject: Option<&MerchantRef>,
    kind: EventKind,
    body: serde_json::Value,
) -> NewEvent {
    NewEvent {
        kind,
        order: Some(order.number().clone()),
        subject: subject.cloned(),
        actor: Actor::Operator("收银员 1".to_owned()),
        at: Timestamp(1_000),
        day: DAY,
        body,
        evidence: None,
    }
}

/// Every intent has a payment code of its own.
fn code(intent: &str) -> PayerCode {
    let mut tag = [9; 32];
    for (to, from) in tag.iter_mut().zip(intent.bytes()) {
        *to = from;
    }
    PayerCode {
        tag,
        since: Timestamp(0),
    }
}

async fn opened(store: &SqliteStore, intent: &str, minor: i64, note: &str) -> Order {
    let (new, first) = new_order(intent, minor, DAY, note);
    match store.open_order(new, first).await.unwrap() {
        Opened::New(order) | Opened::Existing(order) => order,
        Opened::CodeUsed => panic!("the code of {intent} is used"),
    }
}

fn paid(order: &Order, channel_ref: &str) -> Commit {
    let keys = TagKeys::new("store");
    let body = b"signed".to_vec();
    let signature = keys.sign_as_peer(&body);
    let reply = WireReply {
        status: 200,
        headers: Vec::new(),
        body: body.clone(),
        peer: Peer::Unknown,
    };
    let proof = Authentic::signed(
        reply,
        0..body.len(),
        &body,
        KeyId("stand-in-store".to_owned()),
        &signature,
        &keys,
    )
    .unwrap();
    let fact = PaymentFact::Paid(Paid {
        asked: order.plan().total,
        received: order.plan().total,
        payer_paid: None,
        channel_ref: ChannelRef(channel_ref.to_owned()),
        at: Timestamp(2_000),
        payer: None,
    });
    let evidence =
        Evidence::from_channel(Fact::Payment(fact), &proof, Heard::Reply, Timestamp(2_000));
    let mut order = order.clone();
    let reference = order.latest().unwrap().reference().clone();
    order.payment_mut(&reference).unwrap().apply(&evidence);
    let body = json!({ "after": { "payment": order.payment(&reference) } });
    let mut heard = event(&order, Some(&reference), EventKind::PaymentHeard, body);
    heard.evidence = Some(b"EVIDENCE-CANARY".to_vec());
    let sealed = vec![SealedField {
        subject: reference.clone(),
        name: "payer",
        value: "PAYER-CANARY".to_owned(),
    }];
    let work = vec![Work {
        reference,
        due: None,
    }];
    Commit {
        order,
        events: vec![heard],
        work,
        sealed,
        note: None,
    }
}

#[tokio::test]
async fn an_order_comes_back_as_it_was_and_the_same_intent_opens_nothing_new() {
    let folder = folder("round");
    let store = open(&folder).await.unwrap();
    let order = opened(&store, "intent-1", 4650, "A12 桌").await;
    assert_eq!(order.version(), 1);
    let paid = store.commit(paid(&order, "2026112122001")).await.unwrap();
    assert_eq!(store.load(order.number()).await.unwrap().unwrap(), paid);
    let again = opened(&store, "intent-1", 4650, "").await;
    assert_eq!(again.number(), order.number());
    assert_eq!(
        store.by_intent("intent-1").await.unwrap().unwrap().number(),
        order.number()
    );
    let used = code("intent-1");
    let later = PayerCode {
        since: Timestamp(1_001),
        ..used.clone()
    };
    assert!(store.code_used(used).await.unwrap());
    assert!(!store.code_used(later).await.unwrap());
    let reference = order.latest().unwrap().reference();
    assert_eq!(
        store.sealed(reference, "payer").await.unwrap().as_deref(),
        Some("PAYER-CANARY")
    );
    let timeline = store.timeline(order.number()).await.unwrap();
    assert_eq!(
        timeline.last().unwrap().evidence.as_deref(),
        Some(b"EVIDENCE-CANARY".as_slice())
    );
    assert_eq!(store.verify().await.unwrap().fault, None);
    assert_eq!(
        store.rebuild().await.unwrap().differences,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn two_processes_never_both_commit_on_one_version() {
    let folder = folder("race");
    let (one, two) = (open(&folder).await.unwrap(), open(&folder).await.unwrap());
    let order = opened(&one, "intent-1", 4650, "").await;
    let (a, b) = tokio::join!(
        one.commit(paid(&order, "c1")),
        two.commit(paid(&order, "c1"))
    );
    let stale = [&a, &b]
        .into_iter()
        .filter(|r| matches!(r, Err(StoreError::Stale)))
        .count();
    assert_eq!((stale, a.is_ok() || b.is_ok()), (1, true), "{a:?} {b:?}");
}

#[tokio::test]
async fn numbers_are_unique_across_processes_and_when_the_clock_steps_back() {
    let folder = folder("numbers");
    let (one, two) = (open(&folder).await.unwrap(), open(&folder).await.unwrap());
    let mut numbers = std::collections::BTreeSet::new();
    for n in 0..20 {
        let day = if n % 3 == 0 {
            BusinessDay(20_261_120)
        } else {
            DAY
        };
        let (new_a, first_a) = new_order(&format!("a{n}"), 100, day, "");
        let (new_b, first_b) = new_order(&format!("b{n}"), 100, DAY, "");
        let (a, b) = tokio::join!(
            one.open_order(new_a, first_a),
            two.open_order(new_b, first_b)
        );
        for opened in [a.unwrap(), b.unwrap()] {
            let (Opened::New(order) | Opened::Existing(order)) = opened else {
                panic!("its code is used");
            };
            assert!(numbers.insert(order.number().clone()), "{}", order.number());
        }
    }
    let same = format!("same-{}", 1);
    let (new_a, first_a) = new_order(&same, 100, DAY, "");
    let (new_b, first_b) = new_order(&same, 100, DAY, "");
    let (a, b) = tokio::join!(
        one.open_order(new_a, first_a),
        two.open_order(new_b, first_b)
    );
    let number = |o: Opened| match o {
        Opened::New(order) | Opened::Existing(order) => order.number().clone(),
        Opened::CodeUsed => panic!("the same intent is the same order"),
    };
    assert_eq!(number(a.unwrap()), number(b.unwrap()));
}

#[tokio::test]
async fn one_payment_code_opens_one_order_however_many_ask_at_once() {
    let folder = folder("code");
    let (one, two) = (open(&folder).await.unwrap(), open(&folder).await.unwrap());
    let with_code = |intent: &str| {
        let (mut new, first) = new_order(intent, 100, DAY, "");
        new.code = Some(code("the same"));
        (new, first)
    };
    let ((new_a, first_a), (new_b, first_b)) = (with_code("a"), with_code("b"));
    let (a, b) = tokio::join!(
        one.open_order(new_a, first_a),
        two.open_order(new_b, first_b)
    );
    let refused = [a.unwrap(), b.unwrap()]
        .iter()
        .filter(|opened| matches!(opened, Opened::CodeUsed))
        .count();
    assert_eq!(refused, 1);
    assert_eq!(one.totals(&every(Tab::All)).await.unwrap().totals.count, 1);
}

/// Makes a database by hand.
async fn tamper_new(folder: &Path, sql: &'static str) {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("paydesk.db"))
        .create_if_missing(true);
    let mut connection = sqlx::SqliteConnection::connect_with(&options)
        .await
        .unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// The whole list of a tab.
fn every(tab: Tab) -> OrderFilter {
    OrderFilter {
        tab,
        search: String::new(),
        day_from: None,
        day_to: None,
        status: None,
        channel: None,
        currency: Currency::CNY,
    }
}

async fn tamper(folder: &Path, sql: &'static str) {
    let options = SqliteConnectOptions::new().filename(folder.join("paydesk.db"));
    let mut connection = sqlx::SqliteConnection::connect_with(&options)
        .await
        .unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

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
            "day 20261121: alipay paid".to_owned(),
            "day 20261121: alipay unknown".to_owned(),
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
    tamper_new(&folder, include_str!("../migrations/0001.sql")).await;
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
        store
            .totals(&every(Tab::Paid))
            .await
            .unwrap()
            .totals
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
async fn personal_data_and_evidence_are_not_readable_in_the_files() {
    let folder = folder("canary");
    let store = open(&folder).await.unwrap();
    let order = opened(&store, "intent-1", 4650, "").await;
    store.commit(paid(&order, "c1")).await.unwrap();
    for file in ["paydesk.db", "paydesk.db-wal"] {
        let bytes = std::fs::read(folder.join(file)).unwrap_or_default();
        for canary in [b"PAYER-CANARY".as_slice(), b"EVIDENCE-CANARY"] {
            assert!(!bytes.windows(canary.len()).any(|w| w == canary), "{file}");
        }
    }
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
        key: Arc::new(SealingKey::new(&[7; 32]).unwrap()),
        ids: Arc::new(CountedIds(AtomicU64::new(1))),
        now: Timestamp(0),
        vfs: None,
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
async fn due_work_is_leased_once_and_comes_back_when_the_lease_runs_out() {
    let folder = folder("lease");
    let (one, two) = (open(&folder).await.unwrap(), open(&folder).await.unwrap());
    let order = opened(&one, "intent-1", 4650, "").await;
    let reference = order.latest().unwrap().reference().clone();
    assert!(
        one.claim_due(Timestamp(5_999), Timestamp(30_000), 9)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        one.claim_due(Timestamp(6_000), Timestamp(26_000), 9)
            .await
            .unwrap()
            .len(),
        1
    );
    assert!(
        two.claim_due(Timestamp(7_000), Timestamp(27_000), 9)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        two.claim_due(Timestamp(26_000), Timestamp(46_000), 9)
            .await
            .unwrap()
            .len(),
        1
    );
    two.asked(Work {
        reference: reference.clone(),
        due: Some(Timestamp(50_000)),
    })
    .await
    .unwrap();
    assert_eq!(one.next_due().await.unwrap(), Some(Timestamp(50_000)));
    assert_eq!(one.times_asked(&reference).await.unwrap(), 1);
}

#[tokio::test]
async fn one_box_finds_an_order_by_any_number_amount_note_or_name() {
    let folder = folder("search");
    let store = open(&folder).await.unwrap();
    let order = opened(&store, "intent-1", 4650, "生日蛋糕 6 寸").await;
    store
        .commit(paid(&order, "2026112122001400009876"))
        .await
        .unwrap();
    opened(&store, "intent-2", 9_999, "茶").await;
    let number = order.number().to_string();
    let reference = order.latest().unwrap().reference().to_string();
    let searches = [
        number.as_str(),
        &number[..8],
        &number[14..],
        reference.as_str(),
        "20261121220014",
        "9876",
        "46.5",
        "46.50",
        "40-60",
        "蛋糕",
        "生日",
    ];
    for search in searches {
        let filter = OrderFilter {
            tab: Tab::All,
            search: search.to_owned(),
            day_from: None,
            day_to: None,
            status: None,
            channel: None,
            currency: Currency::CNY,
        };
        let page = store.list(&filter, None, 10).await.unwrap();
        assert!(
            page.rows.iter().any(|r| r.number == *order.number()),
            "{search}: {:?}",
            page.rows
        );
        if !search.starts_with(&number[..8]) || search == number {
            let over = store.totals(&filter).await.unwrap();
            assert_eq!(over.totals.count, 1, "{search}");
        }
        let none = store
            .list(
                &OrderFilter {
                    search: format!("{search}不"),
                    ..filter
                },
                None,
                10,
            )
            .await
            .unwrap();
        assert!(none.rows.is_empty(), "{search}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_without_gaps() {
    let folder = folder("pages");
    let store = open(&folder).await.unwrap();
    for n in 0..25 {
        opened(&store, &format!("intent-{n}"), 100 + n, "").await;
    }
    let filter = OrderFilter {
        tab: Tab::All,
        search: String::new(),
        day_from: Some(DAY),
        day_to: Some(DAY),
        status: None,
        channel: None,
        currency: Currency::CNY,
    };
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = store.list(&filter, cursor.as_deref(), 10).await.unwrap();
        seen.extend(page.rows.into_iter().map(|r| r.number));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((seen.len(), sorted.len()), (25, 25));
    for position in [0, 7, 24] {
        let page = store.list_at(&filter, position, 10).await.unwrap();
        let from = usize::try_from(position).unwrap();
        let rows: Vec<_> = page.rows.into_iter().map(|r| r.number).collect();
        assert_eq!(rows, seen[from..seen.len().min(from + 10)], "{position}");
    }
    assert!(
        store
            .list_at(&filter, 25, 10)
            .await
            .unwrap()
            .rows
            .is_empty()
    );
}
