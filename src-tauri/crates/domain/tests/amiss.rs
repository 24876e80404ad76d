//! Money in coins: what is seen, confirmed, too little, too much or too late is never lost and never called paid.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use paydesk_domain::*;
use paydesk_signing::{Authentic, KeyId, Peer, TagKeys, WireReply};
use proptest::prelude::*;

const WATCH_MS: u64 = 60_000;

fn amount(minor: i64) -> Amount {
    Amount::from_minor(minor, Currency::from_code("USD").unwrap()).unwrap()
}

fn order() -> (Order, MerchantRef) {
    let number = OrderNumber::compose(Mode::Demo, "7K2M", 0, BusinessDay(20_261_121), 1).unwrap();
    let plan = OrderPlan {
        intent: "intent".to_owned(),
        total: amount(500),
        day: BusinessDay(20_261_121),
        by: "收银员 1".to_owned(),
    };
    let mut order = Order::open(number, plan, Timestamp(0));
    let plan = PaymentPlan {
        account: AccountId("demo".to_owned()),
        channel: ChannelId("btcpay".to_owned()),
        amount: amount(500),
        tender: TenderKind::ShowCode,
        expires: Timestamp(900_000),
        watch_ms: WATCH_MS,
        rate: None,
        intent: None,
    };
    let reference = order.begin_payment(plan, Timestamp(0)).unwrap();
    let reference = reference.reference().clone();
    (order, reference)
}

fn proof() -> Authentic {
    let keys = TagKeys::new("amiss");
    let body = b"an answer".to_vec();
    let signature = keys.sign_as_peer(&body);
    let reply = WireReply {
        status: 200,
        headers: Vec::new(),
        body: body.clone(),
        peer: Peer::Unknown,
    };
    let by = KeyId("stand-in-amiss".to_owned());
    Authentic::signed(reply, 0..body.len(), &body, by, &signature, &keys).unwrap()
}

fn heard(fact: PaymentFact, how: Heard, at: i64) -> Evidence {
    Evidence::from_channel(Fact::Payment(fact), &proof(), how, Timestamp(at))
}

fn paid(received: i64) -> Paid {
    Paid {
        asked: amount(500),
        received: amount(received),
        payer_paid: None,
        channel_ref: ChannelRef("UZjz".to_owned()),
        at: Timestamp(1_000),
        payer: None,
        coins: Vec::new(),
    }
}

fn shown(due: &str) -> PaymentFact {
    let due = Decimal::parse(due).unwrap();
    let text = format!("bitcoin:bc1q?amount={due}");
    let way = CoinWay {
        method: "BTC-CHAIN".to_owned(),
        coin: "BTC".to_owned(),
        due,
        rate: Decimal::parse("64392.23").unwrap(),
        text: text.clone(),
    };
    let coins = CoinOffer {
        ways: vec![way],
        page: "https://pay.example/i/UZjz".to_owned(),
        received: None,
    };
    let action = PayerAction::ShowCode {
        text,
        coins: Some(coins),
    };
    PaymentFact::Awaiting(action, Timestamp(900_000))
}

fn confirming() -> PaymentFact {
    let confirmations = Confirmations {
        needed: 1,
        seen: None,
    };
    PaymentFact::Confirming(Some(amount(500)), confirmations)
}

fn expired() -> PaymentFact {
    PaymentFact::Closed(ClosedWhy::Expired)
}

/// The payment after these answers to questions, a second apart.
fn after(facts: &[PaymentFact]) -> Payment {
    let (order, reference) = order();
    let mut payment = order.payment(&reference).unwrap().clone();
    for (fact, at) in facts.iter().zip(1_i64..) {
        payment.apply(&heard(fact.clone(), Heard::Query, at * 1_000));
    }
    payment
}

#[test]
fn the_shown_code_follows_what_is_due_and_only_forward() {
    let (order, reference) = order();
    let mut payment = order.payment(&reference).unwrap().clone();
    payment.apply(&heard(shown("0.0002"), Heard::Reply, 1_000));
    let less = heard(shown("0.0001"), Heard::Query, 3_000);
    assert_eq!(payment.apply(&less), Change::Moved);
    assert_eq!(payment.apply(&less), Change::Same);
    // An older answer that comes later.
    let older = heard(shown("0.0002"), Heard::Query, 2_000);
    assert_eq!(payment.apply(&older), Change::Same);
    let PaymentState::Awaiting { action, .. } = payment.state() else {
        panic!("{:?}", payment.state());
    };
    assert!(format!("{action:?}").contains("0.0001"));
}

