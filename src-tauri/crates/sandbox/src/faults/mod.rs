//! Fault switches: what the wire or the channel does wrong, how often, and to which calls.
//!
//! The draw is a function of a seed and a counter, so that a run can be repeated. It must never
//! touch the ledger: where a fault strikes is the server's business.

use serde::{Deserialize, Serialize};

use crate::bills::BillFlaw;
use crate::exchange::Operation;
use crate::ledger::Channel;

/// What goes wrong.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The request is delivered twice; the first answer is sent.
    AnswerTwice,
    /// A bill's digest does not fit: another SHA-1 at WeChat Pay, a wrong CRC in Alipay's zip.
    BillDigestWrong,
    /// A bill's link has expired before it is answered.
    BillLinkExpired,
    /// The account has no right to fetch bills.
    BillNotAllowed,
    /// The bill is not ready yet.
    BillNotReady,
    /// A bill's own totals are off by one fen.
    BillTotalsWrong,
    /// A bill file ends in the middle.
    BillTruncated,
    /// The file is the bill of the day before the one asked for.
    BillWrongDay,
    /// The answer carries a signature that does not verify.
    BadSignature,
    /// The effect happens; the answer comes 45 seconds later.
    #[serde(alias = "delay_45s")]
    Delay,
    /// A validly signed answer about another order.
    ForeignAnswer,
    /// A validly signed answer to another merchant; at Alipay, whose answers name none, about that
    /// merchant's order.
    ForeignMerchant,
    /// A captive portal answers with a page; the request never arrived.
    Garbage,
    /// HTTP 429 of a gateway in front, before any effect.
    RateLimited,
    /// The effect happens; an old answer to the same operation is sent again, as it was.
    Replayed,
    /// The effect happens; the connection closes without an answer.
    ReplyLost,
    /// The connection closes before anything happens.
    RequestLost,
    /// HTTP 502, with the effect or without it, in turns.
    ServerError,
    /// HTTP 502 after the effect.
    ServerErrorAfter,
    /// HTTP 502 before any effect.
    ServerErrorBefore,
    /// The answer's timestamp is 301 seconds old; at Alipay, which has none, nothing changes.
    StaleTime,
    /// The channel's own signed "system error", with the effect or without it, in turns.
    SystemError,
    /// The connection closes in the middle of the answer.
    Truncated,
    /// The answer names a key that the till does not know, and is signed with it.
    UnknownKey,
    /// An unsigned refusal, with the effect or without it, in turns.
    UnsignedRefusal,
}

impl FaultKind {
    /// What it does to a bill.
    pub(crate) fn bill_flaw(self) -> Option<BillFlaw> {
        Some(match self {
            Self::BillDigestWrong => BillFlaw::DigestWrong,
            Self::BillLinkExpired => BillFlaw::LinkExpired,
            Self::BillNotAllowed => BillFlaw::NotAllowed,
            Self::BillNotReady => BillFlaw::NotReady,
            Self::BillTotalsWrong => BillFlaw::TotalsWrong,
            Self::BillTruncated => BillFlaw::Truncated,
            Self::BillWrongDay => BillFlaw::WrongDay,
            _ => return None,
        })
    }
}

/// Every kind that strikes any call, in the order in which they are shown.
pub const FAULTS: &[FaultKind] = &[
    FaultKind::RequestLost,
    FaultKind::ReplyLost,
    FaultKind::ServerError,
    FaultKind::BadSignature,
    FaultKind::UnsignedRefusal,
    FaultKind::Garbage,
    FaultKind::Delay,
    FaultKind::AnswerTwice,
    FaultKind::ForeignAnswer,
    FaultKind::ServerErrorAfter,
    FaultKind::ServerErrorBefore,
    FaultKind::StaleTime,
    FaultKind::SystemError,
    FaultKind::Truncated,
    FaultKind::RateLimited,
    FaultKind::UnknownKey,
    FaultKind::ForeignMerchant,
    FaultKind::Replayed,
];

/// The kinds that strike bills only; the scope of such a switch is not looked at.
pub const BILL_FAULTS: &[FaultKind] = &[
    FaultKind::BillNotAllowed,
    FaultKind::BillNotReady,
    FaultKind::BillDigestWrong,
    FaultKind::BillTruncated,
    FaultKind::BillLinkExpired,
    FaultKind::BillTotalsWrong,
    FaultKind::BillWrongDay,
];

/// Which calls a fault strikes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Every call.
    #[default]
    All,
    /// Asking for a bill and downloading it.
    Bill,
    /// Cancel, reverse, close.
    End,
    /// Charges and QR orders.
    Pay,
    /// Queries of payments, refunds and certificates.
    Query,
    /// Refunds.
    Refund,
}

/// One switch that is on.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Fault {
    /// What goes wrong.
    #[serde(rename = "name")]
    pub kind: FaultKind,
    /// Which calls.
    #[serde(default)]
    pub scope: Scope,
    /// One channel, or both.
    #[serde(default)]
    pub channel: Option<Channel>,
    /// How many of a hundred calls.
    #[serde(default = "always")]
    pub percent: u8,
    /// How often still; without a number, for ever.
    #[serde(default)]
    pub remaining: Option<u32>,
}

