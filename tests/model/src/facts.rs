//! Answers of the abstract channel as evidence of the real domain.

use crate::{
    ledger::{Answer, ReturnAnswer},
    till::{NOW, TOTAL, amount},
};
use paydesk_domain::{
    Advice, Again, ChannelRef, ClosedWhy, Heard, Paid, PayerAction, PaymentFact, RefundFact,
    Refusal,
};
use paydesk_signing::{Authentic, KeyId, Peer, TagKeys, WireReply};

pub(crate) fn proof() -> Authentic {
    let keys = TagKeys::new("model");
    let body = b"an answer".to_vec();
    let signature = keys.sign_as_peer(&body);
    let reply = WireReply {
        status: 200,
        headers: Vec::new(),
        body: body.clone(),
        peer: Peer::Unknown,
    };
    let by = KeyId("stand-in-model".to_owned());
    Authentic::signed(reply, 0..body.len(), &body, by, &signature, &keys)
        .expect("the model's own signature")
}

fn refusal() -> Refusal {
    Refusal {
        code: "NO".to_owned(),
        advice: Advice::GiveUp,
    }
}

/// The fact an answer carries; a doubt carries none.
pub(crate) fn payment_fact(attempt: usize, answer: Answer) -> Option<PaymentFact> {
    Some(match answer {
        Answer::Awaiting => PaymentFact::Awaiting(PayerAction::EnterPassword, NOW),
        Answer::Closed => PaymentFact::Closed(ClosedWhy::Closed),
        Answer::Doubt => return None,
        Answer::EndRefused => PaymentFact::EndRefused(refusal()),
        Answer::NeverExisted => PaymentFact::Closed(ClosedWhy::NeverExisted),
        Answer::NotFound => PaymentFact::NotFound,
        Answer::Paid => PaymentFact::Paid(Paid {
            asked: amount(TOTAL),
            received: amount(TOTAL),
            payer_paid: None,
            channel_ref: ChannelRef(format!("trade {attempt}")),
            at: NOW,
            payer: None,
            coins: Vec::new(),
        }),
        Answer::Refused => PaymentFact::Closed(ClosedWhy::Refused { refusal: refusal() }),
        Answer::Reversed => PaymentFact::Closed(ClosedWhy::Reversed),
    })
}

pub(crate) fn refund_fact(refund: usize, answer: ReturnAnswer, heard: Heard) -> RefundFact {
    match answer {
        ReturnAnswer::Accepted => RefundFact::Accepted,
        ReturnAnswer::Done => RefundFact::Done {
            channel_ref: Some(ChannelRef(format!("refund {refund}"))),
            at: Some(NOW),
        },
        ReturnAnswer::FailedNew => RefundFact::Failed(refusal(), Again::NewReference),
        // Turned away at the door, in words that name nothing.
        ReturnAnswer::FailedSame if heard == Heard::Reply => {
            RefundFact::Refused(refusal(), Again::SameReference)
        }
        ReturnAnswer::FailedSame => RefundFact::Failed(refusal(), Again::SameReference),
        ReturnAnswer::NotFound => RefundFact::NotFound,
        ReturnAnswer::Refused => RefundFact::Refused(refusal(), Again::ByHand),
    }
}
