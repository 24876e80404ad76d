//! What channels owe for their days against what came to the bank: kept bills on one side, the movements of kept
//! statements on the other. It asks nothing of a channel. What a person decides is an event of the log, and the log is
//! all that keeps it.

use crate::{
    Desk, DeskError, bills,
    ports::{EventKind, KeptLine, LineName, StoreError},
    shop::Account,
    statements,
};
use paydesk_domain::{AccountId, ChannelDay, Currency, Money, Timestamp};
use paydesk_recon::payouts::{
    Arrival, BankCalendar, BankEntry, OwedDay, PayingAccount, Payout, PayoutPart, PayoutTerm,
    PayoutTermName, Payouts, match_payouts,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A payout may come so many days after its last day, holidays included.
const LATEST_DAYS: i64 = 20;

/// A remark, not a story.
const REMARK_CHARACTERS_MAX: usize = 200;

/// Both channels pay on the next working day.
const ARRIVES_AFTER: u8 = 1;

/// Payouts with the movements they are matched with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PayoutBook {
    /// What came out; a movement is named by its place in `lines`.
    pub found: Payouts,
    /// The movements of the bank.
    pub lines: Vec<KeptLine>,
    /// Days whose bill is kept.
    pub days: usize,
    /// Kept statements.
    pub statements: usize,
    /// What people decided, by the movement it is about.
    pub decisions: BTreeMap<LineName, PayoutDecision>,
}

/// What a person says of a movement and days.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoutRuling {
    /// The movement is the payout of these days.
    Accepted,
    /// It is not, and of no other days either.
    Rejected,
    /// What was decided about it holds no more.
    Undone,
}

/// A decision about a movement of the bank.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PayoutDecision {
    /// Which.
    pub ruling: PayoutRuling,
    /// The statement of the movement.
    pub statement: i64,
    /// Its place there.
    pub n: u32,
    /// Whose days.
    pub parts: Vec<DecidedPart>,
    /// Why.
    pub remark: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl PayoutDecision {
    /// The movement it is about.
    #[must_use]
    pub fn line(&self) -> LineName {
        LineName {
            statement: self.statement,
            n: self.n,
        }
    }
}

/// The days of one account in a decision.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DecidedPart {
    /// The account.
    pub account: AccountId,
    /// Its days.
    pub days: Vec<ChannelDay>,
}

impl PayoutBook {
    /// A movement by its number.
    #[must_use]
    pub fn line(&self, number: u64) -> Option<&KeptLine> {
        self.lines.get(usize::try_from(number).ok()?)
    }
}

impl Desk {
    /// Matches every kept day of the last months with the bank's movements.
    ///
    /// # Errors
    /// `NotSetUp`, and the store's.
    pub async fn payouts(&self) -> Result<PayoutBook, DeskError> {
        let shop = self.need_shop()?;
        let today = bills::channel_day(self.now()).ok_or(DeskError::NotSetUp)?;
        let day_of_today = today.date().ok_or(DeskError::NotSetUp)?;
        let span = i64::from(bills::BILL_DAYS_MAX);
        let first = day_of_today.checked_sub(jiff::Span::new().days(span));
        let first = first.map_err(|_| DeskError::NotSetUp)?;
        let mut accounts = Vec::new();
        for account in &shop.accounts {
            if let Some(paying) = self.paying(account, first, day_of_today).await? {
                accounts.push(paying);
            }
        }
        let days = accounts.iter().map(|account| account.days.len()).sum();
        let kept = self.ports.store.statements().await?;
        let of_bank: BTreeMap<(String, &str), Currency> = kept
            .iter()
            .map(|it| {
                let currency = it.head.currency;
                ((it.account.clone(), currency.code()), currency)
            })
            .collect();
        let last = day_of_today.checked_add(jiff::Span::new().days(LATEST_DAYS));
        let last = last.map_err(|_| DeskError::NotSetUp)?;
        let mut lines = Vec::new();
        for ((account, _), currency) in of_bank {
            let store = self.ports.store.as_ref();
            lines.extend(statements::movements(store, &account, currency, first, last).await?);
        }
        let decisions = self.decisions().await?;
        let accepted = accepted(&mut accounts, &lines, &decisions)?;
        let entries: Vec<BankEntry<'_>> = (0..)
            .zip(&lines)
            .filter(|(_, kept)| !decisions.contains_key(&kept.name))
            .map(|(id, kept)| BankEntry {
                id,
                line: &kept.line,
            })
            .collect();
        let calendar = BankCalendar::default();
        let found = match_payouts(&accounts, &entries, day_of_today, &calendar);
        let mut found =
            found.map_err(|error| DeskError::Store(StoreError::Corrupt(error.to_string())))?;
        found.payouts.extend(accepted);
        found.payouts.sort_by_key(|payout| payout.expected_on);
        Ok(PayoutBook {
            found,
            lines,
            days,
            statements: kept.len(),
            decisions,
        })
    }

