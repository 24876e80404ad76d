//! Our side of a channel's day, and what comes out when the bill is held against it.

use crate::{
    DeskError,
    ports::{BillRow, Booked, BookedAsk, BookedRow, DaySummary, KeptDifference, Verdict},
    shop::Account,
};
use paydesk_channels::BillFault;
use paydesk_domain::{
    Amount, BillLine, BookLine, BreakCode, ChannelDay, DayCut, LineKind, Money, Payment, Refund,
    Timestamp, Totals,
};
use paydesk_recon::{BillSide, BriefLine, Met, PlainBooks, Setting, Settled};
use std::collections::{BTreeMap, BTreeSet};

/// The day of a trade bill.
pub(super) fn day_of_bill(
    asked: Option<ChannelDay>,
    said: Option<ChannelDay>,
    first: Option<Timestamp>,
    cut: DayCut,
) -> Result<ChannelDay, DeskError> {
    day_or_first(asked, said, first.and_then(|at| cut.day_of(at)))
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

/// Whose bill, of which day, and by which contract.
#[derive(Clone, Copy)]
pub(super) struct Day<'a> {
    pub(super) account: &'a Account,
    /// When its days begin.
    pub(super) cut: DayCut,
    pub(super) setting: Setting,
    /// Whether the channel gives its fee back with a refund; not known of every channel.
    pub(super) returns_fee: Option<bool>,
}

impl Day<'_> {
    fn is_near(&self, day: ChannelDay) -> bool {
        let here = self.setting.day;
        day == here || Some(day) == here.next() || Some(day) == here.previous()
    }

    /// From the first moment of the day before to the last of the day after.
    pub(super) fn near(&self) -> (Timestamp, Timestamp) {
        let bounds = |day: Option<ChannelDay>| day.and_then(|day| self.cut.bounds(day));
        let (starts, ends) = (self.setting.starts, self.setting.ends);
        (
            bounds(self.setting.day.previous()).map_or(starts, |it| it.0),
            bounds(self.setting.day.next()).map_or(ends, |it| it.1),
        )
    }

    fn is_here(&self, at: Timestamp) -> bool {
        (self.setting.starts..self.setting.ends).contains(&at)
    }

    /// The fee of a payment by the contract.
    fn fee(&self, day: ChannelDay, amount: Amount) -> Option<Money> {
        let row = if day == self.setting.day {
            self.setting.contract
        } else {
            self.account.contract_on(day)
        };
        row.map(|row| row.fee_on(amount))
    }

    /// What comes back with a refund is what was kept, by the rate of the day of the payment.
    fn fee_back(
        &self,
        day: ChannelDay,
        paid_at: Option<Timestamp>,
        amount: Amount,
    ) -> Option<Money> {
        let paid_on = paid_at.and_then(|at| self.cut.day_of(at)).unwrap_or(day);
        match self.returns_fee? {
            true => {
                let kept = self.fee(paid_on, amount)?;
                let minor = kept.minor().checked_neg()?;
                Some(Money::from_minor(minor, kept.currency()))
            }
            false => {
                self.account.contract_on(paid_on)?;
                Some(Money::zero(amount.currency()))
            }
        }
    }

    /// Our side: what was paid or given back around the day, and what is still open.
    pub(super) fn book_lines(&self, booked: &Booked) -> Vec<BookLine> {
        let payments = booked
            .payments
            .iter()
            .filter(|payment| payment.plan().account == self.account.id)
            .filter_map(|payment| self.payment_line(payment));
        let refunds = booked
            .refunds
            .iter()
            .filter(|(_, payment)| payment.plan().account == self.account.id)
            .filter_map(|(refund, payment)| self.refund_line(refund, payment));
        payments
            .chain(refunds)
            .filter(|line| self.is_near(line.day))
            .collect()
    }

    fn payment_line(&self, payment: &Payment) -> Option<BookLine> {
        let amount = payment.plan().amount;
        let at = payment.booked_at();
        let day = self.cut.day_of(at)?;
        Some(BookLine {
            kind: LineKind::Payment,
            payment: payment.reference().to_string(),
            refund: String::new(),
            transaction: payment.paid().map(|paid| paid.channel_ref.0.clone()),
            amount: amount.money(),
            fee: self.fee(day, amount),
            at,
            day,
            state: payment.line_state(),
        })
    }

    fn refund_line(&self, refund: &Refund, payment: &Payment) -> Option<BookLine> {
        let amount = refund.plan().amount;
        let at = refund.booked_at();
        let day = self.cut.day_of(at)?;
        Some(BookLine {
            kind: LineKind::Refund,
            payment: payment.reference().to_string(),
            refund: refund.reference().to_string(),
            transaction: payment.paid().map(|paid| paid.channel_ref.0.clone()),
            amount: amount.money(),
            fee: self.fee_back(day, payment.paid().map(|paid| paid.at), amount),
            at,
            day,
            state: refund.line_state(),
        })
    }

    /// Holds a row of our books against the bill; what does not agree beyond doubt is asked for whole.
    pub(super) fn meet(&self, plain: &mut PlainBooks, row: &BookedRow, ask: &mut BookedAsk) {
        let is_here = self.is_here(row.at);
        let amount = Amount::new(row.amount).ok().filter(|_| is_here);
        let day = self.setting.day;
        let fee = match row.kind {
            LineKind::Payment => amount.and_then(|amount| self.fee(day, amount)),
            LineKind::Refund => amount.and_then(|it| self.fee_back(day, row.paid_at, it)),
        };
        let line = BriefLine {
            kind: row.kind,
            reference: row.reference(),
            amount: row.amount,
            fee,
            state: row.state,
        };
        // What the store holds was written from references of this program.
        match plain.push(&line, true, is_here) {
            Met::Agrees | Met::Elsewhere => {}
            Met::Left => {
                let reference = String::from_utf8_lossy(row.reference());
                ask.references.insert(reference.into_owned());
            }
        }
    }

    /// Of what came by a number of the channel, that which the bill has not met yet: a payment of this day that was
    /// not asked for by its reference agrees already.
    pub(super) fn is_open(&self, line: &BookLine, ask: &BookedAsk) -> bool {
        line.day != self.setting.day || ask.references.contains(line.reference())
    }
}

