//! BTCPay Server's connector against its simulator. Neither was written with the other in sight: where they disagree,
//! the wire reference and the server's own OpenAPI document decide.

use crate::btcpay_shop::*;
use crate::counter::{amount, asked, asked_of};
use paydesk_channels::{
    Channel as _, Examine, Finding, NoticeAbout, Operation, Query, SetUp as _, Tender, WireRequest,
    btcpay,
};
use paydesk_domain::{
    Amiss, ClosedWhy, Decimal, Doubt, OfferStage, Outcome, PaymentFact, RateChoice, RefundFact,
    RefundOffer,
};
use paydesk_sandbox::{Currency, FaultKind, RefundState, Strike, WalletAct};
use paydesk_signing::{Forged, Peer, WireReply};
use serde_json::{Value, json};

#[test]
fn coins_on_chain_are_seen_confirmed_and_paid_in_every_kind_of_currency() {
    for (code, minor) in [("USD", 1_999), ("JPY", 500), ("KWD", 12_345)] {
        let shop = open();
        let (mut begun, fact) = shown(&shop, 1, code, minor);
        let due = sats_due(&fact);
        shop.pass(20_000);
        assert_eq!(send(&shop, &link(&fact, "BTC-CHAIN"), WalletAct::PAY), due);
        let PaymentFact::Confirming(received, confirmations) = shop.query(&mut begun) else {
            panic!("{code}: seen, and not certain");
        };
        assert_eq!(received.unwrap().minor(), minor, "{code}");
        assert_eq!(confirmations.needed, 1);
        shop.pass(2 * MINUTE_MS);
        let paid = paid(shop.query(&mut begun));
        assert_eq!((paid.asked, paid.received), (begun.amount, begun.amount));
        let [coins] = paid.coins.as_slice() else {
            panic!("{code}: {:?}", paid.coins);
        };
        assert_eq!(
            (coins.method.as_str(), coins.coin.as_str()),
            ("BTC-CHAIN", "BTC")
        );
        assert!(coins.rate > Decimal::ZERO);
        assert_eq!(moved(&shop, &begun), (minor, 0), "{code}");
    }
}

#[test]
fn lightning_is_paid_at_once_and_after_its_end_not_at_all() {
    let shop = open();
    let (mut begun, fact) = shown(&shop, 1, "USD", 1_999);
    send(&shop, &link(&fact, "BTC-LN"), WalletAct::PAY);
    let paid = paid(shop.query(&mut begun));
    assert_eq!(paid.coins.first().unwrap().method, "BTC-LN");
    assert_eq!(moved(&shop, &begun), (1_999, 0));
    let (mut begun, fact) = shown(&shop, 2, "USD", 1_999);
    shop.pass(16 * MINUTE_MS);
    let qr = link(&fact, "BTC-LN");
    let screen = shop.sandbox.wallet(&qr, WalletAct::PAY, shop.moment());
    assert_eq!(screen.unwrap().state, "refused");
    let fact = shop.query(&mut begun);
    assert_eq!(fact, PaymentFact::Closed(ClosedWhy::Expired));
}

#[test]
fn a_part_shrinks_the_code_and_the_rest_completes_it() {
    let shop = open();
    let (mut begun, fact) = shown(&shop, 1, "USD", 2_000);
    let (due, before) = (sats_due(&fact), link(&fact, "BTC-CHAIN"));
    send(&shop, &before, coins(due / 4));
    let fact = shop.query(&mut begun);
    assert_eq!(sats_due(&fact), due - due / 4);
    let received = offered(&fact).received.unwrap().minor();
    assert!((499..=500).contains(&received), "{received}");
    let now = link(&fact, "BTC-CHAIN");
    assert_ne!(before, now);
    send(&shop, &now, WalletAct::PAY);
    shop.pass(2 * MINUTE_MS);
    paid(shop.query(&mut begun));
    assert_eq!(moved(&shop, &begun), (2_000, 0));
}

#[test]
fn too_little_is_short_and_goes_back_as_far_as_it_came() {
    let shop = open();
    let (mut begun, fact) = shown(&shop, 1, "USD", 2_000);
    send(&shop, &link(&fact, "BTC-CHAIN"), coins(sats_due(&fact) / 2));
    shop.pass(16 * MINUTE_MS);
    let (paid, amiss) = amiss(shop.query(&mut begun));
    assert_eq!(amiss, Amiss::Short);
    let came = paid.received.minor();
    assert!((999..=1_000).contains(&came), "{came}");
    let mut call = begun.refund(1, came, shop.now());
    call.paid = paid.received;
    let (_, offer) = given_back(&shop, call);
    assert_eq!(offer.unit, "USD");
    assert_eq!(moved(&shop, &begun), (came, came));
}