    async fn decisions(&self) -> Result<BTreeMap<LineName, PayoutDecision>, DeskError> {
        let mut decisions = BTreeMap::new();
        for body in self.ports.store.payout_decisions().await? {
            let decision: PayoutDecision = serde_json::from_value(body).map_err(|error| {
                DeskError::Store(StoreError::Corrupt(format!("a decision: {error}")))
            })?;
            match decision.ruling {
                PayoutRuling::Undone => drop(decisions.remove(&decision.line())),
                PayoutRuling::Accepted | PayoutRuling::Rejected => {
                    decisions.insert(decision.line(), decision);
                }
            }
        }
        Ok(decisions)
    }

    /// Puts on record that a movement is the payout of these days, is not, or that an earlier decision holds no more.
    ///
    /// # Errors
    /// `ReasonRequired` without a remark, `PayoutGone` where the movement or a day is not there to be decided about,
    /// and the store's.
    pub async fn decide_payout(
        &self,
        ruling: PayoutRuling,
        line: LineName,
        parts: Vec<DecidedPart>,
        remark: &str,
    ) -> Result<(), DeskError> {
        let remark = remark.trim();
        if remark.is_empty() && ruling != PayoutRuling::Undone {
            return Err(DeskError::ReasonRequired);
        }
        if remark.chars().count() > REMARK_CHARACTERS_MAX {
            return Err(DeskError::TextTooLong(REMARK_CHARACTERS_MAX));
        }
        let book = self.payouts().await?;
        let is_decided = book.decisions.contains_key(&line);
        let is_there = book.lines.iter().any(|kept| kept.name == line);
        let fits = match ruling {
            PayoutRuling::Undone => is_decided,
            PayoutRuling::Rejected => is_there && !is_decided,
            PayoutRuling::Accepted => is_there && !is_decided && are_open(&book, line, &parts),
        };
        if !fits {
            return Err(DeskError::PayoutGone);
        }
        let decision = PayoutDecision {
            ruling,
            statement: line.statement,
            n: line.n,
            parts,
            remark: remark.to_owned(),
            by: self.operator_name(),
            at: self.now(),
        };
        let body = serde_json::to_value(&decision).map_err(|error| {
            DeskError::Store(StoreError::Corrupt(format!("a decision: {error}")))
        })?;
        let event = self.shop_event(EventKind::PayoutDecided, self.actor(), body)?;
        self.ports.store.append(vec![event]).await?;
        self.tell_status();
        Ok(())
    }

    /// An account with the sums of its kept days; `None` where its channel has no bills.
    async fn paying(
        &self,
        account: &Account,
        from: jiff::civil::Date,
        to: jiff::civil::Date,
    ) -> Result<Option<PayingAccount>, DeskError> {
        let channel = paydesk_channels::by_id(&account.channel.0);
        let Some((channel, bills)) = channel.and_then(|it| Some((it, it.bills()?))) else {
            return Ok(None);
        };
        let from = paydesk_domain::ChannelDay::from_date(from);
        let to = paydesk_domain::ChannelDay::from_date(to);
        let kept = self.ports.store.bills(&account.id, from, to).await?;
        let days = kept.into_iter().map(|bill| OwedDay {
            day: bill.day,
            reserve: Money::zero(bill.summary.bill.paid.currency()),
            totals: bill.summary.bill,
            near_end: Vec::new(),
            contract: account.contract_on(bill.day),
        });
        let fields = channel.profile().fields.iter();
        let numbers = fields.filter(|field| !field.makes_keys());
        let numbers = numbers.filter_map(|field| account.fields.get(field.name).cloned());
        Ok(Some(PayingAccount {
            account: account.id.clone(),
            names: bills
                .payers()
                .iter()
                .map(|name| (*name).to_owned())
                .collect(),
            merchants: numbers.filter(|number| !number.is_empty()).collect(),
            arrives_after: ARRIVES_AFTER,
            days: days.collect(),
            sent: Vec::new(),
        }))
    }
}

