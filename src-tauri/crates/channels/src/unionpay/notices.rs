//! UnionPay's notices: forms whose decoded fields are signed like an answer's. Only what went through is told.

use super::{
    answers,
    envelope::{self, Fields, content},
};
use crate::{
    Answer, Cx, Notice, NoticeAbout, Notices, Query, QueryRefund,
    wire::{BODY_BYTES_MAX, form, safe_code},
};
use paydesk_domain::{Doubt, MerchantRef, Outcome, PaymentFact, RefundFact};
use paydesk_signing::{Authentic, Forged, WireReply};

/// The decoded fields of a form.
fn fields(body: &[u8]) -> Option<Fields> {
    if body.len() > BODY_BYTES_MAX {
        return None;
    }
    let pairs = form::decode(body)?;
    let mut texts = Vec::with_capacity(pairs.len());
    for (name, value) in &pairs {
        let (name, value) = (std::str::from_utf8(name), std::str::from_utf8(value));
        texts.push((name.ok()?, value.ok()?));
    }
    Fields::of(texts)
}

impl Notices for super::UnionPay {
    fn authenticate(&self, notice: WireReply, cx: &Cx<'_>) -> Result<Authentic, Forged> {
        let fields = fields(&notice.body).ok_or(Forged::Malformed)?;
        envelope::believe(notice, &fields, cx)
    }

    fn read(&self, proof: &Authentic, cx: &Cx<'_>) -> Result<Notice, Doubt> {
        let fields = content(proof)?;
        let named = |name: &str| {
            fields
                .get(name)
                .and_then(safe_code)
                .ok_or(Doubt::Unreadable)
        };
        if named("merId")? != cx.account.field("merId") {
            return Err(Doubt::Mismatch);
        }
        let order = named("orderId")?.to_owned();
        let about = match named("txnType")? {
            "01" => NoticeAbout::Payment { reference: order },
            // It names the refund alone; whose it is, our own number says.
            "04" => match MerchantRef::parse(&order) {
                Ok(refund) => NoticeAbout::Refund {
                    payment: refund.payment().as_str().to_owned(),
                    reference: order,
                },
                Err(_) => NoticeAbout::Other {
                    event: "04".to_owned(),
                },
            },
            other => NoticeAbout::Other {
                event: other.to_owned(),
            },
        };
        let id = named("queryId")?.to_owned();
        Ok(Notice { id, about })
    }

    fn payment(&self, of: &Query, proof: &Authentic, cx: &Cx<'_>) -> Outcome<Answer<PaymentFact>> {
        match content(proof) {
            Ok(fields) => answers::payment_notice(&fields, of, cx),
            Err(doubt) => Outcome::Unknown(doubt),
        }
    }

    fn refund(
        &self,
        of: &QueryRefund,
        proof: &Authentic,
        cx: &Cx<'_>,
    ) -> Outcome<Answer<RefundFact>> {
        match content(proof) {
            Ok(fields) => answers::refund_notice(&fields, of, cx),
            Err(doubt) => Outcome::Unknown(doubt),
        }
    }

    fn receipt(&self) -> (u16, &'static str) {
        (200, "ok")
    }
}
