//! A shop at Stripe, end to end: its page as a code whose answers are lost, and its notices in any order.

use crate::counter::{Street, add, keyring, shop};
use crate::notices::{Heard, Relay, orders_of};
use crate::till::Till;
use paydesk_console::contract::*;
use paydesk_sandbox::{Channel, PhoneAct as Phone, RefundState};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

/// Faults of the demo panel that can strike the making of a page. Nothing is signed there, so no signature can be wrong.
const FAULTS: [&str; 6] = [
    "request_lost",
    "reply_lost",
    "server_error_before",
    "server_error_after",
    "garbage",
    "delay_45s",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_answer_is_lost_is_amber_in_time_and_then_shown_and_paid() {
    // All shops first: making keys for one must not hold up the clock of another.
    let mut tills = Vec::new();
    for fault in FAULTS {
        tills.push((Till::demo(&format!("page-{fault}")).await, fault));
    }
    let strikes = tills
        .into_iter()
        .map(|(till, fault)| tokio::spawn(strike(till, fault)));
    for strike in strikes.collect::<Vec<_>>() {
        strike.await.unwrap();
    }
}

async fn strike(till: Till, fault: &'static str) {
    till.fault(fault, true).await;
    let begun = Instant::now();
    let order = till.show("stripe", 2_003).await.order_id;
    let amber = |view: &PaymentView| view.state == PayState::Unknown;
    till.until(&order, "amber", amber).await;
    assert!(begun.elapsed() < Duration::from_secs(15), "{fault}");
    till.fault(fault, false).await;
    // The same request under the same key brings the same page, made before or now.
    let shown = till.until(&order, "shown", |v| v.qr.is_some()).await;
    assert!(begun.elapsed() < Duration::from_secs(40), "{fault}");
    let paid = till.phone(&shown.qr.unwrap().text, Act::Pay).await;
    assert_eq!(paid.state, "paid", "{fault}");
    let paid = |view: &PaymentView| view.state == PayState::Paid;
    till.until(&order, "paid", paid).await;
    let books = till.ledger().await;
    assert_eq!(books.len(), 1, "{fault}: one page, {books:?}");
    till.agrees_with_the_ledger().await;
    till.close().await;
}

/// What may reach the till about a payment at a page.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Word {
    /// An answer to a question, if there is one to be asked.
    Answer,
    /// The notice of the intent: it says that money came.
    Intent,
    /// The notice of the page, which does not hold its intent.
    Page,
}

struct Corner {
    street: Street,
    till: Till,
    account: String,
    relay: Relay,
}

impl Corner {
    async fn open(name: &str) -> Corner {
        let (street, relay) = (Street::open(name).await, Relay::open().await);
        let told = Some(relay.address.as_str());
        street.sandbox.set_stripe_endpoint(told).unwrap();
        let till = shop(name, &keyring()).await;
        let account = add(&till, street.stripe()).await.unwrap().id;
        Corner {
            street,
            till,
            account,
            relay,
        }
    }

    /// The event of this kind about an order, signed by the channel's side, once it came.
    async fn told(&self, order: &str, kind: &str) -> Heard {
        let kind = format!("\"type\":\"{kind}\"");
        let fits = |body: &str| body.contains(order) && body.contains(&kind);
        self.relay.first(&format!("{order}, {kind}"), fits).await
    }

