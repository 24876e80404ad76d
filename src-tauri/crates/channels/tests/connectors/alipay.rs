//! Alipay: requests by the byte, and which answers are believed.

use crate::shop::{
    Shop, charge, cny, finish, form, header, query, query_refund, reference, refund, reply, show,
};
use paydesk_channels::{Channel, Create, Cx, Exchange, Operation, WireRequest, alipay};
use paydesk_domain::{Doubt, End, NotSent, Timestamp};
use paydesk_signing::{AccountKeys, Authentic, Forged, KeyId, WireReply};
use std::collections::BTreeMap;

const CODE: &str = "281234567890123456";

fn believed(shop: &Shop, operation: Operation, reply: WireReply) -> Result<Authentic, Forged> {
    alipay::CONNECTOR.authenticate(operation, reply, &shop.cx())
}

/// Every parameter that was sent, and the signature checked over their text.
fn opened(shop: &Shop, request: &WireRequest) -> BTreeMap<String, String> {
    assert_eq!(request.method, "POST");
    assert_eq!(
        header(request, "Content-Type"),
        Some("application/x-www-form-urlencoded;charset=utf-8")
    );
    let (gateway, query) = request.url.split_once('?').unwrap();
    assert_eq!(gateway, shop.settings.gateway);
    let mut sent = form(query);
    assert!(
        sent.iter().all(|(_, value)| !value.is_empty()),
        "a blank parameter was sent"
    );
    assert!(
        sent.iter()
            .any(|(name, value)| name == "charset" && value == "utf-8")
    );
    let body = form(std::str::from_utf8(&request.body).unwrap());
    assert_eq!(body.len(), 1, "only biz_content goes into the body");
    sent.extend(body);
    sent.sort();
    let text: Vec<String> = sent
        .iter()
        .filter(|(name, _)| name != "sign")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let all: BTreeMap<String, String> = sent.into_iter().collect();
    let signature =
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, &all["sign"]).unwrap();
    shop.ours
        .public()
        .unwrap()
        .verify(text.join("&").as_bytes(), &signature)
        .unwrap();
    all
}

fn content(shop: &Shop, request: Result<WireRequest, NotSent>, method: &str) -> String {
    let request = request.unwrap();
    let all = opened(shop, &request);
    assert_eq!(all["method"], method);
    assert_eq!(all["timestamp"], "2026-11-21 10:24:22");
    assert_eq!(
        (all["sign_type"].as_str(), all["version"].as_str()),
        ("RSA2", "1.0")
    );
    all["biz_content"].clone()
}

