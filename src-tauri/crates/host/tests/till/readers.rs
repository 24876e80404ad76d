//! Cards at a reader of the shop, end to end: which reader, what its customer does, and what is known when the reader or
//! the network is not there. What was paid is what the channel's own books say, every time.

use crate::counter::{Street, add, keyring, shop};
use crate::refunds::{dialog, request};
use crate::till::{Till, folder, show};
use paydesk_console::contract::*;
use paydesk_host::HostOptions;
use paydesk_sandbox::Behaviour;

async fn begin(till: &Till, minor: i64) -> PaymentView {
    till.ask("use_reader", show("stripe", minor)).await.unwrap()
}

/// A payment for which the reader waits.
async fn waiting(till: &Till, minor: i64) -> String {
    let order = begin(till, minor).await.order_id;
    let at_reader = |view: &PaymentView| view.state == PayState::AtReader;
    till.until(&order, "at the reader", at_reader).await;
    order
}

async fn serve(till: &Till, act: CardAct) -> ReaderScreen {
    till.ask("sandbox_reader", ReaderAct { act }).await.unwrap()
}

fn named(order: &str) -> OrderId {
    OrderId {
        order_id: order.to_owned(),
    }
}

async fn check_now(till: &Till, order: &str) {
    let _view: PaymentView = till.ask("check_now", named(order)).await.unwrap();
}

