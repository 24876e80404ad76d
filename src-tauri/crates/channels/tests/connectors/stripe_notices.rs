//! Stripe's notices: signatures of the official libraries, and what a genuine one is taken to mean.

use crate::{
    documented::shared_file,
    shop::{NOW, reference, said, said_of_refund},
    stripe_shop::*,
};
use paydesk_channels::{Channel, NoticeAbout, stripe};
use paydesk_domain::{Doubt, Timestamp};
use paydesk_signing::{AccountKeys, Authentic, Forged, Keys, Peer, WireReply, hex};
use serde_json::{Value, json};

pub(crate) fn vectors() -> Option<Value> {
    shared_file("vectors", "stripe.json").map(|text| serde_json::from_str(&text).unwrap())
}

fn notice(header: &str, body: &str) -> WireReply {
    WireReply {
        status: 200,
        headers: vec![("Stripe-Signature".to_owned(), header.to_owned())],
        body: body.as_bytes().to_vec(),
        peer: Peer::Unknown,
    }
}

fn believed(account: &Account, now: i64, notice: WireReply) -> Result<Authentic, Forged> {
    let cx = account.cx_at(Timestamp(now * 1000));
    let notices = stripe::CONNECTOR.notices().unwrap();
    notices.authenticate(notice, &cx)
}

fn with_secret(secret: &str) -> Account {
    let mut account = Account::test();
    let keys = AccountKeys::builder().mac_secret(secret.as_bytes());
    account.keys = keys.unwrap().build();
    account
}

#[test]
fn signatures_of_the_official_library_are_believed() {
    let Some(vectors) = vectors() else {
        return;
    };
    let signed = vectors["webhook_signatures_from_sdk"].as_array().unwrap();
    assert_eq!(signed.len(), 4);
    for one in signed {
        let text = |name: &str| one[name].as_str().unwrap();
        let at = one["timestamp"].as_i64().unwrap();
        let account = with_secret(text("secret"));
        let sent = || notice(text("header"), text("payload"));
        let proof = believed(&account, at, sent()).unwrap();
        assert_eq!(proof.believed(), text("payload").as_bytes());
        assert!(proof.by().is_some());
        let mut changed = sent();
        changed.body.push(b' ');
        let found = believed(&account, at, changed).unwrap_err();
        assert_eq!(found, Forged::WrongSignature);
        let other = believed(&with_secret("whsec_x"), at, sent());
        assert_eq!(other.unwrap_err(), Forged::WrongSignature);
    }
}

#[test]
fn signatures_are_refused_as_the_official_library_refuses_them_and_never_from_the_future() {
    let Some(vectors) = vectors() else {
        return;
    };
    let all = &vectors["webhook_verification_cases"];
    let account = with_secret(all["secret"].as_str().unwrap());
    let body = all["payload"].as_str().unwrap();
    let mut seen = 0;
    for one in all["cases"].as_array().unwrap() {
        let (case, now) = (one["case"].as_str().unwrap(), one["now"].as_i64().unwrap());
        let found = believed(&account, now, notice(one["header"].as_str().unwrap(), body));
        // We have an upper bound of our own, and no way of doing without one.
        let stricter = case == "future timestamp" || one["tolerance"].is_null();
        let accepted = one["accepted_by_stripe_python"].as_bool().unwrap() && !stricter;
        assert_eq!(found.is_ok(), accepted, "{case}: {found:?}");
        seen += 1;
    }
    assert_eq!(seen, 12);
    let signed = all["cases"][0]["header"].as_str().unwrap();
    for (header, expected) in [
        ("", Forged::Malformed),
        ("t=1795227147", Forged::WrongSignature),
        ("t=-1795227147,v1=0", Forged::Malformed),
        ("t=1795227147,t=1795227147,v1=0", Forged::Malformed),
        (&"v1=0,".repeat(9), Forged::Malformed),
    ] {
        let found = believed(&account, 1_795_227_147, notice(header, body));
        assert_eq!(found.unwrap_err(), expected, "{header}");
    }
    let mut none = notice(signed, body);
    none.headers.clear();
    let found = believed(&account, 1_795_227_147, none).unwrap_err();
    assert_eq!(found, Forged::NoSignature);
    let keyless = Account::with_key(TEST_KEY, true);
    let mut keyless = keyless;
    keyless.keys = AccountKeys::builder().build();
    let found = believed(&keyless, 1_795_227_147, notice(signed, body));
    assert_eq!(found.unwrap_err(), Forged::UnknownKey);
}

fn event(name: &str, object: &Value) -> Value {
    json!({
        "id": "evt_1", "object": "event", "api_version": "2026-10-28.endive", "type": name,
        "created": NOW.0 / 1000, "livemode": false, "pending_webhooks": 1,
        "data": {"object": object}, "request": null,
    })
}

