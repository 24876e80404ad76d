//! The truth about real money: every trade, charge, reversal and refund of the sandbox.
//!
//! Every change is a list of events that is on the disk before it counts, so a killed process
//! forgets nothing that it answered. Replaying the journal takes the same path as living. The
//! ledger knows no wire format and decides no error code; it must never change without an event.

mod balances;
mod coins;
mod currency;
mod events;
mod journal;
mod merchant;
mod money;
mod notices;
mod rhythm;
mod stripe;
mod trade;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

pub use balances::Balances;
pub(crate) use coins::{CoinFact, Coins, Delivery, Hook, Told, What, id_of, unit};
pub use coins::{
    CoinMethod, CoinPayment, CoinPayout, CoinState, Invoice, InvoiceExtra, InvoiceMethod,
    InvoiceStatus, InvoiceTerms, PayoutState, PullPayment, Rate, SpeedPolicy,
};
pub use currency::Currency;
pub(crate) use events::Event;
pub use journal::JournalError;
use merchant::Account;
pub(crate) use merchant::{Reserve, Withdrawal};
pub use money::Fen;
pub(crate) use notices::Notice;
pub use rhythm::Rhythm;
pub use stripe::{
    ActionEnd, Awaits, Decline, ReaderAction, StripeAttempt, StripeLocation, StripeMethod,
    StripeReader, StripeRefund, StripeSession, StripeTerms,
};
pub(crate) use stripe::{
    BalanceLine, FactSubject, KeptAnswer, LineSource, StripeBooks, StripeEvent, StripeFact,
    StripePayout, StripeReport,
};
pub use trade::{
    Channel, Charge, EndedBy, Kind, Origin, Plan, Refund, RefundCause, RefundState, State, Trade,
    TradeKey, UnionpayTerms,
};

use crate::customers::{self, Behaviour};
use journal::Journal;
use notices::Notices;

use crate::bills::{Plant, Sown, SownMoney};

/// What a new trade is made of; the ledger adds numbers and times.
#[derive(Clone, Debug)]
pub(crate) struct NewTrade {
    pub(crate) key: TradeKey,
    pub(crate) kind: Kind,
    pub(crate) currency: Currency,
    pub(crate) total: Fen,
    pub(crate) subject: String,
    pub(crate) attach: Option<String>,
    pub(crate) origin: Origin,
    pub(crate) code: String,
    pub(crate) expires_ms: i64,
    pub(crate) unionpay: Option<UnionpayTerms>,
    pub(crate) stripe: Option<Box<StripeTerms>>,
}

/// What a till's scan of a payment code leads to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CodeStart {
    /// The code was shown before, or is too old.
    CodeRefused(CodeRefusal),
    /// The wallet does not hold the amount.
    NoBalance,
    /// Money was taken.
    Paid,
    /// The payer has to act.
    Waiting,
}

/// Why a code is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CodeRefusal {
    Expired,
    Used,
}

/// All trades, their money and the journal under them.
#[derive(Debug)]
pub(crate) struct Ledger {
    journal: Journal,
    /// Events that count already and are written together, when the call that made them is through.
    together: Option<Vec<Event>>,
    rhythm: Rhythm,
    trades: HashMap<TradeKey, Trade>,
    /// Creation order, for lists and for numbers.
    order: Vec<TradeKey>,
    by_trade_no: HashMap<(Channel, String), TradeKey>,
    by_code: HashMap<(Channel, String), TradeKey>,
    /// Refund numbers are unique in the merchant at WeChat Pay and UnionPay, at Alipay only in the trade.
    by_refund_no: HashMap<(Channel, String), TradeKey>,
    by_refund_id: HashMap<(Channel, String), String>,
    /// Everything that will happen by itself.
    agenda: BTreeSet<(i64, TradeKey)>,
    /// Every payer has a wallet of each currency.
    wallets: BTreeMap<(Channel, Currency, Behaviour), Fen>,
    accounts: BTreeMap<(Channel, Currency), Account>,
    withdrawals: Vec<Withdrawal>,
    reserves: Vec<Reserve>,
    refunds: u64,
    /// The contract's rate of each channel, in millionths.
    rates: BTreeMap<Channel, u32>,
    plants: Vec<Plant>,
    notices: Notices,
    coins: Coins,
    stripe: StripeBooks,
    /// How far ended days have moved the sandbox's clock ahead of the machine's.
    offset_ms: i64,
}

