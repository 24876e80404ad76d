//! The state machines of payments, refunds and orders, as facts and as properties.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::panic,
    reason = "tests"
)]

use paydesk_domain::*;
use paydesk_signing::{Authentic, KeyId, Peer, TagKeys, WireReply};
use proptest::prelude::*;

const WATCH_MS: u64 = 60_000;

fn amount(minor: i64) -> Amount {
    Amount::from_minor(minor, Currency::CNY).unwrap()
}

fn order(total: i64) -> Order {
    let number = OrderNumber::compose(Mode::Demo, "7K2M", 0, BusinessDay(20_261_121), 1).unwrap();
    let plan = OrderPlan {
        intent: "intent".to_owned(),
        total: amount(total),
        day: BusinessDay(20_261_121),
        by: "收银员 1".to_owned(),
    };
    Order::open(number, plan, Timestamp(0))
}

fn plan(minor: i64, tender: TenderKind) -> PaymentPlan {
    PaymentPlan {
        account: AccountId("demo".to_owned()),
        channel: ChannelId("alipay".to_owned()),
        amount: amount(minor),
        tender,
        expires: Timestamp(120_000),
        watch_ms: WATCH_MS,
        rate: None,
        intent: None,
    }
}

fn payment() -> Payment {
    let mut order = order(4650);
    order
        .begin_payment(plan(4650, TenderKind::PayerCode), Timestamp(0))
        .unwrap()
        .clone()
}

fn proof() -> Authentic {
    let keys = TagKeys::new("states");
    let body = b"an answer".to_vec();
    let signature = keys.sign_as_peer(&body);
    let reply = WireReply {
        status: 200,
        headers: Vec::new(),
        body: body.clone(),
        peer: Peer::Unknown,
    };
    let by = KeyId("stand-in-states".to_owned());
    Authentic::signed(reply, 0..body.len(), &body, by, &signature, &keys).unwrap()
}

fn heard(fact: PaymentFact, at: i64) -> Evidence {
    Evidence::from_channel(Fact::Payment(fact), &proof(), Heard::Query, Timestamp(at))
}

fn heard_refund(fact: RefundFact, at: i64) -> Evidence {
    Evidence::from_channel(Fact::Refund(fact), &proof(), Heard::Query, Timestamp(at))
}

fn paid(minor: i64, channel_ref: &str) -> PaymentFact {
    PaymentFact::Paid(Paid {
        asked: amount(minor),
        received: amount(minor),
        payer_paid: None,
        channel_ref: ChannelRef(channel_ref.to_owned()),
        at: Timestamp(1_000),
        payer: None,
        coins: Vec::new(),
    })
}

fn refused() -> PaymentFact {
    let refusal = Refusal {
        code: "ACQ.BUYER_BALANCE_NOT_ENOUGH".to_owned(),
        advice: Advice::AskPayer,
    };
    PaymentFact::Closed(ClosedWhy::Refused { refusal })
}

#[test]
fn a_payment_is_in_doubt_from_the_first_moment() {
    let payment = payment();
    assert!(matches!(
        payment.state(),
        PaymentState::InDoubt {
            doubt: Doubt::Interrupted,
            ..
        }
    ));
    assert!(payment.blocks_another() && !payment.is_settled());
}

/// A call of several exchanges sends no further one that charges where this says no.
#[test]
fn a_payment_that_is_being_ended_or_over_may_not_be_charged_any_further() {
    let mut open = payment();
    assert!(open.may_be_charged());
    open.apply(&heard(PaymentFact::Processing(None), 1));
    assert!(open.may_be_charged());
    let mut ended = open.clone();
    ended.begin_ending(End::Close, Timestamp(2)).unwrap();
    assert!(!ended.may_be_charged());
    ended.apply(&heard(PaymentFact::Closed(ClosedWhy::Closed), 3));
    assert!(!ended.may_be_charged());
    open.apply(&heard(paid(open.plan().amount.minor(), "1"), 4));
    assert!(open.paid().is_some() && !open.may_be_charged());
}

#[test]
fn what_was_learned_is_news_once() {
    let mut payment = payment();
    let memo = |text: &str| Memo(text.to_owned());
    assert_eq!(payment.learn(memo("a"), None), Change::Moved);
    assert_eq!(payment.learn(memo("a"), Some(&memo("a"))), Change::Same);
    assert_eq!(payment.learn(memo("b"), Some(&memo("a"))), Change::Moved);
    assert_eq!(payment.memo(), Some(&memo("b")));
}

