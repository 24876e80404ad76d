//! The cash of a day as it is signed: what was taken and given back, and each drawer's float and count.

use crate::{Desk, DeskError, ports::DrawerDay};
use paydesk_domain::{BusinessDay, ChannelDay, Drawer, Money, MoneyError};
use serde::Serialize;

/// A day's cash in one currency.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CashDay {
    /// The currency.
    pub currency: &'static str,
    /// Payments.
    pub payments: u64,
    /// Their sum.
    pub taken: Money,
    /// Refunds.
    pub refunds: u64,
    /// Their sum, not negative.
    pub returned: Money,
    /// What was put in that is no payment.
    pub paid_in: Money,
    /// What was taken out that is no refund, not negative.
    pub paid_out: Money,
    /// How often the drawer was opened without a sale.
    pub no_sales: u64,
    /// The drawers whose float was counted on this day, the oldest first.
    pub drawers: Vec<CashDrawer>,
}

/// A drawer from its float to its count.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CashDrawer {
    /// The count at the beginning.
    pub float: Money,
    /// Who counted it.
    pub opened_by: String,
    /// What should be there at the end; none while it is open.
    pub expected: Option<Money>,
    /// What was there.
    pub counted: Option<Money>,
    /// Counted less expected: negative is short, positive over.
    pub difference: Option<Money>,
    /// Who counted it, and why again, where it was counted again.
    pub counted_by: Option<String>,
    /// What was said about the count.
    pub remark: String,
}

impl CashDay {
    /// Whether one of its drawers is not counted at the end.
    pub(crate) fn is_open(&self) -> bool {
        self.drawers.iter().any(|drawer| drawer.counted.is_none())
    }

    /// Taken less given back.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn net(&self) -> Result<Money, MoneyError> {
        self.taken.checked_sub(self.returned)
    }
}

fn cash_drawer(drawer: &Drawer) -> CashDrawer {
    let counted = drawer.counted.as_ref();
    CashDrawer {
        float: drawer.opened.entry.amount,
        opened_by: drawer.opened.by.clone(),
        expected: counted.and_then(|it| it.entry.expected),
        counted: counted.map(|it| it.entry.amount),
        difference: counted.and_then(|it| it.entry.difference()),
        counted_by: counted.map(|it| it.by.clone()),
        remark: counted.map_or_else(String::new, |it| it.entry.reason.clone()),
    }
}

fn cash_day(day: &DrawerDay) -> CashDay {
    let sums = &day.sums;
    CashDay {
        currency: day.currency.code(),
        payments: sums.taken.count,
        taken: sums.taken.sum,
        refunds: sums.returned.count,
        returned: sums.returned.sum,
        paid_in: sums.paid_in.sum,
        paid_out: sums.paid_out.sum,
        no_sales: sums.no_sales,
        drawers: day.drawers.iter().map(cash_drawer).collect(),
    }
}

impl Desk {
    /// The cash of the business day with this date; empty when no drawer moved.
    ///
    /// # Errors
    /// The store's.
    pub async fn cash_day(&self, day: ChannelDay) -> Result<Vec<CashDay>, DeskError> {
        let days = self
            .ports
            .store
            .drawers()
            .drawer_day(BusinessDay(day.0))
            .await?;
        Ok(days.iter().map(cash_day).collect())
    }
}
