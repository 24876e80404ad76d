//! Notices: the published ones, our own, and everything altered.

use crate::shop::{NOW, Shop, query, query_refund, reference, reply, said, said_of_refund};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_channels::{AccountSettings, Cx, NoticeAbout, Notices, alipay, by_id};
use paydesk_domain::{Doubt, Timestamp};
use paydesk_signing::{
    AccountKeys, Certificate, Forged, KeyError, KeyId, Keys, PublicKey, ResourceKey, WireReply,
};
use serde_json::{Value, json};
use std::path::PathBuf;

/// A published vector, read in place; nothing when the folder is not there.
#[allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "asks its caller where the shared folder is"
)]
fn published(file: &str, id: &str) -> Option<Value> {
    let asked = std::env::var("PAYDESK_SHARED").ok();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let shared = asked
        .as_ref()
        .map_or_else(|| root.join("../shared"), PathBuf::from);
    let Ok(bytes) = std::fs::read(shared.join("vectors").join(file)) else {
        assert!(
            asked.is_none(),
            "PAYDESK_SHARED is set, but {file} is not there"
        );
        eprintln!("skipped: no shared data ({file})");
        return None;
    };
    let all: Value = serde_json::from_slice(&bytes).unwrap();
    let mut found = all["vectors"].as_array().unwrap().iter();
    Some(found.find(|vector| vector["id"] == id).unwrap().clone())
}

fn own(file: &str, id: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../tests/fixtures/own_vectors")
        .join(file);
    let all: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut found = all["vectors"].as_array().unwrap().iter();
    found.find(|vector| vector["id"] == id).unwrap().clone()
}

fn encoded(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            byte if byte.is_ascii_alphanumeric() => char::from(*byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

fn form(params: &Value) -> Vec<(String, String)> {
    let params = params.as_object().unwrap().iter();
    params
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect()
}

fn posted(pairs: &[(String, String)]) -> WireReply {
    let body: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value.as_bytes())))
        .collect();
    reply(0, &[], body.join("&"))
}

fn settings(fields: &[(&str, &str)]) -> AccountSettings {
    AccountSettings {
        sandbox: false,
        gateway: "https://openapi.alipay.com/gateway.do".to_owned(),
        fields: fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    }
}

fn alipay_keys(vector: &Value) -> AccountKeys {
    let key = vector["alipay_public_key_pem"]
        .as_str()
        .or(vector["alipay_public_key_b64"].as_str())
        .unwrap();
    let builder = AccountKeys::builder().trust_unnamed(key.as_bytes());
    builder.unwrap().build()
}

fn cx<'a>(keys: &'a dyn Keys, account: &'a AccountSettings, now: Timestamp) -> Cx<'a> {
    Cx {
        keys,
        account,
        now,
        nonce: [0; 16],
    }
}

#[test]
fn alipays_published_notices_are_believed_by_their_own_rules() {
    let Some(trade) = published("alipay_published.json", "node-notify-trade") else {
        return;
    };
    let keys = alipay_keys(&trade);
    let account = settings(&[
        ("app_id", "2019073166072302"),
        ("seller_id", "2088531891668739"),
    ]);
    let cx_trade = cx(&keys, &account, NOW);
    let pairs = form(&trade["params"]);
    let notices = alipay::CONNECTOR;
    let proof = notices_of("alipay")
        .authenticate(posted(&pairs), &cx_trade)
        .unwrap();
    assert_eq!(
        proof.believed(),
        trade["sign_content"].as_str().unwrap().as_bytes()
    );
    let read = notices.read(&proof, &cx_trade).unwrap();
    assert_eq!(read.id, "2019081500222155624068450559358070");
    assert_eq!(
        read.about,
        NoticeAbout::Payment {
            reference: "20190815155618536-564-57".to_owned()
        }
    );
    let another = settings(&[("app_id", "2019073166072303")]);
    assert_eq!(
        notices.read(&proof, &cx(&keys, &another, NOW)).unwrap_err(),
        Doubt::Mismatch
    );
    for at in 0..pairs.len() {
        let mut changed = pairs.clone();
        changed[at].1.push('0');
        assert!(
            notices_of("alipay")
                .authenticate(posted(&changed), &cx_trade)
                .is_err(),
            "{}",
            pairs[at].0
        );
        // A field left out, unless nothing signs it.
        let mut fewer = pairs.clone();
        let (name, _) = fewer.remove(at);
        let believed = notices_of("alipay").authenticate(posted(&fewer), &cx_trade);
        assert!(believed.is_err(), "{name}");
    }

    let message = published("alipay_published.json", "node-notify-v2-keeps-sign_type").unwrap();
    let keys = alipay_keys(&message);
    let account = settings(&[("app_id", "2017122801303261")]);
    let cx_message = cx(&keys, &account, NOW);
    let pairs = form(&message["params"]);
    let proof = notices_of("alipay")
        .authenticate(posted(&pairs), &cx_message)
        .unwrap();
    assert_eq!(
        proof.believed(),
        message["sign_content"].as_str().unwrap().as_bytes()
    );
    assert_eq!(
        notices.read(&proof, &cx_message).unwrap().about,
        NoticeAbout::Other {
            event: "alipay.open.servicemarket.order.notify".to_owned()
        }
    );
}