#[test]
fn paid_in_time_stays_paid_whatever_comes_later() {
    let mut payment = payment();
    assert_eq!(payment.apply(&heard(paid(4650, "c1"), 1)), Change::Moved);
    assert_eq!(payment.apply(&heard(paid(4650, "c1"), 2)), Change::Same);
    assert_eq!(
        payment.apply(&heard(PaymentFact::NotFound, 3)),
        Change::Contradicted
    );
    assert_eq!(
        payment.apply(&heard(PaymentFact::Closed(ClosedWhy::Closed), 4)),
        Change::Contradicted
    );
    assert_eq!(
        payment.apply(&heard(paid(4650, "c2"), 5)),
        Change::Contradicted
    );
    assert!(matches!(payment.state(), PaymentState::Paid { .. }));
    assert_eq!(payment.contradictions(), 3);
    assert!(payment.begin_ending(End::Reverse, Timestamp(6)).is_err());
}

#[test]
fn an_answer_about_another_amount_is_never_paid() {
    let mut payment = payment();
    assert_eq!(
        payment.apply(&heard(paid(4651, "c1"), 1)),
        Change::Contradicted
    );
    assert!(matches!(payment.state(), PaymentState::InDoubt { .. }));
}

#[test]
fn not_found_alone_ends_nothing() {
    let mut payment = payment();
    assert_eq!(
        payment.apply(&heard(PaymentFact::NotFound, i64::MAX)),
        Change::Same
    );
    payment.begin_ending(End::Reverse, Timestamp(1)).unwrap();
    assert_eq!(
        payment.apply(&heard(PaymentFact::NotFound, 2)),
        Change::Same
    );
    assert!(matches!(payment.state(), PaymentState::Ending { .. }));
}

#[test]
fn after_an_ending_it_is_watched_and_late_money_waits_for_a_person() {
    let mut payment = payment();
    payment.begin_ending(End::Reverse, Timestamp(1)).unwrap();
    assert_eq!(
        payment.apply(&heard(PaymentFact::Closed(ClosedWhy::NeverExisted), 2)),
        Change::Moved
    );
    assert!(matches!(payment.state(), PaymentState::Watching { .. }));
    assert_eq!(
        payment.apply(&heard(PaymentFact::NotFound, 3)),
        Change::Same
    );
    assert_eq!(payment.apply(&heard(paid(4650, "c1"), 4)), Change::Moved);
    let PaymentState::PaidLate { choice, .. } = payment.state() else {
        panic!("{:?}", payment.state())
    };
    assert_eq!(*choice, LateChoice::Undecided);
    let by = "主管".to_owned();
    payment
        .decide_late(LateChoice::Accepted { by: by.clone() })
        .unwrap();
    assert!(
        payment.decide_late(LateChoice::Returning { by }).is_err(),
        "decided once"
    );
}

#[test]
fn the_watch_ends_with_the_channels_margin_and_even_then_late_money_shows() {
    let mut payment = payment();
    payment.begin_ending(End::Close, Timestamp(1)).unwrap();
    payment.apply(&heard(PaymentFact::Closed(ClosedWhy::Closed), 2));
    let end = 2 + i64::try_from(WATCH_MS).unwrap();
    assert_eq!(
        payment.apply(&heard(PaymentFact::NotFound, end - 1)),
        Change::Same
    );
    assert_eq!(
        payment.apply(&heard(PaymentFact::NotFound, end)),
        Change::Moved
    );
    assert!(matches!(
        payment.state(),
        PaymentState::Closed {
            why: ClosedWhy::Closed
        }
    ));
    assert_eq!(
        payment.apply(&heard(paid(4650, "c1"), end + 1)),
        Change::Moved
    );
    assert!(matches!(payment.state(), PaymentState::PaidLate { .. }));
}

#[test]
fn a_reversal_goes_on_although_it_turns_out_paid_and_a_refused_one_gives_up() {
    let mut payment = payment();
    payment.begin_ending(End::Reverse, Timestamp(1)).unwrap();
    assert_eq!(payment.apply(&heard(paid(4650, "c1"), 2)), Change::Same);
    let refusal = Refusal {
        code: "ACQ.TRADE_CANCEL_TIME_OUT".to_owned(),
        advice: Advice::GiveUp,
    };
    assert_eq!(
        payment.apply(&heard(PaymentFact::EndRefused(refusal), 3)),
        Change::Moved
    );
    assert_eq!(payment.apply(&heard(paid(4650, "c1"), 4)), Change::Moved);
    assert!(matches!(payment.state(), PaymentState::PaidLate { .. }));
}

