//! A refund: an aggregate of its own that reserves its amount until a final answer.

use crate::{
    bill::LineState,
    coins::{RateChoice, RefundOffer},
    evidence::{
        Advice, Again, Change, ChannelRef, Doubt, Evidence, Fact, NotSent, RefundFact, Refusal,
    },
    money::Amount,
    number::MerchantRef,
    payment::NotNow,
    time::Timestamp,
};
use paydesk_signing::mutants::{Mutant, planted};
use serde::{Deserialize, Serialize};

/// The state of a refund.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RefundState {
    /// Taken in by the channel, money not yet back.
    Accepted {
        /// Since when.
        since: Timestamp,
        /// What the payer must claim, where it goes back so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offer: Option<RefundOffer>,
    },
    /// Nothing left this machine, or a person cancelled it before.
    Cancelled {
        /// Why.
        proof: NotSent,
    },
    /// The money is with the payer.
    Done {
        /// When the channel says so.
        at: Timestamp,
        /// The channel's number of it.
        channel_ref: Option<ChannelRef>,
    },
    /// It failed; the amount is free again unless the same reference is tried again.
    Failed {
        /// The channel's words.
        refusal: Refusal,
        /// How to go on.
        again: Again,
    },
    /// The durable default from `begin` onwards.
    InDoubt {
        /// Since when.
        since: Timestamp,
        /// Why we do not know.
        doubt: Doubt,
    },
}

/// What is fixed when a refund begins.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RefundPlan {
    /// The made-before-the-dialog id that makes a double click one refund.
    pub intent: String,
    /// How much goes back.
    pub amount: Amount,
    /// The reason that was chosen, a key of the catalogue.
    pub reason: String,
    /// Free words.
    pub note: String,
    /// Who asked for it.
    pub by: String,
    /// Whether it is given back in cash: always for cash, and for another payment when a person says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_cash: bool,
    /// At which rate, where coins go back.
    #[serde(default)]
    pub rate: RateChoice,
}

/// A refund of one payment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Refund {
    reference: MerchantRef,
    plan: RefundPlan,
    begun_at: Timestamp,
    state: RefundState,
    contradictions: u32,
    handed_over_at: Option<Timestamp>,
}

impl Refund {
    /// A new refund, in doubt and reserving its amount from the first moment.
    #[must_use]
    pub fn begin(reference: MerchantRef, plan: RefundPlan, now: Timestamp) -> Refund {
        let state = RefundState::InDoubt {
            since: now,
            doubt: Doubt::Interrupted,
        };
        Refund {
            reference,
            plan,
            begun_at: now,
            state,
            contradictions: 0,
            handed_over_at: None,
        }
    }

    /// How far its money came, as a line of our books says it.
    #[must_use]
    pub fn line_state(&self) -> LineState {
        match &self.state {
            RefundState::Done { .. } => LineState::Done,
            RefundState::Cancelled { .. } | RefundState::Failed { .. } => LineState::Failed,
            RefundState::Accepted { .. } | RefundState::InDoubt { .. } => LineState::Pending,
        }
    }

    /// When the channel says the money went back; when it was begun, as long as it has not.
    #[must_use]
    pub fn booked_at(&self) -> Timestamp {
        match &self.state {
            RefundState::Done { at, .. } => *at,
            RefundState::Cancelled { .. }
            | RefundState::Failed { .. }
            | RefundState::Accepted { .. }
            | RefundState::InDoubt { .. } => self.begun_at,
        }
    }

    /// Our number of this refund at the channel.
    #[must_use]
    pub fn reference(&self) -> &MerchantRef {
        &self.reference
    }

    /// What was fixed at the beginning.
    #[must_use]
    pub fn plan(&self) -> &RefundPlan {
        &self.plan
    }

    /// When the intent was made.
    #[must_use]
    pub fn begun_at(&self) -> Timestamp {
        self.begun_at
    }

    /// The state.
    #[must_use]
    pub fn state(&self) -> &RefundState {
        &self.state
    }

    /// How many pieces of evidence contradict the state.
    #[must_use]
    pub fn contradictions(&self) -> u32 {
        self.contradictions
    }

    /// Since when it stands on the human list.
    #[must_use]
    pub fn handed_over_at(&self) -> Option<Timestamp> {
        self.handed_over_at
    }

    /// Whether its amount is taken from what may still be refunded.
    #[must_use]
    pub fn reserves(&self) -> bool {
        match &self.state {
            RefundState::Accepted { .. } | RefundState::InDoubt { .. }
                if planted(Mutant::RemainderIgnoresRunning) =>
            {
                false
            }
            RefundState::Accepted { .. }
            | RefundState::Done { .. }
            | RefundState::InDoubt { .. } => true,
            RefundState::Failed { .. } if planted(Mutant::FailedFreesAmount) => false,
            // The same reference may go out again, so its amount stays taken.
            RefundState::Failed { again, .. } => *again == Again::SameReference,
            RefundState::Cancelled { .. } => false,
        }
    }