fn notices_of(channel: &str) -> &'static dyn Notices {
    by_id(channel).unwrap().notices().unwrap()
}

/// A notice of our own shop's payment.
fn trade(shop: &Shop, change: &[(&str, &str)], charset: &str) -> WireReply {
    let number = reference().to_string();
    let mut pairs: Vec<(String, String)> = [
        ("app_id", "2021000000000001"),
        ("charset", charset),
        ("notify_id", "n1"),
        ("notify_type", "trade_status_sync"),
        ("out_trade_no", number.as_str()),
        ("trade_no", "2026112122001"),
        ("trade_status", "TRADE_SUCCESS"),
        ("total_amount", "88.88"),
        ("receipt_amount", "88.88"),
        ("gmt_payment", "2026-11-21 10:24:20"),
        ("subject", "门店 收款+1"),
        ("version", "1.0"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    for (name, value) in change {
        pairs.retain(|(known, _)| known != name);
        if !value.is_empty() {
            pairs.push(((*name).to_owned(), (*value).to_owned()));
        }
    }
    pairs.sort();
    let text: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let bytes = |text: &str| {
        if charset.to_ascii_lowercase().starts_with("gb") {
            encoding_rs::GB18030.encode(text).0.into_owned()
        } else {
            text.as_bytes().to_vec()
        }
    };
    let sign = STANDARD.encode(shop.channel.sign(&bytes(&text.join("&"))).unwrap());
    pairs.push(("sign".to_owned(), sign));
    pairs.push(("sign_type".to_owned(), "RSA2".to_owned()));
    let body: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(&bytes(value))))
        .collect();
    reply(0, &[], body.join("&"))
}

#[test]
fn alipays_notice_is_bound_to_number_amount_and_merchant() {
    let shop = Shop::alipay();
    let say = |change: &[(&str, &str)], charset: &str| {
        let notice = trade(&shop, change, charset);
        let proof = notices_of("alipay")
            .authenticate(notice, &shop.cx())
            .unwrap();
        said(&notices_of("alipay").payment(&query(), &proof, &shop.cx()))
    };
    let paid = "paid 8888 received 8888 by 2026112122001";
    assert_eq!(say(&[], "utf-8"), paid);
    assert_eq!(say(&[], "GBK"), paid);
    assert_eq!(say(&[], "gb18030"), paid);
    for (change, expected) in [
        (
            ("trade_status", "WAIT_BUYER_PAY"),
            "awaiting enter_password",
        ),
        (("trade_status", "TRADE_CLOSED"), "closed closed"),
        (("trade_status", "NOVEL"), "unknown unreadable"),
        (("total_amount", "88.87"), "unknown mismatch"),
        (("out_trade_no", "T1"), "unknown mismatch"),
        (("app_id", "2021000000000002"), "unknown mismatch"),
        (("app_id", ""), "unknown mismatch"),
        (("notify_type", "other"), "unknown mismatch"),
        (("notify_id", ""), "unknown unreadable"),
        (("trade_no", ""), "unknown unreadable"),
    ] {
        assert_eq!(say(&[change], "utf-8"), expected, "{change:?}");
    }
    let proof = notices_of("alipay")
        .authenticate(trade(&shop, &[], "utf-8"), &shop.cx())
        .unwrap();
    let outcome = notices_of("alipay").refund(&query_refund(), &proof, &shop.cx());
    assert_eq!(said_of_refund(&outcome), "unknown mismatch");
    assert_eq!(notices_of("alipay").receipt(), (200, "success"));
}

