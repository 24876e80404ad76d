//! Alipay's answer envelope: which bytes are signed, and whether the signature speaks for them.
//! The signed part is cut out of the body as it stands on the wire and never written anew.

use super::method_of;
use crate::{
    Cx, Operation, SignatureComplaint,
    wire::json::{self, Json},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_domain::Doubt;
use paydesk_signing::{
    Authentic, Forged, KeyId, WireReply,
    mutants::{Mutant, planted},
};
use std::ops::Range;

/// Gateway failures may use this node in place of the method's own.
const ERROR_NODE: &str = "error_response";

/// What stands around the signed part.
struct Envelope {
    node: String,
    part: Range<usize>,
    content: Json,
    sign: Option<String>,
    certificate: Option<String>,
}

/// Takes the envelope apart. A second node, or any name given twice, is refused.
fn open(body: &[u8]) -> Result<Envelope, Forged> {
    let members = json::members(body).map_err(|_| Forged::Malformed)?;
    let mut found: Option<(String, Range<usize>, Json)> = None;
    let (mut sign, mut certificate) = (None, None);
    for (name, place, value) in members {
        match (name.as_str(), value) {
            ("sign", Json::Text(text)) => sign = Some(text),
            ("alipay_cert_sn", Json::Text(text)) => {
                certificate = Some(text).filter(|sn| !sn.is_empty())
            }
            ("sign" | "alipay_cert_sn", _) => return Err(Forged::Malformed),
            (node, value) if node.ends_with("_response") => {
                if found.is_some() {
                    return Err(Forged::Malformed);
                }
                found = Some((name, place, value));
            }
            _ => {}
        }
    }
    let (node, part, content) = found.ok_or(Forged::Malformed)?;
    Ok(Envelope {
        node,
        part,
        content,
        sign,
        certificate,
    })
}

/// The certificate that a body names as its signer; believed by nobody.
pub(super) fn certificate_named(body: &[u8]) -> Option<String> {
    open(body).ok()?.certificate
}

/// What an answer about a certificate says, for a reader who believes only the certificate itself.
pub(super) fn claimed(body: &[u8]) -> Result<Json, Forged> {
    let envelope = open(body)?;
    let expected = method_of(Operation::Certificates)
        .ok_or(Forged::Malformed)?
        .replace('.', "_")
        + "_response";
    match envelope.content {
        content @ Json::Object(_) if envelope.node == expected => Ok(content),
        _ => Err(Forged::Malformed),
    }
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
    let envelope = open(&reply.body)?;
    let expected = method_of(operation)
        .ok_or(Forged::Malformed)?
        .replace('.', "_")
        + "_response";
    if envelope.node != expected && envelope.node != ERROR_NODE {
        return Err(Forged::NotTheSignedPart);
    }
    let sealed = match envelope.content {
        Json::Object(_) => false,
        Json::Text(_) => true,
        _ => return Err(Forged::Malformed),
    };
    let sign = envelope
        .sign
        .filter(|sign| !sign.is_empty())
        .or_else(|| planted(Mutant::UnsignedBelieved).then(String::new))
        .ok_or(Forged::NoSignature)?;
    let signature = STANDARD
        .decode(sign.as_bytes())
        .map_err(|_| Forged::Malformed)?;
    let by = signer(envelope.certificate, cx)?;
    // A sealed content is signed with its quotes, and opened only then.
    let believe = |reply: WireReply, part: Range<usize>| {
        if sealed {
            return Authentic::sealed(reply, part, by.clone(), &signature, cx.keys);
        }
        let text = reply.body.get(part.clone()).unwrap_or_default().to_vec();
        Authentic::signed(reply, part, &text, by.clone(), &signature, cx.keys)
    };
    let raw = reply
        .body
        .get(envelope.part.clone())
        .ok_or(Forged::Malformed)?
        .to_vec();
    let wrong = match believe(reply.clone(), envelope.part.clone()) {
        Err(Forged::WrongSignature) => Forged::WrongSignature,
        settled => return settled,
    };
    // The gateway escapes slashes, and has signed the other form: `\/` as `/`, then the reverse.
    // What is believed is then the text that was signed, so it takes the part's place in the body.
    let text = String::from_utf8(raw).map_err(|_| Forged::Malformed)?;
    for other in [
        text.replace("\\/", "/"),
        text.replace("\\/", "/").replace('/', "\\/"),
    ] {
        if other == text || json::Json::read(other.as_bytes()).is_err() {
            continue;
        }
        let swapped = with_part(&reply, &envelope.part, other.as_bytes());
        let part = envelope.part.start..envelope.part.start + other.len();
        match believe(swapped, part) {
            Err(Forged::WrongSignature) => {}
            settled => return settled,
        }
    }
    Err(wrong)
}

/// In certificate mode the answer names its certificate; otherwise there is one key.
fn signer(certificate: Option<String>, cx: &Cx<'_>) -> Result<KeyId, Forged> {
    match certificate {
        Some(number) if cx.keys.root_id().is_ok() => Ok(KeyId(number)),
        Some(_) | None => cx.keys.peer_id().ok_or(Forged::UnknownKey),
    }
}

fn with_part(reply: &WireReply, part: &Range<usize>, text: &[u8]) -> WireReply {
    let before = reply.body.get(..part.start).unwrap_or_default();
    let after = reply.body.get(part.end..).unwrap_or_default();
    WireReply {
        body: [before, text, after].concat(),
        ..reply.clone()
    }
}

/// Alipay has a code for each: only the key can be wrong where the signature is.
pub(super) fn signature_complaint(body: &[u8]) -> Option<SignatureComplaint> {
    let content = open(body).ok()?.content;
    match content.text("sub_code") {
        Some("isv.invalid-signature") => Some(SignatureComplaint::Key),
        Some("isv.app-cert-not-exist") => Some(SignatureComplaint::Serial),
        _ => None,
    }
}

/// What an unbelieved reply seems to say.
pub(super) fn hint(reply: &WireReply) -> Doubt {
    if reply.status >= 500 {
        return Doubt::ServerFault {
            code: reply.status.to_string(),
        };
    }
    let Ok(envelope) = open(&reply.body) else {
        return if (400..500).contains(&reply.status) {
            Doubt::UnsignedRefusal {
                code: reply.status.to_string(),
            }
        } else {
            Doubt::Unreadable
        };
    };
    let code = envelope.content.text("code").unwrap_or_default();
    let unsigned = envelope.sign.is_none_or(|sign| sign.is_empty());
    if !unsigned || code == "10000" || code == "10003" {
        return Doubt::Unauthenticated;
    }
    let said = envelope
        .content
        .text("sub_code")
        .and_then(crate::wire::safe_code);
    match said.or_else(|| crate::wire::safe_code(code)) {
        Some(code) => Doubt::UnsignedRefusal {
            code: code.to_owned(),
        },
        None => Doubt::Unauthenticated,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// The signed part of every answer in a file of vectors; how many there were.
    fn check(vectors: &serde_json::Value) -> usize {
        let mut checked = 0;
        for vector in vectors["vectors"].as_array().unwrap() {
            let kind = vector["kind"].as_str().unwrap();
            // One answer of our own is signed over another spelling than it is sent in.
            let respelled = vector["id"] == "own-sync-response-plain-slash-signed";
            if respelled || !matches!(kind, "sync-response-verify" | "sign-content-extraction") {
                continue;
            }
            let body = vector["response_body"].as_str().unwrap();
            let envelope = open(body.as_bytes()).unwrap();
            assert_eq!(
                &body[envelope.part],
                vector["sign_content"].as_str().unwrap(),
                "{}",
                vector["id"]
            );
            assert!(envelope.sign.is_some());
            checked += 1;
        }
        checked
    }

    #[test]
    #[allow(
        clippy::disallowed_methods,
        clippy::print_stderr,
        reason = "asks its caller where the shared folder is"
    )]
    fn the_signed_part_is_cut_out_as_it_stands() {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../..");
        let read = |path: PathBuf| {
            std::fs::read(path)
                .ok()
                .map(|bytes| serde_json::from_slice(&bytes).unwrap())
        };
        let own = read(root.join("tests/fixtures/own_vectors/alipay_own.json")).unwrap();
        assert_eq!(check(&own), 2);
        let asked = std::env::var("PAYDESK_SHARED").ok();
        let shared = asked
            .as_ref()
            .map_or_else(|| root.join("../shared"), PathBuf::from);
        match read(shared.join("vectors/alipay_published.json")) {
            Some(published) => assert_eq!(check(&published), 3),
            None => {
                assert!(
                    asked.is_none(),
                    "PAYDESK_SHARED is set, but the published vectors are not there"
                );
                eprintln!("skipped: no shared data (alipay_published.json)");
            }
        }
    }
}
