//! One attempt to collect money through one account, and every state it can be in.
//! [`Payment::apply`] is total: evidence moves the state, changes nothing, or is kept as a contradiction.

mod hear;

use crate::{
    bill::LineState,
    cash::Handed,
    coins::{Amiss, Confirmations},
    evidence::{Change, ClosedWhy, Doubt, Evidence, Fact, NotSent, Paid, PayerAction, PaymentFact},
    money::{Amount, FeeRate, Money},
    number::MerchantRef,
    time::Timestamp,
};
use paydesk_signing::mutants::{Mutant, planted};
use serde::{Deserialize, Serialize};

/// A channel by its short name, `alipay`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChannelId(pub String);

/// A merchant account at a channel; a shop may have two of one channel.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(pub String);

/// What a connector wants to remember of an attempt: a session id, an invoice id. Opaque to the rest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Memo(pub String);

/// How the payer is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenderKind {
    /// Notes and coins over the counter: no channel, and only [`crate::Order::take_cash`] makes one.
    Cash(Handed),
    /// A page in a browser.
    Page,
    /// The code on the payer's phone, scanned by the shop.
    PayerCode,
    /// A card reader.
    Reader,
    /// A code shown by the shop, scanned by the payer.
    ShowCode,
}

impl TenderKind {
    /// Whether it is notes and coins.
    #[must_use]
    pub fn is_cash(self) -> bool {
        matches!(self, TenderKind::Cash(_))
    }
}

/// How an attempt is ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Close it unpaid; a paid one stays paid.
    Close,
    /// Undo it whatever it is: unpaid is closed, paid goes back.
    Reverse,
}

/// What becomes of money that came after the end. A person decides, never the program.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "choice", rename_all = "snake_case")]
pub enum LateChoice {
    /// The goods are handed over after all.
    Accepted {
        /// Who decided.
        by: String,
    },
    /// The money goes back under [`MerchantRef::late_return`].
    Returning {
        /// Who decided.
        by: String,
    },
    /// Nobody has decided yet.
    Undecided,
}

/// The state of a payment (attempt).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PaymentState {
    /// The payer must act: a password, a shown code, an open page, a busy reader.
    Awaiting {
        /// What is asked of the payer.
        action: PayerAction,
        /// Until when, as the channel was told.
        until: Timestamp,
        /// As of which question.
        #[serde(default = "long_ago")]
        as_of: Timestamp,
    },
    /// Ended unpaid. Late evidence of money still moves it.
    Closed {
        /// Why.
        why: ClosedWhy,
    },
    /// A reverse or close is under way: a durable intent of its own, repeated until verified.
    Ending {
        /// How.
        how: End,
        /// Sends so far.
        tries: u32,
        /// Since when.
        since: Timestamp,
        /// The channel refused to end it, so only a query can tell.
        refused: bool,
    },
    /// Authorised, not captured.
    Held {
        /// What is held.
        amount: Amount,
    },
    /// The durable default from `begin` onwards: money may have moved.
    InDoubt {
        /// Since when.
        since: Timestamp,
        /// Why we do not know.
        doubt: Doubt,
    },
    /// Paid on the channel's own authenticated word.
    Paid {
        /// What the channel said.
        paid: Paid,
    },
    /// Money came, and not as it was asked for: after the end, too much or too little. A person decides.
    PaidLate {
        /// What the channel said.
        paid: Paid,
        /// What a person decided.
        choice: LateChoice,
        /// Until when something that was sent before, a reversal, may still reach the channel.
        #[serde(default = "long_ago")]
        until: Timestamp,
        /// What is amiss.
        #[serde(default)]
        amiss: Amiss,
    },
    /// A bank or chain is at work.
    Processing {
        /// Received so far.
        received: Option<Amount>,
        /// How far a chain has confirmed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        confirmations: Option<Confirmations>,
        /// As of which question.
        #[serde(default = "long_ago")]
        as_of: Timestamp,
    },
    /// Ended, but money could still come: asked again until then.
    Watching {
        /// How it ended.
        ended: ClosedWhy,
        /// The channel's margin.
        until: Timestamp,
    },
}

/// Of what was kept before it had a moment: any answer is newer, and that to late money is the last word.
fn long_ago() -> Timestamp {
    Timestamp(0)
}

/// The move that was asked for does not fit the state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the payment is not in a state that allows this")]
pub struct NotNow;

