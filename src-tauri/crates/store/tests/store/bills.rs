//! The files bills were read from: kept as they came, and closed to whoever reads the database.

use crate::shop::{DAY, folder, open};
use paydesk_desk::ports::{
    Actor, BillFile, BillOrigin, DaySummary, EventKind, NewBill, NewEvent, Store,
};
use paydesk_domain::{AccountId, BillKind, ChannelDay, ChannelId, Currency, Timestamp, Totals};
use serde_json::json;

fn bill(day: i32, file: Option<BillFile>) -> NewBill {
    let totals = Totals::zero(Currency::CNY);
    NewBill {
        account: AccountId("a1".to_owned()),
        channel: ChannelId("alipay".to_owned()),
        day: ChannelDay(day),
        kind: BillKind::Trade,
        content_sha256: format!("{day:064}"),
        origin: BillOrigin::Fetched,
        file,
        rows: Vec::new(),
        differences: Vec::new(),
        summary: DaySummary {
            matched: 0,
            differences: 0,
            bill: totals,
            books: totals,
        },
        event: NewEvent {
            kind: EventKind::BillImported,
            order: None,
            subject: None,
            actor: Actor::Program,
            at: Timestamp(1),
            day: DAY,
            body: json!({ "day": day }),
            evidence: None,
        },
        by: String::new(),
    }
}

#[tokio::test]
async fn the_file_of_a_bill_comes_back_as_it_was_and_stands_nowhere_in_clear() {
    let folder = folder("bill-files");
    let store = open(&folder).await.unwrap();
    let payer = "payer-13800000000";
    let content = format!("交易时间,对方账户\n`2026-11-20,{payer}\n").repeat(20_000);
    let file = BillFile {
        name: "20261120.csv".to_owned(),
        sha256: "a1".repeat(32),
        bytes: content.as_bytes().into(),
    };
    let kept = store
        .import_bill(bill(20_261_120, Some(file.clone())))
        .await
        .unwrap();
    let bare = store.import_bill(bill(20_261_119, None)).await.unwrap();
    assert_eq!(store.bill_file(kept.id).await.unwrap(), Some(file));
    assert_eq!(store.bill_file(bare.id).await.unwrap(), None);
    store.close().await;
    let database = std::fs::read(folder.join("paydesk.db")).unwrap();
    let found = database
        .windows(payer.len())
        .any(|part| part == payer.as_bytes());
    assert!(!found, "a payer is readable in the file");
    assert!(database.len() < content.len() / 2, "it is packed");
}

#[tokio::test]
async fn books_begin_with_the_first_payment_of_a_channel() {
    let store = open(&folder("first-begun")).await.unwrap();
    let alipay = ChannelId("alipay".to_owned());
    assert_eq!(store.first_begun(&alipay).await.unwrap(), None);
    let (new, first) = crate::shop::new_order("first", 100, DAY, "");
    store.open_order(new, first).await.unwrap();
    assert!(store.first_begun(&alipay).await.unwrap().is_some());
}