    async fn deliver(&self, heard: &Heard) -> Result<&'static str, ErrorCode> {
        let headers = heard.head.lines().filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_owned(), value.to_owned()))
        });
        let body = heard.body.clone().into_bytes();
        let console = self.till.host.console();
        let taken = console
            .hear_notice(Some(&self.account), headers.collect(), body)
            .await;
        taken.map(|taken| taken.came_to).map_err(|error| error.code)
    }

    /// A page that its customer has paid.
    async fn paid(&self, minor: i64) -> String {
        let order = self.till.show("stripe", minor).await.order_id;
        let shown = self.till.until(&order, "shown", |v| v.qr.is_some()).await;
        let screen = self
            .street
            .sandbox
            .phone(&shown.qr.unwrap().text, Phone::Pay);
        assert_eq!(screen.unwrap().state, "paid");
        order
    }

    async fn close(self) {
        self.till.close().await;
        self.street.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stripes_notices_of_a_page_and_its_refund_come_to_the_same_end_in_any_order() {
    let corner = Corner::open("stripe-notices").await;
    let orders = orders_of(&[Word::Answer, Word::Intent, Word::Intent, Word::Page]);
    assert_eq!(orders.len(), 12);
    let mut ends = BTreeSet::new();
    for (place, words) in orders.iter().enumerate() {
        let minor = 2_000 + i64::try_from(place).unwrap();
        let order = corner.paid(minor).await;
        let intent = corner.told(&order, "payment_intent.succeeded").await;
        let page = corner.told(&order, "checkout.session.completed").await;
        for word in words {
            let heard = match word {
                Word::Answer => {
                    let named = OrderId {
                        order_id: order.clone(),
                    };
                    let _view: PaymentView = corner.till.ask("check_now", named).await.unwrap();
                    continue;
                }
                Word::Intent => corner.deliver(&intent).await,
                Word::Page => corner.deliver(&page).await,
            };
            let expected = if *word == Word::Page {
                "asked"
            } else {
                "recorded"
            };
            assert_eq!(heard, Ok(expected), "{word:?} of {words:?}");
        }
        let paid = |view: &PaymentView| view.state == PayState::Paid;
        corner.till.until(&order, "paid", paid).await;
        let named = OrderId {
            order_id: order.clone(),
        };
        let dialog: RefundDialog = corner.till.ask("prepare_refund", named).await.unwrap();
        let request = RequestRefund {
            currency: None,
            refund_intent: dialog.refund_intent,
            order_id: order.clone(),
            reference: None,
            amount_minor: "700".to_owned(),
            reason: "goods_returned".to_owned(),
            note: String::new(),
            in_cash: false,
            rate: None,
        };
        let refund: RefundView = corner.till.ask("request_refund", request).await.unwrap();
        let refunded = corner.told(&order, "refund.created").await;
        for _ in 0..2 {
            assert_eq!(corner.deliver(&refunded).await, Ok("recorded"), "{words:?}");
        }
        let done = |view: &RefundView| view.state == RefundStateView::Done;
        let refund = &refund.refund_id;
        corner.till.until_refund(&order, refund, "done", done).await;
        let detail = corner.till.detail(&order).await;
        let count = |kind: &str| {
            let events = detail.timeline.iter().filter(|event| event.kind == kind);
            events.count()
        };
        ends.insert(format!(
            "{:?} paid {} refunded {} gone {}",
            detail.row.status,
            count("payment_paid"),
            count("refund_done"),
            minor - detail.refundable.unwrap().minor.parse::<i64>().unwrap(),
        ));
    }
    let end = "PartRefunded paid 1 refunded 1 gone 700".to_owned();
    assert_eq!(ends, BTreeSet::from([end]));
    corner.close().await;
}

/// A refund that was done may come back days later: only a notice and the bill say so.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_comes_back_after_it_was_done_is_told_by_its_notice() {
    let corner = Corner::open("stripe-back").await;
    let order = corner.paid(3_000).await;
    let paid = |view: &PaymentView| view.state == PayState::Paid;
    corner.till.until(&order, "paid", paid).await;
    corner
        .street
        .sandbox
        .end_refunds_as(Channel::Stripe, RefundState::Closed);
    let named = OrderId {
        order_id: order.clone(),
    };
    let dialog: RefundDialog = corner.till.ask("prepare_refund", named).await.unwrap();
    let request = RequestRefund {
        currency: None,
        refund_intent: dialog.refund_intent,
        order_id: order.clone(),
        reference: None,
        amount_minor: "700".to_owned(),
        reason: "goods_returned".to_owned(),
        note: String::new(),
        in_cash: false,
        rate: None,
    };
    let refund: RefundView = corner.till.ask("request_refund", request).await.unwrap();
    let state = |wanted: RefundStateView| move |view: &RefundView| view.state == wanted;
    let number = &refund.refund_id;
    let done = state(RefundStateView::Done);
    corner.till.until_refund(&order, number, "done", done).await;
    let failed = corner.told(&order, "refund.failed").await;
    assert_eq!(corner.deliver(&failed).await, Ok("asked"));
    let failed = state(RefundStateView::Failed);
    let view = corner
        .till
        .until_refund(&order, number, "failed", failed)
        .await;
    assert!(view.why.unwrap().starts_with("refund."));
    let left = corner.till.detail(&order).await.refundable.unwrap();
    assert_eq!(left.minor, "3000", "the money is the shop's again");
    corner.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_of_stripe_is_believed_by_its_signature_and_its_words() {
    let corner = Corner::open("stripe-lies").await;
    let order = corner.paid(4_650).await;
    let genuine = corner.told(&order, "payment_intent.succeeded").await;
    let body = |from: &str, to: &str| {
        let altered = genuine.body.replace(from, to);
        assert_ne!(altered, genuine.body, "{from}");
        Heard {
            body: altered,
            ..genuine.clone()
        }
    };
    let head = |from: &str, to: &str| {
        let altered = genuine.head.replace(from, to);
        assert_ne!(altered, genuine.head, "{from}");
        Heard {
            head: altered,
            ..genuine.clone()
        }
    };
    for lie in [
        body("4650", "4651"),
        body("\"livemode\":false", "\"livemode\":true"),
        body("{", "{ "),
        head("stripe-signature", "stripe-signed"),
        head("v1=", "v0="),
        head("t=1", "t=2"),
    ] {
        let taken = corner.deliver(&lie).await;
        assert_eq!(taken, Err(ErrorCode::NoticeForged), "{lie:?}");
    }
    assert_eq!(corner.deliver(&genuine).await, Ok("recorded"));
    corner.close().await;
}
