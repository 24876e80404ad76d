//! Rotated keys of WeChat Pay and sealed contents of Alipay, over the wire.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paydesk_sandbox::Behaviour;
use serde_json::{Value, json};

use crate::shop::{Shop, alipay_sign};

#[tokio::test(flavor = "multi_thread")]
async fn a_further_certificate_of_alipay_signs_and_is_handed_out_by_its_number() {
    let shop = Shop::open().await;
    let (_, rotated) = shop
        .control("POST", "rotate", json!({ "what": "alipay_certificate" }))
        .await;
    let shop = shop.restart().await;
    let number = rotated["name"].as_str().unwrap();
    let own = shop.merchant().alipay_certificate.clone();
    for (number, content) in [
        (number, rotated["pem"].as_str()),
        (
            &own.alipay_cert_sn,
            Some(own.alipay_certificate_pem.as_str()),
        ),
        ("0123", None),
    ] {
        let asked = json!({ "alipay_cert_sn": number });
        let mut form = shop.alipay_form("alipay.open.app.alipaycert.download", &asked);
        form[0].1 = own.app_id.clone();
        for (name, value) in [
            ("app_cert_sn", &own.app_cert_sn),
            ("alipay_root_cert_sn", &own.alipay_root_cert_sn),
        ] {
            form.push((name.to_owned(), value.clone()));
        }
        let signed = alipay_sign(form, &own.app_private_key_pem);
        let answer = shop.alipay_send(&signed).await.unwrap().json();
        let node = &answer["alipay_open_app_alipaycert_download_response"];
        let text = node["alipay_cert_content"].as_str();
        let text = text.map(|text| String::from_utf8(STANDARD.decode(text).unwrap()).unwrap());
        assert_eq!(text.as_deref(), content, "{answer}");
        assert_eq!(
            answer["alipay_cert_sn"], rotated["name"],
            "the new one signs"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_certificate_signs_and_both_are_listed_after_a_restart_too() {
    let shop = Shop::open().await;
    let first = shop
        .merchant()
        .wechatpay
        .platform_certificate_serial
        .clone();
    let (_, rotated) = shop
        .control("POST", "rotate", json!({ "what": "platform_certificate" }))
        .await;
    let second = rotated["name"].as_str().unwrap().to_owned();
    let (_, key) = shop
        .control("POST", "rotate", json!({ "what": "public_key" }))
        .await;
    let shop = shop.restart().await;
    let target = "/v3/certificates";
    let authorization = shop.wechatpay_authorization("GET", target, "");
    let answer = shop
        .send(shop.wechatpay_request("GET", target, "", &authorization))
        .await
        .unwrap();
    assert_eq!(
        answer.header("wechatpay-serial"),
        second,
        "the new one signs"
    );
    let listed = answer.json()["data"].as_array().unwrap().clone();
    let serials: Vec<_> = listed
        .iter()
        .map(|entry| entry["serial_no"].as_str().unwrap())
        .collect();
    assert_eq!(serials, [first.as_str(), second.as_str()]);
    for id in [
        key["name"].as_str().unwrap(),
        &shop.merchant().wechatpay.public_key_id,
    ] {
        let authorization = shop.wechatpay_authorization("GET", target, "");
        let asked = shop
            .wechatpay_request("GET", target, "", &authorization)
            .header("wechatpay-serial", id);
        assert_eq!(
            shop.send(asked).await.unwrap().header("wechatpay-serial"),
            id
        );
    }
    assert_eq!(
        shop.control("POST", "rotate", json!({ "what": "nonsense" }))
            .await
            .0,
        400
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sealed_contents_are_opened_answered_sealed_and_signed_with_their_quotes() {
    let shop = Shop::open().await;
    let method = "alipay.trade.pay";
    let content = shop
        .alipay_charge("SEALED01", "1.00", Behaviour::Pays)
        .to_string();
    let own = &shop.merchant().alipay;
    let sealed_form = |content: String, kind: &str| {
        let mut form = shop.alipay_form(method, &Value::Null);
        form.retain(|(name, _)| name != "biz_content");
        form.push(("biz_content".to_owned(), content));
        form.push(("encrypt_type".to_owned(), kind.to_owned()));
        alipay_sign(form, &own.app_private_key_pem)
    };
    let form = sealed_form(seal(&own.aes_key, &content), "AES");
    let answer = shop.alipay_send(&form).await.unwrap();
    let whole = answer.json();
    let sealed = whole["alipay_trade_pay_response"].as_str().unwrap();
    assert!(
        shop.alipay_verifies(&format!("\"{sealed}\""), &answer.body),
        "{}",
        answer.body
    );
    let node: Value = serde_json::from_str(&open(&own.aes_key, sealed)).unwrap();
    assert_eq!(
        (&node["code"], &node["out_trade_no"]),
        (&json!("10000"), &json!("SEALED01"))
    );
    for (form, code) in [
        (
            sealed_form(content.clone(), "AES"),
            "isv.decryption-error-unknown",
        ),
        (sealed_form(content, "DES"), "isv.invalid-encrypt-type"),
    ] {
        let answer = shop.alipay_send(&form).await.unwrap();
        assert_eq!(answer.json()["alipay_trade_pay_response"]["sub_code"], code);
    }
}

/// By another library than the sandbox's.
fn seal(key: &str, content: &str) -> String {
    use aws_lc_rs::cipher::{
        AES_128, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey,
    };
    let key = UnboundCipherKey::new(&AES_128, &STANDARD.decode(key).unwrap()).unwrap();
    let mut bytes = content.as_bytes().to_vec();
    let iv = EncryptionContext::Iv128(aws_lc_rs::iv::FixedLength::from(&[0_u8; 16]));
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).unwrap();
    key.less_safe_encrypt(&mut bytes, iv).unwrap();
    STANDARD.encode(bytes)
}

fn open(key: &str, sealed: &str) -> String {
    use aws_lc_rs::cipher::{
        AES_128, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
    };
    let key = UnboundCipherKey::new(&AES_128, &STANDARD.decode(key).unwrap()).unwrap();
    let mut bytes = STANDARD.decode(sealed).unwrap();
    let iv = DecryptionContext::Iv128(aws_lc_rs::iv::FixedLength::from(&[0_u8; 16]));
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).unwrap();
    String::from_utf8(key.decrypt(&mut bytes, iv).unwrap().to_vec()).unwrap()
}
