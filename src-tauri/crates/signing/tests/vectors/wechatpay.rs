//! WeChat Pay: signatures of both directions, sealed content, serials, key material.

use crate::{
    check_same_bytes, check_signature,
    files::{Vectors, bytes, text},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_signing::{
    AccountKeys, Certificate, Forged, KeyError, KeyId, Keys, Mac, PrivateKey, PublicKey,
    ResourceKey, hex,
};
use serde_json::Value;

/// Checks every vector and tells how many those were.
pub(crate) fn check(vectors: &Vectors) -> usize {
    for vector in vectors.list() {
        let id = text(vector, "id");
        match text(vector, "kind") {
            "rsa-sha256-pkcs1v15-sign" => {
                signed(vector, "message", "signature_b64");
                let public = PublicKey::read(text(vector, "public_key_pem").as_bytes()).unwrap();
                check_signature(
                    &public,
                    text(vector, "message").as_bytes(),
                    &bytes(vector, "signature_b64"),
                    id,
                );
            }
            "request-signature" => {
                assert_eq!(five_lines(vector), text(vector, "message"), "{id}");
                let named = vector["private_key_ref"]
                    .as_str()
                    .map(|name| text(vectors.keys(), name));
                let key = named.unwrap_or_else(|| text(vector, "private_key_pem"));
                let key = PrivateKey::read(key.as_bytes()).unwrap();
                let (message, signature) = (
                    text(vector, "message").as_bytes(),
                    bytes(vector, "expected_signature_b64"),
                );
                check_same_bytes(&key, message, &signature, id);
                check_signature(&key.public().unwrap(), message, &signature, id);
            }
            "authorization-header-layout" => {
                for case in vector["cases"].as_array().unwrap() {
                    let lines = format!(
                        "{}\n{}\n{}\n{}\n{}\n",
                        text(case, "method"),
                        text(case, "canonical_url"),
                        text(vector, "timestamp"),
                        text(vector, "nonce_str"),
                        text(case, "body")
                    );
                    assert_eq!(lines, text(case, "message"), "{id}");
                }
            }
            "response-signature" => {
                let key = PublicKey::read(text(vector, "public_key_pem").as_bytes()).unwrap();
                let signature = bytes(&vector["headers"], "Wechatpay-Signature");
                check_signature(&key, text(vector, "message").as_bytes(), &signature, id);
            }
            "aead-aes-gcm" => sealed(
                text(vector, "key"),
                text(vector, "nonce"),
                text(vector, "associated_data"),
                &bytes(vector, "ciphertext_b64"),
                text(vector, "plaintext").as_bytes(),
            ),
            "signed-encrypted-notification" => notification(vector),
            "platform-certificate-download" => certificates(vector),
            "rsa-oaep-sha1-mgf1sha1-decrypt" => field(vector),
            "certificate-serial-hex" => {
                let certificate =
                    Certificate::read(text(vector, "certificate_pem").as_bytes()).unwrap();
                assert_eq!(certificate.serial(), text(vector, "serial_hex"), "{id}");
            }
            "key-material-for-tests" => keyset(vector),
            // Version 2 is not spoken here; its HMAC is the primitive we have.
            "v2-sign" => {
                let mac = Mac::new(text(vector, "key").as_bytes()).unwrap();
                let input = text(vector, "string_to_sign").as_bytes();
                let tag = mac.tag(input);
                assert_eq!(
                    hex(&tag).to_uppercase(),
                    text(vector, "expected_hmac_sha256"),
                    "{id}"
                );
                assert!(
                    mac.verify(input, &tag)
                        && !mac.verify(input, &tag[..31])
                        && !mac.verify(b"", &tag)
                );
            }
            other => panic!("{id}: unknown kind {other}"),
        }
    }
    vectors.list().len()
}

fn five_lines(vector: &Value) -> String {
    let part = |name| text(vector, name);
    format!(
        "{}\n{}\n{}\n{}\n{}\n",
        part("method"),
        part("url"),
        part("timestamp"),
        part("nonce_str"),
        part("body")
    )
}

fn signed(vector: &Value, message: &str, signature: &str) {
    let key = PrivateKey::read(text(vector, "private_key_pem").as_bytes()).unwrap();
    check_same_bytes(
        &key,
        text(vector, message).as_bytes(),
        &bytes(vector, signature),
        text(vector, "id"),
    );
}

/// The genuine opens; with one bit changed anywhere, or another tie, it does not.
fn sealed(key: &str, nonce: &str, aad: &str, content: &[u8], plain: &[u8]) {
    let key = ResourceKey::new(key.as_bytes()).unwrap();
    assert_eq!(
        key.open(nonce.as_bytes(), aad.as_bytes(), content).unwrap(),
        plain
    );
    for at in 0..content.len() {
        let mut bent = content.to_vec();
        bent[at] ^= 1;
        assert_eq!(
            key.open(nonce.as_bytes(), aad.as_bytes(), &bent),
            Err(KeyError::Wrong),
            "byte {at}"
        );
    }
    assert!(key.open(nonce.as_bytes(), b"other", content).is_err());
    assert!(key.open(b"000000000000", aad.as_bytes(), content).is_err());
    assert_eq!(
        key.open(b"short", aad.as_bytes(), content),
        Err(KeyError::Malformed)
    );
}

fn notification(vector: &Value) {
    let id = text(vector, "id");
    let headers = &vector["headers"];
    let certificate =
        Certificate::read(text(vector, "platform_certificate_pem").as_bytes()).unwrap();
    assert_eq!(
        certificate.serial(),
        text(headers, "Wechatpay-Serial"),
        "{id}"
    );
    let message = text(vector, "signed_message");
    check_signature(
        &certificate.public_key().unwrap(),
        message.as_bytes(),
        &bytes(headers, "Wechatpay-Signature"),
        id,
    );
    let body: Value = serde_json::from_str(text(vector, "body")).unwrap();
    let resource = &body["resource"];
    let plain = text(vector, "decrypted_resource").as_bytes();
    let aad = resource["associated_data"].as_str().unwrap_or_default();
    sealed(
        text(vector, "apiv3_key"),
        text(resource, "nonce"),
        aad,
        &bytes(resource, "ciphertext"),
        plain,
    );
}

fn certificates(vector: &Value) {
    let body: Value = serde_json::from_str(text(vector, "response_body")).unwrap();
    let content = &body["data"][0]["encrypt_certificate"];
    let pem = text(vector, "decrypted_certificate_pem");
    let aad = text(content, "associated_data");
    sealed(
        text(vector, "apiv3_key"),
        text(content, "nonce"),
        aad,
        &bytes(content, "ciphertext"),
        pem.as_bytes(),
    );
    let certificate = Certificate::read(pem.as_bytes()).unwrap();
    assert_eq!(certificate.serial(), text(vector, "certificate_serial_hex"));
}

fn field(vector: &Value) {
    let key = PrivateKey::read(text(vector, "private_key_pem").as_bytes()).unwrap();
    let (content, plain) = (text(vector, "ciphertext_b64"), text(vector, "plaintext"));
    assert_eq!(key.open_field(content).unwrap(), plain.as_bytes());
    let public = key.public().unwrap();
    assert_eq!(
        key.open_field(&public.seal_field(plain).unwrap()).unwrap(),
        plain.as_bytes()
    );
    assert_ne!(
        public.seal_field(plain).unwrap(),
        public.seal_field(plain).unwrap()
    );
    assert!(public.seal_field(&"x".repeat(214)).is_ok());
    assert_eq!(
        public.seal_field(&"x".repeat(215)),
        Err(KeyError::Malformed)
    );
    let mut bent = bytes(vector, "ciphertext_b64");
    for at in (0..bent.len()).step_by(16) {
        bent[at] ^= 1;
        assert_eq!(
            key.open_field(&STANDARD.encode(&bent)),
            Err(KeyError::Wrong),
            "byte {at}"
        );
        bent[at] ^= 1;
    }
}

fn keyset(vector: &Value) {
    let part = |name: &str| text(vector, name).as_bytes();
    let build = || {
        AccountKeys::builder()
            .private_key(part("merchant_private_key_pem"))
            .unwrap()
    };
    let serial = KeyId(text(vector, "platform_serial").to_owned());
    let keys = build()
        .merchant_certificate(part("merchant_certificate_pem"))
        .unwrap()
        .trust(serial.clone(), part("platform_certificate_pem"))
        .unwrap()
        .resource_key(part("apiv3_key"))
        .unwrap()
        .answers_with(serial.clone())
        .unwrap()
        .build();
    assert_eq!(keys.signing_id().unwrap(), text(vector, "merchant_serial"));
    assert_eq!(keys.peer_id(), Some(serial.clone()));
    let platform = PrivateKey::read(part("platform_private_key_pem")).unwrap();
    let signature = platform.sign(b"answer").unwrap();
    assert_eq!(keys.verify(&serial, b"answer", &signature), Ok(()));
    assert_eq!(
        keys.verify(&serial, b"Answer", &signature),
        Err(Forged::WrongSignature)
    );
    assert_eq!(
        keys.verify(&KeyId("0".into()), b"answer", &signature),
        Err(Forged::UnknownKey)
    );
    assert!(
        platform
            .open_field(&keys.seal_field("name").unwrap())
            .is_ok()
    );
    assert_eq!(
        build()
            .merchant_certificate(part("platform_certificate_pem"))
            .unwrap_err(),
        KeyError::Wrong
    );
    assert_eq!(
        build().resource_key(b"testMchAPIv3Key0").unwrap_err(),
        KeyError::Malformed
    );
    assert_eq!(build().build().mac(b"x"), Err(KeyError::Missing));
    let own = PrivateKey::read(part("merchant_private_key_pem"))
        .unwrap()
        .public()
        .unwrap();
    assert_eq!(
        build().trust_unnamed(own.to_pem().as_bytes()).unwrap_err(),
        KeyError::Wrong,
        "our own public key"
    );
    let printed = format!("{keys:?} {platform:?}");
    assert!(
        !printed.contains("BEGIN") && !printed.contains(text(vector, "apiv3_key")),
        "{printed}"
    );
}

/// Every recorded exchange: request and signed answer.
pub(crate) fn check_recorded(vectors: &Vectors) -> usize {
    let keys = vectors.keys();
    let merchant = PrivateKey::read(text(keys, "merchant_private_pkcs8_pem").as_bytes()).unwrap();
    let platform = PrivateKey::read(text(keys, "platform_private_pkcs8_pem").as_bytes()).unwrap();
    for (certificate, serial) in [
        ("merchant_cert_pem", "merchant_serial"),
        ("platform_cert_pem", "platform_serial"),
    ] {
        assert_eq!(
            Certificate::read(text(keys, certificate).as_bytes())
                .unwrap()
                .serial(),
            text(keys, serial)
        );
    }
    for vector in vectors.list() {
        let id = text(vector, "id");
        let message = text(vector, "message_to_sign").as_bytes();
        check_same_bytes(&merchant, message, &bytes(vector, "signature"), id);
        check_signature(
            &merchant.public().unwrap(),
            message,
            &bytes(vector, "signature"),
            id,
        );
        if let Some(answer) = vector["response_signed_message"].as_str() {
            let signature = bytes(&vector["response_headers"], "Wechatpay-Signature");
            check_same_bytes(&platform, answer.as_bytes(), &signature, id);
            for key in ["platform_public_pem", "platform_cert_pem"] {
                let key = PublicKey::read(text(keys, key).as_bytes()).unwrap();
                check_signature(&key, answer.as_bytes(), &signature, id);
            }
        }
    }
    vectors.list().len()
}
