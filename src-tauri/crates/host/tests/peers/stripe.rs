//! Stripe's connector against its simulator. Neither was written with the other in sight: where they disagree, the
//! wire reference decides.

use crate::{
    counter::{Begun, amount, asked},
    stripe_shop::Shop,
};
use paydesk_channels::{Answer, Channel as _, NoticeAbout, Query, Tender, stripe};
use paydesk_domain::{
    ChannelDay, ClosedWhy, LineKind, LineState, Outcome, PayerAction, PaymentFact, RefundFact,
};
use paydesk_sandbox::{Behaviour, Channel, FaultKind, Fen, PhoneAct, Strike};
use paydesk_signing::{Peer, WireReply};

const DAY: ChannelDay = ChannelDay(20_261_121);
const HOUR_MS: i64 = 3_600_000;

fn page_of(fact: PaymentFact) -> String {
    match fact {
        PaymentFact::Awaiting(PayerAction::ShowCode { text, .. }, _) => text,
        other => panic!("{other:?}"),
    }
}

/// What the sandbox's books say the payer was charged, and what went back.
fn moved(shop: &Shop, begun: &Begun) -> (i64, i64) {
    let number = begun.reference.as_str();
    let truth = shop
        .sandbox
        .truth_of(Channel::Stripe, number, shop.moment())
        .unwrap()
        .expect("the payment is known by our reference");
    assert_eq!(truth.currency.code(), begun.amount.currency().code());
    (truth.charged.get(), truth.returned.get())
}

/// A page, paid by its customer.
fn paid_page(shop: &Shop, count: u32, code: &str, minor: i64) -> Begun {
    let (mut begun, fact) = shop.begin(count, amount(code, minor), Tender::ShowCode);
    let page = page_of(fact);
    assert!(matches!(shop.query(&mut begun), PaymentFact::Awaiting(..)));
    shop.pass(20_000);
    let screen = shop.sandbox.phone(&page, PhoneAct::Pay, shop.moment());
    assert_eq!(screen.unwrap().state, "paid");
    let PaymentFact::Paid(paid) = shop.query(&mut begun) else {
        panic!("paid")
    };
    assert_eq!((paid.asked, paid.received), (begun.amount, begun.amount));
    begun
}

#[test]
fn a_page_is_paid_refunded_and_on_the_report_in_every_kind_of_currency() {
    for (code, minor, back) in [
        ("USD", 1_999, 800),
        ("JPY", 500, 120),
        ("KWD", 12_340, 1_230),
    ] {
        let shop = Shop::open();
        let begun = paid_page(&shop, 1, code, minor);
        assert_eq!(moved(&shop, &begun), (minor, 0), "{code}");
        let call = begun.refund(1, back, shop.now());
        let (asked, ours) = (asked(&call), call.reference.clone());
        let RefundFact::Done {
            channel_ref: Some(number),
            ..
        } = shop.refund(call)
        else {
            panic!("{code}: refunded")
        };
        assert!(matches!(
            shop.drive(asked).fact(),
            RefundFact::Done { channel_ref: Some(told), .. } if told == number
        ));
        assert_eq!(moved(&shop, &begun), (minor, back), "{code}");
        // The next afternoon.
        shop.pass(28 * HOUR_MS);
        let (lines, totals) = shop.bill(DAY);
        assert_eq!(totals.paid.minor(), minor, "{code}");
        assert_eq!(totals.refunded.minor(), back, "{code}");
        let [payment, refund] = lines.as_slice() else {
            panic!("{lines:#?}")
        };
        assert_eq!(
            (payment.kind, payment.payment.as_str(), payment.state),
            (LineKind::Payment, begun.reference.as_str(), LineState::Done)
        );
        assert_eq!(payment.amount, begun.amount.money(), "{code}");
        assert_eq!(
            Some(payment.transaction.as_str()),
            begun.channel_ref.as_ref().map(|number| number.0.as_str())
        );
        assert_eq!(
            (refund.kind, refund.amount.minor(), refund.refund.as_str()),
            (LineKind::Refund, back, ours.as_str())
        );
    }
}

