//! Stripe: answers as its host gives them, notices and the header over them, and reports.

use super::{answers::reply as wire, bills};
use crate::peer::{
    NOW, Peer, create, finish, query, query_refund, reference, refund, refund_reference,
};
use crate::theirs;
use paydesk_channels::{
    Answer, Channel, Create, Exchange, Finish, NoticeAbout, Notices, Operation, Query, QueryRefund,
    RefundCall, Target, Tender, stripe::CONNECTOR,
};
use paydesk_domain::{ChannelRef, End, Memo, Outcome, PaymentFact, RefundFact};
use paydesk_signing::{Authentic, Keys as _, Peer as From, WireReply};
use serde_json::Value;

const SECONDS: i64 = NOW.0 / 1_000;
const INTENT: &str = "pi_3fuzz";
const SESSION: &str = "cs_live_a1fuzz";

/// The calls, in the order of a seed's first byte.
const CALLS: [Operation; 6] = [
    Operation::ShowCode,
    Operation::Query,
    Operation::Close,
    Operation::Refund,
    Operation::QueryRefund,
    // A question about a payment of which nothing is remembered.
    Operation::Prepare,
];

fn intent() -> String {
    format!(
        r#"{{"id":"{INTENT}","object":"payment_intent","amount":8888,"amount_received":8888,"currency":"cny","latest_charge":{{"id":"ch_1","object":"charge","created":1795227861,"livemode":true,"payment_method_details":{{"type":"card","card":{{"brand":"visa","last4":"4242"}}}}}},"livemode":true,"metadata":{{"paydesk_payment":"{}"}},"status":"succeeded"}}"#,
        reference()
    )
}

fn session() -> String {
    format!(
        r#"{{"id":"{SESSION}","object":"checkout.session","amount_total":8888,"client_reference_id":"{}","currency":"cny","livemode":true,"mode":"payment","payment_intent":{},"payment_status":"paid","status":"complete","url":null}}"#,
        reference(),
        intent()
    )
}

fn returned() -> String {
    format!(
        r#"{{"id":"re_1","object":"refund","amount":800,"charge":null,"created":1795227862,"currency":"cny","metadata":{{"paydesk_payment":"{}","paydesk_refund":"{}"}},"payment_intent":"{INTENT}","status":"succeeded"}}"#,
        reference(),
        refund_reference()
    )
}

