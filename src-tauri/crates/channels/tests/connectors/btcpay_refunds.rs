//! BTCPay Server: a refund from its offer to the payer's claim, and everything in between.

use crate::{
    btcpay::{STORE, from_host, own, query_refund, refund},
    btcpay_answers::decode_at,
    shop::{NOW, reference},
};
use paydesk_channels::{
    Answer, Call as _, Channel as _, Examine, Exchange, Finding, Operation, QueryRefund, btcpay,
};
use paydesk_domain::{Decimal, Doubt, OfferStage, Outcome, RateChoice, RefundFact, RefundOffer};
use serde_json::{Value, json};

const ID: &str = "3cQm1";

pub(crate) fn pull(id: &str, archived: bool) -> Value {
    json!({
        "id": id, "name": reference().refund(1).unwrap().as_str(), "description": "",
        "currency": "USD", "amount": "5.00", "BOLT11Expiration": "30", "autoApproveClaims": false,
        "archived": archived, "viewLink": format!("https://pay.example/pull-payments/{id}"),
    })
}

pub(crate) fn payout(state: &str, amount: &str) -> Value {
    json!({
        "id": "pay-1", "revision": 1, "pullPaymentId": ID, "date": "1795227147",
        "destination": "bc1q", "originalCurrency": "USD", "originalAmount": amount,
        "payoutCurrency": "BTC", "payoutAmount": null, "payoutMethodId": "BTC-CHAIN",
        "state": state,
    })
}

pub(crate) fn offer(stage: OfferStage) -> RefundOffer {
    RefundOffer {
        id: ID.to_owned(),
        link: format!("https://pay.example/pull-payments/{ID}"),
        sum: Decimal::parse("5").unwrap(),
        unit: "USD".to_owned(),
        stage,
    }
}

fn words(outcome: &Outcome<Answer<RefundFact>>) -> String {
    match outcome {
        Outcome::Done(answer) => match &answer.fact {
            RefundFact::Offered(offer) => format!("{:?} {}", offer.stage, offer.id),
            RefundFact::Done { channel_ref, .. } => {
                format!(
                    "done {}",
                    channel_ref.as_ref().map_or("-", |it| it.0.as_str())
                )
            }
            RefundFact::Failed(refusal, again) => format!("failed {} {again:?}", refusal.code),
            other => format!("{other:?}"),
        },
        Outcome::Refused(refusal) => format!("refused {}", refusal.code),
        Outcome::Unknown(doubt) => format!("{doubt:?}"),
    }
}

#[test]
fn a_refund_is_an_offer_and_never_done() {
    let check = |rate: RateChoice, field: &str, value: Value, expected: &str| {
        let mut pull = pull(ID, false);
        pull[field] = value.clone();
        let outcome = decode_at(&own(), NOW, &refund("5.00", rate), 200, &pull.to_string());
        assert_eq!(words(&outcome), expected, "{field} {value}");
    };
    check(
        RateChoice::Amount,
        "description",
        json!("x"),
        "Unclaimed 3cQm1",
    );
    check(
        RateChoice::Then,
        "currency",
        json!("BTC"),
        "Unclaimed 3cQm1",
    );
    check(RateChoice::Amount, "currency", json!("BTC"), "Mismatch");
    check(RateChoice::Amount, "amount", json!("4.99"), "Mismatch");
    check(RateChoice::Amount, "amount", json!("5.0001"), "Mismatch");
    check(RateChoice::Amount, "name", json!("another"), "Mismatch");
    check(RateChoice::Amount, "id", json!("../x"), "Unreadable");
    check(
        RateChoice::Amount,
        "viewLink",
        json!("https://pay.example.org/x"),
        "Unreadable",
    );
    check(RateChoice::Amount, "amount", json!("-5"), "Unreadable");
    let no = |code: &str| json!({ "code": code, "message": "no" }).to_string();
    let outcome = |status: u16, body: &str| {
        words(&decode_at(
            &own(),
            NOW,
            &refund("5.00", RateChoice::Amount),
            status,
            body,
        ))
    };
    assert_eq!(
        outcome(400, &no("non-refundable")),
        "refused non-refundable"
    );
    assert_eq!(outcome(200, "[]"), "Unreadable");
    assert!(outcome(500, &no("non-refundable")).starts_with("ServerFault"));
}

