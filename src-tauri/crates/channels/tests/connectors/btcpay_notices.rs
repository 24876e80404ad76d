//! BTCPay Server: webhooks, believed by their tag alone, and what they say.

use crate::{
    btcpay::{INVOICE, Own, STORE, own, own_with, query},
    documented::shared_file,
    shop::reference,
};
use paydesk_channels::{NoticeAbout, Notices, btcpay};
use paydesk_domain::Doubt;
use paydesk_signing::{Forged, Peer, WireReply};
use serde_json::{Value, json};

fn vectors() -> Option<Vec<Value>> {
    let text = shared_file("vectors", "btcpay.json")?;
    let all: Value = serde_json::from_str(&text).unwrap();
    Some(all["vectors"].as_array().unwrap().clone())
}

fn webhook(body: &str, tag: &str) -> WireReply {
    WireReply {
        status: 200,
        headers: vec![("btcpay-sig".to_owned(), tag.to_owned())],
        body: body.as_bytes().to_vec(),
        peer: Peer::Unknown,
    }
}

#[test]
fn webhooks_are_believed_by_their_tag() {
    let Some(vectors) = vectors() else {
        return;
    };
    let mut believed = 0;
    for vector in &vectors {
        let text = |name: &str| vector[name].as_str().unwrap();
        let (secret, body, tag) = (text("secret"), text("body"), text("header"));
        let own = own_with(&[("webhook_secret", secret)]);
        let check = |body: &str, tag: &str| {
            Notices::authenticate(&btcpay::CONNECTOR, webhook(body, tag), &own.cx())
        };
        if secret.is_empty() {
            // The server tags with an empty key when no secret is set. Anybody can: it is not believed.
            assert_eq!(check(body, tag).unwrap_err(), Forged::UnknownKey);
            continue;
        }
        believed += 1;
        let proof = check(body, tag).unwrap();
        assert_eq!(proof.believed(), body.as_bytes());
        assert_eq!(proof.by().map(|by| by.0.as_str()), Some("hmac-sha256"));
        for at in 0..body.len() {
            let mut other = body.as_bytes().to_vec();
            other[at] ^= 1;
            let reply = WireReply {
                body: other,
                ..webhook(body, tag)
            };
            let forged = Notices::authenticate(&btcpay::CONNECTOR, reply, &own.cx());
            assert_eq!(forged.unwrap_err(), Forged::WrongSignature, "byte {at}");
        }
        let upper = tag.to_uppercase().replace("SHA256", "sha256");
        let short = &tag[..tag.len() - 2];
        for (tag, fault) in [
            (upper.as_str(), Forged::WrongSignature),
            (short, Forged::WrongSignature),
            ("sha256=", Forged::WrongSignature),
            ("sha1=00", Forged::Malformed),
            ("sha256=0", Forged::WrongSignature),
        ] {
            assert_eq!(check(body, tag).unwrap_err(), fault, "{tag}");
        }
        let bare = WireReply {
            headers: Vec::new(),
            ..webhook(body, tag)
        };
        let forged = Notices::authenticate(&btcpay::CONNECTOR, bare, &own.cx());
        assert_eq!(forged.unwrap_err(), Forged::NoSignature);
    }
    assert_eq!(believed, 3);
}

/// A webhook under the account's own secret.
fn told(own: &Own, body: &Value) -> Result<paydesk_channels::Notice, Doubt> {
    use paydesk_signing::{Keys as _, hex};
    let body = serde_json::to_string_pretty(body).unwrap();
    let tag = format!("sha256={}", hex(&own.keys.mac(body.as_bytes()).unwrap()));
    let proof = Notices::authenticate(&btcpay::CONNECTOR, webhook(&body, &tag), &own.cx()).unwrap();
    let notice = btcpay::CONNECTOR.read(&proof, &own.cx());
    if let Ok(paydesk_channels::Notice {
        about: NoticeAbout::Payment { .. },
        ..
    }) = &notice
    {
        // It names no sum, so it says nothing but that it is time to ask.
        let said = Notices::payment(&btcpay::CONNECTOR, &query(None), &proof, &own.cx());
        assert!(matches!(said, paydesk_domain::Outcome::Unknown(_)));
    }
    notice
}

#[test]
fn a_webhook_says_which_payment_to_ask_about() {
    let own = own();
    let body = |event: &str| {
        json!({
            "deliveryId": "second", "webhookId": "w", "originalDeliveryId": "first",
            "isRedelivery": true, "type": event, "timestamp": 1_795_227_147,
            "storeId": STORE, "invoiceId": INVOICE, "metadata": { "orderId": reference().as_str() },
        })
    };
    for event in [
        "InvoiceSettled",
        "InvoiceExpired",
        "InvoiceReceivedPayment",
        "InvoicePaidAfterExpiration",
    ] {
        let notice = told(&own, &body(event)).unwrap();
        // A repetition has the number of the first.
        assert_eq!(notice.id, "first");
        let reference = reference().as_str().to_owned();
        assert_eq!(notice.about, NoticeAbout::Payment { reference });
    }
    for event in ["InvoiceRefund", "PayoutUpdated", "PaymentRequestCreated"] {
        let notice = told(&own, &body(event)).unwrap();
        assert_eq!(
            notice.about,
            NoticeAbout::Other {
                event: event.to_owned()
            }
        );
    }
    let mut old = body("InvoiceSettled");
    let fields = old.as_object_mut().unwrap();
    fields.remove("originalDeliveryId");
    fields.insert("orignalDeliveryId".to_owned(), json!("older"));
    assert_eq!(told(&own, &old).unwrap().id, "older");
    let mut foreign = body("InvoiceSettled");
    foreign["storeId"] = json!("other");
    assert_eq!(told(&own, &foreign).unwrap_err(), Doubt::Mismatch);
    let mut nameless = body("InvoiceSettled");
    nameless["type"] = json!("<script>");
    assert_eq!(told(&own, &nameless).unwrap_err(), Doubt::Unreadable);
}
