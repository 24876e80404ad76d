//! UnionPay's fields: how they are split, signed and believed.
//!
//! An answer is raw: `name=value` joined by `&`, nothing percent-encoded, and a group keeps its own `&` between braces
//! or brackets. The signature covers a text of the sorted fields, the certificate that comes with them included.
//! What is believed is that text, read once more, so that one text has one reading however it was sent.

use crate::{
    Cx, Operation, SignatureComplaint,
    wire::{BODY_BYTES_MAX, safe_code},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_domain::Doubt;
use paydesk_signing::{Authentic, Forged, WireReply};
use std::collections::BTreeMap;

/// A query's answer has some forty fields.
const FIELDS_MAX: usize = 200;
/// An answer with a day's file in it, base64.
const FILE_BYTES_MAX: usize = 64 << 20;
/// Accepted, by the gateway.
pub(super) const ACCEPTED: &str = "00";
/// The field of the signature, which is never part of its own text.
const SIGNATURE: &str = "signature";
const CERTIFICATE: &str = "signPubKeyCert";

/// The fields of an answer, each once; empty ones count as absent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fields(BTreeMap<String, String>);

impl Fields {
    /// A field's value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Of names and values; none where a name stands twice or is no name.
    pub(super) fn of<'f>(pairs: impl IntoIterator<Item = (&'f str, &'f str)>) -> Option<Fields> {
        let mut fields = BTreeMap::new();
        for (name, value) in pairs {
            let is_name = (1..=64).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let twice = fields.insert(name.to_owned(), value.to_owned()).is_some();
            if !is_name || twice || fields.len() > FIELDS_MAX {
                return None;
            }
        }
        fields.retain(|_, value| !value.is_empty());
        Some(Fields(fields))
    }

    /// Of a raw text.
    pub(super) fn read(text: &str) -> Option<Fields> {
        let mut pairs = Vec::new();
        for part in split(text)? {
            pairs.push(part.split_once('=')?);
        }
        Fields::of(pairs)
    }

    /// The text under the signature: every field but that one, sorted by the bytes of its name.
    pub(super) fn text_to_sign(&self) -> String {
        let lines: Vec<String> = self
            .0
            .iter()
            .filter(|(name, _)| *name != SIGNATURE)
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        lines.join("&")
    }
}

