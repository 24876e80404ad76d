//! One state of the model: what the till has committed, what the channel knows, and what is under way.
//! Plain bytes, so that tens of millions of them fit; equal states are one state.

use crate::{
    ledger::{Answer, Return, ReturnAnswer, Trade},
    till::{ATTEMPTS, REFUNDS},
};

/// A call of the living till.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Call<A> {
    /// None under way.
    #[default]
    Idle,
    /// Its row is durable, no byte has left.
    Begun,
    /// A charge, an ending or a refund is out; it has not arrived.
    Sent,
    /// The answer is on its way back.
    Answered(A),
}

/// The state of everything. A crash loses the calls and nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct World {
    /// The committed order, a number of [`crate::till::Till`].
    pub till: u32,
    /// The channel's trades.
    pub trades: [Trade; ATTEMPTS],
    /// The channel's refunds.
    pub refunds: [Return; REFUNDS],
    /// The one call of each charge.
    pub charges: [Call<Answer>; ATTEMPTS],
    /// The resolver's call about each attempt.
    pub asks: [Call<Answer>; ATTEMPTS],
    /// The first call of each refund.
    pub sends: [Call<ReturnAnswer>; REFUNDS],
    /// The resolver's call about each refund.
    pub refund_asks: [Call<ReturnAnswer>; REFUNDS],
    /// Requests with effect that were sent: each may arrive any number of times, at any time, or never.
    pub wire: u8,
    /// Bits: the watch of an attempt is over, the resolver's question was asked after it.
    pub late: u8,
    /// Crashes so far.
    pub crashes: u8,
    /// Planted: decided to give back, and the return not begun: attempt + 1.
    pub half: u8,
}

impl World {
    /// Nothing has happened.
    #[must_use]
    pub fn start() -> World {
        World {
            till: 0,
            trades: [Trade::Absent; ATTEMPTS],
            refunds: [Return::Absent; REFUNDS],
            charges: [Call::Idle; ATTEMPTS],
            asks: [Call::Idle; ATTEMPTS],
            sends: [Call::Idle; REFUNDS],
            refund_asks: [Call::Idle; REFUNDS],
            wire: 0,
            late: 0,
            crashes: 0,
            half: 0,
        }
    }

    /// The process is gone: its calls and all it had not committed.
    pub fn lose_calls(&mut self) {
        self.charges = [Call::Idle; ATTEMPTS];
        self.asks = [Call::Idle; ATTEMPTS];
        self.sends = [Call::Idle; REFUNDS];
        self.refund_asks = [Call::Idle; REFUNDS];
        self.half = 0;
    }

    /// Whether a crash would lose anything.
    #[must_use]
    pub fn has_calls(&self) -> bool {
        let mut bare = *self;
        bare.lose_calls();
        bare != *self
    }

    /// The wire's bit of a charge.
    #[must_use]
    pub fn charge_bit(attempt: usize) -> u8 {
        1 << attempt
    }

    /// The wire's bit of an ending.
    #[must_use]
    pub fn end_bit(attempt: usize) -> u8 {
        1 << (2 + attempt)
    }

    /// The wire's bit of a refund.
    #[must_use]
    pub fn refund_bit(refund: usize) -> u8 {
        1 << (4 + refund)
    }

    /// Whether the watch of an attempt is over: nothing sent before its ending is still under way.
    #[must_use]
    pub fn is_over(&self, attempt: usize) -> bool {
        self.late & (1 << attempt) != 0
    }

    /// Sets or clears [`World::is_over`].
    pub fn set_over(&mut self, attempt: usize, over: bool) {
        set(&mut self.late, 1 << attempt, over);
    }

    /// Whether the resolver's question about an attempt was asked after the watch.
    #[must_use]
    pub fn asked_late(&self, attempt: usize) -> bool {
        self.late & (4 << attempt) != 0
    }

    /// Sets or clears [`World::asked_late`].
    pub fn set_asked_late(&mut self, attempt: usize, late: bool) {
        set(&mut self.late, 4 << attempt, late);
    }

    /// As numbers, for hashing.
    #[must_use]
    pub fn words(&self) -> [u64; 4] {
        let call = |c: Call<Answer>| match c {
            Call::Idle => 0_u64,
            Call::Begun => 1,
            Call::Sent => 2,
            Call::Answered(a) => 3 + a as u64,
        };
        let refund_call = |c: Call<ReturnAnswer>| match c {
            Call::Idle => 0_u64,
            Call::Begun => 1,
            Call::Sent => 2,
            Call::Answered(a) => 3 + a as u64,
        };
        let trade = |t: Trade| match t {
            Trade::Absent => 0_u64,
            Trade::Waiting => 1,
            Trade::Paid { fixed } => 2 + u64::from(fixed),
            Trade::Refused => 4,
            Trade::Closed => 5,
            Trade::Returned => 6,
        };
        let fold = |sum: u64, next: u64| (sum << 4) | next;
        [
            u64::from(self.till) << 32
                | u64::from(self.wire) << 24
                | u64::from(self.late) << 16
                | u64::from(self.crashes) << 8
                | u64::from(self.half),
            self.trades.into_iter().map(trade).fold(0, fold),
            self.refunds.into_iter().map(|r| r as u64).fold(0, fold)
                | self
                    .charges
                    .into_iter()
                    .chain(self.asks)
                    .map(call)
                    .fold(0, fold)
                    << 32,
            self.sends
                .into_iter()
                .chain(self.refund_asks)
                .map(refund_call)
                .fold(0, fold),
        ]
    }
}

fn set(bits: &mut u8, bit: u8, on: bool) {
    if on {
        *bits |= bit;
    } else {
        *bits &= !bit;
    }
}
