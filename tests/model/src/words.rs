//! Traces in words: one line a move, so that a person can follow who knew what when.

use crate::moves::Move;
use std::fmt;

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Move::Begin(a, true) => {
                write!(f, "a person scans a code: attempt {} is durable", a + 1)
            }
            Move::Begin(a, false) => {
                write!(f, "a person shows a code: attempt {} is durable", a + 1)
            }
            Move::Cancel => f.write_str("a person cancels the latest attempt"),
            Move::ChannelRefund(r, to) => {
                write!(f, "the channel's refund {} becomes {to:?}", r + 1)
            }
            Move::ChargeArrives(a, to) => {
                write!(f, "the charge of attempt {} arrives: {to:?}", a + 1)
            }
            Move::ChargeLeaves(a) => write!(f, "the charge of attempt {} leaves", a + 1),
            Move::ChargeNotSent(a) => {
                write!(f, "the charge of attempt {} provably never left", a + 1)
            }
            Move::ChargeSilent(a) => write!(f, "the call of charge {} times out", a + 1),
            Move::Crash => f.write_str("the till crashes and starts again"),
            Move::CrashBeforeCommit => {
                f.write_str("a charge leaves, and the till crashes before it is durable")
            }
            Move::DecideReturn(a) => write!(f, "a person decides to give attempt {} back", a + 1),
            Move::EndArrives(a, to) => write!(f, "an ending of attempt {} arrives: {to:?}", a + 1),
            Move::EndSent(a) => write!(f, "the resolver sends an ending of attempt {}", a + 1),
            Move::Forged(a) => write!(f, "an unsigned \"paid\" of attempt {} comes", a + 1),
            Move::GiveBack(a) => {
                write!(f, "a person gives the late money of attempt {} back", a + 1)
            }
            Move::Heard(a, what, how) => {
                write!(f, "the till hears {what:?} of attempt {} by {how:?}", a + 1)
            }
            Move::Keep(a) => write!(f, "a person keeps the late money of attempt {}", a + 1),
            Move::NewNumber(r) => write!(f, "refund {} is tried again under a new number", r + 1),
            Move::PayerEnds(a) => write!(f, "the payer lets attempt {} run out", a + 1),
            Move::PayerPays(a) => write!(f, "the payer pays attempt {}", a + 1),
            Move::QueryAnswered(a, what) => write!(
                f,
                "a query of attempt {} is answered {what:?}, on its way",
                a + 1
            ),
            Move::QueryRefundAnswered(r, what) => write!(
                f,
                "a query of refund {} is answered {what:?}, on its way",
                r + 1
            ),
            Move::RefundArrives(r, to) => write!(f, "the call of refund {} arrives: {to:?}", r + 1),
            Move::RefundAsked(part) => write!(f, "a person asks for a refund of {part}"),
            Move::RefundHeard(r, what) => write!(f, "the till hears {what:?} of refund {}", r + 1),
            Move::RefundLeaves(r) => write!(f, "the call of refund {} leaves", r + 1),
            Move::RefundNotSent(r) => write!(f, "the call of refund {} provably never left", r + 1),
            Move::RefundResendNotSent(r) => write!(
                f,
                "refund {} is to be sent again, and that send never leaves",
                r + 1
            ),
            Move::RefundSentAgain(r) => write!(f, "the resolver sends refund {} again", r + 1),
            Move::RefundSilent(r) => write!(f, "a call about refund {} times out", r + 1),
            Move::RequestsDie(a) => {
                write!(f, "what was still on its way for attempt {} is lost", a + 1)
            }
            Move::ReturnBegun(a) => write!(f, "the return of attempt {} is begun", a + 1),
            Move::Silent(a) => write!(f, "a call about attempt {} times out", a + 1),
            Move::WatchOver(a) => write!(
                f,
                "the watch of attempt {} is over: nothing older is on its way",
                a + 1
            ),
        }
    }
}

/// A trace, numbered.
#[must_use]
pub fn trace(moves: &[Move]) -> String {
    moves
        .iter()
        .enumerate()
        .map(|(n, step)| format!("{:>4}. {step}\n", n + 1))
        .collect()
}
