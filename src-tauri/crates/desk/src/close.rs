//! A day is closed: its figures, what keeps it open, the signed record, and opening it again with a reason.
//!
//! The record is a pure function of what the log tells and seals: neither the clock nor whoever signs stands in
//! it, so that computing it again on a copy gives the same bytes. It leads from our books to the bank: what of the day's
//! money came with which movement, and what is on its way, as far as bills and statements are kept by then.

use crate::{
    Desk, DeskError,
    arrivals::DayArrival,
    cash_day::CashDay,
    channel_day,
    close_steps::{carried, step, way},
    payout_book::PayoutBook,
    ports::{
        DayClose, DayFacts, EventKind, HourTaken, KeptBill, KeptFlow, KeptLine, NewClose, Reopened,
        WorkItem,
    },
};
use paydesk_domain::{
    AccountId, ChannelDay, ChannelId, Currency, FlowSort, ItemState, Money, MoneyError, Totals,
};
use paydesk_recon::payouts::{Arrival, Payout};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The form of the record. 1 ended at the bill; 2 leads to the bank; 3 has the shop's drawers, too. A day without cash
/// is still signed as 2, so that what was signed before is computed again to the same bytes.
const FORMAT: u8 = 2;
const FORMAT_WITH_CASH: u8 = 3;

/// Characters of the reason for opening a day again.
const REASON_MAX: usize = 500;

/// What keeps a day from being signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Hindrance {
    /// It is not over at the channels.
    NotOver,
    /// The bill of an account is not here.
    BillMissing(AccountId),
    /// A drawer that was opened on it is not counted at the end.
    DrawerOpen,
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
    /// The fund-flow bill beside it, where it is kept.
    pub flow: Option<FlowDay>,
}

/// What an account's fund-flow bill says of its day.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FlowDay {
    /// Its content.
    pub sha256: String,
    /// Payments, refunds and fees: what the trade bill says, too.
    pub trade: Money,
    /// Held back (negative) or released.
    pub reserve: Money,
    /// What else moved, payouts apart.
    pub other: Money,
}

/// A payout that one of the day's accounts is in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DayPayout {
    /// Whose days.
    pub parts: Vec<DayPart>,
    /// The addition.
    pub terms: Vec<DayTerm>,
    /// What it comes to.
    pub net: Money,
    /// When it should come, `2026-11-23`.
    pub expected_on: String,
    /// `in_transit`, `arrived` or `differs`.
    pub state: &'static str,
    /// The movements of the bank; none while it is on its way.
    pub bank: Vec<DayBankLine>,
    /// The bank's sum less the addition.
    pub difference: Money,
    /// Why it is these movements.
    pub reasons: Vec<&'static str>,
    /// Why a person says so, and who; empty where the reasons were enough.
    pub decided: Option<DayRuling>,
}

/// The days of one account in a payout.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DayPart {
    /// The account.
    pub account: AccountId,
    /// Its days.
    pub days: Vec<ChannelDay>,
}

/// One number of a payout's addition.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DayTerm {
    /// What it is.
    pub name: &'static str,
    /// What it adds.
    pub amount: Money,
}

/// A movement of the bank, named so that it is found in the statement's file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DayBankLine {
    /// The bank account.
    pub account: String,
    /// The statement's content.
    pub statement_sha256: String,
    /// Its place in the statement, from 0.
    pub n: u32,
    /// The day it was booked, `2026-11-23`.
    pub booked: String,
    /// How much.
    pub amount: Money,
}

/// What a person decided about a payout.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DayRuling {
    /// Why.
    pub remark: String,
    /// Who.
    pub by: String,
}

/// From our books over the bill to the bank, in one currency: each line says how much of the way it is.
///
/// `books_net + steps + rest = bill_net`, `bill_net + reserve + explained + difference = arrived + in_transit`
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
    /// What the channel held back (negative) or released.
    pub reserve: Money,
    /// What explains that the bank's sum is another, by name; rounding among it.
    pub explained: BTreeMap<&'static str, Money>,
    /// What nothing explains, of payouts that came.
    pub difference: Money,
    /// What of the day's money is in the bank.
    pub arrived: Money,
    /// What is on its way.
    pub in_transit: Money,
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
    /// The payouts that the day's money is in.
    pub payouts: Vec<DayPayout>,
    /// Cash of the business day with the same date, currency by currency.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cash: Vec<CashDay>,
}

