//! Notices: what a channel tells by itself. Only reading them; whoever listens is elsewhere.
//! A notice is believed as little as an answer: signature first, then number, amount and merchant.

use crate::{Answer, Cx, Query, QueryRefund};
use paydesk_domain::{Doubt, Outcome, PaymentFact, RefundFact};
use paydesk_signing::{Authentic, Forged, WireReply};

/// What a genuine notice is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoticeAbout {
    /// Another event of the channel.
    Other {
        /// Its name there.
        event: String,
    },
    /// A payment.
    Payment {
        /// Our reference of it, as the channel wrote it.
        reference: String,
    },
    /// A refund.
    Refund {
        /// Our reference of the payment.
        payment: String,
        /// Our reference of the refund.
        reference: String,
    },
}

/// A genuine notice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// Its number, the same in every repetition.
    pub id: String,
    /// What it is about.
    pub about: NoticeAbout,
}

/// Reading notices.
pub trait Notices: Send + Sync {
    /// Decides whether a notice may be believed: its headers and body stand in a [`WireReply`].
    ///
    /// # Errors
    /// `Forged`; such a notice is answered with a refusal and changes nothing.
    fn authenticate(&self, notice: WireReply, cx: &Cx<'_>) -> Result<Authentic, Forged>;

    /// Which payment or refund it is about.
    ///
    /// # Errors
    /// `Mismatch` for another merchant's, `Unreadable` when it cannot be read.
    fn read(&self, proof: &Authentic, cx: &Cx<'_>) -> Result<Notice, Doubt>;

    /// What it says of this payment.
    fn payment(&self, of: &Query, proof: &Authentic, cx: &Cx<'_>) -> Outcome<Answer<PaymentFact>>;

    /// What it says of this refund.
    fn refund(
        &self,
        of: &QueryRefund,
        proof: &Authentic,
        cx: &Cx<'_>,
    ) -> Outcome<Answer<RefundFact>>;

    /// Status and body with which a notice is acknowledged; anything else makes the channel repeat it.
    fn receipt(&self) -> (u16, &'static str);
}
