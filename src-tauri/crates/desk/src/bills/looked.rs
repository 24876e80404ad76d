//! A bill against our books: both sides stream past, and what is asked of the lines later is read from the file again.

use super::{
    Came, LEFT_MAX, Preview,
    compare::{Compared, Day, Rest, broken_sum, compare, day_of_bill},
    lines::{self, InFile, Lines, Streamed},
};
use crate::{
    Desk, DeskError,
    ports::{
        BillRow, BillRowsPage, BookedAsk, BookedRow, KeptBill, Layout, NewBillFile, StoreError,
        Verdict,
    },
    shop::Account,
};
use paydesk_channels::{AccountSettings, BillFault, Bills, Channel, Span};
use paydesk_domain::{BillKind, BillLine, ChannelDay, LineKind, MerchantRef};
use paydesk_recon::Setting;
use std::{collections::BTreeSet, sync::Arc};

impl Desk {
    pub(super) async fn look_at(
        &self,
        account: Account,
        bills: &'static dyn Bills,
        asked: Option<ChannelDay>,
        came: Came,
    ) -> Result<Arc<Preview>, DeskError> {
        let unreadable = |_| BillFault::Archive("it cannot be read");
        let version = came.source.version().map_err(unreadable)?;
        let lines = Lines::File(InFile {
            bills,
            source: Arc::clone(&came.source),
            link: came.link,
            settings: account.settings(),
        });
        let mut streamed = working(|| lines.streamed())?;
        let cut = super::cut_of(&account.channel);
        let day = day_of_bill(asked, streamed.end.day, streamed.first, cut)?;
        let layout = std::mem::take(&mut streamed.layout);
        let content_sha256 = std::mem::take(&mut streamed.end.content_sha256);
        let compared = self.compared(&account, day, &lines, streamed).await?;
        let known = self.ports.store.bill_known(&account.id, &content_sha256);
        Ok(Arc::new(Preview {
            known: known.await?,
            account,
            day,
            kind: BillKind::Trade,
            content_sha256,
            origin: came.origin,
            file: Some(NewBillFile {
                name: came.name,
                source: came.source,
                version,
            }),
            lines,
            layout,
            rows: compared.rows,
            differences: compared.differences,
            summary: compared.summary,
        }))
    }

    /// The lines of a bill against our books of its day: what agrees beyond doubt is settled while both sides stream
    /// past, and only the rest is read whole and given to the engine.
    pub(super) async fn compared(
        &self,
        account: &Account,
        day: ChannelDay,
        lines: &Lines,
        streamed: Streamed,
    ) -> Result<Compared, DeskError> {
        let contract = account.contract_on(day);
        let channel = paydesk_channels::by_id(&account.channel.0);
        let cut = super::cut_of(&account.channel);
        let day = Day {
            account,
            cut,
            setting: Setting::of(day, cut, contract).ok_or(BillFault::WrongDay(day))?,
            returns_fee: channel.and_then(|it| it.profile().refund_returns_fee),
        };
        let file = streamed.end.totals;
        let mut plain = working(|| streamed.plain.close());
        let (mut ask, (from, to)) = (BookedAsk::default(), day.near());
        let store = &self.ports.store;
        let mut each = |rows: &[BookedRow]| {
            for row in rows {
                day.meet(&mut plain, row, &mut ask);
            }
        };
        store.booked_rows(&account.id, from, to, &mut each).await?;
        ask.references.extend(plain.again().iter().cloned());
        let left = working(|| left_lines(lines, plain.left()))?;
        let strange = |line: &&BillLine| {
            line.kind == LineKind::Payment
                && !line.transaction.is_empty()
                && MerchantRef::parse(&line.payment).is_err()
        };
        let strangers = left.iter().filter(strange);
        (ask.transactions).extend(strangers.map(|line| line.transaction.clone()));
        let booked = store.booked(ask.clone()).await?;
        let mut books = day.book_lines(&booked);
        books.retain(|line| day.is_open(line, &ask));
        let rest = Rest {
            settled: plain.settled().map_err(broken_sum)?,
            lines: left,
            books,
            file,
        };
        let found = working(|| compare(day.setting, &rest, &[]))?;
        let missing = found.misses();
        if missing.is_empty() {
            return Ok(found);
        }
        let others = self.neighbours(account, &day.setting, &missing).await?;
        if others.is_empty() {
            return Ok(found);
        }
        working(|| compare(day.setting, &rest, &others))
    }

    /// The lines of the kept bills of the day before and of the day after that have one of these references.
    async fn neighbours(
        &self,
        account: &Account,
        setting: &Setting,
        wanted: &BTreeSet<String>,
    ) -> Result<Vec<(ChannelDay, BillLine)>, DeskError> {
        let mut found = Vec::new();
        let beside = [setting.day.previous(), setting.day.next()];
        for day in beside.into_iter().flatten() {
            let kept = self.ports.store.bills(&account.id, day, day).await?;
            for bill in kept {
                let (lines, _) = self.kept_lines(&bill).await?;
                let its = working(|| lines.named(wanted)).map_err(|it| lines::damaged(&it))?;
                found.extend(its.into_iter().map(|line| (day, line)));
            }
        }
        Ok(found)
    }

