//! What is wrong with a WeChat Pay account's fields: public-key mode, platform certificates, or both.

use crate::{
    FieldCheck, FieldProblem,
    field_check::{Checks, digits},
};
use paydesk_domain::Timestamp;
use paydesk_signing::MaterialKind;
use std::collections::BTreeMap;

/// The APIv3 key.
const APIV3_KEY_BYTES: usize = 32;
/// Names of public keys begin so.
const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_";
/// `store_id` and `store_out_id` in bytes.
const PLACE_BYTES_MAX: usize = 256;
/// A notify address in bytes.
const NOTIFY_BYTES_MAX: usize = 255;

fn is_serial(value: &str) -> bool {
    (8..=40).contains(&value.len())
        && value
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte))
}

fn is_plain(value: &str) -> bool {
    value.len() <= 32 && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_public_key_id(value: &str) -> bool {
    value
        .strip_prefix(PUBLIC_KEY_ID)
        .is_some_and(|number| digits(number, 1..=64))
}

fn is_place(value: &str) -> bool {
    value.len() <= PLACE_BYTES_MAX && !value.chars().any(char::is_control)
}

fn is_notify_url(value: &str) -> bool {
    let rest = value.strip_prefix("https://").unwrap_or_default();
    value.len() <= NOTIFY_BYTES_MAX
        && !rest.is_empty()
        && value.bytes().all(|byte| byte.is_ascii_graphic())
        && !value.contains(['?', '#'])
}

pub(super) fn fields(fields: &BTreeMap<String, String>, now: Timestamp) -> Vec<FieldCheck> {
    let mut checks = Checks::new(fields, now);
    checks.plain("appid", true, is_plain);
    checks.plain("mchid", true, |value| digits(value, 8..=32));
    checks.plain("merchant_serial", true, is_serial);
    checks.key("private_key", MaterialKind::PrivateKey, true);
    checks.key("merchant_certificate", MaterialKind::Certificate, false);
    merchant_certificate(&mut checks);
    let by_certificates = checks.given("platform_certificates").is_some();
    checks.plain("apiv3_key", by_certificates, |value| {
        value.len() == APIV3_KEY_BYTES && value.is_ascii()
    });
    // One of both must be there; the content key alone is enough to fetch the certificates with.
    let named = checks.given("public_key").is_some();
    let needed = named || checks.given("apiv3_key").is_none();
    checks.plain("public_key_id", needed, is_public_key_id);
    let named = checks.given("public_key_id").is_some();
    checks.key("public_key", MaterialKind::PublicKey, named);
    checks.certificates("platform_certificates");
    for theirs in ["public_key", "platform_certificates"] {
        if checks.same_key(theirs, "private_key") == Some(true) {
            checks.refuse(theirs, FieldProblem::OwnKey);
        }
    }
    platform_certificates(&mut checks);
    checks.plain("store_id", false, is_place);
    checks.plain("store_out_id", false, is_place);
    checks.plain("notify_url", false, is_notify_url);
    checks.done()
}

/// The merchant's certificate names its merchant, its serial, and its key.
fn merchant_certificate(checks: &mut Checks<'_>) {
    if checks.same_key("merchant_certificate", "private_key") == Some(false) {
        checks.refuse("merchant_certificate", FieldProblem::WrongPair);
    }
    let Some(facts) = checks.certificate("merchant_certificate") else {
        return;
    };
    let (owner, serial) = (facts.common_name.clone(), facts.serial.clone());
    let is_other = |mchid: &str| digits(mchid, 8..=32) && mchid != owner;
    if digits(&owner, 8..=32) && checks.given("mchid").is_some_and(is_other) {
        checks.refuse(
            "merchant_certificate",
            FieldProblem::ForeignCertificate { owner },
        );
    }
    let other = |said: &str| !said.eq_ignore_ascii_case(&serial);
    if checks.given("merchant_serial").is_some_and(other) {
        checks.refuse(
            "merchant_serial",
            FieldProblem::UnknownSerial { found: serial },
        );
    }
}

/// The serial of a platform certificate in place of the merchant's is a common mix-up, and so is the
/// merchant's certificate in place of the platform's.
fn platform_certificates(checks: &mut Checks<'_>) {
    let Some(facts) = checks.certificate("platform_certificates") else {
        return;
    };
    let (owner, serial) = (facts.common_name.clone(), facts.serial.clone());
    if checks.given("merchant_serial") == Some(serial.as_str()) {
        checks.refuse("merchant_serial", FieldProblem::PeerSerial);
    }
    if digits(&owner, 8..=32) {
        checks.refuse(
            "platform_certificates",
            FieldProblem::ForeignCertificate { owner },
        );
    }
}
