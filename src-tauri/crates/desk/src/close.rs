//! A day is closed: its figures, what keeps it open, the signed record, and opening it again with a reason.
//!
//! The record is a pure function of what the log tells and seals: neither the clock nor whoever signs stands in
//! it, so that computing it again on a copy gives the same bytes.

use crate::{
    Desk, DeskError, channel_day,
    ports::{DayClose, DayFacts, EventKind, HourTaken, NewClose, Reopened, WorkItem},
};
use paydesk_domain::{
    AccountId, ChannelDay, ChannelId, Currency, ItemState, LineKind, LineState, Money, MoneyError,
    Totals,
};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The form of the record.
const FORMAT: u8 = 1;

/// Characters of the reason for opening a day again.
const REASON_MAX: usize = 500;

/// What keeps a day from being signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Hindrance {
    /// It is not over at the channels.
    NotOver,
    /// The bill of an account is not here.
    BillMissing(AccountId),
    /// Differences about which nobody decided.
    Open(u64),
    /// It is signed already.
    Signed,
}

/// One account's day.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AccountDay {
    /// Which account.
    pub account: AccountId,
    /// Of which channel.
    pub channel: ChannelId,
    /// The bill's content.
    pub bill_sha256: String,
    /// Pairs that agree.
    pub matched: u64,
    /// Differences.
    pub differences: u64,
    /// The bill's sums.
    pub bill: Totals,
    /// Ours.
    pub books: Totals,
}

/// From our books to the bill, in one currency: each line says how much of the way it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Bridge {
    /// Our sums.
    pub books: Totals,
    /// The bills' sums.
    pub bill: Totals,
    /// Payments less refunds less fees, ours.
    pub books_net: Money,
    /// The same by the bills.
    pub bill_net: Money,
    /// What was decided, by the decision's name; `open` for what was not.
    pub steps: BTreeMap<&'static str, Money>,
    /// What is left: fees that our books do not know.
    pub rest: Money,
}

/// A difference that is carried over by name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Carried {
    /// Whose bill.
    pub account: AccountId,
    /// Code, kind and reference.
    pub item: String,
    /// How much.
    pub difference: Option<Money>,
    /// Who looks after it.
    pub owner: String,
    /// Why it stays open.
    pub remark: String,
}

/// A day in figures.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DayRecord {
    /// The form of the record.
    pub format: u8,
    /// The day.
    pub day: ChannelDay,
    /// Account by account.
    pub accounts: Vec<AccountDay>,
    /// Currency by currency.
    pub bridges: BTreeMap<&'static str, Bridge>,
    /// Decisions by name, how many.
    pub decisions: BTreeMap<&'static str, u64>,
    /// What stays open.
    pub carried: Vec<Carried>,
}

/// A day as the screen shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DayState {
    /// Its figures.
    pub record: DayRecord,
    /// What keeps it open.
    pub hindrances: Vec<Hindrance>,
    /// Differences without a decision.
    pub open: u64,
    /// Takings by hours.
    pub hours: Vec<HourTaken>,
    /// Its versions, the newest first.
    pub closes: Vec<DayClose>,
}

impl DayRecord {
    /// The figures of a day.
    ///
    /// # Errors
    /// A sum left 64 bits.
    pub fn of(day: ChannelDay, facts: &DayFacts) -> Result<DayRecord, MoneyError> {
        let accounts: Vec<AccountDay> = facts
            .bills
            .iter()
            .map(|bill| AccountDay {
                account: bill.account.clone(),
                channel: bill.channel.clone(),
                bill_sha256: bill.content_sha256.clone(),
                matched: bill.summary.matched,
                differences: bill.summary.differences,
                bill: bill.summary.bill,
                books: bill.summary.books,
            })
            .collect();
        let mut bridges = BTreeMap::new();
        for account in &accounts {
            let currency = account.bill.paid.currency();
            let bridge = bridges
                .entry(currency.code())
                .or_insert_with(|| Bridge::empty(currency));
            bridge.books = total(&bridge.books, &account.books)?;
            bridge.bill = total(&bridge.bill, &account.bill)?;
        }
        let mut decisions = BTreeMap::new();
        for item in &facts.items {
            *decisions.entry(step(item)).or_insert(0) += 1;
            let Some(way) = way(item)? else { continue };
            if let Some(bridge) = bridges.get_mut(way.currency().code()) {
                let step = bridge
                    .steps
                    .entry(step(item))
                    .or_insert_with(|| Money::zero(way.currency()));
                *step = step.checked_add(way)?;
            }
        }
        for bridge in bridges.values_mut() {
            bridge.end()?;
        }
        Ok(DayRecord {
            format: FORMAT,
            day,
            accounts,
            bridges,
            decisions,
            carried: facts.items.iter().filter_map(carried).collect(),
        })
    }

    /// The record, byte for byte.
    ///
    /// # Errors
    /// Never with what `of` makes.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

impl Bridge {
    fn empty(currency: Currency) -> Bridge {
        let none = Money::zero(currency);
        Bridge {
            books: Totals::zero(currency),
            bill: Totals::zero(currency),
            books_net: none,
            bill_net: none,
            steps: BTreeMap::new(),
            rest: none,
        }
    }

    fn end(&mut self) -> Result<(), MoneyError> {
        self.books_net = net(&self.books)?;
        self.bill_net = net(&self.bill)?;
        let mut rest = self.bill_net.checked_sub(self.books_net)?;
        for step in self.steps.values() {
            rest = rest.checked_sub(*step)?;
        }
        self.rest = rest;
        Ok(())
    }
}

fn net(totals: &Totals) -> Result<Money, MoneyError> {
    totals
        .paid
        .checked_sub(totals.refunded)?
        .checked_sub(totals.fee)
}

fn total(a: &Totals, b: &Totals) -> Result<Totals, MoneyError> {
    Ok(Totals {
        payments: a.payments + b.payments,
        paid: a.paid.checked_add(b.paid)?,
        refunds: a.refunds + b.refunds,
        refunded: a.refunded.checked_add(b.refunded)?,
        fee: a.fee.checked_add(b.fee)?,
    })
}

/// Under which name a difference stands in the bridge.
fn step(item: &WorkItem) -> &'static str {
    let decided = item.treatment.decided();
    decided.map_or("open", |decision| decision.act.name())
}

