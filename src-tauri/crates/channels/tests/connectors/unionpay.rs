//! UnionPay: requests by the byte, and which answers are believed.

use crate::shop::{
    NOW, Shop, charge, cny, finish, form, header, query, query_refund, reference, refund, reply,
    show,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_channels::{
    Channel, Create, Exchange, Finish, Operation, Query, WireRequest, unionpay,
};
use paydesk_domain::{ChannelRef, Currency, Doubt, End, Memo, NotSent, Timestamp};
use paydesk_signing::{AccountKeys, Authentic, Forged, KeyId, WireReply, sha256_hex};
use serde_json::Value;
use std::{collections::BTreeMap, path::PathBuf};

pub(crate) const CODE: &str = "6220485073630469936";
const BACK: &str = "https://gateway.95516.com/gateway/api/backTransReq.do";
const ASK: &str = "https://gateway.95516.com/gateway/api/queryTrans.do";

pub(crate) fn believed(
    shop: &Shop,
    operation: Operation,
    reply: WireReply,
) -> Result<Authentic, Forged> {
    unionpay::CONNECTOR.authenticate(operation, reply, &shop.cx())
}

/// Every field that was sent, the common ones checked and left out, and the signature checked over their text.
fn sent(shop: &Shop, request: Result<WireRequest, NotSent>, url: &str) -> String {
    let request = request.unwrap();
    assert_eq!((request.method, request.url.as_str()), ("POST", url));
    assert_eq!(
        header(&request, "Content-Type"),
        Some("application/x-www-form-urlencoded;charset=UTF-8")
    );
    let mut all = form(std::str::from_utf8(&request.body).unwrap());
    assert!(all.iter().all(|(_, value)| !value.is_empty()));
    let place = all
        .iter()
        .position(|(name, _)| name == "signature")
        .unwrap();
    let (_, signature) = all.remove(place);
    let mut sorted = all.clone();
    sorted.sort();
    let lines = |fields: &[(String, String)]| {
        let lines = fields.iter().map(|(name, value)| format!("{name}={value}"));
        lines.collect::<Vec<_>>().join("&")
    };
    let text = lines(&sorted);
    let key = shop.ours.public().unwrap();
    let signature = STANDARD.decode(signature).unwrap();
    key.verify(sha256_hex(text.as_bytes()).as_bytes(), &signature)
        .unwrap();
    assert!(key.verify(text.as_bytes(), &signature).is_err());
    for (name, value) in [
        ("accessType", "0"),
        ("certId", "69903319369"),
        ("encoding", "UTF-8"),
        ("merId", "777290058167151"),
        ("signMethod", "01"),
        ("version", "5.1.0"),
    ] {
        let place = sorted.iter().position(|(known, _)| known == name).unwrap();
        assert_eq!(sorted.remove(place).1, value, "{name}");
    }
    lines(&sorted)
}

#[test]
fn requests_by_the_byte() {
    let shop = Shop::unionpay();
    let (c, cx) = (&unionpay::CONNECTOR, shop.cx());
    let no = reference();
    let money =
        "backUrl=https://relay.example/unionpay?a=1&bizType=000000&channelType=08&currencyCode=156";
    assert_eq!(
        sent(&shop, c.encode(&charge(CODE), &cx), BACK),
        format!(
            "{money}&orderId={no}&qrNo={CODE}&termId=0000000A&txnAmt=8888&txnSubType=06&txnTime=20261121102422&txnType=01"
        )
    );
    assert_eq!(
        sent(&shop, c.encode(&show(), &cx), BACK),
        format!(
            "{money}&orderId={no}&payTimeout=20261121102922&termId=0000000A&txnAmt=8888&txnSubType=07&txnTime=20261121102422&txnType=01"
        )
    );
    let asked = |number: &str| {
        format!("bizType=000000&orderId={number}&txnSubType=00&txnTime=20261121102422&txnType=00")
    };
    assert_eq!(
        sent(&shop, c.encode(&query(), &cx), ASK),
        asked(no.as_str())
    );
    for how in [End::Close, End::Reverse] {
        assert_eq!(
            sent(&shop, c.encode(&finish(how), &cx), ASK),
            asked(no.as_str())
        );
    }
    assert_eq!(
        sent(&shop, c.encode(&query_refund(), &cx), ASK),
        asked(&format!("{no}R1"))
    );
    let original = format!("&orderId={no}R1&origOrderId={no}&origTxnTime=20261121102422");
    let rest = "&termId=0000000A&txnAmt=800&txnSubType=00&txnTime=20261121102422&txnType=04";
    assert_eq!(
        sent(&shop, c.encode(&refund(), &cx), BACK),
        format!("{money}{original}{rest}")
    );
    let mut known = refund();
    known.of.channel_ref = Some(ChannelRef("782611211015306740281".to_owned()));
    assert_eq!(
        sent(&shop, c.encode(&known, &cx), BACK),
        format!("{money}&orderId={no}R1&origQryId=782611211015306740281{rest}")
    );
}

/// The moment that names an order is that of its intent, whenever a call about it goes out.
#[test]
fn a_later_call_names_the_same_order() {
    let shop = Shop::unionpay();
    let later = shop.cx_at(Timestamp(NOW.0 + 86_400_000));
    let c = &unionpay::CONNECTOR;
    for request in [
        c.encode(&charge(CODE), &later),
        c.encode(&query(), &later),
        c.encode(&finish(End::Reverse), &later),
        c.encode(&refund(), &later),
        c.encode(&query_refund(), &later),
    ] {
        let body = String::from_utf8(request.unwrap().body).unwrap();
        assert!(body.contains("txnTime=20261121102422&"), "{body}");
    }
    let once = c.encode(&charge(CODE), &shop.cx()).unwrap();
    let again = c.encode(&charge(CODE), &later).unwrap();
    assert!(once.url == again.url && once.body == again.body);
}

fn with_memo(memo: &str) -> Finish {
    let mut call = finish(End::Reverse);
    call.of.memo = Some(Memo(memo.to_owned()));
    call
}

#[test]
fn an_undo_is_named_before_it_is_sent() {
    let shop = Shop::unionpay();
    let c = &unionpay::CONNECTOR;
    let no = reference();
    let at = |call: &Finish, after: i64, url: &str| {
        let cx = shop.cx_at(Timestamp(NOW.0 + after));
        sent(&shop, c.encode(call, &cx), url)
    };
    let undo = format!(
        "backUrl=https://relay.example/unionpay?a=1&bizType=000000&channelType=08&currencyCode=156&orderId={no}U1\
         &origOrderId={no}&origTxnTime=20261121102422&termId=0000000A&txnAmt=8888&txnSubType=00&txnTime=20261121102440&txnType=31"
    );
    let asked = |number: &str, time: &str| {
        format!("bizType=000000&orderId={number}&txnSubType=00&txnTime={time}&txnType=00")
    };
    let of_undo = asked(&format!("{no}U1"), "20261121102440");
    let of_payment = asked(no.as_str(), "20261121102422");
    let ready = with_memo("undo:1:20261121102440:ready");
    assert_eq!(at(&ready, 20_000, BACK), undo);
    assert_eq!(at(&ready, 78_000, BACK), undo, "the same again");
    assert_eq!(at(&ready, 79_000, ASK), of_undo, "too old to be sent");
    assert_eq!(
        at(&ready, -60_000, ASK),
        of_undo,
        "a clock that was set back"
    );
    let taken_in = with_memo("undo:1:20261121102440:asked");
    assert_eq!(at(&taken_in, 20_000, ASK), of_undo);
    assert_eq!(
        at(&with_memo("undo:1:20261121102440:over"), 20_000, ASK),
        of_payment
    );
    for foreign in [
        "",
        "undo",
        "undo:1:2026:ready",
        "undo:1:20261121102440:x",
        "undo:1:20261121102440:ready:1",
    ] {
        assert_eq!(
            at(&with_memo(foreign), 20_000, ASK),
            of_payment,
            "{foreign}"
        );
    }
    // A question about the payment asks about an undo of it that may have gone out.
    for (memo, expected) in [
        ("undo:1:20261121102440:ready", &of_undo),
        ("undo:1:20261121102440:asked", &of_undo),
        ("undo:1:20261121102440:over", &of_payment),
    ] {
        let call = Query {
            of: with_memo(memo).of,
        };
        assert_eq!(
            &sent(&shop, c.encode(&call, &shop.cx()), ASK),
            expected,
            "{memo}"
        );
    }
}

#[test]
fn what_cannot_be_said_is_not_sent() {
    let mut shop = Shop::unionpay();
    let what = |shop: &Shop, call: &Create| match unionpay::CONNECTOR.encode(call, &shop.cx()) {
        Err(NotSent::Unsendable { what }) => what,
        _ => panic!("sent"),
    };
    for code in [
        "281234567890123456",
        "622048507363046993",
        "622048507363046993x",
        "",
    ] {
        assert_eq!(what(&shop, &charge(code)), "qrNo", "{code}");
    }
    let with = |amount| Create { amount, ..show() };
    assert_eq!(what(&shop, &with(cny(1_000_000_000_000))), "txnAmt");
    let euro = Currency::from_code("EUR").unwrap();
    let euro = paydesk_domain::Amount::from_minor(1, euro).unwrap();
    assert_eq!(what(&shop, &with(euro)), "currencyCode");
    for name in ["backUrl", "termId"] {
        let value = shop.settings.fields.remove(name).unwrap();
        assert_eq!(what(&shop, &show()), name);
        assert!(unionpay::CONNECTOR.encode(&query(), &shop.cx()).is_ok());
        shop.settings.fields.insert(name.to_owned(), value);
    }
    shop.settings.fields.remove("merId");
    assert_eq!(what(&shop, &show()), "merId");
    shop.settings
        .fields
        .insert("merId".to_owned(), "777290058167151".to_owned());
    shop.keys = AccountKeys::builder().build();
    assert_eq!(what(&shop, &show()), "sign_cert");
}

fn text<'v>(vector: &'v Value, name: &str) -> &'v str {
    vector[name].as_str().unwrap()
}

