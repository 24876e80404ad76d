//! Sums of one side, one per currency, checked.

use crate::ReconError;
use paydesk_domain::{Currency, LineKind, LineState, Money, MoneyError, Totals};

/// Sums per currency; kept in the order of the codes.
#[derive(Default)]
pub(crate) struct Sums(Vec<Totals>);

impl Sums {
    /// Adds a line whose money moved.
    pub(crate) fn add(
        &mut self,
        side: &'static str,
        reference: &str,
        kind: LineKind,
        state: LineState,
        amount: Money,
        fee: Option<Money>,
    ) -> Result<(), ReconError> {
        if state != LineState::Done {
            return Ok(());
        }
        let currency = amount.currency();
        let at = match self.0.as_slice() {
            [only] if only.paid.currency() == currency => 0,
            _ => self.place(currency),
        };
        let Some(totals) = self.0.get_mut(at) else {
            return Ok(());
        };
        add(totals, kind, amount, fee).map_err(|source| ReconError::Money {
            side,
            reference: reference.to_owned(),
            source,
        })
    }

    /// The sums of two parts of one side.
    pub(crate) fn of_both(
        side: &'static str,
        one: &[Totals],
        other: &[Totals],
    ) -> Result<Vec<Totals>, ReconError> {
        let mut sums = Sums(one.to_vec());
        for totals in other {
            let currency = totals.paid.currency();
            let place = sums.place(currency);
            if let Some(sum) = sums.0.get_mut(place) {
                let both = join(sum, totals);
                *sum = both.map_err(|source| ReconError::Money {
                    side,
                    reference: String::new(),
                    source,
                })?;
            }
        }
        Ok(sums.0)
    }

    /// Where a currency's sums stand; they are made where there are none.
    fn place(&mut self, currency: Currency) -> usize {
        let found = self
            .0
            .binary_search_by(|t| t.paid.currency().code().cmp(currency.code()));
        found.unwrap_or_else(|at| {
            self.0.insert(at, Totals::zero(currency));
            at
        })
    }

    pub(crate) fn done(self) -> Vec<Totals> {
        self.0
    }
}

fn add(
    totals: &mut Totals,
    kind: LineKind,
    amount: Money,
    fee: Option<Money>,
) -> Result<(), MoneyError> {
    match kind {
        LineKind::Payment => {
            totals.paid = totals.paid.checked_add(amount)?;
            totals.payments += 1;
        }
        LineKind::Refund => {
            totals.refunded = totals.refunded.checked_add(amount)?;
            totals.refunds += 1;
        }
    }
    if let Some(fee) = fee {
        totals.fee = totals.fee.checked_add(fee)?;
    }
    Ok(())
}

fn join(one: &Totals, other: &Totals) -> Result<Totals, MoneyError> {
    Ok(Totals {
        payments: one.payments + other.payments,
        paid: one.paid.checked_add(other.paid)?,
        refunds: one.refunds + other.refunds,
        refunded: one.refunded.checked_add(other.refunded)?,
        fee: one.fee.checked_add(other.fee)?,
    })
}

/// The totals of a currency, or nothing.
pub(crate) fn of(all: &[Totals], currency: Currency) -> Totals {
    all.iter()
        .find(|t| t.paid.currency() == currency)
        .copied()
        .unwrap_or_else(|| Totals::zero(currency))
}
