//! Balanced journal entries of a day's figures: debit is credit before a byte is written.
//! Books nothing itself; the accounts come from the shop's map.

mod accounts;
mod templates;

pub use accounts::{AccountFault, AccountMap, AccountRole, LedgerAccount};
pub use templates::{JournalTemplate, write_journal};

use crate::model::ExportError;
use jiff::civil::Date;
use paydesk_domain::{CASH, Currency, Money};
use paydesk_texts::{Language, text};

/// What a channel's day came to, as the bridge from takings to the bank tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DayFigures {
    /// The channel's day.
    pub day: Date,
    /// The channel's short name.
    pub channel: String,
    /// The account at the channel, as a person knows it.
    pub account: String,
    /// Payments by our books.
    pub gross: Money,
    /// Refunds by our books, not negative.
    pub refunds: Money,
    /// Fees by the bill: negative when they came back.
    pub fees: Money,
    /// What the channel holds back.
    pub reserve: Money,
    /// What rounding took.
    pub rounding: Money,
    /// Our books less the bill: what is expected and did not come.
    pub difference: Money,
    /// What of this day's money is in the bank.
    pub to_bank: Money,
}

impl DayFigures {
    /// A day of which nothing is known but its name.
    #[must_use]
    pub fn nothing(day: Date, channel: &str, account: &str, currency: Currency) -> DayFigures {
        let none = Money::zero(currency);
        DayFigures {
            day,
            channel: channel.to_owned(),
            account: account.to_owned(),
            gross: none,
            refunds: none,
            fees: none,
            reserve: none,
            rounding: none,
            difference: none,
            to_bank: none,
        }
    }

    /// Gross less refunds, fees, reserve, rounding and difference: what the channel owes for the day.
    ///
    /// # Errors
    /// `Money` when it does not fit, or two currencies meet.
    pub fn net(&self) -> Result<Money, ExportError> {
        let parts = [
            self.refunds,
            self.fees,
            self.reserve,
            self.rounding,
            self.difference,
        ];
        let mut net = self.gross;
        for part in parts {
            net = net.checked_sub(part)?;
        }
        Ok(net)
    }

    /// What of the net is not in the bank yet.
    ///
    /// # Errors
    /// As [`DayFigures::net`].
    pub fn in_transit(&self) -> Result<Money, ExportError> {
        Ok(self.net()?.checked_sub(self.to_bank)?)
    }
}

/// What a day's cash came to, in one currency.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CashFigures {
    /// The business day.
    pub day: Date,
    /// Payments.
    pub taken: Money,
    /// Refunds, not negative.
    pub returned: Money,
    /// Put in that is no payment.
    pub paid_in: Money,
    /// Taken out that is no refund, not negative.
    pub paid_out: Money,
    /// Counted less expected, of the drawers that were counted.
    pub difference: Money,
}

/// One side of one account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// Left.
    Debit,
    /// Right.
    Credit,
}

/// A line of an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JournalLine {
    /// What the account is for.
    pub role: AccountRole,
    /// The account.
    pub account: LedgerAccount,
    /// Which side.
    pub side: Side,
    /// How much, never negative.
    pub amount: Money,
    /// What for.
    pub text: String,
}

/// An entry whose debit is its credit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JournalEntry {
    date: Date,
    text: String,
    lines: Vec<JournalLine>,
    sum: Money,
}

impl JournalEntry {
    /// An entry of these lines.
    ///
    /// # Errors
    /// `Unbalanced` when debit is not credit; `Money` when they do not fit, or two currencies meet.
    pub fn new(
        date: Date,
        text: String,
        lines: Vec<JournalLine>,
        currency: Currency,
    ) -> Result<JournalEntry, ExportError> {
        let (mut debit, mut credit) = (Money::zero(currency), Money::zero(currency));
        for line in &lines {
            let side = match line.side {
                Side::Debit => &mut debit,
                Side::Credit => &mut credit,
            };
            *side = side.checked_add(line.amount)?;
        }
        if debit != credit {
            return Err(ExportError::Unbalanced { debit, credit });
        }
        Ok(JournalEntry {
            date,
            text,
            lines,
            sum: debit,
        })
    }

