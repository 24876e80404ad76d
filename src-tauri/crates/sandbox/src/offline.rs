//! The sandbox in the process: no listener, no thread, no disk, and no time but the caller's.
//!
//! It takes the same way through a call as the listener does and is made for a simulation: the
//! caller says when a call arrives and when its answer leaves, and everything else is drawn from
//! the seed. The same calls at the same times give the same bytes, on every machine. Only here may
//! signatures be stand-ins. It must never read a clock, wait, or touch a disk.

use std::sync::{Arc, Mutex, PoisonError};

use crate::SandboxError;
use crate::bills::{PlantAsked, Planted};
use crate::btcpay::{WalletAct, WalletScreen};
use crate::chance::Chance;
use crate::clock::{Clock, Moment};
use crate::control::{Control, DayEnded, LedgerView, PhoneAct, PhoneScreen, Rotated, Rotation};
use crate::customers::Behaviour;
use crate::exchange::{Call, Reply};
use crate::faults::{Fault, FaultKind, NamedAnswer, Strike};
use crate::keys::{Keys, MerchantCredentials};
use crate::ledger::{Channel, Currency, Fen, Ledger, Rate, RefundState, Rhythm, TradeKey};
use crate::notices::DueNotice;
use crate::passage::{self, Outcome};
use crate::truth::{self, TrueTrade, Truth};
use crate::world::{Logged, World};

/// Keys of sandboxes without a listener; a copy of them is cheap, making them is not.
#[derive(Debug)]
pub struct OfflineKeys(Keys);

impl OfflineKeys {
    /// Real RSA-2048 keys of this seed; they take about a second.
    ///
    /// # Errors
    /// When a key cannot be made.
    pub fn rsa(seed: u64) -> Result<Self, SandboxError> {
        Ok(Self(Keys::seeded(seed)?))
    }

    /// Keys of this seed that only stand in for RSA, as the text of `keys/stand_in.rs` says.
    #[must_use]
    pub fn stand_in(seed: u64) -> Self {
        Self(Keys::stand_in(seed))
    }

    /// What the merchant is issued.
    #[must_use]
    pub fn merchant(&self) -> &MerchantCredentials {
        &self.0.merchant
    }
}

/// A call as it stood on the wire.
#[derive(Clone, Copy, Debug)]
pub struct WireCall<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The whole address, or path and query.
    pub url: &'a str,
    /// Header names, in any case, and values.
    pub headers: &'a [(String, String)],
    /// The body.
    pub body: &'a [u8],
}

impl WireCall<'_> {
    fn call(&self) -> Call {
        let (host, target) = match self.url.split_once("://") {
            None => (None, self.url),
            Some((_, rest)) => {
                let end = rest.find(['/', '?']).unwrap_or(rest.len());
                let (host, target) = rest.split_at_checked(end).unwrap_or((rest, ""));
                (Some(host), target)
            }
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers: Vec<(String, String)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
            .collect();
        if let Some(host) = host
            && !headers.iter().any(|(name, _)| name == "host")
        {
            headers.push(("host".to_owned(), host.to_owned()));
        }
        Call {
            method: self.method.to_owned(),
            path: path.to_owned(),
            query: query.split('#').next().unwrap_or_default().to_owned(),
            headers,
            body: self.body.to_vec(),
        }
    }
}

/// A call that has had its effect and is not answered yet.
#[derive(Debug)]
pub struct Pending {
    inner: passage::Pending,
    due_ms: i64,
}

impl Pending {
    /// When the answer is due, wall clock; the moment of arrival when nothing is waited for.
    #[must_use]
    pub fn due_ms(&self) -> i64 {
        self.due_ms
    }

    /// How long after the arrival that is.
    #[must_use]
    pub fn wait_ms(&self) -> u64 {
        self.inner.wait_ms()
    }
}