#[test]
fn a_card_at_the_reader_pays() {
    for (code, minor) in [("USD", 2_500), ("JPY", 1_000), ("KWD", 5_000)] {
        let shop = Shop::open();
        stand(&shop, Behaviour::PaysAfterPassword);
        let (mut begun, fact) = shop.begin(1, amount(code, minor), shop.at_reader());
        assert!(matches!(
            fact,
            PaymentFact::Awaiting(..) | PaymentFact::Processing(_)
        ));
        assert!(!matches!(shop.query(&mut begun), PaymentFact::Paid(_)));
        shop.pass(10_000);
        assert!(
            matches!(shop.query(&mut begun), PaymentFact::Paid(_)),
            "{code}"
        );
        assert_eq!(moved(&shop, &begun), (minor, 0), "{code}");
    }
}

fn stand(shop: &Shop, customer: Behaviour) {
    let moment = shop.moment();
    shop.sandbox
        .set_reader(true, Some(customer), moment)
        .unwrap();
}

/// Every customer of the table stands at the reader; whatever was heard or not, asking and ending agree with the books.
#[test]
fn every_customer_at_the_reader_comes_to_what_the_books_say() {
    for (at, customer) in [
        Behaviour::Pays,
        Behaviour::PaysAfterPassword,
        Behaviour::RefusesPassword,
        Behaviour::NoBalance,
        Behaviour::ExpiredCode,
        Behaviour::NoAnswerPaid,
        Behaviour::NoAnswerUnpaid,
        Behaviour::AnswersTwice,
        Behaviour::PaysLate,
        Behaviour::PaysAfterReverse,
    ]
    .into_iter()
    .enumerate()
    {
        let shop = Shop::open();
        stand(&shop, customer);
        let count = u32::try_from(at).unwrap() + 1;
        let mut begun = shop.intend(count, amount("USD", 2_500), &shop.at_reader());
        begun.memo = shop.try_begin(&begun, shop.at_reader()).or(begun.memo);
        shop.pass(15_000);
        let mut fact = shop.query(&mut begun);
        for _ in 0..5 {
            if matches!(fact, PaymentFact::Paid(_) | PaymentFact::Closed(_)) {
                break;
            }
            fact = shop.close(&begun);
            shop.pass(5_000);
            if matches!(fact, PaymentFact::EndRefused(_)) {
                fact = shop.query(&mut begun);
            }
        }
        let is_paid = match &fact {
            PaymentFact::Paid(_) => true,
            PaymentFact::Closed(_) => false,
            other => panic!("{customer:?}: {other:?}"),
        };
        // Nothing comes afterwards.
        shop.pass(HOUR_MS);
        let (charged, _) = moved(&shop, &begun);
        assert_eq!(charged > 0, is_paid, "{customer:?}");
        assert_eq!(charged, if is_paid { 2_500 } else { 0 }, "{customer:?}");
        let expected = !matches!(
            customer,
            Behaviour::RefusesPassword
                | Behaviour::NoBalance
                | Behaviour::ExpiredCode
                | Behaviour::NoAnswerUnpaid
        );
        assert_eq!(is_paid, expected, "{customer:?}");
    }
}

#[test]
fn a_page_that_is_ended_takes_no_money() {
    let shop = Shop::open();
    let (mut begun, fact) = shop.begin(1, amount("USD", 1_999), Tender::ShowCode);
    let page = page_of(fact);
    let ended = shop.close(&begun);
    assert_eq!(ended, PaymentFact::Closed(ClosedWhy::Expired));
    let screen = shop.sandbox.phone(&page, PhoneAct::Pay, shop.moment());
    assert_eq!(screen.unwrap().state, "expired");
    assert!(matches!(shop.query(&mut begun), PaymentFact::Closed(_)));
    // And one that was paid a moment before is told as paid.
    let (mut begun, fact) = shop.begin(2, amount("USD", 1_999), Tender::ShowCode);
    let page = page_of(fact);
    shop.sandbox
        .phone(&page, PhoneAct::Pay, shop.moment())
        .unwrap();
    let ended = shop.close(&begun);
    assert!(!matches!(ended, PaymentFact::Closed(_)), "{ended:?}");
    assert!(matches!(shop.query(&mut begun), PaymentFact::Paid(_)));
    assert_eq!(moved(&shop, &begun), (1_999, 0));
}