#[test]
fn too_much_is_over_and_the_difference_goes_back() {
    let shop = open();
    let (mut begun, fact) = shown(&shop, 1, "USD", 2_000);
    let due = sats_due(&fact);
    send(&shop, &link(&fact, "BTC-CHAIN"), coins(due * 2));
    assert!(matches!(
        shop.query(&mut begun),
        PaymentFact::Confirming(Some(_), _)
    ));
    shop.pass(2 * MINUTE_MS);
    let (paid, amiss) = amiss(shop.query(&mut begun));
    assert_eq!(amiss, Amiss::Over);
    let over = paid.received.minor() - 2_000;
    assert!((1_999..=2_001).contains(&over), "{over}");
    let mut call = begun.refund(1, over, shop.now());
    call.paid = paid.received;
    given_back(&shop, call);
    assert_eq!(moved(&shop, &begun).1, over);
}

#[test]
fn money_after_the_end_is_late_and_while_paying_it_is_in_time() {
    let shop = open();
    let (mut begun, fact) = shown(&shop, 1, "USD", 2_000);
    let qr = link(&fact, "BTC-CHAIN");
    shop.pass(16 * MINUTE_MS);
    assert_eq!(
        shop.query(&mut begun),
        PaymentFact::Closed(ClosedWhy::Expired)
    );
    // An old picture of the code is still paid.
    send(&shop, &qr, WalletAct::PAY);
    assert!(matches!(
        shop.query(&mut begun),
        PaymentFact::Confirming(..)
    ));
    shop.pass(2 * MINUTE_MS);
    let (paid_late, amiss) = amiss(shop.query(&mut begun));
    assert_eq!((paid_late.received, amiss), (begun.amount, Amiss::Late));
    // Sent a moment before the end and confirmed after it: that is in time.
    let (mut begun, fact) = shown(&shop, 2, "USD", 2_000);
    shop.pass(15 * MINUTE_MS - 2_000);
    send(&shop, &link(&fact, "BTC-CHAIN"), WalletAct::PAY);
    shop.pass(5 * MINUTE_MS);
    paid(shop.query(&mut begun));
}

#[test]
fn what_a_chain_takes_back_is_awaited_again_and_what_it_never_confirms_is_no_money() {
    let shop = open();
    let (mut begun, fact) = shown(&shop, 1, "USD", 2_000);
    let qr = link(&fact, "BTC-CHAIN");
    let replaceable = |is_stuck| WalletAct::Send {
        sats: None,
        is_replaceable: true,
        is_stuck,
    };
    send(&shop, &qr, replaceable(false));
    assert!(matches!(
        shop.query(&mut begun),
        PaymentFact::Confirming(..)
    ));
    send(&shop, &qr, WalletAct::Replace { sats: 0 });
    let fact = shop.query(&mut begun);
    assert_eq!(offered(&fact).received, None);
    assert_eq!(moved(&shop, &begun), (0, 0));
    let (mut begun, fact) = shown(&shop, 2, "USD", 2_000);
    send(&shop, &link(&fact, "BTC-CHAIN"), replaceable(true));
    shop.pass(DAY_MS / 2);
    assert!(matches!(
        shop.query(&mut begun),
        PaymentFact::Confirming(..)
    ));
    // For as long as the server looks for it.
    shop.pass(DAY_MS);
    let PaymentFact::Closed(ClosedWhy::Refused { refusal }) = shop.query(&mut begun) else {
        panic!("never confirmed");
    };
    assert_eq!(refusal.code, "Invalid");
}

