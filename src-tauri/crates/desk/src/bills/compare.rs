//! Our side of a channel's day, and what comes out when the bill is held against it.

use super::channel_day;
use crate::{
    DeskError,
    ports::{BillRow, Booked, DaySummary, KeptDifference, Verdict},
    shop::Account,
};
use paydesk_channels::BillFault;
use paydesk_domain::{
    BillLine, BookLine, BreakCode, ChannelDay, LineKind, LineState, Money, Payment, PaymentState,
    Refund, RefundState, Totals,
};
use paydesk_recon::{BillSide, Setting};
use std::collections::BTreeMap;

/// The day of a trade bill.
pub(super) fn day_of_bill(
    asked: Option<ChannelDay>,
    said: Option<ChannelDay>,
    lines: &[BillLine],
) -> Result<ChannelDay, DeskError> {
    let first = lines.first().and_then(|line| channel_day(line.at));
    day_or_first(asked, said, first)
}

/// The day the file says, which must be the one that was asked for; without either, that of its first line.
pub(super) fn day_or_first(
    asked: Option<ChannelDay>,
    said: Option<ChannelDay>,
    first: Option<ChannelDay>,
) -> Result<ChannelDay, DeskError> {
    match (asked, said.or(first)) {
        (Some(asked), Some(found)) if asked != found => Err(BillFault::WrongDay(found).into()),
        (Some(asked), _) => Ok(asked),
        (None, Some(found)) => Ok(found),
        // Neither a title nor a line names a day.
        (None, None) => Err(BillFault::Truncated.into()),
    }
}

/// Our side: what was paid or given back around the day, and what is still open.
pub(super) fn book_lines(
    booked: &Booked,
    account: &Account,
    returns_fee: Option<bool>,
    setting: &Setting,
) -> Vec<BookLine> {
    let near = |day: ChannelDay| {
        day == setting.day || Some(day) == setting.day.next() || Some(day) == setting.day.previous()
    };
    let payments = booked
        .payments
        .iter()
        .filter(|payment| payment.plan().account == account.id)
        .filter_map(|payment| payment_line(payment, account));
    let refunds = booked
        .refunds
        .iter()
        .filter(|(_, payment)| payment.plan().account == account.id)
        .filter_map(|(refund, payment)| refund_line(refund, payment, account, returns_fee));
    payments
        .chain(refunds)
        .filter(|line| near(line.day))
        .collect()
}

fn payment_line(payment: &Payment, account: &Account) -> Option<BookLine> {
    let paid = payment.paid();
    let state = match payment.state() {
        PaymentState::Paid { .. } | PaymentState::PaidLate { .. } => LineState::Done,
        PaymentState::Closed { .. } | PaymentState::Watching { .. } => LineState::Failed,
        PaymentState::Awaiting { .. }
        | PaymentState::Ending { .. }
        | PaymentState::Held { .. }
        | PaymentState::InDoubt { .. }
        | PaymentState::Processing { .. } => LineState::Pending,
    };
    let at = paid.map_or(payment.begun_at(), |paid| paid.at);
    let amount = payment.plan().amount;
    let day = channel_day(at)?;
    Some(BookLine {
        kind: LineKind::Payment,
        payment: payment.reference().to_string(),
        refund: String::new(),
        transaction: paid.map(|paid| paid.channel_ref.0.clone()),
        amount: amount.money(),
        fee: account.contract_on(day).map(|row| row.fee_on(amount)),
        at,
        day,
        state,
    })
}

fn refund_line(
    refund: &Refund,
    payment: &Payment,
    account: &Account,
    returns_fee: Option<bool>,
) -> Option<BookLine> {
    let (state, at) = match refund.state() {
        RefundState::Done { at, .. } => (LineState::Done, *at),
        RefundState::Cancelled { .. } | RefundState::Failed { .. } => {
            (LineState::Failed, refund.begun_at())
        }
        RefundState::Accepted { .. } | RefundState::InDoubt { .. } => {
            (LineState::Pending, refund.begun_at())
        }
    };
    let amount = refund.plan().amount;
    let day = channel_day(at)?;
    // What comes back is what was kept, by the rate of the day of the payment.
    let paid_on = payment.paid().and_then(|paid| channel_day(paid.at));
    let fee = match (account.contract_on(paid_on.unwrap_or(day)), returns_fee) {
        (Some(row), Some(true)) => {
            let kept = row.fee_on(amount);
            Some(Money::from_minor(
                kept.minor().checked_neg()?,
                kept.currency(),
            ))
        }
        (Some(_), Some(false)) => Some(Money::zero(amount.currency())),
        (None, _) | (_, None) => None,
    };
    Some(BookLine {
        kind: LineKind::Refund,
        payment: payment.reference().to_string(),
        refund: refund.reference().to_string(),
        transaction: payment.paid().map(|paid| paid.channel_ref.0.clone()),
        amount: amount.money(),
        fee,
        at,
        day,
        state,
    })
}

