//! What of Stripe's answers is believed, and how they say no. Nothing is signed: an answer is as good as the certificate
//! of the host it came from, and from a sandbox on this machine only for an account of a sandbox.

use super::{Stripe, codes, request::is_here};
use crate::{
    Cx, Operation,
    wire::{BODY_BYTES_MAX, json::Json, safe_code},
};
use paydesk_domain::Doubt;
use paydesk_signing::{Authentic, Forged, WireReply};

/// Where files are handed out.
pub(super) const FILES_HOST: &str = "files.stripe.com";

/// The believed answer to `operation`.
pub(super) fn authenticate(
    operation: Operation,
    reply: WireReply,
    cx: &Cx<'_>,
) -> Result<Authentic, Forged> {
    if is_here(cx) {
        return Authentic::from_sandbox(reply);
    }
    let host = match operation {
        Operation::BillFile => FILES_HOST,
        _ => Stripe::HOST,
    };
    Authentic::from_peer(reply, host)
}

/// An authentic answer.
pub(super) enum Said {
    /// It went through.
    Object(Json),
    /// A no.
    No(No),
}

/// An authentic no.
pub(super) struct No {
    pub(super) status: u16,
    pub(super) code: String,
}

impl No {
    /// Whether what was asked for was looked at and refused: a missing right, a key, a limit of calls or a lock say
    /// nothing of it.
    pub(super) fn is_of_the_request(&self) -> bool {
        matches!(self.status, 400 | 402 | 404) && self.code != codes::KEY_DIFFERS
    }

    /// What only a later question can settle.
    pub(super) fn doubt(self) -> Doubt {
        Doubt::ServerFault { code: self.code }
    }
}

/// The code of an error's object: the issuer's own where a card was declined.
pub(super) fn code_of(error: &Json) -> Option<&str> {
    let code = error.text("code").and_then(safe_code);
    let declined = error.text("decline_code").and_then(safe_code);
    let kind = error.text("type").and_then(safe_code);
    declined.or(code).or(kind)
}

/// The code of a refused answer. A missing right or key has none of its own, and a key used with other parameters is
/// told by its type alone.
fn code(status: u16, error: Option<&Json>) -> String {
    let said = error.and_then(code_of);
    match (status, said) {
        (401, None | Some("invalid_request_error")) => codes::NO_KEY.to_owned(),
        (403, None | Some("invalid_request_error")) => codes::NO_RIGHT.to_owned(),
        (429, None | Some("invalid_request_error")) => codes::RATE_LIMIT.to_owned(),
        (_, Some(code)) => code.to_owned(),
        (status, None) => status.to_string(),
    }
}

/// Reads an authentic answer.
pub(super) fn said(reply: &Authentic) -> Result<Said, Doubt> {
    let status = reply.status();
    let content = Json::read(reply.believed());
    // The only success that the channel's own description has.
    if status == 200 {
        // A report's run tells its own failure as a text, or as null.
        let is_error = |content: &Json| content.get("error").is_some_and(Json::is_object);
        return match content {
            Ok(content) if content.is_object() && !is_error(&content) => Ok(Said::Object(content)),
            _ => Err(Doubt::Unreadable),
        };
    }
    let error = content.ok();
    let error = error.as_ref().and_then(|content| content.get("error"));
    let code = code(status, error);
    // The channel's own word before any rule of ours: what may be sent again was not decided.
    let may_send_again = reply.reply().header("Stripe-Should-Retry") == Some("true");
    if status >= 500 || may_send_again {
        return Err(Doubt::ServerFault { code });
    }
    match error {
        Some(_) if (400..500).contains(&status) => Ok(Said::No(No { status, code })),
        _ => Err(Doubt::Unreadable),
    }
}

/// What an unbelieved reply seems to say.
pub(super) fn hint(reply: &WireReply) -> Doubt {
    if reply.status >= 500 {
        return Doubt::ServerFault {
            code: reply.status.to_string(),
        };
    }
    let content = (reply.body.len() <= BODY_BYTES_MAX).then(|| Json::read(&reply.body).ok());
    let content = content.flatten();
    match &content {
        Some(content) => match content.get("error") {
            Some(error) => Doubt::UnsignedRefusal {
                code: code(reply.status, Some(error)),
            },
            None => Doubt::Unauthenticated,
        },
        None if (400..500).contains(&reply.status) => Doubt::UnsignedRefusal {
            code: reply.status.to_string(),
        },
        None => Doubt::Unreadable,
    }
}

/// Whether an object is of the mode of the account: nothing of a sandbox is taken for real, and nothing real for a
/// sandbox's.
pub(super) fn is_of_mode(object: &Json, cx: &Cx<'_>) -> bool {
    object.get("livemode") == Some(&Json::Bool(!cx.account.sandbox))
}

/// A page of a list: its rows, and whether there are more behind them.
pub(super) fn page(content: &Json) -> Option<(&[Json], bool)> {
    let rows = match content.get("data") {
        Some(Json::Array(rows)) => rows.as_slice(),
        _ => return None,
    };
    let has_more = match content.get("has_more") {
        Some(Json::Bool(has_more)) => *has_more,
        _ => return None,
    };
    // A page without rows that goes on would be asked for without end.
    let is_list = content.text("object") == Some("list") && !(has_more && rows.is_empty());
    is_list.then_some((rows, has_more))
}
