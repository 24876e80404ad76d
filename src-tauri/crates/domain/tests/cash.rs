//! Cash in the domain: change, quick amounts, the one word that pays it, and what a drawer should hold.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use paydesk_domain::*;
use paydesk_signing::{Authentic, KeyId, Peer, TagKeys, WireReply};
use proptest::prelude::*;

fn amount(minor: i64, code: &str) -> Amount {
    Amount::from_minor(minor, Currency::from_code(code).unwrap()).unwrap()
}

fn opened(total: Amount) -> Order {
    let number = OrderNumber::compose(Mode::Demo, "7K2M", 0, BusinessDay(20_261_121), 1).unwrap();
    let plan = OrderPlan {
        intent: "intent".to_owned(),
        total,
        day: BusinessDay(20_261_121),
        by: "收银员 1".to_owned(),
    };
    Order::open(number, plan, Timestamp(0))
}

fn taken(total: Amount, received: Amount) -> Order {
    let mut order = opened(total);
    let handed = Handed::over(total, received).unwrap();
    order
        .take_cash(total, handed, None, "收银员 1".to_owned(), Timestamp(7))
        .unwrap();
    order
}

fn back(intent: &str, amount: Amount) -> RefundPlan {
    RefundPlan {
        intent: intent.to_owned(),
        amount,
        reason: "goods_returned".to_owned(),
        note: String::new(),
        by: "主管".to_owned(),
        in_cash: false,
        rate: RateChoice::default(),
    }
}

fn proof() -> Authentic {
    let keys = TagKeys::new("cash");
    let body = b"an answer".to_vec();
    let signature = keys.sign_as_peer(&body);
    let reply = WireReply {
        status: 200,
        headers: Vec::new(),
        body: body.clone(),
        peer: Peer::Unknown,
    };
    let by = KeyId("stand-in-cash".to_owned());
    Authentic::signed(reply, 0..body.len(), &body, by, &signature, &keys).unwrap()
}

fn paid(asked: Amount) -> Fact {
    Fact::Payment(PaymentFact::Paid(Paid {
        asked,
        received: asked,
        payer_paid: None,
        channel_ref: ChannelRef("c1".to_owned()),
        at: Timestamp(1),
        payer: None,
        coins: Vec::new(),
    }))
}

#[test]
fn quick_amounts_are_the_next_sums_of_the_currencys_notes() {
    let quick = |minor, code| -> Vec<String> {
        let amounts = quick_amounts(amount(minor, code));
        amounts.iter().map(|it| it.money().to_decimal()).collect()
    };
    assert_eq!(
        quick(4_650, "CNY"),
        ["46.50", "47.00", "50.00", "60.00", "100.00"]
    );
    assert_eq!(
        quick(10_000, "CNY"),
        ["100.00"],
        "a sum that notes make is offered once"
    );
    // No decimals, and three.
    assert_eq!(
        quick(1_234, "JPY"),
        ["1234", "1300", "1500", "2000", "5000", "10000"]
    );
    assert_eq!(
        quick(3_105, "KWD"),
        ["3.105", "3.250", "3.500", "4.000", "5.000", "10.000"]
    );
    // Nothing that 64 bits do not hold is offered.
    assert_eq!(quick_amounts(amount(i64::MAX, "CNY")).len(), 1);
}

#[test]
fn cash_is_paid_by_the_word_of_whoever_counted_it_and_by_nothing_else() {
    let total = amount(4_650, "CNY");
    let order = taken(total, amount(5_000, "CNY"));
    let payment = order.latest().unwrap();
    assert_eq!(order.status(), OrderStatus::Paid);
    assert_eq!(
        (payment.plan().channel.0.as_str(), payment.is_settled()),
        (CASH, true)
    );
    assert_eq!(payment.handed().unwrap().change().minor(), 350);
    assert_eq!(order.taken().minor(), 4_650, "the change is no takings");
    assert!(!order.needs_attention() && order.open_doubts() == 0);

    // The stored form is read back to the same.
    let stored = serde_json::to_string(&order).unwrap();
    assert_eq!(serde_json::from_str::<Order>(&stored).unwrap(), order);

    // A channel has nothing to say about it.
    let mut heard = order.clone();
    let reference = payment.reference().clone();
    let word = Evidence::from_channel(paid(total), &proof(), Heard::Notice, Timestamp(9));
    assert_eq!(heard.hear(&reference, &word), Some(Change::Contradicted));
    assert!(heard.needs_attention(), "somebody must look at that");

    // It goes through no channel, and twice is once.
    let mut again = order.clone();
    let handed = Handed::over(total, total).unwrap();
    let refused = again.take_cash(total, handed, None, "x".to_owned(), Timestamp(8));
    assert_eq!(refused.unwrap_err(), Blocked::AlreadyPaid);
    let plan = payment.plan().clone();
    assert_eq!(
        opened(total).begin_payment(plan, Timestamp(0)),
        Err(Blocked::NotThisWay)
    );
}

