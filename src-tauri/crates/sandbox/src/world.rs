//! What all calls of one sandbox share: keys, clock, ledger, switches and the log of calls.
//!
//! Locks are held for one call at most and never across an await; it must never speak HTTP.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::bills::{BillFlaw, Download, Downloads, Fetched, ready_ms};
use crate::chance::Chance;
use crate::clock::{Clock, Moment, day_of};
use crate::exchange::{Call, Carriage, Dress, Label, Reply};
use crate::faults::{FaultKind, Faults, NamedAnswer};
use crate::keys::Keys;
use crate::ledger::{
    Channel, CoinFact, JournalError, Ledger, RefundState, Rhythm, Trade, TradeKey,
};
use crate::notices::DueNotice;
use crate::past::Past;
use crate::unionpay::Queries;
use crate::{alipay, btcpay, stripe, unionpay, wechatpay};

/// Calls that the log keeps; a bench of 200 payments and a kill run of some thousand calls fit.
const LOG_MAX: usize = 50_000;

/// One call in the log.
#[derive(Clone, Debug, Serialize)]
pub struct Logged {
    /// Counts from one.
    pub seq: u64,
    /// The channel.
    pub channel: Channel,
    /// `bill_query`, `bill_download`, `charge`, `create_qr`, `page`, `query`, `cancel`, `reverse`, `close`, `refund`, `refund_query`,
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

/// No time is played.
const NOT_PLAYED: i64 = i64::MIN;

/// A sandbox's shared state, seen by one call: clones share everything but the view.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
    pub(crate) rhythm: Rhythm,
    /// Where it listens, if it does.
    port: Option<u16>,
    pub(crate) chance: Arc<Chance>,
    ledger: Arc<Mutex<Ledger>>,
    faults: Arc<Mutex<Faults>>,
    log: Arc<Mutex<VecDeque<Logged>>>,
    refunds_end_as: Arc<Mutex<BTreeMap<Channel, RefundState>>>,
    downloads: Arc<Mutex<Downloads>>,
    past: Arc<Mutex<Past>>,
    /// Queries of UnionPay, which may not be too frequent.
    queries: Arc<Mutex<Queries>>,
    /// Calls of Stripe that are still worked on, by their idempotency keys, and until when.
    flights: Arc<Mutex<BTreeMap<String, i64>>>,
    /// How late notices go.
    notice_delay_ms: Arc<AtomicI64>,
    /// For how long queries do not see what is new.
    lag_ms: Arc<AtomicI64>,
    /// How far ended days have moved the clock.
    offset_ms: Arc<AtomicI64>,
    /// The time that a play has set, for every call.
    play_ms: Arc<AtomicI64>,
    view: View,
}

/// What is special about one call.
#[derive(Clone, Copy, Debug, Default)]
struct View {
    /// The call is to be treated as arriving at this time.
    at_ms: Option<i64>,
    flaw: Option<BillFlaw>,
    /// The caller's clock is the machine's, although days were ended.
    speaks_machine_time: bool,
}

/// An answer before the wire: signed or not is the channel's business.
#[derive(Clone, Debug)]
pub(crate) enum Draft {
    Alipay(alipay::Answer),
    Btcpay(btcpay::Answer),
    /// A bill, or why there is none, or a page for the payer; never signed.
    File(Reply),
    Stripe(stripe::Answer),
    Unionpay(unionpay::Answer),
    Wechatpay(wechatpay::Answer),
}