#[test]
fn a_close_cannot_give_back_so_money_seen_meanwhile_is_late() {
    let mut payment = payment();
    payment.begin_ending(End::Close, Timestamp(1)).unwrap();
    assert_eq!(payment.apply(&heard(paid(4650, "c1"), 2)), Change::Moved);
    assert!(matches!(payment.state(), PaymentState::PaidLate { .. }));
}

#[test]
fn what_was_not_sent_is_taken_back_only_before_anything_was_heard() {
    let mut fresh = payment();
    fresh.withdraw(NotSent::Offline).unwrap();
    assert!(matches!(
        fresh.state(),
        PaymentState::Closed {
            why: ClosedWhy::NotSent { .. }
        }
    ));
    let mut doubted = payment();
    doubted.note_doubt(Doubt::NoReply);
    assert!(doubted.withdraw(NotSent::Offline).is_err());
}

#[test]
fn handing_over_is_noted_once_and_ends_with_the_doubt() {
    let mut payment = payment();
    assert_eq!(payment.hand_over(Timestamp(9)), Change::Moved);
    assert_eq!(payment.hand_over(Timestamp(10)), Change::Same);
    assert_eq!(payment.handed_over_at(), Some(Timestamp(9)));
    payment.apply(&heard(paid(4650, "c1"), 11));
    assert_eq!(payment.handed_over_at(), None);
}

#[test]
fn an_order_takes_no_second_attempt_while_the_first_is_open_or_paid() {
    let mut order = order(4650);
    order
        .begin_payment(plan(4650, TenderKind::PayerCode), Timestamp(0))
        .unwrap();
    let again = plan(4650, TenderKind::PayerCode);
    assert_eq!(
        order
            .begin_payment(again.clone(), Timestamp(1))
            .unwrap_err(),
        Blocked::AttemptOpen
    );
    let first = order.number().attempt(1).unwrap();
    order
        .payment_mut(&first)
        .unwrap()
        .apply(&heard(refused(), 2));
    assert_eq!(order.status(), OrderStatus::Failed);
    let second = order
        .begin_payment(again.clone(), Timestamp(3))
        .unwrap()
        .reference()
        .clone();
    assert!(second.as_str().ends_with("A2"));
    order
        .payment_mut(&second)
        .unwrap()
        .apply(&heard(paid(4650, "c1"), 4));
    assert_eq!(
        order.begin_payment(again, Timestamp(5)).unwrap_err(),
        Blocked::AlreadyPaid
    );
    assert_eq!(order.status(), OrderStatus::Paid);
}

fn paid_order(total: i64) -> (Order, MerchantRef) {
    let mut order = order(total);
    let reference = order
        .begin_payment(plan(total, TenderKind::PayerCode), Timestamp(0))
        .unwrap()
        .reference()
        .clone();
    order
        .payment_mut(&reference)
        .unwrap()
        .apply(&heard(paid(total, "c1"), 1));
    (order, reference)
}

fn ask(intent: &str, minor: i64) -> RefundPlan {
    RefundPlan {
        intent: intent.to_owned(),
        amount: amount(minor),
        reason: "goods_returned".to_owned(),
        note: String::new(),
        by: "主管".to_owned(),
        in_cash: false,
        rate: RateChoice::default(),
    }
}

#[test]
fn the_remainder_counts_running_and_unknown_refunds() {
    let (mut order, payment) = paid_order(10_000);
    let first = order
        .begin_refund(&payment, ask("a", 6_000), Timestamp(2))
        .unwrap();
    assert_eq!(
        order.refundable(&payment).unwrap().minor(),
        4_000,
        "in doubt reserves"
    );
    assert_eq!(
        order
            .begin_refund(&payment, ask("b", 4_001), Timestamp(3))
            .unwrap_err(),
        Blocked::ExceedsRefundable
    );
    assert_eq!(
        order
            .begin_refund(&payment, ask("a", 6_000), Timestamp(4))
            .unwrap(),
        first,
        "same intent, same refund"
    );
    assert_eq!(order.refunds().len(), 1);
    order
        .refund_mut(&first)
        .unwrap()
        .apply(&heard_refund(RefundFact::Accepted, 5));
    assert_eq!(
        order.refundable(&payment).unwrap().minor(),
        4_000,
        "accepted reserves"
    );
    let refusal = Refusal {
        code: "CLOSED".to_owned(),
        advice: Advice::GiveUp,
    };
    order.refund_mut(&first).unwrap().apply(&heard_refund(
        RefundFact::Failed(refusal, Again::NewReference),
        6,
    ));
    assert_eq!(
        order.refundable(&payment).unwrap().minor(),
        10_000,
        "a final failure frees"
    );
    assert_eq!(order.status(), OrderStatus::RefundFailed);
    let second = order
        .begin_refund(&payment, ask("c", 10_000), Timestamp(7))
        .unwrap();
    assert_ne!(second, first, "a new refund has a new number");
    order.refund_mut(&second).unwrap().apply(&heard_refund(
        RefundFact::Done {
            channel_ref: None,
            at: None,
        },
        8,
    ));
    assert_eq!(order.status(), OrderStatus::Refunded);
    assert_eq!(order.refunded().minor(), 10_000);
}

