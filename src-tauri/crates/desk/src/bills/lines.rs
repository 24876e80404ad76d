//! The lines of a bill, wherever they are: in a file that is gone through and never held, or here.

use super::looked::working;
use crate::{
    Desk, DeskError,
    ports::{BillSource, Layout, Place, StoreError},
};
use paydesk_channels::{
    AccountSettings, BillEnd, BillFault, BillLink, Bills, Brief, EachBrief, Span,
};
use paydesk_domain::{
    AccountId, BillLine, ChannelDay, LineKind, LineState, Money, Timestamp, Totals,
};
use paydesk_recon::{BriefLine, NEAR_MIDNIGHT_SECONDS, PlainBill};
use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

/// Every so many lines the place of one is kept, so that a page in the middle is found.
const SPAN_LINES: u64 = 512;

const HOUR_MS: i64 = 3_600_000;

/// So many lines of a bill's end are looked at for those near midnight.
const LAST_LINES: u64 = 2_048;

/// The lines of a bill; they can be gone through again and again.
#[derive(Clone)]
pub(crate) enum Lines {
    /// In a file.
    File(InFile),
    /// Here, with what the file says of itself.
    Held(Arc<[BillLine]>, Totals),
}

/// A bill's file and who reads it.
#[derive(Clone)]
pub(crate) struct InFile {
    pub(crate) bills: &'static dyn Bills,
    pub(crate) source: Arc<dyn BillSource>,
    pub(crate) link: Option<BillLink>,
    pub(crate) settings: AccountSettings,
}

/// What remains of lines that streamed past.
pub(super) struct Streamed {
    pub(super) plain: PlainBill,
    pub(super) layout: Layout,
    pub(super) end: BillEnd,
    /// When the first line happened.
    pub(super) first: Option<Timestamp>,
}

fn unreadable(_error: std::io::Error) -> BillFault {
    BillFault::Archive("it cannot be read")
}

impl InFile {
    fn stream(&self, each: EachBrief<'_>) -> Result<BillEnd, BillFault> {
        let mut file = self.source.open().map_err(unreadable)?;
        self.bills
            .stream(&mut *file, self.link.as_ref(), &self.settings, each)
    }
}

impl Lines {
    /// Goes through all lines once.
    pub(super) fn streamed(&self) -> Result<Streamed, BillFault> {
        let mut streamed = Streamed {
            plain: PlainBill::default(),
            layout: Layout::default(),
            end: BillEnd {
                day: None,
                content_sha256: String::new(),
                totals: Totals::zero(paydesk_domain::Currency::CNY),
            },
            first: None,
        };
        let mut each = |line: Brief<'_>| {
            streamed.take(&line);
            Ok(())
        };
        let end = match self {
            Lines::File(file) => Some(file.stream(&mut each)?),
            Lines::Held(lines, _) => {
                for (at, line) in (0_u64..).zip(lines.iter()) {
                    each(Brief::of(line, at))?;
                }
                None
            }
        };
        match (end, self) {
            (Some(end), _) => streamed.end = end,
            (None, Lines::Held(_, totals)) => streamed.end.totals = *totals,
            (None, Lines::File(_)) => {}
        }
        Ok(streamed)
    }

    /// Reads some lines again.
    pub(super) fn at(
        &self,
        spans: &mut dyn Iterator<Item = Span>,
        each: &mut dyn FnMut(BillLine),
    ) -> Result<(), BillFault> {
        match self {
            Lines::File(file) => {
                let mut open = file.source.open().map_err(unreadable)?;
                file.bills.lines_at(&mut *open, spans, each)
            }
            Lines::Held(lines, _) => {
                for span in spans {
                    let from = usize::try_from(span.offset).unwrap_or(usize::MAX);
                    (lines.iter().skip(from).take(span.lines)).for_each(|it| each(it.clone()));
                }
                Ok(())
            }
        }
    }

    /// The lines that have one of these references.
    pub(super) fn named(&self, wanted: &BTreeSet<String>) -> Result<Vec<BillLine>, BillFault> {
        let wanted: HashSet<&[u8]> = wanted.iter().map(String::as_bytes).collect();
        let mut spans = Vec::new();
        let mut each = |line: Brief<'_>| {
            if wanted.contains(line.reference) {
                spans.push(Span {
                    row: line.row,
                    offset: line.offset,
                    lines: 1,
                });
            }
            Ok(())
        };
        match self {
            Lines::File(file) => {
                file.stream(&mut each)?;
            }
            Lines::Held(lines, _) => {
                for (at, line) in (0_u64..).zip(lines.iter()) {
                    each(Brief::of(line, at))?;
                }
            }
        }
        let mut found = Vec::new();
        self.at(&mut spans.into_iter(), &mut |line| found.push(line))?;
        Ok(found)
    }

    /// Some lines that follow each other, the first of them counted from 0.
    ///
    /// # Errors
    /// `BillFault` where the file is not any more what it was.
    pub(crate) fn page(
        &self,
        layout: &Layout,
        from: u64,
        limit: usize,
    ) -> Result<Vec<BillLine>, BillFault> {
        let span = usize::try_from(from / SPAN_LINES).unwrap_or(usize::MAX);
        let place = layout.places.get(span);
        let Some(place) = place.filter(|_| limit > 0) else {
            return Ok(Vec::new());
        };
        let before = usize::try_from(from % SPAN_LINES).unwrap_or(0);
        let span = Span {
            row: place.row,
            offset: place.offset,
            lines: before.saturating_add(limit),
        };
        let (mut lines, mut read) = (Vec::new(), 0);
        self.at(&mut std::iter::once(span), &mut |line| {
            read += 1;
            if read > before {
                lines.push(line);
            }
        })?;
        Ok(lines)
    }
}

