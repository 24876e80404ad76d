//! Words that were true once and come too late, and decisions that must be whole: each test is a shortest
//! trace that the exhaustive model (`tests/model`) or a simulated day found.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use paydesk_domain::*;
use paydesk_signing::{Authentic, KeyId, Peer, TagKeys, WireReply};

const WATCH_MS: u64 = 60_000;

fn amount(minor: i64) -> Amount {
    Amount::from_minor(minor, Currency::CNY).unwrap()
}

fn plan() -> PaymentPlan {
    PaymentPlan {
        account: AccountId("demo".to_owned()),
        channel: ChannelId("alipay".to_owned()),
        amount: amount(100),
        tender: TenderKind::PayerCode,
        expires: Timestamp(120_000),
        watch_ms: WATCH_MS,
        rate: None,
        intent: None,
    }
}

fn sale() -> (Order, MerchantRef) {
    let number = OrderNumber::compose(Mode::Demo, "7K2M", 0, BusinessDay(20_261_121), 1).unwrap();
    let opened = OrderPlan {
        intent: "intent".to_owned(),
        total: amount(100),
        day: BusinessDay(20_261_121),
        by: "收银员 1".to_owned(),
    };
    let mut order = Order::open(number, opened, Timestamp(0));
    let reference = order
        .begin_payment(plan(), Timestamp(0))
        .unwrap()
        .reference()
        .clone();
    (order, reference)
}

fn evidence(fact: Fact, heard: Heard, at: i64) -> Evidence {
    let keys = TagKeys::new("overtaken");
    let body = b"an answer".to_vec();
    let signature = keys.sign_as_peer(&body);
    let reply = WireReply {
        status: 200,
        headers: Vec::new(),
        body: body.clone(),
        peer: Peer::Unknown,
    };
    let by = KeyId("stand-in-overtaken".to_owned());
    let proof = Authentic::signed(reply, 0..body.len(), &body, by, &signature, &keys).unwrap();
    Evidence::from_channel(fact, &proof, heard, Timestamp(at))
}

fn paid() -> Fact {
    Fact::Payment(PaymentFact::Paid(Paid {
        asked: amount(100),
        received: amount(100),
        payer_paid: None,
        channel_ref: ChannelRef("c1".to_owned()),
        at: Timestamp(1),
        payer: None,
        coins: Vec::new(),
    }))
}

fn closed(why: ClosedWhy) -> Fact {
    Fact::Payment(PaymentFact::Closed(why))
}

fn refusal() -> Refusal {
    Refusal {
        code: "NO".to_owned(),
        advice: Advice::GiveUp,
    }
}

fn ask(intent: &str, minor: i64) -> RefundPlan {
    RefundPlan {
        intent: intent.to_owned(),
        amount: amount(minor),
        reason: "other".to_owned(),
        note: "note".to_owned(),
        by: "主管".to_owned(),
        in_cash: false,
        rate: RateChoice::default(),
    }
}

/// Ends an attempt that the channel says never existed, and finds it paid after all.
fn make_late(order: &mut Order, reference: &MerchantRef) {
    let payment = order.payment_mut(reference).unwrap();
    payment.begin_ending(End::Reverse, Timestamp(2)).unwrap();
    payment.apply(&evidence(closed(ClosedWhy::NeverExisted), Heard::Query, 3));
    payment.apply(&evidence(paid(), Heard::Query, 4));
    assert!(matches!(payment.state(), PaymentState::PaidLate { .. }));
}

/// Simulated days found it at UnionPay: the number of a second undo drawn over that of the first, which was sent.
#[test]
fn an_overtaken_answer_teaches_nothing() {
    let (mut order, reference) = sale();
    let payment = order.payment_mut(&reference).unwrap();
    let memo = |text: &str| Memo(text.to_owned());
    let (first, second, late) = (memo("undo 1"), memo("undo 1, sent"), memo("undo 1 again"));
    assert_eq!(payment.learn(first.clone(), None), Change::Moved);
    assert_eq!(payment.learn(second.clone(), Some(&first)), Change::Moved);
    // Asked before either of them.
    assert_eq!(payment.learn(late, None), Change::Same);
    assert_eq!(payment.memo(), Some(&second));
    assert_eq!(payment.learn(second.clone(), Some(&second)), Change::Same);
}