/// What is fixed when an attempt begins.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PaymentPlan {
    /// The account that collects.
    pub account: AccountId,
    /// Its channel.
    pub channel: ChannelId,
    /// What is collected.
    pub amount: Amount,
    /// How the payer is reached.
    pub tender: TenderKind,
    /// The expiry that is sent to the channel.
    pub expires: Timestamp,
    /// How long money may still come after an ending, milliseconds (the channel's margin).
    pub watch_ms: u64,
    /// The contract rate at this moment, if one is set.
    pub rate: Option<FeeRate>,
    /// Of a further part of an order: made by the caller before the first try, so that a second call with it begins
    /// nothing new. The first attempt goes by the order's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
}

/// One attempt to collect (part of) an order through one account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Payment {
    reference: MerchantRef,
    plan: PaymentPlan,
    begun_at: Timestamp,
    state: PaymentState,
    memo: Option<Memo>,
    contradictions: u32,
    handed_over_at: Option<Timestamp>,
}

impl Payment {
    /// A new attempt, in doubt from the first moment: it may only be sent once this is durable. A page is sent by
    /// the payer's browser and never from here, so that from the first moment the payer is waited for (ADR 32).
    #[must_use]
    pub fn begin(reference: MerchantRef, plan: PaymentPlan, now: Timestamp) -> Payment {
        let state = match plan.tender {
            TenderKind::Page => PaymentState::Awaiting {
                action: PayerAction::OpenPage,
                until: plan.expires,
                as_of: now,
            },
            TenderKind::Cash(_)
            | TenderKind::PayerCode
            | TenderKind::Reader
            | TenderKind::ShowCode => PaymentState::InDoubt {
                since: now,
                doubt: Doubt::Interrupted,
            },
        };
        Payment {
            reference,
            plan,
            begun_at: now,
            state,
            memo: None,
            contradictions: 0,
            handed_over_at: None,
        }
    }

    /// Our number at the channel.
    #[must_use]
    pub fn reference(&self) -> &MerchantRef {
        &self.reference
    }

    /// What was fixed at the beginning.
    #[must_use]
    pub fn plan(&self) -> &PaymentPlan {
        &self.plan
    }

    /// Whether it was paid in notes and coins.
    #[must_use]
    pub fn is_cash(&self) -> bool {
        self.plan.tender.is_cash()
    }

    /// What was handed over and what went back, of cash.
    #[must_use]
    pub fn handed(&self) -> Option<Handed> {
        match self.plan.tender {
            TenderKind::Cash(handed) => Some(handed),
            TenderKind::Page
            | TenderKind::PayerCode
            | TenderKind::Reader
            | TenderKind::ShowCode => None,
        }
    }

    /// When the intent was made.
    #[must_use]
    pub fn begun_at(&self) -> Timestamp {
        self.begun_at
    }

    /// The state.
    #[must_use]
    pub fn state(&self) -> &PaymentState {
        &self.state
    }

    /// What the connector remembers.
    #[must_use]
    pub fn memo(&self) -> Option<&Memo> {
        self.memo.as_ref()
    }

    /// How many pieces of evidence contradict the state; each one calls for a person.
    #[must_use]
    pub fn contradictions(&self) -> u32 {
        self.contradictions
    }

    /// Since when it stands on the human list.
    #[must_use]
    pub fn handed_over_at(&self) -> Option<Timestamp> {
        self.handed_over_at
    }

    /// The expected fee by the contract rate.
    #[must_use]
    pub fn expected_fee(&self) -> Option<Money> {
        self.plan.rate.map(|rate| rate.fee_on(self.plan.amount))
    }

    /// What the channel said, if it is paid in time or late.
    #[must_use]
    pub fn paid(&self) -> Option<&Paid> {
        match &self.state {
            PaymentState::Paid { paid } | PaymentState::PaidLate { paid, .. } => Some(paid),
            PaymentState::Awaiting { .. }
            | PaymentState::Closed { .. }
            | PaymentState::Ending { .. }
            | PaymentState::Held { .. }
            | PaymentState::InDoubt { .. }
            | PaymentState::Processing { .. }
            | PaymentState::Watching { .. } => None,
        }
    }

    /// What is here of it, in time or late: what was asked for, or what came instead.
    #[must_use]
    pub fn money_in(&self) -> Option<Amount> {
        match &self.state {
            PaymentState::PaidLate {
                paid,
                amiss: Amiss::Over | Amiss::Short,
                ..
            } => Some(paid.received),
            PaymentState::Paid { paid } | PaymentState::PaidLate { paid, .. } => Some(paid.asked),
            PaymentState::Awaiting { .. }
            | PaymentState::Closed { .. }
            | PaymentState::Ending { .. }
            | PaymentState::Held { .. }
            | PaymentState::InDoubt { .. }
            | PaymentState::Processing { .. }
            | PaymentState::Watching { .. } => None,
        }
    }