#[test]
fn a_word_about_cash_pays_no_payment_of_a_channel() {
    let total = amount(100, "CNY");
    for tender in [
        TenderKind::Page,
        TenderKind::PayerCode,
        TenderKind::Reader,
        TenderKind::ShowCode,
    ] {
        let mut order = opened(total);
        let plan = PaymentPlan {
            account: AccountId("demo".to_owned()),
            channel: ChannelId("alipay".to_owned()),
            amount: total,
            tender,
            expires: Timestamp(120_000),
            watch_ms: 60_000,
            rate: None,
            intent: None,
        };
        let reference = order.begin_payment(plan, Timestamp(0)).unwrap();
        let reference = reference.reference().clone();
        let fact = CashFact::Taken(total, reference.clone());
        let word = Evidence::of_cash(fact, "收银员 1".to_owned(), Timestamp(1));
        assert_eq!(order.hear(&reference, &word), Some(Change::Contradicted));
        assert_eq!(order.taken().minor(), 0, "{tender:?}");

        // The channel pays it; its refund does not come back by a word about cash.
        let channel = Evidence::from_channel(paid(total), &proof(), Heard::Reply, Timestamp(2));
        assert_eq!(order.hear(&reference, &channel), Some(Change::Moved));
        let refund = order.begin_refund(&reference, back("r", total), Timestamp(3));
        let refund = order.refund_mut(&refund.unwrap()).unwrap();
        let word = Evidence::of_cash(CashFact::GivenBack, "主管".to_owned(), Timestamp(4));
        assert_eq!(refund.apply(&word), Change::Contradicted);
        assert_eq!(order.refunded().minor(), 0);
    }
}

#[test]
fn cash_goes_back_over_the_counter_in_one_step_and_once() {
    let mut order = taken(amount(4_650, "CNY"), amount(5_000, "CNY"));
    let payment = order.latest().unwrap().reference().clone();
    let through_a_channel =
        order.begin_refund(&payment, back("r0", amount(1, "CNY")), Timestamp(8));
    assert_eq!(through_a_channel.unwrap_err(), Blocked::NotThisWay);

    let part = back("r1", amount(1_650, "CNY"));
    let first = order.give_back_cash(&payment, part.clone(), Timestamp(8));
    let again = order.give_back_cash(&payment, part, Timestamp(9));
    assert_eq!(first, again, "a double click is one refund");
    assert_eq!(order.refunded().minor(), 1_650);
    assert_eq!(order.status(), OrderStatus::PartRefunded);

    let before = order.clone();
    let too_much = back("r2", amount(3_001, "CNY"));
    let refused = order.give_back_cash(&payment, too_much, Timestamp(9));
    assert_eq!(refused.unwrap_err(), Blocked::ExceedsRefundable);
    assert_eq!(order, before, "a refusal changes nothing");
    let rest = back("r3", amount(3_000, "CNY"));
    order.give_back_cash(&payment, rest, Timestamp(9)).unwrap();
    assert_eq!(order.status(), OrderStatus::Refunded);
    assert!(!order.needs_attention());
}