async fn failed_with(till: &Till, order: &str, code: &str) -> PaymentView {
    let failed = |view: &PaymentView| view.state == PayState::Failed;
    let view = till.until(order, "refused", failed).await;
    let failure = view.failure.clone().unwrap();
    assert_eq!(failure.code, code);
    assert_ne!(failure.text, "code_other", "{code} has words of its own");
    view
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_at_the_reader_pays_and_gets_money_back() {
    let till = Till::demo("reader").await;
    let wish = show("stripe", 12_345);
    let begun: PaymentView = till.ask("use_reader", wish.clone()).await.unwrap();
    let order = begun.order_id.clone();
    let at_reader = |view: &PaymentView| view.state == PayState::AtReader;
    let waits = till.until(&order, "at the reader", at_reader).await;
    assert_eq!(
        (waits.way, waits.reader.as_deref(), waits.can_cancel),
        (WayView::Reader, Some("Counter"), true)
    );
    // The same intent is the same payment; shown as a code it is another wish.
    let again: PaymentView = till.ask("use_reader", wish.clone()).await.unwrap();
    assert_eq!(again.order_id, order);
    let shown = till.ask::<_, PaymentView>("show_qr", wish).await;
    assert_eq!(shown.unwrap_err().code, ErrorCode::IntentReused);

    let seen = serve(&till, CardAct::Look).await;
    assert_eq!(
        (seen.name.as_str(), seen.state.as_str()),
        ("Counter", "waiting")
    );
    assert_eq!(seen.amount.unwrap().minor, "12345");
    assert_eq!(serve(&till, CardAct::Tap).await.state, "approved");
    let paid = till
        .until(&order, "paid", |view| view.state == PayState::Paid)
        .await;
    assert!(paid.channel_no.unwrap().starts_with("pi_"));
    let detail = till.detail(&order).await;
    assert_eq!(detail.payer.as_deref(), Some("visa **** 4242"));
    let receipt: Receipt = till
        .ask(
            "receipt",
            ReceiptOf {
                order_id: order.clone(),
                refund_id: None,
                action: ReceiptAction::Preview,
            },
        )
        .await
        .unwrap();
    assert!(receipt.html.contains("Stripe · 刷卡机"), "{}", receipt.html);

    let ask = request(&dialog(&till, &order).await, 2_345);
    let back: RefundView = till.ask("request_refund", ask).await.unwrap();
    let done = |it: &RefundView| it.state == RefundStateView::Done;
    till.until_refund(&order, &back.refund_id, "given back", done)
        .await;
    let ledger = till.ledger().await;
    assert_eq!(ledger.len(), 1);
    assert_eq!((ledger[0].charged, ledger[0].refunded), (12_345, 2_345));
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_refused_or_a_customer_who_leaves_charges_nothing() {
    let till = Till::demo("reader-refused").await;
    let mut orders = Vec::new();
    for (minor, act, state, code) in [
        (2_001, CardAct::Decline, "declined", "insufficient_funds"),
        (2_002, CardAct::Leave, "left", "customer_canceled"),
    ] {
        let order = waiting(&till, minor).await;
        assert_eq!(serve(&till, act).await.state, state);
        failed_with(&till, &order, code).await;
        orders.push(order);
    }
    // The next card is another payment; the earlier ones stay what they were when the reader is asked about them.
    let third = waiting(&till, 2_003).await;
    for order in &orders {
        check_now(&till, order).await;
    }
    assert_eq!(serve(&till, CardAct::Tap).await.state, "approved");
    till.until(&third, "paid", |view| view.state == PayState::Paid)
        .await;
    for order in &orders {
        let detail = till.detail(order).await;
        assert_eq!(detail.row.status, StatusView::Failed);
        assert!(!detail.row.attention, "nobody has to decide: {detail:#?}");
    }
    till.agrees_with_the_ledger().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_is_offline_or_busy_takes_nothing_and_says_so() {
    let till = Till::demo("reader-offline").await;
    assert_eq!(serve(&till, CardAct::SwitchOff).await.state, "offline");
    let offline = begin(&till, 3_001).await.order_id;
    failed_with(&till, &offline, "terminal_reader_offline").await;
    assert_eq!(serve(&till, CardAct::SwitchOn).await.state, "idle");
    let first = waiting(&till, 3_002).await;
    let busy = begin(&till, 3_003).await.order_id;
    failed_with(&till, &busy, "terminal_reader_busy").await;
    for order in [&offline, &busy] {
        check_now(&till, order).await;
    }
    // The one that waits was not disturbed.
    assert_eq!(serve(&till, CardAct::Tap).await.state, "approved");
    till.until(&first, "paid", |view| view.state == PayState::Paid)
        .await;
    for order in [&offline, &busy] {
        let detail = till.detail(order).await;
        assert_eq!(detail.row.status, StatusView::Failed);
        assert!(!detail.row.attention, "nobody has to decide: {detail:#?}");
    }
    till.agrees_with_the_ledger().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_is_given_up_frees_the_reader() {
    let till = Till::demo("reader-cancel").await;
    let order = waiting(&till, 4_001).await;
    let _view: PaymentView = till.ask("cancel_payment", named(&order)).await.unwrap();
    till.until(&order, "closed", |view| view.state == PayState::Closed)
        .await;
    assert_eq!(serve(&till, CardAct::Tap).await.state, "idle");
    let next = waiting(&till, 4_002).await;
    assert_eq!(serve(&till, CardAct::Tap).await.state, "approved");
    till.until(&next, "paid", |view| view.state == PayState::Paid)
        .await;
    till.agrees_with_the_ledger().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_put_down_while_the_program_is_gone_is_found() {
    let till = Till::demo("reader-again").await;
    let order = waiting(&till, 5_001).await;
    let folder = till.folder.clone();
    till.close_keeping_folder().await;
    let till = Till::open(folder).await;
    assert_eq!(serve(&till, CardAct::Tap).await.state, "approved");
    till.until(&order, "paid", |view| view.state == PayState::Paid)
        .await;
    till.agrees_with_the_ledger().await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_whose_answer_is_lost_is_decided_by_the_payment() {
    // Their answer never comes: one card was read, one was not, and one is put down when it is called off.
    for (name, customer, is_paid) in [
        ("paid", Behaviour::NoAnswerPaid, true),
        ("unpaid", Behaviour::NoAnswerUnpaid, false),
        ("after", Behaviour::PaysAfterReverse, true),
    ] {
        let street = Street::open(&format!("reader-lost-{name}")).await;
        let till = shop(&format!("reader-lost-{name}"), &keyring()).await;
        add(&till, street.stripe()).await.unwrap();
        street.sandbox.set_reader(true, Some(customer)).unwrap();
        let order = begin(&till, 6_001).await.order_id;
        let decided = |view: &PaymentView| {
            matches!(
                view.state,
                PayState::Paid | PayState::PaidLate | PayState::Closed | PayState::Reversed
            )
        };
        if customer != Behaviour::NoAnswerPaid {
            let waits = |view: &PaymentView| view.state == PayState::AtReader || decided(view);
            till.until(&order, "at the reader", waits).await;
            let _view: PaymentView = till.ask("cancel_payment", named(&order)).await.unwrap();
        }
        let view = till.until(&order, "decided", decided).await;
        let is_said = matches!(view.state, PayState::Paid | PayState::PaidLate);
        assert_eq!(is_said, is_paid, "{name}: {view:#?}");
        let trades = street.sandbox.ledger().unwrap().trades;
        let charged: usize = trades.iter().map(|trade| trade.charges.len()).sum();
        assert_eq!(charged, usize::from(is_paid), "{name}");
        till.close().await;
        street.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reader_of_a_till_is_chosen_from_the_channels_list_and_remembered() {
    let street = Street::open("reader-choice").await;
    let keys = keyring();
    let till = shop("reader-choice", &keys).await;
    let account = add(&till, crate::counter::without(street.stripe(), &["reader"]))
        .await
        .unwrap();
    assert!(account.has_readers && account.reader.is_none());
    let refused = till
        .ask::<_, PaymentView>("use_reader", show("stripe", 7_001))
        .await;
    let refused = refused.unwrap_err();
    assert_eq!(
        (refused.code, refused.money),
        (ErrorCode::ReaderNotChosen, MoneyMark::NotMoved)
    );
    let of = AccountOf {
        account_id: account.id.clone(),
    };
    let list: ReaderList = till.ask("list_readers", of.clone()).await.unwrap();
    let [only] = list.readers.as_slice() else {
        panic!("{list:?}")
    };
    assert!(only.online && !only.chosen && list.chosen.is_none());
    let choose = |reader: Option<&str>| ChooseReader {
        account_id: account.id.clone(),
        reader: reader.map(str::to_owned),
    };
    let unknown = till
        .ask::<_, AccountView>("choose_reader", choose(Some("tmr_another")))
        .await;
    assert_eq!(unknown.unwrap_err().code, ErrorCode::ReaderUnknown);
    let chosen: AccountView = till
        .ask("choose_reader", choose(Some(&only.id)))
        .await
        .unwrap();
    let expected = ChosenReader {
        id: only.id.clone(),
        name: "Counter".to_owned(),
    };
    assert_eq!(chosen.reader.as_ref(), Some(&expected));
    let folder = till.folder.clone();
    till.close_keeping_folder().await;
    let till = crate::counter::open(crate::counter::options(&folder, &keys)).await;
    let status: AppStatus = till.ask("app_status", NoArgs {}).await.unwrap();
    let stripe = status.channels.iter().find(|it| it.id == "stripe").unwrap();
    assert_eq!(stripe.reader.as_ref(), Some(&expected));
    let others = status.channels.iter().filter(|it| it.id != "stripe");
    assert!(
        others
            .into_iter()
            .all(|it| !it.has_readers && it.reader.is_none())
    );
    let none: AccountView = till.ask("choose_reader", choose(None)).await.unwrap();
    assert!(none.reader.is_none());
    // Nobody there, and a channel without readers.
    street.close().await;
    let gone = till.ask::<_, ReaderList>("list_readers", of).await;
    assert_eq!(gone.unwrap_err().code, ErrorCode::ReadersUnreachable);
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_without_readers_uses_none() {
    let till = Till::set_up(HostOptions {
        data: Some(folder("no-reader")),
        resolve: true,
        ..HostOptions::default()
    })
    .await;
    let refused = till
        .ask::<_, PaymentView>("use_reader", show("alipay", 100))
        .await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::ChannelNotConnected);
    let of = AccountOf {
        account_id: "demo-alipay".to_owned(),
    };
    let refused = till.ask::<_, ReaderList>("list_readers", of).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::ReaderNotChosen);
    assert!(till.ledger().await.is_empty());
    till.close().await;
}