impl Ledger {
    /// Opens the journal and lives through it again.
    pub(crate) fn open(path: &Path, rhythm: Rhythm) -> Result<Self, JournalError> {
        let (journal, transactions) = Journal::open::<Event>(path)?;
        let mut ledger = Self::empty(journal, rhythm);
        for event in transactions.into_iter().flatten() {
            ledger.apply(event);
        }
        Ok(ledger)
    }

    /// A ledger that begins and ends in memory.
    pub(crate) fn in_memory(rhythm: Rhythm) -> Self {
        Self::empty(Journal::Memory, rhythm)
    }

    fn empty(journal: Journal, rhythm: Rhythm) -> Self {
        Self {
            journal,
            together: None,
            rhythm,
            trades: HashMap::new(),
            order: Vec::new(),
            by_trade_no: HashMap::new(),
            by_code: HashMap::new(),
            by_refund_no: HashMap::new(),
            by_refund_id: HashMap::new(),
            notices: Notices::default(),
            coins: Coins::default(),
            stripe: StripeBooks::default(),
            agenda: BTreeSet::new(),
            wallets: BTreeMap::new(),
            accounts: BTreeMap::new(),
            withdrawals: Vec::new(),
            reserves: Vec::new(),
            refunds: 0,
            rates: BTreeMap::new(),
            plants: Vec::new(),
            offset_ms: 0,
        }
    }

    /// Makes everything happen that was due by now, in the order of its time.
    pub(crate) fn settle(&mut self, now_ms: i64) -> Result<(), JournalError> {
        self.journal.check()?;
        while let Some((at_ms, key)) = self.agenda.first().cloned() {
            if at_ms > now_ms {
                break;
            }
            self.live_through(at_ms, key, now_ms)?;
        }
        self.settle_coins(i64::MIN, now_ms)?;
        self.pay_out(now_ms)
    }

    /// One place of the agenda.
    fn live_through(&mut self, at_ms: i64, key: TradeKey, now_ms: i64) -> Result<(), JournalError> {
        let trade = self.trades.get(&key);
        let events = trade.map(|trade| self.due_events(trade, now_ms));
        match events {
            Some(events) if !events.is_empty() => self.commit(events)?,
            _ => {}
        }
        self.agenda.remove(&(at_ms, key));
        Ok(())
    }

    pub(crate) fn find(&self, key: &TradeKey) -> Option<&Trade> {
        self.trades.get(key)
    }

    pub(crate) fn find_by_trade_no(&self, channel: Channel, trade_no: &str) -> Option<&Trade> {
        self.by_trade_no
            .get(&(channel, trade_no.to_owned()))
            .and_then(|key| self.trades.get(key))
    }

    pub(crate) fn find_by_code(&self, channel: Channel, code: &str) -> Option<&Trade> {
        self.by_code
            .get(&(channel, code.to_owned()))
            .and_then(|key| self.trades.get(key))
    }

    /// A refund or undo by the merchant's number of it, where that is unique in the merchant.
    pub(crate) fn find_refund(
        &self,
        channel: Channel,
        refund_no: &str,
    ) -> Option<(&Trade, &Refund)> {
        let key = self.by_refund_no.get(&(channel, refund_no.to_owned()))?;
        let trade = self.trades.get(key)?;
        let mut refunds = trade.refunds.iter();
        let refund = refunds.find(|refund| refund.refund_no == refund_no)?;
        Some((trade, refund))
    }

    /// A refund or undo by the channel's number of it, where it has one of the merchant as well.
    pub(crate) fn find_refund_by_id(
        &self,
        channel: Channel,
        id: &str,
    ) -> Option<(&Trade, &Refund)> {
        let refund_no = self.by_refund_id.get(&(channel, id.to_owned()))?;
        self.find_refund(channel, refund_no)
    }