#[test]
fn a_reply_that_a_reversal_has_overtaken_is_no_late_money() {
    for heard in [Heard::Reply, Heard::Notice] {
        let (mut order, reference) = sale();
        let payment = order.payment_mut(&reference).unwrap();
        payment.begin_ending(End::Reverse, Timestamp(2)).unwrap();
        payment.apply(&evidence(closed(ClosedWhy::Reversed), Heard::Query, 3));
        payment.apply(&evidence(paid(), heard, 4));
        assert!(matches!(payment.state(), PaymentState::Watching { .. }));
    }
}

#[test]
fn an_old_word_about_a_closed_payment_has_it_asked_about_again() {
    let (mut order, reference) = sale();
    let payment = order.payment_mut(&reference).unwrap();
    payment.apply(&evidence(closed(ClosedWhy::Expired), Heard::Query, 2));
    payment.apply(&evidence(paid(), Heard::Notice, 3));
    assert!(matches!(payment.state(), PaymentState::Watching { .. }));
    payment.apply(&evidence(paid(), Heard::Query, 4));
    assert!(matches!(payment.state(), PaymentState::PaidLate { .. }));
}

#[test]
fn a_question_from_before_the_end_of_the_watch_does_not_end_it() {
    let (mut order, reference) = sale();
    let payment = order.payment_mut(&reference).unwrap();
    payment.begin_ending(End::Reverse, Timestamp(2)).unwrap();
    payment.apply(&evidence(closed(ClosedWhy::NeverExisted), Heard::Query, 3));
    let over = 3 + i64::try_from(WATCH_MS).unwrap();
    let answer = evidence(Fact::Payment(PaymentFact::NotFound), Heard::Query, over + 5);
    payment.apply(&answer.clone().asked_at(Timestamp(over - 1)));
    assert!(matches!(payment.state(), PaymentState::Watching { .. }));
    payment.apply(&answer.asked_at(Timestamp(over)));
    assert!(matches!(payment.state(), PaymentState::Closed { .. }));
}

#[test]
fn a_reversal_that_arrives_after_the_money_was_seen_leaves_nothing_to_decide() {
    let (mut order, reference) = sale();
    make_late(&mut order, &reference);
    let payment = order.payment_mut(&reference).unwrap();
    payment.apply(&evidence(closed(ClosedWhy::Reversed), Heard::Query, 5));
    assert!(matches!(payment.state(), PaymentState::Watching { .. }));
    assert_eq!(payment.contradictions(), 0);
    assert!(order.keep_late(&reference, "主管".to_owned()).is_err());
}

#[test]
fn an_old_word_that_it_was_closed_loses_no_late_money() {
    let (mut order, reference) = sale();
    make_late(&mut order, &reference);
    let payment = order.payment_mut(&reference).unwrap();
    payment.apply(&evidence(closed(ClosedWhy::Closed), Heard::Query, 5));
    payment.apply(&evidence(paid(), Heard::Query, 6));
    assert!(matches!(payment.state(), PaymentState::PaidLate { .. }));
}

#[test]
fn money_that_was_kept_and_went_back_after_all_calls_for_a_person() {
    let (mut order, reference) = sale();
    make_late(&mut order, &reference);
    order.keep_late(&reference, "主管".to_owned()).unwrap();
    let payment = order.payment_mut(&reference).unwrap();
    payment.apply(&evidence(closed(ClosedWhy::Reversed), Heard::Query, 6));
    assert!(matches!(payment.state(), PaymentState::Watching { .. }));
    assert_eq!(payment.contradictions(), 1);
}

#[test]
fn a_code_that_ran_out_at_the_channel_is_watched() {
    for why in [ClosedWhy::Closed, ClosedWhy::Expired, ClosedWhy::Reversed] {
        let (mut order, reference) = sale();
        let payment = order.payment_mut(&reference).unwrap();
        payment.apply(&evidence(closed(why), Heard::Query, 2));
        assert!(matches!(payment.state(), PaymentState::Watching { .. }));
        payment.apply(&evidence(paid(), Heard::Query, 3));
        assert!(matches!(payment.state(), PaymentState::PaidLate { .. }));
    }
}

