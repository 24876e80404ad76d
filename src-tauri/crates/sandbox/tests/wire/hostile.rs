//! Hostile clients: each gets the channel's own error, and nothing happens.

use paydesk_sandbox::Behaviour;
use serde_json::Value;

use crate::shop::{Answer, Shop, alipay_sign, node_of};

const PAY: &str = "alipay.trade.pay";

fn change(form: &mut [(String, String)], name: &str, value: &str) {
    form.iter_mut().find(|(known, _)| known == name).unwrap().1 = value.to_owned();
}

fn drop_field(form: &mut Vec<(String, String)>, name: &str) {
    form.retain(|(known, _)| known != name);
}

async fn alipay_refused(shop: &Shop, form: &[(String, String)], code: &str, sub_code: &str) {
    let answer = shop.alipay_send(form).await.unwrap();
    let body = answer.json();
    let node = &body[if body.get("error_response").is_some() {
        "error_response".to_owned()
    } else {
        node_of(PAY)
    }];
    assert_eq!(
        (&node["code"], &node["sub_code"]),
        (&code.into(), &sub_code.into()),
        "{body}"
    );
    assert_eq!(body["sign"], Value::Null, "strangers get no signature");
    assert!(!shop.has_trade("HOSTILE1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn alipay_refuses_every_wrong_signature() {
    let shop = Shop::open().await;
    let content = shop.alipay_charge("HOSTILE1", "1", Behaviour::Pays);
    let unsigned = shop.alipay_form(PAY, &content);
    let good = shop.alipay_signed(unsigned.clone());
    alipay_refused(&shop, &unsigned, "40001", "isv.missing-signature").await;

    let sign = good
        .iter()
        .find(|(name, _)| name == "sign")
        .unwrap()
        .1
        .clone();
    let truncated = &sign[..sign.len() - 8];
    for wrong in [
        truncated,
        "AAAA",
        "not base64!",
        &sign.replace(&sign[..2], "zz"),
    ] {
        let mut form = good.clone();
        change(&mut form, "sign", wrong);
        alipay_refused(&shop, &form, "40002", "isv.invalid-signature").await;
    }
    let other_key = alipay_sign(
        unsigned,
        &shop.merchant().wechatpay.merchant_private_key_pem,
    );
    alipay_refused(&shop, &other_key, "40002", "isv.invalid-signature").await;

    let mut changed = good.clone();
    let altered = content.to_string().replace("\"1\"", "\"2\"");
    assert_ne!(altered, content.to_string());
    change(&mut changed, "biz_content", &altered);
    alipay_refused(&shop, &changed, "40002", "isv.invalid-signature").await;
    assert_eq!(
        shop.alipay_send(&good).await.unwrap().json()[&node_of(PAY)]["code"],
        "10000"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn alipay_checks_the_application_before_the_signature() {
    let shop = Shop::open().await;
    let content = shop.alipay_charge("HOSTILE1", "1", Behaviour::Pays);
    let form = shop.alipay_form(PAY, &content);
    let sent = |name: &str, value: &str| {
        let mut form = form.clone();
        if value.is_empty() {
            drop_field(&mut form, name);
        } else {
            change(&mut form, name, value);
        }
        shop.alipay_signed(form)
    };
    for (name, value, code, sub_code) in [
        ("app_id", "2021000000000000", "40002", "isv.invalid-app-id"),
        ("app_id", "", "40001", "isv.missing-app-id"),
        ("method", "", "40001", "isv.missing-method"),
        ("charset", "latin1", "40002", "isv.invalid-charset"),
        ("format", "XML", "40002", "isv.invalid-format"),
        ("sign_type", "", "40001", "isv.missing-signature-type"),
        ("sign_type", "MD5", "40002", "isv.invalid-signature-type"),
        ("timestamp", "", "40001", "isv.missing-timestamp"),
        (
            "timestamp",
            "2026-11-21T10:22:12",
            "40002",
            "isv.invalid-timestamp",
        ),
        ("version", "2.0", "40002", "isv.invalid-version"),
    ] {
        alipay_refused(&shop, &sent(name, value), code, sub_code).await;
    }
    let mut twice = shop.alipay_signed(form.clone());
    twice.push(("app_id".to_owned(), shop.merchant().alipay.app_id.clone()));
    alipay_refused(&shop, &twice, "40002", "isv.suspected-attack").await;
}

async fn wechatpay_refused(shop: &Shop, answer: Answer, status: u16, message: &str) {
    let body = answer.json();
    assert_eq!(answer.status, status, "{body}");
    assert!(
        body["message"].as_str().unwrap().starts_with(message),
        "{body}"
    );
    assert_eq!(
        answer.header("wechatpay-signature"),
        "",
        "strangers get no signature"
    );
    assert!(!shop.has_trade("HOSTILE1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn wechatpay_refuses_every_wrong_signature() {
    let shop = Shop::open().await;
    let target = "/v3/pay/transactions/codepay";
    let body = shop
        .wechatpay_charge("HOSTILE1", 100, Behaviour::Pays)
        .to_string();
    let good = shop.wechatpay_authorization("POST", target, &body);
    let mchid = shop.merchant().wechatpay.mchid.clone();
    let serial = shop.merchant().wechatpay.merchant_serial.clone();
    let other_key = {
        let key = &shop.merchant().alipay.app_private_key_pem;
        let seconds = good
            .split("timestamp=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let message = format!("POST\n{target}\n{seconds}\nn\n{body}\n");
        let sign = crate::shop::sign(key, message.as_bytes());
        format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{mchid}\",nonce_str=\"n\",signature=\"{sign}\",\
             timestamp=\"{seconds}\",serial_no=\"{serial}\""
        )
    };
    let now = good.split("timestamp=\"").nth(1).unwrap()[..10]
        .parse::<i64>()
        .unwrap();
    let at = |seconds| shop.wechatpay_authorization_at("POST", target, &body, seconds);
    let old = "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟";
    let cases = [
        ("nonsense".to_owned(), "签名信息错误，验签失败"),
        (
            good.replace("WECHATPAY2-SHA256-RSA2048", "Basic"),
            "HTTP头Authorization认证类型不正确",
        ),
        (
            good.replace(&serial, &"0".repeat(40)),
            "商户证书序列号有误。",
        ),
        (good.replace(&mchid, "1900000000"), "商户号不存在"),
        (
            good.replacen("signature=\"", "signature=\"AAAA", 1),
            "签名错误",
        ),
        (
            good.replacen("nonce_str=\"", "nonce_str=\"x", 1),
            "签名错误",
        ),
        (other_key, "签名错误"),
        (at(now - 301), old),
        (at(now + 301), old),
    ];
    for (authorization, message) in cases {
        let request = shop.wechatpay_request("POST", target, &body, &authorization);
        let answer = shop.send(request).await.unwrap();
        wechatpay_refused(&shop, answer, 401, message).await;
    }
    let changed = body.replace("100", "101");
    let request = shop.wechatpay_request("POST", target, &changed, &good);
    wechatpay_refused(&shop, shop.send(request).await.unwrap(), 401, "签名错误").await;
    let bare = shop
        .client
        .post(shop.url(target))
        .header("accept", "application/json");
    let bare = bare.header("user-agent", "till").body(body.clone());
    let answer = shop.send(bare).await.unwrap();
    wechatpay_refused(&shop, answer, 401, "签名信息错误，验签失败").await;
    let request = shop
        .wechatpay_request("POST", target, &body, &good)
        .header("user-agent", "");
    assert_eq!(
        shop.send(request).await.unwrap().status,
        200,
        "a second header changes nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wechatpay_wants_accept_and_user_agent() {
    let shop = Shop::open().await;
    let target = "/v3/certificates";
    let authorization = shop.wechatpay_authorization("GET", target, "");
    let request = shop
        .client
        .get(shop.url(target))
        .header("accept", "application/json")
        .header("authorization", &authorization);
    let answer = shop.send(request).await.unwrap();
    wechatpay_refused(&shop, answer, 400, "Http头缺少Accept或User-Agent").await;
    let garbled = shop.wechatpay_request("GET", target, "", "nonsense");
    let message = "Http头Authorization值格式错误";
    wechatpay_refused(&shop, shop.send(garbled).await.unwrap(), 401, message).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_beyond_the_limit_are_not_read() {
    let shop = Shop::open().await;
    let request = shop
        .client
        .post(shop.url("/gateway.do"))
        .body("a".repeat(70_000));
    assert_eq!(shop.send(request).await.unwrap().status, 413);
}
