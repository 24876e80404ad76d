//! In which phase a process died: read from the store it left behind and from the proxy's log.
//!
//! Pure. It must never look at what the kill was aimed at.

use std::fmt;

/// A phase in the life of a payment or refund.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Phase {
    /// The intent is not in the store: nothing exists.
    BeforeBegin,
    /// The intent is durable, no whole request of it reached the network.
    BeforeSend,
    /// The network has the request and had handed no answer back.
    Unanswered,
    /// An answer was handed back, the store has not heard it.
    Unsettled,
    /// A doubt that a dead process left was being asked about.
    Recovery,
    /// A reversal or closing was durable and not answered for.
    Ending,
}

/// Every phase, in the order of a payment's life.
pub(crate) const PHASES: [Phase; 6] = [
    Phase::BeforeBegin,
    Phase::BeforeSend,
    Phase::Unanswered,
    Phase::Unsettled,
    Phase::Recovery,
    Phase::Ending,
];

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BeforeBegin => "before begin",
            Self::BeforeSend => "between begin and send",
            Self::Unanswered => "sent but unanswered",
            Self::Unsettled => "answered but unsettled",
            Self::Recovery => "during recovery",
            Self::Ending => "during an ending",
        })
    }
}

/// The life of a process on `CLOCK_MONOTONIC`, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    /// Read before it was started.
    pub(crate) born_ns: u64,
    /// Read right before the signal was sent.
    pub(crate) killed_ns: u64,
    /// Read after the process was gone.
    pub(crate) gone_ns: u64,
}

/// One request as the proxy logged it.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    /// The merchant's number in it: of the attempt, or of the refund.
    pub(crate) reference: String,
    /// What was asked.
    pub(crate) operation: Operation,
    /// When all of it was there.
    pub(crate) received_ns: u64,
    /// When its answer was handed to the network.
    pub(crate) answered_ns: Option<u64>,
}

/// What a request asks of a channel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Operation {
    /// Money from a payer, or money back to one.
    Send,
    /// How things stand.
    Query,
    /// A reversal, cancellation or closing.
    End,
}

/// A payment or refund as a dead process left it in the store.
#[derive(Clone, Debug)]
pub(crate) struct Left {
    /// Its number at the channel.
    pub(crate) reference: String,
    /// Not known yet: in doubt, waiting for the payer, accepted.
    pub(crate) is_open: bool,
    /// An ending is durable and has not been answered for.
    pub(crate) is_ending: bool,
    /// Whether the log holds anything about it after its beginning.
    pub(crate) has_later_events: bool,
}

/// The phase of a process that was to charge or to refund; `None` when it was past all of them, or
/// when signal and answer crossed and nobody can tell.
pub(crate) fn of_sender(left: Option<&Left>, log: &[Exchange], life: Life) -> Option<Phase> {
    let Some(left) = left else {
        return Some(Phase::BeforeBegin);
    };
    if left.has_later_events {
        return None;
    }
    let sent = log
        .iter()
        .find(|it| it.operation == Operation::Send && it.reference == left.reference);
    match sent {
        None => Some(Phase::BeforeSend),
        Some(exchange) => match exchange.answered_ns {
            Some(answered) if answered < life.killed_ns => Some(Phase::Unsettled),
            Some(answered) if answered <= life.gone_ns => None,
            Some(_) | None => Some(Phase::Unanswered),
        },
    }
}

/// The phase of a process that was to resolve what others left; `None` when it had not begun to, or had done it.
/// `left` holds what stood in the store before it was born, as it stands after its death.
pub(crate) fn of_resolver(left: &[Left], log: &[Exchange], life: Life) -> Option<Phase> {
    let asked = |of: &Left, operations: &[Operation]| {
        log.iter().any(|it| {
            it.reference == of.reference
                && operations.contains(&it.operation)
                && (life.born_ns..=life.gone_ns).contains(&it.received_ns)
        })
    };
    let ending = |it: &&Left| it.is_ending && asked(it, &[Operation::End]);
    if left.iter().any(|it| ending(&it)) {
        return Some(Phase::Ending);
    }
    let recovering =
        |it: &Left| (it.is_open || it.is_ending) && asked(it, &[Operation::Query, Operation::Send]);
    left.iter().any(recovering).then_some(Phase::Recovery)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Life = Life {
        born_ns: 100,
        killed_ns: 200,
        gone_ns: 210,
    };

    fn left(is_ending: bool) -> Left {
        Left {
            reference: "R".to_owned(),
            is_open: true,
            is_ending,
            has_later_events: false,
        }
    }

    fn exchange(operation: Operation, received_ns: u64, answered_ns: Option<u64>) -> Exchange {
        Exchange {
            reference: "R".to_owned(),
            operation,
            received_ns,
            answered_ns,
        }
    }

    #[test]
    fn a_sender_is_placed_by_store_and_log() {
        let of = |answered| {
            of_sender(
                Some(&left(false)),
                &[exchange(Operation::Send, 150, answered)],
                LIFE,
            )
        };
        assert_eq!(of_sender(None, &[], LIFE), Some(Phase::BeforeBegin));
        assert_eq!(
            of_sender(Some(&left(false)), &[], LIFE),
            Some(Phase::BeforeSend)
        );
        assert_eq!(of(None), Some(Phase::Unanswered));
        assert_eq!(of(Some(211)), Some(Phase::Unanswered));
        assert_eq!(of(Some(199)), Some(Phase::Unsettled));
        assert_eq!(of(Some(205)), None, "answer and signal crossed");
        let settled = Left {
            has_later_events: true,
            ..left(false)
        };
        assert_eq!(of_sender(Some(&settled), &[], LIFE), None);
        let foreign = Exchange {
            reference: "other".to_owned(),
            ..exchange(Operation::Send, 150, None)
        };
        assert_eq!(
            of_sender(Some(&left(false)), &[foreign], LIFE),
            Some(Phase::BeforeSend)
        );
    }

    #[test]
    fn a_resolver_is_placed_by_what_it_asked_in_its_own_life() {
        let of = |ending, operation, at| {
            of_resolver(&[left(ending)], &[exchange(operation, at, None)], LIFE)
        };
        assert_eq!(of(false, Operation::Query, 150), Some(Phase::Recovery));
        assert_eq!(
            of(false, Operation::Query, 99),
            None,
            "an earlier process asked"
        );
        assert_eq!(of(true, Operation::End, 150), Some(Phase::Ending));
        assert_eq!(
            of(true, Operation::End, 99),
            None,
            "an earlier process ended"
        );
        let settled = Left {
            is_open: false,
            ..left(false)
        };
        assert_eq!(
            of_resolver(&[settled], &[exchange(Operation::Query, 150, None)], LIFE),
            None
        );
    }
}
