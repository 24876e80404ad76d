//! What the till concludes from a reply, by the same two steps as its driver: authenticate for the operation,
//! then decode for the call. Says it in words, so that a case can name what it must come to.

use crate::peer::{Ask, Peer, create};
use paydesk_channels::{Answer, Channel, Exchange, NoticeAbout, Notices};
use paydesk_domain::{ClosedWhy, Doubt, End, Outcome, PaymentFact, RefundFact};
use paydesk_signing::{Authentic, WireReply};

/// What a paid charge and a refund that is done are called: no hostile reply may come to them.
pub(crate) const PAID: &str = "paid";
pub(crate) const REFUNDED: &str = "refunded";

/// A conclusion, and the bytes it rests on if any are believed.
pub(crate) struct Verdict {
    pub(crate) words: String,
    pub(crate) believed: Option<Vec<u8>>,
}

impl Verdict {
    pub(crate) fn is_money(&self) -> bool {
        self.words == PAID || self.words == REFUNDED
    }
}

/// The verdict of one connector. The connectors are named by type, so that each call has its own reader.
pub(crate) fn judge<C>(connector: &C, peer: &Peer, ask: Ask, reply: WireReply) -> Verdict
where
    C: Channel
        + Exchange<paydesk_channels::Create>
        + Exchange<paydesk_channels::Query>
        + Exchange<paydesk_channels::Finish>
        + Exchange<paydesk_channels::RefundCall>
        + Exchange<paydesk_channels::QueryRefund>,
{
    let cx = peer.cx();
    let hint = connector.hint(&reply);
    let proof = match connector.authenticate(ask.operation(), reply, &cx) {
        Ok(proof) => proof,
        Err(forged) => {
            return Verdict {
                words: format!("forged: {forged}; {}", doubt(&hint)),
                believed: None,
            };
        }
    };
    let words = match ask {
        Ask::Charge | Ask::Show => of_payment(connector.decode(&create(ask), &proof, &cx)),
        Ask::Query => of_payment(connector.decode(&peer.query(), &proof, &cx)),
        Ask::Close => of_payment(connector.decode(&peer.finish(End::Close), &proof, &cx)),
        Ask::Reverse => of_payment(connector.decode(&peer.finish(End::Reverse), &proof, &cx)),
        Ask::Refund => of_refund(connector.decode(&peer.refund(), &proof, &cx)),
        Ask::QueryRefund => of_refund(connector.decode(&peer.query_refund(), &proof, &cx)),
    };
    Verdict {
        words,
        believed: Some(believed(&proof)),
    }
}

/// The verdict on a notice, as whoever takes it in uses the connector: whom it names, then what it says of them.
pub(crate) fn judge_notice(notices: &dyn Notices, peer: &Peer, notice: WireReply) -> Verdict {
    let cx = peer.cx();
    let proof = match notices.authenticate(notice, &cx) {
        Ok(proof) => proof,
        Err(forged) => {
            return Verdict {
                words: format!("forged: {forged}"),
                believed: None,
            };
        }
    };
    let (query, refund) = (peer.query(), peer.query_refund());
    let words = match notices.read(&proof, &cx) {
        Err(why) => doubt(&why),
        Ok(notice) => match notice.about {
            NoticeAbout::Payment { reference } if reference == query.of.reference.as_str() => {
                of_payment(notices.payment(&query, &proof, &cx))
            }
            NoticeAbout::Refund { reference, .. }
                if reference == refund.refund.reference.as_str() =>
            {
                of_refund(notices.refund(&refund, &proof, &cx))
            }
            NoticeAbout::Payment { .. } | NoticeAbout::Refund { .. } => "about another".to_owned(),
            NoticeAbout::Other { event } => format!("about nothing: {event}"),
        },
    };
    // Whatever it names: nothing in it may pass for word of our payment or refund of another kind.
    let payment = of_payment(notices.payment(&query, &proof, &cx));
    let given_back = of_refund(notices.refund(&refund, &proof, &cx));
    let strays = |found: &str, money: &str| found == money && words != money;
    let words = if strays(&payment, PAID) || strays(&given_back, REFUNDED) {
        PAID.to_owned()
    } else {
        words
    };
    Verdict {
        words,
        believed: Some(believed(&proof)),
    }
}

fn believed(proof: &Authentic) -> Vec<u8> {
    proof.believed().to_vec()
}

fn of_payment(outcome: Outcome<Answer<PaymentFact>>) -> String {
    match outcome {
        Outcome::Done(answer) => match answer.fact {
            PaymentFact::Awaiting(..) => "awaiting".to_owned(),
            PaymentFact::Closed(why) => format!("closed: {}", closed(&why)),
            PaymentFact::Confirming(..) => "confirming".to_owned(),
            PaymentFact::EndRefused(refusal) => format!("end refused: {}", refusal.code),
            PaymentFact::Held(_) => "held".to_owned(),
            PaymentFact::NotFound => "not found".to_owned(),
            PaymentFact::Paid(_) | PaymentFact::PaidAmiss(..) => PAID.to_owned(),
            PaymentFact::Processing(_) => "processing".to_owned(),
        },
        Outcome::Refused(refusal) => format!("refused: {}", refusal.code),
        Outcome::Unknown(why) => doubt(&why),
    }
}

fn closed(why: &ClosedWhy) -> &'static str {
    match why {
        ClosedWhy::Closed => "closed",
        ClosedWhy::Expired => "expired",
        ClosedWhy::NeverExisted => "never existed",
        ClosedWhy::NotSent { .. } => "not sent",
        ClosedWhy::Refused { .. } => "refused",
        ClosedWhy::Reversed => "reversed",
    }
}

pub(crate) fn of_refund(outcome: Outcome<Answer<RefundFact>>) -> String {
    match outcome {
        Outcome::Done(answer) => match answer.fact {
            RefundFact::Accepted => "accepted".to_owned(),
            RefundFact::Done { .. } => REFUNDED.to_owned(),
            RefundFact::Failed(refusal, _) => format!("failed: {}", refusal.code),
            RefundFact::NotFound => "not found".to_owned(),
            RefundFact::Offered(_) => "offered".to_owned(),
            RefundFact::Refused(refusal, _) => format!("refused: {}", refusal.code),
        },
        Outcome::Refused(refusal) => format!("refused: {}", refusal.code),
        Outcome::Unknown(why) => doubt(&why),
    }
}

fn doubt(why: &Doubt) -> String {
    match why {
        Doubt::Duplicate { code } => format!("doubt: duplicate {code}"),
        Doubt::Interrupted => "doubt: interrupted".to_owned(),
        Doubt::Mismatch => "doubt: mismatch".to_owned(),
        Doubt::NoReply => "doubt: no reply".to_owned(),
        Doubt::RefusalUnconfirmed { refusal, .. } => format!("doubt: refused {}", refusal.code),
        Doubt::ServerFault { code } => format!("doubt: server {code}"),
        Doubt::Unauthenticated => "doubt: unauthenticated".to_owned(),
        Doubt::Unreadable => "doubt: unreadable".to_owned(),
        Doubt::UnsignedRefusal { code } => format!("doubt: unsigned {code}"),
    }
}