    /// What is amiss with the money that came.
    #[must_use]
    pub fn amiss(&self) -> Option<Amiss> {
        match &self.state {
            PaymentState::PaidLate { amiss, .. } => Some(*amiss),
            PaymentState::Awaiting { .. }
            | PaymentState::Closed { .. }
            | PaymentState::Ending { .. }
            | PaymentState::Held { .. }
            | PaymentState::InDoubt { .. }
            | PaymentState::Paid { .. }
            | PaymentState::Processing { .. }
            | PaymentState::Watching { .. } => None,
        }
    }

    /// How far its money came, as a line of our books says it.
    #[must_use]
    pub fn line_state(&self) -> LineState {
        match &self.state {
            PaymentState::Paid { .. } | PaymentState::PaidLate { .. } => LineState::Done,
            PaymentState::Closed { .. } | PaymentState::Watching { .. } => LineState::Failed,
            PaymentState::Awaiting { .. }
            | PaymentState::Ending { .. }
            | PaymentState::Held { .. }
            | PaymentState::InDoubt { .. }
            | PaymentState::Processing { .. } => LineState::Pending,
        }
    }

    /// When the channel says it was paid; when it was begun, as long as it has not said.
    #[must_use]
    pub fn booked_at(&self) -> Timestamp {
        self.paid().map_or(self.begun_at, |paid| paid.at)
    }

