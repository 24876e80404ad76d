//! The rhythm of a doubt: first questions, endings, the human list, the watch.
#![allow(clippy::unwrap_used, reason = "tests")]

use paydesk_channels::Schedule;
use paydesk_desk::rhythm::{
    hand_over_due, is_last_word, is_last_word_of_refund, is_past_patience, may_end, next_look,
    next_refund_look,
};
use paydesk_domain::*;
use std::time::Duration;

const SECOND: i64 = 1_000;

fn schedule() -> Schedule {
    let s = Duration::from_secs;
    Schedule {
        deadline: s(15),
        first: s(5),
        every: s(5),
        end_doubt_after: s(30),
        end_awaiting_after: s(60),
        end_not_before: s(15),
        end_every: s(2),
        shown_first: s(2),
        shown_first_for: s(30),
        shown_every: s(5),
        shown_for: s(120),
        charge_for: s(300),
        watch_for: s(3600),
        refund_first: s(10),
        refund_spacing: s(3),
        refund_may_fail_for: Duration::ZERO,
    }
}

fn payment() -> Payment {
    let number = OrderNumber::compose(Mode::Demo, "7K2M", 0, BusinessDay(20_261_121), 1).unwrap();
    let plan = PaymentPlan {
        account: AccountId("demo".to_owned()),
        channel: ChannelId("alipay".to_owned()),
        amount: Amount::from_minor(4650, Currency::CNY).unwrap(),
        tender: TenderKind::PayerCode,
        expires: Timestamp(300 * SECOND),
        watch_ms: 3_600_000,
        rate: None,
        intent: None,
    };
    Payment::begin(number.attempt(1).unwrap(), plan, Timestamp(0))
}

#[test]
fn a_doubt_is_asked_about_every_five_seconds_and_ended_after_thirty() {
    let payment = payment();
    let look = |at: i64| {
        next_look(&payment, &schedule(), Timestamp(at * SECOND))
            .unwrap()
            .0
            / SECOND
    };
    assert_eq!((look(0), look(5), look(10), look(28)), (5, 10, 15, 30));
    let past = |at: i64| is_past_patience(&payment, &schedule(), Timestamp(at * SECOND));
    assert!(!past(29) && past(30));
}

#[test]
fn no_ending_goes_out_before_the_channel_allows_it() {
    let mut payment = payment();
    payment
        .begin_ending(End::Reverse, Timestamp(3 * SECOND))
        .unwrap();
    assert_eq!(
        next_look(&payment, &schedule(), Timestamp(3 * SECOND)),
        Some(Timestamp(15 * SECOND))
    );
    assert_eq!(
        next_look(&payment, &schedule(), Timestamp(20 * SECOND)),
        Some(Timestamp(20 * SECOND)),
        "not sent yet: now"
    );
}

#[test]
fn endings_are_quick_three_times_and_then_go_on_in_the_background() {
    let mut payment = payment();
    let mut gaps = Vec::new();
    payment
        .begin_ending(End::Reverse, Timestamp(30 * SECOND))
        .unwrap();
    for _ in 0..5 {
        payment
            .begin_ending(End::Reverse, Timestamp(31 * SECOND))
            .unwrap();
        gaps.push(
            next_look(&payment, &schedule(), Timestamp(40 * SECOND))
                .unwrap()
                .0
                / SECOND
                - 40,
        );
    }
    assert_eq!(gaps, [2, 2, 10, 10, 10]);
}

#[test]
fn what_stays_unresolved_is_on_the_human_list_within_three_minutes() {
    let mut payment = payment();
    assert!(!hand_over_due(&payment, Timestamp(119 * SECOND)));
    assert!(hand_over_due(&payment, Timestamp(120 * SECOND)));
    payment
        .begin_ending(End::Reverse, Timestamp(60 * SECOND))
        .unwrap();
    assert!(hand_over_due(&payment, Timestamp(120 * SECOND)));
}

#[test]
fn a_clock_that_was_set_back_makes_nobody_wait_for_the_time_to_come_again() {
    let payment = payment();
    let before = Timestamp(-400 * SECOND);
    assert!(
        is_past_patience(&payment, &schedule(), before) && may_end(&payment, &schedule(), before)
    );
    assert!(
        !is_past_patience(&payment, &schedule(), Timestamp(-SECOND)),
        "a time service's step"
    );
}

#[test]
fn a_settled_payment_is_never_looked_at_again() {
    let mut payment = payment();
    payment.withdraw(NotSent::Offline).unwrap();
    assert_eq!(next_look(&payment, &schedule(), Timestamp(1)), None);
}