/// An answer's bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WireAnswer {
    /// HTTP status.
    pub status: u16,
    /// Header names in lower case and values, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl WireAnswer {
    /// What a captive portal answers to everything.
    #[must_use]
    pub fn captive_portal() -> Self {
        Reply::captive_portal().into()
    }

    /// What a gateway in between answers: 500, 502, 503, 504, or 429.
    #[must_use]
    pub fn of_gateway(status: u16) -> Self {
        let reply = if status == 429 {
            Reply::too_many_requests()
        } else {
            Reply {
                status,
                ..Reply::bad_gateway()
            }
        };
        reply.into()
    }

    /// The first bytes of the body only.
    #[must_use]
    pub fn truncated(mut self, kept: usize) -> Self {
        self.body.truncate(kept);
        self
    }

    /// One bit of the body is another; past the end, nothing is.
    #[must_use]
    pub fn flipped(mut self, bit: usize) -> Self {
        if let Some(byte) = self.body.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
        self
    }
}

impl From<Reply> for WireAnswer {
    fn from(reply: Reply) -> Self {
        let headers = reply.headers.into_iter();
        Self {
            status: reply.status,
            headers: headers
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            body: reply.body,
        }
    }
}

/// What reaches the caller.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Delivered {
    /// A whole answer.
    Answer(WireAnswer),
    /// The connection closed without an answer.
    Cut,
    /// The connection closed in the middle of this answer; these are the bytes that came.
    CutShort(WireAnswer),
}

/// The time as the caller told it last.
#[derive(Debug)]
struct Told(Mutex<Moment>);

impl Told {
    fn set(&self, at: Moment) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }
}