/// The paths that the question asks, over these answers, and what it comes to.
fn driven(known: Option<&RefundOffer>, answers: &[Value]) -> (Vec<String>, String) {
    let own = own();
    let cx = own.cx();
    let mut call = query_refund(known);
    let mut paths = Vec::new();
    for answer in answers {
        let request = Exchange::<QueryRefund>::encode(&btcpay::CONNECTOR, &call, &cx).unwrap();
        assert_eq!(
            (request.method, request.operation),
            ("GET", Operation::QueryRefund)
        );
        let (_, path) = request.url.split_once("/api/v1").unwrap();
        paths.push(path.to_owned());
        let reply = from_host(200, &answer.to_string());
        let proof = btcpay::CONNECTOR.authenticate(request.operation, reply, &cx);
        let proof = proof.unwrap();
        match btcpay::CONNECTOR.further(&call, &proof, &cx) {
            Some(further) => call.go_on(further),
            None => {
                assert_eq!(paths.len(), answers.len(), "the question is over");
                let outcome =
                    Exchange::<QueryRefund>::decode(&btcpay::CONNECTOR, &call, &proof, &cx);
                return (paths, words(&outcome));
            }
        }
    }
    panic!("the question goes on after {paths:?}");
}

#[test]
fn an_offer_is_looked_for_by_its_name_and_then_asked_about_with_its_claims() {
    let list = format!("/stores/{STORE}/pull-payments?includeArchived=true");
    let claims = format!("/pull-payments/{ID}/payouts?includeCancelled=true");
    let (paths, said) = driven(None, &[json!([pull(ID, false)]), json!([])]);
    assert_eq!(paths, [list.as_str(), claims.as_str()]);
    assert_eq!(said, "Unclaimed 3cQm1");
    let one = format!("/pull-payments/{ID}");
    let known = offer(OfferStage::Claimed);
    let (paths, _) = driven(Some(&known), &[pull(ID, false), json!([])]);
    assert_eq!(paths, [one.as_str(), claims.as_str()]);
}

#[test]
fn a_lost_answer_is_found_and_two_are_one() {
    let listed = |offers: &[Value]| match offers {
        [] => driven(None, &[json!([])]).1,
        offers => driven(None, &[json!(offers), json!([])]).1,
    };
    assert_eq!(listed(&[]), "NotFound");
    let mut other = pull("other", false);
    other["name"] = json!("Refund of somebody");
    assert_eq!(driven(None, &[json!([other.clone()])]).1, "NotFound");
    assert_eq!(listed(&[other, pull(ID, false)]), "Unclaimed 3cQm1");
    // Sent twice: the same one each time, and one that can be claimed first.
    for both in [
        [pull("b", false), pull("a", false)],
        [pull("a", false), pull("b", false)],
    ] {
        assert_eq!(listed(&both), "Unclaimed a");
    }
    assert_eq!(listed(&[pull("a", true), pull("b", false)]), "Unclaimed b");
    let gone = "failed pull-payment-archived NewReference";
    assert_eq!(listed(&[pull("a", true)]), gone);
}

#[test]
fn a_known_offer_is_held_against_what_is_known_of_it() {
    let known = offer(OfferStage::Claimed);
    let said = |change: &dyn Fn(&mut Value)| {
        let mut now = pull(ID, false);
        change(&mut now);
        driven(Some(&known), &[now]).1
    };
    assert_eq!(said(&|now| now["amount"] = json!("4.00")), "Mismatch");
    assert_eq!(said(&|now| now["currency"] = json!("EUR")), "Mismatch");
    assert_eq!(said(&|now| now["name"] = json!("another")), "Mismatch");
    assert_eq!(said(&|now| now["id"] = json!("other")), "Mismatch");
    assert_eq!(said(&|now| now["archived"] = Value::Null), "Unreadable");
    assert_eq!(said(&|now| *now = json!([])), "Unreadable");
}

