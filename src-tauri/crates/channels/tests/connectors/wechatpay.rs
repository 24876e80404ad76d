//! WeChat Pay: requests by the byte, which answers are believed, and the platform certificates.

use crate::shop::{
    NOW, Shop, charge, cny, finish, header, query, query_refund, reference, refund, reply, show,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_channels::{
    Channel, Create, Exchange, Operation, SignatureComplaint, WireRequest, wechatpay,
};
use paydesk_domain::{Doubt, End, NotSent, Timestamp};
use paydesk_signing::{AccountKeys, Authentic, Forged, KeyId, WireReply};
use serde_json::Value;

const CODE: &str = "131234567890123456";

/// The reply of a recorded exchange.
fn recorded(vector: &Value) -> WireReply {
    let headers: Vec<(&str, &str)> = vector["response_headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str().unwrap()))
        .collect();
    let status = u16::try_from(vector["response_status"].as_u64().unwrap()).unwrap();
    reply(
        status,
        &headers,
        vector["response_body"].as_str().unwrap().to_owned(),
    )
}

fn believed(shop: &Shop, reply: WireReply) -> Result<Authentic, Forged> {
    wechatpay::CONNECTOR.authenticate(Operation::Query, reply, &shop.cx())
}

/// The target and body of a request, with its signature checked.
fn opened(shop: &Shop, request: Result<WireRequest, NotSent>, method: &str) -> (String, String) {
    let request = request.unwrap();
    let target = request.url.strip_prefix(&shop.settings.gateway).unwrap();
    let body = std::str::from_utf8(&request.body).unwrap();
    assert_eq!(request.method, method);
    assert_eq!(header(&request, "Accept"), Some("application/json"));
    assert!(header(&request, "User-Agent").is_some_and(|agent| agent.starts_with("Paydesk/")));
    assert_eq!(
        header(&request, "Content-Type"),
        (!body.is_empty()).then_some("application/json")
    );
    assert_eq!(
        header(&request, "Wechatpay-Serial"),
        shop.recorded["keys"]["public_key_id"].as_str()
    );
    let nonce = "AB".repeat(16);
    let authorization = header(&request, "Authorization").unwrap();
    let head = format!(
        "WECHATPAY2-SHA256-RSA2048 mchid=\"1900000001\",nonce_str=\"{nonce}\",timestamp=\"1795227862\",serial_no=\"0A1B2C3D4E5F60718293A4B5C6D7E8F901020304\",signature=\""
    );
    let signature = authorization
        .strip_prefix(&head)
        .unwrap()
        .strip_suffix('"')
        .unwrap();
    let message = format!("{method}\n{target}\n1795227862\n{nonce}\n{body}\n");
    shop.ours
        .public()
        .unwrap()
        .verify(message.as_bytes(), &STANDARD.decode(signature).unwrap())
        .unwrap();
    (target.to_owned(), body.to_owned())
}

#[test]
fn requests_by_the_byte() {
    let shop = Shop::wechatpay();
    let (c, cx) = (&wechatpay::CONNECTOR, shop.cx());
    let no = reference();
    let no = no.as_str();
    let check = |request, method, target: &str, body: &str| {
        assert_eq!(
            opened(&shop, request, method),
            (target.to_owned(), body.to_owned())
        );
    };
    check(
        c.encode(&charge(CODE), &cx),
        "POST",
        "/v3/pay/transactions/codepay",
        &format!(
            r#"{{"appid":"wx1","mchid":"1900000001","description":"门店 & 收款=1/2","out_trade_no":"{no}","payer":{{"auth_code":"{CODE}"}},"amount":{{"total":8888,"currency":"CNY"}},"scene_info":{{"store_info":{{"out_id":"1"}}}}}}"#
        ),
    );
    check(
        c.encode(&show(), &cx),
        "POST",
        "/v3/pay/transactions/native",
        &format!(
            r#"{{"appid":"wx1","mchid":"1900000001","description":"门店 & 收款=1/2","out_trade_no":"{no}","time_expire":"2026-11-21T10:29:22+08:00","notify_url":"https://notify.invalid/wechatpay","amount":{{"total":8888,"currency":"CNY"}}}}"#
        ),
    );
    let order = format!("/v3/pay/transactions/out-trade-no/{no}");
    check(
        c.encode(&query(), &cx),
        "GET",
        &format!("{order}?mchid=1900000001"),
        "",
    );
    let both = r#"{"appid":"wx1","mchid":"1900000001"}"#;
    check(
        c.encode(&finish(End::Reverse), &cx),
        "POST",
        &format!("{order}/reverse"),
        both,
    );
    check(
        c.encode(&finish(End::Close), &cx),
        "POST",
        &format!("{order}/close"),
        r#"{"mchid":"1900000001"}"#,
    );
    check(
        c.encode(&refund(), &cx),
        "POST",
        "/v3/refund/domestic/refunds",
        &format!(
            r#"{{"out_trade_no":"{no}","out_refund_no":"{no}R1","reason":"退货","amount":{{"refund":800,"total":8888,"currency":"CNY"}}}}"#
        ),
    );
    check(
        c.encode(&query_refund(), &cx),
        "GET",
        &format!("/v3/refund/domestic/refunds/{no}R1"),
        "",
    );
    check(
        c.certificates().unwrap().encode(None, &cx),
        "GET",
        "/v3/certificates",
        "",
    );
}

#[test]
fn the_shop_and_the_path_of_a_sandbox_are_told() {
    let mut shop = Shop::wechatpay();
    shop.settings
        .fields
        .insert("store_id".into(), "310110".into());
    shop.settings.gateway = "http://127.0.0.1:18080/wx/".into();
    let request = wechatpay::CONNECTOR
        .encode(&charge(CODE), &shop.cx())
        .unwrap();
    assert_eq!(
        request.url,
        "http://127.0.0.1:18080/wx/v3/pay/transactions/codepay"
    );
    assert!(
        std::str::from_utf8(&request.body)
            .unwrap()
            .contains(r#""store_info":{"id":"310110"}"#)
    );
    let signature = header(&request, "Authorization")
        .unwrap()
        .rsplit_once("signature=\"")
        .unwrap()
        .1
        .trim_end_matches('"');
    let body = std::str::from_utf8(&request.body).unwrap();
    let message = format!(
        "POST\n/wx/v3/pay/transactions/codepay\n1795227862\n{}\n{body}\n",
        "AB".repeat(16)
    );
    shop.ours
        .public()
        .unwrap()
        .verify(message.as_bytes(), &STANDARD.decode(signature).unwrap())
        .unwrap();
}

#[test]
fn what_cannot_be_said_is_not_sent() {
    let mut shop = Shop::wechatpay();
    let what = |shop: &Shop, call: &Create| match wechatpay::CONNECTOR.encode(call, &shop.cx()) {
        Err(NotSent::Unsendable { what }) => what,
        _ => panic!("sent"),
    };
    assert_eq!(what(&shop, &charge("281234567890123456")), "auth_code");
    assert_eq!(
        what(
            &shop,
            &Create {
                subject: " ".into(),
                ..show()
            }
        ),
        "description"
    );
    assert_eq!(
        what(
            &shop,
            &Create {
                amount: cny(1_000_000_001),
                ..show()
            }
        ),
        "amount"
    );
    shop.settings.fields.insert("mchid".into(), "1\"".into());
    assert_eq!(what(&shop, &show()), "mchid");
    shop.settings.fields.remove("appid");
    assert_eq!(what(&shop, &show()), "appid");
}

#[test]
fn the_recorded_text_is_built_and_the_recorded_answers_are_believed() {
    let shop = Shop::wechatpay();
    let mut genuine = 0;
    for vector in shop.vectors() {
        let id = vector["id"].as_str().unwrap();
        let part = |name: &str| {
            let header = vector["authorization"].as_str().unwrap();
            header
                .split_once(&format!("{name}=\""))
                .unwrap()
                .1
                .split('"')
                .next()
                .unwrap()
        };
        let text = |name: &str| vector[name].as_str().unwrap();
        let built = wechatpay::text_to_sign(
            text("http_method"),
            text("request_target"),
            part("timestamp"),
            part("nonce_str"),
            text("body"),
        );
        assert_eq!(built, text("message_to_sign"), "{id}");
        match believed(&shop, recorded(vector)) {
            Ok(answer) => {
                assert!(vector["response_signature_verified"] == true, "{id}");
                assert_eq!(answer.believed(), text("response_body").as_bytes());
                genuine += 1;
            }
            Err(fault) => {
                assert!(vector["response_signed_message"].is_null(), "{id}: {fault}");
                assert_eq!(fault, Forged::NoSignature, "{id}");
            }
        }
    }
    assert_eq!(genuine, 14);
}

#[test]
fn an_answer_outside_the_window_or_with_bent_headers_is_refused() {
    let shop = Shop::wechatpay();
    let body = r#"{"a":1}"#;
    let at = |seconds: i64| {
        believed(
            &shop,
            shop.wechatpay_reply(200, body, Timestamp(NOW.0 + seconds * 1000)),
        )
    };
    assert!(at(300).is_ok() && at(-300).is_ok());
    assert_eq!(at(301).unwrap_err(), Forged::StaleTime);
    assert_eq!(at(-301).unwrap_err(), Forged::StaleTime);
    let with = |name: &str, value: Option<&str>| {
        let mut reply = shop.wechatpay_reply(200, body, NOW);
        reply.headers.retain(|(key, _)| key != name);
        reply
            .headers
            .extend(value.map(|value| (name.to_lowercase(), value.to_owned())));
        believed(&shop, reply).map(|_| ())
    };
    for name in [
        "Wechatpay-Timestamp",
        "Wechatpay-Nonce",
        "Wechatpay-Serial",
        "Wechatpay-Signature",
    ] {
        assert_eq!(with(name, None), Err(Forged::NoSignature), "{name}");
        let mut twice = shop.wechatpay_reply(200, body, NOW);
        let again = twice
            .headers
            .iter()
            .find(|(key, _)| key == name)
            .unwrap()
            .clone();
        twice.headers.push(again);
        assert_eq!(
            believed(&shop, twice).unwrap_err(),
            Forged::Malformed,
            "{name} twice"
        );
    }
    assert_eq!(
        with("Wechatpay-Timestamp", Some("now")),
        Err(Forged::Malformed)
    );
    assert_eq!(
        with("Wechatpay-Timestamp", Some("-9223372036854775808")),
        Err(Forged::StaleTime)
    );
    assert_eq!(
        with("Wechatpay-Nonce", Some("other")),
        Err(Forged::WrongSignature)
    );
    assert_eq!(
        with("Wechatpay-Serial", Some("5F00")),
        Err(Forged::UnknownKey)
    );
    assert_eq!(
        with("Wechatpay-Signature", Some("WECHATPAY/SIGNTEST/abcd")),
        Err(Forged::WrongSignature)
    );
    assert_eq!(
        with("Wechatpay-Signature", Some("AAAA")),
        Err(Forged::WrongSignature)
    );
    assert_eq!(
        with("Wechatpay-Signature-Type", Some("WECHATPAY2-SM2-WITH-SM3")),
        Err(Forged::Malformed)
    );
    assert_eq!(with("Wechatpay-Signature-Type", None), Ok(()));
    // A line break moved from the nonce into the body gives the same signed text.
    let text = "1795227862\nn\n{\"x\":1}\n{}\n";
    let signature = STANDARD.encode(shop.channel.sign(text.as_bytes()).unwrap());
    let serial = shop.recorded["keys"]["public_key_id"].as_str().unwrap();
    let moved = |nonce: &str, body: &str| {
        let headers = [
            ("Wechatpay-Timestamp", "1795227862"),
            ("Wechatpay-Nonce", nonce),
            ("Wechatpay-Serial", serial),
            ("Wechatpay-Signature", signature.as_str()),
        ];
        believed(&shop, reply(200, &headers, body.to_owned())).map(|_| ())
    };
    assert_eq!(moved("n", "{\"x\":1}\n{}"), Ok(()));
    assert_eq!(moved("n\n{\"x\":1}", "{}"), Err(Forged::Malformed));
}

#[test]
fn an_unbelieved_reply_is_only_a_hint() {
    let shop = Shop::wechatpay();
    let hint =
        |status: u16, body: &str| wechatpay::CONNECTOR.hint(&reply(status, &[], body.to_owned()));
    let said = |code: &str| Doubt::UnsignedRefusal {
        code: code.to_owned(),
    };
    assert_eq!(
        hint(401, r#"{"code":"SIGN_ERROR","message":"签名错误"}"#),
        said("SIGN_ERROR")
    );
    assert_eq!(
        hint(404, r#"{"code":"ORDER_NOT_EXIST"}"#),
        said("ORDER_NOT_EXIST")
    );
    assert_eq!(hint(400, r#"{"code":"ORDERPAID"}"#), said("ORDER_PAID"));
    assert_eq!(hint(404, ""), said("404"));
    assert_eq!(hint(403, r#"{"code":"<script>"}"#), said("403"));
    assert_eq!(hint(500, "{}"), Doubt::ServerFault { code: "500".into() });
    assert_eq!(hint(200, "{}"), Doubt::Unauthenticated);
    assert_eq!(hint(200, "<html>"), Doubt::Unreadable);
    let mut wrong = shop.wechatpay_reply(404, r#"{"code":"ORDER_NOT_EXIST"}"#, NOW);
    wrong.body[3] ^= 1;
    assert_eq!(
        wechatpay::CONNECTOR.hint(&wrong),
        Doubt::Unauthenticated,
        "a bad signature is no refusal"
    );
}

#[test]
fn one_code_for_three_mistakes_is_told_apart_by_its_message() {
    use SignatureComplaint::{Key, Serial, Time};
    for (message, expected) in [
        ("签名错误，请检查后再试", Some(Key)),
        (
            "商户证书序列号有误。请使用签名私钥匹配的证书序列号",
            Some(Serial),
        ),
        (
            "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟",
            Some(Time),
        ),
        ("签名信息错误，验签失败", None),
        ("", None),
    ] {
        let body = serde_json::json!({ "code": "SIGN_ERROR", "message": message }).to_string();
        let found = wechatpay::CONNECTOR.signature_complaint(body.as_bytes());
        assert_eq!(found, expected, "{message}");
        let other = body.replace("SIGN_ERROR", "PARAM_ERROR");
        let found = wechatpay::CONNECTOR.signature_complaint(other.as_bytes());
        assert_eq!(found, None, "{message}");
    }
}

#[test]
fn platform_certificates_prove_themselves() {
    let mut shop = Shop::wechatpay();
    let genuine = recorded(shop.vector("wx-cert-mode-query"));
    // Nothing is trusted yet at the first download.
    let ours = shop.recorded["keys"]["merchant_private_pkcs8_pem"]
        .as_str()
        .unwrap();
    let key = shop.recorded["keys"]["apiv3_key"].as_str().unwrap();
    let fresh = |key: &str| {
        AccountKeys::builder()
            .private_key(ours.as_bytes())
            .unwrap()
            .resource_key(key.as_bytes())
            .unwrap()
            .build()
    };
    shop.keys = fresh(key);
    let wrong_key = fresh(&key.to_uppercase());
    let part = wechatpay::CONNECTOR.certificates().unwrap();
    let found = part.open(None, &genuine, &shop.cx()).unwrap();
    assert_eq!(found[0].0, "5F00FF00112233445566778899AABBCCDDEEFF01");
    let keys = AccountKeys::builder()
        .trust(KeyId(found[0].0.clone()), found[0].1.as_bytes())
        .unwrap()
        .build();
    assert_eq!(keys.trusted().count(), 1);

    let late = Timestamp(NOW.0 + 301_000);
    assert_eq!(
        part.open(None, &genuine, &shop.cx_at(late)).unwrap_err(),
        Forged::StaleTime
    );
    shop.keys = wrong_key;
    assert_eq!(
        part.open(None, &genuine, &shop.cx()).unwrap_err(),
        Forged::WrongSignature
    );
    shop.keys = fresh(key);
    for at in (0..genuine.body.len()).step_by(7) {
        let mut bent = genuine.clone();
        bent.body[at] ^= 1;
        assert!(part.open(None, &bent, &shop.cx()).is_err(), "byte {at}");
    }
    let mut unsigned = genuine.clone();
    unsigned.headers.clear();
    assert_eq!(
        part.open(None, &unsigned, &shop.cx()).unwrap_err(),
        Forged::NoSignature
    );
}