    /// Whether the channel still has to be asked or told.
    #[must_use]
    pub fn is_running(&self) -> bool {
        match &self.state {
            RefundState::Accepted { .. } | RefundState::InDoubt { .. } => true,
            RefundState::Failed { again, .. } => *again == Again::SameReference,
            RefundState::Cancelled { .. } | RefundState::Done { .. } => false,
        }
    }

    /// Whether it was refused in words that name no refund, and nobody has asked yet.
    #[must_use]
    pub fn is_refusal_unconfirmed(&self) -> bool {
        let RefundState::InDoubt { doubt, .. } = &self.state else {
            return false;
        };
        matches!(doubt, Doubt::RefusalUnconfirmed { .. })
    }

    /// Applies a fact about this refund. A person's word about cash is believed of a refund in cash alone, and that
    /// believes nothing else (ADR 33).
    pub fn apply(&mut self, evidence: &Evidence) -> Change {
        let Fact::Refund(fact) = evidence.fact() else {
            return Change::Same;
        };
        let seen = evidence.seen();
        let change = match (fact, &self.state) {
            _ if evidence.is_of_cash() != self.plan.in_cash => Change::Contradicted,
            (RefundFact::Done { channel_ref, at }, state) => {
                if matches!(state, RefundState::Done { .. }) {
                    Change::Same
                } else {
                    self.go(RefundState::Done {
                        at: at.unwrap_or(seen),
                        channel_ref: channel_ref.clone(),
                    })
                }
            }
            (RefundFact::Accepted, RefundState::InDoubt { .. })
                if planted(Mutant::AcceptedIsDone) =>
            {
                self.go(RefundState::Done {
                    at: seen,
                    channel_ref: None,
                })
            }
            (
                RefundFact::Accepted,
                RefundState::InDoubt { .. }
                | RefundState::Failed {
                    again: Again::SameReference,
                    ..
                },
            ) => self.go(RefundState::Accepted {
                since: seen,
                offer: None,
            }),
            (RefundFact::Accepted, _) => Change::Same,
            (RefundFact::Offered(offer), _) => self.hear_offered(offer, evidence),
            // "Not now" cannot follow "never" or "done": it is the reply to an earlier send, overtaken.
            (
                RefundFact::Failed(_, Again::SameReference),
                RefundState::Failed {
                    again: Again::ByHand | Again::NewReference,
                    ..
                },
            ) => Change::Same,
            (RefundFact::Failed(..), RefundState::Done { .. }) if !evidence.is_asked_for() => {
                Change::Same
            }
            (RefundFact::Failed(refusal, again), state) => {
                if matches!(state, RefundState::Failed { refusal: known, again: way } if known == refusal && way == again)
                {
                    Change::Same
                } else {
                    // Done → Failed is legal: a bank can send money back days later.
                    self.go(RefundState::Failed {
                        refusal: refusal.clone(),
                        again: *again,
                    })
                }
            }
            (RefundFact::Refused(refusal, again), _) => self.hear_refused(refusal, *again, seen),
            (
                RefundFact::NotFound,
                RefundState::InDoubt {
                    doubt: Doubt::RefusalUnconfirmed { refusal, again },
                    ..
                },
            ) => {
                let (refusal, again) = (refusal.clone(), *again);
                self.go(RefundState::Failed { refusal, again })
            }
            (RefundFact::NotFound, RefundState::InDoubt { .. })
                if planted(Mutant::RefundNotFoundIsFinal) =>
            {
                let (code, advice) = ("NOT_FOUND".to_owned(), Advice::GiveUp);
                self.go(RefundState::Failed {
                    refusal: Refusal { code, advice },
                    again: Again::NewReference,
                })
            }
            // Repeating the same reference is safe, so "not found" only means: send it again.
            (
                RefundFact::NotFound,
                RefundState::InDoubt { .. }
                | RefundState::Failed { .. }
                | RefundState::Cancelled { .. },
            ) => Change::Same,
            (RefundFact::NotFound, RefundState::Accepted { .. } | RefundState::Done { .. }) => {
                Change::Contradicted
            }
        };
        match change {
            Change::Contradicted => self.contradictions = self.contradictions.saturating_add(1),
            Change::Moved => self.handed_over_at = None,
            Change::Same => {}
        }
        change
    }