/// Whether every day is kept, there are some, and none came with another movement.
fn are_open(book: &PayoutBook, line: LineName, parts: &[DecidedPart]) -> bool {
    let is_open = |account: &AccountId, day: &ChannelDay| {
        book.found.payouts.iter().any(|payout| {
            let is_free = payout
                .bank
                .is_none_or(|number| book.line(number).is_some_and(|kept| kept.name == line));
            let mut parts = payout.parts.iter().filter(|part| part.account == *account);
            is_free && parts.any(|part| part.days.contains(day))
        })
    };
    let mut days = parts
        .iter()
        .flat_map(|part| part.days.iter().map(|day| (&part.account, day)));
    parts.iter().any(|part| !part.days.is_empty())
        && days.all(|(account, day)| is_open(account, day))
}

/// The payouts that people decided; their days are taken out of the accounts. One whose movement or days are gone
/// decides nothing.
fn accepted(
    accounts: &mut [PayingAccount],
    lines: &[KeptLine],
    decisions: &BTreeMap<LineName, PayoutDecision>,
) -> Result<Vec<Payout>, DeskError> {
    let mut payouts = Vec::new();
    let ours = decisions
        .values()
        .filter(|decision| decision.ruling == PayoutRuling::Accepted);
    for decision in ours {
        let at = lines.iter().position(|kept| kept.name == decision.line());
        let Some((number, kept)) = at.and_then(|at| Some((at, lines.get(at)?))) else {
            continue;
        };
        let mut days = Vec::new();
        for part in &decision.parts {
            for account in accounts.iter_mut().filter(|it| it.account == part.account) {
                let (taken, left) = std::mem::take(&mut account.days)
                    .into_iter()
                    .partition(|owed: &OwedDay| part.days.contains(&owed.day));
                account.days = left;
                days.extend::<Vec<OwedDay>>(taken);
            }
        }
        if let Some(payout) = decided(decision, number, kept, &days)? {
            payouts.push(payout);
        }
    }
    Ok(payouts)
}

/// The addition of some days beside the movement that a person named.
fn decided(
    decision: &PayoutDecision,
    number: usize,
    kept: &KeptLine,
    days: &[OwedDay],
) -> Result<Option<Payout>, DeskError> {
    let calendar = BankCalendar::default();
    let last = days.iter().filter_map(|owed| owed.day.date()).max();
    let Some(expected_on) = last.and_then(|day| calendar.after(day, ARRIVES_AFTER)) else {
        return Ok(None);
    };
    let zero = Money::zero(kept.line.amount.currency());
    let sum = |of: fn(&OwedDay) -> Money| {
        days.iter()
            .try_fold(zero, |sum, owed| sum.checked_add(of(owed)))
    };
    let paid = sum(|owed| owed.totals.paid)?;
    let refunded = zero.checked_sub(sum(|owed| owed.totals.refunded)?)?;
    let fee = zero.checked_sub(sum(|owed| owed.totals.fee)?)?;
    let payments = days.iter().map(|owed| owed.totals.payments).sum();
    let refunds = days.iter().map(|owed| owed.totals.refunds).sum();
    let term = |name, amount, lines| PayoutTerm {
        name,
        amount,
        lines,
    };
    let net = paid.checked_add(refunded)?.checked_add(fee)?;
    let difference = kept.line.amount.checked_sub(net)?;
    let on = kept.line.booked;
    Ok(Some(Payout {
        parts: decision
            .parts
            .iter()
            .map(|part| PayoutPart {
                account: part.account.clone(),
                days: part.days.clone(),
            })
            .collect(),
        terms: vec![
            term(PayoutTermName::Paid, paid, payments),
            term(PayoutTermName::Refunded, refunded, refunds),
            term(PayoutTermName::Fee, fee, payments),
        ],
        net,
        expected_on,
        arrival: if difference.minor() == 0 {
            Arrival::Arrived { on }
        } else {
            Arrival::Differs { on }
        },
        bank: u64::try_from(number).ok(),
        reasons: Vec::new(),
        difference,
    }))
}
