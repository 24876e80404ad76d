//! The truth about real money: every trade, charge, reversal and refund of the sandbox.
//!
//! Every change is a list of events that is on the disk before it counts, so a killed process
//! forgets nothing that it answered. Replaying the journal takes the same path as living. The
//! ledger knows no wire format and decides no error code; it must never change without an event.

mod balances;
mod currency;
mod events;
mod journal;
mod money;
mod notices;
mod rhythm;
mod trade;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

pub use balances::Balances;
pub use currency::Currency;
pub(crate) use events::Event;
pub use journal::JournalError;
pub use money::Fen;
pub(crate) use notices::Notice;
pub use rhythm::Rhythm;
pub(crate) use trade::USUAL_RATE;
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
    /// How far ended days have moved the sandbox's clock ahead of the machine's.
    offset_ms: i64,
}

/// The merchant's money of one currency at one channel. No sum of the ledger mixes currencies.
#[derive(Clone, Copy, Debug, Default)]
struct Account {
    /// What the merchant has there.
    balance: Fen,
    /// What was taken out.
    withdrawn: Fen,
    /// What the channel holds back by now.
    reserved: Fen,
}

/// Money that the merchant took out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Withdrawal {
    pub(crate) channel: Channel,
    pub(crate) currency: Currency,
    pub(crate) amount: Fen,
    pub(crate) at_ms: i64,
}

/// Money that the channel holds back, or releases as a negative sum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reserve {
    pub(crate) channel: Channel,
    pub(crate) currency: Currency,
    pub(crate) held: Fen,
    pub(crate) at_ms: i64,
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
            rhythm,
            trades: HashMap::new(),
            order: Vec::new(),
            by_trade_no: HashMap::new(),
            by_code: HashMap::new(),
            by_refund_no: HashMap::new(),
            by_refund_id: HashMap::new(),
            notices: Notices::default(),
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
        while let Some((at_ms, key)) = self.agenda.first().cloned() {
            if at_ms > now_ms {
                break;
            }
            self.live_through(at_ms, key, now_ms)?;
        }
        Ok(())
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
            _ => now_ms,
        };
        let refund_no = refund.refund_no.clone();
        let key = refund.key.clone();
        let accepted = Refund {
            refund_no: refund.refund_no,
            refund_id: self.refund_id(refund.key.channel, now_ms),
            amount: refund.amount,
            reason: refund.reason,
            cause: refund.cause,
            accepted_ms: now_ms,
            due_ms,
            ends_as: refund.ends_as,
            settled_ms: None,
            state: RefundState::Processing,
            unionpay: refund.unionpay,
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

    /// The merchant takes money out of the channel, so that a refund can find too little.
    pub(crate) fn withdraw(
        &mut self,
        channel: Channel,
        currency: Currency,
        amount: Fen,
        now_ms: i64,
    ) -> Result<bool, JournalError> {
        if amount <= Fen::ZERO || self.merchant_balance(channel, currency) < amount {
            return Ok(false);
        }
        self.commit(vec![Event::Withdrawn {
            channel,
            currency,
            amount,
            at_ms: now_ms,
        }])?;
        Ok(true)
    }

    /// The channel holds money of the merchant back, or releases some as a negative sum. Nothing happens where the
    /// balance, or what is held, is less.
    pub(crate) fn reserve(
        &mut self,
        channel: Channel,
        currency: Currency,
        held: Fen,
        at_ms: i64,
    ) -> Result<bool, JournalError> {
        let account = self.account(channel, currency);
        let left = account.reserved.plus(held);
        let is_held = left.is_some_and(|left| left >= Fen::ZERO);
        if held == Fen::ZERO || !is_held || account.balance < held {
            return Ok(false);
        }
        self.commit(vec![Event::Reserved {
            channel,
            currency,
            held,
            at_ms,
        }])?;
        Ok(true)
    }

    pub(crate) fn reserves(&self) -> &[Reserve] {
        &self.reserves
    }

    pub(crate) fn merchant_balance(&self, channel: Channel, currency: Currency) -> Fen {
        self.account(channel, currency).balance
    }

    fn account(&self, channel: Channel, currency: Currency) -> Account {
        let account = self.accounts.get(&(channel, currency));
        account.copied().unwrap_or_default()
    }

    /// The rate of trades created from now on, in millionths.
    pub(crate) fn fee_rate(&self, channel: Channel) -> u32 {
        self.rates.get(&channel).copied().unwrap_or(USUAL_RATE)
    }

    pub(crate) fn set_fee_rate(
        &mut self,
        channel: Channel,
        millionths: u32,
        now_ms: i64,
    ) -> Result<(), JournalError> {
        self.commit(vec![Event::RateSet {
            channel,
            millionths,
            at_ms: now_ms,
        }])
    }

    pub(crate) fn plants(&self) -> &[Plant] {
        &self.plants
    }

    pub(crate) fn withdrawals(&self) -> &[Withdrawal] {
        &self.withdrawals
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
        Trade {
            trade_no: self.trade_no(new_channel, now_ms),
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
        }
    }

    /// 28 digits, at UnionPay 21; unique because trades are never removed.
    fn trade_no(&self, channel: Channel, now_ms: i64) -> String {
        let count = self.order.len().saturating_add(1);
        let day = crate::clock::china_day(now_ms);
        match channel {
            Channel::Alipay => format!("{day}22001400{count:012}"),
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
            Channel::Unionpay => query_id(52, count, now_ms),
            Channel::Wechatpay => format!("50300000000{day}{count:010}"),
        }
    }

    /// Puts events on the disk, then lets them count.
    fn commit(&mut self, events: Vec<Event>) -> Result<(), JournalError> {
        self.journal.append(&events)?;
        for event in events {
            self.apply(event);
        }
        Ok(())
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
}
