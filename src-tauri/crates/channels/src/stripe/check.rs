//! What is wrong with a Stripe account's fields.

use crate::{FieldCheck, FieldProblem, field_check::Checks};
use paydesk_domain::Timestamp;
use std::collections::BTreeMap;

/// The longest key or secret that is plausible.
const SECRET_BYTES_MAX: usize = 255;
/// The longest `success_url`.
const ADDRESS_BYTES_MAX: usize = 2048;
/// What keys begin with: secret and restricted, for trying out and for real money.
const KEYS: [&str; 4] = ["sk_test_", "rk_test_", "sk_live_", "rk_live_"];

fn is_word(rest: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !rest.is_empty() && rest.len() <= SECRET_BYTES_MAX && rest.bytes().all(plain)
}

/// A secret or restricted key; a publishable one (`pk_`) can charge nobody.
pub(super) fn is_key(value: &str) -> bool {
    let rest = KEYS.iter().find_map(|start| value.strip_prefix(start));
    rest.is_some_and(is_word)
}

/// The signing secret of a notice endpoint, with its `whsec_`, which belongs to it.
pub(super) fn is_notice_secret(value: &str) -> bool {
    value.strip_prefix("whsec_").is_some_and(is_word)
}

fn is_account(value: &str) -> bool {
    value.strip_prefix("acct_").is_some_and(is_word)
}

fn is_reader(value: &str) -> bool {
    super::known::id(value, "tmr_").is_some()
}

fn is_address(value: &str) -> bool {
    value.starts_with("https://")
        && value.len() <= ADDRESS_BYTES_MAX
        && value.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether a key moves money that is none.
fn is_trial(key: &str) -> bool {
    key.starts_with("sk_test_") || key.starts_with("rk_test_")
}

pub(super) fn fields(
    fields: &BTreeMap<String, String>,
    sandbox: bool,
    now: Timestamp,
) -> Vec<FieldCheck> {
    let mut checks = Checks::new(fields, now);
    checks.plain("account", true, is_account);
    checks.plain("secret_key", true, is_key);
    if checks.given("secret_key").is_some_and(|key| is_trial(key) != sandbox) {
        checks.refuse("secret_key", FieldProblem::OtherMode);
    }
    checks.plain("webhook_secret", false, is_notice_secret);
    checks.plain("reader", false, is_reader);
    checks.plain("success_url", false, is_address);
    checks.done()
}