#[test]
fn a_refund_that_waits_for_balance_keeps_its_amount_and_number() {
    let (mut order, payment) = paid_order(10_000);
    let refund = order
        .begin_refund(&payment, ask("a", 10_000), Timestamp(2))
        .unwrap();
    let refusal = Refusal {
        code: "NOT_ENOUGH".to_owned(),
        advice: Advice::TryAgain,
    };
    order.refund_mut(&refund).unwrap().apply(&heard_refund(
        RefundFact::Failed(refusal, Again::SameReference),
        3,
    ));
    assert_eq!(order.refundable(&payment).unwrap().minor(), 0);
    assert!(order.refund(&refund).unwrap().is_running());
}

#[test]
fn late_money_goes_back_under_its_one_reference() {
    let mut order = order(4650);
    let reference = order
        .begin_payment(plan(4650, TenderKind::PayerCode), Timestamp(0))
        .unwrap()
        .reference()
        .clone();
    let payment = order.payment_mut(&reference).unwrap();
    payment.begin_ending(End::Reverse, Timestamp(1)).unwrap();
    payment.apply(&heard(PaymentFact::Closed(ClosedWhy::Reversed), 2));
    payment.apply(&heard(paid(4650, "c1"), 3));
    assert_eq!(order.status(), OrderStatus::PaidLate);
    assert!(order.needs_attention());
    let back = order
        .begin_late_return(&reference, ask("late", 4650), Timestamp(4))
        .unwrap();
    assert_eq!(back, reference.late_return());
    assert_eq!(
        order
            .begin_late_return(&reference, ask("again", 4650), Timestamp(5))
            .unwrap(),
        back
    );
    assert_eq!(order.refunds().len(), 1);
}

#[test]
fn states_survive_json_and_personal_data_does_not_enter_it() {
    let mut payment = payment();
    let PaymentFact::Paid(mut with_payer) = paid(4650, "c1") else {
        panic!()
    };
    with_payer.payer = Some("159****5620".to_owned());
    payment.apply(&heard(PaymentFact::Paid(with_payer), 1));
    let json = serde_json::to_string(&payment).unwrap();
    assert!(!json.contains("5620"), "{json}");
    let back: Payment = serde_json::from_str(&json).unwrap();
    assert_eq!(back.reference(), payment.reference());
    assert_eq!(serde_json::to_string(&back).unwrap(), json);
}

#[derive(Clone, Debug)]
enum Act {
    Doubt,
    End(End),
    HandOver,
    Hear(u8),
    Withdraw,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        Just(Act::Doubt),
        Just(Act::End(End::Close)),
        Just(Act::End(End::Reverse)),
        Just(Act::HandOver),
        (0_u8..10).prop_map(Act::Hear),
        Just(Act::Withdraw),
    ];
    prop::collection::vec(act, 0..40)
}

fn fact(pick: u8) -> PaymentFact {
    match pick {
        0 => paid(4650, "c1"),
        1 => paid(4650, "c2"),
        2 => paid(1, "c1"),
        3 => PaymentFact::NotFound,
        4 => PaymentFact::Closed(ClosedWhy::Closed),
        5 => PaymentFact::Closed(ClosedWhy::Reversed),
        6 => refused(),
        7 => PaymentFact::Awaiting(PayerAction::EnterPassword, Timestamp(60_000)),
        8 => PaymentFact::Processing(None),
        _ => PaymentFact::EndRefused(Refusal {
            code: "X".to_owned(),
            advice: Advice::GiveUp,
        }),
    }
}