/// A day as the screen shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DayState {
    /// Its figures.
    pub record: DayRecord,
    /// The payouts around it, with the movements of the bank.
    pub book: PayoutBook,
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
    pub fn of(
        day: ChannelDay,
        facts: &DayFacts,
        book: &PayoutBook,
    ) -> Result<DayRecord, MoneyError> {
        let flow = |bill: &KeptBill| {
            let owed = book.owed.get(&(bill.account.clone(), day));
            let flow = owed.and_then(|owed| owed.flow.as_ref());
            flow.map(flow_day).transpose()
        };
        let account = |bill: &KeptBill| {
            Ok(AccountDay {
                account: bill.account.clone(),
                channel: bill.channel.clone(),
                bill_sha256: bill.content_sha256.clone(),
                matched: bill.summary.matched,
                differences: bill.summary.differences,
                bill: bill.summary.bill,
                books: bill.summary.books,
                flow: flow(bill)?,
            })
        };
        let accounts: Result<Vec<AccountDay>, MoneyError> =
            facts.bills.iter().map(account).collect();
        let accounts = accounts?;
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
        let mut payouts = BTreeSet::new();
        for ((account, of_day), arrival) in &book.arrivals()? {
            let is_here = *of_day == day && facts.bills.iter().any(|it| it.account == *account);
            let code = arrival.net.currency().code();
            if let Some(bridge) = bridges.get_mut(code).filter(|_| is_here) {
                bridge.reach_bank(arrival)?;
                payouts.extend(arrival.payout);
            }
        }
        for bridge in bridges.values_mut() {
            bridge.end()?;
        }
        let payouts = payouts.iter();
        let payouts = payouts.filter_map(|at| book.found.payouts.get(*at));
        Ok(DayRecord {
            format: FORMAT,
            day,
            accounts,
            bridges,
            decisions,
            carried: facts.items.iter().filter_map(carried).collect(),
            payouts: payouts.map(|payout| day_payout(book, payout)).collect(),
            cash: Vec::new(),
        })
    }

    /// The same with what the drawers of the day say.
    #[must_use]
    pub(crate) fn with_cash(self, cash: Vec<CashDay>) -> DayRecord {
        let format = if cash.is_empty() {
            self.format
        } else {
            FORMAT_WITH_CASH
        };
        DayRecord {
            format,
            cash,
            ..self
        }
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
            reserve: none,
            explained: BTreeMap::new(),
            difference: none,
            arrived: none,
            in_transit: none,
        }
    }

    /// One account's way from the bill to the bank.
    fn reach_bank(&mut self, arrival: &DayArrival) -> Result<(), MoneyError> {
        self.reserve = self.reserve.checked_add(arrival.reserve)?;
        for (name, amount) in &arrival.explained {
            let none = Money::zero(amount.currency());
            let sum = self.explained.entry(name.name()).or_insert(none);
            *sum = sum.checked_add(*amount)?;
        }
        self.difference = self.difference.checked_add(arrival.difference)?;
        self.arrived = self.arrived.checked_add(arrival.arrived)?;
        self.in_transit = self.in_transit.checked_add(arrival.in_transit)?;
        Ok(())
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

fn flow_day(flow: &KeptFlow) -> Result<FlowDay, MoneyError> {
    let sums = &flow.summary.sums;
    Ok(FlowDay {
        sha256: flow.content_sha256.clone(),
        trade: sums.trade()?,
        reserve: sums.of(FlowSort::Reserve).sum,
        other: sums.of(FlowSort::Other).sum,
    })
}

/// A payout without anything that goes with the clock.
fn day_payout(book: &PayoutBook, payout: &Payout) -> DayPayout {
    let line = |kept: &KeptLine| {
        let statement = book.statement(kept.name);
        DayBankLine {
            account: statement.map_or_else(String::new, |it| it.account.clone()),
            statement_sha256: statement.map_or_else(String::new, |it| it.content_sha256.clone()),
            n: kept.name.n,
            booked: kept.line.booked.to_string(),
            amount: kept.line.amount,
        }
    };
    let decision = book.decision_of(payout);
    DayPayout {
        parts: payout
            .parts
            .iter()
            .map(|part| DayPart {
                account: part.account.clone(),
                days: part.days.clone(),
            })
            .collect(),
        terms: payout
            .terms
            .iter()
            .map(|term| DayTerm {
                name: term.name.name(),
                amount: term.amount,
            })
            .collect(),
        net: payout.net,
        expected_on: payout.expected_on.to_string(),
        state: match payout.arrival {
            Arrival::Expected | Arrival::Overdue { .. } => "in_transit",
            Arrival::Arrived { .. } => "arrived",
            Arrival::Differs { .. } => "differs",
        },
        bank: book.lines_of(payout).into_iter().map(line).collect(),
        difference: payout.difference,
        reasons: payout.reasons.iter().map(|it| it.name()).collect(),
        decided: decision.map(|decision| DayRuling {
            remark: decision.remark.clone(),
            by: decision.by.clone(),
        }),
    }
}

/// Payments less refunds less fees.
pub(crate) fn net(totals: &Totals) -> Result<Money, MoneyError> {
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

impl Desk {
    /// A day as it stands.
    ///
    /// # Errors
    /// The store's; a sum left 64 bits.
    pub async fn day_state(&self, day: ChannelDay) -> Result<DayState, DeskError> {
        let worklist = self.ports.store.worklist();
        let facts = worklist.day_facts(day).await?;
        let closes = worklist.day_closes(day, day).await?;
        let book = self.payouts_around(day, day).await?;
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
        let is_over = self.day_of(self.now())?.0 > day.0;
        if !is_over || channel_day(self.now()).is_none_or(|today| day >= today) {
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
        let cash = self.cash_day(day).await?;
        if cash.iter().any(CashDay::is_open) {
            hindrances.push(Hindrance::DrawerOpen);
        }
        Ok(DayState {
            record: DayRecord::of(day, &facts, &book)?.with_cash(cash),
            book,
            hindrances,
            open,
            hours,
            closes,
        })
    }

    /// The figures of one account's day, its differences with what was decided, and the payouts around it.
    ///
    /// # Errors
    /// The store's; a sum left 64 bits.
    pub async fn account_day(
        &self,
        day: ChannelDay,
        account: &AccountId,
    ) -> Result<(DayRecord, Vec<WorkItem>, PayoutBook), DeskError> {
        let mut facts = self.ports.store.worklist().day_facts(day).await?;
        facts.bills.retain(|bill| bill.account == *account);
        facts.items.retain(|item| item.name.account == *account);
        let book = self.payouts_around(day, day).await?;
        let record = DayRecord::of(day, &facts, &book)?;
        Ok((record, facts.items, book))
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
