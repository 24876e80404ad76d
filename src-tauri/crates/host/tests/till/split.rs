//! An order in parts: through several channels, over a crash, given back part by part.

use crate::till::{Till, intent, take};
use paydesk_console::contract::*;

fn first(total: i64) -> Option<PartOf> {
    Some(PartOf::NewOrder {
        total_minor: total.to_string(),
    })
}

fn next(order: &str) -> Option<PartOf> {
    Some(PartOf::Order {
        order_id: order.to_owned(),
    })
}

fn cash(minor: i64, received: i64, part: Option<PartOf>) -> TakeCash {
    TakeCash {
        currency: None,
        intent_id: intent(),
        amount_minor: minor.to_string(),
        received_minor: received.to_string(),
        note: String::new(),
        confirmed_repeat_of: None,
        part,
    }
}

fn scan(code: &str, minor: i64, part: Option<PartOf>) -> TakePayment {
    TakePayment {
        part,
        ..take(code, minor)
    }
}

async fn refused<A: serde::Serialize>(till: &Till, name: &str, ask: A) -> ErrorCode {
    let error = till.ask::<_, PaymentView>(name, ask).await.unwrap_err();
    assert_eq!(error.money, MoneyMark::NotMoved);
    error.code
}

/// Total, paid and left, in minor units.
fn sums(view: &PaymentView) -> (i64, i64, i64) {
    let split = view.split.as_ref().expect("it is split");
    let minor = |money: &MoneyView| money.minor.parse().unwrap();
    (minor(&split.total), minor(&split.paid), minor(&split.left))
}

async fn row(till: &Till, order: &str) -> OrderRow {
    till.detail(order).await.row
}