#[test]
fn seen_on_the_chain_is_not_paid_and_may_vanish() {
    let seen = after(&[shown("0.0002"), confirming()]);
    assert!(seen.paid().is_none() && !seen.is_settled());
    assert!(matches!(
        seen.state(),
        PaymentState::Processing {
            confirmations: Some(_),
            ..
        }
    ));
    assert!(seen.blocks_another());
    let replaced = after(&[shown("0.0002"), confirming(), shown("0.0002")]);
    assert!(matches!(replaced.state(), PaymentState::Awaiting { .. }));
    let settled = after(&[shown("0.0002"), confirming(), PaymentFact::Paid(paid(500))]);
    assert!(matches!(settled.state(), PaymentState::Paid { .. }));
}

#[test]
fn money_amiss_waits_for_a_person_from_every_open_state() {
    for (amiss, received) in [(Amiss::Late, 500), (Amiss::Over, 620), (Amiss::Short, 300)] {
        for before in [
            vec![],
            vec![shown("0.0002")],
            vec![confirming()],
            vec![expired()],
        ] {
            let mut facts = before.clone();
            facts.push(PaymentFact::PaidAmiss(paid(received), amiss));
            let payment = after(&facts);
            assert!(!matches!(payment.state(), PaymentState::Paid { .. }));
            assert_eq!(payment.amiss(), Some(amiss), "{before:?}");
            assert_eq!(payment.money_in().map(Amount::minor), Some(received));
        }
    }
}

#[test]
fn what_came_is_what_can_go_back() {
    for (amiss, received) in [(Amiss::Over, 620), (Amiss::Short, 300)] {
        let (mut order, reference) = order();
        let fact = PaymentFact::PaidAmiss(paid(received), amiss);
        order.hear(&reference, &heard(fact, Heard::Query, 1_000));
        assert!(order.needs_attention());
        assert_eq!(order.taken().minor(), received);
        assert_eq!(order.refundable(&reference).unwrap().minor(), received);
        let plan = |minor| RefundPlan {
            intent: format!("late {minor}"),
            amount: amount(minor),
            reason: "paid_late".to_owned(),
            note: String::new(),
            by: "主管".to_owned(),
            in_cash: false,
            rate: RateChoice::Then,
        };
        let more = order.give_back_late(&reference, plan(received + 1), Timestamp(2_000));
        assert_eq!(more, Err(Late::Blocked(Blocked::ExceedsRefundable)));
        order
            .give_back_late(&reference, plan(received), Timestamp(2_000))
            .unwrap();
        assert_eq!(order.refundable(&reference).unwrap().minor(), 0);
    }
}

#[test]
fn the_rest_that_comes_after_all_is_seen() {
    let part = PaymentFact::PaidAmiss(paid(300), Amiss::Short);
    let all = PaymentFact::PaidAmiss(paid(500), Amiss::Late);
    for facts in [[part.clone(), all.clone()], [all, part.clone()]] {
        let payment = after(&facts);
        assert_eq!(payment.amiss(), Some(Amiss::Late));
        assert_eq!(payment.money_in(), Some(amount(500)));
    }
    let marked = after(&[part, PaymentFact::Paid(paid(500))]);
    assert_eq!(marked.amiss(), Some(Amiss::Late));
}

#[test]
fn more_after_the_goods_were_handed_over_is_shown_to_a_person() {
    let over = PaymentFact::PaidAmiss(paid(620), Amiss::Over);
    let payment = after(&[PaymentFact::Paid(paid(500)), over]);
    assert!(matches!(payment.state(), PaymentState::Paid { .. }));
    assert_eq!(payment.contradictions(), 1);
}

#[test]
fn money_seen_after_the_end_opens_the_ending_again() {
    let payment = after(&[shown("0.0002"), expired(), confirming()]);
    assert!(matches!(
        payment.state(),
        PaymentState::Ending {
            how: End::Close,
            refused: false,
            ..
        }
    ));
    assert!(payment.blocks_another());
    let late = PaymentFact::PaidAmiss(paid(500), Amiss::Late);
    let payment = after(&[shown("0.0002"), expired(), confirming(), late]);
    assert_eq!(payment.amiss(), Some(Amiss::Late));
}

fn offer(stage: OfferStage) -> RefundFact {
    RefundFact::Offered(RefundOffer {
        id: "3c".to_owned(),
        link: "https://pay.example/pull-payments/3c".to_owned(),
        sum: Decimal::parse("5").unwrap(),
        unit: "USD".to_owned(),
        stage,
    })
}