fn list(row: &str) -> String {
    format!(r#"{{"object":"list","data":[{row}],"has_more":false}}"#)
}

fn known(memo: Option<&str>) -> Target {
    Target {
        channel_ref: memo.map(|_| ChannelRef(INTENT.to_owned())),
        memo: memo.map(|memo| Memo(memo.to_owned())),
        ..query().of
    }
}

fn shown() -> Target {
    known(Some(&format!("name=shop&made={SESSION}")))
}

/// Every object in a document, however deep.
fn objects(value: &Value) -> Vec<&Value> {
    let within: Box<dyn Iterator<Item = &Value>> = match value {
        Value::Array(rows) => Box::new(rows.iter()),
        Value::Object(members) => Box::new(members.values()),
        _ => Box::new(std::iter::empty()),
    };
    std::iter::once(value)
        .chain(within.flat_map(objects))
        .collect()
}

/// What money needs to stand on: one object with our number, the whole sum and the currency in it.
fn assert_bound(proof: &Authentic, kind: &str, word: &str, number: &str, sum: i64) {
    let document = theirs::read(proof.believed());
    let is_it = |object: &&Value| {
        object["object"] == kind
            && object["status"] == "succeeded"
            && object["amount"] == sum
            && object["currency"] == "cny"
            && object["metadata"][word] == number
            && (kind == "refund"
                || (object["amount_received"] == sum && object["livemode"] == true))
    };
    let found = objects(&document).into_iter().filter(is_it).count();
    assert!(found > 0, "{kind} {number} of {sum}: {document}");
}

fn pays(outcome: &Outcome<Answer<PaymentFact>>, proof: &Authentic) -> bool {
    let Outcome::Done(answer) = outcome else {
        return false;
    };
    let PaymentFact::Paid(paid) = &answer.fact else {
        return false;
    };
    assert!(paid.asked.minor() == 8888 && paid.received.minor() == 8888);
    let number = reference();
    assert_bound(
        proof,
        "payment_intent",
        "paydesk_payment",
        number.as_str(),
        8888,
    );
    true
}

fn gives_back(outcome: &Outcome<Answer<RefundFact>>, proof: &Authentic) -> bool {
    let is_done = matches!(
        outcome,
        Outcome::Done(answer) if matches!(answer.fact, RefundFact::Done { .. })
    );
    if is_done {
        let number = refund_reference();
        assert_bound(proof, "refund", "paydesk_refund", number.as_str(), 800);
    }
    is_done
}

fn heard(bytes: &[u8]) -> bool {
    let Some((first, content)) = bytes.split_first() else {
        return false;
    };
    let call = CALLS[usize::from(*first) % CALLS.len()];
    let operation = match call {
        Operation::Prepare => Operation::Query,
        other => other,
    };
    let peer = Peer::of("stripe");
    let cx = peer.cx();
    let came = wire(200, Vec::new(), content.to_vec());
    drop(CONNECTOR.hint(&came));
    // Who answers is the network's word alone.
    assert!(Channel::authenticate(&CONNECTOR, operation, came.clone(), &cx).is_err());
    let came = WireReply {
        peer: From::TlsHost("api.stripe.com".to_owned()),
        ..came
    };
    let proof = Channel::authenticate(&CONNECTOR, operation, came, &cx).expect("from its host");
    match call {
        Operation::ShowCode => {
            let create = Create {
                tender: Tender::ShowCode,
                ..create(true)
            };
            pays(&CONNECTOR.decode(&create, &proof, &cx), &proof)
        }
        Operation::Close => {
            let finish = Finish {
                of: shown(),
                ..finish(End::Close)
            };
            drop(CONNECTOR.further(&finish, &proof, &cx));
            pays(&CONNECTOR.decode(&finish, &proof, &cx), &proof)
        }
        Operation::Refund => {
            let refund = RefundCall {
                of: shown(),
                ..refund()
            };
            gives_back(&CONNECTOR.decode(&refund, &proof, &cx), &proof)
        }
        Operation::QueryRefund => {
            let asked = QueryRefund {
                of: shown(),
                ..query_refund()
            };
            drop(CONNECTOR.further(&asked, &proof, &cx));
            gives_back(&CONNECTOR.decode(&asked, &proof, &cx), &proof)
        }
        _ => {
            let of = match call {
                Operation::Prepare => known(None),
                _ => shown(),
            };
            let query = Query { of };
            drop(CONNECTOR.further(&query, &proof, &cx));
            pays(&CONNECTOR.decode(&query, &proof, &cx), &proof)
        }
    }
}

pub(super) fn answer_seeds() -> Vec<Vec<u8>> {
    let contents = [
        session(),
        session().replace("complete", "expired"),
        list(&intent()),
        intent(),
        returned(),
        list(&returned()),
        r#"{"error":{"type":"card_error","code":"card_declined"}}"#.to_owned(),
    ];
    let calls = 0..u8::try_from(CALLS.len()).expect("few");
    let all: Vec<Vec<u8>> = contents
        .iter()
        .flat_map(|content| {
            let calls = calls.clone();
            calls.map(move |call| [&[call], content.as_bytes()].concat())
        })
        .collect();
    // The page by three calls about it, the list by the question, the refund by both of its own.
    let money = all.iter().filter(|seed| heard(seed)).count();
    assert_eq!(money, 6, "genuine answers have to pay");
    all
}

/// The first byte says which call it answers; the rest is what the host says.
pub(super) fn answer(bytes: &[u8]) {
    heard(bytes);
}

fn notices() -> &'static dyn Notices {
    CONNECTOR.notices().expect("notices")
}

