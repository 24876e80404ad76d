//! WeChat Pay's signatures: the request's five lines, the answer's three, and the time window.
//! The signed body is the bytes as received; its key is named by `Wechatpay-Serial`.

use super::codes;
use crate::{SignatureComplaint, 
    Cx,
    wire::{json::Json, safe_code},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_domain::{Doubt, NotSent, Timestamp};
use paydesk_signing::{Authentic, Forged, KeyError, KeyId, WireReply};

/// The scheme of both directions.
pub(super) const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";
/// Signatures that WeChat Pay sends at times to see whether we check them.
const PROBE_PREFIX: &str = "WECHATPAY/SIGNTEST/";
/// An answer's signed time may differ from ours by this much.
const WINDOW_SECONDS: i64 = 300;

/// The text a request is signed over; `target` is path and query exactly as sent.
#[must_use]
pub fn text_to_sign(
    method: &str,
    target: &str,
    unix_seconds: &str,
    nonce: &str,
    body: &str,
) -> String {
    format!("{method}\n{target}\n{unix_seconds}\n{nonce}\n{body}\n")
}

/// The `Authorization` header of a request.
pub(super) fn authorization(
    method: &str,
    target: &str,
    body: &str,
    cx: &Cx<'_>,
) -> Result<String, NotSent> {
    let unsendable = |what: &str| NotSent::Unsendable {
        what: what.to_owned(),
    };
    let by_key = |error| match error {
        KeyError::Locked => NotSent::KeysLocked,
        KeyError::Malformed | KeyError::Missing | KeyError::Wrong => unsendable("private_key"),
    };
    let mchid = cx.account.field("mchid");
    let serial = cx.keys.signing_id().map_err(by_key)?;
    // Both stand between quotes in a header.
    let plain = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    if !plain(mchid) || !plain(&serial) {
        return Err(unsendable("mchid"));
    }
    let nonce = paydesk_signing::hex(&cx.nonce).to_ascii_uppercase();
    let seconds = cx.now.0.div_euclid(1000).to_string();
    let text = text_to_sign(method, target, &seconds, &nonce, body);
    let signature = STANDARD.encode(cx.keys.sign(text.as_bytes()).map_err(by_key)?);
    Ok(format!(
        "{SCHEME} mchid=\"{mchid}\",nonce_str=\"{nonce}\",timestamp=\"{seconds}\",serial_no=\"{serial}\",signature=\"{signature}\""
    ))
}

/// What the signature headers say, taken apart.
pub(super) struct Signed {
    /// The key that is said to have signed.
    pub by: KeyId,
    /// The signature.
    pub signature: Vec<u8>,
    /// Time stamp, nonce and body.
    pub text: Vec<u8>,
}

/// Reads the signature headers and holds the time against the window.
pub(super) fn signed(reply: &WireReply, now: Timestamp) -> Result<Signed, Forged> {
    let one = |name: &str| -> Result<&str, Forged> {
        let mut values = reply
            .headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let value = values
            .next()
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty());
        // Two of a kind: which one was signed is anybody's guess.
        if values.next().is_some() {
            Err(Forged::Malformed)
        } else {
            value.ok_or(Forged::NoSignature)
        }
    };
    let signature = one("Wechatpay-Signature")?;
    let (seconds, nonce) = (one("Wechatpay-Timestamp")?, one("Wechatpay-Nonce")?);
    // A certificate's serial, or the id of a public key: only the first is a number.
    let named = one("Wechatpay-Serial")?;
    let by = if named.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        KeyId::of_serial(named)
    } else {
        KeyId(named.to_owned())
    };
    match one("Wechatpay-Signature-Type") {
        Ok(scheme) if scheme == SCHEME => {}
        // Older answers leave it out; another scheme is none we check.
        Err(Forged::NoSignature) => {}
        Ok(_) | Err(_) => return Err(Forged::Malformed),
    }
    if signature.starts_with(PROBE_PREFIX) {
        return Err(Forged::WrongSignature);
    }
    let signature = STANDARD
        .decode(signature.as_bytes())
        .map_err(|_| Forged::Malformed)?;
    let at: i64 = seconds.parse().map_err(|_| Forged::Malformed)?;
    let away = at
        .checked_sub(now.0.div_euclid(1000))
        .and_then(i64::checked_abs)
        .ok_or(Forged::StaleTime)?;
    if away > WINDOW_SECONDS {
        return Err(Forged::StaleTime);
    }
    // A line break inside a header value would move the body's edges.
    if seconds.contains('\n') || nonce.contains('\n') {
        return Err(Forged::Malformed);
    }
    let head = format!("{seconds}\n{nonce}\n");
    let text = [head.as_bytes(), reply.body.as_slice(), b"\n"].concat();
    Ok(Signed {
        by,
        signature,
        text,
    })
}

/// The believed answer.
pub(super) fn authenticate(reply: WireReply, cx: &Cx<'_>) -> Result<Authentic, Forged> {
    if reply.body.len() > crate::wire::BODY_BYTES_MAX {
        return Err(Forged::Malformed);
    }
    let Signed {
        by,
        signature,
        text,
    } = signed(&reply, cx.now)?;
    let whole = 0..reply.body.len();
    Authentic::signed(reply, whole, &text, by, &signature, cx.keys)
}

/// `SIGN_ERROR` is said of an unknown serial, a wrong key and a wrong time alike; its message tells them apart.
/// The messages are those that merchants were seen to get (the documents list none), so any other says nothing.
pub(super) fn signature_complaint(body: &[u8]) -> Option<SignatureComplaint> {
    let said = Json::read(body).ok()?;
    let code = said.text("code").map(codes::canonical);
    if code != Some("SIGN_ERROR") {
        return None;
    }
    let message = said.text("message")?;
    if message.starts_with("商户证书序列号有误") {
        Some(SignatureComplaint::Serial)
    } else if message.starts_with("签名错误") {
        Some(SignatureComplaint::Key)
    } else if message.contains("timestamp") && message.contains('5') {
        Some(SignatureComplaint::Time)
    } else {
        None
    }
}

/// What an unbelieved reply seems to say.
pub(super) fn hint(reply: &WireReply) -> Doubt {
    if reply.status >= 500 {
        return Doubt::ServerFault {
            code: reply.status.to_string(),
        };
    }
    let unsigned = reply.header("Wechatpay-Signature").is_none();
    if (400..500).contains(&reply.status) && unsigned {
        let said = Json::read(&reply.body).ok();
        let code = said
            .as_ref()
            .and_then(|json| json.text("code"))
            .and_then(safe_code);
        let code = code.map_or_else(
            || reply.status.to_string(),
            |code| codes::canonical(code).to_owned(),
        );
        return Doubt::UnsignedRefusal { code };
    }
    if unsigned && Json::read(&reply.body).is_err() {
        Doubt::Unreadable
    } else {
        Doubt::Unauthenticated
    }
}
