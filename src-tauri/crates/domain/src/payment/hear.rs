//! What each fact about a payment does in each state: it moves the state, changes nothing, or contradicts it.
//! No state forgets money that was heard of.

use super::{End, LateChoice, Payment, PaymentState};
use crate::{
    coins::{Amiss, Confirmations},
    evidence::{Change, ClosedWhy, Evidence, Paid, PayerAction},
    money::Amount,
    time::Timestamp,
};
use paydesk_signing::mutants::{Mutant, planted};
use std::time::Duration;

impl Payment {
    pub(super) fn hear_paid(&mut self, paid: &Paid, evidence: &Evidence) -> Change {
        if paid.asked != self.plan.amount {
            return Change::Contradicted;
        }
        match &self.state {
            PaymentState::InDoubt { .. }
            | PaymentState::Awaiting { .. }
            | PaymentState::Processing { .. }
            | PaymentState::Held { .. } => self.go(PaymentState::Paid { paid: paid.clone() }),
            PaymentState::Ending { .. } | PaymentState::Watching { .. }
                if planted(Mutant::PaidAfterEndIsPaid) =>
            {
                self.go(PaymentState::Paid { paid: paid.clone() })
            }
            PaymentState::Watching { .. } if planted(Mutant::LateMoneyIgnored) => Change::Same,
            // A reversal goes on: it gives the money back. A close cannot, and neither can a refused reversal.
            PaymentState::Ending {
                how: End::Reverse,
                refused: false,
                ..
            } => Change::Same,
            // It was paid once; a reversal of ours may have overtaken that word. The resolver is asking.
            PaymentState::Ending {
                how: End::Reverse, ..
            }
            | PaymentState::Watching { .. }
                if !evidence.is_asked_for() =>
            {
                Change::Same
            }
            // The same of one nobody asks about any more: it is asked about again.
            PaymentState::Closed { why } if !evidence.is_asked_for() => {
                self.watch(&why.clone(), evidence.seen())
            }
            PaymentState::Ending { .. }
            | PaymentState::Watching { .. }
            | PaymentState::Closed { .. } => self.go_amiss(paid, Amiss::Late, evidence.seen()),
            // The rest came after all.
            PaymentState::PaidLate {
                amiss: Amiss::Short,
                ..
            } => self.hear_paid_amiss(paid, Amiss::Late, evidence),
            PaymentState::Paid { paid: known } | PaymentState::PaidLate { paid: known, .. } => {
                if known.channel_ref == paid.channel_ref {
                    Change::Same
                } else {
                    Change::Contradicted
                }
            }
        }
    }

    /// Money that is not as it was asked for waits for a person, whatever was known before: it is never lost and
    /// never called paid. Of two answers about the same money the one with more of it holds.
    pub(super) fn hear_paid_amiss(
        &mut self,
        paid: &Paid,
        amiss: Amiss,
        evidence: &Evidence,
    ) -> Change {
        if paid.asked != self.plan.amount {
            return Change::Contradicted;
        }
        match &mut self.state {
            PaymentState::Ending {
                how: End::Reverse,
                refused: false,
                ..
            } => Change::Same,
            PaymentState::Ending {
                how: End::Reverse, ..
            }
            | PaymentState::Watching { .. }
                if !evidence.is_asked_for() =>
            {
                Change::Same
            }
            PaymentState::Closed { why } if !evidence.is_asked_for() => {
                let why = why.clone();
                self.watch(&why, evidence.seen())
            }
            PaymentState::Awaiting { .. }
            | PaymentState::Closed { .. }
            | PaymentState::Ending { .. }
            | PaymentState::Held { .. }
            | PaymentState::InDoubt { .. }
            | PaymentState::Processing { .. }
            | PaymentState::Watching { .. } => self.go_amiss(paid, amiss, evidence.seen()),
            PaymentState::Paid { paid: known } | PaymentState::PaidLate { paid: known, .. }
                if known.channel_ref != paid.channel_ref =>
            {
                Change::Contradicted
            }
            PaymentState::Paid { paid: known } | PaymentState::PaidLate { paid: known, .. }
                if known.received.minor() >= paid.received.minor() =>
            {
                Change::Same
            }
            PaymentState::PaidLate {
                paid: known,
                choice: LateChoice::Undecided,
                amiss: before,
                ..
            } => {
                *known = paid.clone();
                *before = amiss;
                Change::Moved
            }
            // More came after the order was paid for, or decided about.
            PaymentState::Paid { .. } | PaymentState::PaidLate { .. } => Change::Contradicted,
        }
    }

    fn go_amiss(&mut self, paid: &Paid, amiss: Amiss, seen: Timestamp) -> Change {
        self.go(PaymentState::PaidLate {
            paid: paid.clone(),
            choice: LateChoice::Undecided,
            until: self.margin_from(seen),
            amiss,
        })
    }

