//! What a channel's answer says was signed, read from its bytes by the words of the protocol alone.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// What a channel signed of an answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Signed {
    /// What the signature is over.
    pub message: String,
    /// The signature.
    pub signature: Vec<u8>,
    /// The certificate of the key, where it comes with the answer (UnionPay).
    pub certificate: Option<String>,
}

/// What a recorded reply says was signed; none where it has no such parts.
#[must_use]
pub fn signed_text(channel: &str, record: &Value) -> Option<Signed> {
    let body = record.get("body")?.as_str()?;
    match channel {
        "alipay" => alipay(body),
        "unionpay" => unionpay(body),
        "wechatpay" => wechatpay(record, body),
        _ => None,
    }
}

/// The fields of an answer: `name=value` joined by `&`, which inside braces is part of a value (unionpay.md, answers).
pub(crate) fn unionpay_fields(body: &str) -> Option<BTreeMap<&str, &str>> {
    let (mut fields, mut depth, mut from) = (BTreeMap::new(), 0_u32, 0);
    let ends = body.char_indices().filter_map(|(at, letter)| {
        match letter {
            '{' | '[' => depth = depth.saturating_add(1),
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (letter == '&' && depth == 0).then_some(at)
    });
    for end in ends.chain([body.len()]) {
        let (name, value) = body.get(from..end)?.split_once('=')?;
        fields.insert(name, value);
        from = end.saturating_add(1);
    }
    Some(fields)
}

/// The SHA-256 in hexadecimal of the sorted fields without `signature` and blanks (unionpay.md, signature).
fn unionpay(body: &str) -> Option<Signed> {
    let mut fields = unionpay_fields(body)?;
    let signature = STANDARD.decode(fields.remove("signature")?).ok()?;
    let certificate = (*fields.get("signPubKeyCert")?).to_owned();
    let filled = fields.iter().filter(|(_, value)| !value.is_empty());
    let pairs: Vec<String> = filled
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let digest = Sha256::digest(pairs.join("&").as_bytes());
    Some(Signed {
        message: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        signature,
        certificate: Some(certificate),
    })
}

/// The value of `..._response` by the letter, and `sign` (alipay.md, answers).
fn alipay(body: &str) -> Option<Signed> {
    let document: Value = serde_json::from_str(body).ok()?;
    let signature = STANDARD.decode(document.get("sign")?.as_str()?).ok()?;
    let at = body.find("_response\":")?;
    let from = body.get(at..)?.find('{')?.checked_add(at)?;
    let (mut depth, mut in_text, mut escaped) = (0_u32, false, false);
    for (offset, letter) in body.get(from..)?.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            '{' if !in_text => depth = depth.saturating_add(1),
            '}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            let end = from.checked_add(offset)?;
            return Some(Signed {
                message: body.get(from..=end)?.to_owned(),
                signature,
                certificate: None,
            });
        }
    }
    None
}

/// Seconds, nonce and body, each with its line feed (wechatpay.md, answers).
fn wechatpay(record: &Value, body: &str) -> Option<Signed> {
    let headers = record.get("headers")?.as_array()?;
    let header = |name: &str| {
        let its = |pair: &&Value| {
            let found = pair.get(0).and_then(Value::as_str);
            found.is_some_and(|found| found.eq_ignore_ascii_case(name))
        };
        headers.iter().find(its)?.get(1)?.as_str()
    };
    let signature = STANDARD.decode(header("wechatpay-signature")?).ok()?;
    let (seconds, nonce) = (header("wechatpay-timestamp")?, header("wechatpay-nonce")?);
    Some(Signed {
        message: format!("{seconds}\n{nonce}\n{body}\n"),
        signature,
        certificate: None,
    })
}