    /// Every trade, oldest first.
    pub(crate) fn trades(&self) -> impl DoubleEndedIterator<Item = &Trade> {
        self.order.iter().filter_map(|key| self.trades.get(key))
    }

    pub(crate) fn trade_count(&self) -> usize {
        self.order.len()
    }

    /// A payment code was scanned: the payer decides by the table of customers.
    pub(crate) fn charge_code(
        &mut self,
        new: NewTrade,
        now_ms: i64,
    ) -> Result<CodeStart, JournalError> {
        let behaviour = customers::behaviour_of(&new.code);
        let owner = self.by_code.get(&(new.key.channel, new.code.clone()));
        if owner.is_some_and(|owner| *owner != new.key) {
            return Ok(CodeStart::CodeRefused(CodeRefusal::Used));
        }
        if behaviour == Behaviour::ExpiredCode {
            return Ok(CodeStart::CodeRefused(CodeRefusal::Expired));
        }
        if self.wallet(new.key.channel, new.currency, behaviour) < new.total {
            return Ok(CodeStart::NoBalance);
        }
        let key = new.key.clone();
        let total = new.total;
        let plan = self.plan_of(behaviour, now_ms);
        let mut events = Vec::new();
        if self.trades.contains_key(&key) {
            let code = new.code;
            events.push(Event::Retried {
                key: key.clone(),
                code,
                behaviour,
                plan,
            });
        } else {
            events.push(Event::Opened(Box::new(
                self.new_trade(new, behaviour, plan, now_ms),
            )));
        }
        let pays_now = matches!(
            behaviour,
            Behaviour::Pays | Behaviour::NoAnswerPaid | Behaviour::AnswersTwice
        );
        if pays_now {
            events.push(Event::Charged {
                key,
                at_ms: now_ms,
                amount: total,
            });
        }
        self.commit(events)?;
        Ok(if pays_now {
            CodeStart::Paid
        } else {
            CodeStart::Waiting
        })
    }

    /// A QR was made; nobody has scanned it.
    pub(crate) fn open_qr(&mut self, new: NewTrade, now_ms: i64) -> Result<(), JournalError> {
        let trade = self.new_trade(new, Behaviour::Pays, None, now_ms);
        self.commit(vec![Event::Opened(Box::new(trade))])
    }

    pub(crate) fn scan(&mut self, key: &TradeKey, now_ms: i64) -> Result<(), JournalError> {
        self.commit(vec![Event::Scanned {
            key: key.clone(),
            at_ms: now_ms,
        }])
    }

    pub(crate) fn decline(&mut self, key: &TradeKey, now_ms: i64) -> Result<(), JournalError> {
        self.commit(vec![Event::Declined {
            key: key.clone(),
            at_ms: now_ms,
        }])
    }

    /// Takes the money of a trade that has none yet.
    pub(crate) fn charge(&mut self, key: &TradeKey, now_ms: i64) -> Result<bool, JournalError> {
        let Some(trade) = self
            .trades
            .get(key)
            .filter(|trade| trade.charges.is_empty())
        else {
            return Ok(false);
        };
        if self.wallet(key.channel, trade.currency, trade.behaviour) < trade.total {
            return Ok(false);
        }
        let amount = trade.total;
        self.commit(vec![Event::Charged {
            key: key.clone(),
            at_ms: now_ms,
            amount,
        }])?;
        Ok(true)
    }

    /// The payer is going to pay, or to be declined: the customer at a reader.
    pub(crate) fn expect(
        &mut self,
        key: &TradeKey,
        behaviour: Behaviour,
        plan: Option<Plan>,
    ) -> Result<(), JournalError> {
        self.commit(vec![Event::Expected {
            key: key.clone(),
            behaviour,
            plan,
        }])
    }

    /// Takes a part of what is asked, or all of it, of a trade that has none yet: the rest is let go.
    pub(crate) fn capture(
        &mut self,
        key: &TradeKey,
        amount: Fen,
        now_ms: i64,
    ) -> Result<(), JournalError> {
        self.commit(vec![Event::Charged {
            key: key.clone(),
            at_ms: now_ms,
            amount,
        }])
    }

