//! The files bills were read from: kept as they came, and closed to whoever reads the database.

use crate::shop::{DAY, folder, open};
use paydesk_desk::ports::{
    Actor, BillOrigin, BookedAsk, BookedRow, BytesSource, DaySummary, EventKind, HourSum, Layout,
    NewBill, NewBillFile, NewEvent, Place, Store,
};
use paydesk_desk::ports::{BillSource, ReadSeek};
use paydesk_domain::{
    AccountId, BillKind, ChannelDay, ChannelId, Currency, LineKind, LineState, Money, Timestamp,
    Totals,
};
use serde_json::json;
use std::{
    io::{Read as _, Seek as _, SeekFrom},
    sync::Arc,
};

fn bill(day: i32, file: Option<NewBillFile>, layout: Option<Layout>) -> NewBill {
    let totals = Totals::zero(Currency::CNY);
    NewBill {
        account: AccountId("a1".to_owned()),
        channel: ChannelId("alipay".to_owned()),
        day: ChannelDay(day),
        kind: BillKind::Trade,
        content_sha256: format!("{day:064}"),
        origin: BillOrigin::Fetched,
        file,
        layout,
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
            body: json!({ "day": day, "account": "a1", "content_sha256": format!("{day:064}") }),
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
    let content = format!("交易时间,对方账户\n`2026-11-20,{payer}\n").repeat(40_000);
    let bytes: Arc<[u8]> = content.as_bytes().into();
    let file = NewBillFile {
        name: "20261120.csv".to_owned(),
        source: Arc::new(BytesSource(Arc::clone(&bytes))),
        version: String::new(),
    };
    let layout = Layout {
        lines: 7,
        places: vec![Place { row: 2, offset: 40 }],
        hours: vec![HourSum {
            hour: 498_000,
            taken: Money::from_minor(4_650, Currency::CNY),
        }],
    };
    let kept = store
        .import_bill(bill(20_261_120, Some(file.clone()), Some(layout.clone())))
        .await
        .unwrap();
    let bare = store.import_bill(bill(20_261_119, None, None)).await;
    let bare = bare.unwrap();
    let found = store.bill_file(kept.id).await.unwrap().unwrap();
    assert_eq!((found.name, &found.bytes), (file.name, &bytes));
    assert_eq!(found.sha256, paydesk_signing::sha256_hex(&bytes));
    assert_eq!(store.bill_file(bare.id).await.unwrap(), None);
    let (source, found) = store.bill_layout(kept.id).await.unwrap().unwrap();
    assert_eq!(found, layout);
    assert!(store.bill_layout(bare.id).await.unwrap().is_none());
    // From anywhere, over the ends of pieces.
    let mut open = source.open().unwrap();
    for from in [0, 1, 900_000, (1 << 20) - 3, bytes.len() - 5, bytes.len()] {
        let mut part = Vec::new();
        let place = u64::try_from(from).unwrap();
        open.seek(SeekFrom::Start(place)).unwrap();
        (&mut open).take(200_000).read_to_end(&mut part).unwrap();
        let end = bytes.len().min(from + 200_000);
        assert_eq!(part, &bytes[from..end], "{from}");
    }
    assert_eq!(store.examine().await.unwrap(), Vec::<String>::new());
    store.close().await;
    let database = std::fs::read(folder.join("paydesk.db")).unwrap();
    let found = database
        .windows(payer.len())
        .any(|part| part == payer.as_bytes());
    assert!(!found, "a payer is readable in the file");
    assert!(database.len() < content.len() / 2, "it is packed");
}

/// A file that is another one by the time it is kept.
struct Changed;

impl BillSource for Changed {
    fn open(&self) -> std::io::Result<Box<dyn ReadSeek + Send>> {
        Ok(Box::new(std::io::Cursor::new(b"other".to_vec())))
    }

    fn version(&self) -> std::io::Result<String> {
        Ok("later".to_owned())
    }
}

#[tokio::test]
async fn a_file_that_changed_since_it_was_compared_is_not_kept() {
    let store = open(&folder("changed-file")).await.unwrap();
    let file = NewBillFile {
        name: "20261120.csv".to_owned(),
        source: Arc::new(Changed),
        version: "earlier".to_owned(),
    };
    let kept = store.import_bill(bill(20_261_120, Some(file), None)).await;
    assert!(kept.is_err());
    assert_eq!(store.verify().await.unwrap().events, 0);
}

#[tokio::test]
async fn our_side_is_stepped_through_and_asked_for_by_name() {
    let store = open(&folder("first-booked")).await.unwrap();
    let account = AccountId("demo-alipay".to_owned());
    assert_eq!(store.first_booked(&account).await.unwrap(), None);
    let (new, first) = crate::shop::new_order("first", 100, DAY, "");
    store.open_order(new, first).await.unwrap();
    let at = store.first_booked(&account).await.unwrap().unwrap();
    let mut found: Vec<BookedRow> = Vec::new();
    for (from, to) in [(at.0, at.0 + 1), (at.0 + 1, i64::MAX), (0, at.0)] {
        let mut each = |rows: &[BookedRow]| found.extend_from_slice(rows);
        let (from, to) = (Timestamp(from), Timestamp(to));
        store
            .booked_rows(&account, from, to, &mut each)
            .await
            .unwrap();
    }
    let [row] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(
        (row.kind, row.amount.minor(), row.at),
        (LineKind::Payment, 100, at)
    );
    assert_eq!((row.state, row.paid_at), (LineState::Pending, None));
    let reference = String::from_utf8(row.reference().to_vec()).unwrap();
    let ask = BookedAsk {
        references: [reference.clone(), "T0".to_owned()].into(),
        ..BookedAsk::default()
    };
    let booked = store.booked(ask).await.unwrap();
    let references: Vec<&str> = (booked.payments.iter())
        .map(|payment| payment.reference().as_str())
        .collect();
    assert_eq!(
        (references, booked.refunds.len()),
        (vec![reference.as_str()], 0)
    );
}