/// Cuts at every `&` outside of groups. A group that is not closed, or closed by another mark, is no answer.
fn split(text: &str) -> Option<Vec<&str>> {
    let (mut parts, mut open, mut from) = (Vec::new(), Vec::new(), 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => open.push(b'}'),
            b'[' => open.push(b']'),
            b'}' | b']' if open.pop() != Some(byte) => return None,
            b'&' if open.is_empty() => {
                parts.push(text.get(from..at)?);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(from..)?);
    open.is_empty().then_some(parts)
}

/// The fields of a genuine answer or notice, read out of the text that was signed.
pub(super) fn content(proof: &Authentic) -> Result<Fields, Doubt> {
    let text = std::str::from_utf8(proof.believed()).map_err(|_| Doubt::Unreadable)?;
    Fields::read(text).ok_or(Doubt::Unreadable)
}

/// Believes fields whose signature speaks for all of them.
pub(super) fn believe(reply: WireReply, fields: &Fields, cx: &Cx<'_>) -> Result<Authentic, Forged> {
    let signature = fields.get(SIGNATURE).ok_or(Forged::NoSignature)?;
    // The older version has another signature, and the other methods have a key that the merchant knows.
    if fields.get("version") != Some("5.1.0") || fields.get("signMethod") != Some("01") {
        return Err(Forged::Malformed);
    }
    let signature = STANDARD.decode(signature).map_err(|_| Forged::Malformed)?;
    let certificate = fields
        .get(CERTIFICATE)
        .ok_or(Forged::UnknownKey)?
        .to_owned();
    let text = fields.text_to_sign();
    // A value with a separator of its own would let the same text be cut into other fields.
    let again = Fields::read(&text).ok_or(Forged::Malformed)?;
    let mut sent = fields.clone();
    sent.0.remove(SIGNATURE);
    if again != sent {
        return Err(Forged::Malformed);
    }
    Authentic::attested(
        reply,
        text.into_bytes(),
        certificate.as_bytes(),
        &signature,
        cx.now.0.div_euclid(1000),
        cx.keys,
    )
}

/// The fields of a raw answer.
fn raw(body: &[u8], limit: usize) -> Option<Fields> {
    if body.len() > limit {
        return None;
    }
    Fields::read(std::str::from_utf8(body).ok()?)
}

/// The believed answer to `operation`.
pub(super) fn authenticate(
    operation: Operation,
    reply: WireReply,
    cx: &Cx<'_>,
) -> Result<Authentic, Forged> {
    // The gateway answers 200, whatever it answers; anything else is not the gateway.
    if reply.status != 200 {
        return Err(Forged::Malformed);
    }
    let limit = match operation {
        Operation::BillLink | Operation::BillFile => FILE_BYTES_MAX,
        _ => BODY_BYTES_MAX,
    };
    let fields = raw(&reply.body, limit).ok_or(Forged::Malformed)?;
    let proof = believe(reply, &fields, cx)?;
    if answers(operation, &fields, cx) {
        Ok(proof)
    } else {
        Err(Forged::NotTheSignedPart)
    }
}

/// Whether the answer can be one to this operation. What it leaves out is asked for where something is concluded.
fn answers(operation: Operation, fields: &Fields, cx: &Cx<'_>) -> bool {
    let says = |name: &str, allowed: &[&str]| {
        fields
            .get(name)
            .is_none_or(|value| allowed.contains(&value))
    };
    let is_state = fields.has("origRespCode");
    match operation {
        Operation::Charge => says("txnType", &["01"]) && says("txnSubType", &["06"]) && !is_state,
        Operation::ShowCode => says("txnType", &["01"]) && says("txnSubType", &["07"]) && !is_state,
        Operation::Refund => says("txnType", &["04"]) && !is_state,
        // The answer to a query names the type of what is asked about, or its own. Of a payment whose undo we sent,
        // that undo may be asked about.
        Operation::Query | Operation::Reverse => says("txnType", &["00", "01", "31"]),
        Operation::Close => says("txnType", &["00", "01"]),
        Operation::QueryRefund => says("txnType", &["00", "04"]),
        Operation::BillLink | Operation::BillFile => {
            says("txnType", &["76"]) && says("merId", &[cx.account.field("merId")])
        }
        Operation::Account
        | Operation::AskReader
        | Operation::Certificates
        | Operation::ListReaders
        | Operation::Prepare
        | Operation::ReadCard
        | Operation::StopReader => false,
    }
}

/// Unsigned words: there is one code about signatures, and only the key can be wrong where it is answered.
pub(super) fn signature_complaint(body: &[u8]) -> Option<SignatureComplaint> {
    let fields = raw(body, BODY_BYTES_MAX)?;
    (fields.get("respCode") == Some("11")).then_some(SignatureComplaint::Key)
}

/// What an unbelieved reply seems to say.
pub(super) fn hint(reply: &WireReply) -> Doubt {
    if reply.status >= 500 {
        return Doubt::ServerFault {
            code: reply.status.to_string(),
        };
    }
    let said = raw(&reply.body, BODY_BYTES_MAX);
    let Some(fields) = said.filter(|fields| fields.has("respCode")) else {
        return if (400..500).contains(&reply.status) {
            Doubt::UnsignedRefusal {
                code: reply.status.to_string(),
            }
        } else {
            Doubt::Unreadable
        };
    };
    let code = fields.get("respCode").and_then(safe_code);
    match code.filter(|code| *code != ACCEPTED && !fields.has(SIGNATURE)) {
        Some(code) => Doubt::UnsignedRefusal {
            code: code.to_owned(),
        },
        None => Doubt::Unauthenticated,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_raw_answer_is_cut_outside_of_groups_and_at_the_first_equals_sign() {
        let fields = Fields::read("b={x=1&y=[2&3]}&a=k=v==&c=&B=成功[0000000]").unwrap();
        assert_eq!(fields.get("b"), Some("{x=1&y=[2&3]}"));
        assert_eq!(fields.get("a"), Some("k=v=="));
        assert!(!fields.has("c"), "an empty field is none");
        assert_eq!(
            fields.text_to_sign(),
            "B=成功[0000000]&a=k=v==&b={x=1&y=[2&3]}"
        );
        for broken in [
            "", "a", "a=1&", "a=1&&b=2", "a=1&a=2", "=1", "a b=1", "a={1", "a=1}", "a={1]",
            "a=[{1]}", "ä=1",
        ] {
            assert_eq!(Fields::read(broken), None, "{broken}");
        }
    }
}
