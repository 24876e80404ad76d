//! What a channel's answer says was signed, read from its bytes by the words of the protocol alone.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

/// The signed text of a recorded reply and the signature over it; none where the reply has no such parts.
#[must_use]
pub fn signed_text(channel: &str, record: &Value) -> Option<(String, Vec<u8>)> {
    let body = record.get("body")?.as_str()?;
    match channel {
        "alipay" => alipay(body),
        _ => wechatpay(record, body),
    }
}

/// The value of `..._response` by the letter, and `sign` (alipay.md, answers).
fn alipay(body: &str) -> Option<(String, Vec<u8>)> {
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
            return Some((body.get(from..=end)?.to_owned(), signature));
        }
    }
    None
}

/// Seconds, nonce and body, each with its line feed (wechatpay.md, answers).
fn wechatpay(record: &Value, body: &str) -> Option<(String, Vec<u8>)> {
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
    Some((format!("{seconds}\n{nonce}\n{body}\n"), signature))
}