proptest! {
    /// Whatever happens in whatever order: paid never leaves paid, money that was heard of is never
    /// dropped, and every move goes along an allowed edge (INV11). One exception: while nobody has decided
    /// about late money, the channel's own answer to our question can say that it went back.
    #[test]
    fn money_once_heard_of_is_never_lost(acts in acts()) {
        let mut payment = payment();
        let mut heard_of_money = false;
        for (at, act) in acts.into_iter().enumerate() {
            let at = i64::try_from(at).unwrap() * 1_000 + 1;
            let before = payment.clone();
            match act {
                Act::Doubt => { payment.note_doubt(Doubt::NoReply); }
                Act::End(how) => { let _refused = payment.begin_ending(how, Timestamp(at)); }
                Act::HandOver => { payment.hand_over(Timestamp(at)); }
                Act::Hear(pick) => {
                    let change = payment.apply(&heard(fact(pick), at));
                    let reversing = matches!(before.state(), PaymentState::Ending { how: End::Reverse, refused: false, .. });
                    if pick <= 1 && !reversing { heard_of_money = true; }
                    let undecided = matches!(before.state(), PaymentState::PaidLate { choice: LateChoice::Undecided, .. });
                    if undecided && matches!(pick, 4 | 5) {
                        let is_asked_again = matches!(payment.state(), PaymentState::Watching { .. });
                        prop_assert!(is_asked_again);
                        heard_of_money = false;
                        continue;
                    }
                    if change == Change::Same { prop_assert_eq!(payment.state(), before.state()); }
                }
                Act::Withdraw => { let _refused = payment.withdraw(NotSent::Offline); }
            }
            if before.paid().is_some() {
                prop_assert!(payment.paid().is_some(), "{:?} → {:?}", before.state(), payment.state());
            }
            if heard_of_money {
                prop_assert!(payment.paid().is_some());
            }
            let was_ended = matches!(before.state(), PaymentState::Closed { .. } | PaymentState::Watching { .. });
            if was_ended && payment.paid().is_some() {
                let late = matches!(payment.state(), PaymentState::PaidLate { .. });
                prop_assert!(late);
            }
        }
    }

    /// Refunds never exceed what was paid, however they are asked for and however they end (INV5).
    #[test]
    fn refunds_never_exceed_what_was_paid(total in 1_i64..10_000, asks in prop::collection::vec((1_i64..10_000, 0_u8..5), 1..30)) {
        let (mut order, payment) = paid_order(total);
        for (n, (minor, end)) in asks.into_iter().enumerate() {
            let made = order.begin_refund(&payment, ask(&n.to_string(), minor), Timestamp(2));
            if let Ok(reference) = made {
                let refusal = Refusal { code: "X".to_owned(), advice: Advice::GiveUp };
                let fact = match end {
                    0 => Some(RefundFact::Done { channel_ref: None, at: None }),
                    1 => Some(RefundFact::Failed(refusal, Again::NewReference)),
                    2 => Some(RefundFact::Failed(refusal, Again::SameReference)),
                    3 => Some(RefundFact::Accepted),
                    _ => None,
                };
                if let Some(fact) = fact {
                    order.refund_mut(&reference).unwrap().apply(&heard_refund(fact, 3));
                }
            }
            let reserved: i64 = order.refunds().iter().filter(|r| r.reserves()).map(|r| r.plan().amount.minor()).sum();
            prop_assert!(reserved <= total);
            prop_assert_eq!(order.refundable(&payment).unwrap().minor(), total - reserved);
        }
    }

    /// Duplicated and reordered answers about a payment that nobody ends lead to the same state (INV14).
    #[test]
    fn the_order_of_answers_does_not_matter(mut picks in prop::collection::vec(prop_oneof![Just(0_u8), Just(3), Just(7)], 1..12), seed in any::<u64>()) {
        let settle = |picks: &[u8]| {
            let mut payment = payment();
            for pick in picks { payment.apply(&heard(fact(*pick), 1)); }
            payment.state().clone()
        };
        let first = settle(&picks);
        let n = picks.len();
        for i in 0..n { picks.swap(i, usize::try_from(seed).unwrap_or(0) % n); }
        let again = settle(&picks);
        let is_paid = |s: &PaymentState| matches!(s, PaymentState::Paid { .. });
        prop_assert_eq!(is_paid(&first), is_paid(&again));
        if is_paid(&first) { prop_assert_eq!(first, again); }
    }
}