/// How much of the way from our net to the bill's this difference is; `None` where two currencies meet.
fn way(item: &WorkItem) -> Result<Option<Money>, MoneyError> {
    let difference = &item.difference;
    let bill = difference
        .found
        .bill
        .as_ref()
        .filter(|_| difference.counts_bill);
    let book = difference
        .found
        .book
        .as_ref()
        .filter(|_| difference.counts_book);
    let bill = bill.map(|line| side(line.kind, line.state, line.amount, Some(line.fee)));
    let book = book.map(|line| side(line.kind, line.state, line.amount, line.fee));
    match (bill.transpose()?, book.transpose()?) {
        (Some(bill), Some(book)) if bill.currency() != book.currency() => Ok(None),
        (Some(bill), Some(book)) => bill.checked_sub(book).map(Some),
        (Some(bill), None) => Ok(Some(bill)),
        (None, Some(book)) => Money::zero(book.currency()).checked_sub(book).map(Some),
        (None, None) => Ok(None),
    }
}

/// What a line adds to the net of its side.
fn side(
    kind: LineKind,
    state: LineState,
    amount: Money,
    fee: Option<Money>,
) -> Result<Money, MoneyError> {
    let none = Money::zero(amount.currency());
    if state != LineState::Done {
        return Ok(none);
    }
    let moved = match kind {
        LineKind::Payment => amount,
        LineKind::Refund => none.checked_sub(amount)?,
    };
    fee.map_or(Ok(moved), |fee| moved.checked_sub(fee))
}

fn carried(item: &WorkItem) -> Option<Carried> {
    if item.treatment.state() != ItemState::Exception {
        return None;
    }
    let decided = item.treatment.decided();
    Some(Carried {
        account: item.name.account.clone(),
        item: item.name.item.clone(),
        difference: item.difference.found.difference,
        owner: item.treatment.owner.clone(),
        remark: decided.map_or_else(String::new, |decision| decision.remark.clone()),
    })
}

impl Desk {
    /// A day as it stands.
    ///
    /// # Errors
    /// The store's; a sum left 64 bits.
    pub async fn day_state(&self, day: ChannelDay) -> Result<DayState, DeskError> {
        let worklist = self.ports.store.worklist();
        let facts = worklist.day_facts(day).await?;
        let closes = worklist.day_closes(day, day).await?;
        let starts = day.bounds_of_china().map(|(starts, _)| starts);
        let hours = match starts {
            Some(starts) => worklist.hours_taken(day, starts).await?,
            None => Vec::new(),
        };
        let state = |item: &&WorkItem| item.treatment.state() == ItemState::Open;
        let open = u64::try_from(facts.items.iter().filter(state).count()).unwrap_or(u64::MAX);
        let mut hindrances = Vec::new();
        if closes.iter().any(|close| close.reopened.is_none()) {
            hindrances.push(Hindrance::Signed);
        }
        if channel_day(self.now()).is_none_or(|today| day >= today) {
            hindrances.push(Hindrance::NotOver);
        }
        for account in self.need_shop()?.accounts {
            let is_here = facts.bills.iter().any(|bill| bill.account == account.id);
            if !is_here
                && crate::has_bills(&account.channel.0)
                && self.has_trade(&account, day).await?
            {
                hindrances.push(Hindrance::BillMissing(account.id));
            }
        }
        if open > 0 {
            hindrances.push(Hindrance::Open(open));
        }
        Ok(DayState {
            record: DayRecord::of(day, &facts)?,
            hindrances,
            open,
            hours,
            closes,
        })
    }

    /// Signs a day: what it stands on does not change any more.
    ///
    /// # Errors
    /// `DayOpen` with what keeps it open; the store's. It is not signed then.
    pub async fn sign_day(&self, day: ChannelDay) -> Result<DayClose, DeskError> {
        let state = self.day_state(day).await?;
        if let Some(first) = state.hindrances.into_iter().next() {
            return Err(DeskError::DayOpen(first));
        }
        let record = state.record.text().unwrap_or_default();
        let sha256 = crate::driver::hex(&Sha256::digest(&record));
        let close = NewClose {
            day,
            record,
            sha256,
            by: self.operator_name(),
            event: self.shop_event(EventKind::DaySigned, self.actor(), json!({}))?,
        };
        let signed = self.ports.store.worklist().sign_day(close).await?;
        self.tell_status();
        Ok(signed)
    }

    /// Opens a signed day again. What was signed stays as it was.
    ///
    /// # Errors
    /// `ReasonRequired`, `TextTooLong`; `Store(Stale)` when the day is not signed.
    pub async fn reopen_day(&self, day: ChannelDay, reason: &str) -> Result<(), DeskError> {
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(DeskError::ReasonRequired);
        }
        if reason.chars().count() > REASON_MAX {
            return Err(DeskError::TextTooLong(REASON_MAX));
        }
        let event = self.shop_event(EventKind::DayReopened, self.actor(), json!({}))?;
        let reopened = Reopened {
            at: event.at,
            by: self.operator_name(),
            reason: reason.to_owned(),
        };
        let worklist = self.ports.store.worklist();
        worklist.reopen_day(day, reopened, event).await?;
        self.tell_status();
        Ok(())
    }
}
