//! Key files: what they are, what is refused, and that no bytes make a reader panic.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use paydesk_signing::{
    AccountKeys, Certificate, KeyError, Keys, MaterialKind, PrivateKey, PublicKey, Secret,
    generate_private_key, recognise,
};
use proptest::prelude::*;
use rsa::{pkcs1v15, pkcs8::DecodePrivateKey, signature::Verifier};

#[test]
fn a_generated_key_signs_what_another_library_accepts() {
    let mut random = rand::rngs::OsRng;
    assert_eq!(
        generate_private_key(&mut random, 1024).unwrap_err(),
        KeyError::Malformed
    );
    let pem = generate_private_key(&mut random, 2048).unwrap();
    assert_eq!(
        recognise(pem.expose().as_bytes()),
        Ok(MaterialKind::PrivateKey)
    );
    let signature = PrivateKey::read(pem.expose().as_bytes())
        .unwrap()
        .sign(b"a=1")
        .unwrap();
    let other = rsa::RsaPrivateKey::from_pkcs8_pem(pem.expose()).unwrap();
    let verifier = pkcs1v15::VerifyingKey::<rsa::sha2::Sha256>::new(other.to_public_key());
    let signature = pkcs1v15::Signature::try_from(signature.as_slice()).unwrap();
    assert!(verifier.verify(b"a=1", &signature).is_ok());
    assert!(verifier.verify(b"a=2", &signature).is_err());
}

#[test]
fn what_is_no_key_is_refused() {
    for text in [
        "",
        " ",
        "hello",
        "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMIIB",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN A-----\nAAAA\n-----END B-----",
        "\u{feff}MIIB",
    ] {
        assert_eq!(
            PrivateKey::read(text.as_bytes()).unwrap_err(),
            KeyError::Malformed,
            "{text}"
        );
        assert_eq!(
            PublicKey::read(text.as_bytes()).unwrap_err(),
            KeyError::Malformed,
            "{text}"
        );
        assert!(Certificate::read(text.as_bytes()).is_err(), "{text}");
        assert!(recognise(text.as_bytes()).is_err(), "{text}");
    }
    assert!(PrivateKey::read(&vec![b'A'; 1024 * 1024]).is_err());
}

#[test]
fn an_ability_that_was_not_given_is_missing() {
    let keys = AccountKeys::builder().build();
    assert_eq!(keys.sign(b"").unwrap_err(), KeyError::Missing);
    assert_eq!(keys.open(b"", b"", b"").unwrap_err(), KeyError::Missing);
    assert_eq!(keys.seal_field("").unwrap_err(), KeyError::Missing);
    assert_eq!(keys.signing_id().unwrap_err(), KeyError::Missing);
    assert_eq!(keys.root_id().unwrap_err(), KeyError::Missing);
    assert_eq!(keys.peer_id(), None);
    let mut headers = Vec::new();
    assert_eq!(keys.authorize(&mut headers).unwrap_err(), KeyError::Missing);
    let bearer = AccountKeys::builder()
        .bearer(Secret::new("token".to_owned()))
        .mac_secret(b"s")
        .unwrap()
        .build();
    bearer.authorize(&mut headers).unwrap();
    assert_eq!(
        headers,
        [("Authorization".to_owned(), "Bearer token".to_owned())]
    );
    assert_eq!(bearer.mac(b"x").unwrap().len(), 32);
    let other = AccountKeys::builder().token("token", Secret::new("1a2b".to_owned()));
    let mut headers = Vec::new();
    other.build().authorize(&mut headers).unwrap();
    assert_eq!(
        headers,
        [("Authorization".to_owned(), "token 1a2b".to_owned())]
    );
    assert!(AccountKeys::builder().mac_secret(b"").is_err());
    assert_eq!(
        format!("{:?}", Secret::new("token".to_owned())),
        "<redacted>"
    );
    assert!(!format!("{bearer:?}").contains("token"));
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), der in any::<bool>()) {
        let mut bytes = bytes;
        if der {
            bytes.splice(0..0, [0x30, 0x82, 0x01]);
        }
        prop_assert!(PrivateKey::read(&bytes).is_err());
        prop_assert!(PublicKey::read(&bytes).is_err());
        prop_assert!(Certificate::read(&bytes).is_err());
    }
}
