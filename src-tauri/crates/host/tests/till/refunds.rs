//! Refunds: the remainder, one refund for one intent, followed to the end, receipts.

use crate::till::Till;
use paydesk_console::contract::*;

async fn paid(till: &Till, channel: &str, minor: i64) -> String {
    // Whose payers show no code pays at a page.
    let Some(code) = till.codes_by_channel("00").await.remove(channel) else {
        return till.paid_by_phone(channel, minor).await;
    };
    let order = till.charge(&code, minor).await.unwrap().order_id;
    till.until(&order, "paid", |v| v.state == PayState::Paid)
        .await;
    order
}

pub(crate) async fn dialog(till: &Till, order: &str) -> RefundDialog {
    till.ask(
        "prepare_refund",
        OrderId {
            order_id: order.to_owned(),
        },
    )
    .await
    .unwrap()
}

pub(crate) fn request(dialog: &RefundDialog, minor: i64) -> RequestRefund {
    RequestRefund {
        currency: None,
        refund_intent: dialog.refund_intent.clone(),
        order_id: dialog.order_id.clone(),
        reference: None,
        amount_minor: minor.to_string(),
        reason: "goods_returned".to_owned(),
        note: String::new(),
        in_cash: false,
        rate: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn part_and_rest_go_back_on_every_channel() {
    let till = Till::demo("refund").await;
    for (channel, minor) in [
        ("alipay", 20_000),
        ("stripe", 20_003),
        ("unionpay", 20_002),
        ("wechatpay", 20_001),
    ] {
        let order = paid(&till, channel, minor).await;
        let first = dialog(&till, &order).await;
        assert_eq!(first.refundable.minor, minor.to_string());
        let part: RefundView = till
            .ask("request_refund", request(&first, 6_800))
            .await
            .unwrap();
        till.until_refund(&order, &part.refund_id, "done", |r| {
            r.state == RefundStateView::Done
        })
        .await;
        let rest = dialog(&till, &order).await;
        assert_eq!(rest.refundable.minor, (minor - 6_800).to_string());
        let error = till
            .ask::<_, RefundView>("request_refund", request(&rest, minor - 6_799))
            .await
            .unwrap_err();
        assert_eq!(
            (error.code, error.money),
            (ErrorCode::RefundExceeds, MoneyMark::NotMoved)
        );
        let rest: RefundView = till
            .ask("request_refund", request(&rest, minor - 6_800))
            .await
            .unwrap();
        till.until_refund(&order, &rest.refund_id, "done", |r| {
            r.state == RefundStateView::Done
        })
        .await;
        assert_eq!(till.detail(&order).await.row.status, StatusView::Refunded);
    }
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_windows_and_a_double_click_are_one_refund() {
    let till = Till::demo("one-refund").await;
    let order = paid(&till, "alipay", 10_000).await;
    let open = dialog(&till, &order).await;
    let ask = || till.ask::<_, RefundView>("request_refund", request(&open, 10_000));
    let (a, b, c) = tokio::join!(ask(), ask(), ask());
    let ids: Vec<String> = [a, b, c]
        .into_iter()
        .map(|r| r.unwrap().refund_id)
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let other = dialog(&till, &order).await;
    assert_eq!(
        other.refundable.minor, "0",
        "a running refund reserves its amount"
    );
    till.until_refund(&order, &ids[0], "done", |r| {
        r.state == RefundStateView::Done
    })
    .await;
    let refunded: i64 = till.ledger().await.iter().map(|t| t.refunded).sum();
    assert_eq!(refunded, 10_000);
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_a_refund_is_unknown_and_never_refunds_twice() {
    let till = Till::demo("lost-refund").await;
    for (channel, minor) in [
        ("alipay", 7_000),
        ("stripe", 7_003),
        ("unionpay", 7_002),
        ("wechatpay", 7_001),
    ] {
        let order = paid(&till, channel, minor).await;
        till.fault("reply_lost", true).await;
        let open = dialog(&till, &order).await;
        let refund: RefundView = till
            .ask("request_refund", request(&open, 3_000))
            .await
            .unwrap();
        till.until_refund(&order, &refund.refund_id, "unknown with a reason", |r| {
            r.why.as_deref() == Some("no_reply")
        })
        .await;
        till.fault("reply_lost", false).await;
        till.until_refund(&order, &refund.refund_id, "done", |r| {
            r.state == RefundStateView::Done
        })
        .await;
    }
    for trade in till.ledger().await {
        assert_eq!(trade.refunded, 3_000, "{trade:?}");
    }
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_say_what_is_known_and_count_their_copies() {
    let till = Till::demo("receipts").await;
    let order = paid(&till, "alipay", 4_650).await;
    let ask = |action, refund_id: Option<String>| ReceiptOf {
        order_id: order.clone(),
        refund_id,
        action,
    };
    let preview: Receipt = till
        .ask("receipt", ask(ReceiptAction::Preview, None))
        .await
        .unwrap();
    assert_eq!(preview.copy, 1);
    let first: Receipt = till
        .ask("receipt", ask(ReceiptAction::Print, None))
        .await
        .unwrap();
    let second: Receipt = till
        .ask("receipt", ask(ReceiptAction::Save, None))
        .await
        .unwrap();
    assert_eq!((first.copy, second.copy), (1, 2));
    let saved = std::fs::read_to_string(second.saved_path.unwrap()).unwrap();
    assert_eq!(saved, second.html);
    let open = dialog(&till, &order).await;
    let refund: RefundView = till
        .ask("request_refund", request(&open, 1_000))
        .await
        .unwrap();
    till.until_refund(&order, &refund.refund_id, "done", |r| {
        r.state == RefundStateView::Done
    })
    .await;
    let receipt: Receipt = till
        .ask("receipt", ask(ReceiptAction::Print, Some(refund.refund_id)))
        .await
        .unwrap();
    assert_eq!(receipt.copy, 1, "a refund's receipts are counted apart");
    till.close().await;
}
