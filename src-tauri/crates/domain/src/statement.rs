//! What a bank's statement says: one form for every file format and every bank.
//! Plain values that the statement reader makes, `recon` compares and the store keeps; no rule of matching lives here.

use crate::{Currency, Money, MoneyError};
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

/// The kind of file a statement came in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementFormat {
    /// ISO 20022 camt.052: the movements of a running day.
    Camt052,
    /// ISO 20022 camt.053: the statement of ended days.
    Camt053,
    /// ISO 20022 camt.054: notifications of single movements.
    Camt054,
    /// SWIFT MT940: the customer statement.
    Mt940,
    /// SWIFT MT942: the movements of a running day.
    Mt942,
    /// Open Financial Exchange, 1.x or 2.x.
    Ofx,
    /// A table: text with separators, XLSX or XLS.
    Sheet,
}

impl StatementFormat {
    /// Whether its movements are final: a running day and a notification are told again by a statement.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(
            self,
            StatementFormat::Camt053
                | StatementFormat::Mt940
                | StatementFormat::Ofx
                | StatementFormat::Sheet
        )
    }

    /// Its name in screens, files and the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            StatementFormat::Camt052 => "camt052",
            StatementFormat::Camt053 => "camt053",
            StatementFormat::Camt054 => "camt054",
            StatementFormat::Mt940 => "mt940",
            StatementFormat::Mt942 => "mt942",
            StatementFormat::Ofx => "ofx",
            StatementFormat::Sheet => "sheet",
        }
    }
}

/// Whose account a statement is of, in the bank's words.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct BankAccount {
    /// IBAN, account number, or the masked number of a card; empty where the file names none.
    pub number: String,
    /// The bank: its BIC, its code, or its name.
    pub bank: String,
    /// Who holds it.
    pub holder: String,
}

/// A balance that the file states.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BankBalance {
    /// The line in the file, from 1.
    pub row: u64,
    /// The day it is of.
    #[serde(with = "optional_date")]
    pub date: Option<Date>,
    /// How much; negative when the account is overdrawn.
    pub amount: Money,
}

/// One of several payments that the bank booked as one movement.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BankPart {
    /// How much, signed as the movement; `None` where the file gives no amount for it.
    pub amount: Option<Money>,
    /// The reference that the payer gave, unchanged from end to end.
    pub end_to_end: String,
    /// Other references of this part, in the order of the file.
    pub references: Vec<String>,
    /// The other side's name.
    pub counterparty: String,
    /// The other side's account.
    pub counterparty_account: String,
    /// The purpose.
    pub text: String,
}

/// One movement of a bank account, in one form for every bank. Empty texts are what the file does not say.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BankLine {
    /// The line in the file as a person counts it, from 1, titles included.
    pub row: u64,
    /// The day it was booked.
    #[serde(with = "date")]
    pub booked: Date,
    /// The day from which it counts for interest.
    #[serde(with = "optional_date")]
    pub value: Option<Date>,
    /// The time of the day, by the bank's clock.
    #[serde(with = "optional_time")]
    pub time: Option<Time>,
    /// What came in, or went out as a negative sum.
    pub amount: Money,
    /// The balance after it, where the file states one on every line.
    pub balance: Option<Money>,
    /// Whether it takes an earlier movement back. The sign of the amount is already its own.
    pub is_reversal: bool,
    /// The reference that the payer gave, unchanged from end to end.
    pub end_to_end: String,
    /// The account holder's own reference.
    pub our_reference: String,
    /// The bank's number of the movement: unique in the account where there is one.
    pub bank_reference: String,
    /// The other side's name.
    pub counterparty: String,
    /// The other side's account, as the file writes it.
    pub counterparty_account: String,
    /// The purpose and other words.
    pub text: String,
    /// The kind of movement, in the bank's code or words.
    pub code: String,
    /// The payments in it where the bank booked several as one.
    pub parts: Vec<BankPart>,
}

impl BankLine {
    /// A movement of which nothing but the day and the amount is known yet.
    #[must_use]
    pub fn new(row: u64, booked: Date, amount: Money) -> BankLine {
        BankLine {
            row,
            booked,
            value: None,
            time: None,
            amount,
            balance: None,
            is_reversal: false,
            end_to_end: String::new(),
            our_reference: String::new(),
            bank_reference: String::new(),
            counterparty: String::new(),
            counterparty_account: String::new(),
            text: String::new(),
            code: String::new(),
            parts: Vec::new(),
        }
    }
}