    /// Ends an unpaid trade.
    pub(crate) fn end(
        &mut self,
        key: &TradeKey,
        by: EndedBy,
        now_ms: i64,
    ) -> Result<(), JournalError> {
        self.commit(vec![Event::Ended {
            key: key.clone(),
            at_ms: now_ms,
            by,
        }])
    }

    /// Gives money back; the caller has checked that there is enough.
    pub(crate) fn refund(&mut self, refund: NewRefund, now_ms: i64) -> Result<(), JournalError> {
        let due_ms = match (refund.key.channel, refund.cause) {
            (Channel::Unionpay | Channel::Wechatpay, RefundCause::Refund) => {
                now_ms.saturating_add(self.rhythm.refund_ms)
            }
            (Channel::Stripe, RefundCause::Refund) if !refund.is_prompt => {
                now_ms.saturating_add(self.rhythm.refund_ms)
            }
            _ => now_ms,
        };
        let refund_no = refund.refund_no.clone();
        let key = refund.key.clone();
        let accepted = Refund {
            refund_no: refund.refund_no,
            refund_id: match refund.key.channel {
                Channel::Stripe => refund_no.clone(),
                channel => self.refund_id(channel, now_ms),
            },
            amount: refund.amount,
            reason: refund.reason,
            cause: refund.cause,
            accepted_ms: now_ms,
            due_ms,
            ends_as: refund.ends_as,
            settled_ms: None,
            state: RefundState::Processing,
            unionpay: refund.unionpay,
            stripe: refund.stripe,
        };
        let mut events = vec![Event::RefundAccepted {
            key: key.clone(),
            refund: Box::new(accepted),
        }];
        if due_ms <= now_ms {
            let state = refund.ends_as;
            events.push(Event::RefundSettled {
                key,
                refund_no,
                at_ms: now_ms,
                state,
            });
        }
        self.commit(events)
    }

    pub(crate) fn plants(&self) -> &[Plant] {
        &self.plants
    }

    pub(crate) fn offset_ms(&self) -> i64 {
        self.offset_ms
    }

    /// Moves the sandbox's clock ahead; `at_ms` is the moment that ended the day.
    pub(crate) fn end_day(&mut self, at_ms: i64, offset_ms: i64) -> Result<(), JournalError> {
        self.commit(vec![Event::DayEnded { at_ms, offset_ms }])
    }

    /// Writes planted differences down, with the money that some of them really move.
    pub(crate) fn plant(&mut self, sown: Vec<Sown>) -> Result<(), JournalError> {
        let mut events = Vec::new();
        for sown in sown {
            match sown.money {
                SownMoney::None => {}
                SownMoney::Late { at_ms, amount } => events.push(Event::Charged {
                    key: sown.plant.key.clone(),
                    at_ms,
                    amount,
                }),
                SownMoney::New(new, at_ms) => {
                    let amount = new.total;
                    let trade = self.new_trade(*new, Behaviour::Pays, None, at_ms);
                    events.push(Event::Opened(Box::new(trade)));
                    events.push(Event::Charged {
                        key: sown.plant.key.clone(),
                        at_ms,
                        amount,
                    });
                }
            }
            events.push(Event::Planted(sown.plant));
        }
        self.commit(events)
    }

    fn wallet(&self, channel: Channel, currency: Currency, behaviour: Behaviour) -> Fen {
        self.wallets
            .get(&(channel, currency, behaviour))
            .copied()
            .unwrap_or_else(|| customers::opening_balance(behaviour))
    }

    fn plan_of(&self, behaviour: Behaviour, now_ms: i64) -> Option<Plan> {
        let (delay_ms, pays) = match behaviour {
            Behaviour::PaysAfterPassword => (self.rhythm.password_ms, true),
            Behaviour::RefusesPassword => (self.rhythm.password_ms, false),
            Behaviour::PaysLate => (self.rhythm.late_ms, true),
            _ => return None,
        };
        Some(Plan {
            at_ms: now_ms.saturating_add(delay_ms),
            pays,
        })
    }

