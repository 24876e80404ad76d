//! Who answers, and what an answer that is no invoice says.
//!
//! The server signs nothing: an answer is believed because the certificate of the merchant's own host was verified, or,
//! for an account of a sandbox, because it came from this machine. A refusal is believed only in the server's own form;
//! whatever a proxy in front of it says is a doubt.

use super::codes;
use crate::{
    Cx, SignatureComplaint,
    wire::{codes as table, json::Json, safe_code},
};
use paydesk_domain::{Doubt, Outcome};
use paydesk_signing::{Authentic, Forged, WireReply};

/// Links of a live server begin so.
pub(super) const SCHEME: &str = "https://";

/// Without the slashes at its end.
pub(super) fn trimmed(address: &str) -> &str {
    address.trim().trim_end_matches('/')
}

/// Where this account's server is, without a slash at the end.
pub(super) fn base<'a>(cx: &'a Cx<'_>) -> &'a str {
    if cx.account.sandbox {
        trimmed(&cx.account.gateway)
    } else {
        trimmed(cx.account.field("base_url"))
    }
}

/// Host and port of a live address; none when it could mean another one.
pub(super) fn authority(address: &str) -> Option<&str> {
    let host = address
        .strip_prefix(SCHEME)?
        .split(['/', '?', '#'])
        .next()?;
    (!host.is_empty() && !host.contains(['@', '\\'])).then_some(host)
}

/// Whether a link leads to this account's own server.
pub(super) fn is_own_link(link: &str, cx: &Cx<'_>) -> bool {
    let is_plain = link.len() <= 512 && link.bytes().all(|byte| byte.is_ascii_graphic());
    let is_own = if cx.account.sandbox {
        link.starts_with("http://") || link.starts_with(SCHEME)
    } else {
        let own = authority(base(cx));
        own.is_some() && authority(link) == own
    };
    is_plain && is_own
}

pub(super) fn authenticate(reply: WireReply, cx: &Cx<'_>) -> Result<Authentic, Forged> {
    if cx.account.sandbox {
        return Authentic::from_sandbox(reply);
    }
    let host = authority(base(cx)).ok_or(Forged::WrongPeer)?;
    Authentic::from_peer(reply, host)
}

/// The code of a refusal in the server's own form.
fn code_of(status: u16, body: &[u8]) -> Option<String> {
    let said = Json::read(body).ok()?;
    if status == 422 && is_validation(&said) {
        return Some(codes::VALIDATION.to_owned());
    }
    said.text("message")?;
    said.text("code").and_then(safe_code).map(str::to_owned)
}

/// A list of fields and what is wrong with each.
fn is_validation(said: &Json) -> bool {
    let Json::Array(faults) = said else {
        return false;
    };
    !faults.is_empty() && faults.iter().all(|fault| fault.text("path").is_some())
}

/// What an answer that is not 200 is taken to mean.
pub(super) enum Said {
    /// The body of a 200.
    Content(Json),
    /// A code of the table, or of the server.
    No(String),
    /// Anything else.
    Unclear(Doubt),
}

pub(super) fn read(proof: &Authentic) -> Said {
    let status = proof.status();
    if status == 200 {
        return match Json::read(proof.believed()) {
            Ok(content) => Said::Content(content),
            Err(_) => Said::Unclear(Doubt::Unreadable),
        };
    }
    // A refusal is a refusal in the range of refusals only: a 5xx with a code has decided nothing.
    match code_of(status, proof.believed()) {
        Some(code) if (400..500).contains(&status) => Said::No(code),
        _ => Said::Unclear(Doubt::ServerFault {
            code: status.to_string(),
        }),
    }
}

/// The outcome of an answer that holds no content.
pub(super) fn refused<F>(code: &str) -> Outcome<F> {
    table::outcome(codes::row(code), code)
}

/// What an unbelieved reply seems to say.
pub(super) fn hint(reply: &WireReply) -> Doubt {
    match reply.status {
        status if status >= 500 => Doubt::ServerFault {
            code: status.to_string(),
        },
        status if (400..500).contains(&status) => Doubt::UnsignedRefusal {
            code: code_of(status, &reply.body).unwrap_or_else(|| status.to_string()),
        },
        _ => Doubt::Unauthenticated,
    }
}

/// The one complaint about our key.
pub(super) fn complaint(body: &[u8]) -> Option<SignatureComplaint> {
    let code = code_of(401, body)?;
    (code == "unauthenticated").then_some(SignatureComplaint::Key)
}
