//! WeChat Pay's notices: the whole body is signed, and what it says is sealed inside with the APIv3 key.

use super::{answers, envelope};
use crate::{
    Answer, Cx, Notice, NoticeAbout, Notices, Query, QueryRefund,
    wire::{json::Json, safe_code},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_domain::{Doubt, Outcome, PaymentFact, RefundFact};
use paydesk_signing::{Authentic, Forged, WireReply};

/// What a notice holds once it is opened.
struct Opened {
    id: String,
    event: String,
    content: Json,
}

impl Notices for super::WechatPay {
    fn authenticate(&self, notice: WireReply, cx: &Cx<'_>) -> Result<Authentic, Forged> {
        let proof = envelope::authenticate(notice, cx)?;
        // A seal that does not open is as bad as a signature that does not fit.
        opened(&proof, cx).map_err(|_| Forged::Malformed)?;
        Ok(proof)
    }

    fn read(&self, proof: &Authentic, cx: &Cx<'_>) -> Result<Notice, Doubt> {
        let Opened { id, event, content } = opened(proof, cx)?;
        let named = |name: &str| {
            let text = content.text(name).filter(|text| !text.is_empty());
            text.map(str::to_owned).ok_or(Doubt::Unreadable)
        };
        if named("mchid")? != cx.account.field("mchid") {
            return Err(Doubt::Mismatch);
        }
        let about = match event.split_once('.') {
            Some(("TRANSACTION", _)) => NoticeAbout::Payment {
                reference: named("out_trade_no")?,
            },
            Some(("REFUND", _)) => NoticeAbout::Refund {
                payment: named("out_trade_no")?,
                reference: named("out_refund_no")?,
            },
            _ => NoticeAbout::Other { event },
        };
        Ok(Notice { id, about })
    }

    fn payment(&self, of: &Query, proof: &Authentic, cx: &Cx<'_>) -> Outcome<Answer<PaymentFact>> {
        match (self.read(proof, cx), opened(proof, cx)) {
            (Err(doubt), _) | (_, Err(doubt)) => Outcome::Unknown(doubt),
            (Ok(notice), Ok(opened)) => match notice.about {
                NoticeAbout::Payment { .. } => answers::order(&opened.content, &of.of, cx),
                NoticeAbout::Refund { .. } | NoticeAbout::Other { .. } => {
                    Outcome::Unknown(Doubt::Mismatch)
                }
            },
        }
    }

    fn refund(
        &self,
        of: &QueryRefund,
        proof: &Authentic,
        cx: &Cx<'_>,
    ) -> Outcome<Answer<RefundFact>> {
        match (self.read(proof, cx), opened(proof, cx)) {
            (Err(doubt), _) | (_, Err(doubt)) => Outcome::Unknown(doubt),
            (Ok(notice), Ok(opened)) => match notice.about {
                NoticeAbout::Refund { .. } => answers::refund_notice(&opened.content, of),
                NoticeAbout::Payment { .. } | NoticeAbout::Other { .. } => {
                    Outcome::Unknown(Doubt::Mismatch)
                }
            },
        }
    }

    fn receipt(&self) -> (u16, &'static str) {
        (204, "")
    }
}

fn opened(proof: &Authentic, cx: &Cx<'_>) -> Result<Opened, Doubt> {
    let notice = Json::read(proof.believed()).map_err(|_| Doubt::Unreadable)?;
    let resource = notice.get("resource").ok_or(Doubt::Unreadable)?;
    let text = |from: &Json, name: &str| {
        let text = from.text(name).filter(|text| !text.is_empty());
        text.map(str::to_owned).ok_or(Doubt::Unreadable)
    };
    if text(resource, "algorithm")? != "AEAD_AES_256_GCM" {
        return Err(Doubt::Unreadable);
    }
    let event = text(&notice, "event_type")?;
    let event = safe_code(&event).ok_or(Doubt::Unreadable)?.to_owned();
    let sealed = text(resource, "ciphertext")?;
    let sealed = STANDARD
        .decode(sealed.as_bytes())
        .map_err(|_| Doubt::Unreadable)?;
    let aad = resource.text("associated_data").unwrap_or_default();
    let nonce = text(resource, "nonce")?;
    let plain = cx.keys.open(nonce.as_bytes(), aad.as_bytes(), &sealed);
    let plain = plain.map_err(|_| Doubt::Unauthenticated)?;
    let content = Json::read(&plain).map_err(|_| Doubt::Unreadable)?;
    if !content.is_object() {
        return Err(Doubt::Unreadable);
    }
    let id = text(&notice, "id")?;
    Ok(Opened { id, event, content })
}
