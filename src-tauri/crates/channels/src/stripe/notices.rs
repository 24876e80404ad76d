//! Reading Stripe's notices. They come at least once and in no order, so they are a hint in the channel's own hand: what
//! they say of a payment is read like an answer, and bound like one.

use super::{
    VERSION,
    known::{Known, Way, id},
    objects,
    request::{PAYMENT_KEY, REFUND_KEY},
};
use crate::{
    Answer, Cx, Notice, NoticeAbout, Notices, Query, QueryRefund,
    wire::{json::Json, safe_code},
};
use paydesk_domain::{Doubt, Outcome, PaymentFact, RefundFact};
use paydesk_signing::{Authentic, Forged, WireReply};

/// How old a signed moment may be, and how far ahead of our clock: the channel's own libraries allow any future.
const TOLERANCE_SECONDS: i64 = 300;
/// A header names few signatures: one a secret, while secrets change.
const SIGNATURES_MAX: usize = 8;

/// The signed moment and the `v1` signatures of a header. Unknown schemes are passed over.
fn header(text: &str) -> Option<(i64, Vec<&str>)> {
    let (mut moment, mut signatures) = (None, Vec::new());
    for part in text.split(',') {
        let (name, value) = part.split_once('=')?;
        match name {
            "t" if moment.is_some() => return None,
            "t" => {
                let is_plain = value.bytes().all(|byte| byte.is_ascii_digit());
                moment = Some(value.parse().ok().filter(|_| is_plain)?);
            }
            "v1" if signatures.len() == SIGNATURES_MAX => return None,
            "v1" => signatures.push(value),
            _ => {}
        }
    }
    Some((moment?, signatures))
}

/// An event in the version that was asked for, its number and its name.
fn event(proof: &Authentic, cx: &Cx<'_>) -> Result<(Json, String, String), Doubt> {
    let event = Json::read(proof.believed()).map_err(|_| Doubt::Unreadable)?;
    // A thin event holds no object, and another version's may mean something else by the same names.
    let is_ours = event.text("object") == Some("event")
        && event.text("api_version") == Some(VERSION)
        && super::envelope::is_of_mode(&event, cx);
    let account = event.text("account");
    if !is_ours || account.is_some_and(|account| account != cx.account.field("account")) {
        return Err(Doubt::Mismatch);
    }
    let name = event.text("type").and_then(safe_code);
    let name = name.ok_or(Doubt::Unreadable)?.to_owned();
    let number = event.text("id").and_then(|text| id(text, "evt_"));
    let number = number.ok_or(Doubt::Unreadable)?.to_owned();
    Ok((event, number, name))
}

fn object(event: &Json) -> Result<&Json, Doubt> {
    let object = event.get("data").and_then(|data| data.get("object"));
    object.ok_or(Doubt::Unreadable)
}

impl Notices for super::Stripe {
    fn authenticate(&self, notice: WireReply, cx: &Cx<'_>) -> Result<Authentic, Forged> {
        let signed = notice.header("Stripe-Signature");
        let (moment, signatures) =
            header(signed.ok_or(Forged::NoSignature)?).ok_or(Forged::Malformed)?;
        let now = cx.now.0.div_euclid(1000);
        if now.abs_diff(moment) > TOLERANCE_SECONDS.unsigned_abs() {
            return Err(Forged::StaleTime);
        }
        let tags = signatures
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>();
        let before = format!("{moment}.");
        Authentic::tagged(notice, before.as_bytes(), &tags, cx.keys)
    }

    fn read(&self, proof: &Authentic, cx: &Cx<'_>) -> Result<Notice, Doubt> {
        let (event, number, name) = event(proof, cx)?;
        let object = object(&event)?;
        let metadata = |key: &str| {
            let text = object.get("metadata")?.text(key)?;
            safe_code(text).map(str::to_owned)
        };
        let about = match object.text("object") {
            Some("checkout.session" | "payment_intent") => {
                metadata(PAYMENT_KEY).map(|reference| NoticeAbout::Payment { reference })
            }
            Some("refund") => metadata(PAYMENT_KEY)
                .zip(metadata(REFUND_KEY))
                .map(|(payment, reference)| NoticeAbout::Refund { payment, reference }),
            _ => None,
        };
        Ok(Notice {
            id: number,
            about: about.unwrap_or(NoticeAbout::Other { event: name }),
        })
    }

    fn payment(&self, of: &Query, proof: &Authentic, cx: &Cx<'_>) -> Outcome<Answer<PaymentFact>> {
        let (event, ..) = match event(proof, cx) {
            Ok(event) => event,
            Err(doubt) => return Outcome::Unknown(doubt),
        };
        let object = match object(&event) {
            Ok(object) => object,
            Err(doubt) => return Outcome::Unknown(doubt),
        };
        let state = match object.text("object") {
            Some("payment_intent") => {
                let made = Known::of_target(&of.of);
                let made = made.filter(|known| matches!(known.way, Way::Reader(_)));
                let made = made.and_then(|known| known.made);
                let number = objects::intent(object, &of.of, cx);
                match number {
                    Ok(number) if made.as_deref().is_none_or(|made| made == number) => {
                        objects::state_of_intent(object, &of.of, cx)
                    }
                    Ok(_) => Err(Doubt::Mismatch),
                    Err(doubt) => Err(doubt),
                }
            }
            // A page's event names its intent and does not hold it.
            Some("checkout.session") => objects::session(object, &of.of, cx).map(|_| None),
            _ => Err(Doubt::Mismatch),
        };
        match state {
            Ok(Some(fact @ PaymentFact::Paid(_))) => Outcome::Done(Answer::of(fact)),
            // Only money that came is taken from a notice: everything else may be old by now, and is asked about.
            Ok(_) => Outcome::Unknown(Doubt::NoReply),
            Err(doubt) => Outcome::Unknown(doubt),
        }
    }

    fn refund(
        &self,
        of: &QueryRefund,
        proof: &Authentic,
        cx: &Cx<'_>,
    ) -> Outcome<Answer<RefundFact>> {
        let event = match event(proof, cx) {
            Ok((event, ..)) => event,
            Err(doubt) => return Outcome::Unknown(doubt),
        };
        match object(&event) {
            Ok(object) => super::refunds::notice(object, of, cx),
            Err(doubt) => Outcome::Unknown(doubt),
        }
    }

    fn receipt(&self) -> (u16, &'static str) {
        (200, "ok")
    }
}