#[test]
fn an_untouched_invoice_is_marked_and_one_with_money_is_asked_about() {
    let shop = open();
    let (mut begun, fact) = shown(&shop, 1, "USD", 2_000);
    let qr = link(&fact, "BTC-CHAIN");
    assert_eq!(shop.close(&begun), PaymentFact::Closed(ClosedWhy::Closed));
    assert_eq!(
        shop.query(&mut begun),
        PaymentFact::Closed(ClosedWhy::Closed)
    );
    // A chain takes coins for it all the same.
    send(&shop, &qr, WalletAct::PAY);
    shop.pass(2 * MINUTE_MS);
    let (paid, amiss) = amiss(shop.query(&mut begun));
    assert_eq!((paid.received, amiss), (begun.amount, Amiss::Late));
    // Money that came between the last look and the ending: the mark's answer decides nothing.
    let (mut begun, fact) = shown(&shop, 2, "USD", 2_000);
    send(&shop, &link(&fact, "BTC-CHAIN"), WalletAct::PAY);
    let ended = shop.close(&begun);
    assert!(!matches!(ended, PaymentFact::Closed(_)), "{ended:?}");
    assert!(matches!(
        shop.query(&mut begun),
        PaymentFact::Confirming(..)
    ));
    // The owner marks one as settled for which nothing came.
    let (mut begun, _) = shown(&shop, 3, "USD", 2_000);
    let id = begun.memo.as_ref().unwrap().0.split(':').nth(1).unwrap();
    let path = format!("invoices/{id}/status");
    let (status, _) = owner(&shop, "POST", &path, &json!({ "status": "Settled" }));
    assert_eq!(status, 200);
    let PaymentFact::Closed(ClosedWhy::Refused { refusal }) = shop.query(&mut begun) else {
        panic!("nothing came");
    };
    assert_eq!(refusal.code, "settled-by-hand");
}

#[test]
fn a_lost_create_is_found_by_our_number_and_an_archived_invoice_too() {
    let shop = open();
    let strike = Strike {
        kind: FaultKind::ReplyLost,
        has_effect: true,
    };
    let mut begun = shop.intend(1, amount("USD", 2_000), &Tender::ShowCode);
    shop.begin_losing(&begun, Tender::ShowCode, (0, strike));
    let fact = shop.query(&mut begun);
    send(&shop, &link(&fact, "BTC-CHAIN"), WalletAct::PAY);
    shop.pass(2 * MINUTE_MS);
    let id = begun.memo.as_ref().unwrap().0.split(':').nth(1).unwrap();
    let (status, _) = owner(&shop, "DELETE", &format!("invoices/{id}"), &Value::Null);
    assert_eq!(status, 200);
    paid(shop.query(&mut begun));
    assert_eq!(shop.sandbox.truth(shop.moment()).unwrap().trades.len(), 1);
    // One that never arrived is not known, and ended as that.
    let lost = Strike {
        kind: FaultKind::RequestLost,
        has_effect: false,
    };
    let mut begun = shop.intend(2, amount("USD", 2_000), &Tender::ShowCode);
    shop.begin_losing(&begun, Tender::ShowCode, (0, lost));
    assert_eq!(shop.query(&mut begun), PaymentFact::NotFound);
    let never = PaymentFact::Closed(ClosedWhy::NeverExisted);
    assert_eq!(shop.close(&begun), never);
}

#[test]
fn of_two_invoices_of_one_number_the_older_is_ours_and_money_on_the_other_is_for_a_person() {
    let shop = open();
    let mut begun = shop.intend(1, amount("USD", 2_000), &Tender::ShowCode);
    let twice = shop.encoded(&begun, Tender::ShowCode);
    assert_eq!(shop.send(&twice, None).unwrap().status, 200);
    shop.pass(1_000);
    assert_eq!(shop.send(&twice, None).unwrap().status, 200);
    let fact = shop.query(&mut begun);
    let own = begun.memo.clone();
    let truth = shop.sandbox.truth(shop.moment()).unwrap();
    let [older, younger] = truth.trades.as_slice() else {
        panic!("two invoices");
    };
    assert!(own.unwrap().0.contains(&older.trade_no));
    assert!(link(&fact, "BTC-CHAIN").contains(&older.code));
    let stray = format!("bitcoin:{}?amount=0.0001", younger.code);
    send(&shop, &stray, WalletAct::PAY);
    let outcome = shop.drive(Query { of: begun.target() }).outcome;
    assert_eq!(outcome, Outcome::Unknown(Doubt::Mismatch));
}

