//! Which days may be a movement of the bank: runs of days, scattered days, and the same days of several accounts.
//! It proposes and weighs; it decides nothing.

use super::evidence::Words;
use super::{OwedDay, PayingAccount, PayoutTerm, PayoutTermName, Reason};
use jiff::civil::Date;
use paydesk_domain::{ChannelDay, Money};
use std::collections::{BTreeMap, BTreeSet};

/// A payout comes within so many days of its last day.
const LATEST_DAYS: i32 = 45;
/// A payout is of so many days at most.
const RUN_DAYS_MAX: i32 = 31;
/// Scattered days lie within so many days before the movement, and are so many at most.
const SCATTERED_DAYS: i32 = 20;
const SCATTERED_MAX: usize = 20;
/// Steps of the search for scattered days, for one movement.
const STEPS_MAX: u32 = 20_000;
/// More accounts are in no one movement.
const ACCOUNTS_MAX: usize = 4;
/// Parts of one payout, and the days from the first to the last of them.
const PARTS_MAX: usize = 10;
const PARTS_DAYS_MAX: i32 = 7;

/// One day, ready to be added up.
pub(super) struct Day<'a> {
    pub(super) owed: &'a OwedDay,
    pub(super) date: Date,
    pub(super) expected: Date,
    pub(super) net: i64,
}

/// One account with its days in their order.
pub(super) struct Side<'a> {
    pub(super) account: &'a PayingAccount,
    pub(super) days: Vec<Day<'a>>,
    /// What all days before each one come to.
    pub(super) before: Vec<i128>,
}

impl Side<'_> {
    fn net(&self, first: usize, last: usize) -> Option<i64> {
        let sum = self
            .before
            .get(last + 1)?
            .checked_sub(*self.before.get(first)?)?;
        i64::try_from(sum).ok()
    }
}

/// Days of one account.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Part {
    pub(super) side: usize,
    pub(super) days: Vec<usize>,
}

/// Movements that may be these days.
#[derive(Clone, Debug)]
pub(super) struct Proposal {
    pub(super) bank: Vec<usize>,
    pub(super) parts: Vec<Part>,
    pub(super) net: i64,
    /// The bank's amount less the days and what explains them.
    pub(super) difference: i64,
    pub(super) explained: Option<PayoutTerm>,
    pub(super) reasons: Vec<Reason>,
    pub(super) score: i32,
    /// Whether the reasons are enough without a person.
    pub(super) is_sure: bool,
}

/// One movement that is looked at, or several that name the same payout.
pub(super) struct Looked {
    pub(super) bank: Vec<usize>,
    pub(super) amount: Money,
    /// The day of the last of them.
    pub(super) booked: Date,
    pub(super) words: Words,
}