fn pairs(vector: &Value) -> Vec<(String, String)> {
    let params = vector["params"].as_object().unwrap().iter();
    params
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect()
}

#[test]
fn the_vectors_texts_are_built_and_their_answers_are_believed() {
    let shop = Shop::unionpay();
    let mut kinds = BTreeMap::new();
    for vector in shop.vectors() {
        let id = text(vector, "id");
        let (built, digest) = unionpay::text_to_sign(&pairs(vector)).unwrap();
        assert_eq!(built, text(vector, "string_to_sign"), "{id}");
        assert_eq!(digest, text(vector, "sha256_hex"), "{id}");
        let came = || reply(200, &[], text(vector, "body").to_owned());
        match text(vector, "kind") {
            "request" => {
                let mut whole = pairs(vector);
                whole.push((
                    "signature".to_owned(),
                    text(vector, "signature_b64").to_owned(),
                ));
                whole.sort();
                assert_eq!(form(text(vector, "form_body")), whole, "{id}");
            }
            "answer" => {
                let operation = match vector["params"]["origRespCode"].is_string() {
                    true => Operation::Query,
                    false => Operation::ShowCode,
                };
                let proof = believed(&shop, operation, came()).unwrap();
                assert_eq!(proof.believed(), built.as_bytes(), "{id}");
                assert_eq!(proof.reply().body, came().body, "{id}: the evidence");
                for other in [
                    Operation::Charge,
                    Operation::Refund,
                    Operation::QueryRefund,
                    Operation::BillFile,
                ] {
                    let refused = believed(&shop, other, came()).unwrap_err();
                    assert_eq!(refused, Forged::NotTheSignedPart, "{id} as {other:?}");
                }
            }
            "notice" => {
                let notices = unionpay::CONNECTOR.notices().unwrap();
                let proof = notices.authenticate(came(), &shop.cx()).unwrap();
                assert_eq!(proof.believed(), built.as_bytes(), "{id}");
            }
            other => panic!("{id}: {other}"),
        }
        *kinds.entry(text(vector, "kind")).or_insert(0) += 1;
    }
    assert_eq!(
        kinds,
        BTreeMap::from([("answer", 2), ("notice", 1), ("request", 3)])
    );
}

