//! What a till shows of a channel's bill must be what differs, and a bill must move nothing.

use crate::{Auditor, Invariant, Movement, Trade, Unreadable, books};
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

/// Stripe's bill tells a refund that came back twice, as done and as failed: both are shown, on whichever days they
/// stand.
fn came_back(trade: &Trade) -> bool {
    let is_back = |it: &Movement| it.kind == "refund" && it.state == "closed";
    trade.channel == "stripe" && trade.movements.iter().any(is_back)
}

/// A trade for which there should be a bill. One whose only line was left out on purpose is none.
fn should_be_on<'t>(bill: &Bill, trades: &'t [Trade]) -> Option<&'t Trade> {
    let on_bill = |at: i64| (bill.starts_ms..bill.ends_ms).contains(&at);
    let left_out = |payment: &str| {
        let mut planted = bill.planted.iter();
        planted.any(|it| it.code == "missing_channel" && it.payment == payment)
    };
    let mut its = trades
        .iter()
        .filter(|trade| trade.channel == bill.channel && !left_out(&trade.out_trade_no));
    its.find(|trade| trade.moments().any(on_bill))
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
            if spans_days(trade, bill) || came_back(trade) || self.is_half_forgotten(payment) {
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
            if let Some(trade) = should_be_on(bill, &trades) {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn trade(channel: &str, payment: &str, at: i64) -> Trade {
        let charge = serde_json::json!({
            "kind": "charge", "number": "", "amount": 100, "state": "success", "accepted_ms": at, "settled_ms": at,
        });
        serde_json::from_value(serde_json::json!({
            "channel": channel, "out_trade_no": payment, "asked": 100, "state": "paid", "movements": [charge],
        }))
        .unwrap()
    }

    fn bill(planted: &[(&str, &str)]) -> Bill {
        let planted = planted.iter().map(|(code, payment)| Shown {
            code: (*code).to_owned(),
            payment: (*payment).to_owned(),
        });
        Bill {
            channel: "alipay".to_owned(),
            starts_ms: 1_000,
            ends_ms: 2_000,
            is_there: false,
            shown: BTreeSet::new(),
            planted: planted.collect(),
        }
    }

    #[test]
    fn a_bill_that_is_not_there_is_missed_where_it_would_have_a_line() {
        let trades = [
            trade("wechatpay", "w", 1_500),
            trade("alipay", "before", 999),
            trade("alipay", "after", 2_000),
        ];
        assert!(should_be_on(&bill(&[]), &trades).is_none());
        let [w, before, after] = trades;
        let trades = [w, before, after, trade("alipay", "a", 1_000)];
        let of = |planted: &[(&str, &str)]| {
            let bill = bill(planted);
            should_be_on(&bill, &trades).map(|trade| trade.out_trade_no.clone())
        };
        assert_eq!(of(&[]).as_deref(), Some("a"));
        assert_eq!(of(&[("fee", "a")]).as_deref(), Some("a"));
        assert_eq!(of(&[("missing_channel", "other")]).as_deref(), Some("a"));
        // Seed 1080.
        assert_eq!(of(&[("missing_channel", "a")]), None);
    }
}