#[test]
fn late_money_is_asked_about_until_somebody_decides_and_no_reversal_can_be_on_its_way() {
    let mut payment = payment();
    let amount = payment.plan().amount;
    payment.begin_ending(End::Close, Timestamp(0)).unwrap();
    let paid = PaymentFact::Paid(Paid {
        asked: amount,
        received: amount,
        payer_paid: None,
        channel_ref: ChannelRef("c1".to_owned()),
        at: Timestamp(1),
        payer: None,
        coins: Vec::new(),
    });
    let who = || "主管".to_owned();
    let seen = Fact::Payment(paid);
    payment.apply(&Evidence::from_operator(
        seen,
        who(),
        "slip".to_owned(),
        Timestamp(2),
    ));
    let at = Timestamp(60 * SECOND);
    assert_eq!(
        next_look(&payment, &schedule(), at),
        Some(Timestamp(70 * SECOND))
    );
    let accepted = LateChoice::Accepted { by: who() };
    let returning = LateChoice::Returning { by: who() };
    for choice in [accepted, returning] {
        let mut payment = payment.clone();
        payment.decide_late(choice).unwrap();
        assert!(next_look(&payment, &schedule(), at).is_some());
        let late = payment.begun_at().plus(48 * schedule().watch_for);
        assert!(
            next_look(&payment, &schedule(), late).is_some(),
            "only an answer ends the questions"
        );
        let is_last = |at| is_last_word(&payment, Timestamp(at), &schedule());
        let PaymentState::PaidLate { until, .. } = payment.state() else {
            panic!()
        };
        assert!(is_last(until.0) && !is_last(until.0 - 1));
        let years = 3 * 365 * 86_400 * SECOND;
        assert!(
            is_last(until.0 - years),
            "it was set by a clock that was off"
        );
    }
}

#[test]
fn nobody_hurries_a_chain_and_nobody_is_called_for_it() {
    let mut payment = payment();
    let confirmations = Confirmations {
        needed: 1,
        seen: None,
    };
    let fact = Fact::Payment(PaymentFact::Confirming(None, confirmations));
    let (who, why) = ("主管".to_owned(), "chain".to_owned());
    payment.apply(&Evidence::from_operator(fact, who, why, Timestamp(SECOND)));
    let at = |seconds: i64| Timestamp(seconds * SECOND);
    for seconds in [2, 120, 3_599] {
        assert!(!is_past_patience(&payment, &schedule(), at(seconds)));
        assert!(!hand_over_due(&payment, at(seconds)), "{seconds}");
    }
    // As long as the channel itself looks for it, and then an ending asks.
    assert!(is_past_patience(&payment, &schedule(), at(3_600)));
    assert_eq!(next_look(&payment, &schedule(), at(60)), Some(at(70)));
    assert_eq!(next_look(&payment, &schedule(), at(1_200)), Some(at(1_230)));
}

/// A refund that is done since the hundredth second, by a person's word.
fn refund_done(in_cash: bool) -> Refund {
    let reference = payment().reference().refund(1).unwrap();
    let plan = RefundPlan {
        intent: "intent".to_owned(),
        amount: Amount::from_minor(700, Currency::CNY).unwrap(),
        reason: "goods_returned".to_owned(),
        note: String::new(),
        by: "主管".to_owned(),
        in_cash,
        rate: RateChoice::default(),
    };
    let mut refund = Refund::begin(reference, plan, Timestamp(0));
    let (who, seen) = ("主管".to_owned(), Timestamp(100 * SECOND));
    refund.apply(&if in_cash {
        Evidence::of_cash(CashFact::GivenBack, who, seen)
    } else {
        let done = Fact::Refund(RefundFact::Done {
            channel_ref: None,
            at: Some(seen),
        });
        Evidence::from_operator(done, who, "slip".to_owned(), seen)
    });
    assert!(matches!(refund.state(), RefundState::Done { .. }));
    refund
}

#[test]
fn a_refund_that_may_come_back_is_asked_about_for_so_long_and_any_other_is_not() {
    const DAY: i64 = 86_400;
    let at = |seconds: i64| Timestamp(seconds * SECOND);
    let refund = refund_done(false);
    assert_eq!(next_refund_look(&refund, &schedule(), at(100)), None);
    let watched = Schedule {
        refund_may_fail_for: Duration::from_secs(30 * 86_400),
        ..schedule()
    };
    assert_eq!(
        next_refund_look(&refund_done(true), &watched, at(100)),
        None
    );
    let look = |seconds: i64| next_refund_look(&refund, &watched, at(seconds)).unwrap();
    assert_eq!(look(100), at(700));
    assert_eq!(look(700), at(1_300));
    assert_eq!(look(7_300), at(14_500));
    assert_eq!(look(100 + 3 * DAY), at(100 + 4 * DAY));
    // Only the channel's answer ends it, by the channel's clock.
    assert_eq!(look(100 + 40 * DAY), at(100 + 41 * DAY));
    let is_last = |seconds: i64| is_last_word_of_refund(&refund, at(seconds), &watched);
    assert!(!is_last(100 + 30 * DAY - 1) && is_last(100 + 30 * DAY));
    // Neither is it asked about for ever, nor more than is needed.
    let (mut now, mut looks) = (100, 0);
    while !is_last(now) {
        now = look(now).0 / SECOND;
        looks += 1;
    }
    assert!((30..45).contains(&looks), "{looks}");
}