    /// The lines of a kept bill, and where they stand in its file; without a layout they are rows.
    pub(super) async fn kept_lines(
        &self,
        kept: &KeptBill,
    ) -> Result<(Lines, Option<Layout>), DeskError> {
        let store = &self.ports.store;
        if let Some((source, layout)) = store.bill_layout(kept.id).await? {
            let (_, _, bills) = self.bills_of(&kept.account)?;
            let lines = Lines::File(InFile {
                bills,
                source,
                link: None,
                // Whose it is was seen when it was kept.
                settings: AccountSettings::default(),
            });
            return Ok((lines, Some(layout)));
        }
        let rows = store.bill_rows(kept.id, false, 0, u32::MAX).await?.rows;
        let lines = rows.into_iter().map(|row| row.line).collect();
        Ok((Lines::Held(lines, kept.summary.bill), None))
    }

    /// A page of the lines of a bill that was looked at, `from` counted from 0.
    ///
    /// # Errors
    /// `PreviewGone`, and `Bill` where the file is not any more what it was.
    pub fn preview_rows(
        &self,
        content_sha256: &str,
        only_different: bool,
        from: u32,
        limit: u32,
    ) -> Result<BillRowsPage, DeskError> {
        let preview = self.preview(content_sha256)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if only_different {
            let differ = |row: &&BillRow| row.verdict != Verdict::Agrees;
            let rows = || preview.rows.iter().filter(differ);
            let from = usize::try_from(from).unwrap_or(usize::MAX);
            return Ok(BillRowsPage {
                total: u64::try_from(rows().count()).unwrap_or(u64::MAX),
                rows: rows().skip(from).take(limit).cloned().collect(),
            });
        }
        let layout = &preview.layout;
        let lines = working(|| preview.lines.page(layout, u64::from(from), limit))?;
        Ok(BillRowsPage {
            total: layout.lines,
            rows: told(lines, &preview.rows),
        })
    }

    /// A page of the lines of a kept bill, all or only those that differ, `from` counted from 0.
    ///
    /// # Errors
    /// The store's.
    pub async fn kept_rows(
        &self,
        bill: i64,
        only_different: bool,
        from: u32,
        limit: u32,
    ) -> Result<BillRowsPage, DeskError> {
        let store = &self.ports.store;
        let layout = match only_different {
            true => None,
            false => store.bill_layout(bill).await?,
        };
        let Some((source, layout)) = layout else {
            return Ok(store.bill_rows(bill, only_different, from, limit).await?);
        };
        let gone = || StoreError::Corrupt(format!("bill {bill} is of no channel"));
        let kept = store.kept_bill(bill).await?.ok_or_else(gone)?;
        let channel = paydesk_channels::by_id(&kept.channel.0).and_then(Channel::bills);
        let lines = Lines::File(InFile {
            bills: channel.ok_or_else(gone)?,
            source,
            link: None,
            settings: AccountSettings::default(),
        });
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let page = working(|| lines.page(&layout, u64::from(from), limit));
        let page = page.map_err(|fault| lines::damaged(&fault))?;
        let range = page.first().zip(page.last());
        let marks = match range.map(|(first, last)| (first.row, last.row)) {
            Some((first, last)) => store.bill_marks(bill, first, last).await?,
            None => Vec::new(),
        };
        Ok(BillRowsPage {
            total: layout.lines,
            rows: told(page, &marks),
        })
    }
}

/// Lines with what is said of each: those without a mark agree by their own reference.
fn told(lines: Vec<BillLine>, marks: &[BillRow]) -> Vec<BillRow> {
    lines
        .into_iter()
        .map(|line| {
            let mark = marks.binary_search_by_key(&line.row, |mark| mark.line.row);
            match mark.ok().and_then(|at| marks.get(at)) {
                Some(mark) => mark.clone(),
                None => BillRow {
                    matched: Some(line.reference().to_owned()),
                    verdict: Verdict::Agrees,
                    line,
                },
            }
        })
        .collect()
}

/// The lines that are left to the engine.
fn left_lines(
    lines: &Lines,
    left: impl Iterator<Item = (u64, u64)>,
) -> Result<Vec<BillLine>, BillFault> {
    let mut spans = left
        .map(|(row, offset)| Span {
            row,
            offset,
            lines: 1,
        })
        .take(LEFT_MAX + 1);
    let mut found = Vec::new();
    lines.at(&mut spans, &mut |line| found.push(line))?;
    if found.len() > LEFT_MAX {
        return Err(BillFault::TooLarge);
    }
    Ok(found)
}

/// Work that keeps a thread busy: on a runtime of several threads the others go on.
pub(super) fn working<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        Ok(_) | Err(_) => work(),
    }
}