    /// The entry of a day's figures; lines of zero are left out, so a day without trade has none.
    ///
    /// # Errors
    /// As [`JournalEntry::new`].
    pub fn of_day(
        figures: &DayFigures,
        accounts: &AccountMap,
        language: Language,
    ) -> Result<JournalEntry, ExportError> {
        let currency = figures.gross.currency();
        let credit = |money: Money| Money::zero(currency).checked_sub(money);
        let parts = [
            (AccountRole::Bank, figures.to_bank),
            (AccountRole::InTransit, figures.in_transit()?),
            (AccountRole::Reserve, figures.reserve),
            (AccountRole::Fees, figures.fees),
            (AccountRole::Rounding, figures.rounding),
            (AccountRole::Differences, figures.difference),
            (AccountRole::Refunds, figures.refunds),
            (AccountRole::Revenue, credit(figures.gross)?),
        ];
        let of = (figures.day, figures.channel.as_str(), currency);
        JournalEntry::of_parts(of, &parts, accounts, language)
    }

    /// The entry of a day's cash: what is in the drawer, against takings, refunds, what was put in and taken out, and
    /// what counting found.
    ///
    /// # Errors
    /// As [`JournalEntry::new`].
    pub fn of_cash(
        figures: &CashFigures,
        accounts: &AccountMap,
        language: Language,
    ) -> Result<JournalEntry, ExportError> {
        let currency = figures.taken.currency();
        let credit = |money: Money| Money::zero(currency).checked_sub(money);
        let moved = figures.paid_in.checked_sub(figures.paid_out)?;
        let drawer = (figures.taken.checked_sub(figures.returned)?)
            .checked_add(moved)?
            .checked_add(figures.difference)?;
        let parts = [
            (AccountRole::Cash, drawer),
            (AccountRole::CashMoved, credit(moved)?),
            (AccountRole::CashDifferences, credit(figures.difference)?),
            (AccountRole::Refunds, figures.returned),
            (AccountRole::Revenue, credit(figures.taken)?),
        ];
        JournalEntry::of_parts((figures.day, CASH, currency), &parts, accounts, language)
    }

    /// Debit what is positive, credit what is negative, leave out what is nothing.
    fn of_parts(
        (of_day, channel, currency): (Date, &str, Currency),
        parts: &[(AccountRole, Money)],
        accounts: &AccountMap,
        language: Language,
    ) -> Result<JournalEntry, ExportError> {
        let named = text(language, &format!("channel_{channel}"), &[]);
        let day = of_day.to_string();
        let mut lines = Vec::new();
        for &(role, money) in parts.iter().filter(|(_, money)| money.minor() != 0) {
            let params = [("channel", named.as_str()), ("day", day.as_str())];
            let (side, amount) = if money.minor() > 0 {
                (Side::Debit, money)
            } else {
                (Side::Credit, Money::zero(currency).checked_sub(money)?)
            };
            lines.push(JournalLine {
                role,
                account: accounts.of(role, channel).clone(),
                side,
                amount,
                text: text(language, &format!("journal_{}", role.name()), &params),
            });
        }
        let params = [("channel", named.as_str()), ("day", day.as_str())];
        let said = text(language, "journal_entry", &params);
        JournalEntry::new(of_day, said, lines, currency)
    }

    /// Its day.
    #[must_use]
    pub fn date(&self) -> Date {
        self.date
    }

    /// What it is.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its lines.
    #[must_use]
    pub fn lines(&self) -> &[JournalLine] {
        &self.lines
    }

    /// Its debit, which is its credit.
    #[must_use]
    pub fn sum(&self) -> Money {
        self.sum
    }
}
