//! What all calls of one sandbox share: keys, clock, ledger, switches and the log of calls.
//!
//! Locks are held for one call at most and never across an await; it must never speak HTTP.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::clock::{Clock, Moment};
use crate::exchange::{Call, Carriage, Dress, Label, Reply};
use crate::faults::{FaultKind, Faults};
use crate::keys::Keys;
use crate::ledger::{Channel, JournalError, Ledger, RefundState, Rhythm, Trade, TradeKey};
use crate::{alipay, wechatpay};

/// Calls that the log keeps; a bench of 200 payments and a kill run of some thousand calls fit.
const LOG_MAX: usize = 50_000;

/// One call in the log.
#[derive(Clone, Debug, Serialize)]
pub struct Logged {
    /// Counts from one.
    pub seq: u64,
    /// The channel.
    pub channel: Channel,
    /// `charge`, `create_qr`, `query`, `cancel`, `reverse`, `close`, `refund`, `refund_query`,
    /// `certificates`, `unknown`.
    pub operation: &'static str,
    /// The number that the till follows: of the refund, else of the payment.
    pub reference: Option<String>,
    /// The payment's number.
    pub out_trade_no: Option<String>,
    /// When the head of the request had been read, wall clock.
    pub received_ms: i64,
    /// The same on the machine's monotonic clock.
    pub received_ns: u64,
    /// When the answer was handed to the connection, monotonic.
    pub answered_ns: Option<u64>,
    /// The HTTP status, once there is one.
    pub status: Option<u16>,
    /// The fault that struck it.
    pub fault: Option<FaultKind>,
}

/// A sandbox's shared state.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) keys: Keys,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rhythm: Rhythm,
    ledger: Mutex<Ledger>,
    faults: Mutex<Faults>,
    log: Mutex<VecDeque<Logged>>,
    refunds_end_as: Mutex<RefundState>,
}

/// An answer before the wire: signed or not is the channel's business.
#[derive(Clone, Debug)]
pub(crate) enum Draft {
    Alipay(alipay::Answer),
    Wechatpay(wechatpay::Answer),
}

impl World {
    pub(crate) fn new(
        keys: Keys,
        clock: Arc<dyn Clock>,
        ledger: Ledger,
        rhythm: Rhythm,
        seed: u64,
    ) -> Self {
        Self {
            keys,
            clock,
            rhythm,
            ledger: Mutex::new(ledger),
            faults: Mutex::new(Faults::new(seed)),
            log: Mutex::new(VecDeque::new()),
            refunds_end_as: Mutex::new(RefundState::Success),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        self.clock.now()
    }

    /// The ledger, after everything that was due by now.
    pub(crate) fn ledger(&self) -> Result<MutexGuard<'_, Ledger>, JournalError> {
        let mut ledger = held(&self.ledger);
        ledger.settle(self.now().wall_ms)?;
        Ok(ledger)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        held(&self.faults)
    }

