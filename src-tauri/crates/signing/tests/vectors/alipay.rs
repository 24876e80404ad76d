//! Alipay: certificate numbers, key forms, answers, chains.

use crate::{
    check_same_bytes, check_signature,
    files::{Vectors, bytes, text},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_signing::{
    AccountKeys, Certificate, ChainFault, ContentKey, Forged, KeyError, KeyId, Keys, MaterialKind,
    PrivateKey, PublicKey, bundle_serial, recognise, verify_chain,
};
use serde_json::Value;

/// Checks every vector whose kind concerns this crate now and tells how many those were.
pub(crate) fn check(vectors: &Vectors) -> usize {
    let mut checked = 0;
    for vector in vectors.list() {
        let id = text(vector, "id");
        match text(vector, "kind") {
            "cert-sn" => {
                let certificate =
                    Certificate::read(text(vector, "certificate_pem").as_bytes()).unwrap();
                assert_eq!(
                    certificate.alipay_serial(),
                    text(vector, "expected"),
                    "{id}"
                );
            }
            "root-cert-sn" => {
                let bundle = text(vector, "certificate_bundle_pem");
                assert_eq!(
                    bundle_serial(bundle.as_bytes()).unwrap(),
                    text(vector, "expected"),
                    "{id}"
                );
            }
            "sync-response-verify" if vector["alipay_public_key_pem"].is_string() => answer(vector),
            // How the signed part is cut out is the connector's; here only that it is in the body.
            "sign-content-extraction" => {
                let escaped = text(vector, "sign_content");
                assert!(text(vector, "response_body").contains(escaped), "{id}");
            }
            "notify-verify" => {
                let key = vector["alipay_public_key_pem"]
                    .as_str()
                    .unwrap_or_else(|| text(vector, "alipay_public_key_b64"));
                let key = PublicKey::read(key.as_bytes()).unwrap();
                check_signature(
                    &key,
                    text(vector, "sign_content").as_bytes(),
                    &bytes(&vector["params"], "sign"),
                    id,
                );
            }
            "key-formats" => key_formats(vector),
            "certificate-chain" => chain(vector),
            "weak-key" => weak(vector),
            "aes-128-cbc-zero-iv-pkcs7" => content(vector),
            // Without a key to check with.
            "sync-response-verify" | "sample-response" => continue,
            other => panic!("{id}: unknown kind {other}"),
        }
        checked += 1;
    }
    checked
}

fn content(vector: &Value) {
    let id = text(vector, "id");
    let key = ContentKey::read(text(vector, "key_b64").as_bytes()).unwrap();
    let plain = text(vector, "plaintext").as_bytes();
    let sealed = bytes(vector, "ciphertext_b64");
    assert_eq!(key.seal(plain).unwrap(), sealed, "{id}");
    assert_eq!(key.open(&sealed).unwrap(), plain, "{id}");
    for at in 0..sealed.len() {
        let mut bent = sealed.clone();
        bent[at] ^= 1;
        assert_ne!(key.open(&bent).ok().as_deref(), Some(plain), "{id}");
    }
}

fn answer(vector: &Value) {
    let id = text(vector, "id");
    let body: Value = serde_json::from_str(text(vector, "response_body")).unwrap();
    let key = PublicKey::read(text(vector, "alipay_public_key_pem").as_bytes()).unwrap();
    check_signature(
        &key,
        text(vector, "sign_content").as_bytes(),
        &bytes(&body, "sign"),
        id,
    );
}

fn key_formats(vector: &Value) {
    let id = text(vector, "id");
    let (message, signature) = (
        text(vector, "message").as_bytes(),
        bytes(vector, "rsa2_signature_b64"),
    );
    let wrap = |label: &str, body: &str| {
        format!("\n-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    };
    let lines = |body: &str| {
        body.as_bytes()
            .chunks(76)
            .map(|c| std::str::from_utf8(c).unwrap())
            .collect::<Vec<_>>()
            .join("\r\n")
    };
    for name in ["private_pkcs1_b64", "private_pkcs8_b64"] {
        let bare = text(vector, name);
        let forms = [
            bare.as_bytes().to_vec(),
            bytes(vector, name),
            lines(bare).into_bytes(),
            bare.trim_end_matches('=').as_bytes().to_vec(),
            wrap("RSA PRIVATE KEY", bare).into_bytes(),
            wrap("PRIVATE KEY", &lines(bare)).into_bytes(),
        ];
        for form in &forms {
            let key = PrivateKey::read(form).unwrap_or_else(|fault| panic!("{id} {name}: {fault}"));
            check_same_bytes(&key, message, &signature, id);
            assert_eq!(recognise(form), Ok(MaterialKind::PrivateKey));
            assert_eq!(
                PublicKey::read(form).unwrap_err(),
                KeyError::Malformed,
                "a private key is no public one"
            );
        }
    }
    let bare = text(vector, "public_spki_b64");
    for form in [
        bare.as_bytes().to_vec(),
        bytes(vector, "public_spki_b64"),
        wrap("PUBLIC KEY", bare).into_bytes(),
    ] {
        let key = PublicKey::read(&form).unwrap();
        check_signature(&key, message, &signature, id);
        assert_eq!(recognise(&form), Ok(MaterialKind::PublicKey));
        assert_eq!(
            PublicKey::read(key.to_pem().as_bytes())
                .unwrap()
                .fingerprint(),
            key.fingerprint()
        );
        assert!(
            PrivateKey::read(&form).is_err(),
            "a public key is no private one"
        );
    }
    if let Some(sha1) = vector["rsa_sha1_signature_b64"].as_str() {
        let key = PublicKey::read(bare.as_bytes()).unwrap();
        assert!(
            key.verify(message, &STANDARD.decode(sha1).unwrap())
                .is_err(),
            "{id}: SHA-1 must be refused"
        );
    }
}

fn chain(vector: &Value) {
    let part = |name: &str| text(vector, name).as_bytes();
    let at = vector["at"].as_i64().unwrap();
    let build = |channel: &[u8], at: i64| {
        AccountKeys::builder()
            .private_key(part("app_private_pkcs8_pem"))
            .unwrap()
            .certificate_mode(
                part("app_certificate_pem"),
                channel,
                part("root_bundle_pem"),
                at,
            )
    };
    let keys = build(part("alipay_certificate_pem"), at).unwrap().build();
    assert_eq!(keys.signing_id().unwrap(), text(vector, "app_cert_sn"));
    assert_eq!(keys.root_id().unwrap(), text(vector, "root_cert_sn"));
    let peer = keys.peer_id().unwrap();
    assert_eq!(peer, KeyId(text(vector, "alipay_cert_sn").to_owned()));
    keys.verify(
        &peer,
        part("message"),
        &bytes(vector, "alipay_signature_b64"),
    )
    .unwrap();

    // A further certificate is admitted when it is the channel's own: the root alone does not make it so.
    assert_eq!(keys.admit(part("alipay_certificate_pem"), at), Ok(peer));
    for (name, at, why) in [
        ("alipay_certificate_pem", 2_400_000_000, "expired"),
        ("without_intermediate_pem", at, "no way to the root"),
        ("issued_by_a_leaf_pem", at, "issued by a leaf"),
        ("app_certificate_pem", at, "a merchant's"),
        ("root_bundle_pem", at, "an authority's"),
    ] {
        assert_eq!(
            keys.admit(part(name), at),
            Err(Forged::WrongSignature),
            "{why}"
        );
    }
    assert_eq!(keys.admit(b"-", at), Err(Forged::Malformed));

    let roots = Certificate::read_all(part("root_bundle_pem")).unwrap();
    let fault = |name: &str, at: i64| {
        let all = Certificate::read_all(part(name)).unwrap();
        verify_chain(&all[0], &all[1..], &roots, at).err()
    };
    let later = at + 3 * 24 * 3600;
    assert_eq!(fault("alipay_certificate_pem", at), None);
    assert_eq!(
        fault("alipay_certificate_pem", 2_400_000_000),
        Some(ChainFault::Expired)
    );
    assert_eq!(
        fault("alipay_certificate_pem", 0),
        Some(ChainFault::Expired)
    );
    assert_eq!(fault("expired_pem", at), Some(ChainFault::Expired));
    assert_eq!(
        fault("issued_by_a_leaf_pem", at),
        Some(ChainFault::NotAnAuthority)
    );
    assert_eq!(fault("sha1_signed_pem", later), Some(ChainFault::Unsigned));
    assert_eq!(
        fault("without_intermediate_pem", at),
        Some(ChainFault::NoRoot)
    );
    assert_eq!(
        fault("root_bundle_pem", at),
        Some(ChainFault::NoRoot),
        "a root does not vouch for itself"
    );
    for name in [
        "expired_pem",
        "issued_by_a_leaf_pem",
        "without_intermediate_pem",
    ] {
        assert_eq!(
            build(part(name), at).unwrap_err(),
            KeyError::Wrong,
            "{name}"
        );
    }
    bent_certificates_are_refused(part("alipay_certificate_pem"), &roots, at);
}

/// One byte of the leaf changed, anywhere: unreadable, or the chain does not hold.
fn bent_certificates_are_refused(channel: &[u8], roots: &[Certificate], at: i64) {
    let file = std::str::from_utf8(channel).unwrap();
    let leaf = file
        .split("-----BEGIN CERTIFICATE-----")
        .nth(1)
        .unwrap()
        .split("-----END")
        .next()
        .unwrap();
    let der = STANDARD
        .decode(leaf.split_whitespace().collect::<String>())
        .unwrap();
    let between = Certificate::read_all(channel).unwrap()[1..].to_vec();
    for place in 0..der.len() {
        let mut bent = der.clone();
        bent[place] ^= 4;
        if let Ok(certificate) = Certificate::read(&bent) {
            assert!(
                verify_chain(&certificate, &between, roots, at).is_err(),
                "byte {place}"
            );
        }
    }
}

fn weak(vector: &Value) {
    assert_eq!(
        PrivateKey::read(text(vector, "private_pkcs8_pem").as_bytes()).unwrap_err(),
        KeyError::Malformed
    );
    assert_eq!(
        PublicKey::read(text(vector, "public_pem").as_bytes()).unwrap_err(),
        KeyError::Malformed
    );
}

/// Every recorded exchange signed with RSA2: request and answer.
pub(crate) fn check_recorded(vectors: &Vectors) -> usize {
    let keys = vectors.keys();
    let sns = vectors.at("cert_sns");
    let number = |name: &str| {
        Certificate::read(text(keys, name).as_bytes())
            .unwrap()
            .alipay_serial()
    };
    assert_eq!(number("app_cert_pem"), text(sns, "app_cert_sn"));
    assert_eq!(
        number("alipay_gateway_cert_pem"),
        text(sns, "alipay_cert_sn")
    );
    assert_eq!(
        bundle_serial(text(keys, "alipay_root_bundle_pem").as_bytes()).unwrap(),
        text(sns, "alipay_root_cert_sn")
    );
    let ours = PrivateKey::read(text(keys, "app_private_pkcs1_b64").as_bytes()).unwrap();
    let gateway =
        PrivateKey::read(text(keys, "alipay_gateway_private_pkcs8_b64").as_bytes()).unwrap();
    let (our_public, their_public) = (ours.public().unwrap(), gateway.public().unwrap());
    assert_eq!(our_public.to_base64(), text(keys, "app_public_spki_b64"));
    let mut checked = 0;
    for vector in vectors.list() {
        let id = text(vector, "id");
        let request = text(vector, "string_to_sign").as_bytes();
        if vector["sign_type"].as_str() == Some("RSA") {
            assert!(
                our_public.verify(request, &bytes(vector, "sign")).is_err(),
                "{id}: SHA-1 must be refused"
            );
            assert!(ours.sign(request).unwrap() != bytes(vector, "sign"), "{id}");
            continue;
        }
        check_same_bytes(&ours, request, &bytes(vector, "sign"), id);
        check_signature(&our_public, request, &bytes(vector, "sign"), id);
        assert!(
            their_public
                .verify(request, &bytes(vector, "sign"))
                .is_err(),
            "{id}: another key"
        );
        if let Some(content) = vector["response_signed_content"].as_str()
            && vector["response_signature_verified"] == true
        {
            let sign = match vector["response_headers"]["alipay-signature"].as_str() {
                Some(header) => STANDARD.decode(header).unwrap(),
                None => bytes(
                    &serde_json::from_str(text(vector, "response_body")).unwrap(),
                    "sign",
                ),
            };
            check_same_bytes(&gateway, content.as_bytes(), &sign, id);
            check_signature(&their_public, content.as_bytes(), &sign, id);
        }
        checked += 1;
    }
    checked
}
