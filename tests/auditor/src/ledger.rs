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
    pub total: i64,
    /// `waiting`, `paid`, `ended`.
    pub state: String,
    /// Money taken.
    pub charges: Vec<Charge>,
    /// Money that went back, or goes.
    pub refunds: Vec<Return>,
}

/// Money taken.
#[derive(Clone, Debug, Deserialize)]
pub struct Charge {
    /// When, milliseconds.
    pub at_ms: i64,
    /// How much, in fen.
    pub amount: i64,
}

/// Money that went back.
#[derive(Clone, Debug, Deserialize)]
pub struct Return {
    /// The merchant's number; empty when a cancel or reverse gave it back.
    pub refund_no: String,
    /// How much, in fen.
    pub amount: i64,
    /// `processing`, `success`, `abnormal`, `closed`.
    pub state: String,
}

impl Return {
    /// Whether the money left the merchant.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.state != "closed"
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
    /// Money taken in all.
    #[must_use]
    pub fn charged(&self) -> Money {
        sum(self.charges.iter().map(|charge| charge.amount))
    }

    /// Money that went back or is on its way.
    #[must_use]
    pub fn returned(&self) -> Money {
        sum(self
            .refunds
            .iter()
            .filter(|it| it.stands())
            .map(|it| it.amount))
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
            .refunds
            .iter()
            .filter(|it| it.refund_no == refund_no && it.stands());
        sum(its.map(|it| it.amount))
    }
}

/// Whoever knows the truth about money.
pub trait Oracle {
    /// The trade under the merchant's number, as JSON of the ledger.
    fn trade(&self, out_trade_no: &str) -> Option<Trade>;
    /// Every trade.
    fn trades(&self) -> Vec<Trade>;
}