#[test]
fn late_money_is_not_kept_beside_another_attempt_and_can_still_go_back() {
    let (mut order, first) = sale();
    let payment = order.payment_mut(&first).unwrap();
    payment.begin_ending(End::Reverse, Timestamp(2)).unwrap();
    payment.apply(&evidence(closed(ClosedWhy::NeverExisted), Heard::Query, 3));
    let second = order
        .begin_payment(plan(), Timestamp(4))
        .unwrap()
        .reference()
        .clone();
    let payment = order.payment_mut(&first).unwrap();
    payment.apply(&evidence(paid(), Heard::Query, 5));
    let by = || "主管".to_owned();
    let open = Err(Late::Blocked(Blocked::AttemptOpen));
    assert_eq!(order.keep_late(&first, by()), open);
    let payment = order.payment_mut(&second).unwrap();
    payment.apply(&evidence(paid(), Heard::Query, 6));
    let twice = Err(Late::Blocked(Blocked::AlreadyPaid));
    assert_eq!(order.keep_late(&first, by()), twice);
    let back = order.give_back_late(&first, ask("late", 100), Timestamp(7));
    assert_eq!(back, Ok(first.late_return()));
    // A refund that somebody asks for now is of the attempt of which something is left.
    assert_eq!(order.to_refund().map(Payment::reference), Some(&second));
}

#[test]
fn a_decision_to_give_back_and_its_return_are_one() {
    let (mut order, reference) = sale();
    make_late(&mut order, &reference);
    let before = order.clone();
    let too_much = order.give_back_late(&reference, ask("late", 101), Timestamp(6));
    assert_eq!(too_much, Err(Late::Blocked(Blocked::ExceedsRefundable)));
    assert_eq!(order, before, "no decision without its return");
    let part = order.begin_refund(&reference, ask("part", 1), Timestamp(6));
    assert_eq!(part, Err(Blocked::AttemptOpen), "decided as a whole first");
    order
        .give_back_late(&reference, ask("late", 100), Timestamp(7))
        .unwrap();
    let back = order.refund_mut(&reference.late_return()).unwrap();
    // It could not leave now; the decision stands, so it goes out later.
    assert!(back.withdraw(NotSent::Offline).is_err());
    assert!(back.is_running());
}

#[test]
fn a_reversal_that_arrives_after_the_return_failed_is_heard_of() {
    let (mut order, reference) = sale();
    make_late(&mut order, &reference);
    order
        .give_back_late(&reference, ask("late", 100), Timestamp(7))
        .unwrap();
    let reversed = |heard| evidence(closed(ClosedWhy::Reversed), heard, 9);
    let heard = order.hear(&reference, &reversed(Heard::Query));
    assert_eq!(heard, Some(Change::Same), "the return itself may close it");
    let back = order.refund_mut(&reference.late_return()).unwrap();
    let failed = Fact::Refund(RefundFact::Failed(refusal(), Again::NewReference));
    back.apply(&evidence(failed, Heard::Query, 8));
    let heard = order.hear(&reference, &reversed(Heard::Reply));
    assert_eq!(heard, Some(Change::Same), "nobody asked");
    let heard = order.hear(&reference, &reversed(Heard::Query));
    assert_eq!(heard, Some(Change::Moved));
    let payment = order.payment(&reference).unwrap();
    assert!(matches!(payment.state(), PaymentState::Watching { .. }));
    assert_eq!(order.taken().minor(), 0);
}

#[test]
fn not_now_cannot_follow_never_or_done() {
    let (mut order, reference) = sale();
    let payment = order.payment_mut(&reference).unwrap();
    payment.apply(&evidence(paid(), Heard::Query, 1));
    let refund = order
        .begin_refund(&reference, ask("one", 100), Timestamp(2))
        .unwrap();
    let refund = order.refund_mut(&refund).unwrap();
    let failed = |again| Fact::Refund(RefundFact::Failed(refusal(), again));
    refund.apply(&evidence(failed(Again::NewReference), Heard::Reply, 3));
    refund.apply(&evidence(failed(Again::SameReference), Heard::Reply, 4));
    assert!(
        !refund.reserves(),
        "another refund may have taken its place"
    );
    let done = Fact::Refund(RefundFact::Done {
        channel_ref: None,
        at: None,
    });
    refund.apply(&evidence(done, Heard::Query, 5));
    refund.apply(&evidence(failed(Again::NewReference), Heard::Reply, 6));
    assert!(matches!(refund.state(), RefundState::Done { .. }));
}