/// Gives a part back, all of it.
async fn give_back(till: &Till, order: &str, part: &str) -> RefundView {
    let ask = PrepareRefund {
        order_id: order.to_owned(),
        reference: Some(part.to_owned()),
    };
    let dialog: RefundDialog = till.ask("prepare_refund", ask).await.unwrap();
    assert_eq!(dialog.reference, part);
    let request = RequestRefund {
        currency: None,
        refund_intent: dialog.refund_intent,
        order_id: order.to_owned(),
        reference: Some(part.to_owned()),
        amount_minor: dialog.refundable.minor,
        reason: "customer_cancelled".to_owned(),
        note: String::new(),
        in_cash: dialog.in_cash,
        rate: None,
    };
    let refund: RefundView = till.ask("request_refund", request).await.unwrap();
    assert!(refund.refund_id.starts_with(part));
    till.until_refund(order, &refund.refund_id, "given back", |it| {
        it.state == RefundStateView::Done
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_paid_in_parts_through_cash_and_two_channels() {
    let till = Till::demo("split").await;
    let (alipay, wechatpay) = till.codes("00").await;

    let more = cash(5_000, 5_000, first(4_650));
    assert_eq!(
        refused(&till, "take_cash", more).await,
        ErrorCode::PartExceedsOwed
    );
    // A double click is one part, of one order.
    let twice = cash(1_000, 2_000, first(4_650));
    let (one, other) = tokio::join!(
        till.ask::<_, PaymentView>("take_cash", twice.clone()),
        till.ask::<_, PaymentView>("take_cash", twice),
    );
    let (one, other) = (one.unwrap(), other.unwrap());
    let order = one.order_id.clone();
    assert_eq!(order, other.order_id);
    assert_eq!(one.state, PayState::PartPaid);
    assert_eq!(sums(&one), (4_650, 1_000, 3_650));
    let listed = row(&till, &order).await;
    assert!(listed.attention && listed.status == StatusView::PartPaid);
    assert_eq!(
        (listed.amount.minor.as_str(), listed.paid.unwrap().minor),
        ("4650", "1000".to_owned())
    );

    // A part of a channel: the code is single use there too, and the same intent is the same part.
    let ask = scan(&alipay, 2_000, next(&order));
    let part: PaymentView = till.ask("take_payment", ask.clone()).await.unwrap();
    assert_eq!(part.order_id, order);
    let paid = till.until(&order, "part paid", |it| it.state == PayState::PartPaid);
    let paid = paid.await;
    assert_eq!(sums(&paid), (4_650, 3_000, 1_650));
    let again: PaymentView = till.ask("take_payment", ask.clone()).await.unwrap();
    assert_eq!(again.split.unwrap().parts.len(), 2);
    let other_wish = TakePayment {
        amount_minor: "1999".to_owned(),
        ..ask.clone()
    };
    assert_eq!(
        refused(&till, "take_payment", other_wish).await,
        ErrorCode::IntentReused
    );
    let same_code = scan(&alipay, 1_000, next(&order));
    assert_eq!(
        refused(&till, "take_payment", same_code).await,
        ErrorCode::CodeUsed
    );

    let more = scan(&wechatpay, 1_651, next(&order));
    assert_eq!(
        refused(&till, "take_payment", more).await,
        ErrorCode::PartExceedsOwed
    );
    let rest = scan(&wechatpay, 1_650, next(&order));
    let _rest: PaymentView = till.ask("take_payment", rest).await.unwrap();
    let paid = till.until(&order, "paid", |it| it.state == PayState::Paid);
    assert_eq!(sums(&paid.await), (4_650, 4_650, 0));
    let listed = row(&till, &order).await;
    assert_eq!((listed.status, listed.attention), (StatusView::Paid, false));
    assert_eq!(
        refused(&till, "take_cash", cash(1, 1, next(&order))).await,
        ErrorCode::AttemptOpen
    );

    let ask = ReceiptOf {
        order_id: order.clone(),
        refund_id: None,
        action: ReceiptAction::Preview,
    };
    let receipt: Receipt = till.ask("receipt", ask).await.unwrap();
    for said in ["CNY 46.50", "CNY 10.00", "CNY 20.00", "CNY 16.50"] {
        assert!(receipt.html.contains(said), "{said}: {}", receipt.html);
    }
    assert!(
        till.ledger()
            .await
            .iter()
            .all(|it| it.charged == it.total && it.refunded == 0)
    );
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_fails_loses_nothing_and_the_rest_is_found_after_a_restart() {
    let till = Till::demo("split-restart").await;
    let (no_money, _) = till.codes("03").await;
    let view: PaymentView = till
        .ask("take_cash", cash(2_000, 2_000, first(4_650)))
        .await
        .unwrap();
    let order = view.order_id;
    let failing = scan(&no_money, 2_650, next(&order));
    let _view: PaymentView = till.ask("take_payment", failing).await.unwrap();
    let failed = till.until(&order, "failed", |it| it.state == PayState::Failed);
    let failed = failed.await;
    assert_eq!(sums(&failed), (4_650, 2_000, 2_650));
    assert!(failed.split.unwrap().can_go_on);
    assert_eq!(row(&till, &order).await.status, StatusView::PartPaid);

    let folder = till.folder.clone();
    till.close_keeping_folder().await;
    let till = Till::open(folder).await;
    let recent: RecentPayments = till.ask("recent_payments", NoArgs {}).await.unwrap();
    assert!(recent.open.iter().any(|it| it.order_id == order));
    let rest = cash(2_650, 3_000, next(&order));
    let paid: PaymentView = till.ask("take_cash", rest).await.unwrap();
    assert_eq!(paid.state, PayState::Paid);
    assert_eq!(paid.cash.unwrap().change.minor, "350");
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_walks_away_gets_each_part_back_the_way_it_came() {
    let till = Till::demo("split-back").await;
    let (alipay, _) = till.codes("00").await;
    let view: PaymentView = till
        .ask("take_cash", cash(1_000, 1_000, first(4_650)))
        .await
        .unwrap();
    let order = view.order_id;
    let part = scan(&alipay, 2_000, next(&order));
    let _part: PaymentView = till.ask("take_payment", part).await.unwrap();
    let view = till.until(&order, "part paid", |it| sums(it).1 == 3_000);
    let parts = view.await.split.unwrap().parts;
    let detail = till.detail(&order).await;
    assert_eq!(detail.refundable.unwrap().minor, "3000");

    // Cash goes back over the counter.
    give_back(&till, &order, &parts[0].reference).await;
    let listed = row(&till, &order).await;
    assert_eq!(
        (listed.status, listed.attention),
        (StatusView::PartRefunded, true),
        "the other part is not forgotten"
    );
    assert_eq!(
        refused(&till, "take_cash", cash(100, 100, next(&order))).await,
        ErrorCode::PartGoingBack
    );
    let back = give_back(&till, &order, &parts[1].reference).await;
    assert!(!back.in_cash);
    let listed = row(&till, &order).await;
    assert_eq!(
        (listed.status, listed.attention),
        (StatusView::Refunded, false)
    );
    let drawer: DrawerView = till.ask("drawer", NoArgs {}).await.unwrap();
    let moved: i64 = drawer
        .moves
        .iter()
        .map(|it| it.amount.as_ref().unwrap().minor.parse::<i64>().unwrap())
        .sum();
    assert_eq!(moved, 0, "in and out again");
    assert!(
        till.ledger()
            .await
            .iter()
            .all(|it| it.charged == it.refunded)
    );
    till.close().await;
}

/// Takings count what each channel took, not the order under its last part.
#[tokio::test(flavor = "multi_thread")]
async fn takings_count_parts_by_their_channel() {
    let till = Till::demo("split-takings").await;
    let (alipay, _) = till.codes("00").await;
    let view: PaymentView = till
        .ask("take_cash", cash(1_000, 1_000, first(3_000)))
        .await
        .unwrap();
    let order = view.order_id;
    let part = scan(&alipay, 2_000, next(&order));
    let _part: PaymentView = till.ask("take_payment", part).await.unwrap();
    till.until(&order, "paid", |it| it.state == PayState::Paid)
        .await;
    let parts = till.view(&order).await.split.unwrap().parts;
    give_back(&till, &order, &parts[0].reference).await;
    let day = till.detail(&order).await.business_day;
    let ask = TakingsOf {
        currency: None,
        from: day.clone(),
        to: day,
        by: TakingsStep::Day,
    };
    let takings: Takings = till.ask("takings", ask).await.unwrap();
    let of = |channel: &str| {
        let found = takings
            .taken
            .iter()
            .find(|it| it.channel == channel)
            .unwrap();
        (found.taken.minor.clone(), found.refunded.minor.clone())
    };
    assert_eq!(of("cash"), ("1000".to_owned(), "1000".to_owned()));
    assert_eq!(of("alipay"), ("2000".to_owned(), "0".to_owned()));
    till.close().await;
}
