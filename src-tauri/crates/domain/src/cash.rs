//! Cash: what a payer hands over and gets back, the notes of a currency, and what a drawer should hold.
//! Nobody but the person at the counter can say that it changed hands (ADR 33).

use crate::{
    money::{Amount, Currency, Money, MoneyError},
    number::MerchantRef,
    time::{BusinessDay, Timestamp},
};
use serde::{Deserialize, Serialize};

/// What stands in the place of channel and account where money is in the shop's own drawer. No connector has this
/// name, so nothing about cash is ever sent.
pub const CASH: &str = "cash";

/// Amounts a till offers beside the exact one.
const QUICK_MAX: usize = 5;

/// Why cash cannot be taken for an amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CashFault {
    /// Amounts that cannot be, or of two currencies.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// Less was handed over than is owed.
    #[error("{short} is missing")]
    TooLittle {
        /// What is missing, positive.
        short: Money,
    },
}

/// What was handed over for an amount, and what went back over the counter.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Handed {
    received: Amount,
    change: Money,
}

impl Handed {
    /// What goes back of `received` when `due` is owed.
    ///
    /// # Errors
    /// `TooLittle` with what is missing; `Money` for two currencies.
    pub fn over(due: Amount, received: Amount) -> Result<Handed, CashFault> {
        let change = received.money().checked_sub(due.money())?;
        if change.minor() < 0 {
            let short = due.money().checked_sub(received.money())?;
            return Err(CashFault::TooLittle { short });
        }
        Ok(Handed { received, change })
    }

    /// What the payer handed over.
    #[must_use]
    pub fn received(&self) -> Amount {
        self.received
    }

    /// What went back, zero or more.
    #[must_use]
    pub fn change(&self) -> Money {
        self.change
    }
}

/// The notes and large coins of a currency in minor units, smallest first: what people pay with at a counter.
/// Sources: the issuing banks' lists of notes in circulation. A currency without a list is handled as 1, 5, 10, 20, 50
/// and 100 of its major unit.
fn notes(currency: Currency) -> [i64; 6] {
    match currency.code() {
        // 中国人民银行: 1, 5, 10, 20, 50 and 100 元.
        "CNY" => [100, 500, 1_000, 2_000, 5_000, 10_000],
        // Bank of Japan: coins of 100 and 500, notes of 1,000, 2,000 (rare), 5,000 and 10,000 yen.
        "JPY" => [100, 500, 1_000, 2_000, 5_000, 10_000],
        // Central Bank of Kuwait: 1/4, 1/2, 1, 5, 10 and 20 dinars, the dinar of 1,000 fils.
        "KWD" => [250, 500, 1_000, 5_000, 10_000, 20_000],
        // European Central Bank: 5 to 200 euro.
        "EUR" => [500, 1_000, 2_000, 5_000, 10_000, 20_000],
        // Bank of Korea: coins of 500, notes of 1,000, 5,000, 10,000 and 50,000 won.
        "KRW" => [500, 1_000, 5_000, 10_000, 50_000, 100_000],
        _ => {
            let major = 10_i64.pow(u32::from(currency.exponent()));
            [1, 5, 10, 20, 50, 100].map(|notes| notes * major)
        }
    }
}

/// What a payer is likely to hand over: the exact amount, then the next sums that notes make, each once, smallest first.
#[must_use]
pub fn quick_amounts(due: Amount) -> Vec<Amount> {
    let mut quick = vec![due];
    for note in notes(due.currency()) {
        let count = due.minor().checked_add(note - 1).map(|sum| sum / note);
        let sum = count.and_then(|count| count.checked_mul(note));
        let sum = sum.and_then(|minor| Amount::from_minor(minor, due.currency()).ok());
        quick.extend(sum.filter(|sum| !quick.contains(sum)));
    }
    quick.sort_by_key(|amount| amount.minor());
    quick.truncate(QUICK_MAX + 1);
    quick
}

/// What happened to a drawer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrawerKind {
    /// It was counted at the end.
    Counted,
    /// It was opened without a sale.
    NoSale,
    /// The float was counted at the beginning.
    Opened,
    /// Money was put in that is no payment.
    PaidIn,
    /// Money was taken out that is no refund.
    PaidOut,
    /// A refund went out of it.
    Returned,
    /// A payment went into it.
    Taken,
}

