//! Recorded requests of independent clients, replayed against the verification functions.

use paydesk_sandbox::verification::{
    Digest, Recorded, alipay_accepts, alipay_text_to_sign, wechatpay_accepts,
};
use serde_json::Value;

const ALIPAY: &str = include_str!("../../../../../tests/fixtures/vectors/alipay_sdk_recorded.json");
const WECHATPAY: &str =
    include_str!("../../../../../tests/fixtures/vectors/wechatpay_sdk_recorded.json");

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// The same bytes with one of them changed.
fn altered(body: &str) -> String {
    let at = body
        .char_indices()
        .rfind(|(_, letter)| letter.is_ascii_digit());
    match at {
        Some((at, digit)) => {
            let other = if digit == '9' { '8' } else { '9' };
            format!("{}{other}{}", &body[..at], &body[at + 1..])
        }
        None => format!("{body} "),
    }
}

#[test]
fn alipay_requests_of_two_official_clients_are_accepted_and_altered_ones_refused() {
    let file: Value = serde_json::from_str(ALIPAY).unwrap();
    let key = text(&file["keys"], "app_public_spki_b64");
    let mut seen = 0;
    for vector in file["vectors"].as_array().unwrap() {
        if vector["kind"] != "gateway.do call" {
            continue;
        }
        let id = text(vector, "id");
        let digest = if text(vector, "sign_type") == "RSA" {
            Digest::Sha1
        } else {
            Digest::Sha256
        };
        let recorded = Recorded {
            method: text(vector, "http_method"),
            target: text(vector, "request_target"),
            authorization: None,
            body: text(vector, "body").as_bytes(),
        };
        let texts = [false, true].map(|blanks| alipay_text_to_sign(&recorded, blanks));
        assert!(
            texts
                .iter()
                .any(|own| own == text(vector, "string_to_sign")),
            "{id}"
        );
        assert!(alipay_accepts(&recorded, key, digest).unwrap(), "{id}");
        let body = altered(text(vector, "body"));
        let wrong = Recorded {
            body: body.as_bytes(),
            ..recorded
        };
        assert!(
            !alipay_accepts(&wrong, key, digest).unwrap(),
            "{id} altered"
        );
        seen += 1;
    }
    assert!(seen >= 12, "{seen} gateway calls");
}

#[test]
fn wechatpay_requests_of_three_clients_are_accepted_and_altered_ones_refused() {
    let file: Value = serde_json::from_str(WECHATPAY).unwrap();
    let certificate = text(&file["keys"], "merchant_cert_pem");
    let (_, pem) = x509_parser::pem::parse_x509_pem(certificate.as_bytes()).unwrap();
    let certificate = pem.parse_x509().unwrap();
    use base64::Engine as _;
    let key = base64::engine::general_purpose::STANDARD.encode(certificate.public_key().raw);
    let vectors = file["vectors"].as_array().unwrap();
    for vector in vectors {
        let id = text(vector, "id");
        let recorded = Recorded {
            method: text(vector, "http_method"),
            target: text(vector, "request_target"),
            authorization: vector["authorization"].as_str(),
            body: text(vector, "body").as_bytes(),
        };
        assert!(wechatpay_accepts(&recorded, &key).unwrap(), "{id}");
        let body = altered(text(vector, "body"));
        let wrong = Recorded {
            body: body.as_bytes(),
            ..recorded
        };
        assert!(
            !wechatpay_accepts(&wrong, &key).unwrap(),
            "{id} altered body"
        );
        let target = altered(text(vector, "request_target"));
        let wrong = Recorded {
            target: &target,
            ..recorded
        };
        assert!(
            !wechatpay_accepts(&wrong, &key).unwrap(),
            "{id} altered target"
        );
    }
    assert_eq!(vectors.len(), 18);
}
