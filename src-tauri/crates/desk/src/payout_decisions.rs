//! What people decide about payouts: that movements of the bank are the payout of some days, or of none. The log is all
//! that keeps it. What would change a signed day is refused.

use crate::{
    Desk, DeskError,
    payout_book::{ARRIVES_AFTER, PayoutBook, Sides},
    ports::{EventKind, KeptLine, LineName, StoreError},
};
use paydesk_domain::{AccountId, ChannelDay, Money};
use paydesk_recon::payouts::{
    Arrival, OwedDay, PayingAccount, Payout, PayoutPart, PayoutTerm, PayoutTermName, Payouts,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A remark, not a story.
const REMARK_CHARACTERS_MAX: usize = 200;

/// Movements in one decision.
const LINES_MAX: usize = 10;

/// What a person says of movements and days.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoutRuling {
    /// The movements are the payout of these days.
    Accepted,
    /// They are not, and of no other days either.
    Rejected,
    /// What was decided about them holds no more.
    Undone,
}

/// A decision about movements of the bank.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PayoutDecision {
    /// Which.
    pub ruling: PayoutRuling,
    /// The statement of the movement.
    pub statement: i64,
    /// Its place there.
    pub n: u32,
    /// Further movements of the same payout.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<LineName>,
    /// Whose days.
    pub parts: Vec<DecidedPart>,
    /// Why.
    pub remark: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: paydesk_domain::Timestamp,
}

