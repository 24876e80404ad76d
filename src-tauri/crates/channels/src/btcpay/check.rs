//! What is wrong with a BTCPay Server account's fields.

use super::{
    envelope::{authority, trimmed},
    request::names,
};
use crate::{FieldCheck, field_check::Checks};
use paydesk_domain::Timestamp;
use std::collections::BTreeMap;

/// The longest address.
const ADDRESS_BYTES_MAX: usize = 256;

/// An address over TLS: an onion service too, where its proxy speaks TLS. Plain `http` proves nobody.
fn is_address(value: &str) -> bool {
    let is_plain = value.len() <= ADDRESS_BYTES_MAX
        && value.bytes().all(|byte| byte.is_ascii_graphic())
        && !value.contains(['?', '#']);
    is_plain && authority(trimmed(value)).is_some() && !value.ends_with("/api/v1")
}

fn is_store(value: &str) -> bool {
    (20..=64).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_token(value: &str) -> bool {
    (20..=128).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_secret(value: &str) -> bool {
    (8..=256).contains(&value.len()) && !value.chars().any(char::is_control)
}

/// `BTC-CHAIN,BTC-LN`: a coin and a way, as many as are wanted.
fn are_methods(value: &str) -> bool {
    let names = names(value);
    let is_name = |name: &&str| {
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
        name.len() <= 32 && name.contains('-') && name.bytes().all(plain)
    };
    (1..=8).contains(&names.len()) && names.iter().all(is_name)
}

fn is_policy(value: &str) -> bool {
    matches!(
        value,
        "HighSpeed" | "LowMediumSpeed" | "LowSpeed" | "MediumSpeed"
    )
}

pub(super) fn fields(fields: &BTreeMap<String, String>, now: Timestamp) -> Vec<FieldCheck> {
    let mut checks = Checks::new(fields, now);
    checks.plain("base_url", true, is_address);
    checks.plain("store_id", true, is_store);
    checks.plain("api_key", true, is_token);
    // Empty is no secret: everybody could tag a webhook with it.
    checks.plain("webhook_secret", false, is_secret);
    checks.plain("payment_methods", false, are_methods);
    checks.plain("payout_methods", false, are_methods);
    checks.plain("speed_policy", false, is_policy);
    checks.done()
}
