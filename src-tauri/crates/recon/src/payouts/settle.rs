//! Which proposals hold: the best first, each movement and each day once, ties for a person.

use super::evidence::Words;
use super::search::{Day, Looked, Part, Proposal, Side, in_parts, proposals};
use super::{
    Arrival, BankCalendar, BankEntry, Candidate, PayingAccount, Payout, PayoutError, PayoutPart,
    PayoutTerm, PayoutTermName, Payouts, Reason,
};
use jiff::civil::Date;
use paydesk_domain::{ChannelDay, Currency, Money, MoneyError};
use std::collections::{BTreeMap, BTreeSet};

/// Candidates that are shown for one movement.
const CANDIDATES_MAX: usize = 20;

/// Matches what channels owe with what came to the bank. Movements that went out, and those of another currency than
/// every account, are no payouts.
///
/// # Errors
/// `PayoutError`.
pub fn match_payouts(
    accounts: &[PayingAccount],
    bank: &[BankEntry<'_>],
    today: Date,
    calendar: &BankCalendar,
) -> Result<Payouts, PayoutError> {
    let sides: Vec<Side<'_>> = accounts
        .iter()
        .map(|account| side(account, calendar))
        .collect::<Result<_, _>>()?;
    let mut order: Vec<usize> = (0..bank.len()).collect();
    let key = |at: &usize| bank.get(*at).map(|entry| (entry.line.booked, entry.id));
    order.sort_by_key(key);
    let mut single = Vec::new();
    for at in order {
        let Some(entry) = bank.get(at).filter(|entry| entry.line.amount.minor() > 0) else {
            continue;
        };
        single.push(Looked {
            bank: vec![at],
            amount: entry.line.amount,
            booked: entry.line.booked,
            words: Words::of(entry.line),
        });
    }
    let together = in_parts(&single, &sides);
    let mut all = Vec::new();
    let mut is_cut_short = false;
    for looked in single.iter().chain(&together) {
        let (found, cut) = proposals(looked, &sides);
        all.extend(found);
        is_cut_short |= cut;
    }
    all.sort_by(|a: &Proposal, b| {
        let key = |it: &Proposal| ids(bank, it);
        (b.score.cmp(&a.score))
            .then_with(|| key(a).cmp(&key(b)))
            .then_with(|| a.parts.cmp(&b.parts))
    });
    let taken = Taken::of(&all);
    taken.result(&all, &sides, bank, today, is_cut_short)
}

fn side<'a>(account: &'a PayingAccount, calendar: &BankCalendar) -> Result<Side<'a>, PayoutError> {
    let name = || account.account.0.clone();
    let broken = |day: ChannelDay| PayoutError::Day {
        account: name(),
        day,
    };
    let money = |source: MoneyError| PayoutError::Money {
        account: name(),
        source,
    };
    let mut days = Vec::with_capacity(account.days.len());
    for owed in &account.days {
        let date = owed.day.date().ok_or_else(|| broken(owed.day))?;
        let expected = calendar.after(date, account.arrives_after);
        let totals = &owed.totals;
        let net = (totals.paid.checked_sub(totals.refunded))
            .and_then(|left| left.checked_sub(totals.fee))
            .and_then(|left| left.checked_add(owed.reserve))
            .map_err(money)?;
        days.push(Day {
            owed,
            date,
            expected: expected.ok_or_else(|| broken(owed.day))?,
            net: net.minor(),
        });
    }
    days.sort_by_key(|day| day.date);
    let pairs = days.iter().zip(days.iter().skip(1));
    for (a, b) in pairs {
        if a.date == b.date {
            return Err(broken(a.owed.day));
        }
        if a.owed.reserve.currency() != b.owed.reserve.currency() {
            return Err(money(MoneyError::CurrencyMismatch {
                left: a.owed.reserve.currency(),
                right: b.owed.reserve.currency(),
            }));
        }
    }
    let mut before = vec![0_i128];
    for day in &days {
        let sum = before.last().copied().unwrap_or_default();
        before.push(sum + i128::from(day.net));
    }
    Ok(Side {
        account,
        days,
        before,
    })
}

/// What is spoken for.
#[derive(Default)]
struct Taken {
    bank: BTreeSet<usize>,
    days: BTreeSet<(usize, usize)>,
    /// Places of the proposals that hold.
    holds: Vec<usize>,
}

