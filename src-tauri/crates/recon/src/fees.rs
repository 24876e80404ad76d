//! The fee audit: every line's fee worked out again from the contract, and what the channel took too much or too
//! little. Lines of which the contract says nothing are counted, never guessed.

use crate::ReconError;
use paydesk_domain::{
    Amount, BillLine, ChannelDay, ContractRate, Currency, LineKind, LineState, Money, MoneyError,
};

/// One line whose fee is not the contract's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeeFinding {
    /// The bill's day.
    pub day: ChannelDay,
    /// Its line.
    pub line: BillLine,
    /// The contract's fee, signed as the bill signs it.
    pub contract: Money,
    /// The bill's fee less the contract's: positive where the channel took too much.
    pub more: Money,
}

/// By what a fee is worked out again.
pub struct FeeTerms<'a> {
    /// The contract's row of a day; `None` where it says nothing.
    pub contract: &'a dyn Fn(ChannelDay) -> Option<ContractRate>,
    /// Whether the channel gives the fee of a refund back, `None` where that is not known: then refunds are not
    /// audited.
    pub returns_fee: Option<bool>,
    /// The day of a refund's payment, whose rate comes back with it; where it is not known, the bill's own counts.
    pub paid_on: &'a dyn Fn(&BillLine) -> Option<ChannelDay>,
}

/// What an audit came to. Its lines are handed out as they are found, so it stays as small as it began.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeeAudit {
    /// Lines whose fee was worked out.
    pub audited: u64,
    /// Lines of which the contract says nothing: no rate on the day, or another currency.
    pub without_rate: u64,
    /// Lines on which too much was taken.
    pub lines_over: u64,
    /// Lines on which too little was taken.
    pub lines_under: u64,
    /// What the bills charge, over all lines audited.
    pub charged: Money,
    /// What the contract says, over the same lines.
    pub contract: Money,
    /// What was taken too much, all findings of that kind together.
    pub overcharged: Money,
    /// What was taken too little, not negative.
    pub undercharged: Money,
}

impl FeeAudit {
    /// Before the first line.
    #[must_use]
    pub fn begin(currency: Currency) -> FeeAudit {
        let none = Money::zero(currency);
        FeeAudit {
            audited: 0,
            without_rate: 0,
            lines_over: 0,
            lines_under: 0,
            charged: none,
            contract: none,
            overcharged: none,
            undercharged: none,
        }
    }

    /// Works out the fee of a line; of one that moved no money nothing is said. The finding, where the bill's fee is
    /// another.
    ///
    /// # Errors
    /// `Money` when a sum leaves 64 bits.
    pub fn line(
        &mut self,
        day: ChannelDay,
        line: &BillLine,
        terms: &FeeTerms<'_>,
    ) -> Result<Option<FeeFinding>, ReconError> {
        if line.state != LineState::Done {
            return Ok(None);
        }
        let Some(contract) = expected(line, day, self.charged.currency(), terms) else {
            self.without_rate += 1;
            return Ok(None);
        };
        let more = self.add(line, contract);
        let more = more.map_err(|source| ReconError::Money {
            side: "bill",
            reference: line.reference().to_owned(),
            source,
        })?;
        Ok((more.minor() != 0).then(|| FeeFinding {
            day,
            line: line.clone(),
            contract,
            more,
        }))
    }

    /// What the bill took more than the contract's fee.
    fn add(&mut self, line: &BillLine, contract: Money) -> Result<Money, MoneyError> {
        self.audited += 1;
        self.charged = self.charged.checked_add(line.fee)?;
        self.contract = self.contract.checked_add(contract)?;
        let more = line.fee.checked_sub(contract)?;
        match more.minor() {
            0 => {}
            1.. => {
                self.lines_over += 1;
                self.overcharged = self.overcharged.checked_add(more)?;
            }
            _ => {
                self.lines_under += 1;
                self.undercharged = self.undercharged.checked_sub(more)?;
            }
        }
        Ok(more)
    }
}

/// The contract's fee of a line; `None` where the contract says nothing.
fn expected(
    line: &BillLine,
    day: ChannelDay,
    currency: Currency,
    terms: &FeeTerms<'_>,
) -> Option<Money> {
    if line.amount.currency() != currency || line.fee.currency() != currency {
        return None;
    }
    let day = match (line.kind, terms.returns_fee) {
        (LineKind::Payment, _) => day,
        (LineKind::Refund, Some(true)) => (terms.paid_on)(line).unwrap_or(day),
        (LineKind::Refund, Some(false)) => return Some(Money::zero(currency)),
        (LineKind::Refund, None) => return None,
    };
    let row = (terms.contract)(day)?;
    let Ok(amount) = Amount::new(line.amount) else {
        return Some(Money::zero(currency));
    };
    let fee = row.fee_on(amount);
    Some(match line.kind {
        LineKind::Payment => fee,
        LineKind::Refund => Money::from_minor(fee.minor().checked_neg()?, currency),
    })
}