#[test]
fn a_claim_is_followed_to_its_end() {
    let open = offer(OfferStage::Unclaimed);
    let gone = offer(OfferStage::Withdrawn);
    let check = |known: &RefundOffer, payouts: &[Value], expected: &str| {
        let now = pull(ID, known.stage == OfferStage::Withdrawn);
        let (_, said) = driven(Some(known), &[now, json!(payouts)]);
        assert_eq!(said, expected, "{payouts:?}");
    };
    check(&open, &[], "Unclaimed 3cQm1");
    check(
        &open,
        &[payout("AwaitingApproval", "5.00")],
        "Claimed 3cQm1",
    );
    check(&open, &[payout("AwaitingPayment", "5.00")], "Claimed 3cQm1");
    check(&open, &[payout("InProgress", "5.00")], "Paying 3cQm1");
    check(&open, &[payout("Completed", "5.00")], "done pay-1");
    check(
        &open,
        &[payout("Completed", "2.00"), payout("Completed", "3.00")],
        "done pay-1",
    );
    // A part is with the payer, and the rest can still be claimed.
    check(&open, &[payout("Completed", "2.00")], "Unclaimed 3cQm1");
    check(
        &open,
        &[
            payout("Completed", "2.00"),
            payout("AwaitingPayment", "3.00"),
        ],
        "Claimed 3cQm1",
    );
    // The owner cancelled the payout: the offer is open again.
    check(&open, &[payout("Cancelled", "5.00")], "Unclaimed 3cQm1");
    check(&gone, &[], "failed pull-payment-archived NewReference");
    check(
        &gone,
        &[payout("Cancelled", "5.00")],
        "failed pull-payment-archived NewReference",
    );
    check(&gone, &[payout("AwaitingPayment", "5.00")], "Claimed 3cQm1");
    check(&gone, &[payout("Completed", "5.00")], "done pay-1");
    // Part of it went back and the rest never will: it is freed for nobody, and a person looks.
    check(&gone, &[payout("Completed", "2.00")], "Mismatch");
    let foreign = |field: &str, value: Value, expected: &str| {
        let mut payout = payout("Completed", "5.00");
        payout[field] = value;
        check(&open, &[payout], expected);
    };
    foreign("pullPaymentId", json!("other"), "Mismatch");
    foreign("originalCurrency", json!("EUR"), "Mismatch");
    foreign("state", json!("Sent"), "Unreadable");
    foreign("originalAmount", json!("-5"), "Unreadable");
    foreign("originalAmount", Value::Null, "Unreadable");
}

#[test]
fn a_refused_question_says_nothing_of_the_money() {
    let no = json!({ "code": "missing-permission", "message": "no" }).to_string();
    let outcome = decode_at(&own(), NOW, &query_refund(None), 403, &no);
    assert_eq!(words(&outcome), "refused missing-permission");
    let outcome = decode_at(&own(), NOW, &query_refund(None), 502, "<html>");
    assert_eq!(
        outcome,
        Outcome::Unknown(Doubt::ServerFault {
            code: "502".to_owned()
        })
    );
    let outcome = decode_at(&own(), NOW, &query_refund(None), 200, "{}");
    assert_eq!(outcome, Outcome::Unknown(Doubt::Unreadable));
}

fn examined(question: u8, body: &Value) -> Outcome<Answer<Vec<Finding>>> {
    decode_at(&own(), NOW, &Examine { question }, 200, &body.to_string())
}

#[test]
fn a_key_must_have_the_rights_that_the_till_needs() {
    let all = [
        "cancreateinvoice",
        "canviewinvoices",
        "canmodifyinvoices",
        "canviewstoresettings",
        "cancreatenonapprovedpullpayments",
        "canviewpullpayments",
        "canviewpayouts",
    ];
    let held = |rights: &[String]| {
        let body = json!({ "apiKey": "x", "label": "till", "permissions": rights });
        match examined(0, &body) {
            Outcome::Done(answer) => answer.fact,
            other => panic!("{other:?}"),
        }
    };
    let of = |names: &[&str], store: &str| -> Vec<String> {
        let names = names.iter();
        names
            .map(|name| format!("btcpay.store.{name}{store}"))
            .collect()
    };
    assert_eq!(held(&of(&all, "")), []);
    assert_eq!(held(&of(&all, &format!(":{STORE}"))), []);
    assert_eq!(held(&["unrestricted".to_owned()]), []);
    // The rights of another store are none.
    assert_eq!(held(&of(&all, ":other")).len(), 7);
    for lacking in ["cancreateinvoice", "canmodifyinvoices", "canviewpayouts"] {
        let rest: Vec<&str> = all.into_iter().filter(|name| *name != lacking).collect();
        let wanted = Finding::NotAllowed(format!("btcpay.store.{lacking}"));
        assert_eq!(held(&of(&rest, "")), [wanted]);
    }
    for broken in [json!({}), json!({ "permissions": [1] }), json!([])] {
        assert_eq!(examined(0, &broken), Outcome::Unknown(Doubt::Unreadable));
    }
}

#[test]
fn a_store_says_its_currency() {
    let store =
        |id: &str, currency: &str| examined(1, &json!({ "id": id, "defaultCurrency": currency }));
    let Outcome::Done(answer) = store(STORE, "EUR") else {
        panic!();
    };
    assert_eq!(answer.fact, [Finding::Currency("EUR".to_owned())]);
    assert_eq!(store("other", "EUR"), Outcome::Unknown(Doubt::Mismatch));
    assert_eq!(store(STORE, "<b>"), Outcome::Unknown(Doubt::Unreadable));
}
