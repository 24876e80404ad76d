//! What is wrong with a UnionPay account's fields.

use super::request::URL_BYTES_MAX;
use crate::{
    FieldCheck, FieldProblem,
    field_check::{Checks, digits},
};
use paydesk_domain::Timestamp;
use paydesk_signing::{Certificate, MaterialKind, verify_pinned_chain};
use std::collections::BTreeMap;

const TERMINAL_CHARS: usize = 8;

fn is_address(value: &str) -> bool {
    let is_web = value.starts_with("https://") || value.starts_with("http://");
    is_web && value.len() <= URL_BYTES_MAX && value.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_terminal(value: &str) -> bool {
    value.len() == TERMINAL_CHARS && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

pub(super) fn fields(fields: &BTreeMap<String, String>, now: Timestamp) -> Vec<FieldCheck> {
    let mut checks = Checks::new(fields, now);
    checks.plain("merId", true, |value| digits(value, 15..=15));
    checks.key("private_key", MaterialKind::PrivateKey, true);
    for field in ["sign_cert", "middle_cert", "root_cert"] {
        checks.key(field, MaterialKind::Certificate, true);
    }
    if checks.same_key("sign_cert", "private_key") == Some(false) {
        checks.refuse("sign_cert", FieldProblem::WrongPair);
    }
    if checks.same_key("middle_cert", "private_key") == Some(true) {
        checks.refuse("middle_cert", FieldProblem::OwnKey);
    }
    chain(&mut checks);
    // Without them no payment goes out, although nobody need listen at the address.
    checks.plain("backUrl", true, is_address);
    checks.plain("termId", true, is_terminal);
    checks.plain("frontUrl", false, is_address);
    checks.done()
}

/// The middle certificate must be an authority's and lead to the root: both are pinned, and every answer's own
/// certificate is measured by them.
fn chain(checks: &mut Checks<'_>) {
    if checks.seen("middle_cert").is_none() || checks.seen("root_cert").is_none() {
        return;
    }
    let all = |field: &str| {
        let given = checks.given(field).unwrap_or_default();
        Certificate::read_all(given.as_bytes()).unwrap_or_default()
    };
    let (between, roots) = (all("middle_cert"), all("root_cert"));
    let Some(middle) = between.first() else {
        return;
    };
    let fault = verify_pinned_chain(middle, &[], &roots, checks.now()).err();
    if let Some(fault) = fault {
        checks.refuse("middle_cert", FieldProblem::Chain(fault));
    } else if !middle.is_authority() {
        checks.refuse("middle_cert", FieldProblem::Form);
    }
}
