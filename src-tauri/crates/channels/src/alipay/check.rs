//! What is wrong with an Alipay account's fields: key mode, or certificate mode as soon as one of its
//! certificates is given.

use crate::{
    FieldCheck, FieldNote, FieldProblem,
    field_check::{Checks, digits},
};
use paydesk_domain::Timestamp;
use paydesk_signing::{Certificate, ContentKey, MaterialKind, bundle_serial, verify_chain};
use std::collections::BTreeMap;

const CERTIFICATES: [&str; 3] = ["app_cert", "alipay_cert", "alipay_root_cert"];
/// `store_id` and `terminal_id` in bytes.
const PLACE_BYTES_MAX: usize = 32;

fn is_place(value: &str) -> bool {
    value.len() <= PLACE_BYTES_MAX && value.bytes().all(|byte| byte.is_ascii_graphic())
}

pub(super) fn fields(fields: &BTreeMap<String, String>, now: Timestamp) -> Vec<FieldCheck> {
    let mut checks = Checks::new(fields, now);
    checks.plain("app_id", true, |value| digits(value, 10..=32));
    checks.key("private_key", MaterialKind::PrivateKey, true);
    let by_certificates = CERTIFICATES
        .iter()
        .any(|field| checks.given(field).is_some());
    checks.key("app_public_key", MaterialKind::PublicKey, false);
    checks.key(
        "alipay_public_key",
        MaterialKind::PublicKey,
        !by_certificates,
    );
    if checks.same_key("app_public_key", "private_key") == Some(false) {
        checks.refuse("app_public_key", FieldProblem::WrongPair);
    }
    if checks.same_key("alipay_public_key", "private_key") == Some(true) {
        checks.refuse("alipay_public_key", FieldProblem::OwnKey);
    }
    if by_certificates {
        checks.note("alipay_public_key", FieldNote::NotUsed);
        certificates(&mut checks);
    }
    checks.plain("aes_key", false, |value| {
        ContentKey::read(value.as_bytes()).is_ok()
    });
    checks.plain("seller_id", false, |value| {
        digits(value, 16..=16) && value.starts_with("2088")
    });
    checks.plain("store_id", false, is_place);
    checks.plain("terminal_id", false, is_place);
    checks.done()
}

fn certificates(checks: &mut Checks<'_>) {
    for field in CERTIFICATES {
        checks.key(field, MaterialKind::Certificate, true);
    }
    if checks.same_key("app_cert", "private_key") == Some(false) {
        checks.refuse("app_cert", FieldProblem::WrongPair);
    }
    if checks.same_key("alipay_cert", "private_key") == Some(true) {
        checks.refuse("alipay_cert", FieldProblem::OwnKey);
    }
    owners(checks);
    let roots = checks.given("alipay_root_cert").unwrap_or_default();
    if checks.seen("alipay_root_cert").is_some() && bundle_serial(roots.as_bytes()).is_err() {
        checks.refuse("alipay_root_cert", FieldProblem::Form);
    }
    if checks.seen("alipay_cert").is_none() || checks.seen("alipay_root_cert").is_none() {
        return;
    }
    let leaf = checks.given("alipay_cert").unwrap_or_default();
    let chain = Certificate::read_all(leaf.as_bytes()).unwrap_or_default();
    let pinned = Certificate::read_all(roots.as_bytes()).unwrap_or_default();
    if let Some((leaf, between)) = chain.split_first()
        && let Err(fault) = verify_chain(leaf, between, &pinned, checks.now())
    {
        checks.refuse("alipay_cert", FieldProblem::Chain(fault));
    }
}

/// Alipay names the owner in its certificates: `2088…-<application>` in ours, `…-2088…` in its own.
fn owners(checks: &mut Checks<'_>) {
    let name = |checks: &Checks<'_>, field: &str| {
        let facts = checks.certificate(field)?;
        Some(facts.common_name.clone())
    };
    let is_number = |text: &str| digits(text, 16..=16);
    let mut merchant = checks.given("seller_id").map(str::to_owned);
    if let Some(owner) = name(checks, "app_cert")
        && let Some((seller, application)) = owner.split_once('-')
        && is_number(seller)
    {
        let other = Some(application) != checks.given("app_id")
            || merchant.as_deref().is_some_and(|known| known != seller);
        if other {
            checks.refuse(
                "app_cert",
                FieldProblem::ForeignCertificate {
                    owner: owner.clone(),
                },
            );
        }
        merchant = merchant.or_else(|| Some(seller.to_owned()));
    }
    if let Some(owner) = name(checks, "alipay_cert")
        && let Some((_, seller)) = owner.rsplit_once('-')
        && is_number(seller)
        && merchant.is_some_and(|known| known != seller)
    {
        checks.refuse(
            "alipay_cert",
            FieldProblem::ForeignCertificate {
                owner: owner.clone(),
            },
        );
    }
}
