//! The undo (消费撤销) of a payment, which is an order of its own: how it is named so that it can be asked about.
//!
//! An undo needs a new `orderId` and a `txnTime` that is now, and only both together name it. They are drawn when an
//! answer says that the payment went through, kept with that answer as the attempt's memo, and only then used: so
//! whatever is sent was durable before, and after a lost answer or a restart the same undo is asked about. An undo
//! that was never heard of past its moment is over, and the next one gets the next number. The channel undoes an
//! order once, whichever number asks.

use crate::{Target, wire::time};
use paydesk_domain::{Memo, Timestamp};
use std::time::Duration;

/// How old the `txnTime` of an undo may be when it is sent. The channel refuses a stale one and does not say from
/// when on it is.
const FRESH_FOR: Duration = Duration::from_secs(60);
/// After so long without a word of it a person decides: the desk asks seldom by then, and the next one would be stale
/// before it is sent.
const TRIED_FOR: Duration = Duration::from_secs(240);
/// In front of a memo of this kind.
const MARK: &str = "undo";

/// How far an undo came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// The channel took it in.
    Asked,
    /// It was refused, failed, or never arrived.
    Over,
    /// It may have been sent.
    Ready,
}

/// One undo.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Undo {
    /// From 1.
    pub(super) number: u32,
    /// Its `txnTime`.
    pub(super) at: Timestamp,
    pub(super) stage: Stage,
}

/// What is to be done about a payment that is being undone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// Ask about the payment itself.
    AskPayment,
    /// Ask about this undo.
    AskUndo(Undo),
    /// Send this undo.
    Send(Undo),
}

impl Undo {
    /// The undo that the attempt remembers.
    pub(super) fn of(target: &Target) -> Option<Undo> {
        let mut parts = target.memo.as_ref()?.0.split(':');
        let (mark, number, at, stage) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let stage = match stage {
            "asked" => Stage::Asked,
            "over" => Stage::Over,
            "ready" => Stage::Ready,
            _ => return None,
        };
        let is_whole = mark == MARK && parts.next().is_none();
        is_whole.then_some(Undo {
            number: number.parse().ok()?,
            at: time::from_compact(at)?,
            stage,
        })
    }

    /// The one after those that are over.
    pub(super) fn next(target: &Target, now: Timestamp) -> Undo {
        let last = Undo::of(target).map_or(0, |undo| undo.number);
        Undo {
            number: last.saturating_add(1),
            at: now,
            stage: Stage::Ready,
        }
    }

    /// The same, further.
    pub(super) fn to(self, stage: Stage) -> Undo {
        Undo { stage, ..self }
    }

    /// As it is remembered.
    pub(super) fn memo(self) -> Memo {
        let stage = match self.stage {
            Stage::Asked => "asked",
            Stage::Over => "over",
            Stage::Ready => "ready",
        };
        let at = time::to_compact(self.at);
        Memo(format!("{MARK}:{}:{at}:{stage}", self.number))
    }

    /// Its `orderId`: the payment's with `U` and a number, which is no reference of ours.
    pub(super) fn order(self, target: &Target) -> String {
        format!("{}U{}", target.reference, self.number)
    }

    /// Whether it may be sent with its moment.
    fn is_fresh(self, now: Timestamp) -> bool {
        now.since(self.at) <= FRESH_FOR && self.at.since(now) <= FRESH_FOR
    }

    /// Whether it can no longer be on its way, although nothing was heard of it.
    pub(super) fn is_lost(self, now: Timestamp) -> bool {
        !self.is_fresh(now)
    }

    /// Whether trying has gone on for too long.
    pub(super) fn is_given_up(self, now: Timestamp) -> bool {
        now.since(self.at) > TRIED_FOR
    }

    /// What an ending does next.
    pub(super) fn step(target: &Target, now: Timestamp) -> Step {
        match Undo::of(target) {
            None => Step::AskPayment,
            Some(undo) => match undo.stage {
                Stage::Over => Step::AskPayment,
                Stage::Ready if undo.is_fresh(now) => Step::Send(undo),
                Stage::Asked | Stage::Ready => Step::AskUndo(undo),
            },
        }
    }

    /// The undo that a question about the payment has to ask about: the channel says of a payment that it went
    /// through even when it was undone since.
    pub(super) fn open(target: &Target) -> Option<Undo> {
        Undo::of(target).filter(|undo| undo.stage != Stage::Over)
    }
}