    /// It is over, and money could still come for as long as the channel's margin.
    pub(super) fn watch(&mut self, ended: &ClosedWhy, from: Timestamp) -> Change {
        let until = if planted(Mutant::WatchTooShort) {
            from.plus(Duration::from_secs(1))
        } else {
            self.margin_from(from)
        };
        self.go(PaymentState::Watching {
            ended: ended.clone(),
            until,
        })
    }

    /// When all that was sent by then has arrived.
    fn margin_from(&self, from: Timestamp) -> Timestamp {
        from.plus(Duration::from_millis(self.plan.watch_ms))
    }

    pub(super) fn hear_closed(&mut self, why: &ClosedWhy, evidence: &Evidence) -> Change {
        match &self.state {
            PaymentState::InDoubt { .. }
            | PaymentState::Awaiting { .. }
            | PaymentState::Processing { .. }
            | PaymentState::Held { .. } => match why {
                ClosedWhy::NotSent { .. } => self.go(PaymentState::Closed { why: why.clone() }),
                _ if planted(Mutant::OwnClosingNotWatched) => {
                    self.go(PaymentState::Closed { why: why.clone() })
                }
                ClosedWhy::Refused { .. } if is_made_up() => {
                    self.go(PaymentState::Closed { why: why.clone() })
                }
                // Ended by the channel itself: an old picture of a shown code may still be paid (Q15). A refusal
                // need not name the payment, so it may have been about another.
                ClosedWhy::Closed
                | ClosedWhy::Expired
                | ClosedWhy::NeverExisted
                | ClosedWhy::Refused { .. }
                | ClosedWhy::Reversed => self.watch(why, evidence.seen()),
            },
            PaymentState::Ending { .. }
                if *why == ClosedWhy::NeverExisted && planted(Mutant::NoWatch) =>
            {
                self.go(PaymentState::Closed { why: why.clone() })
            }
            PaymentState::Ending { .. } => self.watch(why, evidence.seen()),
            PaymentState::Watching { ended, until } => {
                // Only a question that was asked after the watch covers all of it.
                let (ended, over) = (ended.clone(), evidence.asked() >= *until);
                if over {
                    self.go(PaymentState::Closed { why: ended })
                } else {
                    Change::Same
                }
            }
            PaymentState::Closed { .. } => Change::Same,
            // Money that goes back through a late return closes the trade at the channel: expected.
            PaymentState::PaidLate {
                choice: LateChoice::Returning { .. },
                ..
            } => Change::Same,
            // A reversal of ours that was still on its way: the money is back, nothing is left to decide.
            // It is asked about once more, for an answer from before the payment may have been played again.
            PaymentState::PaidLate {
                choice: LateChoice::Undecided,
                ..
            } if evidence.is_asked_for()
                && matches!(why, ClosedWhy::Closed | ClosedWhy::Reversed) =>
            {
                self.watch(why, evidence.seen())
            }
            // It reached the channel after the goods were handed over: a person must see that.
            PaymentState::PaidLate {
                choice: LateChoice::Accepted { .. },
                ..
            } if evidence.is_asked_for()
                && matches!(why, ClosedWhy::Closed | ClosedWhy::Reversed) =>
            {
                self.watch(why, evidence.seen());
                Change::Contradicted
            }
            PaymentState::Paid { .. } | PaymentState::PaidLate { .. } => Change::Contradicted,
        }
    }

    pub(super) fn hear_not_found(&mut self, asked: Timestamp) -> Change {
        match &self.state {
            PaymentState::Watching { ended, until } => {
                let (ended, over) = (ended.clone(), asked >= *until);
                if over {
                    self.go(PaymentState::Closed { why: ended })
                } else {
                    Change::Same
                }
            }
            PaymentState::InDoubt { .. } if planted(Mutant::NotFoundIsFinal) => {
                self.go(PaymentState::Closed {
                    why: ClosedWhy::NeverExisted,
                })
            }
            // Not yet final: the request may still be on its way (Q11). Time and an ending decide.
            PaymentState::Awaiting { .. }
            | PaymentState::Closed { .. }
            | PaymentState::Ending { .. }
            | PaymentState::InDoubt { .. } => Change::Same,
            PaymentState::Held { .. }
            | PaymentState::Paid { .. }
            | PaymentState::PaidLate { .. }
            | PaymentState::Processing { .. } => Change::Contradicted,
        }
    }