/// Offers a refund, has the customer claim it and waits: what the channel says at the end, and the offer.
fn given_back(shop: &Shop, call: paydesk_channels::RefundCall) -> (RefundFact, RefundOffer) {
    let question = asked(&call);
    let (reference, of) = (call.reference.clone(), call.of.clone());
    let RefundFact::Offered(offer) = shop.refund(call) else {
        panic!("{reference}: offered");
    };
    assert_eq!(offer.stage, OfferStage::Unclaimed);
    // It is found by its name, too.
    assert_eq!(
        shop.drive(question).fact(),
        RefundFact::Offered(offer.clone())
    );
    let claim = WalletAct::Claim {
        by_lightning: false,
    };
    let screen = shop.sandbox.wallet(&offer.link, claim, shop.moment());
    assert_eq!(screen.unwrap().state, "claimed");
    let ask = || paydesk_channels::QueryRefund {
        of: of.clone(),
        refund: paydesk_channels::Target {
            reference: reference.clone(),
            ..of.clone()
        },
        offer: Some(offer.clone()),
    };
    let RefundFact::Offered(claimed) = shop.drive(ask()).fact() else {
        panic!("claimed");
    };
    assert_eq!(claimed.stage, OfferStage::Claimed);
    shop.pass(10 * MINUTE_MS);
    // The owner looks, the wallet pays, a block comes; each look of the till lets the simulator's time pass.
    for _ in 0..4 {
        let fact = shop.drive(ask()).fact();
        if matches!(fact, RefundFact::Done { .. }) {
            return (fact, offer);
        }
        shop.pass(5 * MINUTE_MS);
    }
    panic!("{reference}: {:?}", shop.drive(ask()).fact());
}

#[test]
fn a_refund_is_offered_claimed_and_paid_at_each_rate() {
    for (rate, unit) in [
        (RateChoice::Amount, "USD"),
        (RateChoice::Now, "BTC"),
        (RateChoice::Then, "BTC"),
    ] {
        let shop = open();
        let begun = settled(&shop, 1, 2_000);
        let mut call = begun.refund(1, 2_000, shop.now());
        call.rate = rate;
        let (fact, offer) = given_back(&shop, call);
        assert_eq!(offer.unit, unit);
        assert!(matches!(
            fact,
            RefundFact::Done {
                channel_ref: Some(_),
                ..
            }
        ));
        let (charged, returned) = moved(&shop, &begun);
        assert!((charged - returned).abs() <= 1, "{rate:?}: {returned}");
    }
}

#[test]
fn a_lost_refund_is_found_by_its_name_and_an_offer_may_be_withdrawn_or_opened_again() {
    let shop = open();
    let begun = settled(&shop, 1, 2_000);
    let strike = Strike {
        kind: FaultKind::ReplyLost,
        has_effect: true,
    };
    let call = begun.refund(1, 500, shop.now());
    let question = asked(&call);
    assert!(shop.drive_losing(call, Some((0, strike))).is_err());
    let RefundFact::Offered(offer) = shop.drive(question).fact() else {
        panic!("found by its name");
    };
    // The owner cancels the customer's payout: the offer is open again.
    shop.sandbox.set_refunds_end_as(None, RefundState::Closed);
    let claim = WalletAct::Claim {
        by_lightning: false,
    };
    let screen = shop.sandbox.wallet(&offer.link, claim, shop.moment());
    assert_eq!(screen.unwrap().state, "claimed");
    shop.pass(10 * MINUTE_MS);
    let again = begun.refund(1, 500, shop.now());
    let ask = || asked_of(&again, &offer);
    assert_eq!(shop.drive(ask()).fact(), RefundFact::Offered(offer.clone()));
    // And then withdraws the offer itself.
    let key = &shop.sandbox.merchant().btcpay.api_key;
    let request = WireRequest {
        method: "DELETE",
        url: format!("http://127.0.0.1:4243/api/v1/pull-payments/{}", offer.id),
        headers: vec![("authorization".to_owned(), format!("token {key}"))],
        body: Vec::new(),
        operation: Operation::Account,
    };
    assert_eq!(shop.send(&request, None).unwrap().status, 200);
    let RefundFact::Failed(refusal, _) = shop.drive(ask()).fact() else {
        panic!("withdrawn");
    };
    assert_eq!(refusal.code, "pull-payment-archived");
    assert_eq!(moved(&shop, &begun), (2_000, 0));
    // One that never arrived is not known.
    let never = begun.refund(2, 100, shop.now());
    assert_eq!(shop.drive(asked(&never)).fact(), RefundFact::NotFound);
}

#[test]
fn what_was_never_paid_is_not_given_back() {
    let shop = open();
    let (begun, _) = shown(&shop, 1, "USD", 2_000);
    let Outcome::Refused(refusal) = shop.drive(begun.refund(1, 2_000, shop.now())).outcome else {
        panic!("nothing was paid");
    };
    assert_eq!(refusal.code, "non-refundable");
}

