//! UnionPay: which notices are believed, and what each is taken to mean.

use crate::{
    shop::{Shop, query, query_refund, reference, reply, said, said_of_refund},
    unionpay_answers::{BINDING, CHARGED, PAID, REFUNDED},
};
use paydesk_channels::{Channel, NoticeAbout, unionpay};
use paydesk_domain::{Doubt, Outcome, RefundFact};
use paydesk_signing::{Authentic, Forged, WireReply};

/// A notice of these fields, as a form.
fn posted(shop: &Shop, content: &str) -> WireReply {
    let content = content.replace("{no}", reference().as_str());
    let fields: Vec<(&str, &str)> = content
        .split(';')
        .map(|part| part.split_once('=').unwrap())
        .collect();
    form(&shop.unionpay_fields(&fields))
}

fn form(fields: &[(String, String)]) -> WireReply {
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let parts: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    reply(0, &[], parts.join("&"))
}

fn noticed(shop: &Shop, came: WireReply) -> Result<Authentic, Forged> {
    let notices = unionpay::CONNECTOR.notices().unwrap();
    notices.authenticate(came, &shop.cx())
}

fn told() -> String {
    PAID.replace("origRespCode=00;", "")
}

#[test]
fn a_notice_of_a_payment() {
    let shop = Shop::unionpay();
    let notices = unionpay::CONNECTOR.notices().unwrap();
    assert_eq!(notices.receipt().0, 200);
    let proof = noticed(&shop, posted(&shop, &told())).unwrap();
    let read = notices.read(&proof, &shop.cx()).unwrap();
    assert_eq!(read.id, "782611211024226740281");
    let reference = reference().as_str().to_owned();
    assert_eq!(read.about, NoticeAbout::Payment { reference });
    let check = |content: &str, expected: &str| {
        let proof = noticed(&shop, posted(&shop, content)).unwrap();
        let outcome = notices.payment(&query(), &proof, &shop.cx());
        assert_eq!(said(&outcome), expected, "{content}");
        let about = notices.refund(&query_refund(), &proof, &shop.cx());
        assert!(matches!(about, Outcome::Unknown(_)), "{content}");
    };
    let paid = "paid 8888 received 8888 by 782611211024226740281";
    check(&told(), paid);
    check(&told().replace(";respCode=00", ";respCode=A6"), paid);
    for (ours, other) in BINDING {
        check(&told().replace(ours, other), "unknown mismatch");
    }
    check(&told().replace("txnAmt=8888;", ""), "unknown mismatch");
    check(
        &told().replace(";respCode=00", ";respCode=64"),
        "unknown server_fault 64",
    );
    // What the gateway signed as an answer, played as a notice: taken in, or asked about.
    check(CHARGED, "unknown mismatch");
    check(PAID, "unknown mismatch");
    for field in [
        "settleAmt=8888;",
        "settleDate=1121;",
        "traceTime=1121102423;",
    ] {
        check(&told().replace(field, ""), "unknown mismatch");
    }
    let foreign = posted(&shop, &told().replace("777290058167151", "777290058167152"));
    let proof = noticed(&shop, foreign).unwrap();
    assert_eq!(notices.read(&proof, &shop.cx()), Err(Doubt::Mismatch));
}

#[test]
fn a_notice_of_a_refund_and_of_an_undo() {
    let shop = Shop::unionpay();
    let notices = unionpay::CONNECTOR.notices().unwrap();
    let told = format!("{REFUNDED};traceTime=1121102500;settleAmt=800;settleDate=1121");
    let proof = noticed(&shop, posted(&shop, &told)).unwrap();
    let (payment, refund) = (reference(), reference().refund(1).unwrap());
    assert_eq!(
        notices.read(&proof, &shop.cx()).unwrap().about,
        NoticeAbout::Refund {
            payment: payment.as_str().to_owned(),
            reference: refund.as_str().to_owned(),
        }
    );
    let outcome = notices.refund(&query_refund(), &proof, &shop.cx());
    let Outcome::Done(answer) = &outcome else {
        panic!("{}", said_of_refund(&outcome))
    };
    assert!(matches!(answer.fact, RefundFact::Done { .. }));
    let about = |content: &str| {
        let proof = noticed(&shop, posted(&shop, content)).unwrap();
        notices.read(&proof, &shop.cx()).unwrap().about
    };
    let other = |event: &str| NoticeAbout::Other {
        event: event.to_owned(),
    };
    assert_eq!(about(&told.replace("{no}R1", "{no}U1")), other("04"));
    assert_eq!(
        about(&told.replace("txnType=04", "txnType=31")),
        other("31")
    );
    assert_eq!(about(&told.replace("{no}R1", "POS20261121")), other("04"));
}

#[test]
fn a_notice_that_proves_nothing_is_refused() {
    let shop = Shop::unionpay();
    let content = told().replace("{no}", reference().as_str());
    let fields: Vec<(&str, &str)> = content
        .split(';')
        .map(|part| part.split_once('=').unwrap())
        .collect();
    let genuine = shop.unionpay_fields(&fields);
    assert!(noticed(&shop, form(&genuine)).is_ok());
    let without = |name: &str| {
        let mut fields = genuine.clone();
        fields.retain(|(known, _)| known != name);
        noticed(&shop, form(&fields)).unwrap_err()
    };
    assert_eq!(without("signature"), Forged::NoSignature);
    assert_eq!(without("signPubKeyCert"), Forged::UnknownKey);
    assert_eq!(without("txnAmt"), Forged::WrongSignature);
    assert_eq!(without("version"), Forged::Malformed);
    // The same text, cut into other fields: one value holds the separator and the next field.
    let mut joined = genuine.clone();
    let place = |fields: &[(String, String)], name: &str| {
        fields.iter().position(|(known, _)| known == name).unwrap()
    };
    let (_, currency) = joined.remove(place(&joined, "currencyCode"));
    let before = place(&joined, "bizType");
    joined[before].1 = format!("000000&currencyCode={currency}");
    assert_eq!(
        noticed(&shop, form(&joined)).unwrap_err(),
        Forged::Malformed
    );
    let mut twice = genuine.clone();
    twice.push(("txnAmt".to_owned(), "8888".to_owned()));
    assert_eq!(noticed(&shop, form(&twice)).unwrap_err(), Forged::Malformed);
    assert_eq!(
        noticed(&shop, reply(0, &[], "%".to_owned())).unwrap_err(),
        Forged::Malformed
    );
}