impl Taken {
    /// Takes the best first. Of several of equal weight that exclude each other none holds, and what they are about
    /// is left to a person: a lesser one must not take it.
    fn of(all: &[Proposal]) -> Taken {
        let mut taken = Taken::default();
        let mut left_open = Taken::default();
        let mut start = 0;
        for group in all.chunk_by(|a, b| a.score == b.score) {
            let mut free = Vec::new();
            for (n, it) in group.iter().enumerate() {
                if it.is_sure && !taken.holds_any(it) && !left_open.holds_any(it) {
                    free.push((n, it));
                }
            }
            let mut claims: BTreeMap<Claim, u32> = BTreeMap::new();
            for claim in free.iter().flat_map(|(_, it)| claims_of(it)) {
                *claims.entry(claim).or_default() += 1;
            }
            for (n, it) in free {
                let is_alone = claims_of(it).all(|claim| claims.get(&claim) == Some(&1));
                if is_alone {
                    taken.take(it);
                    taken.holds.push(start + n);
                } else {
                    left_open.take(it);
                }
            }
            start += group.len();
        }
        taken
    }

    fn take(&mut self, it: &Proposal) {
        self.bank.extend(&it.bank);
        self.days.extend(days_of(it));
    }

    fn holds_any(&self, it: &Proposal) -> bool {
        it.bank.iter().any(|at| self.bank.contains(at))
            || days_of(it).any(|day| self.days.contains(&day))
    }

    fn result(
        &self,
        all: &[Proposal],
        sides: &[Side<'_>],
        bank: &[BankEntry<'_>],
        today: Date,
        is_cut_short: bool,
    ) -> Result<Payouts, PayoutError> {
        let mut payouts = Vec::new();
        for it in self.holds.iter().filter_map(|at| all.get(*at)) {
            let entries = entries(bank, it);
            payouts.push(payout(sides, &it.parts, Some((&entries, it)), today)?);
        }
        for (at, side) in sides.iter().enumerate() {
            let mut waiting: BTreeMap<Date, Vec<usize>> = BTreeMap::new();
            for (place, day) in side.days.iter().enumerate() {
                if !self.days.contains(&(at, place)) {
                    waiting.entry(day.expected).or_default().push(place);
                }
            }
            for days in waiting.into_values() {
                payouts.push(payout(sides, &[Part { side: at, days }], None, today)?);
            }
        }
        payouts.sort_by(|a, b| (a.expected_on, &a.parts).cmp(&(b.expected_on, &b.parts)));
        let mut shown: BTreeMap<&[usize], usize> = BTreeMap::new();
        let mut candidates = Vec::new();
        for it in all.iter().filter(|it| !self.holds_any(it)) {
            let count = shown.entry(it.bank.as_slice()).or_default();
            *count += 1;
            if *count <= CANDIDATES_MAX {
                candidates.extend(candidate(sides, &entries(bank, it), it));
            }
        }
        let other = (bank.iter().enumerate())
            .filter(|(at, _)| !self.bank.contains(at))
            .map(|(_, entry)| entry.id)
            .collect();
        Ok(Payouts {
            payouts,
            candidates,
            other,
            is_cut_short,
        })
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    Bank(usize),
    Day(usize, usize),
}

fn days_of(it: &Proposal) -> impl Iterator<Item = (usize, usize)> {
    (it.parts.iter()).flat_map(|part| part.days.iter().map(|day| (part.side, *day)))
}

fn claims_of(it: &Proposal) -> impl Iterator<Item = Claim> {
    (it.bank.iter().map(|at| Claim::Bank(*at)))
        .chain(days_of(it).map(|(side, day)| Claim::Day(side, day)))
}

fn entries<'a>(bank: &[BankEntry<'a>], it: &Proposal) -> Vec<BankEntry<'a>> {
    let entries = it.bank.iter().filter_map(|at| bank.get(*at));
    entries.copied().collect()
}