#[test]
fn a_lost_answer_is_found_under_its_key_and_makes_no_second_payment() {
    let lost = |kind| Strike {
        kind,
        has_effect: true,
    };
    // A page: the same request under the same key brings the first answer.
    let shop = Shop::open();
    let mut begun = shop.intend(1, amount("USD", 1_999), &Tender::ShowCode);
    let strike = lost(FaultKind::ReplyLost);
    shop.begin_losing(&begun, Tender::ShowCode, (0, strike));
    let page = page_of(shop.query(&mut begun));
    shop.sandbox
        .phone(&page, PhoneAct::Pay, shop.moment())
        .unwrap();
    assert!(matches!(shop.query(&mut begun), PaymentFact::Paid(_)));
    let truth = shop.sandbox.truth(shop.moment()).unwrap();
    assert_eq!(truth.trades.len(), 1);
    // A reader, whose second answer is lost: the card was read.
    stand(&shop, Behaviour::Pays);
    let mut begun = shop.intend(2, amount("USD", 700), &shop.at_reader());
    shop.begin_losing(&begun, shop.at_reader(), (1, strike));
    assert!(matches!(shop.query(&mut begun), PaymentFact::Paid(_)));
    assert_eq!(moved(&shop, &begun), (700, 0));
    assert_eq!(shop.sandbox.truth(shop.moment()).unwrap().trades.len(), 2);
}

#[test]
fn past_the_life_of_a_key_things_are_only_looked_for() {
    // Nothing of the page's making was heard, for a day: it is found in the lists.
    let shop = Shop::open();
    let strike = Strike {
        kind: FaultKind::ReplyLost,
        has_effect: true,
    };
    stand(&shop, Behaviour::Pays);
    let mut at_reader = shop.intend(1, amount("USD", 1_999), &shop.at_reader());
    shop.begin_losing(&at_reader, shop.at_reader(), (1, strike));
    let paid = paid_page(&shop, 2, "USD", 2_000);
    let call = paid.refund(1, 500, shop.now());
    assert!(shop.drive_losing(call, Some((0, strike))).is_err());
    shop.pass(25 * HOUR_MS);
    at_reader.memo = None;
    assert!(matches!(shop.query(&mut at_reader), PaymentFact::Paid(_)));
    // The refund that was begun then is not made twice.
    let sent_at = paid_page_sent(&shop);
    let again = paid.refund(1, 500, sent_at);
    assert!(matches!(shop.refund(again), RefundFact::Done { .. }));
    assert_eq!(moved(&shop, &paid), (2_000, 500));
    // Of one that was never made it is said that there is none, and none is made.
    let never = paid.refund(2, 100, sent_at);
    let Outcome::Refused(refusal) = shop.drive(never).outcome else {
        panic!("a new one is to be begun")
    };
    assert_eq!(refusal.code, "refund_stale");
    assert_eq!(moved(&shop, &paid), (2_000, 500));
    // A payment that was never asked for is not begun by being asked about.
    let mut never = shop.intend(3, amount("USD", 900), &shop.at_reader());
    shop.pass(25 * HOUR_MS);
    assert!(matches!(shop.query(&mut never), PaymentFact::NotFound));
    assert_eq!(shop.sandbox.truth(shop.moment()).unwrap().trades.len(), 2);
}

/// When the day before was.
fn paid_page_sent(shop: &Shop) -> paydesk_domain::Timestamp {
    paydesk_domain::Timestamp(shop.now().0 - 25 * HOUR_MS)
}