    fn new_trade(
        &self,
        new: NewTrade,
        behaviour: Behaviour,
        plan: Option<Plan>,
        now_ms: i64,
    ) -> Trade {
        let new_channel = new.key.channel;
        let intent = new.stripe.as_ref().map(|terms| terms.intent.clone());
        Trade {
            trade_no: intent.unwrap_or_else(|| self.trade_no(new_channel, now_ms)),
            key: new.key,
            kind: new.kind,
            currency: new.currency,
            total: new.total,
            subject: new.subject,
            attach: new.attach,
            origin: new.origin,
            fee_rate: self.fee_rate(new_channel),
            code: new.code,
            behaviour,
            created_ms: now_ms,
            expires_ms: new.expires_ms,
            scanned: false,
            declined: false,
            state: State::Waiting,
            plan,
            ended_ms: None,
            charges: Vec::new(),
            refunds: Vec::new(),
            unionpay: new.unionpay,
            stripe: new.stripe,
        }
    }

    /// 28 digits, at UnionPay 21; unique because trades are never removed.
    fn trade_no(&self, channel: Channel, now_ms: i64) -> String {
        let count = self.order.len().saturating_add(1);
        let day = crate::clock::china_day(now_ms);
        match channel {
            Channel::Alipay => format!("{day}22001400{count:012}"),
            // Invoices are no trades.
            Channel::Btcpay => String::new(),
            Channel::Stripe => format!("pi_3Sandbox{count:016}"),
            Channel::Unionpay => query_id(51, count, now_ms),
            Channel::Wechatpay => format!("4200000000{day}{count:010}"),
        }
    }

    fn refund_id(&self, channel: Channel, now_ms: i64) -> String {
        let count = usize::try_from(self.refunds)
            .unwrap_or(usize::MAX)
            .saturating_add(1);
        let day = crate::clock::china_day(now_ms);
        match channel {
            Channel::Alipay => format!("{day}33001400{count:012}"),
            Channel::Btcpay => String::new(),
            Channel::Stripe => format!("re_3Sandbox{count:016}"),
            Channel::Unionpay => query_id(52, count, now_ms),
            Channel::Wechatpay => format!("50300000000{day}{count:010}"),
        }
    }

    /// Puts events on the disk, then lets them count.
    fn commit(&mut self, events: Vec<Event>) -> Result<(), JournalError> {
        match &mut self.together {
            None => self.journal.append(&events)?,
            Some(together) => together.extend(events.iter().cloned()),
        }
        for event in events {
            self.apply(event);
        }
        Ok(())
    }

    /// Everything that the work does is one transaction of the journal: an effect and the answer that is kept of it
    /// are on the disk both or not at all. Where the disk refuses, the ledger is ahead of it and unusable from then
    /// on, so nobody is told.
    pub(crate) fn together<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        self.together = Some(Vec::new());
        let done = work(self);
        let events = self.together.take().unwrap_or_default();
        if !events.is_empty()
            && let Err(error) = self.journal.append(&events)
        {
            self.journal.poison();
            return Err(error);
        }
        done
    }

    pub(crate) fn stripe(&self) -> &StripeBooks {
        &self.stripe
    }
}

/// UnionPay's number of 21 digits: two of its own, twelve of the time, the trace of six, and one.
fn query_id(own: u8, count: usize, now_ms: i64) -> String {
    let time = crate::clock::compact_time(now_ms);
    let time = time.get(2..).unwrap_or_default();
    format!("{own}{time}{:06}8", count % 1_000_000)
}

/// Money to give back.
#[derive(Clone, Debug)]
pub(crate) struct NewRefund {
    pub(crate) key: TradeKey,
    pub(crate) refund_no: String,
    pub(crate) amount: Fen,
    pub(crate) reason: Option<String>,
    pub(crate) cause: RefundCause,
    pub(crate) ends_as: RefundState,
    pub(crate) unionpay: Option<UnionpayTerms>,
    pub(crate) stripe: Option<Box<StripeRefund>>,
    /// Whether the money is with the payer at once (Stripe).
    pub(crate) is_prompt: bool,
}
