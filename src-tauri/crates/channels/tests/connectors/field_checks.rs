//! An account's fields before anything is sent: the green case, and every red line.

use crate::shop::NOW;
use paydesk_channels::{FieldCheck, FieldNote, FieldProblem, all, by_id};
use paydesk_domain::Timestamp;
use rsa::{
    RsaPrivateKey,
    pkcs1::EncodeRsaPrivateKey as _,
    pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding},
};
use serde_json::Value;
use std::{collections::BTreeMap, path::PathBuf, sync::OnceLock};

type Fields = BTreeMap<String, String>;

fn fixture(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../tests/fixtures")
        .join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn recorded(channel: &str, name: &str) -> String {
    let all = fixture(&format!("vectors/{channel}_sdk_recorded.json"));
    all["keys"][name].as_str().unwrap().to_owned()
}

fn own(name: &str) -> String {
    let all = fixture("own_vectors/alipay_own.json");
    let vectors = all["vectors"].as_array().unwrap();
    let chain = vectors.iter().find(|vector| vector["id"] == "own-chain");
    chain.unwrap()[name].as_str().unwrap().to_owned()
}

/// A key that belongs to nobody here.
fn stranger() -> &'static RsaPrivateKey {
    static KEY: OnceLock<RsaPrivateKey> = OnceLock::new();
    KEY.get_or_init(|| RsaPrivateKey::new(&mut rand::rngs::OsRng, 2048).unwrap())
}

fn private() -> String {
    stranger().to_pkcs8_pem(LineEnding::LF).unwrap().to_string()
}

fn public() -> String {
    let key = stranger().to_public_key();
    key.to_public_key_pem(LineEnding::LF).unwrap()
}