    /// What the payer must claim: the latest question tells how far it came.
    fn hear_offered(&mut self, offer: &RefundOffer, evidence: &Evidence) -> Change {
        let seen = evidence.seen();
        let since = match &self.state {
            RefundState::InDoubt { .. }
            | RefundState::Failed {
                again: Again::SameReference,
                ..
            } => seen,
            RefundState::Accepted { since, offer: None } => *since,
            RefundState::Accepted {
                since,
                offer: Some(known),
            } if known.id == offer.id && known != offer && evidence.is_asked_for() => *since,
            RefundState::Accepted {
                offer: Some(known), ..
            } if known.id != offer.id => return Change::Contradicted,
            // An offer that was withdrawn and stands again is answered by whoever made it.
            RefundState::Accepted { .. }
            | RefundState::Cancelled { .. }
            | RefundState::Done { .. }
            | RefundState::Failed { .. } => return Change::Same,
        };
        self.go(RefundState::Accepted {
            since,
            offer: Some(offer.clone()),
        })
    }

    /// What the payer must claim, while it has not come back.
    #[must_use]
    pub fn offer(&self) -> Option<&RefundOffer> {
        match &self.state {
            RefundState::Accepted { offer, .. } => offer.as_ref(),
            RefundState::Cancelled { .. }
            | RefundState::Done { .. }
            | RefundState::Failed { .. }
            | RefundState::InDoubt { .. } => None,
        }
    }

    fn hear_refused(&mut self, refusal: &Refusal, again: Again, seen: Timestamp) -> Change {
        let refusal = refusal.clone();
        let since = match &self.state {
            // "Not now" frees nothing, so it needs no second word.
            RefundState::InDoubt { .. } if again == Again::SameReference => {
                return self.go(RefundState::Failed { refusal, again });
            }
            RefundState::InDoubt { since, .. } => *since,
            RefundState::Failed {
                again: Again::SameReference,
                ..
            } if again != Again::SameReference => seen,
            // Overtaken by what was said of this refund by name.
            RefundState::Accepted { .. }
            | RefundState::Cancelled { .. }
            | RefundState::Done { .. }
            | RefundState::Failed { .. } => return Change::Same,
        };
        let doubt = Doubt::RefusalUnconfirmed { refusal, again };
        let next = RefundState::InDoubt { since, doubt };
        if self.state == next {
            return Change::Same;
        }
        self.go(next)
    }

    fn go(&mut self, next: RefundState) -> Change {
        self.state = next;
        Change::Moved
    }

    /// Notes why we still do not know.
    pub fn note_doubt(&mut self, doubt: Doubt) -> Change {
        match &mut self.state {
            RefundState::InDoubt { doubt: known, .. } if *known != doubt => {
                *known = doubt;
                Change::Moved
            }
            RefundState::Accepted { .. }
            | RefundState::Cancelled { .. }
            | RefundState::Done { .. }
            | RefundState::Failed { .. }
            | RefundState::InDoubt { .. } => Change::Same,
        }
    }

    /// Before its call goes out once more, under the same reference: an earlier one may have arrived, so from here
    /// on "this call did not leave" no longer proves that none did, and it cannot be withdrawn.
    ///
    /// # Errors
    /// `NotNow` when it must not go out any more: it was taken back, or the channel's word about it is the last.
    pub fn send_again(&mut self) -> Result<Change, NotNow> {
        match &self.state {
            RefundState::InDoubt {
                doubt: Doubt::Interrupted,
                ..
            } => Ok(self.note_doubt(Doubt::NoReply)),
            RefundState::InDoubt { .. }
            | RefundState::Failed {
                again: Again::SameReference,
                ..
            } => Ok(Change::Same),
            RefundState::Accepted { .. }
            | RefundState::Cancelled { .. }
            | RefundState::Done { .. }
            | RefundState::Failed { .. } => Err(NotNow),
        }
    }

    /// Puts it on the human list; the program goes on asking.
    pub fn hand_over(&mut self, now: Timestamp) -> Change {
        if self.handed_over_at.is_some() || !self.is_running() {
            return Change::Same;
        }
        self.handed_over_at = Some(now);
        Change::Moved
    }

    /// Takes back a refund of which provably no byte left this machine.
    ///
    /// # Errors
    /// `NotNow` once anything was heard about it, and for late money: a person decided that it goes back,
    /// so it goes out as soon as it can.
    pub fn withdraw(&mut self, proof: NotSent) -> Result<(), NotNow> {
        if self.reference.is_late_return() {
            return Err(NotNow);
        }
        match &self.state {
            RefundState::InDoubt {
                doubt: Doubt::Interrupted,
                ..
            } => {
                self.state = RefundState::Cancelled { proof };
                Ok(())
            }
            RefundState::Accepted { .. }
            | RefundState::Cancelled { .. }
            | RefundState::Done { .. }
            | RefundState::Failed { .. }
            | RefundState::InDoubt { .. } => Err(NotNow),
        }
    }
}
