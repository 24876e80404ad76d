//! What each difference of a day is on the way from our books to the bill.

use crate::{close::Carried, ports::WorkItem};
use paydesk_domain::{ItemState, LineKind, LineState, Money, MoneyError};

/// Under which name a difference stands in the bridge.
pub(crate) fn step(item: &WorkItem) -> &'static str {
    let decided = item.treatment.decided();
    decided.map_or("open", |decision| decision.act.name())
}

/// How much of the way from our net to the bill's this difference is; `None` where two currencies meet.
pub(crate) fn way(item: &WorkItem) -> Result<Option<Money>, MoneyError> {
    let difference = &item.difference;
    let bill = difference
        .found
        .bill
        .as_ref()
        .filter(|_| difference.counts_bill);
    let book = difference
        .found
        .book
        .as_ref()
        .filter(|_| difference.counts_book);
    let bill = bill.map(|line| side(line.kind, line.state, line.amount, Some(line.fee)));
    let book = book.map(|line| side(line.kind, line.state, line.amount, line.fee));
    match (bill.transpose()?, book.transpose()?) {
        (Some(bill), Some(book)) if bill.currency() != book.currency() => Ok(None),
        (Some(bill), Some(book)) => bill.checked_sub(book).map(Some),
        (Some(bill), None) => Ok(Some(bill)),
        (None, Some(book)) => Money::zero(book.currency()).checked_sub(book).map(Some),
        (None, None) => Ok(None),
    }
}

/// What a line adds to the net of its side.
fn side(
    kind: LineKind,
    state: LineState,
    amount: Money,
    fee: Option<Money>,
) -> Result<Money, MoneyError> {
    let none = Money::zero(amount.currency());
    if state != LineState::Done {
        return Ok(none);
    }
    let moved = match kind {
        LineKind::Payment => amount,
        LineKind::Refund => none.checked_sub(amount)?,
    };
    fee.map_or(Ok(moved), |fee| moved.checked_sub(fee))
}

pub(crate) fn carried(item: &WorkItem) -> Option<Carried> {
    if item.treatment.state() != ItemState::Exception {
        return None;
    }
    let decided = item.treatment.decided();
    Some(Carried {
        account: item.name.account.clone(),
        item: item.name.item.clone(),
        difference: item.difference.found.difference,
        owner: item.treatment.owner.clone(),
        remark: decided.map_or_else(String::new, |decision| decision.remark.clone()),
    })
}
