//! Faults: the screen says unknown in time, the order resolves by itself, nothing is charged twice or lost.

use crate::till::Till;
use paydesk_console::contract::*;
use std::time::{Duration, Instant};

/// Faults of the demo panel under which the truth can be either.
const FAULTS: [&str; 8] = [
    "request_lost",
    "reply_lost",
    "server_error_before",
    "server_error_after",
    "bad_signature",
    "unsigned_refusal",
    "garbage",
    "delay_45s",
];

fn known(view: &PaymentView) -> bool {
    matches!(
        view.state,
        PayState::Paid
            | PayState::Reversed
            | PayState::Closed
            | PayState::Failed
            | PayState::PaidLate
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_is_amber_within_15_seconds_and_resolves_after_it_ends() {
    let till = Till::demo("faults").await;
    let mut minor = 2000;
    for fault in FAULTS {
        till.fault(fault, true).await;
        let (alipay, wechatpay) = till.codes("00").await;
        let mut orders = Vec::new();
        for code in [alipay, wechatpay] {
            minor += 1;
            orders.push(till.charge(&code, minor).await.unwrap().order_id);
        }
        let begun = Instant::now();
        for order in &orders {
            let view = till
                .until(order, "amber", |v| v.state == PayState::Unknown || known(v))
                .await;
            assert!(
                begun.elapsed() < Duration::from_millis(15_500),
                "{fault}: {view:?}"
            );
            assert!(
                !matches!(view.state, PayState::Paid | PayState::Failed),
                "{fault}: never by guess, {view:?}"
            );
        }
        till.fault(fault, false).await;
        let begun = Instant::now();
        for order in &orders {
            till.until(order, "decided", known).await;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(32),
            "{fault}: {:?}",
            begun.elapsed()
        );
    }
    agrees_with_the_ledger(&till).await;
    till.close().await;
}

/// No double charge, nothing paid lost: what the till says is what the channel's ledger says.
async fn agrees_with_the_ledger(till: &Till) {
    let ledger = till.ledger().await;
    for trade in ledger["trades"].as_array().unwrap() {
        let reference = trade["out_trade_no"].as_str().unwrap();
        let net = trade["paid"].as_i64().unwrap() - trade["refunded"].as_i64().unwrap();
        let view = till.view(&reference[..18]).await;
        let says_paid = matches!(view.state, PayState::Paid | PayState::PaidLate);
        assert_eq!(says_paid, net > 0, "{trade:#} {view:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_doubts_at_once_are_decided_within_half_a_minute() {
    let till = Till::demo("fifty").await;
    till.fault("reply_lost", true).await;
    let mut orders = Vec::new();
    for n in 0..25 {
        let (alipay, wechatpay) = till.codes("00").await;
        for (m, code) in [alipay, wechatpay].into_iter().enumerate() {
            let minor = 3000 + 2 * n + i64::try_from(m).unwrap();
            orders.push(till.charge(&code, minor).await.unwrap().order_id);
        }
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    till.fault("reply_lost", false).await;
    let begun = Instant::now();
    for order in &orders {
        till.until(order, "decided", known).await;
    }
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "{:?}",
        begun.elapsed()
    );
    agrees_with_the_ledger(&till).await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_stays_ends_reversed_or_on_the_human_list_never_paid_or_failed() {
    let till = Till::demo("stays").await;
    till.fault("bad_signature", true).await;
    let (alipay, wechatpay) = till.codes("00").await;
    let mut orders = Vec::new();
    for (n, code) in [alipay, wechatpay].into_iter().enumerate() {
        orders.push(
            till.charge(&code, 4000 + i64::try_from(n).unwrap())
                .await
                .unwrap()
                .order_id,
        );
    }
    for order in &orders {
        let view = till
            .until(order, "handed over or reversed", |v| {
                v.handed_over || v.state == PayState::Reversed
            })
            .await;
        assert!(
            !matches!(view.state, PayState::Paid | PayState::Failed),
            "{view:?}"
        );
    }
    let page: OrderPage = till.ask("list_orders", attention()).await.unwrap();
    assert!(
        page.rows
            .iter()
            .filter(|r| orders.contains(&r.order_id))
            .all(|r| r.attention),
        "{page:?}"
    );
    till.fault("bad_signature", false).await;
    for order in &orders {
        till.until(order, "decided", known).await;
    }
    till.close().await;
}

fn attention() -> ListOrders {
    ListOrders {
        tab: OrderTab::Attention,
        search: String::new(),
        day_from: None,
        day_to: None,
        status: None,
        channel: None,
        cursor: None,
        limit: 50,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doubt_survives_a_restart_and_resolves_by_itself() {
    let till = Till::demo("restart").await;
    till.fault("reply_lost", true).await;
    let (code, _) = till.codes("00").await;
    let order = till.charge(&code, 4650).await.unwrap().order_id;
    till.until(&order, "amber", |v| v.state == PayState::Unknown)
        .await;
    till.fault("reply_lost", false).await;
    let folder = till.folder.clone();
    till.host.close().await;
    let till = Till::open(folder).await;
    till.until(&order, "paid", |v| v.state == PayState::Paid)
        .await;
    agrees_with_the_ledger(&till).await;
    till.close().await;
}