fn signed_at(peer: &Peer, seconds: i64, body: &[u8]) -> String {
    let text = [format!("{seconds}.").as_bytes(), body].concat();
    let tag = peer.keys.mac(&text).expect("a shared secret");
    tag.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn posted(header: String, body: &[u8]) -> WireReply {
    let headers = vec![("Stripe-Signature".to_owned(), header)];
    wire(200, headers, body.to_vec())
}

fn event(kind: &str, object: &str) -> String {
    format!(
        r#"{{"id":"evt_1","object":"event","api_version":"2026-10-28.endive","data":{{"object":{object}}},"livemode":true,"type":"{kind}"}}"#
    )
}

/// Whether money moved by an event that Stripe signed.
fn told(body: &[u8]) -> bool {
    let peer = Peer::of("stripe");
    let cx = peer.cx();
    let tag = signed_at(&peer, SECONDS, body);
    let notice = posted(format!("t={SECONDS},v1={tag}"), body);
    let proof = notices().authenticate(notice, &cx).expect("signed");
    let refund = QueryRefund {
        of: shown(),
        ..query_refund()
    };
    let paid = pays(
        &notices().payment(&Query { of: shown() }, &proof, &cx),
        &proof,
    );
    let returned = gives_back(&notices().refund(&refund, &proof, &cx), &proof);
    let about = notices().read(&proof, &cx).map(|notice| notice.about);
    if matches!(about, Ok(NoticeAbout::Payment { .. })) {
        assert!(!returned, "a payment that is a refund");
    }
    paid || returned
}

pub(super) fn notice_seeds() -> Vec<Vec<u8>> {
    let all = [
        event("payment_intent.succeeded", &intent()),
        event("checkout.session.completed", &session()),
        event("refund.updated", &returned()),
        event("charge.succeeded", r#"{"object":"charge"}"#),
    ];
    let all: Vec<Vec<u8>> = all.into_iter().map(String::into_bytes).collect();
    let money = all.iter().filter(|seed| told(seed)).count();
    assert_eq!(money, 2, "genuine notices have to pay");
    all
}

/// The body of an event, signed as Stripe signs it.
pub(super) fn notice(bytes: &[u8]) {
    told(bytes);
}

pub(super) fn header_seeds() -> Vec<Vec<u8>> {
    let peer = Peer::of("stripe");
    let body = event("payment_intent.succeeded", &intent());
    let at = |seconds: i64| {
        let tag = signed_at(&peer, seconds, body.as_bytes());
        format!("t={seconds},v1={tag}")
    };
    let good = at(SECONDS);
    let zeros = "0".repeat(64);
    let all = [
        good.clone(),
        at(SECONDS - 299),
        at(SECONDS + 301),
        good.replace("v1=", "v0="),
        good.replace("v1=", &format!("v1={zeros},v1=")),
        format!("{good},v0={zeros}"),
        String::new(),
    ];
    all.into_iter().map(String::into_bytes).collect()
}

/// The header over an event: believed only with the tag of the moment that it names.
pub(super) fn header(bytes: &[u8]) {
    let peer = Peer::of("stripe");
    let body = event("payment_intent.succeeded", &intent());
    let text = String::from_utf8_lossy(bytes).into_owned();
    let notice = posted(text.clone(), body.as_bytes());
    if notices().authenticate(notice, &peer.cx()).is_ok() {
        let named = text.split(',').find_map(|part| part.strip_prefix("t="));
        let moment: i64 = named.and_then(|it| it.parse().ok()).expect("a moment");
        assert!(moment.abs_diff(SECONDS) <= 300, "{text}");
        let tag = format!("v1={}", signed_at(&peer, moment, body.as_bytes()));
        assert!(text.split(',').any(|part| part == tag), "{text}");
    }
}

pub(super) fn bill_seeds() -> Vec<Vec<u8>> {
    let titles = "balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,available_on_utc,charge_id,payment_intent_id,payment_metadata[paydesk_payment],refund_metadata[paydesk_refund]";
    let number = reference();
    let row = |at: &str, sums: &str, category: &str, source: &str| {
        format!(
            "txn_{source},{at},cny,{sums},{category},{source},2026-11-24 00:00:00,ch_1,pi_1,{number},"
        )
    };
    let rows = [
        row("2026-11-20 17:00:01", "19.99,0.88,19.11", "charge", "ch_1"),
        row("2026-11-21 02:00:00", "-8.00,0.00,-8.00", "refund", "re_1"),
        row(
            "2026-11-21 03:00:00",
            "8.00,0.00,8.00",
            "refund_failure",
            "re_1",
        ),
    ];
    let file = format!("{titles}\n{}\n", rows.join("\n")).into_bytes();
    let lines = bills::read("stripe", &file).map(|(lines, _)| lines.len());
    assert_eq!(lines.ok(), Some(3), "a genuine report is read");
    vec![file]
}

pub(super) fn bill(bytes: &[u8]) {
    bills::check("stripe", bytes);
}
