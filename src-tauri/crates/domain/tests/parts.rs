//! An order in parts: each part stands by itself, and together they never come to more than what is owed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use paydesk_domain::*;
use paydesk_signing::{Authentic, KeyId, Peer, TagKeys, WireReply};
use proptest::prelude::*;

const TOTAL: i64 = 4_650;
const WATCH_MS: u64 = 60_000;

fn amount(minor: i64) -> Amount {
    Amount::from_minor(minor, Currency::CNY).unwrap()
}

fn opened() -> Order {
    let number = OrderNumber::compose(Mode::Demo, "7K2M", 0, BusinessDay(20_261_121), 1).unwrap();
    let plan = OrderPlan {
        intent: "intent".to_owned(),
        total: amount(TOTAL),
        day: BusinessDay(20_261_121),
        by: "收银员 1".to_owned(),
    };
    Order::open(number, plan, Timestamp(0))
}

fn plan(minor: i64) -> PaymentPlan {
    PaymentPlan {
        account: AccountId("demo".to_owned()),
        channel: ChannelId("alipay".to_owned()),
        amount: amount(minor),
        tender: TenderKind::PayerCode,
        expires: Timestamp(120_000),
        watch_ms: WATCH_MS,
        rate: None,
        intent: None,
    }
}

fn proof() -> Authentic {
    let keys = TagKeys::new("parts");
    let body = b"an answer".to_vec();
    let signature = keys.sign_as_peer(&body);
    let reply = WireReply {
        status: 200,
        headers: Vec::new(),
        body: body.clone(),
        peer: Peer::Unknown,
    };
    let by = KeyId("stand-in-parts".to_owned());
    Authentic::signed(reply, 0..body.len(), &body, by, &signature, &keys).unwrap()
}

fn hear(order: &mut Order, reference: &MerchantRef, fact: PaymentFact, at: i64) -> Change {
    let fact = Fact::Payment(fact);
    let said = Evidence::from_channel(fact, &proof(), Heard::Query, Timestamp(at));
    order.hear(reference, &said).unwrap()
}

fn paid(minor: i64) -> PaymentFact {
    PaymentFact::Paid(Paid {
        channel_ref: ChannelRef("2026112122001".to_owned()),
        asked: amount(minor),
        received: amount(minor),
        payer_paid: None,
        at: Timestamp(5),
        payer: None,
        coins: Vec::new(),
    })
}

/// Takes a part through a channel, which says at once that it is paid.
fn take(order: &mut Order, minor: i64) -> MerchantRef {
    let begun = order.begin_payment(plan(minor), Timestamp(0)).unwrap();
    let reference = begun.reference().clone();
    assert_eq!(hear(order, &reference, paid(minor), 9), Change::Moved);
    reference
}

fn cash(order: &mut Order, minor: i64) -> Result<MerchantRef, Blocked> {
    let handed = Handed::over(amount(minor), amount(minor)).unwrap();
    let by = "收银员 1".to_owned();
    let taken = order.take_cash(amount(minor), handed, None, by, Timestamp(3))?;
    Ok(taken.reference().clone())
}

fn back(minor: i64, intent: &str) -> RefundPlan {
    RefundPlan {
        intent: intent.to_owned(),
        amount: amount(minor),
        reason: "customer_cancelled".to_owned(),
        note: String::new(),
        by: "收银员 1".to_owned(),
        in_cash: false,
        rate: RateChoice::default(),
    }
}

#[test]
fn parts_through_any_channel_add_up_to_what_is_owed() {
    let mut order = opened();
    cash(&mut order, 2_000).unwrap();
    assert_eq!(order.status(), OrderStatus::PartPaid);
    assert!(order.needs_attention(), "it is found again on the list");
    assert!(order.is_split() && order.is_part_paid());
    assert_eq!(order.owed().minor(), 2_650);

    let more = order.begin_payment(plan(2_651), Timestamp(0));
    assert_eq!(more.unwrap_err(), Blocked::ExceedsOwed);
    take(&mut order, 2_650);
    assert_eq!(order.status(), OrderStatus::Paid);
    assert!(!order.needs_attention() && !order.is_part_paid());
    assert_eq!(order.owed().minor(), 0);
    assert_eq!(cash(&mut order, 1).unwrap_err(), Blocked::AlreadyPaid);
}

