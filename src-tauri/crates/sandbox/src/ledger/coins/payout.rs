//! Money back at BTCPay Server: the pull payment that the customer claims, and the payout that follows.
//!
//! It must never pay more than the merchant's wallet holds.

use serde::{Deserialize, Serialize};

use super::Rate;
use super::invoice::CoinMethod;
use super::told::What;
use crate::ledger::{Currency, Fen, RefundState};

/// An offer of money back, which somebody has to claim.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PullPayment {
    /// The channel's number.
    pub id: String,
    /// Whose.
    pub store_id: String,
    /// The invoice that it gives back.
    pub invoice_id: String,
    /// The merchant's words; a till puts its number of the refund there.
    pub name: String,
    /// More of them.
    pub description: String,
    /// Of the amount.
    pub currency: Currency,
    /// What can be claimed.
    pub amount: Fen,
    /// What that was worth, in the invoice's currency, when it was offered.
    pub value: Fen,
    /// Claims need nobody's approval.
    pub approves: bool,
    /// How it can be paid.
    pub methods: Vec<CoinMethod>,
    /// Closed: nothing can be claimed any more.
    pub is_archived: bool,
    /// When it was offered.
    pub created_ms: i64,
}

/// Where a payout stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum PayoutState {
    /// Claimed; the owner has to approve.
    AwaitingApproval,
    /// Approved; the wallet has to pay.
    AwaitingPayment,
    /// On its way.
    InProgress,
    /// With the customer.
    Completed,
    /// Given up.
    Cancelled,
}

/// A claim, and what became of it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CoinPayout {
    /// The channel's number.
    pub id: String,
    /// Whose.
    pub store_id: String,
    /// What is claimed.
    pub pull_id: String,
    /// How.
    pub method: CoinMethod,
    /// Where to.
    pub destination: String,
    /// In the pull payment's currency.
    pub amount: Fen,
    /// In satoshi, once it is approved.
    pub sats: Option<i64>,
    /// Where it stands.
    pub state: PayoutState,
    /// Counts the changes of what is to be approved.
    pub revision: i64,
    /// When it was claimed.
    pub created_ms: i64,
    /// When it was done, or given up.
    pub ended_ms: Option<i64>,
    /// When the owner or the wallet looks at it next.
    pub next_ms: Option<i64>,
    /// What the owner makes of it: success, closed, or (abnormal) nothing for ever.
    pub owner: RefundState,
}

/// How long people and wallets take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PayoutPace {
    pub(crate) owner_ms: i64,
    pub(crate) block_ms: i64,
}

impl PayoutPace {
    /// The moment of the block that makes something seen now certain.
    pub(crate) fn block_after(self, at_ms: i64, blocks: i64) -> i64 {
        let block_ms = self.block_ms.max(1);
        let height = at_ms.div_euclid(block_ms).saturating_add(blocks);
        height.saturating_mul(block_ms)
    }
}

impl CoinPayout {
    /// Whether coins have left the wallet for it.
    pub(crate) fn is_out(&self) -> bool {
        matches!(self.state, PayoutState::InProgress | PayoutState::Completed)
    }

    pub(crate) fn out_sats(&self) -> i64 {
        self.sats.filter(|_| self.is_out()).unwrap_or(0)
    }

    /// What it costs now; `None` where no rate is known.
    pub(crate) fn cost(&self, currency: Currency, rate: Option<Rate>) -> Option<i64> {
        rate.and_then(|rate| rate.sats_for(self.amount, currency))
    }

    /// The owner, or whoever speaks for him, approves.
    pub(crate) fn approve(&mut self, sats: i64, at_ms: i64, pace: PayoutPace) {
        self.sats = Some(sats);
        self.state = PayoutState::AwaitingPayment;
        let goes = self.owner == RefundState::Success;
        self.next_ms = goes.then(|| at_ms.saturating_add(pace.owner_ms));
    }

    pub(crate) fn end(&mut self, state: PayoutState, at_ms: i64) {
        self.state = state;
        self.ended_ms = Some(at_ms);
        self.next_ms = None;
    }

    /// What is due at this moment. Whatever has to wait waits as long again as it has waited.
    pub(super) fn live(
        &mut self,
        cost: Option<i64>,
        balance: i64,
        at_ms: i64,
        pace: PayoutPace,
    ) -> Option<What> {
        let waited_ms = at_ms
            .saturating_sub(self.created_ms)
            .max(pace.block_ms)
            .max(1);
        self.next_ms = Some(at_ms.saturating_add(waited_ms));
        match (self.state, self.owner) {
            (PayoutState::AwaitingApproval | PayoutState::AwaitingPayment, RefundState::Closed) => {
                self.end(PayoutState::Cancelled, at_ms);
            }
            (PayoutState::AwaitingApproval, RefundState::Success) => {
                self.approve(cost?, at_ms, pace);
                return Some(self.told(|payout_id, pull_id, state| What::PayoutApproved {
                    payout_id,
                    pull_id,
                    state,
                }));
            }
            (PayoutState::AwaitingPayment, RefundState::Success) => {
                self.sats.filter(|sats| *sats <= balance)?;
                self.state = PayoutState::InProgress;
                self.next_ms = Some(match self.method {
                    CoinMethod::Chain => pace.block_after(at_ms, 1),
                    CoinMethod::Lightning => at_ms.saturating_add(1),
                });
            }
            (PayoutState::InProgress, _) => self.end(PayoutState::Completed, at_ms),
            _ => {
                self.next_ms = None;
                return None;
            }
        }
        Some(self.updated())
    }

    pub(crate) fn updated(&self) -> What {
        self.told(|payout_id, pull_id, state| What::PayoutUpdated {
            payout_id,
            pull_id,
            state,
        })
    }

    pub(crate) fn told(&self, what: impl FnOnce(String, String, PayoutState) -> What) -> What {
        what(self.id.clone(), self.pull_id.clone(), self.state)
    }
}
