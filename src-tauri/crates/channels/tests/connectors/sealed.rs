//! Alipay's content encryption: recorded exchanges both ways, and what must not open.

use crate::shop::{Shop, charge, finish, form, query, query_refund, refund, reply, show};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_channels::{Bills, Channel, Exchange, Operation, WireRequest, alipay};
use paydesk_domain::{BillKind, ChannelDay, End};
use paydesk_signing::{Forged, Keys, WireReply};
use std::collections::BTreeMap;

/// The shop with a content key.
fn shop_with(aes_key: &str) -> Shop {
    let mut shop = Shop::alipay();
    let key = |name: &str| shop.recorded["keys"][name].as_str().unwrap().to_owned();
    let fields: BTreeMap<String, String> = [
        ("private_key", key("app_private_pkcs8_b64")),
        ("alipay_public_key", key("alipay_gateway_public_spki_b64")),
        ("aes_key", aes_key.to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    shop.keys = alipay::account_keys(&fields, shop.cx().now).unwrap();
    shop
}

fn recorded_reply(shop: &Shop, id: &str) -> WireReply {
    let body = shop.vector(id)["response_body"].as_str().unwrap();
    reply(200, &[], body.to_owned())
}

#[test]
fn recorded_exchanges_are_sealed_and_opened_alike() {
    for id in ["node-encrypt-aes128", "node-encrypt-aes256"] {
        let plain = Shop::alipay();
        let vector = plain.vector(id).clone();
        let key = vector["aes_key_b64"].as_str().unwrap();
        let shop = shop_with(key);
        let content = vector["biz_content_plain"].as_str().unwrap();
        let sealed = shop.keys.seal_content(content.as_bytes()).unwrap();
        assert_eq!(
            STANDARD.encode(&sealed),
            vector["decoded_params"]["biz_content"].as_str().unwrap(),
            "{id}"
        );
        assert_eq!(shop.keys.open_content(&sealed).unwrap(), content.as_bytes());
        let reply = recorded_reply(&shop, id);
        let proof = alipay::CONNECTOR
            .authenticate(Operation::Query, reply.clone(), &shop.cx())
            .unwrap();
        let opened: serde_json::Value = serde_json::from_slice(proof.believed()).unwrap();
        assert_eq!(opened["code"], "10000", "{id}");
        assert!(!format!("{proof:?}").contains("10000"), "{proof:?}");
        // Of another operation, without the key, or with another one, it says nothing.
        let other = alipay::CONNECTOR.authenticate(Operation::Refund, reply.clone(), &shop.cx());
        assert_eq!(other.unwrap_err(), Forged::NotTheSignedPart);
        for other in [plain, shop_with(&STANDARD.encode([9; 16]))] {
            let believed =
                alipay::CONNECTOR.authenticate(Operation::Query, reply.clone(), &other.cx());
            assert!(believed.is_err(), "{id}");
        }
    }
}

#[test]
fn a_signature_without_the_quotes_is_refused() {
    let shop = Shop::alipay();
    let vector = shop.vector("py-encrypt-noquote-signature");
    let sealed_shop = shop_with(vector["aes_key_b64"].as_str().unwrap());
    let reply = recorded_reply(&shop, "py-encrypt-noquote-signature");
    let believed = alipay::CONNECTOR.authenticate(Operation::Query, reply, &sealed_shop.cx());
    assert_eq!(believed.unwrap_err(), Forged::WrongSignature);
}

#[test]
fn an_altered_sealed_answer_is_never_believed() {
    let id = "node-encrypt-aes128";
    let plain = Shop::alipay();
    let shop = shop_with(plain.vector(id)["aes_key_b64"].as_str().unwrap());
    let genuine = recorded_reply(&shop, id);
    let opened = alipay::CONNECTOR
        .authenticate(Operation::Query, genuine.clone(), &shop.cx())
        .unwrap();
    for at in 0..genuine.body.len() {
        for bit in [1_u8, 0x20] {
            let mut bent = genuine.clone();
            bent.body[at] ^= bit;
            // A letter of the spare bits of base64 may change nothing that is signed or opened.
            if let Ok(believed) = alipay::CONNECTOR.authenticate(Operation::Query, bent, &shop.cx())
            {
                assert_eq!(believed.believed(), opened.believed(), "byte {at}");
            }
        }
    }
}

#[test]
fn slashes_of_a_sealed_answer_may_be_escaped() {
    let key = STANDARD.encode([3; 32]);
    let shop = shop_with(&key);
    // A content whose ciphertext has a slash.
    let (content, sealed) = (0..200)
        .map(|n| format!(r#"{{"code":"10000","n":"{n}"}}"#))
        .map(|content| {
            let sealed = shop.keys.seal_content(content.as_bytes()).unwrap();
            (content, STANDARD.encode(sealed))
        })
        .find(|(_, sealed)| sealed.contains('/'))
        .unwrap();
    let escaped = sealed.replace('/', "\\/");
    for (sent, signed) in [
        (&sealed, &sealed),
        (&escaped, &escaped),
        (&escaped, &sealed),
        (&sealed, &escaped),
    ] {
        let reply = shop.alipay_reply(
            "alipay_trade_query_response",
            &format!("\"{sent}\""),
            &format!("\"{signed}\""),
        );
        let proof = alipay::CONNECTOR.authenticate(Operation::Query, reply, &shop.cx());
        assert_eq!(proof.unwrap().believed(), content.as_bytes());
    }
    // A refusal may come as it is, signed like any other.
    let plain = r#"{"code":"40003","sub_code":"isv.decryption-error-unknown"}"#;
    let reply = shop.alipay_reply("alipay_trade_query_response", plain, plain);
    let proof = alipay::CONNECTOR.authenticate(Operation::Query, reply, &shop.cx());
    assert_eq!(proof.unwrap().believed(), plain.as_bytes());
    // What opens to something else than an object leads to a doubt.
    let nothing = STANDARD.encode(shop.keys.seal_content(b"[]").unwrap());
    let quoted = format!("\"{nothing}\"");
    let reply = shop.alipay_reply("alipay_trade_query_response", &quoted, &quoted);
    let proof = alipay::CONNECTOR
        .authenticate(Operation::Query, reply, &shop.cx())
        .unwrap();
    let outcome = alipay::CONNECTOR.decode(&query(), &proof, &shop.cx());
    assert_eq!(crate::shop::said(&outcome), "unknown unreadable");
}

#[test]
fn every_request_is_sealed_and_then_signed() {
    let key = STANDARD.encode([3; 16]);
    let (sealed, plain) = (shop_with(&key), Shop::alipay());
    let requests = |shop: &Shop| -> Vec<WireRequest> {
        let cx = &shop.cx();
        let c = alipay::CONNECTOR;
        vec![
            c.encode(&charge("281234567890123456"), cx).unwrap(),
            c.encode(&show(), cx).unwrap(),
            c.encode(&query(), cx).unwrap(),
            c.encode(&finish(End::Close), cx).unwrap(),
            c.encode(&finish(End::Reverse), cx).unwrap(),
            c.encode(&refund(), cx).unwrap(),
            c.encode(&query_refund(), cx).unwrap(),
            c.encode_link(ChannelDay(20_261_120), BillKind::Trade, cx)
                .unwrap(),
        ]
    };
    for (with, without) in requests(&sealed).into_iter().zip(requests(&plain)) {
        let body = |request: &WireRequest| {
            let body = form(std::str::from_utf8(&request.body).unwrap());
            body[0].1.clone()
        };
        let opened = sealed
            .keys
            .open_content(&STANDARD.decode(body(&with)).unwrap())
            .unwrap();
        assert_eq!(opened, body(&without).as_bytes(), "{:?}", with.operation);
        let mut pairs = form(with.url.split_once('?').unwrap().1);
        assert!(pairs.contains(&("encrypt_type".to_owned(), "AES".to_owned())));
        let at = pairs.iter().position(|(name, _)| name == "sign").unwrap();
        let signature = STANDARD.decode(pairs.remove(at).1).unwrap();
        pairs.push(("biz_content".to_owned(), body(&with)));
        let text = alipay::text_to_sign(&pairs);
        let public = sealed.ours.public().unwrap();
        assert!(public.verify(text.as_bytes(), &signature).is_ok());
        assert!(!without.url.contains("encrypt_type"));
    }
}