#[test]
fn a_channels_payment_goes_back_in_cash_only_when_somebody_says_so() {
    let total = amount(100, "CNY");
    let mut order = opened(total);
    let plan = PaymentPlan {
        account: AccountId("demo".to_owned()),
        channel: ChannelId("alipay".to_owned()),
        amount: total,
        tender: TenderKind::PayerCode,
        expires: Timestamp(120_000),
        watch_ms: 60_000,
        rate: None,
        intent: None,
    };
    let reference = order.begin_payment(plan, Timestamp(0)).unwrap();
    let reference = reference.reference().clone();
    let channel = Evidence::from_channel(paid(total), &proof(), Heard::Reply, Timestamp(2));
    order.hear(&reference, &channel);
    let refund = order.give_back_cash(&reference, back("r", total), Timestamp(3));
    let refund = order.refund(&refund.unwrap()).unwrap();
    assert!(refund.plan().in_cash && matches!(refund.state(), RefundState::Done { .. }));
    // What a channel says of it later is no word about this refund.
    let mut heard = refund.clone();
    let done = Fact::Refund(RefundFact::NotFound);
    let word = Evidence::from_channel(done, &proof(), Heard::Query, Timestamp(5));
    assert_eq!(heard.apply(&word), Change::Contradicted);
    let more = order.begin_refund(&reference, back("r2", amount(1, "CNY")), Timestamp(4));
    assert_eq!(more.unwrap_err(), Blocked::ExceedsRefundable);
}

fn currency() -> impl Strategy<Value = Currency> {
    let all: Vec<Currency> = Currency::all().collect();
    prop::sample::select(all)
}

proptest! {
    /// What is handed over is what is owed and what goes back, in every currency; what is missing is never change.
    #[test]
    fn change_and_amount_are_what_was_handed_over(
        currency in currency(), due in 1_i64..10_000_000_000, received in 1_i64..10_000_000_000,
    ) {
        let due = Amount::from_minor(due, currency).unwrap();
        let received = Amount::from_minor(received, currency).unwrap();
        match Handed::over(due, received) {
            Ok(handed) => {
                prop_assert!(handed.change().minor() >= 0);
                let sum = due.money().checked_add(handed.change()).unwrap();
                prop_assert_eq!(sum, received.money());
                let order = taken(due, received);
                prop_assert_eq!(order.taken(), due.money());
            }
            Err(CashFault::TooLittle { short }) => {
                prop_assert!(short.minor() > 0);
                let sum = received.money().checked_add(short).unwrap();
                prop_assert_eq!(sum, due.money());
            }
            Err(fault) => return Err(TestCaseError::fail(fault.to_string())),
        }
    }

    /// Quick amounts are enough, grow, begin with the exact one, and are few.
    #[test]
    fn quick_amounts_are_enough_and_in_order(currency in currency(), due in 1_i64..i64::MAX) {
        let due = Amount::from_minor(due, currency).unwrap();
        let quick = quick_amounts(due);
        prop_assert_eq!(quick.first(), Some(&due));
        prop_assert!((1..=6).contains(&quick.len()));
        for pair in quick.windows(2) {
            prop_assert!(pair[0].minor() < pair[1].minor());
        }
        prop_assert!(quick.iter().all(|it| Handed::over(due, *it).is_ok()));
    }

    /// However refunds in cash are asked for, no more goes back than was taken, and the drawer says the same.
    #[test]
    fn no_more_cash_goes_back_than_was_taken(
        total in 1_i64..100_000, asks in prop::collection::vec((0_u8..4, 1_i64..60_000), 0..12),
    ) {
        let mut order = taken(amount(total, "CNY"), amount(total, "CNY"));
        let payment = order.latest().unwrap().reference().clone();
        let mut sums = DrawerSums::nothing(Currency::CNY);
        sums.add(DrawerKind::Taken, 1, order.taken()).unwrap();
        for (intent, minor) in asks {
            let before = order.refunds().len();
            let plan = back(&format!("r{intent}"), amount(minor, "CNY"));
            let asked = order.give_back_cash(&payment, plan, Timestamp(9));
            if asked.is_ok() && order.refunds().len() > before {
                let out = Money::from_minor(-minor, Currency::CNY);
                sums.add(DrawerKind::Returned, 1, out).unwrap();
            }
            prop_assert!(order.refunded().minor() <= total);
            let left = order.taken().checked_sub(order.refunded()).unwrap();
            prop_assert_eq!(sums.net().unwrap(), left);
        }
    }
}