/// A bill against our books.
pub(super) struct Compared {
    pub(super) rows: Vec<BillRow>,
    pub(super) differences: Vec<KeptDifference>,
    pub(super) summary: DaySummary,
}

impl Compared {
    /// Whether something of ours is not on the bill, and so may be on a neighbour's.
    pub(super) fn misses_ours(&self) -> bool {
        let missing = |code| matches!(code, BreakCode::MissingChannel | BreakCode::RefundMissing);
        self.differences.iter().any(|it| missing(it.found.code))
    }
}

/// Compares; `others` are lines of the neighbouring bills, as far as they are kept.
pub(super) fn compare(
    setting: Setting,
    lines: Vec<BillLine>,
    books: Vec<BookLine>,
    file: Totals,
    others: &[(ChannelDay, BillLine)],
) -> Result<Compared, DeskError> {
    let broken = |error: paydesk_recon::ReconError| {
        tracing::warn!(%error, "a bill could not be compared");
        DeskError::Bill(BillFault::Totals(error.to_string()))
    };
    let currency = file.paid.currency();
    let mut bill = BillSide::new(setting);
    for line in &lines {
        bill.push(line.clone()).map_err(broken)?;
    }
    let mut ours = bill.close(Some(file));
    for line in books {
        ours.push(line).map_err(broken)?;
    }
    let mut matched = BTreeMap::new();
    let mut differences = Vec::new();
    let mut neighbours = ours.close().map_err(broken)?;
    for (day, line) in others {
        neighbours.push(*day, line).map_err(broken)?;
    }
    let summary = neighbours
        .finish(
            &mut |pair| {
                matched.insert(pair.row, pair.reference.to_owned());
            },
            &mut |difference| {
                differences.push(KeptDifference {
                    found: difference.found,
                    explanation: difference.explanation,
                    counts_bill: difference.counts.bill,
                    counts_book: difference.counts.book,
                });
            },
        )
        .map_err(broken)?;
    // A row of a neighbour's bill is no row of this one.
    let is_here = |it: &&KeptDifference| it.counts_bill || it.found.code == BreakCode::Fee;
    let named: BTreeMap<u64, BreakCode> = differences
        .iter()
        .rev()
        .filter(is_here)
        .filter_map(|it| Some((it.found.bill.as_ref()?.row, it.found.code)))
        .collect();
    let rows = lines
        .into_iter()
        .map(|line| {
            let verdict = named
                .get(&line.row)
                .map_or(Verdict::Agrees, |code| Verdict::Differs(*code));
            BillRow {
                matched: matched.remove(&line.row),
                verdict,
                line,
            }
        })
        .collect();
    Ok(Compared {
        rows,
        differences,
        summary: DaySummary {
            matched: summary.matched,
            differences: summary.differences,
            bill: summary.bill_in(currency),
            books: summary.books_in(currency),
        },
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use paydesk_domain::{Currency, Timestamp};

    #[test]
    fn a_line_on_the_neighbours_bill_is_named_and_marks_no_row_of_this_one() {
        let day = ChannelDay(20_261_120);
        let setting = Setting::of_china(day, None).unwrap();
        let money = Money::from_minor(4_650, Currency::CNY);
        let line = |payment: &str| BillLine {
            row: 2,
            kind: LineKind::Payment,
            payment: payment.to_owned(),
            refund: String::new(),
            transaction: format!("42{payment}"),
            amount: money,
            fee: Money::zero(Currency::CNY),
            at: Timestamp(setting.ends.0 - 1_000),
            state: LineState::Done,
        };
        let book = |payment: &str| BookLine {
            kind: LineKind::Payment,
            payment: payment.to_owned(),
            refund: String::new(),
            transaction: None,
            amount: money,
            fee: None,
            at: Timestamp(setting.ends.0 - 1_000),
            day,
            state: LineState::Done,
        };
        let compared = |others: &[(ChannelDay, BillLine)]| {
            let (bill, books) = (vec![line("A")], vec![book("A"), book("B")]);
            compare(setting, bill, books, Totals::zero(Currency::CNY), others).unwrap()
        };
        let alone = compared(&[]);
        assert!(alone.misses_ours());
        assert_eq!(alone.differences[0].found.code, BreakCode::MissingChannel);
        let beside = compared(&[(ChannelDay(20_261_121), line("B"))]);
        assert_eq!(beside.differences[0].found.code, BreakCode::NextDay);
        assert_eq!(beside.rows[0].verdict, Verdict::Agrees);
        assert!(!beside.misses_ours());
    }
}