fn proof(account: &Account, event: &Value) -> Authentic {
    let body = event.to_string();
    let at = NOW.0 / 1000;
    let tag = account.keys.mac(format!("{at}.{body}").as_bytes()).unwrap();
    let header = format!("t={at},v1={}", hex(&tag));
    believed(account, at, notice(&header, &body)).unwrap()
}

#[test]
fn a_notice_names_what_it_is_about() {
    let account = Account::test();
    let read = |event: &Value| {
        let notices = stripe::CONNECTOR.notices().unwrap();
        notices.read(&proof(&account, event), &account.cx())
    };
    let payment = NoticeAbout::Payment {
        reference: reference().as_str().to_owned(),
    };
    let succeeded = event("payment_intent.succeeded", &intent("succeeded"));
    let found = read(&succeeded).unwrap();
    assert_eq!((found.id.as_str(), &found.about), ("evt_1", &payment));
    let page = event("checkout.session.expired", &session("expired", "unpaid"));
    assert_eq!(read(&page).unwrap().about, payment);
    let given = event("refund.updated", &refund_object("failed"));
    assert_eq!(
        read(&given).unwrap().about,
        NoticeAbout::Refund {
            payment: reference().as_str().to_owned(),
            reference: reference().refund(1).unwrap().as_str().to_owned(),
        }
    );
    let foreign = changed(intent("succeeded"), json!({"metadata": null}));
    for other in [
        event("payment_intent.succeeded", &foreign),
        event("terminal.reader.action_failed", &reader(Some("failed"))),
        event("some.new_event", &json!({"object": "new"})),
    ] {
        let about = read(&other).unwrap().about;
        assert!(matches!(about, NoticeAbout::Other { .. }), "{about:?}");
    }
    for (change, expected) in [
        (json!({"livemode": true}), Doubt::Mismatch),
        (json!({"api_version": "2020-08-27"}), Doubt::Mismatch),
        (json!({"object": "v2.core.event"}), Doubt::Mismatch),
        (json!({"account": "acct_2"}), Doubt::Mismatch),
        (json!({"id": "1"}), Doubt::Unreadable),
        (json!({"type": null}), Doubt::Unreadable),
        (json!({"data": null}), Doubt::Unreadable),
    ] {
        let found = read(&changed(succeeded.clone(), change.clone()));
        assert_eq!(found.unwrap_err(), expected, "{change}");
    }
}

#[test]
fn of_a_payment_only_money_that_came_is_taken_from_a_notice() {
    let account = Account::test();
    let told = |memo: Option<&str>, object: &Value| {
        let proof = proof(&account, &event("x", object));
        let notices = stripe::CONNECTOR.notices().unwrap();
        said(&notices.payment(&query(memo), &proof, &account.cx()))
    };
    let paid = "paid 1999 received 1999 by pi_1";
    for memo in [None, Some(SHOWN), Some(SHOWN_MADE), Some(AT_READER_MADE)] {
        assert_eq!(told(memo, &intent("succeeded")), paid);
    }
    let other = "reader=tmr_1&made=pi_2";
    assert_eq!(told(Some(other), &intent("succeeded")), "unknown mismatch");
    for old in [
        intent("canceled"),
        intent("processing"),
        intent("requires_payment_method"),
        session("complete", "paid"),
        session("expired", "unpaid"),
    ] {
        assert_eq!(told(None, &old), "unknown no_reply", "{old}");
    }
    for change in [
        json!({"amount": 1998}),
        json!({"amount_received": 1998}),
        json!({"currency": "eur"}),
        json!({"livemode": true}),
        json!({"metadata": {"paydesk_payment": "x"}}),
    ] {
        let object = changed(intent("succeeded"), change.clone());
        assert_eq!(told(None, &object), "unknown mismatch", "{change}");
    }
}

#[test]
fn a_notice_of_a_refund_is_read_as_an_answer_is() {
    let account = Account::test();
    let told = |object: &Value| {
        let proof = proof(&account, &event("refund.updated", object));
        let notices = stripe::CONNECTOR.notices().unwrap();
        said_of_refund(&notices.refund(&query_refund(), &proof, &account.cx()))
    };
    assert_eq!(told(&refund_object("succeeded")), "done re_1 true");
    assert_eq!(told(&refund_object("pending")), "accepted");
    let failed = changed(
        refund_object("failed"),
        json!({"failure_reason": "lost_or_stolen_card"}),
    );
    assert_eq!(told(&failed), "failed refund.lost_or_stolen_card ByHand");
    let other = changed(refund_object("succeeded"), json!({"amount": 801}));
    assert_eq!(told(&other), "unknown mismatch");
}
