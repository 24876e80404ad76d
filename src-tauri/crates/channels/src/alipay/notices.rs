//! Alipay's form notices: which text is signed, and what the fields say.
//!
//! The signed text joins raw values with `&`. A value that holds one would let somebody else cut the same
//! text into other fields, so such a notice is refused; Paydesk sends no such text itself, and a query tells.

use super::answers;
use crate::{
    Answer, Cx, Notice, NoticeAbout, Notices, Query, QueryRefund,
    wire::{BODY_BYTES_MAX, form, json::Json, safe_code},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use encoding_rs::GB18030;
use paydesk_domain::{Doubt, MerchantRef, Outcome, PaymentFact, RefundFact};
use paydesk_signing::{
    Authentic, Forged, KeyId, WireReply,
    mutants::{Mutant, planted},
};

/// A notice of a trade has some forty fields.
const FIELDS_MAX: usize = 200;
/// Fields that only messages to the application's gateway have; their signature covers `sign_type`.
const GATEWAY_FIELD: &[u8] = b"method";

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

fn value<'p>(pairs: &'p Pairs, name: &str) -> Option<&'p [u8]> {
    let mut found = pairs.iter().filter(|(known, _)| known == name.as_bytes());
    found.next().map(|(_, value)| value.as_slice())
}

/// The fields, each name once, no separator inside.
fn fields(body: &[u8]) -> Result<Pairs, Forged> {
    if body.len() > BODY_BYTES_MAX {
        return Err(Forged::Malformed);
    }
    let mut pairs = form::decode(body).ok_or(Forged::Malformed)?;
    pairs.retain(|(_, value)| !value.is_empty());
    pairs.sort();
    let twice = pairs
        .windows(2)
        .any(|two| matches!(two, [(one, _), (other, _)] if one == other));
    let split = |(name, value): &(Vec<u8>, Vec<u8>)| {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        value.contains(&b'&') || name.is_empty() || !name.iter().all(plain)
    };
    if twice || pairs.len() > FIELDS_MAX || pairs.iter().any(split) {
        return Err(Forged::Malformed);
    }
    Ok(pairs)
}

/// The text under the signature: sorted, raw values in the notice's own charset.
fn text(pairs: &Pairs, leave_out: &[&[u8]]) -> Vec<u8> {
    let kept = pairs
        .iter()
        .filter(|(name, _)| !leave_out.contains(&name.as_slice()));
    let lines: Vec<Vec<u8>> = kept
        .map(|(name, value)| [name.as_slice(), b"=", value.as_slice()].concat())
        .collect();
    lines.join(&b'&')
}

impl Notices for super::Alipay {
    fn authenticate(&self, notice: WireReply, cx: &Cx<'_>) -> Result<Authentic, Forged> {
        let pairs = fields(&notice.body)?;
        // SHA-1 is refused here as everywhere.
        if value(&pairs, "sign_type") != Some(b"RSA2") {
            return Err(Forged::NoSignature);
        }
        let sign = value(&pairs, "sign").ok_or(Forged::NoSignature)?;
        let signature = STANDARD.decode(sign).map_err(|_| Forged::Malformed)?;
        let to_gateway = pairs.iter().any(|(name, _)| name == GATEWAY_FIELD);
        let mut leave_out: Vec<&[u8]> = vec![b"sign"];
        if !to_gateway {
            leave_out.push(b"sign_type");
        }
        let named = value(&pairs, "alipay_cert_sn").and_then(|name| std::str::from_utf8(name).ok());
        let by = match named {
            Some(number) if cx.keys.root_id().is_ok() => KeyId(number.to_owned()),
            Some(_) | None => cx.keys.peer_id().ok_or(Forged::UnknownKey)?,
        };
        // What is believed is the text that was signed: it takes the body's place.
        let believe = |leave_out: &[&[u8]]| {
            let signed = text(&pairs, leave_out);
            let reply = WireReply {
                body: signed.clone(),
                ..notice.clone()
            };
            let whole = 0..signed.len();
            Authentic::signed(reply, whole, &signed, by.clone(), &signature, cx.keys)
        };
        match believe(&leave_out) {
            // Some of Alipay's own clients leave the certificate's number out of the text.
            Err(Forged::WrongSignature) if named.is_some() => {
                leave_out.push(b"alipay_cert_sn");
                believe(&leave_out)
            }
            settled => settled,
        }
    }

    fn read(&self, proof: &Authentic, cx: &Cx<'_>) -> Result<Notice, Doubt> {
        let content = content(proof)?;
        let named = |name: &str| content.text(name).unwrap_or_default().to_owned();
        let is_foreign =
            named("app_id") != cx.account.field("app_id") || answers::foreign(&content, cx);
        if is_foreign && !planted(Mutant::ForeignNoticeBelieved) {
            return Err(Doubt::Mismatch);
        }
        let is_ours = |reference: &str| MerchantRef::parse(reference).is_ok();
        if !content.text("out_trade_no").is_some_and(is_ours)
            && planted(Mutant::UnknownNoticeDropped)
        {
            return Err(Doubt::Mismatch);
        }
        let about = match content.text("out_trade_no") {
            Some(reference) if named("notify_type") == "trade_status_sync" => {
                NoticeAbout::Payment {
                    reference: reference.to_owned(),
                }
            }
            _ => {
                let event = content.text("method").or(content.text("notify_type"));
                let event = event.and_then(safe_code).ok_or(Doubt::Unreadable)?;
                NoticeAbout::Other {
                    event: event.to_owned(),
                }
            }
        };
        let id = named("notify_id");
        if id.is_empty() {
            return Err(Doubt::Unreadable);
        }
        Ok(Notice { id, about })
    }

    fn payment(&self, of: &Query, proof: &Authentic, cx: &Cx<'_>) -> Outcome<Answer<PaymentFact>> {
        match (self.read(proof, cx), content(proof)) {
            (Err(doubt), _) | (_, Err(doubt)) => Outcome::Unknown(doubt),
            (Ok(notice), Ok(content)) => match notice.about {
                NoticeAbout::Payment { .. } => answers::trade(&content, of, cx, "gmt_payment"),
                NoticeAbout::Refund { .. } | NoticeAbout::Other { .. } => {
                    Outcome::Unknown(Doubt::Mismatch)
                }
            },
        }
    }

    /// Alipay tells of refunds only as a state of the trade; the refund query knows.
    fn refund(
        &self,
        _of: &QueryRefund,
        _proof: &Authentic,
        _cx: &Cx<'_>,
    ) -> Outcome<Answer<RefundFact>> {
        Outcome::Unknown(Doubt::Mismatch)
    }

    fn receipt(&self) -> (u16, &'static str) {
        (200, "success")
    }
}

/// The believed fields as an object. No value holds the separator, so the text has one reading.
fn content(proof: &Authentic) -> Result<Json, Doubt> {
    let text = proof.believed();
    let is_gbk = text
        .split(|byte| *byte == b'&')
        .any(|pair| pair.to_ascii_lowercase().starts_with(b"charset=gb"));
    let text = if is_gbk {
        let decoded = GB18030.decode_without_bom_handling_and_without_replacement(text);
        decoded.ok_or(Doubt::Unreadable)?.into_owned()
    } else {
        String::from_utf8(text.to_vec()).map_err(|_| Doubt::Unreadable)?
    };
    let members = text
        .split('&')
        .map(|pair| pair.split_once('=').ok_or(Doubt::Unreadable))
        .map(|pair| pair.map(|(name, value)| (name.to_owned(), Json::Text(value.to_owned()))))
        .collect::<Result<Vec<_>, Doubt>>()?;
    Ok(Json::Object(members))
}