/// A bill against our books.
pub(super) struct Compared {
    /// The lines that took a second thought.
    pub(super) rows: Vec<BillRow>,
    pub(super) differences: Vec<KeptDifference>,
    pub(super) summary: DaySummary,
}

impl Compared {
    /// References of ours that are not on the bill, and so may be on a neighbour's.
    pub(super) fn misses(&self) -> BTreeSet<String> {
        let missing = |it: &&KeptDifference| {
            matches!(
                it.found.code,
                BreakCode::MissingChannel | BreakCode::RefundMissing
            )
        };
        let books = self.differences.iter().filter(missing);
        books
            .filter_map(|it| Some(it.found.book.as_ref()?.reference().to_owned()))
            .collect()
    }
}

/// What the engine is given, and what agreed before.
pub(super) struct Rest {
    pub(super) settled: Settled,
    pub(super) lines: Vec<BillLine>,
    pub(super) books: Vec<BookLine>,
    /// What the file says of itself.
    pub(super) file: Totals,
}

/// Compares; `others` are lines of the neighbouring bills, as far as they are kept.
pub(super) fn compare(
    setting: Setting,
    rest: &Rest,
    others: &[(ChannelDay, BillLine)],
) -> Result<Compared, DeskError> {
    let broken = broken_sum;
    let currency = rest.file.paid.currency();
    let mut bill = BillSide::new(setting);
    for line in &rest.lines {
        bill.push(line.clone()).map_err(broken)?;
    }
    let mut ours = bill.close(Some(rest.file));
    for line in &rest.books {
        ours.push(line.clone()).map_err(broken)?;
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
        .and_then(|summary| rest.settled.with(summary))
        .map_err(broken)?;
    // A row of a neighbour's bill is no row of this one.
    let is_here = |it: &&KeptDifference| it.counts_bill || it.found.code == BreakCode::Fee;
    let named: BTreeMap<u64, BreakCode> = differences
        .iter()
        .rev()
        .filter(is_here)
        .filter_map(|it| Some((it.found.bill.as_ref()?.row, it.found.code)))
        .collect();
    let rows = rest
        .lines
        .iter()
        .map(|line| {
            let verdict = named
                .get(&line.row)
                .map_or(Verdict::Agrees, |code| Verdict::Differs(*code));
            BillRow {
                matched: matched.remove(&line.row),
                verdict,
                line: line.clone(),
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

pub(super) fn broken_sum(error: paydesk_recon::ReconError) -> DeskError {
    tracing::warn!(%error, "a bill could not be compared");
    DeskError::Bill(BillFault::Totals(error.to_string()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use paydesk_domain::{Currency, LineState};
    use paydesk_recon::PlainBill;

    #[test]
    fn a_line_on_the_neighbours_bill_is_named_and_marks_no_row_of_this_one() {
        let day = ChannelDay(20_261_120);
        let setting = Setting::of(day, DayCut::MIDNIGHT, None).unwrap();
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
            let rest = Rest {
                settled: PlainBill::default().close().settled().unwrap(),
                lines: vec![line("A")],
                books: vec![book("A"), book("B")],
                file: Totals::zero(Currency::CNY),
            };
            compare(setting, &rest, others).unwrap()
        };
        let alone = compared(&[]);
        assert_eq!(alone.misses(), BTreeSet::from(["B".to_owned()]));
        assert_eq!(alone.differences[0].found.code, BreakCode::MissingChannel);
        let beside = compared(&[(ChannelDay(20_261_121), line("B"))]);
        assert_eq!(beside.differences[0].found.code, BreakCode::NextDay);
        assert_eq!(beside.rows[0].verdict, Verdict::Agrees);
        assert!(beside.misses().is_empty());
    }
}
