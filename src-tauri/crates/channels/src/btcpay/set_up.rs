//! What is asked when an account is connected: whether the key may do what the till does, and the store's currency.

use super::{
    envelope::{Said, read, refused},
    request::{request, unsendable, whole},
};
use crate::{Answer, Cx, Examine, Finding, Operation, WireRequest, wire::json::Json};
use paydesk_domain::{Doubt, NotSent, Outcome};
use paydesk_signing::Authentic;

/// The key's rights, then the store.
pub(super) const QUESTIONS: u8 = 2;

/// In front of every right that a store gives.
const OF_STORE: &str = "btcpay.store.";
/// Whoever may change the store may do all of it, and so may a key without limits.
const ABOVE_ALL: [&str; 2] = ["unrestricted", "btcpay.store.canmodifystoresettings"];
/// What the till does. Each line is one need; any of its rights is enough.
const NEEDED: [&[&str]; 7] = [
    &["cancreateinvoice"],
    &["canviewinvoices", "canmodifyinvoices"],
    &["canmodifyinvoices"],
    // Its own currency is told to those who may see its settings.
    &["canviewstoresettings"],
    &[
        "cancreatenonapprovedpullpayments",
        "cancreatepullpayments",
        "canmanagepullpayments",
    ],
    &["canviewpullpayments", "canmanagepullpayments"],
    &[
        "canviewpayouts",
        "canmanagepayouts",
        "canmanagepullpayments",
    ],
];

pub(super) fn encode(call: &Examine, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    match call.question {
        0 => whole(Operation::Account, "/api-keys/current", None, cx),
        1 => request(Operation::Account, "", None, cx),
        _ => Err(unsendable("question")),
    }
}

pub(super) fn decode(
    call: &Examine,
    reply: &Authentic,
    cx: &Cx<'_>,
) -> Outcome<Answer<Vec<Finding>>> {
    let content = match read(reply) {
        Said::Content(content) => content,
        Said::No(code) => return refused(&code),
        Said::Unclear(doubt) => return Outcome::Unknown(doubt),
    };
    let findings = match call.question {
        0 => missing(&content, cx),
        _ => currency(&content, cx),
    };
    match findings {
        Ok(findings) => Outcome::Done(Answer::of(findings)),
        Err(doubt) => Outcome::Unknown(doubt),
    }
}

/// The rights that the key does not have, for this store or for all of them.
fn missing(content: &Json, cx: &Cx<'_>) -> Result<Vec<Finding>, Doubt> {
    let Some(Json::Array(listed)) = content.get("permissions") else {
        return Err(Doubt::Unreadable);
    };
    let store = cx.account.field("store_id");
    let mut held = Vec::with_capacity(listed.len());
    for right in listed {
        let Json::Text(right) = right else {
            return Err(Doubt::Unreadable);
        };
        match right.split_once(':') {
            Some((name, of)) if of == store => held.push(name),
            Some(_) => {}
            None => held.push(right.as_str()),
        }
    }
    if held.iter().any(|right| ABOVE_ALL.contains(right)) {
        return Ok(Vec::new());
    }
    let has = |name: &&str| {
        held.iter()
            .any(|right| right.strip_prefix(OF_STORE) == Some(name))
    };
    let lacking = NEEDED.iter().filter(|ways| !ways.iter().any(has));
    let first = lacking.filter_map(|ways| ways.first());
    Ok(first
        .map(|name| Finding::NotAllowed(format!("{OF_STORE}{name}")))
        .collect())
}

fn currency(content: &Json, cx: &Cx<'_>) -> Result<Vec<Finding>, Doubt> {
    if content.text("id") != Some(cx.account.field("store_id")) {
        return Err(Doubt::Mismatch);
    }
    let code = content.text("defaultCurrency").ok_or(Doubt::Unreadable)?;
    let is_code = (3..=8).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_uppercase());
    if !is_code {
        return Err(Doubt::Unreadable);
    }
    Ok(vec![Finding::Currency(code.to_owned())])
}
