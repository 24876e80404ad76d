//! What neither walking the log nor rebuilding from it tells.

use crate::shop::*;
use paydesk_desk::ports::*;
use paydesk_domain::*;
use paydesk_store::SqliteStore;
use serde_json::json;
use std::sync::Arc;

fn bill() -> NewBill {
    let yuan = |minor| Money::from_minor(minor, Currency::CNY);
    let totals = paydesk_domain::Totals {
        payments: 1,
        paid: yuan(4650),
        refunds: 0,
        refunded: yuan(0),
        fee: yuan(28),
    };
    let summary = DaySummary {
        matched: 1,
        differences: 0,
        bill: totals,
        books: totals,
    };
    NewBill {
        file: Some(NewBillFile {
            name: "账单.csv".to_owned(),
            source: Arc::new(BytesSource([7; 900].as_slice().into())),
            version: String::new(),
        }),
        layout: None,
        account: AccountId("demo-alipay".to_owned()),
        channel: ChannelId("alipay".to_owned()),
        day: ChannelDay(20_261_120),
        kind: BillKind::Trade,
        content_sha256: "c".repeat(64),
        origin: BillOrigin::Fetched,
        rows: vec![BillRow {
            line: BillLine {
                row: 2,
                kind: LineKind::Payment,
                payment: "P2".to_owned(),
                refund: String::new(),
                transaction: "42002".to_owned(),
                amount: yuan(4650),
                fee: yuan(28),
                at: Timestamp(1_000),
                state: LineState::Done,
            },
            matched: Some("P2".to_owned()),
            verdict: Verdict::Agrees,
        }],
        differences: Vec::new(),
        summary,
        event: NewEvent {
            kind: EventKind::BillImported,
            order: None,
            subject: None,
            actor: Actor::Operator("收银员 1".to_owned()),
            at: Timestamp(2_000),
            day: DAY,
            body: json!({ "account": "demo-alipay", "content_sha256": "c".repeat(64) }),
            evidence: None,
        },
        by: "收银员 1".to_owned(),
    }
}

async fn one_day(name: &str) -> (std::path::PathBuf, SqliteStore) {
    let folder = folder(name);
    let store = open(&folder).await.unwrap();
    let order = opened(&store, "intent-1", 4650, "").await;
    store.commit(paid(&order, "c1")).await.unwrap();
    opened(&store, "intent-2", 100, "茶").await;
    store.import_bill(bill()).await.unwrap();
    (folder, store)
}

#[tokio::test]
async fn what_the_log_does_not_tell_is_examined() {
    let cases: [(&str, &'static str, &str); 15] = [
        (
            "bill-line",
            "UPDATE bill_lines SET amount_minor = 4651",
            "bill 1",
        ),
        (
            "bill",
            "UPDATE bills SET summary = replace(summary, '4650', '4651')",
            "bill 1",
        ),
        (
            "no-bill",
            "DELETE FROM bill_pieces; DELETE FROM bill_files; DELETE FROM bill_lines; DELETE FROM bills",
            "a bill of demo-alipay is gone",
        ),
        (
            "bill-file",
            "UPDATE bill_files SET packed = zeroblob(64)",
            "file of bill 1",
        ),
        (
            "bill-piece",
            "UPDATE bill_pieces SET sealed = zeroblob(64)",
            "file of bill 1",
        ),
        ("no-bill-piece", "DELETE FROM bill_pieces", "file of bill 1"),
        (
            "bill-layout",
            "INSERT INTO bill_layouts VALUES (1, 2, x'', '[]')",
            "bill 1",
        ),
        ("no-bill-file", "DELETE FROM bill_files", "bill 1"),
        (
            "another-bill",
            "INSERT INTO bills SELECT 2, 'other', channel, day, kind, content_sha256, origin, imported_at, by_name, summary FROM bills",
            "bill 2",
        ),
        (
            "evidence",
            "UPDATE evidence SET sealed = zeroblob(64)",
            "evidence of event 3",
        ),
        (
            "evidence-gone",
            "DELETE FROM evidence",
            "evidence of event 3",
        ),
        (
            "evidence-new",
            "INSERT INTO evidence VALUES (1, zeroblob(64))",
            "evidence of no event",
        ),
        (
            "device",
            "UPDATE meta SET value = 'ZZZZ' WHERE key = 'device'",
            "device: ",
        ),
        (
            "day",
            "UPDATE counter SET day = 20270101",
            "last day of numbers: 270101, not 261121",
        ),
        (
            "schema",
            "DROP INDEX payments_tag",
            "file: its tables are not those of this program",
        ),
    ];
    for (name, sql, wanted) in cases {
        let (folder, store) = one_day(&format!("examine-{name}")).await;
        assert_eq!(store.examine().await.unwrap(), [""; 0], "{name}");
        store.close().await;
        tamper(&folder, sql).await;
        let store = open(&folder).await.unwrap();
        assert_eq!(store.verify().await.unwrap().fault, None, "{name}");
        let found = store.examine().await.unwrap();
        assert!(
            found.iter().any(|it| it.starts_with(wanted)),
            "{name}: {found:?}"
        );
        store.close().await;
    }
}

#[tokio::test]
async fn what_stands_beside_the_list_is_rebuilt_too() {
    let cases: [(&str, &'static str); 5] = [
        (
            "plan",
            "UPDATE orders SET plan = replace(plan, '4650', '4651')",
        ),
        ("version", "UPDATE orders SET version = version + 1"),
        ("note", "UPDATE notes SET by_name = 'x'"),
        (
            "reference",
            "UPDATE payments SET reference = replace(reference, 'A1', 'A2')",
        ),
        ("words", "UPDATE orders SET id = id + 7 WHERE note <> ''"),
    ];
    for (name, sql) in cases {
        let (folder, store) = one_day(&format!("rebuild-{name}")).await;
        assert_eq!(
            store.rebuild().await.unwrap().differences,
            [""; 0],
            "{name}"
        );
        store.close().await;
        tamper(&folder, sql).await;
        let store = open(&folder).await.unwrap();
        let found = store.rebuild().await.unwrap().differences;
        assert!(!found.is_empty(), "{name}");
        store.close().await;
    }
}

#[tokio::test]
async fn a_lease_that_no_process_can_hold_ends_at_the_start() {
    let folder = folder("lease-of-years");
    let store = open(&folder).await.unwrap();
    opened(&store, "intent-1", 4650, "").await;
    let now = Timestamp(10_000);
    // Taken while the clock was years ahead.
    let years = Timestamp(90_000_000_000);
    let claimed = async |until| store.claim_due(now, until, 8).await.unwrap().len();
    let soon = Timestamp(30_000);
    assert_eq!(claimed(years).await, 1);
    assert_eq!(claimed(soon).await, 0);
    store.plan_anew(now).await.unwrap();
    assert_eq!(claimed(soon).await, 1);
    // One of another process that lives is left alone.
    store.plan_anew(now).await.unwrap();
    assert_eq!(claimed(soon).await, 0);
    store.close().await;
}