    pub(super) fn hear_awaiting(
        &mut self,
        action: &PayerAction,
        until: Timestamp,
        evidence: &Evidence,
    ) -> Change {
        let next = || PaymentState::Awaiting {
            action: action.clone(),
            until,
            as_of: evidence.asked(),
        };
        match &self.state {
            PaymentState::InDoubt { .. } => self.go(next()),
            // What is due in coins changes with what was paid, and what was seen on a chain may vanish from it: the
            // latest question is right.
            PaymentState::Awaiting {
                action: known,
                as_of,
                ..
            } if is_in_coins(action)
                && known != action
                && evidence.is_asked_for()
                && evidence.asked() > *as_of =>
            {
                self.go(next())
            }
            PaymentState::Processing {
                confirmations: Some(_),
                as_of,
                ..
            } if is_in_coins(action)
                && evidence.is_asked_for()
                && evidence.asked() > *as_of =>
            {
                self.go(next())
            }
            PaymentState::Awaiting { .. }
            | PaymentState::Ending { .. }
            | PaymentState::Held { .. }
            | PaymentState::Processing { .. }
            // An older answer that came late, after the good news.
            | PaymentState::Paid { .. }
            | PaymentState::PaidLate { .. } => Change::Same,
            // It came alive after its end: it must be ended once more.
            PaymentState::Closed { .. } | PaymentState::Watching { .. } => Change::Contradicted,
        }
    }

    /// A chain is at work on money that it has seen. After an ending that is no payment yet, and no doubt either: the
    /// ending is open again, and asked about until the chain has spoken.
    pub(super) fn hear_confirming(
        &mut self,
        received: Option<Amount>,
        confirmations: Confirmations,
        evidence: &Evidence,
    ) -> Change {
        let next = PaymentState::Processing {
            received,
            confirmations: Some(confirmations),
            as_of: evidence.asked(),
        };
        match &self.state {
            PaymentState::InDoubt { .. } => self.go(next),
            PaymentState::Awaiting { as_of, .. } if evidence.asked() >= *as_of => self.go(next),
            PaymentState::Processing {
                received: known,
                confirmations: so_far,
                as_of,
            } if evidence.asked() >= *as_of
                && (*known != received || *so_far != Some(confirmations)) =>
            {
                self.go(next)
            }
            PaymentState::Closed { why } if !evidence.is_asked_for() => {
                self.watch(&why.clone(), evidence.seen())
            }
            PaymentState::Closed { .. } | PaymentState::Watching { .. }
                if evidence.is_asked_for() =>
            {
                self.go(PaymentState::Ending {
                    how: End::Close,
                    tries: CALM_TRIES,
                    since: evidence.seen(),
                    refused: false,
                })
            }
            PaymentState::Awaiting { .. }
            | PaymentState::Closed { .. }
            | PaymentState::Ending { .. }
            | PaymentState::Held { .. }
            | PaymentState::Paid { .. }
            | PaymentState::PaidLate { .. }
            | PaymentState::Processing { .. }
            | PaymentState::Watching { .. } => Change::Same,
        }
    }

    pub(super) fn hear_processing(&mut self, received: Option<Amount>, asked: Timestamp) -> Change {
        let next = PaymentState::Processing {
            received,
            confirmations: None,
            as_of: asked,
        };
        match &self.state {
            PaymentState::InDoubt { .. } | PaymentState::Awaiting { .. } => self.go(next),
            PaymentState::Processing {
                received: known, ..
            } => {
                if *known == received {
                    Change::Same
                } else {
                    self.go(next)
                }
            }
            PaymentState::Ending { .. }
            | PaymentState::Held { .. }
            | PaymentState::Paid { .. }
            | PaymentState::PaidLate { .. } => Change::Same,
            PaymentState::Closed { .. } | PaymentState::Watching { .. } => Change::Contradicted,
        }
    }

    pub(super) fn hear_held(&mut self, amount: Amount) -> Change {
        match &self.state {
            PaymentState::InDoubt { .. }
            | PaymentState::Awaiting { .. }
            | PaymentState::Processing { .. } => self.go(PaymentState::Held { amount }),
            PaymentState::Ending { .. }
            | PaymentState::Held { .. }
            | PaymentState::Paid { .. }
            | PaymentState::PaidLate { .. } => Change::Same,
            PaymentState::Closed { .. } | PaymentState::Watching { .. } => Change::Contradicted,
        }
    }

    pub(super) fn hear_end_refused(&mut self) -> Change {
        if matches!(self.state, PaymentState::Ending { .. }) && planted(Mutant::EndRefusedIsClosed)
        {
            return self.go(PaymentState::Closed {
                why: ClosedWhy::Reversed,
            });
        }
        match &mut self.state {
            PaymentState::Ending { refused, .. } if !*refused => {
                *refused = true;
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

    fn go(&mut self, next: PaymentState) -> Change {
        self.state = next;
        Change::Moved
    }
}

/// Whether the payer is asked for coins.
fn is_in_coins(action: &PayerAction) -> bool {
    matches!(action, PayerAction::ShowCode { coins: Some(_), .. })
}

/// An ending that began by money being seen needs no quick sends: there is nothing to end, only to ask.
const CALM_TRIES: u32 = 3;

/// Never: a refusal that is made of something else. Watched it would do no harm, and nobody would see it.
fn is_made_up() -> bool {
    planted(Mutant::FaultIsRefusal)
        || planted(Mutant::WaitingIsRefusal)
        || planted(Mutant::DuplicateIsRefusal)
}
