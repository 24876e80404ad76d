//! A store with orders in it, made by hand.

use paydesk_desk::ports::*;
use paydesk_domain::*;
use paydesk_signing::{Authentic, KeyId, Peer, SealingKey, TagKeys, WireReply};
use paydesk_store::{SqliteStore, StoreOptions, SystemFiles};
use serde_json::json;
use sqlx::{Connection, sqlite::SqliteConnectOptions};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

pub(crate) struct CountedIds(pub(crate) AtomicU64);

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

pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("paydesk-store-{}-{name}", std::process::id()));
    let _absent = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

pub(crate) async fn open(folder: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(StoreOptions {
        file: folder.join("paydesk.db"),
        key: paydesk_store::at_hand(Arc::new(SealingKey::new(&[7; 32]).unwrap())),
        ids: Arc::new(CountedIds(AtomicU64::new(1))),
        now: Timestamp(0),
        files: Arc::new(SystemFiles),
        // With one, whoever asks for a second while it holds the first never ends.
        readers: 1,
    })
    .await
}

pub(crate) const DAY: BusinessDay = BusinessDay(20_261_121);

pub(crate) fn plan(intent: &str, minor: i64, day: BusinessDay) -> OrderPlan {
    OrderPlan {
        intent: intent.to_owned(),
        total: Amount::from_minor(minor, Currency::CNY).unwrap(),
        day,
        by: "收银员 1".to_owned(),
    }
}

pub(crate) fn new_order(
    intent: &str,
    minor: i64,
    day: BusinessDay,
    note: &str,
) -> (NewOrder, FirstAttempt) {
    let new = NewOrder {
        mode: Mode::Demo,
        draw: 0,
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
            intent: None,
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

pub(crate) fn event(
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
pub(crate) fn code(intent: &str) -> PayerCode {
    let mut tag = [9; 32];
    for (to, from) in tag.iter_mut().zip(intent.bytes()) {
        *to = from;
    }
    PayerCode {
        tag,
        since: Timestamp(0),
    }
}

pub(crate) async fn opened(store: &SqliteStore, intent: &str, minor: i64, note: &str) -> Order {
    let (new, first) = new_order(intent, minor, DAY, note);
    match store.open_order(new, first).await.unwrap() {
        Opened::New(order) | Opened::Existing(order) => order,
        Opened::CodeUsed => panic!("the code of {intent} is used"),
    }
}

pub(crate) fn paid(order: &Order, channel_ref: &str) -> Commit {
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
        coins: Vec::new(),
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

/// Makes a database by hand.
pub(crate) async fn tamper_new(folder: &Path, sql: &'static str) {
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
pub(crate) fn every(tab: Tab) -> OrderFilter {
    OrderFilter {
        tab,
        search: String::new(),
        day_from: None,
        day_to: None,
        status: None,
        channel: None,
        currencies: vec![Currency::CNY],
    }
}

pub(crate) async fn tamper(folder: &Path, sql: &'static str) {
    let options = SqliteConnectOptions::new().filename(folder.join("paydesk.db"));
    let mut connection = sqlx::SqliteConnection::connect_with(&options)
        .await
        .unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