impl Clock for Told {
    fn now(&self) -> Moment {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A sandbox without a listener.
///
/// Every method that takes a moment is told the time by it; moments should not go back. For the
/// same bytes again, the calls have to come in the same order, so from one thread.
#[derive(Debug)]
pub struct Offline {
    clock: Arc<Told>,
    world: Arc<World>,
    control: Control,
}

impl Offline {
    /// An empty ledger, these keys, and draws from this seed.
    #[must_use]
    pub fn new(seed: u64, rhythm: Rhythm, keys: &OfflineKeys) -> Self {
        let chance = Chance::seeded(seed);
        let keys = keys.0.copy(chance.with(rand::RngCore::next_u64));
        let clock = Arc::new(Told(Mutex::new(Moment {
            wall_ms: 0,
            monotonic_ns: 0,
        })));
        let ledger = Ledger::in_memory(rhythm);
        let world = World::new(keys, clock.clone(), ledger, rhythm, seed, None, chance);
        let world = Arc::new(world);
        // Nobody can reach the control over HTTP, so there is no token.
        let control = Control::new(world.clone(), String::new(), 0);
        Self {
            clock,
            world,
            control,
        }
    }

    /// What the merchant was issued.
    #[must_use]
    pub fn merchant(&self) -> &MerchantCredentials {
        &self.world.keys.merchant
    }

    /// A call arrives and has its effect. Its answer is made by [`Offline::finish`], when it is
    /// due; until then other calls may come. Without a strike the switches decide what strikes it.
    pub fn exchange(&self, call: &WireCall<'_>, strike: Option<Strike>, at: Moment) -> Pending {
        self.clock.set(at);
        let inner = passage::arrive(&self.world, call.call(), at, strike);
        let wait_ms = i64::try_from(inner.wait_ms()).unwrap_or(i64::MAX);
        Pending {
            inner,
            due_ms: at.wall_ms.saturating_add(wait_ms),
        }
    }

    /// The answer leaves: made from what is true at this moment, and signed with its time.
    pub fn finish(&self, pending: Pending, at: Moment) -> Delivered {
        self.clock.set(at);
        match pending.inner.finish() {
            Outcome::Answer(reply) => Delivered::Answer(reply.into()),
            Outcome::Cut => Delivered::Cut,
            Outcome::CutShort(reply) => {
                let half = reply.body.len() / 2;
                Delivered::CutShort(WireAnswer::from(reply).truncated(half))
            }
        }
    }

    /// Everything that is true about money.
    ///
    /// # Errors
    /// Never here; a ledger on a disk can fail.
    pub fn truth(&self, at: Moment) -> Result<Truth, SandboxError> {
        self.clock.set(at);
        Ok(truth::tell(&self.world)?)
    }

    /// What is true about one trade; `None` when it was never created.
    ///
    /// # Errors
    /// Never here; a ledger on a disk can fail.
    pub fn truth_of(
        &self,
        channel: Channel,
        out_trade_no: &str,
        at: Moment,
    ) -> Result<Option<TrueTrade>, SandboxError> {
        self.clock.set(at);
        let key = TradeKey::new(channel, out_trade_no);
        Ok(truth::tell_one(&self.world, &key)?)
    }

    /// Notices of UnionPay, Stripe and BTCPay Server that are due by now, ready to be delivered to the merchant.
    ///
    /// # Errors
    /// Never here; a ledger on a disk can fail.
    pub fn notices(&self, at: Moment) -> Result<Vec<DueNotice>, SandboxError> {
        self.clock.set(at);
        Ok(self.world.due_notices()?)
    }

    /// A notice was delivered, or nobody was there: then it comes again, five times in all at UnionPay, nine times
    /// at BTCPay Server.
    ///
    /// # Errors
    /// Never here; a ledger on a disk can fail.
    pub fn notice_sent(
        &self,
        number: &str,
        is_acknowledged: bool,
        at: Moment,
    ) -> Result<(), SandboxError> {
        self.clock.set(at);
        Ok(self
            .world
            .notice_sent(number, is_acknowledged.then_some(200))?)
    }

    /// Every trade and balance, in the sandbox's own types.
    ///
    /// # Errors
    /// Never here; a ledger on a disk can fail.
    pub fn ledger(&self, at: Moment) -> Result<LedgerView, SandboxError> {
        self.clock.set(at);
        Ok(self.control.ledger()?)
    }

    /// Calls after this place in the log.
    #[must_use]
    pub fn requests(&self, since: u64) -> Vec<Logged> {
        self.control.requests(since)
    }

    /// The customer's phone.
    ///
    /// # Errors
    /// Never here; a ledger on a disk can fail.
    pub fn phone(&self, qr: &str, act: PhoneAct, at: Moment) -> Result<PhoneScreen, SandboxError> {
        self.clock.set(at);
        Ok(self.control.phone(qr, act)?)
    }

    /// The phone of a customer who has an old picture: an ended or expired QR works all the same.
    ///
    /// # Errors
    /// Never here; a ledger on a disk can fail.
    pub fn phone_with_old_picture(
        &self,
        qr: &str,
        act: PhoneAct,
        at: Moment,
    ) -> Result<PhoneScreen, SandboxError> {
        let was = std::mem::replace(&mut self.world.faults().old_qr_pays, true);
        let screen = self.phone(qr, act, at);
        self.world.faults().old_qr_pays = was;
        screen
    }

    /// The customer's wallet, at BTCPay Server.
    ///
    /// # Errors
    /// Never here; a ledger on a disk can fail.
    pub fn wallet(
        &self,
        qr: &str,
        act: WalletAct,
        at: Moment,
    ) -> Result<WalletScreen, SandboxError> {
        self.clock.set(at);
        Ok(crate::btcpay::wallet(&self.world, qr, act)?)
    }

    /// What a bitcoin costs from now on, as a decimal; `None` where nobody knows any more.
    ///
    /// # Errors
    /// When the text is no rate.
    pub fn set_coin_rate(
        &self,
        currency: Currency,
        rate: Option<&str>,
        at: Moment,
    ) -> Result<(), SandboxError> {
        self.clock.set(at);
        let rate =
            rate.map(|text| Rate::read(text).ok_or_else(|| SandboxError::NoRate(text.to_owned())));
        Ok(self.control.coin_rate(currency, rate.transpose()?)?)
    }

    /// How refunds accepted from now on will end (WeChat Pay, UnionPay, Stripe), and what the owner makes
    /// of claims at BTCPay Server; at one channel or at all of them.
    pub fn set_refunds_end_as(&self, only: Option<Channel>, state: RefundState) {
        self.world.end_refunds_as(only, state);
    }

    /// For how long queries of payments and refunds do not see what is new; 0 switches it off.
    pub fn set_replica_lag(&self, lag_ms: i64) {
        self.world.set_replica_lag(lag_ms);
    }

    /// Answers the next call that it concerns with this code, signed and without any effect.
    pub fn say_next(&self, answer: NamedAnswer) {
        self.control.say_next(answer);
    }

    /// Switches a fault on.
    pub fn set_fault(&self, fault: Fault) {
        self.control.set_fault(fault);
    }

    /// Switches a fault off.
    pub fn clear_fault(&self, kind: FaultKind) {
        self.control.clear_fault(kind);
    }

    /// Switches every fault off; refunds end well again.
    pub fn reset_faults(&self) {
        self.control.reset_faults(None);
    }

    /// The merchant takes money of a currency out; `false` when the balance does not hold it.
    ///
    /// # Errors
    /// Never here; a ledger on a disk can fail.
    pub fn withdraw(
        &self,
        channel: Channel,
        currency: Currency,
        amount: Fen,
        at: Moment,
    ) -> Result<bool, SandboxError> {
        self.clock.set(at);
        let now_ms = self.world.now().wall_ms;
        let mut ledger = self.world.ledger()?;
        Ok(ledger.withdraw(channel, currency, amount, now_ms)?)
    }

    /// Sets the contract's rate, in millionths, for trades created from now on.
    ///
    /// # Errors
    /// Never here; a ledger on a disk can fail.
    pub fn set_fee_rate(
        &self,
        channel: Channel,
        millionths: u32,
        at: Moment,
    ) -> Result<(), SandboxError> {
        self.clock.set(at);
        Ok(self.control.set_fee_rate(channel, millionths)?)
    }

    /// Ends the sandbox's day early: from now on it runs ahead of the moments that it is told. A
    /// simulation that can wait lets the morning come instead; bills are ready then as well.
    ///
    /// # Errors
    /// Never here; a ledger on a disk can fail.
    pub fn end_day(&self, at: Moment) -> Result<DayEnded, SandboxError> {
        self.clock.set(at);
        Ok(self.control.end_day()?)
    }

    /// Plants differences between bills and truth: all of them, or none.
    ///
    /// # Errors
    /// Nothing fits a wish.
    pub fn plant(&self, asked: &[PlantAsked], at: Moment) -> Result<Vec<Planted>, SandboxError> {
        self.clock.set(at);
        self.control.plant(asked)
    }

    /// Who stands at the reader of Stripe that was issued with the keys, and whether Stripe reaches it.
    ///
    /// # Errors
    /// Never here; a ledger on a disk can fail.
    pub fn set_reader(
        &self,
        is_online: bool,
        customer: Option<Behaviour>,
        at: Moment,
    ) -> Result<(), SandboxError> {
        self.clock.set(at);
        self.control
            .set_reader(None, Some(is_online), Some(customer))?;
        Ok(())
    }

    /// Where Stripe tells its events; such an address is only named here, and never called.
    ///
    /// # Errors
    /// Never here; a ledger on a disk can fail.
    pub fn set_stripe_endpoint(&self, url: Option<&str>, at: Moment) -> Result<(), SandboxError> {
        self.clock.set(at);
        Ok(self.control.set_endpoint(url.map(str::to_owned))?)
    }

    /// Makes a second platform certificate or public key of WeChat Pay; the old one stays valid.
    ///
    /// # Errors
    /// When the key cannot be made.
    pub fn rotate(&self, what: Rotation) -> Result<Rotated, SandboxError> {
        Ok(self.world.keys.rotate(what)?)
    }
}
