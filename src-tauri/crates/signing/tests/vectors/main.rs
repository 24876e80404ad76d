//! Vectors both ways: the same bytes from us, the genuine accepted, each altered one refused.
//! Own and recorded ones lie in `tests/fixtures`; published ones are read in place, never copied.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "tests"
)]

mod alipay;
mod files;
mod unionpay;
mod wechatpay;

use files::Vectors;
use paydesk_signing::{PrivateKey, PublicKey};

/// The genuine passes; with one bit of the text or of the signature changed, at every byte, it does not.
fn check_signature(key: &PublicKey, text: &[u8], signature: &[u8], id: &str) {
    key.verify(text, signature)
        .unwrap_or_else(|fault| panic!("{id}: the genuine one is refused: {fault}"));
    for at in 0..text.len() {
        let mut bent = text.to_vec();
        bent[at] ^= 1 << (at % 8);
        assert!(
            key.verify(&bent, signature).is_err(),
            "{id}: text changed at {at} is accepted"
        );
    }
    for at in 0..signature.len() {
        let mut bent = signature.to_vec();
        bent[at] ^= 1 << (at % 8);
        assert!(
            key.verify(text, &bent).is_err(),
            "{id}: signature changed at {at} is accepted"
        );
    }
    assert!(
        key.verify(text, b"").is_err(),
        "{id}: no signature is accepted"
    );
    assert!(
        key.verify(text, &signature[..signature.len() - 1]).is_err(),
        "{id}: a cut signature is accepted"
    );
}

/// We sign to the same bytes.
fn check_same_bytes(key: &PrivateKey, text: &[u8], signature: &[u8], id: &str) {
    assert!(
        key.sign(text).unwrap() == signature,
        "{id}: we sign to other bytes"
    );
}

#[test]
fn alipay_own() {
    assert_eq!(
        alipay::check(&Vectors::fixture("own_vectors/alipay_own.json")),
        9
    );
}

#[test]
fn alipay_published() {
    if let Some(vectors) = Vectors::published("alipay_published.json") {
        assert_eq!(alipay::check(&vectors), 9, "checked vectors");
    }
}

#[test]
fn alipay_recorded() {
    // Of 20, the two signed with SHA-1 are refused by design.
    assert_eq!(
        alipay::check_recorded(&Vectors::fixture("vectors/alipay_sdk_recorded.json")),
        18
    );
}

#[test]
fn alipay_recorded_here() {
    assert_eq!(
        alipay::check_recorded(&Vectors::fixture("vectors/alipay_recorded_here.json")),
        8
    );
}

#[test]
fn wechatpay_recorded_here() {
    assert_eq!(
        wechatpay::check_recorded(&Vectors::fixture("vectors/wechatpay_recorded_here.json")),
        6
    );
}

#[test]
fn wechatpay_own() {
    assert_eq!(
        wechatpay::check(&Vectors::fixture("own_vectors/wechatpay_own.json")),
        10
    );
}

#[test]
fn wechatpay_published() {
    if let Some(vectors) = Vectors::published("wechatpay_published.json") {
        assert_eq!(wechatpay::check(&vectors), 16, "checked vectors");
    }
}

#[test]
fn wechatpay_recorded() {
    assert_eq!(
        wechatpay::check_recorded(&Vectors::fixture("vectors/wechatpay_sdk_recorded.json")),
        18
    );
}

#[test]
fn unionpay_own() {
    assert_eq!(
        unionpay::check_own(&Vectors::fixture("own_vectors/unionpay_own.json")),
        (3, 3)
    );
}

#[test]
fn unionpay_published() {
    let published = Vectors::published("unionpay_published.json");
    let own = Vectors::published("unionpay_own.json");
    if let (Some(published), Some(own)) = (published, own) {
        assert_eq!(unionpay::check_published(&published, &own), (8, 2));
    }
}
