//! BTCPay Server: invoices and claims as its host gives them, and webhooks with the tag over them.

use super::answers::reply as wire;
use crate::peer::{Peer, create, finish, query, query_refund, reference, refund_reference};
use crate::theirs;
use paydesk_channels::{
    Answer, Channel, Exchange, Notices, Operation, QueryRefund, btcpay::CONNECTOR,
};
use paydesk_domain::{
    Decimal, End, Memo, OfferStage, Outcome, PaymentFact, RefundFact, RefundOffer,
};
use paydesk_signing::{Authentic, Keys as _, Peer as From, WireReply};
use serde_json::Value;

const HOST: &str = "pay.example.com";
const STORE: &str = "9CiNzKoANXxmk5ayZngSXrHTiVvvgCrwrpFQd4m2K776";
const PULL: &str = "3cFuzz";

fn peer() -> Peer {
    Peer::of("btcpay")
}

fn from_host(bytes: &[u8]) -> WireReply {
    WireReply {
        peer: From::TlsHost(HOST.to_owned()),
        ..wire(200, Vec::new(), bytes.to_vec())
    }
}

fn invoice() -> String {
    format!(
        r#"{{"id":"Fuzz1","storeId":"{STORE}","amount":"88.88","paidAmount":"88.88","currency":"CNY","type":"Standard","checkoutLink":"https://{HOST}/i/Fuzz1","createdTime":1795227762,"expirationTime":1795228662,"monitoringExpiration":1795315062,"status":"Settled","additionalStatus":"None","metadata":{{"orderId":"{}"}},"checkout":{{"speedPolicy":"MediumSpeed","paymentTolerance":0}},"paymentMethods":[{{"paymentMethodId":"BTC-CHAIN","currency":"BTC","destination":"bc1q","paymentLink":"bitcoin:bc1q?amount=0.0001","rate":"463000","paymentMethodPaid":"0.00019","due":"0","payments":[{{"receivedDate":1795227802,"status":"Settled"}}],"activated":true}}]}}"#,
        reference()
    )
}

fn payout() -> String {
    format!(
        r#"{{"id":"6b1f","pullPaymentId":"{PULL}","originalAmount":"8","originalCurrency":"CNY","state":"Completed"}}"#
    )
}

/// The calls, in the order of a seed's first byte.
const CALLS: [Operation; 3] = [Operation::ShowCode, Operation::Query, Operation::Close];

fn with_calls(contents: Vec<String>) -> Vec<Vec<u8>> {
    let calls = (0..).zip(CALLS);
    let seeds = calls.flat_map(|(first, _)| {
        let whole = |content: &String| [&[first][..], content.as_bytes()].concat();
        contents.iter().map(whole).collect::<Vec<_>>()
    });
    seeds.collect()
}