/// Whether opening balance, movements and closing balance of a statement fit together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "check", rename_all = "snake_case")]
pub enum BalanceCheck {
    /// Opening balance and movements are not the closing balance: the file is wrong or not whole.
    Differs {
        /// What opening balance and movements come to.
        expected: Money,
        /// The line of the closing balance.
        row: u64,
        /// The closing balance that the file states.
        stated: Money,
    },
    /// Opening balance plus movements is the closing balance.
    Holds,
    /// The file states no opening or no closing balance.
    NotStated,
    /// A balance is in another currency than the statement, so nothing can be added.
    OtherCurrency {
        /// The line of that balance.
        row: u64,
        /// That balance.
        stated: Money,
    },
    /// The balance beside this movement does not follow from its neighbour: movements between them are missing,
    /// as in a list that was filtered before it was saved.
    RunningBreaks {
        /// The line of that movement.
        row: u64,
    },
    /// The file's own sum or count of movements is not that of its lines.
    Total {
        /// What the lines come to.
        expected: Money,
        /// The line of the sum.
        row: u64,
        /// What the file states.
        stated: Money,
    },
}

/// One account's movements of one period in one currency.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BankStatement {
    /// The kind of file.
    pub format: StatementFormat,
    /// The line in the file where it begins, from 1.
    pub row: u64,
    /// The bank's number of the statement.
    pub reference: String,
    /// Its place in the row of statements, as the bank counts: gaps show missing ones.
    pub sequence: String,
    /// Whose account.
    pub account: BankAccount,
    /// The currency of the account.
    pub currency: Currency,
    /// The first day, stated or that of the opening balance or of the first movement.
    #[serde(with = "optional_date")]
    pub from: Option<Date>,
    /// The last day, stated or that of the closing balance or of the last movement.
    #[serde(with = "optional_date")]
    pub to: Option<Date>,
    /// The balance before the first movement.
    pub opening: Option<BankBalance>,
    /// The balance after the last movement.
    pub closing: Option<BankBalance>,
    /// The movements in the order of the file.
    pub lines: Vec<BankLine>,
    /// Movements that the bank lists but has not booked; they are not among the lines.
    pub not_booked: u64,
    /// Whether balances and movements fit together.
    pub check: BalanceCheck,
}

impl BankStatement {
    /// The sum of all movements.
    ///
    /// # Errors
    /// `CurrencyMismatch` or `Overflow`.
    pub fn sum(&self) -> Result<Money, MoneyError> {
        self.lines
            .iter()
            .try_fold(Money::zero(self.currency), |sum, line| {
                sum.checked_add(line.amount)
            })
    }
}

mod date {
    use super::Date;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(date: &Date, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(date)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

mod optional_date {
    use super::Date;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(date: &Option<Date>, to: S) -> Result<S::Ok, S::Error> {
        date.map(|date| date.to_string()).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Date>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| text.parse().map_err(D::Error::custom))
            .transpose()
    }
}

mod optional_time {
    use super::Time;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(time: &Option<Time>, to: S) -> Result<S::Ok, S::Error> {
        time.map(|time| time.to_string()).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Time>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| text.parse().map_err(D::Error::custom))
            .transpose()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use jiff::civil::{date, time};

    #[test]
    fn a_line_is_written_as_it_was_read() {
        let mut line = BankLine::new(
            7,
            date(2026, 11, 20),
            Money::from_minor(-1234, Currency::CNY),
        );
        line.value = Some(date(2026, 11, 21));
        line.time = Some(time(9, 0, 1, 0));
        let json = serde_json::to_string(&line).unwrap();
        assert!(json.contains(r#""booked":"2026-11-20""#), "{json}");
        assert_eq!(serde_json::from_str::<BankLine>(&json).unwrap(), line);
    }

    #[test]
    fn the_sum_of_two_currencies_is_refused() {
        let line = |minor, currency| {
            BankLine::new(1, date(2026, 1, 1), Money::from_minor(minor, currency))
        };
        let mut statement = BankStatement {
            format: StatementFormat::Sheet,
            row: 1,
            reference: String::new(),
            sequence: String::new(),
            account: BankAccount::default(),
            currency: Currency::CNY,
            from: None,
            to: None,
            opening: None,
            closing: None,
            lines: vec![line(5, Currency::CNY), line(-7, Currency::CNY)],
            not_booked: 0,
            check: BalanceCheck::NotStated,
        };
        assert_eq!(statement.sum().unwrap().minor(), -2);
        let euro = Currency::from_code("EUR").unwrap();
        statement.lines.push(line(1, euro));
        assert!(statement.sum().is_err());
        statement.lines = vec![line(i64::MAX, Currency::CNY), line(1, Currency::CNY)];
        assert_eq!(statement.sum(), Err(MoneyError::Overflow));
    }
}