    /// Whether the channel still has to be asked about it.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        matches!(
            self.state,
            PaymentState::Closed { .. } | PaymentState::Paid { .. } | PaymentState::PaidLate { .. }
        )
    }

    /// Whether it stands in the way of another attempt: open, doubtful or being ended.
    #[must_use]
    pub fn blocks_another(&self) -> bool {
        match &self.state {
            PaymentState::InDoubt { .. } if planted(Mutant::NewNumberAfterTimeout) => false,
            PaymentState::Awaiting { .. }
            | PaymentState::Ending { .. }
            | PaymentState::Held { .. }
            | PaymentState::InDoubt { .. }
            | PaymentState::Processing { .. } => true,
            PaymentState::Closed { .. } | PaymentState::Watching { .. } => false,
            PaymentState::Paid { .. } => true,
            PaymentState::PaidLate { choice, .. } => {
                !matches!(choice, LateChoice::Returning { .. })
            }
        }
    }

    /// Whether it came late and nobody has decided about it yet.
    #[must_use]
    pub fn is_late_undecided(&self) -> bool {
        matches!(
            self.state,
            PaymentState::PaidLate {
                choice: LateChoice::Undecided,
                ..
            }
        )
    }

    /// Whether a call that would charge the payer may still go on: not once it is being ended, or over.
    #[must_use]
    pub fn may_be_charged(&self) -> bool {
        match &self.state {
            PaymentState::Awaiting { .. }
            | PaymentState::Held { .. }
            | PaymentState::InDoubt { .. }
            | PaymentState::Processing { .. } => true,
            PaymentState::Closed { .. }
            | PaymentState::Ending { .. }
            | PaymentState::Paid { .. }
            | PaymentState::PaidLate { .. }
            | PaymentState::Watching { .. } => false,
        }
    }

    /// Applies a fact about this payment. Facts about refunds belong to [`crate::refund::Refund`].
    /// A person's word about cash is believed of cash alone, and cash believes nothing else (ADR 33).
    pub fn apply(&mut self, evidence: &Evidence) -> Change {
        let Fact::Payment(fact) = evidence.fact() else {
            return Change::Same;
        };
        let change = match fact {
            _ if evidence.is_of_cash() != self.plan.tender.is_cash() => Change::Contradicted,
            PaymentFact::Awaiting(action, until) => self.hear_awaiting(action, *until, evidence),
            PaymentFact::Closed(why) => self.hear_closed(why, evidence),
            PaymentFact::Confirming(received, confirmations) => {
                self.hear_confirming(*received, *confirmations, evidence)
            }
            PaymentFact::EndRefused(_) => self.hear_end_refused(),
            PaymentFact::Held(amount) => self.hear_held(*amount),
            PaymentFact::NotFound => self.hear_not_found(evidence.asked()),
            PaymentFact::Paid(paid) => self.hear_paid(paid, evidence),
            PaymentFact::PaidAmiss(paid, amiss) => self.hear_paid_amiss(paid, *amiss, evidence),
            PaymentFact::Processing(received) => self.hear_processing(*received, evidence.asked()),
        };
        match change {
            Change::Contradicted => self.contradictions = self.contradictions.saturating_add(1),
            Change::Moved => self.handed_over_at = None,
            Change::Same => {}
        }
        change
    }

    /// As [`Payment::apply`], where no refund of it has given money back or still may. Late money whose return
    /// failed is still here, so a closed trade can only mean that an earlier reversal of ours arrived.
    pub(crate) fn apply_unreturned(&mut self, evidence: &Evidence) -> Change {
        match (evidence.fact(), &self.state) {
            (
                Fact::Payment(PaymentFact::Closed(why @ (ClosedWhy::Closed | ClosedWhy::Reversed))),
                PaymentState::PaidLate {
                    choice: LateChoice::Returning { .. },
                    ..
                },
            ) if evidence.is_asked_for() => {
                self.handed_over_at = None;
                self.watch(why, evidence.seen())
            }
            _ => self.apply(evidence),
        }
    }

    /// Notes why we still do not know; only a payment in doubt has a reason to show.
    pub fn note_doubt(&mut self, doubt: Doubt) -> Change {
        match &mut self.state {
            PaymentState::InDoubt { doubt: known, .. } if *known != doubt => {
                *known = doubt;
                Change::Moved
            }
            PaymentState::Awaiting { .. }
            | PaymentState::Closed { .. }
            | PaymentState::Ending { .. }
            | PaymentState::Held { .. }
            | PaymentState::InDoubt { .. }
            | PaymentState::Paid { .. }
            | PaymentState::PaidLate { .. }
            | PaymentState::Processing { .. }
            | PaymentState::Watching { .. } => Change::Same,
        }
    }

    /// Keeps what an answer taught the connector; whether that is news. `knew` is the memo as the call was made: an
    /// answer that another one has overtaken teaches nothing, for it would forget what was sent meanwhile.
    pub fn learn(&mut self, memo: Memo, knew: Option<&Memo>) -> Change {
        if self.memo.as_ref() != knew || self.memo.as_ref() == Some(&memo) {
            return Change::Same;
        }
        self.memo = Some(memo);
        Change::Moved
    }

    /// Puts it on the human list; the program goes on asking.
    pub fn hand_over(&mut self, now: Timestamp) -> Change {
        if self.handed_over_at.is_some() || self.is_settled() {
            return Change::Same;
        }
        self.handed_over_at = Some(now);
        Change::Moved
    }

    /// Makes the intent to end it; once more for each send of the ending, which it counts.
    ///
    /// # Errors
    /// `NotNow` when it is settled: money that is there goes back by a refund only.
    pub fn begin_ending(&mut self, how: End, now: Timestamp) -> Result<(), NotNow> {
        let (tries, since, refused) = match &self.state {
            PaymentState::Ending {
                tries,
                since,
                how: begun,
                refused,
            } => {
                let refused = *refused && *begun == how;
                (tries.saturating_add(1), *since, refused)
            }
            PaymentState::Awaiting { .. }
            | PaymentState::Held { .. }
            | PaymentState::InDoubt { .. }
            | PaymentState::Processing { .. }
            | PaymentState::Watching { .. } => (0, now, false),
            PaymentState::Closed { .. }
            | PaymentState::Paid { .. }
            | PaymentState::PaidLate { .. } => {
                return Err(NotNow);
            }
        };
        self.state = PaymentState::Ending {
            how,
            tries,
            since,
            refused,
        };
        Ok(())
    }

    /// Takes back an attempt of which provably no byte left this machine.
    ///
    /// # Errors
    /// `NotNow` once anything was heard about it.
    pub fn withdraw(&mut self, proof: NotSent) -> Result<(), NotNow> {
        match &self.state {
            PaymentState::InDoubt {
                doubt: Doubt::Interrupted,
                ..
            } => {
                self.state = PaymentState::Closed {
                    why: ClosedWhy::NotSent { proof },
                };
                Ok(())
            }
            PaymentState::Awaiting { .. }
            | PaymentState::Closed { .. }
            | PaymentState::Ending { .. }
            | PaymentState::Held { .. }
            | PaymentState::InDoubt { .. }
            | PaymentState::Paid { .. }
            | PaymentState::PaidLate { .. }
            | PaymentState::Processing { .. }
            | PaymentState::Watching { .. } => Err(NotNow),
        }
    }

    /// Records what a person decided about late money.
    ///
    /// # Errors
    /// `NotNow` unless it is paid late and undecided.
    pub fn decide_late(&mut self, decision: LateChoice) -> Result<(), NotNow> {
        match &mut self.state {
            PaymentState::PaidLate { choice, .. } if *choice == LateChoice::Undecided => {
                *choice = decision;
                Ok(())
            }
            PaymentState::Awaiting { .. }
            | PaymentState::Closed { .. }
            | PaymentState::Ending { .. }
            | PaymentState::Held { .. }
            | PaymentState::InDoubt { .. }
            | PaymentState::Paid { .. }
            | PaymentState::PaidLate { .. }
            | PaymentState::Processing { .. }
            | PaymentState::Watching { .. } => Err(NotNow),
        }
    }
}