impl World {
    pub(crate) fn new(
        keys: Keys,
        clock: Arc<dyn Clock>,
        ledger: Ledger,
        rhythm: Rhythm,
        seed: u64,
        port: Option<u16>,
        chance: Chance,
    ) -> Self {
        Self {
            keys: Arc::new(keys),
            clock,
            rhythm,
            port,
            chance: Arc::new(chance),
            past: Arc::new(Mutex::new(Past::default())),
            queries: Arc::default(),
            flights: Arc::default(),
            notice_delay_ms: Arc::default(),
            lag_ms: Arc::new(AtomicI64::new(rhythm.replica_lag_ms)),
            offset_ms: Arc::new(AtomicI64::new(ledger.offset_ms())),
            play_ms: Arc::new(AtomicI64::new(NOT_PLAYED)),
            ledger: Arc::new(Mutex::new(ledger)),
            faults: Arc::new(Mutex::new(Faults::new(seed))),
            log: Arc::new(Mutex::new(VecDeque::new())),
            refunds_end_as: Arc::default(),
            downloads: Arc::new(Mutex::new(Downloads::default())),
            view: View::default(),
        }
    }

    /// The same world for a call that arrives at another time.
    pub(crate) fn at(&self, at_ms: i64) -> Self {
        let mut world = self.clone();
        world.view.at_ms = Some(at_ms);
        world
    }

    /// The same world for a call about a bill that is wrong on purpose.
    pub(crate) fn with_flaw(&self, flaw: Option<BillFlaw>) -> Self {
        let mut world = self.clone();
        world.view.flaw = flaw;
        world
    }

    /// The same world for a caller whose clock did not move when days were ended.
    pub(crate) fn for_caller_at(&self, caller_ms: i64) -> Self {
        let mut world = self.clone();
        let distance = |own_ms: i64| own_ms.abs_diff(caller_ms);
        let machine_ms = self.machine_now().wall_ms;
        world.view.speaks_machine_time =
            self.played_ms().is_none() && distance(machine_ms) < distance(self.now().wall_ms);
        world
    }

    pub(crate) fn flaw(&self) -> Option<BillFlaw> {
        self.view.flaw
    }

    /// The time that this call is played at; then nothing has to be waited for.
    pub(crate) fn played_ms(&self) -> Option<i64> {
        let set = self.play_ms.load(Ordering::SeqCst);
        self.view.at_ms.or((set != NOT_PLAYED).then_some(set))
    }

    /// Sets the time for every call, or gives it back to the clock.
    pub(crate) fn play(&self, at_ms: Option<i64>) {
        self.play_ms
            .store(at_ms.unwrap_or(NOT_PLAYED), Ordering::SeqCst);
    }

    /// The machine's clocks, for stamps that are compared with other programs'.
    pub(crate) fn machine_now(&self) -> Moment {
        self.clock.now()
    }

    /// The sandbox's time: played, or the machine's moved by ended days.
    pub(crate) fn now(&self) -> Moment {
        let machine = self.machine_now();
        let offset_ms = self.offset_ms.load(Ordering::SeqCst);
        let moved = machine.wall_ms.saturating_add(offset_ms);
        Moment {
            wall_ms: self.played_ms().unwrap_or(moved),
            ..machine
        }
    }

    /// The time that signatures are judged and made by.
    pub(crate) fn wire_ms(&self) -> i64 {
        if self.view.speaks_machine_time {
            self.machine_now().wall_ms
        } else {
            self.now().wall_ms
        }
    }

    /// Ends the sandbox's day: the clock goes on at five past ten of the next one, when every
    /// bill is there. Answers the day that ended.
    pub(crate) fn end_day(&self) -> Result<i64, JournalError> {
        let mut ledger = self.ledger()?;
        let offset_ms = self.offset_ms.load(Ordering::SeqCst);
        let now_ms = self.machine_now().wall_ms.saturating_add(offset_ms);
        let day = day_of(now_ms);
        let morning_ms = ready_ms(Channel::Wechatpay, day).saturating_add(300_000);
        let moved = offset_ms.saturating_add(morning_ms.saturating_sub(now_ms));
        ledger.end_day(now_ms, moved)?;
        self.offset_ms.store(moved, Ordering::SeqCst);
        Ok(day)
    }