impl PayoutDecision {
    /// The movements it is about.
    pub fn lines(&self) -> impl Iterator<Item = LineName> {
        let first = LineName {
            statement: self.statement,
            n: self.n,
        };
        std::iter::once(first).chain(self.also.iter().copied())
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

/// Every decision that holds.
pub(crate) struct Decisions {
    pub(crate) by_line: BTreeMap<LineName, PayoutDecision>,
    /// How many were ever put on record: whoever decides on fewer decides on an old state.
    seen: u64,
}

impl Decisions {
    fn take(&mut self, decision: PayoutDecision) {
        let lines: Vec<LineName> = decision.lines().collect();
        for line in lines {
            match decision.ruling {
                PayoutRuling::Undone => drop(self.by_line.remove(&line)),
                PayoutRuling::Accepted | PayoutRuling::Rejected => {
                    self.by_line.insert(line, decision.clone());
                }
            }
        }
    }
}

impl Desk {
    pub(crate) async fn payout_decisions(&self) -> Result<Decisions, DeskError> {
        let mut decisions = Decisions {
            by_line: BTreeMap::new(),
            seen: 0,
        };
        for body in self.ports.store.payout_decisions().await? {
            let decision: PayoutDecision = serde_json::from_value(body).map_err(|error| {
                DeskError::Store(StoreError::Corrupt(format!("a decision: {error}")))
            })?;
            decisions.seen += 1;
            decisions.take(decision);
        }
        Ok(decisions)
    }

    /// Puts on record that movements are the payout of these days, are not, or that an earlier decision holds no more.
    /// Undoing one movement of a decision undoes all of it.
    ///
    /// # Errors
    /// `ReasonRequired` without a remark, `PayoutGone` where a movement or a day is not there to be decided about,
    /// `DayLocked` where a day that is signed would change, and the store's.
    pub async fn decide_payout(
        &self,
        ruling: PayoutRuling,
        lines: &[LineName],
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
        let sides = self.sides_until_today().await?;
        let mut decisions = self.payout_decisions().await?;
        let before = sides.payouts(&decisions.by_line)?;
        let lines = whole(&decisions, ruling, lines).ok_or(DeskError::PayoutGone)?;
        let is_decided = |line: &LineName| decisions.by_line.contains_key(line);
        let is_there = |line: &LineName| sides.lines.iter().any(|kept| kept.name == *line);
        let fits = match ruling {
            PayoutRuling::Undone => lines.iter().all(is_decided),
            PayoutRuling::Rejected => lines.iter().all(|it| is_there(it) && !is_decided(it)),
            PayoutRuling::Accepted => {
                lines.iter().all(|it| is_there(it) && !is_decided(it))
                    && are_open(&sides, &before, &lines, &parts)
            }
        };
        let (Some(first), true) = (lines.first(), fits) else {
            return Err(DeskError::PayoutGone);
        };
        let decision = PayoutDecision {
            ruling,
            statement: first.statement,
            n: first.n,
            also: lines.iter().skip(1).copied().collect(),
            parts,
            remark: remark.to_owned(),
            by: self.operator_name(),
            at: self.now(),
        };
        let body = serde_json::to_value(&decision).map_err(|error| {
            DeskError::Store(StoreError::Corrupt(format!("a decision: {error}")))
        })?;
        let mut touched = named(&decision);
        let standing = lines.iter().filter_map(|it| decisions.by_line.get(it));
        touched.extend(standing.flat_map(named));
        let seen = decisions.seen;
        decisions.take(decision);
        let after = sides.payouts(&decisions.by_line)?;
        touched.extend(changed(&before, &after));
        let touched = touched.into_iter().collect();
        let event = self.shop_event(EventKind::PayoutDecided, self.actor(), body)?;
        let worklist = self.ports.store.worklist();
        worklist.decide_payout(event, touched, seen).await?;
        self.tell_status();
        Ok(())
    }
}

/// The movements that are decided about: each once; of one that is undone, all of its decision.
fn whole(decisions: &Decisions, ruling: PayoutRuling, lines: &[LineName]) -> Option<Vec<LineName>> {
    let mut all: BTreeSet<LineName> = lines.iter().copied().collect();
    if ruling == PayoutRuling::Undone {
        let decided = lines.iter().filter_map(|line| decisions.by_line.get(line));
        all.extend(decided.flat_map(PayoutDecision::lines).collect::<Vec<_>>());
    }
    (1..=LINES_MAX)
        .contains(&all.len())
        .then(|| all.into_iter().collect())
}

/// Whether every day is kept, there are some, and none came with another movement.
fn are_open(sides: &Sides, found: &Payouts, lines: &[LineName], parts: &[DecidedPart]) -> bool {
    let is_ours = |number: &u64| {
        let at = usize::try_from(*number).ok();
        let kept = at.and_then(|at| sides.lines.get(at));
        kept.is_some_and(|kept| lines.contains(&kept.name))
    };
    let is_open = |account: &AccountId, day: &ChannelDay| {
        found.payouts.iter().any(|payout| {
            let is_free = payout.bank.iter().all(is_ours);
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

/// The days that a decision names.
fn named(decision: &PayoutDecision) -> BTreeSet<ChannelDay> {
    let parts = decision.parts.iter();
    parts.flat_map(|part| part.days.iter().copied()).collect()
}

/// The days whose movements, or whose company in a payout, are others now.
fn changed(before: &Payouts, after: &Payouts) -> BTreeSet<ChannelDay> {
    type Place<'a> = (&'a [u64], &'a [PayoutPart]);
    fn placed(found: &Payouts) -> BTreeMap<(&AccountId, ChannelDay), Place<'_>> {
        let days = found.payouts.iter().flat_map(|payout| {
            let parts = payout.parts.iter();
            let days = parts.flat_map(|part| part.days.iter().map(|day| (&part.account, *day)));
            let place = (payout.bank.as_slice(), payout.parts.as_slice());
            days.map(move |day| (day, place))
        });
        days.collect()
    }
    let (before, after) = (placed(before), placed(after));
    let days = before.keys().chain(after.keys());
    let others = days.filter(|day| before.get(day) != after.get(day));
    others.map(|(_, day)| *day).collect()
}

/// The payouts that people decided; their days are taken out of the accounts. One whose movements or days are gone
/// decides nothing.
pub(crate) fn accepted(
    accounts: &mut [PayingAccount],
    sides: &Sides,
    decisions: &BTreeMap<LineName, PayoutDecision>,
) -> Result<Vec<Payout>, DeskError> {
    let mut payouts = Vec::new();
    let ours = decisions.iter().filter(|(line, decision)| {
        // A decision about several movements stands under each of them.
        decision.ruling == PayoutRuling::Accepted && decision.lines().next() == Some(**line)
    });
    for (_, decision) in ours {
        let named = (0..).zip(&sides.lines);
        let named: Vec<(u64, &KeptLine)> = named
            .filter(|(_, kept)| decision.lines().any(|line| line == kept.name))
            .collect();
        if named.len() != decision.lines().count() {
            continue;
        }
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
        payouts.extend(decided(decision, &named, &days, sides)?);
    }
    Ok(payouts)
}

/// The addition of some days beside the movements that a person named.
fn decided(
    decision: &PayoutDecision,
    named: &[(u64, &KeptLine)],
    days: &[OwedDay],
    sides: &Sides,
) -> Result<Option<Payout>, DeskError> {
    let last = days.iter().filter_map(|owed| owed.day.date()).max();
    let expected_on = last.and_then(|day| sides.calendar.after(day, ARRIVES_AFTER));
    let booked = named.iter().map(|(_, kept)| kept.line.booked).max();
    let currency = named.first().map(|(_, kept)| kept.line.amount.currency());
    let Some(((expected_on, on), currency)) = expected_on.zip(booked).zip(currency) else {
        return Ok(None);
    };
    let zero = Money::zero(currency);
    let sum = |of: fn(&OwedDay) -> Money| {
        days.iter()
            .try_fold(zero, |sum, owed| sum.checked_add(of(owed)))
    };
    let paid = sum(|owed| owed.totals.paid)?;
    let refunded = zero.checked_sub(sum(|owed| owed.totals.refunded)?)?;
    let fee = zero.checked_sub(sum(|owed| owed.totals.fee)?)?;
    let reserve = sum(|owed| owed.reserve)?;
    let payments = days.iter().map(|owed| owed.totals.payments).sum();
    let refunds = days.iter().map(|owed| owed.totals.refunds).sum();
    let term = |name, amount, lines| PayoutTerm {
        name,
        amount,
        lines,
    };
    let mut terms = vec![
        term(PayoutTermName::Paid, paid, payments),
        term(PayoutTermName::Refunded, refunded, refunds),
        term(PayoutTermName::Fee, fee, payments),
    ];
    if reserve.minor() != 0 {
        terms.push(term(PayoutTermName::Reserve, reserve, 1));
    }
    let net = (terms.iter()).try_fold(zero, |net, term| net.checked_add(term.amount))?;
    let came = (named.iter()).try_fold(zero, |sum, (_, kept)| sum.checked_add(kept.line.amount))?;
    let difference = came.checked_sub(net)?;
    Ok(Some(Payout {
        parts: decision
            .parts
            .iter()
            .map(|part| PayoutPart {
                account: part.account.clone(),
                days: part.days.clone(),
            })
            .collect(),
        terms,
        net,
        expected_on,
        arrival: if difference.minor() == 0 {
            Arrival::Arrived { on }
        } else {
            Arrival::Differs { on }
        },
        bank: named.iter().map(|(number, _)| *number).collect(),
        reasons: Vec::new(),
        difference,
    }))
}

impl PayoutBook {
    /// What a person decided about the movements of a payout.
    #[must_use]
    pub fn decision_of(&self, payout: &Payout) -> Option<&PayoutDecision> {
        let mut lines = self.lines_of(payout).into_iter();
        lines.find_map(|kept| self.decisions.get(&kept.name))
    }
}