#[test]
fn alipays_altered_notices_are_refused() {
    let shop = Shop::alipay();
    let genuine = trade(&shop, &[], "utf-8");
    let text = String::from_utf8(genuine.body.clone()).unwrap();
    let refused = |body: String, expected: Forged| {
        let said = notices_of("alipay").authenticate(reply(0, &[], body.clone()), &shop.cx());
        assert_eq!(said.unwrap_err(), expected, "{body}");
    };
    refused(text.replace("88%2E88", "88%2E89"), Forged::WrongSignature);
    refused(
        text.replace("sign_type=RSA2", "sign_type=RSA"),
        Forged::NoSignature,
    );
    refused(text.replace("&sign_type=RSA2", ""), Forged::NoSignature);
    refused(text.replace("&sign=", "&sogn="), Forged::NoSignature);
    refused(format!("{text}&total_amount=1"), Forged::Malformed);
    refused(format!("{text}&extra=1"), Forged::WrongSignature);
    refused(format!("{text}&method=x"), Forged::WrongSignature);
    refused(
        text.replace("notify_id=n1", "notify_id=%zz"),
        Forged::Malformed,
    );
    refused(String::new(), Forged::NoSignature);
    // Blank fields are not signed, so they say nothing.
    let blank = reply(0, &[], format!("{text}&extra="));
    assert!(notices_of("alipay").authenticate(blank, &shop.cx()).is_ok());
    for at in 0..genuine.body.len() {
        let mut bent = genuine.clone();
        bent.body[at] ^= 1;
        if let Ok(proof) = notices_of("alipay").authenticate(bent, &shop.cx()) {
            let same = notices_of("alipay").authenticate(genuine.clone(), &shop.cx());
            assert_eq!(proof.believed(), same.unwrap().believed(), "byte {at}");
        }
    }
}

#[test]
fn one_signed_text_has_one_reading() {
    // A subject that would let the same text be cut into another amount.
    let shop = Shop::alipay();
    let tricky = trade(&shop, &[("subject", "a&total_amount=0.01&tp=x")], "utf-8");
    let said = notices_of("alipay").authenticate(tricky.clone(), &shop.cx());
    assert_eq!(said.unwrap_err(), Forged::Malformed);
    let body = String::from_utf8(tricky.body).unwrap();
    let cut = body.replace(
        "a%26total%5Famount%3D0%2E01%26tp%3Dx&total_amount=88%2E88",
        "a&total_amount=0%2E01&tp=x%26total%5Famount%3D88%2E88",
    );
    assert_ne!(cut, body);
    let said = notices_of("alipay").authenticate(reply(0, &[], cut), &shop.cx());
    assert_eq!(said.unwrap_err(), Forged::Malformed);
    // The own vector holds such a text; its signature is genuine all the same.
    let vector = own("alipay_own.json", "own-notify");
    let keys = alipay_keys(&vector);
    let account = settings(&[("app_id", "1")]);
    let said = notices_of("alipay")
        .authenticate(posted(&form(&vector["params"])), &cx(&keys, &account, NOW));
    assert_eq!(said.unwrap_err(), Forged::Malformed);
}

/// Keys of a published vector whose content key is shorter than accounts may have.
struct VectorKeys {
    id: KeyId,
    key: PublicKey,
    resource: ResourceKey,
}

impl Keys for VectorKeys {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, KeyError> {
        Err(KeyError::Missing)
    }
    fn verify(&self, by: &KeyId, input: &[u8], signature: &[u8]) -> Result<(), Forged> {
        if *by == self.id {
            self.key.verify(input, signature)
        } else {
            Err(Forged::UnknownKey)
        }
    }
    fn mac(&self, _: &[u8]) -> Result<Vec<u8>, KeyError> {
        Err(KeyError::Missing)
    }
    fn open(&self, nonce: &[u8], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.resource.open(nonce, aad, sealed)
    }
    fn seal_field(&self, _: &str) -> Result<String, KeyError> {
        Err(KeyError::Missing)
    }
    fn authorize(&self, _: &mut Vec<(String, String)>) -> Result<(), KeyError> {
        Err(KeyError::Missing)
    }
    fn signing_id(&self) -> Result<String, KeyError> {
        Err(KeyError::Missing)
    }
    fn root_id(&self) -> Result<String, KeyError> {
        Err(KeyError::Missing)
    }
    fn peer_id(&self) -> Option<KeyId> {
        Some(self.id.clone())
    }
}