/// Movements that together may be one payout: each names the same payout's number, or the same days of an account.
pub(super) fn in_parts(single: &[Looked], sides: &[Side<'_>]) -> Vec<Looked> {
    let mut together: BTreeSet<Vec<usize>> = BTreeSet::new();
    for side in sides {
        for sent in &side.account.sent {
            let named = single.iter().enumerate();
            let named = named.filter(|(_, it)| it.words.names(&sent.number));
            together.insert(named.map(|(at, _)| at).collect());
        }
        let mut periods: BTreeMap<&[ChannelDay], Vec<usize>> = BTreeMap::new();
        for (at, it) in single.iter().enumerate() {
            let days = it.words.days();
            if !days.is_empty() && !it.words.account(side.account).is_empty() {
                periods.entry(days).or_default().push(at);
            }
        }
        together.extend(periods.into_values());
    }
    let several = together.iter();
    let several = several.filter(|places| (2..=PARTS_MAX).contains(&places.len()));
    several
        .filter_map(|places| {
            let parts: Vec<&Looked> = places.iter().filter_map(|at| single.get(*at)).collect();
            let first = parts.first()?;
            let booked = parts.iter().map(|part| part.booked);
            let (from, to) = (booked.clone().min()?, booked.max()?);
            let amount = (parts.iter().skip(1))
                .try_fold(first.amount, |sum, part| sum.checked_add(part.amount));
            (days_between(from, to) <= PARTS_DAYS_MAX).then_some(())?;
            Some(Looked {
                bank: parts.iter().flat_map(|part| part.bank.clone()).collect(),
                amount: amount.ok()?,
                booked: to,
                words: first.words.clone(),
            })
        })
        .collect()
}

fn days_between(from: Date, to: Date) -> i32 {
    from.until(to).map_or(i32::MAX, |span| span.get_days())
}

/// Everything that this movement may be; whether the search was cut short stands beside it.
pub(super) fn proposals(looked: &Looked, sides: &[Side<'_>]) -> (Vec<Proposal>, bool) {
    let mut found = Vec::new();
    let mut is_cut_short = false;
    let mut named = Vec::new();
    for (at, side) in sides.iter().enumerate() {
        let same = side.days.first().map(|day| day.owed.reserve.currency());
        if same != Some(looked.amount.currency()) {
            continue;
        }
        let known = looked.words.account(side.account);
        let before = found.len();
        runs(looked, at, side, &known, &mut found);
        if looked.bank.len() > 1 {
            continue;
        }
        let has_exact = found
            .iter()
            .skip(before)
            .any(|it: &Proposal| it.difference == 0);
        if !known.is_empty() && !has_exact {
            is_cut_short |= scattered(looked, at, side, &known, &mut found);
        }
        if known.contains(&Reason::MerchantNumber) && named.len() < ACCOUNTS_MAX {
            named.push(at);
        }
    }
    if named.len() > 1 {
        together(looked, &named, sides, &mut found);
    }
    (found, is_cut_short)
}

/// Days that follow each other.
fn runs(looked: &Looked, at: usize, side: &Side<'_>, known: &[Reason], found: &mut Vec<Proposal>) {
    for (last, end) in side.days.iter().enumerate() {
        let apart = days_between(end.date, looked.booked);
        if !(0..=LATEST_DAYS).contains(&apart) {
            continue;
        }
        for first in (0..=last).rev() {
            let Some(begin) = side.days.get(first) else {
                break;
            };
            if days_between(begin.date, end.date) >= RUN_DAYS_MAX {
                break;
            }
            let days = (first..=last).collect();
            found.extend(run(looked, Part { side: at, days }, side, known, apart));
        }
    }
}

fn run(
    looked: &Looked,
    part: Part,
    side: &Side<'_>,
    known: &[Reason],
    apart: i32,
) -> Option<Proposal> {
    let (first, last) = (*part.days.first()?, *part.days.last()?);
    let (begin, end) = (side.days.get(first)?, side.days.get(last)?);
    let net = side.net(first, last)?;
    let amount = looked.amount.minor();
    let more = amount.checked_sub(net)?;
    let mut reasons = known.to_vec();
    if looked.words.period(begin.owed.day, end.owed.day) {
        reasons.push(Reason::Period);
    }
    let numbered = side.account.sent.iter().any(|sent| {
        (sent.amount.minor() == net || sent.amount.minor() == amount)
            && sent.day >= end.owed.day
            && looked.words.names(&sent.number)
    });
    if numbered {
        reasons.push(Reason::PayoutNumber);
    }
    let explained = (more != 0 && !reasons.is_empty())
        .then(|| explain(side, first, last, more))
        .flatten();
    let is_identified = reasons.contains(&Reason::PayoutNumber)
        || (reasons.contains(&Reason::Period) && !known.is_empty());
    let parts = looked.bank.len();
    if parts > 1 {
        // Movements are added up only where each of them says that they are these days.
        if !is_identified {
            return None;
        }
        reasons.push(Reason::InParts(u16::try_from(parts).unwrap_or(u16::MAX)));
    }
    let is_sure = match (more, &explained) {
        (0, _) => reasons.iter().any(|reason| *reason != Reason::Period),
        // An addition that fits could be of other days by chance: something must name these.
        (_, Some(_)) => reasons.len() > 1 && (is_identified || end.expected == looked.booked),
        (_, None) => is_identified,
    };
    match (more, &explained) {
        (0, _) => reasons.push(Reason::AmountEqual),
        (_, Some(_)) => reasons.push(Reason::AmountExplained),
        (_, None) if is_identified => {}
        (_, None) => return None,
    }
    if end.expected == looked.booked {
        reasons.push(Reason::OnTime);
    }
    reasons.push(Reason::DaysApart(u16::try_from(apart).unwrap_or(u16::MAX)));
    let difference = if explained.is_some() { 0 } else { more };
    let parts = vec![part];
    Some(weighed(
        looked.bank.clone(),
        parts,
        net,
        difference,
        explained,
        reasons,
        is_sure,
    ))
}

fn weighed(
    bank: Vec<usize>,
    parts: Vec<Part>,
    net: i64,
    difference: i64,
    explained: Option<PayoutTerm>,
    mut reasons: Vec<Reason>,
    is_sure: bool,
) -> Proposal {
    reasons.sort_unstable();
    reasons.dedup();
    Proposal {
        bank,
        parts,
        net,
        difference,
        explained,
        score: reasons.iter().map(|reason| reason.weight()).sum(),
        reasons,
        is_sure,
    }
}

/// The one addition that gives exactly what the bank has more than these days.
fn explain(side: &Side<'_>, first: usize, last: usize, more: i64) -> Option<PayoutTerm> {
    let days = side.days.get(first..=last)?;
    let currency = days.first()?.owed.reserve.currency();
    let term = |name, lines| PayoutTerm {
        name,
        amount: Money::from_minor(more, currency),
        lines,
    };
    let lines: u64 = (days.iter())
        .map(|day| {
            day.owed
                .totals
                .payments
                .saturating_add(day.owed.totals.refunds)
        })
        .sum();
    let is_small = more.unsigned_abs() <= lines;
    if is_small
        && [false, true]
            .into_iter()
            .any(|with| fee_of_totals(days, with) == Some(more))
    {
        return Some(term(PayoutTermName::FeeRounding, lines));
    }
    let moved = |near: &[Money]| {
        let all = near
            .iter()
            .try_fold(0_i64, |sum, it| sum.checked_add(it.minor()));
        let single = near.iter().any(|it| it.minor() == more.saturating_abs());
        (single || all == Some(more.saturating_abs())).then_some(near.len())
    };
    let before = first.checked_sub(1).and_then(|at| side.days.get(at));
    let gone = if more < 0 { days.last() } else { before };
    if let Some(count) = gone.and_then(|day| moved(&day.owed.near_end)) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        return Some(term(PayoutTermName::CutOff, count));
    }
    let next = side.days.get(last + 1).map(|day| day.owed.totals);
    if let Some(next) = next.filter(|next| next.refunded.minor().checked_neg() == Some(more)) {
        return Some(term(PayoutTermName::LaterRefunds, next.refunds));
    }
    let fees = days.iter().try_fold(0_i64, |sum, day| {
        sum.checked_add(day.owed.totals.fee.minor())
    })?;
    if fees == more {
        return Some(term(PayoutTermName::FeeNotTaken, lines));
    }
    let other = days
        .iter()
        .try_fold(0_i64, |sum, day| sum.checked_add(day.owed.other.minor()))?;
    (other == more).then(|| term(PayoutTermName::Other, 1))
}

/// What is kept less when the fee is taken of each day's total; `with` takes it of the refunds, too.
fn fee_of_totals(days: &[Day<'_>], with: bool) -> Option<i64> {
    days.iter().try_fold(0_i64, |sum, day| {
        let contract = day.owed.contract?;
        let share = |money: Money| contract.rounding.share(money.minor(), contract.rate);
        let totals = day.owed.totals;
        let back = if with { share(totals.refunded) } else { 0 };
        let fee = share(totals.paid).checked_sub(back)?;
        sum.checked_add(totals.fee.minor().checked_sub(fee)?)
    })
}

/// The same days of every account that the movement names.
fn together(looked: &Looked, named: &[usize], sides: &[Side<'_>], found: &mut Vec<Proposal>) {
    let Some(first) = named.first().and_then(|at| sides.get(*at)) else {
        return;
    };
    let days: Vec<ChannelDay> = first.days.iter().map(|day| day.owed.day).collect();
    for (end, last) in days.iter().enumerate() {
        let apart = last
            .date()
            .map_or(-1, |date| days_between(date, looked.booked));
        if !(0..=LATEST_DAYS).contains(&apart) {
            continue;
        }
        for begin in days.iter().take(end + 1).rev() {
            let length = begin
                .date()
                .zip(last.date())
                .map(|(a, b)| days_between(a, b));
            if length.is_none_or(|length| length >= RUN_DAYS_MAX) {
                break;
            }
            found.extend(aligned(looked, named, sides, (*begin, *last), apart));
        }
    }
}

fn aligned(
    looked: &Looked,
    named: &[usize],
    sides: &[Side<'_>],
    (begin, end): (ChannelDay, ChannelDay),
    apart: i32,
) -> Option<Proposal> {
    let mut parts = Vec::with_capacity(named.len());
    let mut net = 0_i64;
    for at in named {
        let side = sides.get(*at)?;
        let first = side.days.partition_point(|day| day.owed.day < begin);
        let after = side.days.partition_point(|day| day.owed.day <= end);
        let last = after.checked_sub(1).filter(|last| *last >= first)?;
        net = net.checked_add(side.net(first, last)?)?;
        let days = (first..=last).collect();
        parts.push(Part { side: *at, days });
    }
    if net != looked.amount.minor() {
        return None;
    }
    let mut reasons = vec![
        Reason::AmountEqual,
        Reason::MerchantNumber,
        Reason::DaysApart(u16::try_from(apart).unwrap_or(u16::MAX)),
    ];
    let sides = named.iter().filter_map(|at| sides.get(*at));
    let known = sides.flat_map(|side| looked.words.account(side.account));
    reasons.extend(known);
    if looked.words.period(begin, end) {
        reasons.push(Reason::Period);
    }
    Some(weighed(
        looked.bank.clone(),
        parts,
        net,
        0,
        None,
        reasons,
        true,
    ))
}

/// Days that do not follow each other, within a budget of steps. A person decides: of twenty days there are so many
/// sums that one of them is a given amount by chance.
fn scattered(
    looked: &Looked,
    at: usize,
    side: &Side<'_>,
    known: &[Reason],
    found: &mut Vec<Proposal>,
) -> bool {
    let near =
        |day: &Day<'_>| (0..=SCATTERED_DAYS).contains(&days_between(day.date, looked.booked));
    let mut places: Vec<usize> = (side.days.iter().enumerate())
        .filter(|(_, day)| near(day) && day.net != 0)
        .map(|(place, _)| place)
        .collect();
    let first = places.len().saturating_sub(SCATTERED_MAX);
    places.drain(..first);
    let nets: Vec<i64> = (places.iter())
        .filter_map(|place| side.days.get(*place).map(|day| day.net))
        .collect();
    let mut subsets = Subsets::new(&nets, looked.amount.minor());
    subsets.search(0, 0);
    for chosen in &subsets.found {
        let days: Vec<usize> = (chosen.iter().filter_map(|n| places.get(*n)))
            .copied()
            .collect();
        let Some(end) = days.last().and_then(|last| side.days.get(*last)) else {
            continue;
        };
        let apart = days_between(end.date, looked.booked);
        let mut reasons = known.to_vec();
        reasons.extend([Reason::AmountEqual, Reason::Scattered]);
        reasons.push(Reason::DaysApart(u16::try_from(apart).unwrap_or(u16::MAX)));
        let parts = vec![Part { side: at, days }];
        let net = looked.amount.minor();
        found.push(weighed(
            looked.bank.clone(),
            parts,
            net,
            0,
            None,
            reasons,
            false,
        ));
    }
    subsets.steps >= STEPS_MAX
}

/// Which of several numbers come to a sum: at most two ways, at most so many steps.
struct Subsets<'a> {
    nets: &'a [i64],
    target: i128,
    /// The most and the least that the numbers from each place on can add.
    reach: Vec<(i128, i128)>,
    chosen: Vec<usize>,
    found: Vec<Vec<usize>>,
    steps: u32,
}

impl<'a> Subsets<'a> {
    fn new(nets: &'a [i64], target: i64) -> Subsets<'a> {
        let mut reach = vec![(0_i128, 0_i128)];
        for net in nets.iter().rev() {
            let (most, least) = reach.last().copied().unwrap_or_default();
            let net = i128::from(*net);
            reach.push((most + net.max(0), least + net.min(0)));
        }
        reach.reverse();
        Subsets {
            nets,
            target: i128::from(target),
            reach,
            chosen: Vec::new(),
            found: Vec::new(),
            steps: 0,
        }
    }

    fn search(&mut self, from: usize, sum: i128) {
        self.steps += 1;
        if self.found.len() > 1 || self.steps >= STEPS_MAX {
            return;
        }
        let left = self.target - sum;
        let (most, least) = self.reach.get(from).copied().unwrap_or_default();
        if left > most || left < least {
            return;
        }
        let Some(net) = self.nets.get(from).copied() else {
            // At the end, with nothing left: one way.
            if !self.chosen.is_empty() {
                self.found.push(self.chosen.clone());
            }
            return;
        };
        self.chosen.push(from);
        self.search(from + 1, sum + i128::from(net));
        self.chosen.pop();
        self.search(from + 1, sum);
    }
}
