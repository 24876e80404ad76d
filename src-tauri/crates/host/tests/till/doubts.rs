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
    let strikes = FAULTS.map(|fault| tokio::spawn(strike(fault)));
    for strike in strikes {
        strike.await.unwrap();
    }
}

async fn strike(fault: &'static str) {
    let till = Till::demo(fault).await;
    till.fault(fault, true).await;
    let (alipay, wechatpay) = till.codes("00").await;
    let begun = Instant::now();
    let orders = [
        till.charge(&alipay, 2001).await.unwrap().order_id,
        till.charge(&wechatpay, 2002).await.unwrap().order_id,
    ];
    for order in &orders {
        let view = till
            .until(order, "amber", |v| v.state == PayState::Unknown || known(v))
            .await;
        assert!(
            begun.elapsed() < Duration::from_secs(15),
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
        begun.elapsed() < Duration::from_secs(30),
        "{fault}: {:?}",
        begun.elapsed()
    );
    till.agrees_with_the_ledger().await;
    till.close().await;
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
    till.agrees_with_the_ledger().await;
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
        query: OrderQuery {
            tab: OrderTab::Attention,
            search: String::new(),
            day_from: None,
            day_to: None,
            status: None,
            channel: None,
        },
        cursor: None,
        position: None,
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
    till.agrees_with_the_ledger().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_connection_nothing_is_sent_and_that_is_said() {
    let folder = crate::till::folder("offline");
    let sandbox = paydesk_host::serve_sandbox(&folder, 0).await.unwrap();
    let options = paydesk_host::HostOptions {
        data: Some(folder),
        resolve: true,
        ..paydesk_host::HostOptions::default()
    };
    let till = Till::set_up(options).await;
    let codes = till.codes_by_channel("00").await;
    sandbox.stop().await;
    let mut orders = Vec::new();
    for (minor, channel) in (950..).zip(["btcpay", "stripe"]) {
        orders.push(till.show(channel, minor).await.order_id);
    }
    for (minor, code) in (900..).zip(codes.into_values()) {
        orders.push(till.charge(&code, minor).await.unwrap().order_id);
    }
    for order in orders {
        let view = till
            .until(&order, "failed", |v| v.state == PayState::Failed)
            .await;
        let failure = view.failure.unwrap();
        assert_eq!(
            (failure.code.as_str(), failure.text.as_str()),
            ("offline", "not_sent_offline")
        );
    }
    let status: AppStatus = till.ask("app_status", NoArgs {}).await.unwrap();
    assert!(status.offline, "{status:?}");
    assert_eq!(status.open_doubts, 0, "what was not sent is no doubt");
    till.close().await;
}