#[test]
fn requests_by_the_byte() {
    let shop = Shop::alipay();
    let (c, cx) = (&alipay::CONNECTOR, shop.cx());
    let no = reference();
    let no = no.as_str();
    assert_eq!(
        content(&shop, c.encode(&charge(CODE), &cx), "alipay.trade.pay"),
        format!(
            r#"{{"out_trade_no":"{no}","scene":"bar_code","auth_code":"{CODE}","subject":"门店   收款 1 2","total_amount":"88.88","time_expire":"2026-11-21 10:29:22","operator_id":"wang"}}"#
        )
    );
    assert_eq!(
        content(&shop, c.encode(&show(), &cx), "alipay.trade.precreate"),
        format!(
            r#"{{"out_trade_no":"{no}","subject":"门店   收款 1 2","total_amount":"88.88","time_expire":"2026-11-21 10:29:22","operator_id":"wang"}}"#
        )
    );
    let which = format!(r#"{{"out_trade_no":"{no}"}}"#);
    assert_eq!(
        content(&shop, c.encode(&query(), &cx), "alipay.trade.query"),
        which
    );
    assert_eq!(
        content(
            &shop,
            c.encode(&finish(End::Reverse), &cx),
            "alipay.trade.cancel"
        ),
        which
    );
    assert_eq!(
        content(
            &shop,
            c.encode(&finish(End::Close), &cx),
            "alipay.trade.close"
        ),
        which
    );
    assert_eq!(
        content(&shop, c.encode(&refund(), &cx), "alipay.trade.refund"),
        format!(
            r#"{{"out_trade_no":"{no}","refund_amount":"8.00","out_request_no":"{no}R1","refund_reason":"退货"}}"#
        )
    );
    assert_eq!(
        content(
            &shop,
            c.encode(&query_refund(), &cx),
            "alipay.trade.fastpay.refund.query"
        ),
        format!(
            r#"{{"out_trade_no":"{no}","out_request_no":"{no}R1","query_options":["gmt_refund_pay"]}}"#
        )
    );
}

#[test]
fn the_same_call_is_the_same_bytes() {
    let shop = Shop::alipay();
    let once = alipay::CONNECTOR.encode(&charge(CODE), &shop.cx()).unwrap();
    let again = alipay::CONNECTOR.encode(&charge(CODE), &shop.cx()).unwrap();
    assert!(once.url == again.url && once.body == again.body);
}

#[test]
fn what_cannot_be_said_is_not_sent() {
    let mut shop = Shop::alipay();
    let what = |shop: &Shop, call: &Create| match alipay::CONNECTOR.encode(call, &shop.cx()) {
        Err(NotSent::Unsendable { what }) => what,
        _ => panic!("sent"),
    };
    assert_eq!(what(&shop, &charge("131234567890123456")), "auth_code");
    assert_eq!(what(&shop, &charge("28123456789012345x")), "auth_code");
    assert_eq!(
        what(
            &shop,
            &Create {
                subject: "/=&".into(),
                ..show()
            }
        ),
        "subject"
    );
    assert_eq!(
        what(
            &shop,
            &Create {
                amount: cny(10_000_000_001),
                ..show()
            }
        ),
        "amount"
    );
    let euro =
        paydesk_domain::Amount::from_minor(1, paydesk_domain::Currency::from_code("EUR").unwrap())
            .unwrap();
    assert_eq!(
        what(
            &shop,
            &Create {
                amount: euro,
                ..show()
            }
        ),
        "currency"
    );
    shop.settings.fields.clear();
    assert_eq!(what(&shop, &show()), "app_id");
}

#[test]
fn certificate_mode_names_its_certificates_and_their_key() {
    let mut shop = Shop::alipay();
    let key = |name: &str| shop.recorded["keys"][name].as_str().unwrap().to_owned();
    let fields: BTreeMap<String, String> = [
        ("private_key", key("app_private_pkcs8_b64")),
        ("app_cert", key("app_cert_pem")),
        ("alipay_cert", key("alipay_gateway_cert_pem")),
        ("alipay_root_cert", key("alipay_root_bundle_pem")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    shop.keys = alipay::account_keys(&fields, shop.cx().now).unwrap();
    let all = opened(
        &shop,
        &alipay::CONNECTOR.encode(&query(), &shop.cx()).unwrap(),
    );
    let sns = &shop.recorded["cert_sns"];
    assert_eq!(all["app_cert_sn"], sns["app_cert_sn"]);
    assert_eq!(all["alipay_root_cert_sn"], sns["alipay_root_cert_sn"]);

    let plain = shop.alipay_reply(
        "alipay_trade_query_response",
        r#"{"code":"10000"}"#,
        r#"{"code":"10000"}"#,
    );
    let named = |sn: &str| {
        let body = String::from_utf8(plain.body.clone()).unwrap();
        reply(
            200,
            &[],
            body.replace(r#","sign""#, &format!(r#","alipay_cert_sn":"{sn}","sign""#)),
        )
    };
    let sn = sns["alipay_cert_sn"].as_str().unwrap();
    let by = believed(&shop, Operation::Query, named(sn))
        .unwrap()
        .by()
        .cloned();
    assert_eq!(by, Some(KeyId(sn.to_owned())));
    assert_eq!(
        believed(&shop, Operation::Query, named("0123")).unwrap_err(),
        Forged::UnknownKey
    );
    let expired = alipay::account_keys(&fields, Timestamp(2_400_000_000_000));
    assert!(expired.is_err(), "the chain is judged at the given moment");
}

#[test]
fn the_recorded_text_is_built_and_the_recorded_answers_are_believed() {
    let shop = Shop::alipay();
    let (mut built, mut genuine) = (0, 0);
    for vector in shop
        .vectors()
        .iter()
        .filter(|vector| vector["kind"] == "gateway.do call")
    {
        let id = vector["id"].as_str().unwrap();
        let parameters: Vec<(String, String)> = vector["decoded_params"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        assert_eq!(
            alipay::text_to_sign(&parameters),
            vector["string_to_sign"].as_str().unwrap(),
            "{id}"
        );
        built += 1;
        let operation = match parameters
            .iter()
            .find(|(name, _)| name == "method")
            .unwrap()
            .1
            .as_str()
        {
            "alipay.trade.pay" => Operation::Charge,
            "alipay.trade.precreate" => Operation::ShowCode,
            "alipay.trade.query" => Operation::Query,
            "alipay.trade.cancel" => Operation::Reverse,
            "alipay.trade.refund" => Operation::Refund,
            _ => continue,
        };
        let body = vector["response_body"].as_str().unwrap();
        let answer = believed(&shop, operation, reply(200, &[], body.to_owned()));
        // A sealed content, to a shop that has no key for it: genuine, and of no use.
        if vector["aes_key_b64"].is_string() {
            let expected = match vector["response_signature_verified"].as_bool() {
                Some(true) => Forged::Malformed,
                _ => Forged::WrongSignature,
            };
            assert_eq!(answer.unwrap_err(), expected, "{id}");
            continue;
        }
        assert_eq!(
            answer.unwrap().believed(),
            vector["response_signed_content"]
                .as_str()
                .unwrap()
                .as_bytes(),
            "{id}"
        );
        genuine += 1;
        for other in [Operation::Close, Operation::QueryRefund] {
            let answer = believed(&shop, other, reply(200, &[], body.to_owned()));
            assert_eq!(
                answer.unwrap_err(),
                Forged::NotTheSignedPart,
                "{id}: an answer to another call"
            );
        }
    }
    assert_eq!((built, genuine), (15, 10));
}

#[test]
fn only_the_exact_signed_bytes_are_believed() {
    let shop = Shop::alipay();
    let node = "alipay_trade_query_response";
    let check = |reply: WireReply| {
        believed(&shop, Operation::Query, reply)
            .map(|a| String::from_utf8(a.believed().to_vec()).unwrap())
    };
    let slashed = r#"{"code":"10000","u":"https:\/\/a\/b"}"#;
    let plain = slashed.replace("\\/", "/");
    assert_eq!(
        check(shop.alipay_reply(node, slashed, slashed)).unwrap(),
        slashed,
        "raw"
    );
    assert_eq!(
        check(shop.alipay_reply(node, slashed, &plain)).unwrap(),
        plain,
        "signed without the escapes"
    );
    assert_eq!(
        check(shop.alipay_reply(node, &plain, slashed)).unwrap(),
        slashed,
        "signed with them"
    );
    let spaced = r#"{ "code" : "10000", "sign":"x}\"", "deep":{"sign":"y"} }"#;
    assert_eq!(
        check(shop.alipay_reply(node, spaced, spaced)).unwrap(),
        spaced,
        "inner braces and signs"
    );
    assert_eq!(
        check(shop.alipay_reply("error_response", &plain, &plain)).unwrap(),
        plain
    );
}

#[test]
fn an_envelope_that_could_be_read_two_ways_is_refused() {
    let shop = Shop::alipay();
    let node = "alipay_trade_query_response";
    let plain = r#"{"code":"10000","u":"https://a/b"}"#;
    let check = |reply: WireReply| {
        believed(&shop, Operation::Query, reply)
            .map(|answer| String::from_utf8(answer.believed().to_vec()).unwrap())
    };
    let genuine = String::from_utf8(shop.alipay_reply(node, plain, plain).body).unwrap();
    let refused = |body: String| check(reply(200, &[], body)).unwrap_err();
    let reordered = {
        let (content, sign) = genuine.split_once(",\"sign\":").unwrap();
        format!(
            "{{\"sign\":{},{}}}",
            sign.trim_end_matches('}'),
            &content[1..]
        )
    };
    assert_eq!(
        check(reply(200, &[], reordered)).unwrap(),
        plain,
        "the order of nodes does not matter to us"
    );
    for (body, fault) in [
        (
            r#"{"alipay_trade_query_response":{"code":"10000"}}"#.to_owned(),
            Forged::NoSignature,
        ),
        (
            r#"{"alipay_trade_query_response":{"code":"10000"},"sign":""}"#.to_owned(),
            Forged::NoSignature,
        ),
        (
            r#"{"alipay_trade_query_response":{"code":"10000"},"sign":"AAAA"}"#.to_owned(),
            Forged::WrongSignature,
        ),
        (
            r#"{"alipay_trade_query_response":{"code":"10000"},"sign":"!"}"#.to_owned(),
            Forged::Malformed,
        ),
        (
            r#"{"alipay_trade_query_response":{"code":"10000"},"sign":1}"#.to_owned(),
            Forged::Malformed,
        ),
        (
            genuine.replacen('{', &format!(r#"{{"{node}":{{"code":"1"}},"#), 1),
            Forged::Malformed,
        ),
        (
            genuine.replacen('{', r#"{"error_response":{"code":"1"},"#, 1),
            Forged::Malformed,
        ),
        (genuine.replace("10000", "10003"), Forged::WrongSignature),
        (
            genuine.replace(node, "alipay_trade_pay_response"),
            Forged::NotTheSignedPart,
        ),
        (format!("{genuine}x"), Forged::Malformed),
        ("<html>".to_owned(), Forged::Malformed),
        (String::new(), Forged::Malformed),
    ] {
        assert_eq!(refused(body.clone()), fault, "{body}");
    }
    let mut other = Shop::alipay();
    other.keys = AccountKeys::builder()
        .trust_unnamed(
            shop.recorded["keys"]["app_public_spki_b64"]
                .as_str()
                .unwrap()
                .as_bytes(),
        )
        .unwrap()
        .build();
    let cx: Cx<'_> = other.cx();
    let answer = alipay::CONNECTOR.authenticate(Operation::Query, reply(200, &[], genuine), &cx);
    assert_eq!(answer.unwrap_err(), Forged::WrongSignature, "another key");
}

#[test]
fn an_unbelieved_reply_is_only_a_hint() {
    let hint =
        |status: u16, body: &str| alipay::CONNECTOR.hint(&reply(status, &[], body.to_owned()));
    let unsigned = |code: &str, sub: &str| {
        format!(r#"{{"alipay_trade_pay_response":{{"code":"{code}","sub_code":"{sub}"}}}}"#)
    };
    let said = |code: &str| Doubt::UnsignedRefusal {
        code: code.to_owned(),
    };
    assert_eq!(
        hint(200, &unsigned("40002", "isv.invalid-app-id")),
        said("isv.invalid-app-id")
    );
    assert_eq!(hint(200, &unsigned("40002", "<b>")), said("40002"));
    assert_eq!(
        hint(200, &unsigned("10000", "")),
        Doubt::Unauthenticated,
        "an unsigned yes is a forgery"
    );
    assert_eq!(hint(200, &unsigned("10003", "")), Doubt::Unauthenticated);
    let wrong =
        r#"{"alipay_trade_pay_response":{"code":"40004","sub_code":"ACQ.X"},"sign":"AAAA"}"#;
    assert_eq!(hint(200, wrong), Doubt::Unauthenticated);
    assert_eq!(hint(200, "<html>"), Doubt::Unreadable);
    assert_eq!(hint(403, "<html>"), said("403"));
    assert_eq!(
        hint(502, "<html>"),
        Doubt::ServerFault { code: "502".into() }
    );
}