impl DrawerKind {
    /// Every kind.
    pub const ALL: [DrawerKind; 7] = [
        DrawerKind::Counted,
        DrawerKind::NoSale,
        DrawerKind::Opened,
        DrawerKind::PaidIn,
        DrawerKind::PaidOut,
        DrawerKind::Returned,
        DrawerKind::Taken,
    ];

    /// Its name in the log and in the catalogues.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            DrawerKind::Counted => "counted",
            DrawerKind::NoSale => "no_sale",
            DrawerKind::Opened => "opened",
            DrawerKind::PaidIn => "paid_in",
            DrawerKind::PaidOut => "paid_out",
            DrawerKind::Returned => "returned",
            DrawerKind::Taken => "taken",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<DrawerKind> {
        DrawerKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One thing that happened to a drawer. Each is a time it was opened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DrawerEntry {
    /// What.
    pub kind: DrawerKind,
    /// What it put in; negative for what it took out; the count itself for counts.
    pub amount: Money,
    /// What should have been there, of a count at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Money>,
    /// Why, in a person's words; empty for payments and refunds, whose order says it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Made before the first try, so that a double click is one entry; none for payments and refunds, whose order has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
}

/// An entry with its place, its time and its person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DrawerMove {
    /// Its place in the log.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// On which business day.
    pub day: BusinessDay,
    /// Who.
    pub by: String,
    /// What.
    pub entry: DrawerEntry,
    /// The payment or refund it belongs to.
    pub reference: Option<MerchantRef>,
}

/// How often, and how much together, never negative.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DrawerSum {
    /// How often.
    pub count: u64,
    /// How much.
    pub sum: Money,
}

/// What moved in a drawer from one entry to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DrawerSums {
    /// Payments.
    pub taken: DrawerSum,
    /// Refunds.
    pub returned: DrawerSum,
    /// Put in.
    pub paid_in: DrawerSum,
    /// Taken out.
    pub paid_out: DrawerSum,
    /// Openings without a sale.
    pub no_sales: u64,
}

impl DrawerSums {
    /// Nothing moved.
    #[must_use]
    pub fn nothing(currency: Currency) -> DrawerSums {
        let none = DrawerSum {
            count: 0,
            sum: Money::zero(currency),
        };
        DrawerSums {
            taken: none,
            returned: none,
            paid_in: none,
            paid_out: none,
            no_sales: 0,
        }
    }

    /// Adds entries of one kind: how many, and the sum of their signed amounts. Counts move nothing.
    ///
    /// # Errors
    /// `MoneyError` when the sum does not fit, or is of another currency.
    pub fn add(&mut self, kind: DrawerKind, count: u64, moved: Money) -> Result<(), MoneyError> {
        let (sum, moved) = match kind {
            DrawerKind::Taken => (&mut self.taken, moved),
            DrawerKind::PaidIn => (&mut self.paid_in, moved),
            DrawerKind::Returned => (&mut self.returned, minus(moved)?),
            DrawerKind::PaidOut => (&mut self.paid_out, minus(moved)?),
            DrawerKind::NoSale => {
                self.no_sales = self.no_sales.saturating_add(count);
                return Ok(());
            }
            DrawerKind::Counted | DrawerKind::Opened => return Ok(()),
        };
        sum.sum = sum.sum.checked_add(moved)?;
        sum.count = sum.count.saturating_add(count);
        Ok(())
    }

    /// Payments and what was put in, less refunds and what was taken out.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn net(&self) -> Result<Money, MoneyError> {
        let come = self.taken.sum.checked_add(self.paid_in.sum)?;
        come.checked_sub(self.returned.sum)?
            .checked_sub(self.paid_out.sum)
    }
}

fn minus(money: Money) -> Result<Money, MoneyError> {
    Money::zero(money.currency()).checked_sub(money)
}

/// A drawer from its opening count on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drawer {
    /// The count at the beginning.
    pub opened: DrawerMove,
    /// What moved since, up to the count at the end where there is one.
    pub sums: DrawerSums,
    /// The newest count at the end.
    pub counted: Option<DrawerMove>,
}

impl Drawer {
    /// What should be in it: the float, and what moved since.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn expected(&self) -> Result<Money, MoneyError> {
        self.opened.entry.amount.checked_add(self.sums.net()?)
    }

    /// Whether it was not counted at the end yet.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.counted.is_none()
    }
}

impl DrawerEntry {
    /// Counted less expected: negative is short, positive over. `None` for what is no count at the end.
    #[must_use]
    pub fn difference(&self) -> Option<Money> {
        self.amount.checked_sub(self.expected?).ok()
    }
}