impl Desk {
    /// What is left of the lines of a kept bill so near the end of its day that they may be settled with the next,
    /// each signed; none where no bill is kept.
    pub(crate) async fn near_end(
        &self,
        account: &AccountId,
        day: ChannelDay,
    ) -> Result<Vec<Money>, DeskError> {
        let kept = self.ports.store.bills(account, day, day).await?;
        let kept = kept.first();
        let ends = kept.and_then(|it| super::cut_of(&it.channel).bounds(day));
        let Some((kept, (_, ends))) = kept.zip(ends) else {
            return Ok(Vec::new());
        };
        let lines = match self.kept_lines(kept).await? {
            (lines, Some(layout)) => {
                // A bill is in the order of time: its last lines stand at its end.
                let from = layout.lines.saturating_sub(LAST_LINES);
                let limit = usize::try_from(LAST_LINES).unwrap_or(usize::MAX);
                working(|| lines.page(&layout, from, limit)).map_err(|it| damaged(&it))?
            }
            (Lines::Held(lines, _), None) => lines.to_vec(),
            (Lines::File(_), None) => Vec::new(),
        };
        let near = i64::try_from(NEAR_MIDNIGHT_SECONDS * 1_000).unwrap_or(0);
        let is_near = |line: &&BillLine| {
            line.state == LineState::Done && (0..=near).contains(&(ends.0 - line.at.0))
        };
        lines.iter().filter(is_near).map(left_of).collect()
    }
}

/// What a line leaves: a payment less its fee, a refund taken off.
fn left_of(line: &BillLine) -> Result<Money, DeskError> {
    let zero = Money::zero(line.amount.currency());
    let moved = match line.kind {
        LineKind::Payment => line.amount,
        LineKind::Refund => zero.checked_sub(line.amount)?,
    };
    Ok(moved.checked_sub(line.fee)?)
}

impl Streamed {
    fn take(&mut self, line: &Brief<'_>) {
        self.first.get_or_insert(line.at);
        if self.layout.lines.is_multiple_of(SPAN_LINES) {
            self.layout.places.push(Place {
                row: line.row,
                offset: line.offset,
            });
        }
        self.layout.lines += 1;
        if line.kind == LineKind::Payment && line.state == LineState::Done {
            let hour = line.at.0.div_euclid(HOUR_MS);
            let currency = line.amount.currency();
            let sums = &mut self.layout.hours;
            let is_it =
                |it: &crate::ports::HourSum| (it.hour, it.taken.currency()) == (hour, currency);
            // A bill is in the order of time, so it is mostly the last one.
            match sums.iter_mut().rev().find(|it| is_it(it)) {
                Some(sum) => {
                    if let Ok(taken) = sum.taken.checked_add(line.amount) {
                        sum.taken = taken;
                    }
                }
                None => sums.push(crate::ports::HourSum {
                    hour,
                    taken: line.amount,
                }),
            }
        }
        let brief = BriefLine {
            kind: line.kind,
            reference: line.reference,
            amount: line.amount,
            fee: Some(line.fee),
            state: line.state,
        };
        self.plain.push(&brief, line.row, line.offset);
    }
}

/// A kept file that cannot be read as it was kept.
pub(crate) fn damaged(fault: &BillFault) -> StoreError {
    StoreError::Corrupt(format!("a kept bill: {fault}"))
}
