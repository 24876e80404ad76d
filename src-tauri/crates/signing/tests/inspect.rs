//! Pasted keys: what each is said to be, the form it is kept in, and that nothing of it is shown.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_signing::{
    Certificate, Encoding, InspectError, KeyForm, MaterialKind, PrivateKey, PublicKey, inspect,
};
use proptest::prelude::*;
use rsa::{
    RsaPrivateKey,
    pkcs1::{EncodeRsaPrivateKey as _, EncodeRsaPublicKey as _},
    pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, LineEnding},
};
use std::{path::PathBuf, sync::OnceLock};

fn key() -> &'static RsaPrivateKey {
    static KEY: OnceLock<RsaPrivateKey> = OnceLock::new();
    KEY.get_or_init(|| RsaPrivateKey::new(&mut rand::rngs::OsRng, 2048).unwrap())
}

fn recorded(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../tests/fixtures/vectors/wechatpay_sdk_recorded.json");
    let all: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    all["keys"][name].as_str().unwrap().to_owned()
}

#[test]
fn every_way_to_write_a_private_key_is_one_key() {
    let pkcs8 = key().to_pkcs8_der().unwrap();
    let pkcs1 = key().to_pkcs1_der().unwrap();
    let expected = key().to_pkcs8_pem(LineEnding::LF).unwrap();
    let wrapped = STANDARD.encode(pkcs1.as_bytes()).replace("AAA", "AAA\r\n ");
    for (bytes, encoding, form) in [
        (pkcs8.as_bytes().to_vec(), Encoding::Der, KeyForm::Pkcs8),
        (pkcs1.as_bytes().to_vec(), Encoding::Der, KeyForm::Pkcs1),
        (expected.as_bytes().to_vec(), Encoding::Pem, KeyForm::Pkcs8),
        (
            key()
                .to_pkcs1_pem(LineEnding::CRLF)
                .unwrap()
                .as_bytes()
                .to_vec(),
            Encoding::Pem,
            KeyForm::Pkcs1,
        ),
        (
            STANDARD.encode(pkcs8.as_bytes()).into_bytes(),
            Encoding::Base64,
            KeyForm::Pkcs8,
        ),
        (wrapped.into_bytes(), Encoding::Base64, KeyForm::Pkcs1),
    ] {
        let found = inspect(&bytes).unwrap();
        assert_eq!(
            (found.kind, found.encoding, found.form, found.bits),
            (MaterialKind::PrivateKey, encoding, form, 2048)
        );
        assert_eq!(found.normalised().expose().as_str(), expected.as_str());
        assert_eq!(
            found.fingerprint,
            PrivateKey::read(&bytes)
                .unwrap()
                .public()
                .unwrap()
                .fingerprint()
        );
        let shown = format!("{found:?}");
        let secret = STANDARD.encode(pkcs8.as_bytes());
        assert!(
            !shown.contains(&secret[40..60]) && !shown.contains("BEGIN"),
            "{shown}"
        );
    }
}

#[test]
fn public_keys_and_certificates_are_told_apart() {
    let public = key().to_public_key();
    let spki = public.to_public_key_der().unwrap();
    for (bytes, form) in [
        (spki.as_bytes().to_vec(), KeyForm::Spki),
        (
            public.to_pkcs1_der().unwrap().as_bytes().to_vec(),
            KeyForm::Pkcs1,
        ),
        (STANDARD.encode(spki.as_bytes()).into_bytes(), KeyForm::Spki),
    ] {
        let found = inspect(&bytes).unwrap();
        assert_eq!((found.kind, found.form), (MaterialKind::PublicKey, form));
        assert_eq!(
            found.fingerprint,
            PublicKey::read(&bytes).unwrap().fingerprint()
        );
        assert!(
            found
                .normalised()
                .expose()
                .starts_with("-----BEGIN PUBLIC KEY-----")
        );
    }
    let pem = recorded("merchant_cert_pem");
    let bare: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    for (text, encoding) in [(pem.clone(), Encoding::Pem), (bare, Encoding::Base64)] {
        let found = inspect(text.as_bytes()).unwrap();
        assert_eq!(
            (found.kind, found.form, found.encoding),
            (MaterialKind::Certificate, KeyForm::X509, encoding)
        );
        let facts = found.certificate().unwrap();
        assert_eq!(facts.serial, "0A1B2C3D4E5F60718293A4B5C6D7E8F901020304");
        assert_eq!(facts.common_name, "1900000001");
        assert_eq!(facts.valid_from, 1_704_067_200);
        let kept = Certificate::read(found.normalised().expose().as_bytes()).unwrap();
        assert_eq!(kept, Certificate::read(pem.as_bytes()).unwrap());
        let private = inspect(recorded("merchant_private_pkcs8_pem").as_bytes()).unwrap();
        assert_eq!(private.fingerprint, found.fingerprint);
    }
    let both = pem + &recorded("platform_cert_pem");
    assert_eq!(inspect(both.as_bytes()).unwrap().certificates.len(), 2);
}

#[test]
fn what_cannot_be_used_says_why() {
    let short = RsaPrivateKey::new(&mut rand::rngs::OsRng, 1024).unwrap();
    let short_public = short.to_public_key().to_public_key_der().unwrap();
    // An EC key of the NIST curve P-256, made for this test.
    let ec_public = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==";
    for (bytes, expected) in [
        (b"".to_vec(), InspectError::Empty),
        (b" \n\t".to_vec(), InspectError::Empty),
        (b"hello".to_vec(), InspectError::NotAKey),
        (b"MIIB".to_vec(), InspectError::NotAKey),
        (
            b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----".to_vec(),
            InspectError::Encrypted,
        ),
        (
            b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----".to_vec(),
            InspectError::Encrypted,
        ),
        (
            b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----".to_vec(),
            InspectError::Request,
        ),
        (ec_public.as_bytes().to_vec(), InspectError::NotRsa),
        (
            short.to_pkcs8_der().unwrap().as_bytes().to_vec(),
            InspectError::TooShort { bits: 1024 },
        ),
        (
            short_public.as_bytes().to_vec(),
            InspectError::TooShort { bits: 1024 },
        ),
    ] {
        assert_eq!(inspect(&bytes).unwrap_err(), expected);
    }
}

proptest! {
    #[test]
    fn foreign_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), der in any::<bool>()) {
        let mut bytes = bytes;
        if der {
            bytes.splice(0..0, [0x30, 0x82, 0x01]);
        }
        prop_assert!(inspect(&bytes).is_err());
    }
}