#[allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "asks its caller where the shared folder is"
)]
fn published(name: &str) -> Option<Value> {
    let asked = std::env::var("PAYDESK_SHARED").ok();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let shared = asked
        .as_ref()
        .map_or_else(|| root.join("../shared"), PathBuf::from);
    match std::fs::read(shared.join("vectors").join(name)) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(error) => {
            assert!(
                asked.is_none(),
                "PAYDESK_SHARED is set, but {name}: {error}"
            );
            eprintln!("skipped: no shared data ({name})");
            None
        }
    }
}

/// What the test gateway signed in 2022 is believed under its own chain, as an answer and as a notice.
#[test]
fn the_published_answer_and_notice_are_believed() {
    let Some(all) = published("unionpay_published.json") else {
        return;
    };
    let part = |name: &str| all["certificates"][name].as_str().unwrap().to_owned();
    let fields: BTreeMap<String, String> = [
        ("private_key", part("merchant_sign_key_pem_pkcs8")),
        ("sign_cert", part("merchant_sign_cert_pem")),
        ("middle_cert", part("test_middle_pem")),
        ("root_cert", part("test_root_pem")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let then = Timestamp(1_700_000_000_000);
    let mut shop = Shop::unionpay();
    shop.keys = unionpay::account_keys(&fields, then).unwrap();
    let (answer, notice) = (pairs(&all["vectors"][0]), pairs(&all["vectors"][1]));
    let body: Vec<String> = answer
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let came = || reply(200, &[], body.join("&"));
    let c = &unionpay::CONNECTOR;
    let proof = c
        .authenticate(Operation::Query, came(), &shop.cx_at(then))
        .unwrap();
    assert_eq!(proof.by(), Some(&KeyId("1039308534".to_owned())));
    // The certificate ran out in 2025.
    assert_eq!(
        c.authenticate(Operation::Query, came(), &shop.cx())
            .unwrap_err(),
        Forged::UnknownKey
    );
    let encoded: Vec<String> = notice
        .iter()
        .map(|(name, value)| {
            let value =
                percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
            format!("{name}={value}")
        })
        .collect();
    let came = reply(0, &[], encoded.join("&"));
    let proof = c
        .notices()
        .unwrap()
        .authenticate(came, &shop.cx_at(then))
        .unwrap();
    let read = c
        .notices()
        .unwrap()
        .read(&proof, &shop.cx_at(then))
        .unwrap();
    assert_eq!(read.id, "782209081322060674028");
}

const GENUINE: [(&str, &str); 4] = [
    ("merId", "777290058167151"),
    ("respCode", "00"),
    ("respMsg", "成功[0000000]"),
    ("origRespCode", "00"),
];

#[test]
fn an_answer_that_proves_nothing_is_refused() {
    let shop = Shop::unionpay();
    let genuine = shop.unionpay_reply(&GENUINE);
    let body = String::from_utf8(genuine.body.clone()).unwrap();
    let refused =
        |body: String| believed(&shop, Operation::Query, reply(200, &[], body)).unwrap_err();
    assert!(believed(&shop, Operation::Query, genuine.clone()).is_ok());
    let (signature, rest) = body.split_once('&').unwrap();
    assert!(signature.starts_with("signature="));
    assert_eq!(refused(rest.to_owned()), Forged::NoSignature);
    assert_eq!(refused(format!("signature=&{rest}")), Forged::NoSignature);
    assert_eq!(
        refused(format!("signature=AAAA&{rest}")),
        Forged::WrongSignature
    );
    assert_eq!(refused(format!("signature=?&{rest}")), Forged::Malformed);
    assert_eq!(
        refused(format!("{body}&{signature}")),
        Forged::Malformed,
        "twice"
    );
    assert_eq!(
        refused(format!("{body}&accNo=1")),
        Forged::WrongSignature,
        "a field more"
    );
    assert_eq!(refused(body.replace("5.1.0", "5.0.0")), Forged::Malformed);
    assert_eq!(
        refused(body.replace("signMethod=01", "signMethod=11")),
        Forged::Malformed
    );
    assert_eq!(
        refused(body.replace("respCode=00", "respCode=64")),
        Forged::WrongSignature
    );
    // The same text under the signature, cut into other fields: one field holds the end of another and the next.
    let joined = body
        .replace("respMsg=成功[0000000]", "")
        .replace("respCode=00&", "");
    assert_ne!(joined, body);
    assert!(believed(&shop, Operation::Query, reply(200, &[], joined)).is_err());
    for status in [201, 302, 404, 500] {
        let other = WireReply {
            status,
            ..genuine.clone()
        };
        assert_eq!(
            believed(&shop, Operation::Query, other).unwrap_err(),
            Forged::Malformed
        );
    }
    assert_eq!(refused(String::new()), Forged::Malformed);
    assert_eq!(refused("<html>".to_owned()), Forged::Malformed);
}

#[test]
fn only_unionpays_own_certificate_speaks() {
    let shop = Shop::unionpay();
    let keys = &shop.recorded["keys"];
    let own = text(keys, "gateway_cert_pem").trim().replace('\n', "\r\n");
    let faulty = keys["faulty_gateway_certs"].as_object().unwrap();
    for (what, certificate) in faulty {
        let other = certificate.as_str().unwrap().trim().replace('\n', "\r\n");
        let mut fields = shop.unionpay_fields(&GENUINE);
        fields.retain(|(name, _)| name != "signature");
        for (_, value) in &mut fields {
            *value = value.replace(&own, &other);
        }
        let (_, digest) = unionpay::text_to_sign(&fields).unwrap();
        let signature = STANDARD.encode(shop.channel.sign(digest.as_bytes()).unwrap());
        fields.push(("signature".to_owned(), signature));
        let body: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let refused = believed(&shop, Operation::Query, reply(200, &[], body.join("&")));
        assert_eq!(refused.unwrap_err(), Forged::UnknownKey, "{what}");
    }
    assert_eq!(faulty.len(), 6);
}

#[test]
fn an_unbelieved_reply_is_only_a_hint() {
    let hint = |status: u16, body: &str| {
        let came = reply(status, &[], body.to_owned());
        unionpay::CONNECTOR.hint(&came)
    };
    let refusal = |code: &str| Doubt::UnsignedRefusal {
        code: code.to_owned(),
    };
    assert_eq!(
        hint(502, "respCode=11"),
        Doubt::ServerFault {
            code: "502".to_owned()
        }
    );
    assert_eq!(hint(200, "respCode=11&respMsg=x"), refusal("11"));
    assert_eq!(hint(403, ""), refusal("403"));
    assert_eq!(hint(200, ""), Doubt::Unreadable);
    assert_eq!(hint(200, "<html>"), Doubt::Unreadable);
    assert_eq!(hint(200, "respCode=00"), Doubt::Unauthenticated);
    assert_eq!(
        hint(200, "respCode=64&signature=AAAA"),
        Doubt::Unauthenticated
    );
    assert_eq!(hint(200, "respCode=<b>"), Doubt::Unauthenticated);
    let complaint = |body: &str| unionpay::CONNECTOR.signature_complaint(body.as_bytes());
    assert!(complaint("respCode=11&respMsg=x").is_some());
    assert!(complaint("respCode=10").is_none());
}
