//! Recorded requests of independent clients, replayed against the verification functions.

use paydesk_sandbox::verification::{
    Digest, Recorded, alipay_accepts, alipay_text_to_sign, btcpay_signature, unionpay_accepts,
    unionpay_text_to_sign, wechatpay_accepts,
};
use serde_json::Value;

const ALIPAY: &str = include_str!("../../../../../tests/fixtures/vectors/alipay_sdk_recorded.json");
const WECHATPAY: &str =
    include_str!("../../../../../tests/fixtures/vectors/wechatpay_sdk_recorded.json");

const UNIONPAY: &str = include_str!("../vectors/unionpay_requests.json");

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

/// Text, digest, signature and form body of one recorded request.
fn check_unionpay(id: &str, body: &str, wanted: (&str, &str), key: &str) {
    let recorded = Recorded {
        method: "POST",
        target: "/gateway/api/backTransReq.do",
        authorization: None,
        body: body.as_bytes(),
    };
    let (text, digest) = unionpay_text_to_sign(&recorded);
    assert_eq!((text.as_str(), digest.as_str()), wanted, "{id}");
    assert!(unionpay_accepts(&recorded, key).unwrap(), "{id}");
    let wrong = body.replacen("merId=", "merId=1", 1);
    let wrong = Recorded {
        body: wrong.as_bytes(),
        ..recorded
    };
    assert!(!unionpay_accepts(&wrong, key).unwrap(), "{id} altered");
}

#[test]
fn unionpay_requests_of_another_signer_are_accepted_and_altered_ones_refused() {
    let file: Value = serde_json::from_str(UNIONPAY).unwrap();
    let key = text(&file, "public_spki_b64");
    let vectors = file["vectors"].as_array().unwrap();
    for vector in vectors {
        let wanted = (text(vector, "string_to_sign"), text(vector, "sha256_hex"));
        check_unionpay(text(vector, "id"), text(vector, "body"), wanted, key);
    }
    assert_eq!(vectors.len(), 7);
}

/// Vectors that others publish, read in place; `None` when the shared folder is not there and was not asked for.
#[allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test asks its caller where the shared folder is"
)]
fn shared(name: &str) -> Option<Value> {
    let asked = std::env::var("PAYDESK_SHARED").ok();
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared");
    let folder = std::path::PathBuf::from(asked.as_deref().unwrap_or(beside));
    match std::fs::read(folder.join("vectors").join(name)) {
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

#[test]
fn unionpays_published_and_own_vectors_are_accepted() {
    use base64::Engine as _;
    let (Some(published), Some(own)) = (
        shared("unionpay_published.json"),
        shared("unionpay_own.json"),
    ) else {
        return;
    };
    let certificates = &published["certificates"];
    let key_of = |pem: &str| {
        let (_, block) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
        let certificate = block.parse_x509().unwrap();
        base64::engine::general_purpose::STANDARD.encode(certificate.public_key().raw)
    };
    let merchant = key_of(text(certificates, "merchant_sign_cert_pem"));
    let gateway = key_of(text(certificates, "gateway_sign_leaf_pem"));
    for vector in own["own_vectors"].as_array().unwrap() {
        let wanted = (text(vector, "string_to_sign"), text(vector, "sha256_hex"));
        check_unionpay(
            text(vector, "name"),
            text(vector, "form_body"),
            wanted,
            &merchant,
        );
    }
    let vectors = published["vectors"].as_array().unwrap();
    for vector in vectors {
        let name = text(vector, "name");
        let mut pairs: Vec<(String, String)> = vector["params"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        if let Some(signature) = vector["signature"].as_str() {
            pairs.retain(|(name, _)| name != "signature");
            pairs.push(("signature".to_owned(), signature.to_owned()));
        }
        let body = crate::shop::encode(&pairs.iter().collect::<Vec<_>>());
        let key = if name.contains("request") {
            &merchant
        } else {
            &gateway
        };
        let wanted = (text(vector, "string_to_sign"), text(vector, "sha256_hex"));
        check_unionpay(name, &body, wanted, key);
    }
    assert_eq!(vectors.len(), 3);
}

#[test]
fn btcpays_vectors_are_signed_alike() {
    let Some(file) = shared("btcpay.json") else {
        return;
    };
    let vectors = file["vectors"].as_array().unwrap();
    for vector in vectors {
        let (secret, body) = (text(vector, "secret"), text(vector, "body"));
        let sign = |body: &str| btcpay_signature(secret.as_bytes(), body.as_bytes());
        assert_eq!(sign(body), text(vector, "header"));
        assert_ne!(sign(&altered(body)), text(vector, "header"));
        assert_ne!(
            btcpay_signature(b"another", body.as_bytes()),
            text(vector, "header")
        );
    }
    assert_eq!(vectors.len(), 4);
}
