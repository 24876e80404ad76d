//! What a till shows of a channel's bill must be what differs, and a bill must move nothing.

use crate::{Auditor, Invariant, Trade, Unreadable, books};
use sqlx::SqliteConnection;
use std::collections::{BTreeMap, BTreeSet};

/// A difference by its name and the number of its payment.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Shown {
    /// Its name, `missing_ours`.
    pub code: String,
    /// The merchant's number of the payment.
    pub payment: String,
}

/// A bill as a till showed it.
#[derive(Clone, Debug)]
pub struct Bill {
    /// `alipay` or `wechatpay`.
    pub channel: String,
    /// The channel's day: its first moment, milliseconds since 1970.
    pub starts_ms: i64,
    /// The first moment after it.
    pub ends_ms: i64,
    /// Whether the channel had one: it has none for a day without trade.
    pub is_there: bool,
    /// What the till showed.
    pub shown: BTreeSet<Shown>,
    /// Where the bill lies on purpose.
    pub planted: BTreeSet<Shown>,
}

/// How a till's orders stood before a bill came.
#[derive(Clone, Debug)]
pub struct Standing {
    versions: BTreeMap<String, i64>,
    payments: BTreeSet<String>,
}

/// A reversal or refund on another day than the charge stands on another bill: both are then shown, and
/// what is said of them depends on which bill is looked at.
fn spans_days(trade: &Trade, bill: &Bill) -> bool {
    let is_inside = |at: i64| (bill.starts_ms..bill.ends_ms).contains(&at);
    let moments: Vec<i64> = trade.moments().collect();
    moments.iter().any(|at| is_inside(*at)) && !moments.iter().all(|at| is_inside(*at))
}

impl Auditor {
    /// Before a bill is looked at.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn standing(connection: &mut SqliteConnection) -> Result<Standing, Unreadable> {
        Ok(Standing {
            versions: books::versions(connection).await?,
            payments: books::references(connection).await?,
        })
    }

    /// After it was looked at and kept.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn billed(
        &mut self,
        connection: &mut SqliteConnection,
        till: usize,
        before: &Standing,
        bill: &Bill,
    ) -> Result<(), Unreadable> {
        let after = books::versions(connection).await?;
        for (number, version) in &after {
            if before.versions.get(number) != Some(version) {
                let found = format!("{number} moved while a bill was looked at");
                self.found(Invariant::Inv11, till, found);
            }
        }
        let trades: Vec<Trade> = self.oracle.trades();
        let its = trades.iter().filter(|trade| trade.channel == bill.channel);
        let mut expected = BTreeSet::new();
        let mut either = BTreeSet::new();
        for trade in its {
            let payment = &trade.out_trade_no;
            let is_ours = before.payments.contains(payment);
            // What an older copy forgot of it stands on the bill alone, and is rightly shown (Q24).
            if spans_days(trade, bill) || self.is_half_forgotten(payment) {
                either.insert(payment.clone());
            }
            let on_bill = trade
                .moments()
                .any(|at| (bill.starts_ms..bill.ends_ms).contains(&at));
            if on_bill && !is_ours {
                expected.insert(Shown {
                    code: "missing_ours".to_owned(),
                    payment: payment.clone(),
                });
            }
        }
        for planted in &bill.planted {
            let is_ours = before.payments.contains(&planted.payment);
            match (planted.code.as_str(), is_ours) {
                ("missing_channel", false) => {
                    expected.retain(|shown| shown.payment != planted.payment);
                }
                ("duplicate_channel", _) | (_, true) => {
                    expected.insert(planted.clone());
                }
                (_, false) => {}
            }
        }
        let counts = |shown: &&Shown| !either.contains(&shown.payment);
        if !bill.is_there {
            let on_bill = |at: i64| (bill.starts_ms..bill.ends_ms).contains(&at);
            let mut its = trades.iter().filter(|trade| trade.channel == bill.channel);
            if let Some(trade) = its.find(|trade| trade.moments().any(on_bill)) {
                let found = format!("{} bill: none, but {}", bill.channel, trade.out_trade_no);
                self.found(Invariant::Recon, till, found);
            }
            return Ok(());
        }
        for missed in expected.difference(&bill.shown).filter(counts) {
            let found = format!(
                "{} bill: {} differs ({}) and is not shown",
                bill.channel, missed.payment, missed.code
            );
            self.found(Invariant::Recon, till, found);
        }
        for invented in bill.shown.difference(&expected).filter(counts) {
            let found = format!(
                "{} bill: {} is shown as {} and agrees",
                bill.channel, invented.payment, invented.code
            );
            self.found(Invariant::Recon, till, found);
        }
        Ok(())
    }
}