#[test]
fn a_part_that_fails_never_loses_the_parts_that_are_there() {
    let mut order = opened();
    let first = take(&mut order, 2_000);
    let second = order.begin_payment(plan(2_650), Timestamp(1)).unwrap();
    let second = second.reference().clone();
    assert_eq!(order.status(), OrderStatus::Unknown);
    // One attempt at a time, whatever is left.
    assert_eq!(cash(&mut order, 100).unwrap_err(), Blocked::AttemptOpen);
    let refusal = Refusal {
        code: "NO_BALANCE".to_owned(),
        advice: Advice::AskPayer,
    };
    let refused = PaymentFact::Closed(ClosedWhy::Refused { refusal });
    hear(&mut order, &second, refused, 8);
    assert_eq!(order.status(), OrderStatus::PartPaid);
    assert_eq!(order.covered().minor(), 2_000);
    assert!(order.payment(&first).unwrap().paid().is_some());
    cash(&mut order, 2_650).unwrap();
    assert_eq!(order.status(), OrderStatus::Paid);
}

#[test]
fn late_money_of_a_part_goes_back_once_the_rest_is_paid_otherwise() {
    let mut order = opened();
    cash(&mut order, 2_000).unwrap();
    let late = order.begin_payment(plan(2_650), Timestamp(1)).unwrap();
    let late = late.reference().clone();
    let payment = order.payment_mut(&late).unwrap();
    payment.begin_ending(End::Reverse, Timestamp(2)).unwrap();
    hear(
        &mut order,
        &late,
        PaymentFact::Closed(ClosedWhy::Closed),
        10,
    );

    // In time for the rest: it may be kept, and the order is paid.
    let mut kept = order.clone();
    hear(&mut kept, &late, paid(2_650), 20);
    assert_eq!(kept.status(), OrderStatus::PaidLate);
    assert_eq!(cash(&mut kept, 1).unwrap_err(), Blocked::AlreadyPaid);
    kept.keep_late(&late, "主管".to_owned()).unwrap();
    assert_eq!(kept.owed().minor(), 0);
    assert!(!kept.needs_attention());

    // Too late: the rest is paid, so that it can only go back.
    cash(&mut order, 650).unwrap();
    hear(&mut order, &late, paid(2_650), 20);
    let refused = order.keep_late(&late, "主管".to_owned());
    assert_eq!(refused, Err(Late::Blocked(Blocked::AlreadyPaid)));
    let returned = order.give_back_late(&late, back(2_650, "late"), Timestamp(21));
    assert!(returned.unwrap().is_late_return());
    // What goes back does not stand in the way of the rest.
    assert_eq!(order.owed().minor(), 2_000);
    cash(&mut order, 2_000).unwrap();
}

#[test]
fn undecided_late_money_is_decided_about_before_the_next_part() {
    let mut order = opened();
    let late = order.begin_payment(plan(2_000), Timestamp(1)).unwrap();
    let late = late.reference().clone();
    let payment = order.payment_mut(&late).unwrap();
    payment.begin_ending(End::Reverse, Timestamp(2)).unwrap();
    hear(
        &mut order,
        &late,
        PaymentFact::Closed(ClosedWhy::Closed),
        10,
    );
    hear(&mut order, &late, paid(2_000), 20);
    assert_eq!(cash(&mut order, 2_650).unwrap_err(), Blocked::AttemptOpen);
    order.keep_late(&late, "主管".to_owned()).unwrap();
    assert_eq!(order.status(), OrderStatus::PartPaid);
    cash(&mut order, 2_650).unwrap();
}

