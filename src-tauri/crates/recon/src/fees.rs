//! The fee audit: every line's fee worked out again from the contract, and what the channel took too much or too
//! little. Lines of which the contract says nothing are counted, never guessed.

use crate::ReconError;
use paydesk_domain::{
    Amount, BillLine, ChannelDay, Currency, LineKind, LineState, Money, MoneyError, RateTable,
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

/// What an audit came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeeAudit {
    /// Lines whose fee was worked out.
    pub audited: u64,
    /// Lines of which the contract says nothing: no rate on the day, or another currency.
    pub without_rate: u64,
    /// What the bills charge, over all lines audited.
    pub charged: Money,
    /// What the contract says, over the same lines.
    pub contract: Money,
    /// What was taken too much, all findings of that kind together.
    pub overcharged: Money,
    /// What was taken too little, not negative.
    pub undercharged: Money,
    /// Where, in the order of the lines.
    pub findings: Vec<FeeFinding>,
}

/// Works out the fee of every line that moved money. `paid_on` gives the day of a refund's payment, whose rate comes
/// back with it; where it is not known, the bill's own day counts. `returns_fee` is whether the channel gives the fee
/// of a refund back, `None` where that is not known: then refunds are not audited.
///
/// # Errors
/// `Money` when a sum leaves 64 bits.
pub fn audit_fees<'a>(
    lines: impl IntoIterator<Item = (ChannelDay, &'a BillLine)>,
    contract: &RateTable,
    currency: Currency,
    returns_fee: Option<bool>,
    paid_on: &dyn Fn(&BillLine) -> Option<ChannelDay>,
) -> Result<FeeAudit, ReconError> {
    let none = Money::zero(currency);
    let mut audit = FeeAudit {
        audited: 0,
        without_rate: 0,
        charged: none,
        contract: none,
        overcharged: none,
        undercharged: none,
        findings: Vec::new(),
    };
    for (day, line) in lines {
        if line.state != LineState::Done {
            continue;
        }
        match expected(line, day, contract, currency, returns_fee, paid_on) {
            None => audit.without_rate += 1,
            Some(expected) => {
                let added = audit.add(day, line, expected);
                added.map_err(|source| ReconError::Money {
                    side: "bill",
                    reference: line.reference().to_owned(),
                    source,
                })?;
            }
        }
    }
    Ok(audit)
}

/// The contract's fee of a line; `None` where the contract says nothing.
fn expected(
    line: &BillLine,
    day: ChannelDay,
    contract: &RateTable,
    currency: Currency,
    returns_fee: Option<bool>,
    paid_on: &dyn Fn(&BillLine) -> Option<ChannelDay>,
) -> Option<Money> {
    if line.amount.currency() != currency || line.fee.currency() != currency {
        return None;
    }
    let day = match (line.kind, returns_fee) {
        (LineKind::Payment, _) => day,
        (LineKind::Refund, Some(true)) => paid_on(line).unwrap_or(day),
        (LineKind::Refund, Some(false)) => return Some(Money::zero(currency)),
        (LineKind::Refund, None) => return None,
    };
    let row = contract.on(day)?;
    let Ok(amount) = Amount::new(line.amount) else {
        return Some(Money::zero(currency));
    };
    let fee = row.fee_on(amount);
    Some(match line.kind {
        LineKind::Payment => fee,
        LineKind::Refund => Money::from_minor(fee.minor().checked_neg()?, currency),
    })
}

impl FeeAudit {
    fn add(&mut self, day: ChannelDay, line: &BillLine, contract: Money) -> Result<(), MoneyError> {
        self.audited += 1;
        self.charged = self.charged.checked_add(line.fee)?;
        self.contract = self.contract.checked_add(contract)?;
        let more = line.fee.checked_sub(contract)?;
        if more.minor() == 0 {
            return Ok(());
        }
        if more.minor() > 0 {
            self.overcharged = self.overcharged.checked_add(more)?;
        } else {
            self.undercharged = self.undercharged.checked_sub(more)?;
        }
        self.findings.push(FeeFinding {
            day,
            line: line.clone(),
            contract,
            more,
        });
        Ok(())
    }
}
