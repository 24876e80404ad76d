//! Sums of days and months, kept with the orders and bills they are of.

use crate::shop::*;
use paydesk_desk::ports::*;
use paydesk_domain::*;
use serde_json::json;

const FIRST: BusinessDay = BusinessDay(20_200_101);
const LAST: BusinessDay = BusinessDay(20_301_231);

/// A bill of these sums, without lines.
fn bill(account: &str, day: i32, content: &str, paid: i64, fee: i64) -> NewBill {
    let yuan = |minor| Money::from_minor(minor, Currency::CNY);
    let totals = paydesk_domain::Totals {
        payments: 1,
        paid: yuan(paid),
        refunds: 0,
        refunded: yuan(0),
        fee: yuan(fee),
    };
    NewBill {
        file: None,
        layout: None,
        account: AccountId(account.to_owned()),
        channel: ChannelId("alipay".to_owned()),
        day: ChannelDay(day),
        kind: BillKind::Trade,
        content_sha256: content.repeat(64),
        origin: BillOrigin::Fetched,
        rows: Vec::new(),
        differences: Vec::new(),
        summary: DaySummary {
            matched: 1,
            differences: 0,
            bill: totals,
            books: totals,
        },
        event: NewEvent {
            kind: EventKind::BillImported,
            order: None,
            subject: None,
            actor: Actor::Operator("收银员 1".to_owned()),
            at: Timestamp(2_000),
            day: DAY,
            body: json!({ "account": account, "content_sha256": content.repeat(64) }),
            evidence: None,
        },
        by: "收银员 1".to_owned(),
    }
}

#[tokio::test]
async fn orders_and_the_newest_bills_sum_to_days_and_months() {
    let folder = folder("takings");
    let store = open(&folder).await.unwrap();
    let order = opened(&store, "intent-1", 4650, "").await;
    store.commit(paid(&order, "c1")).await.unwrap();
    opened(&store, "intent-2", 100, "茶").await;
    // A second bill of a day stands for the day; another account and month stand beside it.
    for new in [
        bill("a", 20_261_120, "1", 4600, 27),
        bill("a", 20_261_120, "2", 4650, 28),
        bill("b", 20_261_121, "3", 100, 1),
        bill("a", 20_261_201, "4", 7, 0),
    ] {
        store.import_bill(new).await.unwrap();
    }
    let days = store
        .worklist()
        .takings(FIRST, LAST, TakingsBy::Day)
        .await
        .unwrap();
    let taken: Vec<_> = days
        .taken
        .iter()
        .map(|it| (it.at, it.orders, it.paid, it.taken.minor()))
        .collect();
    assert_eq!(taken, [(i64::from(DAY.0), 2, 1, 4650)]);
    let fees = |takings: &Takings| -> Vec<(i64, u64, i64, i64)> {
        let billed = takings.billed.iter();
        billed
            .map(|it| {
                (
                    it.at,
                    it.bills,
                    it.totals.paid.minor(),
                    it.totals.fee.minor(),
                )
            })
            .collect()
    };
    assert_eq!(
        fees(&days),
        [
            (20_261_120, 1, 4650, 28),
            (20_261_121, 1, 100, 1),
            (20_261_201, 1, 7, 0)
        ]
    );
    let months = store
        .worklist()
        .takings(FIRST, LAST, TakingsBy::Month)
        .await
        .unwrap();
    assert_eq!(fees(&months), [(202_611, 2, 4750, 29), (202_612, 1, 7, 0)]);
    let none = store
        .worklist()
        .takings(FIRST, FIRST, TakingsBy::Day)
        .await
        .unwrap();
    assert_eq!(none, Takings::default());
    let hours = store.worklist().takings_of_day(DAY).await.unwrap();
    let of_hours: (u64, i64) = hours.iter().fold((0, 0), |(orders, taken), it| {
        (orders + it.orders, taken + it.taken.minor())
    });
    assert_eq!(of_hours, (2, 4650));
    store.close().await;
}

#[tokio::test]
async fn a_sum_that_is_not_its_bills_is_found_by_a_rebuild() {
    for (name, sql, told) in [
        (
            "sum",
            "UPDATE bill_days SET fee_minor = fee_minor + 1",
            "bills of day 20261120: a",
        ),
        (
            "no-sum",
            "DELETE FROM bill_days",
            "bills of day 20261120: a",
        ),
        (
            "other-sum",
            "INSERT INTO bill_days SELECT day, 'x', channel, bill, currency, payments, paid_minor, refunds, refunded_minor, fee_minor FROM bill_days",
            "bills of day 20261120: x",
        ),
    ] {
        let folder = folder(&format!("takings-{name}"));
        let store = open(&folder).await.unwrap();
        store
            .import_bill(bill("a", 20_261_120, "1", 4600, 27))
            .await
            .unwrap();
        assert!(store.rebuild().await.unwrap().differences.is_empty());
        store.close().await;
        tamper(&folder, sql).await;
        let store = open(&folder).await.unwrap();
        assert_eq!(store.rebuild().await.unwrap().differences, [told]);
        store.close().await;
    }
}