#[test]
fn a_customer_who_walks_away_gets_every_part_back() {
    let mut order = opened();
    let first = cash(&mut order, 1_000).unwrap();
    let second = take(&mut order, 2_000);
    let plan = back(1_000, "one");
    order.give_back_cash(&first, plan, Timestamp(30)).unwrap();
    // Half of the way back: nothing more is taken, and the rest stays on the list.
    assert_eq!(order.status(), OrderStatus::PartRefunded);
    assert!(order.needs_attention());
    assert_eq!(cash(&mut order, 100).unwrap_err(), Blocked::GoingBack);
    let again = order.begin_payment(self::plan(100), Timestamp(31));
    assert_eq!(again.unwrap_err(), Blocked::GoingBack);

    let refund = order.begin_refund(&second, back(2_000, "two"), Timestamp(32));
    let refund = refund.unwrap();
    assert_eq!(order.status(), OrderStatus::Refunding);
    let done = Fact::Refund(RefundFact::Done {
        channel_ref: None,
        at: None,
    });
    let said = Evidence::from_channel(done, &proof(), Heard::Reply, Timestamp(33));
    order.refund_mut(&refund).unwrap().apply(&said);
    assert_eq!(order.status(), OrderStatus::Refunded);
    assert!(!order.needs_attention() && !order.is_part_paid());
}

#[test]
fn a_refund_that_failed_lets_the_rest_be_paid_after_all() {
    let mut order = opened();
    let first = take(&mut order, 2_000);
    let refund = order.begin_refund(&first, back(500, "one"), Timestamp(30));
    let refund = order.refund_mut(&refund.unwrap()).unwrap();
    refund.withdraw(NotSent::Offline).unwrap();
    assert_eq!(order.status(), OrderStatus::PartPaid);
    cash(&mut order, 2_650).unwrap();
    assert_eq!(order.status(), OrderStatus::Paid);
}

proptest! {
    /// Whatever is tried in whatever order: what stands is never more than what is owed, and the
    /// statuses and the list say the same as the sums.
    #[test]
    fn what_stands_is_never_more_than_what_is_owed(
        steps in proptest::collection::vec((0_u8..6, 1_i64..=TOTAL), 1..40)
    ) {
        let mut order = opened();
        for (n, (step, minor)) in steps.into_iter().enumerate() {
            let at = i64::try_from(n).unwrap() * 10 + 10;
            let latest = order.latest().map(|it| (it.reference().clone(), it.plan().amount.minor()));
            match (step, latest) {
                (0, _) => drop(cash(&mut order, minor)),
                (1, _) => drop(order.begin_payment(plan(minor), Timestamp(at))),
                (2, Some((reference, asked))) => drop(hear(&mut order, &reference, paid(asked), at)),
                (3, Some((reference, _))) => {
                    order.payment_mut(&reference).unwrap().begin_ending(End::Reverse, Timestamp(at)).ok();
                    hear(&mut order, &reference, PaymentFact::Closed(ClosedWhy::Closed), at);
                }
                (4, _) => for payment in order.clone().payments() {
                    order.keep_late(payment.reference(), "x".to_owned()).ok();
                },
                (5, Some((reference, asked))) => {
                    drop(order.give_back_late(&reference, back(asked, "late"), Timestamp(at)));
                }
                _ => {}
            }
            let undecided: i64 = order.payments().iter().filter(|it| matches!(
                it.state(), PaymentState::PaidLate { choice: LateChoice::Undecided, .. }
            )).map(|it| it.plan().amount.minor()).sum();
            prop_assert!(order.covered().minor() - undecided <= TOTAL);
            let open = order.payments().iter()
                .filter(|it| it.paid().is_none() && it.blocks_another()).count();
            prop_assert!(open <= 1);
            if order.is_part_paid() {
                prop_assert!(order.needs_attention());
                prop_assert!(order.status() != OrderStatus::Paid);
            }
        }
    }
}