#[test]
fn a_key_that_is_too_long_begins_nothing() {
    let shop = Shop::open();
    let begun = shop.intend(1, amount("USD", 1_999), &Tender::ShowCode);
    let with_key = |length: usize| {
        let mut request = shop.encoded(&begun, Tender::ShowCode);
        let mut headers = request.headers.iter_mut();
        let (_, key) = headers.find(|(name, _)| name == "Idempotency-Key").unwrap();
        assert!(key.len() < 64, "ours is far from the limit");
        *key = "k".repeat(length);
        shop.send(&request, None).unwrap().status
    };
    let trades = || shop.sandbox.truth(shop.moment()).unwrap().trades.len();
    assert_eq!((with_key(256), trades()), (400, 0));
    assert_eq!((with_key(255), trades()), (200, 1));
}

#[test]
fn a_notice_of_a_payment_and_of_a_refund_is_believed_by_its_signature_alone() {
    let shop = Shop::open();
    stand(&shop, Behaviour::Pays);
    let (mut begun, _) = shop.begin(1, amount("JPY", 1_500), shop.at_reader());
    assert!(matches!(shop.query(&mut begun), PaymentFact::Paid(_)));
    let call = begun.refund(1, 500, shop.now());
    let asked = asked(&call);
    assert!(matches!(shop.refund(call), RefundFact::Done { .. }));
    let connector = stripe::CONNECTOR;
    let notices = connector.notices().unwrap();
    let (mut is_paid, mut is_refunded, mut others) = (0, 0, 0);
    for due in shop.sandbox.notices(shop.moment()).unwrap() {
        let told = |body: &str| WireReply {
            status: 200,
            headers: due.headers.clone(),
            body: body.as_bytes().to_vec(),
            peer: Peer::Unknown,
        };
        let proof = notices.authenticate(told(&due.body), &shop.cx());
        let proof = proof.unwrap();
        let altered = due.body.replacen("500", "501", 1) + " ";
        assert!(notices.authenticate(told(&altered), &shop.cx()).is_err());
        match notices.read(&proof, &shop.cx()).unwrap().about {
            NoticeAbout::Payment { reference } => {
                assert_eq!(reference, begun.reference.as_str());
                let of = Query { of: begun.target() };
                if let Outcome::Done(answer) = notices.payment(&of, &proof, &shop.cx()) {
                    assert!(matches!(answer.fact, PaymentFact::Paid(_)));
                    is_paid += 1;
                }
            }
            NoticeAbout::Refund { payment, reference } => {
                assert_eq!(payment, begun.reference.as_str());
                assert_eq!(reference, asked.refund.reference.as_str());
                if let Outcome::Done(answer) = notices.refund(&asked, &proof, &shop.cx()) {
                    assert!(matches!(answer.fact, RefundFact::Done { .. }));
                    is_refunded += 1;
                }
            }
            NoticeAbout::Other { .. } => others += 1,
        }
        let moment = shop.moment();
        shop.sandbox.notice_sent(&due.number, true, moment).unwrap();
    }
    assert!(
        is_paid > 0 && is_refunded > 0 && others > 0,
        "{is_paid} {is_refunded} {others}"
    );
}

#[test]
fn a_refund_of_more_than_is_left_is_refused_and_moves_nothing() {
    let shop = Shop::open();
    let begun = paid_page(&shop, 1, "KWD", 5_000);
    assert!(matches!(
        shop.refund(begun.refund(1, 4_000, shop.now())),
        RefundFact::Done { .. }
    ));
    let refused = shop.drive(begun.refund(2, 1_010, shop.now()));
    assert!(
        matches!(
            refused.outcome,
            Outcome::Refused(_)
                | Outcome::Done(Answer {
                    fact: RefundFact::Failed(..) | RefundFact::Refused(..),
                    ..
                })
        ),
        "{:?}",
        refused.outcome
    );
    assert_eq!(moved(&shop, &begun), (5_000, 4_000));
    let sum: Fen = shop
        .sandbox
        .truth(shop.moment())
        .unwrap()
        .balances
        .iter()
        .filter(|sheet| sheet.currency.code() == "KWD" && sheet.channel == Channel::Stripe)
        .map(|sheet| sheet.merchant)
        .next()
        .unwrap();
    assert_eq!(sum.get(), 1_000);
}