#[test]
fn an_offered_refund_reserves_until_it_is_claimed_and_completed() {
    let (mut order, reference) = order();
    let all = PaymentFact::Paid(paid(500));
    order.hear(&reference, &heard(all, Heard::Query, 1_000));
    let plan = RefundPlan {
        intent: "back".to_owned(),
        amount: amount(500),
        reason: "goods_returned".to_owned(),
        note: String::new(),
        by: "主管".to_owned(),
        in_cash: false,
        rate: RateChoice::Amount,
    };
    let back = order
        .begin_refund(&reference, plan, Timestamp(2_000))
        .unwrap();
    let mut apply = |fact: RefundFact, at| {
        let refund = order.refund_mut(&back).unwrap();
        let evidence =
            Evidence::from_channel(Fact::Refund(fact), &proof(), Heard::Query, Timestamp(at));
        (refund.apply(&evidence), refund.clone())
    };
    let (change, refund) = apply(offer(OfferStage::Unclaimed), 3_000);
    assert_eq!(change, Change::Moved);
    assert!(refund.reserves() && refund.is_running());
    assert_eq!(
        refund.offer().map(|offer| offer.stage),
        Some(OfferStage::Unclaimed)
    );
    assert_eq!(apply(offer(OfferStage::Unclaimed), 4_000).0, Change::Same);
    assert_eq!(apply(offer(OfferStage::Paying), 5_000).0, Change::Moved);
    // A cancelled payout opens the offer again.
    assert_eq!(apply(offer(OfferStage::Unclaimed), 6_000).0, Change::Moved);
    let done = RefundFact::Done {
        channel_ref: None,
        at: None,
    };
    let (change, refund) = apply(done, 7_000);
    assert_eq!(change, Change::Moved);
    assert!(!refund.is_running() && refund.offer().is_none());
    assert_eq!(apply(offer(OfferStage::Unclaimed), 8_000).0, Change::Same);
}

#[test]
fn what_was_stored_before_reads_as_it_was() {
    let state: PaymentState = serde_json::from_str(
        r#"{"state":"awaiting","action":{"action":"show_code","text":"x"},"until":5}"#,
    )
    .unwrap();
    assert!(matches!(state, PaymentState::Awaiting { .. }));
    let state: PaymentState =
        serde_json::from_str(r#"{"state":"processing","received":null}"#).unwrap();
    assert!(matches!(
        state,
        PaymentState::Processing {
            confirmations: None,
            ..
        }
    ));
    let state: RefundState = serde_json::from_str(r#"{"state":"accepted","since":5}"#).unwrap();
    assert!(matches!(state, RefundState::Accepted { offer: None, .. }));
}

fn facts() -> impl Strategy<Value = PaymentFact> {
    prop_oneof![
        Just(shown("0.0002")),
        Just(shown("0.0001")),
        Just(confirming()),
        Just(expired()),
        Just(PaymentFact::NotFound),
        Just(PaymentFact::Paid(paid(500))),
        Just(PaymentFact::PaidAmiss(paid(300), Amiss::Short)),
        Just(PaymentFact::PaidAmiss(paid(620), Amiss::Over)),
        Just(PaymentFact::PaidAmiss(paid(500), Amiss::Late)),
    ]
}

proptest! {
    /// Whatever comes in whatever order: money that was heard of stays, and only the plain word makes it paid.
    #[test]
    fn money_in_coins_is_never_lost_and_never_called_paid(
        facts in prop::collection::vec((facts(), any::<bool>()), 1..14)
    ) {
        let (order, reference) = order();
        let mut payment = order.payment(&reference).unwrap().clone();
        let mut most = 0;
        let mut has_paid = false;
        for ((fact, is_query), at) in facts.into_iter().zip(1_i64..) {
            let how = if is_query { Heard::Query } else { Heard::Notice };
            let was_open = !matches!(payment.state(), PaymentState::Watching { .. } | PaymentState::Closed { .. });
            if let PaymentFact::Paid(paid) | PaymentFact::PaidAmiss(paid, _) = &fact
                && (is_query || was_open)
            {
                most = most.max(paid.received.minor());
            }
            has_paid |= matches!(fact, PaymentFact::Paid(_));
            payment.apply(&heard(fact, how, at * 1_000));
            let is_here = payment.money_in().map_or(0, Amount::minor) == most;
            prop_assert!(is_here || payment.contradictions() > 0, "{} {:?}", most, payment.state());
            let is_paid = matches!(payment.state(), PaymentState::Paid { .. });
            prop_assert!(has_paid || !is_paid);
        }
    }
}