fn ids(bank: &[BankEntry<'_>], it: &Proposal) -> Vec<u64> {
    entries(bank, it).iter().map(|entry| entry.id).collect()
}

fn named(sides: &[Side<'_>], parts: &[Part]) -> Vec<PayoutPart> {
    let of = |part: &Part| {
        let side = sides.get(part.side)?;
        let days = part.days.iter().filter_map(|at| side.days.get(*at));
        Some(PayoutPart {
            account: side.account.account.clone(),
            days: days.map(|day| day.owed.day).collect(),
        })
    };
    parts.iter().filter_map(of).collect()
}

fn candidate(sides: &[Side<'_>], entries: &[BankEntry<'_>], it: &Proposal) -> Option<Candidate> {
    let currency = entries.first()?.line.amount.currency();
    let explained = it.explained.map_or(0, |term| term.amount.minor());
    Some(Candidate {
        bank: entries.iter().map(|entry| entry.id).collect(),
        parts: named(sides, &it.parts),
        net: Money::from_minor(it.net, currency),
        difference: Money::from_minor(it.difference.saturating_add(explained), currency),
        reasons: it.reasons.clone(),
        score: it.score,
    })
}

fn payout(
    sides: &[Side<'_>],
    parts: &[Part],
    came: Option<(&[BankEntry<'_>], &Proposal)>,
    today: Date,
) -> Result<Payout, PayoutError> {
    let days: Vec<&Day<'_>> = parts
        .iter()
        .filter_map(|part| Some((sides.get(part.side)?, part)))
        .flat_map(|(side, part)| part.days.iter().filter_map(|at| side.days.get(*at)))
        .collect();
    let account = parts.first().and_then(|part| sides.get(part.side));
    let money = |source: MoneyError| PayoutError::Money {
        account: account.map_or_else(String::new, |side| side.account.account.0.clone()),
        source,
    };
    let currency = days
        .first()
        .map_or(Currency::CNY, |day| day.owed.reserve.currency());
    let mut terms = addition(&days, currency).map_err(money)?;
    terms.extend(came.and_then(|(_, it)| it.explained));
    let net = terms
        .iter()
        .try_fold(Money::zero(currency), |sum, term| {
            sum.checked_add(term.amount)
        })
        .map_err(money)?;
    let expected_on = days.iter().map(|day| day.expected).max().unwrap_or(today);
    let (arrival, difference) = match came {
        Some((entries, _)) => {
            let booked = entries.iter().map(|entry| entry.line.booked);
            let on = booked.max().unwrap_or(today);
            let mut amounts = entries.iter().map(|entry| entry.line.amount);
            let all = amounts.try_fold(Money::zero(currency), |sum, it| sum.checked_add(it));
            let difference = all.and_then(|all| all.checked_sub(net)).map_err(money)?;
            let arrival = match difference.minor() {
                0 => Arrival::Arrived { on },
                _ => Arrival::Differs { on },
            };
            (arrival, difference)
        }
        None => (arrival_of(expected_on, today), Money::zero(currency)),
    };
    Ok(Payout {
        parts: named(sides, parts),
        terms,
        net,
        expected_on,
        arrival,
        bank: came.map_or_else(Vec::new, |(entries, _)| {
            entries.iter().map(|entry| entry.id).collect()
        }),
        reasons: came.map_or_else(Vec::<Reason>::new, |(_, it)| it.reasons.clone()),
        difference,
    })
}

fn arrival_of(expected: Date, today: Date) -> Arrival {
    let late = expected.until(today).map_or(0, |span| span.get_days());
    match u16::try_from(late) {
        Ok(days) if days > 0 => Arrival::Overdue { days },
        _ => Arrival::Expected,
    }
}

/// Takings less refunds less fees, and reserves where there are any.
fn addition(days: &[&Day<'_>], currency: Currency) -> Result<Vec<PayoutTerm>, MoneyError> {
    let none = Money::zero(currency);
    let (mut paid, mut refunded, mut fee, mut reserve) = (none, none, none, none);
    let (mut payments, mut refunds) = (0_u64, 0_u64);
    for day in days {
        let totals = &day.owed.totals;
        paid = paid.checked_add(totals.paid)?;
        refunded = refunded.checked_sub(totals.refunded)?;
        fee = fee.checked_sub(totals.fee)?;
        reserve = reserve.checked_add(day.owed.reserve)?;
        payments = payments.saturating_add(totals.payments);
        refunds = refunds.saturating_add(totals.refunds);
    }
    let term = |name, amount, lines| PayoutTerm {
        name,
        amount,
        lines,
    };
    let mut terms = vec![
        term(PayoutTermName::Paid, paid, payments),
        term(PayoutTermName::Refunded, refunded, refunds),
        term(PayoutTermName::Fee, fee, payments.saturating_add(refunds)),
    ];
    if reserve.minor() != 0 {
        terms.push(term(PayoutTermName::Reserve, reserve, 1));
    }
    Ok(terms)
}