    /// How refunds accepted from now on will end (WeChat Pay).
    pub(crate) fn refunds_end_as(&self) -> MutexGuard<'_, RefundState> {
        held(&self.refunds_end_as)
    }

    /// What a call says it is; never trusted, only logged and matched with faults.
    pub(crate) fn label(channel: Channel, call: &Call) -> Label {
        match channel {
            Channel::Alipay => alipay::label(call),
            Channel::Wechatpay => wechatpay::label(call),
        }
    }

    /// Lets the call have its effect.
    pub(crate) fn handle(&self, channel: Channel, call: &Call) -> (Draft, Carriage) {
        match channel {
            Channel::Alipay => {
                let (answer, carriage) = alipay::handle(self, call);
                (Draft::Alipay(answer), carriage)
            }
            Channel::Wechatpay => {
                let (answer, carriage) = wechatpay::handle(self, call);
                (Draft::Wechatpay(answer), carriage)
            }
        }
    }

    /// The answer to a charge, by what the trade is now.
    pub(crate) fn charge_answer(&self, call: &Call, key: &TradeKey) -> Draft {
        match key.channel {
            Channel::Alipay => Draft::Alipay(alipay::charge_answer(self, call, key)),
            Channel::Wechatpay => Draft::Wechatpay(wechatpay::charge_answer(self, call, key)),
        }
    }

    /// The channel's own signed word for "something went wrong here".
    pub(crate) fn system_error(&self, channel: Channel, call: &Call) -> Draft {
        match channel {
            Channel::Alipay => Draft::Alipay(alipay::system_error(self, call)),
            Channel::Wechatpay => Draft::Wechatpay(wechatpay::system_error(self, call)),
        }
    }

    /// A refusal that nobody signed.
    pub(crate) fn unsigned_refusal(channel: Channel, call: &Call) -> Draft {
        match channel {
            Channel::Alipay => Draft::Alipay(alipay::unsigned_refusal(call)),
            Channel::Wechatpay => Draft::Wechatpay(wechatpay::unsigned_refusal()),
        }
    }

    /// The same answer, about another order.
    pub(crate) fn foreign(&self, draft: Draft, label: &Label) -> Draft {
        let Some(own) = label.out_trade_no.as_deref() else {
            return draft;
        };
        let other = self.ledger().ok().and_then(|ledger| {
            let other = ledger
                .trades()
                .rev()
                .find(|trade| trade.key.out_trade_no != own);
            other.map(|trade| trade.key.out_trade_no.clone())
        });
        let other = other.unwrap_or_else(|| "FOREIGN0000000001".to_owned());
        match draft {
            Draft::Alipay(answer) => Draft::Alipay(answer.about(own, &other)),
            Draft::Wechatpay(answer) => Draft::Wechatpay(answer.about(own, &other)),
        }
    }

    /// Signs and writes an answer.
    pub(crate) fn seal(&self, draft: &Draft, dress: Dress) -> Reply {
        match draft {
            Draft::Alipay(answer) => answer.seal(&self.keys, dress),
            Draft::Wechatpay(answer) => answer.seal(&self.keys, self.now().wall_ms, dress),
        }
    }

    pub(crate) fn log_arrival(&self, channel: Channel, label: &Label, arrived: Moment) -> u64 {
        let mut log = held(&self.log);
        let seq = log.back().map_or(0, |last| last.seq).saturating_add(1);
        if log.len() >= LOG_MAX {
            log.pop_front();
        }
        log.push_back(Logged {
            seq,
            channel,
            operation: label.operation.name(),
            reference: label.reference().map(str::to_owned),
            out_trade_no: label.out_trade_no.clone(),
            received_ms: arrived.wall_ms,
            received_ns: arrived.monotonic_ns,
            answered_ns: None,
            status: None,
            fault: None,
        });
        seq
    }

    pub(crate) fn log_fault(&self, seq: u64, fault: FaultKind) {
        self.log_change(seq, |entry| entry.fault = Some(fault));
    }

    pub(crate) fn log_answer(&self, seq: u64, status: u16) {
        let answered = self.now().monotonic_ns;
        self.log_change(seq, |entry| {
            entry.answered_ns = Some(answered);
            entry.status = Some(status);
        });
    }

    /// Calls after this place in the log.
    pub(crate) fn logged_since(&self, seq: u64) -> Vec<Logged> {
        held(&self.log)
            .iter()
            .filter(|entry| entry.seq > seq)
            .cloned()
            .collect()
    }

    fn log_change(&self, seq: u64, change: impl FnOnce(&mut Logged)) {
        if let Some(entry) = held(&self.log)
            .iter_mut()
            .rev()
            .find(|entry| entry.seq == seq)
        {
            change(entry);
        }
    }
}

/// How the customer's nature carries the answer to the first charge of a trade.
pub(crate) fn carriage_of(trade: &Trade) -> Carriage {
    use crate::customers::Behaviour;
    match trade.behaviour {
        Behaviour::AnswersTwice => Carriage::Twice,
        Behaviour::NoAnswerPaid | Behaviour::NoAnswerUnpaid | Behaviour::PaysAfterReverse => {
            Carriage::Silent
        }
        Behaviour::PaysLate => Carriage::Late(trade.key.clone()),
        _ => Carriage::Prompt,
    }
}

/// A panic while a lock was held is a bug that the journal outlives; the state under it is whole,
/// because `apply` cannot fail half-way.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
