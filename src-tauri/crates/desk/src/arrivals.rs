//! What of each day's money is at the bank: a payout is of several days, and each of them has its part of it. The parts
//! of all days add up to the movements of the bank, to the cent.

use crate::payout_book::PayoutBook;
use paydesk_domain::{AccountId, ChannelDay, Money, MoneyError};
use paydesk_recon::payouts::{Payout, PayoutTermName};
use std::collections::BTreeMap;

/// A day's way from its bill to the bank.
///
/// `net + reserve + explained + difference = arrived + in_transit`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DayArrival {
    /// The bill's payments less refunds less fees.
    pub net: Money,
    /// What the channel held back (negative) or released.
    pub reserve: Money,
    /// What explains that the bank's sum is another, by name. Of a payout of several days it stands on the last.
    pub explained: BTreeMap<PayoutTermName, Money>,
    /// What nothing explains: the bank's sum less what was expected. Of several days it stands on the last.
    pub difference: Money,
    /// What of it is in the bank.
    pub arrived: Money,
    /// What is on its way.
    pub in_transit: Money,
    /// The place of its payout in the book.
    pub payout: Option<usize>,
}

impl DayArrival {
    /// What rounding took, as the fee of the total has it.
    #[must_use]
    pub fn rounding(&self) -> Money {
        let none = Money::zero(self.net.currency());
        let rounding = self.explained.get(&PayoutTermName::FeeRounding);
        rounding.copied().unwrap_or(none)
    }
}

impl PayoutBook {
    /// Every kept day of every account.
    ///
    /// # Errors
    /// A sum left 64 bits.
    pub fn arrivals(&self) -> Result<BTreeMap<(AccountId, ChannelDay), DayArrival>, MoneyError> {
        let mut all = BTreeMap::new();
        for (day, owed) in &self.owed {
            let none = Money::zero(owed.net.currency());
            let arrival = DayArrival {
                net: owed.net,
                reserve: owed.reserve,
                explained: BTreeMap::new(),
                difference: none,
                arrived: none,
                in_transit: owed.net.checked_add(owed.reserve)?,
                payout: None,
            };
            all.insert(day.clone(), arrival);
        }
        for (at, payout) in self.found.payouts.iter().enumerate() {
            let last = last_day(payout);
            for part in &payout.parts {
                for day in &part.days {
                    let key = (part.account.clone(), *day);
                    let is_last = last == Some((&part.account, *day));
                    let Some(arrival) = all.get_mut(&key) else {
                        continue;
                    };
                    arrival.payout = Some(at);
                    if !payout.bank.is_empty() {
                        arrival.come(payout, is_last)?;
                    }
                }
            }
        }
        Ok(all)
    }
}

/// The last day of a payout, of the first account that has it.
fn last_day(payout: &Payout) -> Option<(&AccountId, ChannelDay)> {
    let days = payout.parts.iter();
    let days = days.flat_map(|part| part.days.iter().map(|day| (&part.account, *day)));
    days.min_by_key(|(account, day)| (std::cmp::Reverse(*day), *account))
}

impl DayArrival {
    fn come(&mut self, payout: &Payout, is_last: bool) -> Result<(), MoneyError> {
        let mut arrived = self.in_transit;
        if is_last {
            for term in &payout.terms {
                let of_days = matches!(
                    term.name,
                    PayoutTermName::Fee
                        | PayoutTermName::Paid
                        | PayoutTermName::Refunded
                        | PayoutTermName::Reserve
                );
                if !of_days {
                    arrived = arrived.checked_add(term.amount)?;
                    self.explained.insert(term.name, term.amount);
                }
            }
            arrived = arrived.checked_add(payout.difference)?;
            self.difference = payout.difference;
        }
        self.arrived = arrived;
        self.in_transit = Money::zero(arrived.currency());
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::{
        payout_book::Owed,
        ports::{KeptLine, LineName},
    };
    use jiff::civil::{Date, date};
    use paydesk_domain::{BankLine, Currency, Totals};
    use paydesk_recon::payouts::{BankCalendar, BankEntry, OwedDay, PayingAccount, match_payouts};
    use proptest::prelude::*;

    fn cny(minor: i64) -> Money {
        Money::from_minor(minor, Currency::CNY)
    }

    fn today() -> Date {
        date(2026, 11, 30)
    }

    fn book(days: &[(i64, i64)], lines: &[(i8, i64, i8)]) -> PayoutBook {
        let mut owed = BTreeMap::new();
        let mut of_account = Vec::new();
        for (number, (paid, reserve)) in (1..).zip(days) {
            let mut totals = Totals::zero(Currency::CNY);
            (totals.payments, totals.paid) = (1, cny(*paid));
            let day = ChannelDay(20_261_100 + number);
            let beside = Owed {
                net: cny(*paid),
                reserve: cny(*reserve),
                flow: None,
                moves: Vec::new(),
            };
            owed.insert((AccountId("a".to_owned()), day), beside);
            of_account.push(OwedDay {
                day,
                totals,
                reserve: cny(*reserve),
                other: cny(0),
                near_end: Vec::new(),
                contract: None,
            });
        }
        let account = PayingAccount {
            account: AccountId("a".to_owned()),
            names: vec!["财付通".to_owned()],
            merchants: vec!["1900000109".to_owned()],
            arrives_after: 1,
            days: of_account,
            sent: Vec::new(),
        };
        let lines: Vec<KeptLine> = (0..)
            .zip(lines)
            .map(|(n, (booked, minor, of_day))| {
                let mut line = BankLine::new(2, date(2026, 11, *booked), cny(*minor));
                line.counterparty = "财付通".to_owned();
                line.text = format!("商户1900000109 2026-11-{of_day:02}");
                KeptLine {
                    name: LineName { statement: 1, n },
                    told_before: None,
                    line,
                }
            })
            .collect();
        let entries: Vec<BankEntry<'_>> = (0..)
            .zip(&lines)
            .map(|(id, kept)| BankEntry {
                id,
                line: &kept.line,
            })
            .collect();
        let calendar = BankCalendar::default();
        let found = match_payouts(&[account], &entries, today(), &calendar).unwrap();
        PayoutBook {
            found,
            lines,
            statements: Vec::new(),
            owed,
            decisions: BTreeMap::new(),
        }
    }

    proptest! {
        /// Whatever came: each day's addition holds, and what arrived of all days is what the matched movements are.
        #[test]
        fn the_parts_of_all_days_are_what_came(
            days in prop::collection::vec((1_i64..400, -3_i64..4), 1..9),
            lines in prop::collection::vec((2_i8..20, 1_i64..900, 1_i8..10), 0..8),
        ) {
            let book = book(&days, &lines);
            let arrivals = book.arrivals().unwrap();
            prop_assert_eq!(arrivals.len(), days.len());
            let (mut arrived, mut waiting) = (0, 0);
            for day in arrivals.values() {
                let explained: i64 = day.explained.values().map(|it| it.minor()).sum();
                let owed = day.net.minor() + day.reserve.minor() + explained + day.difference.minor();
                prop_assert_eq!(owed, day.arrived.minor() + day.in_transit.minor());
                arrived += day.arrived.minor();
                waiting += day.in_transit.minor();
            }
            let came = book.found.payouts.iter().flat_map(|it| book.lines_of(it));
            let came: i64 = came.map(|kept| kept.line.amount.minor()).sum();
            prop_assert_eq!(arrived, came);
            let open = book.found.payouts.iter().filter(|it| it.bank.is_empty());
            let open: i64 = open.map(|it| it.net.minor()).sum();
            prop_assert_eq!(waiting, open);
        }
    }
}