fn fields(pairs: &[(&str, String)]) -> Fields {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

fn alipay() -> Fields {
    fields(&[
        ("app_id", "2021000000000001".into()),
        ("private_key", recorded("alipay", "app_private_pkcs8_b64")),
        ("app_public_key", recorded("alipay", "app_public_spki_b64")),
        (
            "alipay_public_key",
            recorded("alipay", "alipay_gateway_public_spki_b64"),
        ),
        ("aes_key", "aYA0GP8JEW+D7/UFaskCWA==".into()),
        ("seller_id", "2088000000000001".into()),
    ])
}

fn alipay_certificates() -> Fields {
    fields(&[
        ("app_id", "2021000000000001".into()),
        ("private_key", own("app_private_pkcs8_pem")),
        ("app_cert", own("app_certificate_pem")),
        ("alipay_cert", own("alipay_certificate_pem")),
        ("alipay_root_cert", own("root_bundle_pem")),
    ])
}

fn wechatpay() -> Fields {
    let key = |name: &str| recorded("wechatpay", name);
    fields(&[
        ("appid", "wxd678efh567hg6787".into()),
        ("mchid", "1900000001".into()),
        ("merchant_serial", key("merchant_serial")),
        ("private_key", key("merchant_private_pkcs8_pem")),
        ("merchant_certificate", key("merchant_cert_pem")),
        ("apiv3_key", key("apiv3_key")),
        ("public_key_id", key("public_key_id")),
        ("public_key", key("platform_public_pem")),
        ("platform_certificates", key("platform_cert_pem")),
        ("notify_url", "https://shop.example/notify".into()),
    ])
}

fn check(channel: &str, fields: &Fields, at: Timestamp) -> Vec<FieldCheck> {
    by_id(channel).unwrap().check_fields(fields, false, at)
}

/// The moment at which the own chain is valid.
fn chain_time() -> Timestamp {
    let all = fixture("own_vectors/alipay_own.json");
    let vectors = all["vectors"].as_array().unwrap();
    let chain = vectors.iter().find(|vector| vector["id"] == "own-chain");
    Timestamp(chain.unwrap()["at"].as_i64().unwrap() * 1000)
}

fn red(lines: &[FieldCheck]) -> Vec<(&'static str, &'static str)> {
    lines
        .iter()
        .filter_map(|line| Some((line.field, line.problem.as_ref()?.text())))
        .collect()
}

/// One field changed; nothing at all is red but what is expected.
fn turns(channel: &str, genuine: &Fields, at: Timestamp, field: &str, value: &str, text: &str) {
    let mut changed = genuine.clone();
    changed.insert(field.to_owned(), value.to_owned());
    let lines = check(channel, &changed, at);
    assert_eq!(red(&lines), [(field, text)], "{channel} {field}");
    // Nothing of a key is shown.
    let shown = format!("{lines:?}");
    for secret in changed.values().filter(|value| value.len() > 200) {
        let middle = &secret[secret.len() / 2..secret.len() / 2 + 30];
        assert!(!shown.contains(middle), "{field}");
    }
}

#[test]
fn a_whole_account_is_green_on_every_line() {
    for (channel, fields, at) in [
        ("alipay", alipay(), NOW),
        ("alipay", alipay_certificates(), chain_time()),
        ("wechatpay", wechatpay(), NOW),
    ] {
        let lines = check(channel, &fields, at);
        assert_eq!(red(&lines), [], "{channel}");
        let named: Vec<&str> = lines.iter().map(|line| line.field).collect();
        for field in fields.keys() {
            assert!(named.contains(&field.as_str()), "{channel} {field}");
        }
    }
}

#[test]
fn every_line_is_a_field_of_the_profile() {
    for channel in all() {
        let profile = channel.profile();
        let filled: Fields = profile
            .fields
            .iter()
            .map(|field| (field.name.to_owned(), "?\n?".to_owned()))
            .collect();
        for line in channel.check_fields(&filled, false, NOW) {
            assert!(profile.fields.iter().any(|field| field.name == line.field));
            assert!(
                line.problem.is_some() || line.field.starts_with("store"),
                "{}",
                line.field
            );
        }
        let lines = channel.check_fields(&Fields::new(), false, NOW);
        let missing: Vec<&str> = red(&lines).iter().map(|(field, _)| *field).collect();
        for field in profile.fields.iter().filter(|field| !field.optional) {
            assert!(missing.contains(&field.name), "{}", field.name);
        }
        assert!(red(&lines).iter().all(|(_, text)| *text == "check_missing"));
    }
}

#[test]
fn a_wrong_pair_is_named() {
    let case = |field, value: &str, text| turns("alipay", &alipay(), NOW, field, value, text);
    case("app_public_key", &public(), "check_wrong_pair");
    // Our own public key where Alipay's is asked for: the commonest mix-up.
    let ours = recorded("alipay", "app_public_spki_b64");
    case("alipay_public_key", &ours, "check_own_key");
    let mut other = alipay_certificates();
    other.insert("private_key".into(), private());
    assert_eq!(
        red(&check("alipay", &other, chain_time())),
        [("app_cert", "check_wrong_pair")]
    );
    let mut other = wechatpay();
    other.insert("private_key".into(), private());
    assert_eq!(
        red(&check("wechatpay", &other, NOW)),
        [("merchant_certificate", "check_wrong_pair")]
    );
}

#[test]
fn a_foreign_certificate_is_named_with_its_owner() {
    let mut fields = fields(&[
        ("app_id", "2021000000000002".into()),
        ("private_key", recorded("alipay", "app_private_pkcs8_b64")),
        ("app_cert", recorded("alipay", "app_cert_pem")),
        ("alipay_cert", recorded("alipay", "alipay_gateway_cert_pem")),
        (
            "alipay_root_cert",
            recorded("alipay", "alipay_root_bundle_pem"),
        ),
    ]);
    let lines = check("alipay", &fields, NOW);
    let line = lines.iter().find(|line| line.field == "app_cert").unwrap();
    let owner = "2088000000000001-2021000000000001".to_owned();
    assert_eq!(
        line.problem,
        Some(FieldProblem::ForeignCertificate { owner })
    );
    fields.insert("app_id".into(), "2021000000000001".into());
    let of = |fields: &Fields| {
        let lines = check("alipay", fields, NOW);
        red(&lines)
            .into_iter()
            .find(|(field, _)| *field == "app_cert")
    };
    assert_eq!(of(&fields), None);
    fields.insert("seller_id".into(), "2088000000000009".into());
    assert_eq!(of(&fields), Some(("app_cert", "check_foreign_certificate")));

    let case = |field, value: &str, text| turns("wechatpay", &wechatpay(), NOW, field, value, text);
    let ours = recorded("wechatpay", "merchant_cert_pem");
    case("platform_certificates", &ours, "check_own_key");
    let mut other = wechatpay();
    other.insert("mchid".into(), "1900000002".into());
    assert_eq!(
        red(&check("wechatpay", &other, NOW)),
        [("merchant_certificate", "check_foreign_certificate")]
    );
}

#[test]
fn a_serial_that_is_not_the_certificates_is_named() {
    let case = |value: &str, text| {
        turns(
            "wechatpay",
            &wechatpay(),
            NOW,
            "merchant_serial",
            value,
            text,
        )
    };
    case(
        "0A1B2C3D4E5F60718293A4B5C6D7E8F901020305",
        "check_unknown_serial",
    );
    case("not a serial", "check_form");
    let mut without = wechatpay();
    without.remove("merchant_certificate");
    let theirs = recorded("wechatpay", "platform_serial");
    turns(
        "wechatpay",
        &without,
        NOW,
        "merchant_serial",
        &theirs,
        "check_peer_serial",
    );
    turns(
        "wechatpay",
        &wechatpay(),
        NOW,
        "public_key_id",
        &theirs,
        "check_form",
    );
}

#[test]
fn an_expired_certificate_is_named_with_its_day() {
    let late = Timestamp(2_400_000_000_000);
    let lines = check("wechatpay", &wechatpay(), late);
    assert_eq!(
        red(&lines),
        [
            ("merchant_certificate", "check_expired"),
            ("platform_certificates", "check_expired"),
        ]
    );
    // 2044-01-01 00:00:00 UTC.
    let at = Timestamp(2_335_219_200_000);
    assert_eq!(lines[4].problem, Some(FieldProblem::Expired { at }));
    let early = check("wechatpay", &wechatpay(), Timestamp(0));
    assert!(red(&early).contains(&("merchant_certificate", "check_not_yet_valid")));
    let soon = Timestamp(at.0 - 86_400_000);
    let lines = check("wechatpay", &wechatpay(), soon);
    assert_eq!(red(&lines), []);
    assert!(lines[4].notes.contains(&FieldNote::ExpiresSoon { at }));
    let mut expired = alipay_certificates();
    expired.insert("alipay_cert".into(), own("expired_pem"));
    let lines = red(&check("alipay", &expired, chain_time()));
    assert!(
        lines == [("alipay_cert", "check_expired")]
            || lines == [("alipay_cert", "check_chain_expired")],
        "{lines:?}"
    );
}

#[test]
fn a_chain_that_does_not_hold_is_named() {
    // One of them begins a few hours after the others.
    let at = Timestamp(chain_time().0 + 86_400_000);
    for name in [
        "issued_by_a_leaf_pem",
        "sha1_signed_pem",
        "without_intermediate_pem",
    ] {
        turns(
            "alipay",
            &alipay_certificates(),
            at,
            "alipay_cert",
            &own(name),
            "check_chain",
        );
    }
    let mut other = alipay_certificates();
    other.insert(
        "alipay_root_cert".into(),
        recorded("wechatpay", "platform_cert_pem"),
    );
    assert_eq!(
        red(&check("alipay", &other, chain_time())),
        [("alipay_cert", "check_chain")]
    );
}

#[test]
fn an_older_form_is_converted_and_said() {
    let pem = recorded("wechatpay", "merchant_private_pkcs8_pem");
    let key = RsaPrivateKey::from_pkcs8_pem(&pem).unwrap();
    let mut fields = wechatpay();
    let older = key.to_pkcs1_pem(LineEnding::LF).unwrap().to_string();
    fields.insert("private_key".into(), older);
    let lines = check("wechatpay", &fields, NOW);
    assert_eq!(red(&lines), []);
    let line = lines
        .iter()
        .find(|line| line.field == "private_key")
        .unwrap();
    assert_eq!(line.notes, [FieldNote::ConvertedFromPkcs1]);
    let seen = line.seen.as_ref().unwrap();
    assert!(
        seen.normalised()
            .expose()
            .starts_with("-----BEGIN PRIVATE KEY-----")
    );
    let lines = check("alipay", &alipay(), NOW);
    assert_eq!(lines[1].notes, [FieldNote::ConvertedToPem]);
}

#[test]
fn keys_in_the_wrong_place_are_named() {
    let alipay_case =
        |field, value: &str, text| turns("alipay", &alipay(), NOW, field, value, text);
    alipay_case("private_key", &public(), "check_public_where_private");
    alipay_case(
        "private_key",
        &recorded("wechatpay", "merchant_cert_pem"),
        "check_certificate_where_private",
    );
    alipay_case(
        "alipay_public_key",
        &private(),
        "check_private_where_public",
    );
    alipay_case(
        "alipay_public_key",
        &recorded("wechatpay", "platform_cert_pem"),
        "check_certificate_where_public",
    );
    alipay_case("alipay_public_key", "hello", "check_not_a_key");
    alipay_case(
        "private_key",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----",
        "check_encrypted",
    );
    alipay_case("app_id", "2021", "check_form");
    alipay_case("aes_key", "AAAA", "check_form");
    alipay_case("seller_id", "20210000", "check_form");
    let wechat_case =
        |field, value: &str, text| turns("wechatpay", &wechatpay(), NOW, field, value, text);
    wechat_case(
        "platform_certificates",
        &public(),
        "check_key_where_certificate",
    );
    wechat_case("apiv3_key", "short", "check_form");
    wechat_case("mchid", "19x", "check_form");
    wechat_case("notify_url", "http://shop.example/notify", "check_form");
    wechat_case(
        "notify_url",
        "https://shop.example/notify?a=1",
        "check_form",
    );
}

#[test]
fn each_mode_asks_for_what_it_needs() {
    let mut fields = alipay();
    fields.remove("alipay_public_key");
    assert_eq!(
        red(&check("alipay", &fields, NOW)),
        [("alipay_public_key", "check_missing")]
    );
    let mut both = alipay_certificates();
    both.insert("alipay_public_key".into(), public());
    both.remove("app_cert");
    let lines = check("alipay", &both, chain_time());
    assert_eq!(red(&lines), [("app_cert", "check_missing")]);
    let unused = lines.iter().find(|line| line.field == "alipay_public_key");
    assert!(unused.unwrap().notes.contains(&FieldNote::NotUsed));
    let mut fields = wechatpay();
    for field in [
        "apiv3_key",
        "public_key_id",
        "public_key",
        "platform_certificates",
    ] {
        fields.remove(field);
    }
    assert_eq!(
        red(&check("wechatpay", &fields, NOW)),
        [("public_key_id", "check_missing")]
    );
    fields.insert("apiv3_key".into(), recorded("wechatpay", "apiv3_key"));
    assert_eq!(red(&check("wechatpay", &fields, NOW)), []);
    fields.insert(
        "public_key_id".into(),
        recorded("wechatpay", "public_key_id"),
    );
    assert_eq!(
        red(&check("wechatpay", &fields, NOW)),
        [("public_key", "check_missing")]
    );
}
