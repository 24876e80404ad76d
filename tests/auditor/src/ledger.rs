//! The channel's truth, as the sandbox's ledger writes it: which money moved, when, and under which number.
//!
//! Read from JSON, so that no type of the sandbox stands between the truth and its reading.

use paydesk_domain::{Currency, Money};
use serde::Deserialize;

/// A trade of the channel. Amounts are fen: both channels know yuan only.
#[derive(Clone, Debug, Deserialize)]
pub struct Trade {
    /// `alipay` or `wechatpay`.
    pub channel: String,
    /// The merchant's number.
    pub out_trade_no: String,
    /// What was asked.
    pub asked: i64,
    /// `waiting`, `paid`, `ended`.
    pub state: String,
    /// Every movement of money.
    pub movements: Vec<Movement>,
}

/// Money that moved, or is on its way.
#[derive(Clone, Debug, Deserialize)]
pub struct Movement {
    /// `charge`, `refund`, or `reversal`.
    pub kind: String,
    /// The merchant's number of a refund; empty for charges and reversals.
    pub number: String,
    /// How much, in fen.
    pub amount: i64,
    /// `success`, `processing`, `abnormal` (held, the payer has nothing), `closed` (the merchant has it again).
    pub state: String,
    /// When the channel took it on, milliseconds since 1970.
    #[serde(default)]
    pub accepted_ms: i64,
    /// When it was done.
    #[serde(default)]
    pub settled_ms: Option<i64>,
}

impl Movement {
    fn is_charge(&self) -> bool {
        self.kind == "charge"
    }

    /// Whether it is money that went back, or goes.
    fn is_return(&self) -> bool {
        !self.is_charge() && self.state != "closed"
    }
}

fn yuan(fen: i64) -> Money {
    Money::from_minor(fen, Currency::CNY)
}

/// A sum that cannot be, of a ledger that cannot be, is larger than any other.
fn sum(parts: impl Iterator<Item = i64>) -> Money {
    parts.fold(Money::zero(Currency::CNY), |sum, fen| {
        sum.checked_add(yuan(fen)).unwrap_or(yuan(i64::MAX))
    })
}

impl Trade {
    /// How often money was taken: more than once is a double charge.
    #[must_use]
    pub fn charges(&self) -> usize {
        self.movements.iter().filter(|it| it.is_charge()).count()
    }

    /// When money moved, each time: the days on whose bills the trade stands.
    pub(crate) fn moments(&self) -> impl Iterator<Item = i64> {
        self.movements.iter().filter_map(|it| {
            if it.is_charge() {
                return Some(it.accepted_ms);
            }
            let has_left = matches!(it.state.as_str(), "success" | "abnormal");
            it.settled_ms.filter(|_| has_left)
        })
    }

    /// Money taken in all.
    #[must_use]
    pub fn charged(&self) -> Money {
        let charges = self.movements.iter().filter(|it| it.is_charge());
        sum(charges.map(|it| it.amount))
    }

    /// Money that went back or is on its way.
    #[must_use]
    pub fn returned(&self) -> Money {
        let returns = self.movements.iter().filter(|it| it.is_return());
        sum(returns.map(|it| it.amount))
    }

    /// What the merchant holds of it.
    #[must_use]
    pub fn net(&self) -> Money {
        self.charged()
            .checked_sub(self.returned())
            .unwrap_or(yuan(i64::MIN))
    }

    /// Money under one refund number.
    #[must_use]
    pub fn returned_under(&self, refund_no: &str) -> Money {
        let its = self
            .movements
            .iter()
            .filter(|it| it.number == refund_no && it.is_return());
        sum(its.map(|it| it.amount))
    }
}

/// Whoever knows the truth about money.
pub trait Oracle: Send + Sync {
    /// The trade under the merchant's number, as JSON of the ledger.
    fn trade(&self, out_trade_no: &str) -> Option<Trade>;
    /// Every trade.
    fn trades(&self) -> Vec<Trade>;
}