#[test]
fn a_refused_payment_is_watched_for_a_refusal_names_nothing() {
    let (mut order, reference) = sale();
    let refused = closed(ClosedWhy::Refused { refusal: refusal() });
    let heard = order.hear(&reference, &evidence(refused, Heard::Reply, 2));
    assert_eq!(heard, Some(Change::Moved));
    assert!(!order.payment(&reference).unwrap().blocks_another());
    assert_eq!(order.status(), OrderStatus::Failed);
    // It was the answer to another charge.
    order.hear(&reference, &evidence(paid(), Heard::Query, 3));
    assert_eq!(order.status(), OrderStatus::PaidLate);
}

#[test]
fn a_refused_refund_keeps_its_amount_until_the_channel_does_not_know_it() {
    let (mut order, reference) = sale();
    order.hear(&reference, &evidence(paid(), Heard::Query, 1));
    let refund = order
        .begin_refund(&reference, ask("all", 100), Timestamp(2))
        .unwrap();
    let refused = |again| Fact::Refund(RefundFact::Refused(refusal(), again));
    let done = Fact::Refund(RefundFact::Done {
        channel_ref: None,
        at: None,
    });
    let not_found = Fact::Refund(RefundFact::NotFound);
    let hear =
        |refund: &mut Refund, fact: &Fact, heard| refund.apply(&evidence(fact.clone(), heard, 3));
    let begun = order.refund(&refund).unwrap().clone();

    let mut confirmed = begun.clone();
    hear(&mut confirmed, &refused(Again::ByHand), Heard::Reply);
    assert!(confirmed.is_refusal_unconfirmed() && confirmed.reserves());
    let again = hear(&mut confirmed, &refused(Again::ByHand), Heard::Reply);
    assert_eq!(again, Change::Same);
    hear(&mut confirmed, &not_found, Heard::Query);
    assert!(matches!(confirmed.state(), RefundState::Failed { .. }));
    assert!(!confirmed.reserves());

    let mut replayed = begun.clone();
    hear(&mut replayed, &refused(Again::NewReference), Heard::Reply);
    hear(&mut replayed, &done, Heard::Query);
    assert!(matches!(replayed.state(), RefundState::Done { .. }));
    let late = hear(&mut replayed, &refused(Again::NewReference), Heard::Reply);
    assert_eq!(late, Change::Same, "overtaken");

    // "Not now" frees nothing, and goes out again by itself.
    let mut later = begun;
    hear(&mut later, &refused(Again::SameReference), Heard::Reply);
    assert!(later.is_running() && later.reserves());
}

/// A look asked the channel, which does not know the refund, while its first call proved that it never left: the
/// shop may have given the money in cash since (seeds 2861 and 3194).
#[test]
fn a_refund_that_was_taken_back_does_not_go_out_again() {
    let (mut order, reference) = sale();
    let payment = order.payment_mut(&reference).unwrap();
    payment.apply(&evidence(paid(), Heard::Reply, 1));
    let first = order
        .begin_refund(&reference, ask("1", 40), Timestamp(2))
        .unwrap();
    let refund = order.refund_mut(&first).unwrap();
    refund.withdraw(NotSent::Offline).unwrap();
    assert!(refund.send_again().is_err());
    assert!(matches!(refund.state(), RefundState::Cancelled { .. }));
}

/// Once it is to go out again, "the first call did not leave" takes nothing back.
#[test]
fn a_refund_that_goes_out_again_is_not_taken_back() {
    let (mut order, reference) = sale();
    let payment = order.payment_mut(&reference).unwrap();
    payment.apply(&evidence(paid(), Heard::Reply, 1));
    let first = order
        .begin_refund(&reference, ask("1", 40), Timestamp(2))
        .unwrap();
    let refund = order.refund_mut(&first).unwrap();
    assert_eq!(refund.send_again().unwrap(), Change::Moved);
    assert_eq!(refund.send_again().unwrap(), Change::Same);
    assert!(refund.withdraw(NotSent::Offline).is_err());
    assert!(refund.reserves());
    let done = RefundFact::Done {
        channel_ref: None,
        at: None,
    };
    refund.apply(&evidence(Fact::Refund(done), Heard::Reply, 3));
    assert!(refund.send_again().is_err());
}