impl Fault {
    /// Strikes every call of both channels.
    #[must_use]
    pub fn always(kind: FaultKind) -> Self {
        Self {
            kind,
            scope: Scope::All,
            channel: None,
            percent: always(),
            remaining: None,
        }
    }
}

const fn always() -> u8 {
    100
}

/// The channel's own signed answer with one code, instead of any effect: to the next call it concerns.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NamedAnswer {
    /// Which channel says it.
    pub channel: Channel,
    /// To which calls.
    #[serde(default)]
    pub scope: Scope,
    /// HTTP status; Alipay's is always 200.
    #[serde(default = "ok")]
    pub status: u16,
    /// The code, as the channel spells it.
    pub code: String,
    /// Alipay's code of the business below it.
    #[serde(default)]
    pub sub_code: Option<String>,
}

const fn ok() -> u16 {
    200
}

/// What strikes one call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Strike {
    /// What goes wrong.
    pub kind: FaultKind,
    /// For the kinds that come with the effect or without it.
    pub has_effect: bool,
}

/// All switches of the process.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    on: Vec<Fault>,
    seed: u64,
    draws: u64,
    strikes: u64,
    named: Vec<NamedAnswer>,
    /// An expired or ended QR can still be paid.
    pub(crate) old_qr_pays: bool,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            ..Self::default()
        }
    }

    pub(crate) fn on(&self) -> &[Fault] {
        &self.on
    }

    /// Switches on, in the place of the same kind on the same calls.
    pub(crate) fn switch_on(&mut self, fault: Fault) {
        self.on.retain(|other| {
            (other.kind, other.scope, other.channel) != (fault.kind, fault.scope, fault.channel)
        });
        self.on.push(fault);
    }

    pub(crate) fn switch_off(&mut self, kind: FaultKind) {
        self.on.retain(|fault| fault.kind != kind);
    }

    /// Everything off; the seed and its counter begin again.
    pub(crate) fn reset(&mut self, seed: Option<u64>) {
        *self = Self::new(seed.unwrap_or(self.seed));
    }

    /// Says this to the next call it concerns.
    pub(crate) fn say_next(&mut self, answer: NamedAnswer) {
        self.named.push(answer);
    }

    /// What is to be said to this call, once.
    pub(crate) fn take_named(
        &mut self,
        channel: Channel,
        operation: Operation,
    ) -> Option<NamedAnswer> {
        let scope = operation.scope();
        let at = self.named.iter().position(|named| {
            named.channel == channel && (named.scope == Scope::All || named.scope == scope)
        })?;
        Some(self.named.remove(at))
    }

    /// What strikes this call, if anything.
    pub(crate) fn draw(&mut self, channel: Channel, operation: Operation) -> Option<Strike> {
        let scope = operation.scope();
        let mut struck = None;
        for fault in &mut self.on {
            let is_its_call = if BILL_FAULTS.contains(&fault.kind) {
                operation == Operation::BillQuery
            } else {
                fault.scope == Scope::All || fault.scope == scope
            };
            let concerns = fault.channel.is_none_or(|only| only == channel)
                && is_its_call
                && fault.remaining != Some(0);
            if !concerns {
                continue;
            }
            self.draws = self.draws.wrapping_add(1);
            if mix(self.seed, self.draws) % 100 < u64::from(fault.percent) {
                fault.remaining = fault.remaining.map(|left| left.saturating_sub(1));
                struck = Some(fault.kind);
                break;
            }
        }
        self.on.retain(|fault| fault.remaining != Some(0));
        struck.map(|kind| {
            self.strikes = self.strikes.wrapping_add(1);
            Strike {
                kind,
                has_effect: self.strikes.is_multiple_of(2),
            }
        })
    }
}

/// SplitMix64: the n-th number of the stream that the seed names.
fn mix(seed: u64, n: u64) -> u64 {
    let mut z = seed.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_its_own_calls_as_often_as_asked() {
        let mut faults = Faults::new(7);
        faults.switch_on(Fault {
            scope: Scope::Pay,
            channel: Some(Channel::Alipay),
            remaining: Some(2),
            ..Fault::always(FaultKind::ReplyLost)
        });
        assert_eq!(faults.draw(Channel::Alipay, Operation::Query), None);
        assert_eq!(faults.draw(Channel::Wechatpay, Operation::Charge), None);
        for _ in 0..2 {
            assert!(faults.draw(Channel::Alipay, Operation::Charge).is_some());
        }
        assert_eq!(faults.draw(Channel::Alipay, Operation::Charge), None);
        assert!(faults.on().is_empty());
    }

    #[test]
    fn the_same_seed_strikes_the_same_calls() {
        let run = |seed| {
            let mut faults = Faults::new(seed);
            faults.switch_on(Fault {
                percent: 30,
                ..Fault::always(FaultKind::Garbage)
            });
            (0..1000)
                .map(|_| faults.draw(Channel::Alipay, Operation::Charge).is_some())
                .collect()
        };
        let first: Vec<bool> = run(1);
        assert_eq!(first, run(1));
        assert_ne!(first, run(2));
        let struck = first.iter().filter(|hit| **hit).count();
        assert!((250..350).contains(&struck), "{struck} of 1000 at 30 %");
    }
}