    /// Keeps a bill for its link; answers the token.
    pub(crate) fn keep_download(&self, download: Download) -> String {
        let token = self.chance.letters(48);
        held(&self.downloads).keep(token.clone(), download);
        token
    }

    pub(crate) fn fetch_download(&self, channel: Channel, token: &str) -> Fetched {
        held(&self.downloads).fetch(channel, token, self.now().wall_ms)
    }

    /// Where links to bills lead: the name under which the caller found the sandbox.
    pub(crate) fn own_host(&self, call: &Call) -> String {
        let asked = call.header("host").unwrap_or_default();
        let Some(port) = self.port else {
            return asked.to_owned();
        };
        let names = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{port}"));
        let known = names.iter().find(|name| *name == asked);
        known
            .cloned()
            .unwrap_or_else(|| format!("127.0.0.1:{port}"))
    }

    /// The ledger, after everything that was due by now.
    pub(crate) fn ledger(&self) -> Result<MutexGuard<'_, Ledger>, JournalError> {
        let mut ledger = held(&self.ledger);
        ledger.settle(self.now().wall_ms)?;
        Ok(ledger)
    }

    /// Whether queries see by now what was made then.
    pub(crate) fn is_seen(&self, made_ms: i64) -> bool {
        let lag_ms = self.lag_ms.load(Ordering::SeqCst);
        self.now().wall_ms.saturating_sub(made_ms) >= lag_ms
    }

    pub(crate) fn set_replica_lag(&self, lag_ms: i64) {
        self.lag_ms.store(lag_ms, Ordering::SeqCst);
    }

    /// Whether another query about this number may be answered; then it counts.
    pub(crate) fn admits_query(&self, number: &str) -> bool {
        held(&self.queries).admits(number, self.now().wall_ms)
    }

    /// Keys of calls that are still worked on (Stripe).
    pub(crate) fn flights(&self) -> MutexGuard<'_, BTreeMap<String, i64>> {
        held(&self.flights)
    }

    pub(crate) fn set_notice_delay(&self, delay_ms: Option<i64>) {
        self.notice_delay_ms
            .store(delay_ms.unwrap_or(i64::MAX), Ordering::SeqCst);
    }

    /// Notices that are due by now, however late they go.
    pub(crate) fn due_notices(&self) -> Result<Vec<DueNotice>, JournalError> {
        let mut ledger = held(&self.ledger);
        ledger.settle_recent(self.now().wall_ms)?;
        let delay_ms = self.notice_delay_ms.load(Ordering::SeqCst);
        let by_ms = self.now().wall_ms.saturating_sub(delay_ms);
        let due = ledger.due_notices(by_ms);
        let due = due.filter_map(|notice| match notice.key.channel {
            Channel::Stripe => stripe::notice(self, &ledger, notice),
            _ => unionpay::notice(&self.keys, &ledger, notice),
        });
        let events = ledger.due_deliveries(by_ms);
        let events = events.filter_map(|event| btcpay::notice(&ledger, event));
        Ok(due.chain(events).collect())
    }

    /// A notice went out; the status is what the merchant answered, if anybody did.
    pub(crate) fn notice_sent(
        &self,
        number: &str,
        status: Option<u16>,
    ) -> Result<(), JournalError> {
        let at_ms = self.now().wall_ms;
        let mut ledger = held(&self.ledger);
        if ledger.coins().delivery(number).is_some() {
            let id = number.to_owned();
            let sent = CoinFact::Delivered { id, at_ms, status };
            return ledger.keep_coins(vec![sent]);
        }
        // UnionPay takes 200 and 302 for an answer, Stripe every 2xx.
        let is_acknowledged = match ledger.notice(number).map(|notice| notice.key.channel) {
            Some(Channel::Stripe) => status.is_some_and(|status| (200..300).contains(&status)),
            _ => matches!(status, Some(200 | 302)),
        };
        ledger.notice_sent(number, at_ms, is_acknowledged)
    }

    /// Answers that went out.
    pub(crate) fn past(&self) -> MutexGuard<'_, Past> {
        held(&self.past)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        held(&self.faults)
    }

    /// How refunds accepted from now on will end (WeChat Pay, UnionPay, Stripe).
    pub(crate) fn refunds_end_as(&self, channel: Channel) -> RefundState {
        let ends = held(&self.refunds_end_as).get(&channel).copied();
        ends.unwrap_or(RefundState::Success)
    }

    /// Sets it, for one channel or for all of them.
    pub(crate) fn end_refunds_as(&self, only: Option<Channel>, state: RefundState) {
        let channels = Channel::ALL.into_iter();
        let meant = channels.filter(|channel| only.is_none_or(|only| only == *channel));
        held(&self.refunds_end_as).extend(meant.map(|channel| (channel, state)));
    }

    /// What a call says it is; never trusted, only logged and matched with faults.
    pub(crate) fn label(&self, channel: Channel, call: &Call) -> Label {
        match channel {
            Channel::Alipay => alipay::label(&self.keys, call),
            Channel::Btcpay => btcpay::label(self, call),
            Channel::Stripe => stripe::label(self, call),
            Channel::Unionpay => unionpay::label(self, call),
            Channel::Wechatpay => wechatpay::label(call),
        }
    }

    /// Lets the call have its effect.
    pub(crate) fn handle(&self, channel: Channel, call: &Call) -> (Draft, Carriage) {
        if call.path == alipay::DOWNLOAD_PATH {
            return (Draft::File(alipay::download(self, call)), Carriage::Prompt);
        }
        match channel {
            Channel::Alipay => {
                let (answer, carriage) = alipay::handle(self, call);
                (Draft::Alipay(answer), carriage)
            }
            Channel::Btcpay => btcpay::handle(self, call),
            Channel::Stripe => stripe::handle(self, call),
            Channel::Unionpay => unionpay::handle(self, call),
            Channel::Wechatpay => {
                let (answer, carriage) = match wechatpay::download(self, call) {
                    Some(Ok(file)) => return (Draft::File(file), Carriage::Prompt),
                    Some(Err(answer)) => (answer, Carriage::Prompt),
                    None => wechatpay::handle(self, call),
                };
                (Draft::Wechatpay(answer), carriage)
            }
        }
    }

    /// The answer to a charge, by what the trade is now.
    pub(crate) fn charge_answer(&self, call: &Call, key: &TradeKey) -> Draft {
        match key.channel {
            Channel::Alipay => Draft::Alipay(alipay::charge_answer(self, call, key)),
            // Nobody is charged there, so nobody pays late.
            Channel::Btcpay => Draft::Btcpay(btcpay::system_error()),
            Channel::Stripe => Draft::Stripe(stripe::charge_answer(self, call)),
            Channel::Unionpay => Draft::Unionpay(unionpay::charge_answer(self, call, key)),
            Channel::Wechatpay => Draft::Wechatpay(wechatpay::charge_answer(self, call, key)),
        }
    }

    /// The channel's own signed word for "something went wrong here".
    pub(crate) fn system_error(&self, channel: Channel, call: &Call) -> Draft {
        match channel {
            Channel::Alipay => Draft::Alipay(alipay::system_error(self, call)),
            Channel::Btcpay => Draft::Btcpay(btcpay::system_error()),
            Channel::Stripe => Draft::Stripe(stripe::system_error(self, call)),
            Channel::Unionpay => Draft::Unionpay(unionpay::system_error(call)),
            Channel::Wechatpay => Draft::Wechatpay(wechatpay::system_error(self, call)),
        }
    }

    /// The channel's own signed word, as it was asked for.
    pub(crate) fn named(&self, call: &Call, named: &NamedAnswer) -> Draft {
        match named.channel {
            Channel::Alipay => Draft::Alipay(alipay::named(self, call, named)),
            Channel::Btcpay => Draft::Btcpay(btcpay::named(named)),
            Channel::Stripe => Draft::Stripe(stripe::named(call, named)),
            Channel::Unionpay => Draft::Unionpay(unionpay::named(self, call, named)),
            Channel::Wechatpay => Draft::Wechatpay(wechatpay::named(self, call, named)),
        }
    }

    /// A refusal that nobody signed.
    pub(crate) fn unsigned_refusal(channel: Channel, call: &Call) -> Draft {
        match channel {
            Channel::Alipay => Draft::Alipay(alipay::unsigned_refusal(call)),
            Channel::Btcpay => Draft::Btcpay(btcpay::unsigned_refusal()),
            Channel::Stripe => Draft::Stripe(stripe::unsigned_refusal()),
            Channel::Unionpay => Draft::Unionpay(unionpay::unsigned_refusal(call)),
            Channel::Wechatpay => Draft::Wechatpay(wechatpay::unsigned_refusal()),
        }
    }

    /// The same answer, about another order.
    pub(crate) fn foreign(&self, draft: Draft, label: &Label) -> Draft {
        let own = label.out_trade_no.as_deref().unwrap_or_default();
        let other = self.ledger().ok().and_then(|ledger| {
            let mut others = ledger.trades().rev();
            let other = others.find(|trade| trade.key.out_trade_no != own);
            other.map(|trade| trade.key.out_trade_no.clone())
        });
        about(
            draft,
            label,
            other.as_deref().unwrap_or("FOREIGN0000000001"),
        )
    }

    /// The answer that another merchant would get.
    pub(crate) fn foreign_merchant(&self, draft: Draft, label: &Label) -> Draft {
        if let Draft::Wechatpay(answer) = &draft
            && let Some(other) = answer.to_other_merchant(&self.keys.merchant.wechatpay)
        {
            return Draft::Wechatpay(other);
        }
        if let Draft::Btcpay(answer) = &draft
            && let Some(other) = btcpay::to_other_store(self, answer)
        {
            return Draft::Btcpay(other);
        }
        if let Draft::Unionpay(answer) = &draft
            && let Some(other) = answer.to_other_merchant()
        {
            return Draft::Unionpay(other);
        }
        about(draft, label, "OTHERSHOP00000001")
    }

    /// Signs and writes an answer.
    pub(crate) fn seal(&self, draft: &Draft, dress: Dress) -> Reply {
        match draft {
            Draft::Alipay(answer) => answer.seal(&self.keys, dress),
            Draft::Btcpay(answer) => answer.seal(),
            Draft::File(file) => file.clone(),
            Draft::Stripe(answer) => answer.seal(&self.chance),
            Draft::Unionpay(answer) => answer.seal(&self.keys, dress),
            Draft::Wechatpay(answer) => {
                answer.seal(&self.keys, &self.chance, self.wire_ms(), dress)
            }
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
        let answered = self.machine_now().monotonic_ns;
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

/// The same answer with another number in the place of the payment's, and of the refund's.
fn about(draft: Draft, label: &Label, other: &str) -> Draft {
    // No till numbers its refunds like this.
    let other_refund = format!("{other}RX");
    let numbers = [
        (label.out_trade_no.as_deref(), other),
        (label.refund_no.as_deref(), other_refund.as_str()),
    ];
    let told = numbers
        .into_iter()
        .filter_map(|(own, other)| Some((own?, other)));
    told.fold(draft, |draft, (own, other)| match draft {
        Draft::Alipay(answer) => Draft::Alipay(answer.about(own, other)),
        Draft::Btcpay(answer) => Draft::Btcpay(answer.about(own, other)),
        Draft::File(file) => Draft::File(file),
        Draft::Stripe(answer) => Draft::Stripe(answer.about(own, other)),
        Draft::Unionpay(answer) => Draft::Unionpay(answer.about(own, other)),
        Draft::Wechatpay(answer) => Draft::Wechatpay(answer.about(own, other)),
    })
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