pub(super) fn answer_seeds() -> Vec<Vec<u8>> {
    let (one, list) = (invoice(), format!("[{}]", invoice()));
    let more = [
        ("Settled", "Processing"),
        ("Settled", "New"),
        ("Settled", "Expired"),
        ("88.88\",\"currency", "88.8799999\",\"currency"),
        ("\"None\"", "\"PaidOver\""),
        ("\"None\"", "\"PaidLate\""),
    ];
    let mut contents = vec![one.clone(), list.clone()];
    contents.extend(more.map(|(from, to)| list.replace(from, to)));
    contents.push("[]".to_owned());
    contents.push(r#"{"code":"invoice-not-found","message":"x"}"#.to_owned());
    let all = with_calls(contents);
    // The invoice by two calls, its list by the two that ask for one.
    let money = all.iter().filter(|seed| heard(seed)).count();
    assert!(money >= 4, "genuine answers have to pay: {money}");
    all
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

/// Whether it says that money came; if so, one object holds our store, order, currency and sum.
fn pays(outcome: &Outcome<Answer<PaymentFact>>, proof: &Authentic) -> bool {
    let Outcome::Done(answer) = outcome else {
        return false;
    };
    let (PaymentFact::Paid(paid) | PaymentFact::PaidAmiss(paid, _)) = &answer.fact else {
        return false;
    };
    assert_eq!(paid.asked.minor(), 8888);
    let document = theirs::read(proof.believed());
    let is_ours = |object: &&Value| {
        let status = object["status"].as_str().unwrap_or_default();
        object["storeId"] == STORE
            && object["currency"] == "CNY"
            && object["metadata"]["orderId"] == reference().as_str()
            && ["Settled", "Expired", "Invalid"].contains(&status)
    };
    let found = objects(&document).into_iter().find(is_ours);
    let counted = found.and_then(|it| it["paidAmount"].as_str());
    let counted = counted.and_then(|it| Decimal::parse(it).ok());
    let received = Decimal::of(paid.received.money());
    assert!(counted >= received && received.is_some(), "{document}");
    matches!(answer.fact, PaymentFact::Paid(_))
}

/// The first byte says which call it answers; the rest is the body, as the account's own host would send it.
pub(super) fn answer(bytes: &[u8]) {
    heard(bytes);
}

fn heard(bytes: &[u8]) -> bool {
    let Some((first, content)) = bytes.split_first() else {
        return false;
    };
    let operation = CALLS[usize::from(*first) % CALLS.len()];
    let peer = peer();
    let cx = peer.cx();
    let strange = wire(200, Vec::new(), content.to_vec());
    drop((
        CONNECTOR.hint(&strange),
        CONNECTOR.signature_complaint(content),
    ));
    assert!(Channel::authenticate(&CONNECTOR, operation, strange, &cx).is_err());
    let Ok(proof) = Channel::authenticate(&CONNECTOR, operation, from_host(content), &cx) else {
        return false;
    };
    let outcome = match operation {
        Operation::ShowCode => CONNECTOR.decode(&create(true), &proof, &cx),
        Operation::Close => CONNECTOR.decode(&finish(End::Close), &proof, &cx),
        _ => CONNECTOR.decode(&query(), &proof, &cx),
    };
    pays(&outcome, &proof)
}

fn claims() -> QueryRefund {
    let offer = RefundOffer {
        id: PULL.to_owned(),
        link: format!("https://{HOST}/pull-payments/{PULL}"),
        sum: Decimal::parse("8").expect("a sum"),
        unit: "CNY".to_owned(),
        stage: OfferStage::Unclaimed,
    };
    let mut call = query_refund();
    let told = serde_json::to_string(&offer).expect("an offer is data");
    call.refund.told = Some(Memo(told));
    call.offer = Some(offer);
    call
}

pub(super) fn claim_seeds() -> Vec<Vec<u8>> {
    let done = format!("[{}]", payout());
    let offer = format!(
        r#"{{"id":"{PULL}","name":"{}","amount":"8.00","currency":"CNY","viewLink":"https://{HOST}/pull-payments/{PULL}","archived":false}}"#,
        refund_reference()
    );
    assert!(given_back(done.as_bytes()), "a genuine claim is done");
    [
        done.clone(),
        done.replace("Completed", "Cancelled"),
        done.replace("Completed", "InProgress"),
        done.replace("\"8\"", "\"3\""),
        format!("[{},{}]", payout(), payout()),
        "[]".to_owned(),
        offer.clone(),
        format!("[{offer}]"),
    ]
    .map(String::into_bytes)
    .into()
}

/// A body about a refund: the claims of an offer that was seen, or the offer itself.
pub(super) fn claim(bytes: &[u8]) {
    given_back(bytes);
}

fn given_back(bytes: &[u8]) -> bool {
    let peer = peer();
    let cx = peer.cx();
    let operation = Operation::QueryRefund;
    let Ok(proof) = Channel::authenticate(&CONNECTOR, operation, from_host(bytes), &cx) else {
        return false;
    };
    let offered = CONNECTOR.decode(&query_refund(), &proof, &cx);
    if let Outcome::Done(answer) = &offered {
        // An offer that nobody's claims were asked about is no end of a refund.
        assert!(!matches!(answer.fact, RefundFact::Done { .. }));
        if let RefundFact::Offered(offer) = &answer.fact {
            assert!(
                offer.link.starts_with(&format!("https://{HOST}")),
                "{offer:?}"
            );
        }
    }
    let Outcome::Done(answer) = CONNECTOR.decode(&claims(), &proof, &cx) else {
        return false;
    };
    if !matches!(answer.fact, RefundFact::Done { .. }) {
        return false;
    }
    let document = theirs::read(proof.believed());
    let rows = document.as_array().expect("a list of claims");
    let done = rows.iter().filter(|row| row["state"] == "Completed");
    let mut sum = Decimal::ZERO;
    for row in done {
        assert!(row["pullPaymentId"] == PULL && row["originalCurrency"] == "CNY");
        let text = row["originalAmount"].as_str().expect("a sum in a text");
        let next = sum.checked_add(Decimal::parse(text).expect("a sum"));
        sum = next.expect("a sum of sums");
    }
    assert!(Some(sum) >= Decimal::parse("8").ok(), "{document}");
    true
}

fn notices() -> &'static dyn Notices {
    CONNECTOR.notices().expect("webhooks")
}

pub(super) fn notice_seeds() -> Vec<Vec<u8>> {
    ["InvoiceSettled", "InvoiceRefund", "PayoutApproved"]
        .map(|kind| {
            format!(
                r#"{{"deliveryId":"D1","originalDeliveryId":"D1","isRedelivery":false,"type":"{kind}","timestamp":1795227862,"storeId":"{STORE}","invoiceId":"Fuzz1","metadata":{{"orderId":"{}"}}}}"#,
                reference()
            )
            .into_bytes()
        })
        .into()
}

/// A webhook with the tag that the shop's own secret gives: whatever is in it, no money moved by it.
pub(super) fn notice(bytes: &[u8]) {
    let peer = peer();
    let cx = peer.cx();
    let bare = from_host(bytes);
    assert!(notices().authenticate(bare.clone(), &cx).is_err(), "no tag");
    let Ok(tag) = peer.keys.mac(bytes) else {
        return;
    };
    let hex: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut tagged = bare;
    let header = ("BTCPay-Sig".to_owned(), format!("sha256={hex}"));
    tagged.headers.push(header);
    let Ok(proof) = notices().authenticate(tagged, &cx) else {
        return;
    };
    drop(notices().read(&proof, &cx));
    let payment = notices().payment(&query(), &proof, &cx);
    assert!(matches!(payment, Outcome::Unknown(_)), "{payment:?}");
    let refund = notices().refund(&query_refund(), &proof, &cx);
    assert!(matches!(refund, Outcome::Unknown(_)), "{refund:?}");
}