#[test]
fn webhooks_are_believed_by_their_tag_alone_and_name_our_order() {
    let shop = open();
    let hook = json!({
        "url": "https://relay.example/btcpay",
        "secret": SECRET,
        "enabled": true,
        "automaticRedelivery": true,
    });
    let (status, _) = owner(&shop, "POST", "webhooks", &hook);
    assert_eq!(status, 200);
    let begun = settled(&shop, 1, 2_000);
    shop.refund(begun.refund(1, 500, shop.now()));
    let connector = btcpay::CONNECTOR;
    let notices = connector.notices().unwrap();
    let (mut about_it, mut others) = (0, 0);
    for due in shop.sandbox.notices(shop.moment()).unwrap() {
        let told = |body: &str| WireReply {
            status: 200,
            headers: due.headers.clone(),
            body: body.as_bytes().to_vec(),
            peer: Peer::Unknown,
        };
        let proof = notices.authenticate(told(&due.body), &shop.cx()).unwrap();
        let altered = due.body.replacen("InvoiceId", "invoiceId", 1) + " ";
        let forged = notices.authenticate(told(&altered), &shop.cx());
        assert_eq!(forged.unwrap_err(), Forged::WrongSignature);
        match notices.read(&proof, &shop.cx()).unwrap().about {
            NoticeAbout::Payment { reference } => {
                assert_eq!(reference, begun.reference.as_str());
                let of = Query { of: begun.target() };
                // It says that it is time to ask, and nothing of the money.
                let said = notices.payment(&of, &proof, &shop.cx());
                assert_eq!(said, Outcome::Unknown(Doubt::NoReply));
                about_it += 1;
            }
            NoticeAbout::Other { event } => {
                assert_eq!(event, "InvoiceRefund");
                others += 1;
            }
            NoticeAbout::Refund { .. } => panic!("none names our refund"),
        }
    }
    // Made, a payment received, processing, the payment settled, settled.
    assert_eq!((about_it, others), (5, 1));
}

#[test]
fn a_store_says_its_currency_and_a_narrow_key_what_it_lacks() {
    let findings = |shop: &Shop| -> Vec<Finding> {
        let questions = 0..btcpay::CONNECTOR.questions();
        let all = questions.map(|question| shop.drive(Examine { question }).fact());
        all.flatten().collect()
    };
    let cny = Finding::Currency("CNY".to_owned());
    assert_eq!(findings(&open()), std::slice::from_ref(&cny));
    let narrow = open().sandbox.merchant().btcpay.till_api_key.clone();
    let lacking: Vec<Finding> = ["canmodifyinvoices", "canviewpayouts"]
        .map(|right| Finding::NotAllowed(format!("btcpay.store.{right}")))
        .into();
    let found = findings(&open_with(&[("api_key", &narrow)]));
    assert_eq!(found, [lacking, vec![cny]].concat());
    // Somebody else's store is in dollars, and its key opens no other.
    let other = open().sandbox.merchant().btcpay.clone();
    let shop = open_with(&[
        ("store_id", &other.other_store_id),
        ("api_key", &other.other_api_key),
    ]);
    assert_eq!(findings(&shop), [Finding::Currency("USD".to_owned())]);
    // An order names its own currency there all the same.
    let (_, fact) = shown(&shop, 1, "CNY", 5_000);
    assert_eq!(offered(&fact).ways.len(), 2);
    let mixed = open_with(&[("api_key", &other.other_api_key)]);
    let begun = mixed.intend(1, amount("USD", 100), &Tender::ShowCode);
    let Outcome::Refused(refusal) = mixed.drive(mixed.create(&begun, Tender::ShowCode)).outcome
    else {
        panic!("another store's key");
    };
    assert_eq!(refusal.code, "missing-permission");
}

#[test]
fn without_a_rate_there_is_no_invoice() {
    let shop = open();
    let usd = Currency::read("USD").unwrap();
    shop.sandbox
        .set_coin_rate(usd, None, shop.moment())
        .unwrap();
    let begun = shop.intend(1, amount("USD", 2_000), &Tender::ShowCode);
    let outcome = shop.drive(shop.create(&begun, Tender::ShowCode)).outcome;
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    assert!(shop.sandbox.truth(shop.moment()).unwrap().trades.is_empty());
    shop.sandbox
        .set_coin_rate(usd, Some("50000"), shop.moment())
        .unwrap();
    let (_, fact) = shown(&shop, 2, "USD", 2_000);
    // The rate is locked in the invoice.
    let way = offered(&fact).ways.first().unwrap();
    assert_eq!(way.rate, Decimal::parse("50000").unwrap());
    assert_eq!(sats_due(&fact), 40_000);
}
