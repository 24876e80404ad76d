//! Webhooks: `BTCPay-Sig` is an HMAC over the raw body under the secret that the owner set with the webhook.
//!
//! A webhook names the order and what happened, and neither the sum nor the currency. So it concludes nothing: it says
//! that this is the moment to ask.

use crate::{
    Answer, Cx, Notice, NoticeAbout, Notices, Query, QueryRefund,
    wire::{BODY_BYTES_MAX, json::Json, safe_code},
};
use paydesk_domain::{Doubt, Outcome, PaymentFact, RefundFact};
use paydesk_signing::{Authentic, Forged, WireReply};

const HEADER: &str = "BTCPay-Sig";
/// In front of the tag.
const ALGORITHM: &str = "sha256=";

/// The fields of a genuine webhook of this store.
fn content(proof: &Authentic, cx: &Cx<'_>) -> Result<Json, Doubt> {
    let content = Json::read(proof.believed()).map_err(|_| Doubt::Unreadable)?;
    let store = content.text("storeId").ok_or(Doubt::Unreadable)?;
    if store == cx.account.field("store_id") {
        Ok(content)
    } else {
        Err(Doubt::Mismatch)
    }
}

impl Notices for super::BtcPay {
    fn authenticate(&self, notice: WireReply, cx: &Cx<'_>) -> Result<Authentic, Forged> {
        if notice.body.len() > BODY_BYTES_MAX {
            return Err(Forged::Malformed);
        }
        let header = notice.header(HEADER).ok_or(Forged::NoSignature)?;
        let tag = header.strip_prefix(ALGORITHM).ok_or(Forged::Malformed)?;
        let tags = [tag.to_owned()];
        Authentic::tagged(notice, b"", &tags, cx.keys)
    }

    fn read(&self, proof: &Authentic, cx: &Cx<'_>) -> Result<Notice, Doubt> {
        let content = content(proof, cx)?;
        let named = |name: &str| content.text(name).and_then(safe_code);
        let event = named("type").ok_or(Doubt::Unreadable)?;
        // A delivery that is repeated has a number of its own, and names the first. Old servers misspell the name.
        let id = named("originalDeliveryId")
            .or_else(|| named("orignalDeliveryId"))
            .or_else(|| named("deliveryId"))
            .ok_or(Doubt::Unreadable)?;
        let order = content.get("metadata").and_then(|it| it.text("orderId"));
        let about = match order.and_then(safe_code) {
            Some(order) if event.starts_with("Invoice") && event != "InvoiceRefund" => {
                NoticeAbout::Payment {
                    reference: order.to_owned(),
                }
            }
            // A refund and its payouts are named by the pull payment alone.
            _ => NoticeAbout::Other {
                event: event.to_owned(),
            },
        };
        Ok(Notice {
            id: id.to_owned(),
            about,
        })
    }

    fn payment(&self, of: &Query, proof: &Authentic, cx: &Cx<'_>) -> Outcome<Answer<PaymentFact>> {
        let content = match content(proof, cx) {
            Ok(content) => content,
            Err(doubt) => return Outcome::Unknown(doubt),
        };
        let order = content.get("metadata").and_then(|it| it.text("orderId"));
        Outcome::Unknown(if order == Some(of.of.reference.as_str()) {
            Doubt::NoReply
        } else {
            Doubt::Mismatch
        })
    }

    fn refund(
        &self,
        _of: &QueryRefund,
        _proof: &Authentic,
        _cx: &Cx<'_>,
    ) -> Outcome<Answer<RefundFact>> {
        Outcome::Unknown(Doubt::Mismatch)
    }

    fn receipt(&self) -> (u16, &'static str) {
        (200, "")
    }
}
