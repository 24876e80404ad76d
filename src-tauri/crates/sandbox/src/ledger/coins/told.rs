//! What BTCPay Server tells to the merchant's addresses: which events, to whom, how often.
//!
//! It must never send anything, and never write an event's text.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::invoice::CoinPayment;
use super::payout::PayoutState;

/// After which pause a failed delivery is made again, in seconds (protocol reference, "Webhooks").
const PAUSES_S: [i64; 8] = [10, 60, 600, 600, 600, 600, 600, 600];

/// What happened.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum What {
    Created,
    Expired {
        is_partly: bool,
    },
    ExpiredPaidPartial,
    Invalid {
        is_marked: bool,
    },
    PaidAfterExpiration,
    PaymentSettled {
        is_late: bool,
        payment: CoinPayment,
    },
    PayoutApproved {
        payout_id: String,
        pull_id: String,
        state: PayoutState,
    },
    PayoutCreated {
        payout_id: String,
        pull_id: String,
        state: PayoutState,
    },
    PayoutUpdated {
        payout_id: String,
        pull_id: String,
        state: PayoutState,
    },
    Processing {
        is_over: bool,
    },
    ReceivedPayment {
        is_late: bool,
        payment: CoinPayment,
    },
    Refund {
        pull_id: String,
    },
    Settled {
        is_marked: bool,
        is_over: bool,
    },
}

impl What {
    /// The event's name on the wire.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Created => "InvoiceCreated",
            Self::Expired { .. } => "InvoiceExpired",
            Self::ExpiredPaidPartial => "InvoiceExpiredPaidPartial",
            Self::Invalid { .. } => "InvoiceInvalid",
            Self::PaidAfterExpiration => "InvoicePaidAfterExpiration",
            Self::PaymentSettled { .. } => "InvoicePaymentSettled",
            Self::PayoutApproved { .. } => "PayoutApproved",
            Self::PayoutCreated { .. } => "PayoutCreated",
            Self::PayoutUpdated { .. } => "PayoutUpdated",
            Self::Processing { .. } => "InvoiceProcessing",
            Self::ReceivedPayment { .. } => "InvoiceReceivedPayment",
            Self::Refund { .. } => "InvoiceRefund",
            Self::Settled { .. } => "InvoiceSettled",
        }
    }
}

/// One event, as it was when it happened.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Told {
    pub(crate) at_ms: i64,
    pub(crate) store_id: String,
    /// None for a payout.
    pub(crate) invoice_id: Option<String>,
    pub(crate) metadata: Value,
    pub(crate) what: What,
}

/// An address of the merchant.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Hook {
    pub(crate) id: String,
    pub(crate) store_id: String,
    pub(crate) url: String,
    pub(crate) secret: String,
    pub(crate) is_enabled: bool,
    pub(crate) redelivers: bool,
    pub(crate) takes_everything: bool,
    pub(crate) events: Vec<String>,
}

impl Hook {
    pub(super) fn takes(&self, told: &Told) -> bool {
        let is_asked = || self.events.iter().any(|event| event == told.what.name());
        self.is_enabled && self.store_id == told.store_id && (self.takes_everything || is_asked())
    }
}

/// One attempt to tell.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Delivery {
    pub(crate) id: String,
    /// The first attempt.
    pub(crate) original_id: String,
    pub(crate) hook_id: String,
    pub(crate) told: Told,
    /// How many attempts were made before.
    pub(crate) attempt: usize,
    /// When it goes out; none when it has gone, or never will.
    pub(crate) due_ms: Option<i64>,
    pub(crate) sent_ms: Option<i64>,
    /// What the merchant answered; none when nobody did.
    pub(crate) status: Option<u16>,
}

impl Delivery {
    pub(super) fn new(hook: &Hook, told: &Told, count: usize) -> Self {
        let id = id_of(&[&hook.id, &count.to_string()]);
        Self {
            original_id: id.clone(),
            id,
            hook_id: hook.id.clone(),
            told: told.clone(),
            attempt: 0,
            due_ms: Some(told.at_ms),
            sent_ms: None,
            status: None,
        }
    }

    /// The same once more.
    pub(super) fn again(&self, count: usize, due_ms: i64) -> Self {
        Self {
            id: id_of(&[&self.original_id, &count.to_string()]),
            attempt: self.attempt.saturating_add(1),
            due_ms: Some(due_ms),
            sent_ms: None,
            status: None,
            ..self.clone()
        }
    }

    pub(crate) fn is_redelivery(&self) -> bool {
        self.id != self.original_id
    }

    pub(crate) fn is_taken(&self) -> bool {
        self.status
            .is_some_and(|status| (200..300).contains(&status))
    }

    /// After which pause it comes again, by what became of it.
    pub(super) fn pause_ms(&self) -> Option<i64> {
        let is_passing = match self.status {
            None => true,
            Some(status) => matches!(status, 408 | 429 | 500..600),
        };
        let pause_s = PAUSES_S.get(self.attempt).filter(|_| is_passing)?;
        Some(pause_s.saturating_mul(1_000))
    }
}

/// An id of 22 letters that the parts determine.
pub(crate) fn id_of(parts: &[&str]) -> String {
    const LETTERS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let digest = Sha256::digest(parts.join("\n"));
    let letter = |byte: &u8| LETTERS.get(usize::from(*byte) % LETTERS.len());
    let letters = digest.iter().take(22).filter_map(letter);
    letters.map(|letter| char::from(*letter)).collect()
}