fn vector_keys(vector: &Value) -> VectorKeys {
    let pem = vector["platform_certificate_pem"].as_str().unwrap();
    let certificate = Certificate::read(pem.as_bytes()).unwrap();
    VectorKeys {
        id: certificate.key_id(),
        key: certificate.public_key().unwrap(),
        resource: ResourceKey::new(vector["apiv3_key"].as_str().unwrap().as_bytes()).unwrap(),
    }
}

fn vector_notice(vector: &Value) -> (WireReply, Timestamp) {
    let headers: Vec<(&str, &str)> = vector["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    let seconds = vector["headers"]["Wechatpay-Timestamp"].as_str().unwrap();
    let now = Timestamp(seconds.parse::<i64>().unwrap() * 1000);
    (
        reply(0, &headers, vector["body"].as_str().unwrap().to_owned()),
        now,
    )
}

#[test]
fn wechat_pays_published_notice_is_believed_and_opened() {
    if let Some(vector) = published("wechatpay_published.json", "go-notification") {
        let id = vector["id"].as_str().unwrap();
        let keys = vector_keys(&vector);
        let (notice, now) = vector_notice(&vector);
        let opened: Value =
            serde_json::from_str(vector["decrypted_resource"].as_str().unwrap()).unwrap();
        let account = settings(&[("mchid", opened["mchid"].as_str().unwrap_or_default())]);
        let cx = cx(&keys, &account, now);
        let proof = notices_of("wechatpay").authenticate(notice.clone(), &cx);
        let proof = proof.unwrap_or_else(|fault| panic!("{id}: {fault}"));
        let read = notices_of("wechatpay").read(&proof, &cx).unwrap();
        assert_eq!(read.id, "3119dfba-e649-5eec-ab1e-3412bc4d2e17");
        let event = "PAYSCORE.USER_OPEN_SERVICE".to_owned();
        assert_eq!(read.about, NoticeAbout::Other { event });
        for at in 0..notice.body.len() {
            let mut bent = notice.clone();
            bent.body[at] ^= 1;
            assert!(
                notices_of("wechatpay").authenticate(bent, &cx).is_err(),
                "{id} byte {at}"
            );
        }
        let late = Cx {
            now: Timestamp(now.0 + 301_000),
            ..cx
        };
        let said = notices_of("wechatpay").authenticate(notice, &late);
        assert_eq!(said.unwrap_err(), Forged::StaleTime, "{id}");
    }
}

/// A notice sealed and signed for our shop, by another library than the one that opens it.
fn sealed(shop: &Shop, event: &str, content: &Value, aad: &str, shown_aad: &str) -> WireReply {
    use aes_gcm::{
        Aes256Gcm, KeyInit as _, Nonce,
        aead::{Aead as _, Payload},
    };
    let key = shop.recorded["keys"]["apiv3_key"].as_str().unwrap();
    let cipher = Aes256Gcm::new_from_slice(key.as_bytes()).unwrap();
    let message = content.to_string();
    let payload = Payload {
        msg: message.as_bytes(),
        aad: aad.as_bytes(),
    };
    let sealed = cipher
        .encrypt(Nonce::from_slice(b"0123456789ab"), payload)
        .unwrap();
    let body = json!({
        "id": "EV-1",
        "create_time": "2026-11-21T10:24:20+08:00",
        "event_type": event,
        "resource_type": "encrypt-resource",
        "summary": "支付成功",
        "resource": {
            "original_type": "transaction",
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": STANDARD.encode(sealed),
            "associated_data": shown_aad,
            "nonce": "0123456789ab",
        },
    });
    shop.wechatpay_reply(200, &body.to_string(), NOW)
}

fn transaction() -> Value {
    json!({
        "appid": "wx1", "mchid": "1900000001", "out_trade_no": reference().to_string(),
        "transaction_id": "4200001", "trade_type": "NATIVE", "trade_state": "SUCCESS",
        "success_time": "2026-11-21T10:24:20+08:00",
        "amount": { "total": 8888, "payer_total": 8888, "currency": "CNY" },
    })
}

#[test]
fn wechat_pays_notice_is_bound_to_number_amount_and_merchant() {
    let shop = Shop::wechatpay();
    let say = |name: &str, value: Value| {
        let mut content = transaction();
        match name {
            "" => {}
            "total" => content["amount"]["total"] = value,
            name => content[name] = value,
        }
        let notice = sealed(
            &shop,
            "TRANSACTION.SUCCESS",
            &content,
            "transaction",
            "transaction",
        );
        let proof = notices_of("wechatpay")
            .authenticate(notice, &shop.cx())
            .unwrap();
        said(&notices_of("wechatpay").payment(&query(), &proof, &shop.cx()))
    };
    assert_eq!(say("", Value::Null), "paid 8888 received 8888 by 4200001");
    for (name, value) in [
        ("total", json!(8887)),
        ("out_trade_no", json!("T1")),
        ("mchid", json!("1900000002")),
        ("appid", json!("wx2")),
    ] {
        assert_eq!(say(name, value), "unknown mismatch", "{name}");
    }
    assert_eq!(notices_of("wechatpay").receipt(), (204, ""));
}

#[test]
fn wechat_pays_refund_notice_tells_the_refunds_state() {
    let shop = Shop::wechatpay();
    let refund = reference().refund(1).unwrap().to_string();
    let content = json!({
        "mchid": "1900000001", "out_trade_no": reference().to_string(), "transaction_id": "42",
        "out_refund_no": refund, "refund_id": "5000", "refund_status": "SUCCESS",
        "success_time": "2026-11-21T10:24:20+08:00",
        "amount": { "total": 8888, "refund": 800, "payer_total": 8888, "payer_refund": 800 },
    });
    let say = |content: &Value, event: &str| {
        let notice = sealed(&shop, event, content, "refund", "refund");
        let proof = notices_of("wechatpay")
            .authenticate(notice, &shop.cx())
            .unwrap();
        let notices = notices_of("wechatpay");
        let about = notices.read(&proof, &shop.cx()).map(|notice| notice.about);
        let fact = notices.refund(&query_refund(), &proof, &shop.cx());
        let payment = notices.payment(&query(), &proof, &shop.cx());
        (about, said_of_refund(&fact), said(&payment))
    };
    let (about, fact, payment) = say(&content, "REFUND.SUCCESS");
    assert_eq!(
        about.unwrap(),
        NoticeAbout::Refund {
            payment: reference().to_string(),
            reference: refund.clone()
        }
    );
    assert_eq!(
        (fact.as_str(), payment.as_str()),
        ("done 5000 true", "unknown mismatch")
    );
    for (state, expected) in [
        ("ABNORMAL", "failed REFUND_ABNORMAL ByHand"),
        ("CLOSED", "failed REFUND_CLOSED NewReference"),
        ("NOVEL", "unknown unreadable"),
    ] {
        let mut content = content.clone();
        content["refund_status"] = json!(state);
        assert_eq!(say(&content, "REFUND.ABNORMAL").1, expected);
    }
    let mut other = content;
    other["amount"]["refund"] = json!(801);
    assert_eq!(say(&other, "REFUND.SUCCESS").1, "unknown mismatch");
}

#[test]
fn what_does_not_open_is_refused_however_well_it_is_signed() {
    let shop = Shop::wechatpay();
    let refused = |notice: WireReply| {
        let said = notices_of("wechatpay").authenticate(notice, &shop.cx());
        assert_eq!(said.unwrap_err(), Forged::Malformed);
    };
    let event = "TRANSACTION.SUCCESS";
    refused(sealed(
        &shop,
        event,
        &transaction(),
        "transaction",
        "refund",
    ));
    refused(sealed(&shop, event, &transaction(), "transaction", ""));
    refused(sealed(
        &shop,
        event,
        &json!([]),
        "transaction",
        "transaction",
    ));
    for body in ["{}", "[]", r#"{"resource":{}}"#, "x"] {
        refused(shop.wechatpay_reply(200, body, NOW));
    }
    // Neither an empty nor a missing associated datum is a fault.
    let notice = sealed(&shop, event, &transaction(), "", "");
    assert!(
        notices_of("wechatpay")
            .authenticate(notice, &shop.cx())
            .is_ok()
    );
    // An answer is no notice.
    let answer = shop.wechatpay_reply(200, &transaction().to_string(), NOW);
    refused(answer);
}
