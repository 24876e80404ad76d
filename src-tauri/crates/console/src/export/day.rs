//! A reconciled day as files: its report, its differences, the lines of its bill; and the statement of several days.

use super::{About, PAGES_WAITING, Part, Stopped, Target, drain};
use crate::{
    Console,
    bills::{channel_day, kept_result},
    coded,
    contract::*,
    invalid, refused, store_error,
};
use paydesk_desk::{
    Bridge, DayRecord, DeskError, PayoutBook,
    payouts::Payout,
    ports::{BillRow, KeptBill, Verdict, WorkItem},
    reports::{
        BankWay, BankWayLine, BillLineList, DayReport, DecidedItem, DifferenceList, Document,
        DocumentFormat, Exported, Font, FontUsed, Heading, ListSetting, Statement, StatementDay,
        day_report, statement, write_document,
    },
};
use paydesk_domain::{AccountId, ChannelDay, Currency, ItemState, Money, Totals};
use paydesk_texts::text;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Lines per question to the store.
const PAGE: u32 = 1_000;

/// Days of one statement or journal: a year and its neighbours.
const DAYS_MAX: i32 = 400;

pub(super) const LISTS: [FileFormat; 3] = [FileFormat::Csv, FileFormat::CsvPlain, FileFormat::Xlsx];
const REPORTS: [FileFormat; 4] = [
    FileFormat::Csv,
    FileFormat::CsvPlain,
    FileFormat::Pdf,
    FileFormat::Xlsx,
];

impl Console {
    /// The kept bill of a day as a file. When the screen's figures are not the day's any more, there is no file.
    pub(crate) async fn export_day(&self, args: ExportDay) -> Result<ExportedFile, CommandError> {
        let (what, formats): (_, &[FileFormat]) = match args.what {
            DayExport::Differences => ("day_differences", &LISTS),
            DayExport::Lines => ("day_lines", &LISTS),
            DayExport::Report => ("day_report", &REPORTS),
        };
        let target = Target::checked(args.file, args.replace, args.format, what, formats)?;
        let day = channel_day(&args.day)?;
        let kept = self.bills_between(&args.account_id, day, day).await?;
        let kept = kept.first().ok_or_else(|| refused(ErrorCode::BillEmpty))?;
        if args.seen.is_some_and(|seen| seen != kept_result(kept)) {
            return Err(refused(ErrorCode::ExportTotalsDiffer));
        }
        let heading = Heading {
            account: self.account_name(&AccountId(args.account_id.clone())),
            days: day.date().map(|day| (day, day)),
            filter: vec![
                ("account".to_owned(), args.account_id.clone()),
                ("channel".to_owned(), kept.channel.0.clone()),
                ("bill_sha256".to_owned(), kept.content_sha256.clone()),
            ],
            ..Heading::default()
        };
        let (_, setting) = self.list_setting(target.list_format(), heading)?;
        match args.what {
            DayExport::Differences => self.export_differences(target, setting, kept).await,
            DayExport::Lines => self.export_lines(target, setting, kept).await,
            DayExport::Report => {
                let document = self.day_document(&setting, kept).await?;
                self.export_document(target, setting, document).await
            }
        }
    }

    /// What a channel settled over several days.
    pub(crate) async fn export_settled(
        &self,
        args: ExportSettled,
    ) -> Result<ExportedFile, CommandError> {
        let target = Target::checked(args.file, args.replace, args.format, "settled", &REPORTS)?;
        let (from, to) = span(&args.from, &args.to)?;
        let kept = self.bills_between(&args.account_id, from, to).await?;
        let heading = Heading {
            account: self.account_name(&AccountId(args.account_id.clone())),
            filter: vec![("account".to_owned(), args.account_id.clone())],
            ..Heading::default()
        };
        let (shop, setting) = self.list_setting(target.list_format(), heading)?;
        let account = shop.account(&AccountId(args.account_id));
        let account = account.ok_or_else(|| refused(ErrorCode::AccountNotFound))?;
        let days = from.date().zip(to.date()).ok_or_else(|| invalid("day"))?;
        let wanted = Statement {
            heading: setting.heading.clone(),
            channel: account.channel.0.clone(),
            days,
            none: Totals::zero(shop.currency),
            rows: kept
                .iter()
                .rev()
                .map(|bill| StatementDay {
                    day: bill.day,
                    bill: bill.summary.bill,
                    differences: bill.summary.differences,
                })
                .collect(),
        };
        let document = statement(&wanted, setting.language);
        let document = document.map_err(|error| target.error(&error))?;
        self.export_document(target, setting, document).await
    }

    /// The newest bill of each day, the newest day first.
    pub(super) async fn bills_between(
        &self,
        account: &str,
        from: ChannelDay,
        to: ChannelDay,
    ) -> Result<Vec<KeptBill>, CommandError> {
        let store = &self.desk.ports().store;
        let account = AccountId(account.to_owned());
        let bills = store.bills(&account, from, to).await;
        let mut bills = bills.map_err(store_error)?;
        // Those of one day stand together, the newest first.
        bills.dedup_by_key(|bill| bill.day);
        Ok(bills)
    }

    async fn day_document(
        &self,
        setting: &ListSetting,
        kept: &KeptBill,
    ) -> Result<Document, CommandError> {
        let store = &self.desk.ports().store;
        let closes = store.worklist().day_closes(kept.day, kept.day).await;
        let closes = closes.map_err(store_error)?;
        let signed = closes.into_iter().find(|close| close.reopened.is_none());
        let found = self.desk.account_day(kept.day, &kept.account).await;
        let (record, items, book) = found.map_err(crate::coded)?;
        let way = way(&record, &book, kept.summary.bill.paid.currency());
        let report = DayReport {
            heading: setting.heading.clone(),
            channel: kept.channel.0.clone(),
            day: kept.day,
            bill: kept.summary.bill,
            books: kept.summary.books,
            matched: kept.summary.matched,
            differences: (items.iter())
                .map(|it| (it.difference.found.clone(), it.difference.explanation))
                .collect(),
            decided: items.iter().filter_map(decided).collect(),
            way,
            imported: Some((kept.imported_at, kept.by.clone())),
            chain_head: signed.map(|close| close.head),
        };
        let document = day_report(&report, setting.language, &setting.zone);
        document.map_err(|error| crate::internal(&error.to_string()))
    }

    async fn export_differences(
        &self,
        target: Target,
        mut setting: ListSetting,
        kept: &KeptBill,
    ) -> Result<ExportedFile, CommandError> {
        let store = &self.desk.ports().store;
        let differences = store.differences(kept.id).await.map_err(store_error)?;
        setting.heading.title = text(setting.language, "export_list_differences", &[]);
        let (channel, day) = (kept.channel.0.clone(), kept.day);
        let about = About::of(&setting);
        self.write_at_once(target, about, move |file| {
            let mut list = DifferenceList::begin(file, setting, &channel, day)?;
            for kept in &differences {
                list.row(&kept.found, kept.explanation)?;
            }
            Ok(list.finish()?)
        })
        .await
    }

    /// Lines pass from the store to the file; a bill of half a million takes no more memory than one of ten.
    async fn export_lines(
        &self,
        target: Target,
        mut setting: ListSetting,
        kept: &KeptBill,
    ) -> Result<ExportedFile, CommandError> {
        setting.heading.title = text(setting.language, "export_list_lines", &[]);
        let turn = self.exporting.begin();
        let turn = turn.ok_or_else(|| refused(ErrorCode::NotNow))?;
        let about = About::of(&setting);
        let surroundings = Arc::clone(&self.surroundings);
        let (pages, mut parts) = mpsc::channel(PAGES_WAITING);
        let said = about.clone();
        let writing = tokio::task::spawn_blocking(move || {
            let written = target.write(&*surroundings, &said, |file| {
                let mut list = BillLineList::begin(file, setting)?;
                drain(&mut parts, |row: BillRow| {
                    let found = match row.verdict {
                        Verdict::Agrees => None,
                        Verdict::Differs(code) => Some(code),
                    };
                    list.row(&row.line, found)
                })?;
                Ok(list.finish()?)
            });
            (target, written)
        });
        let read = self.read_lines(kept.id, &pages).await;
        drop(pages);
        let is_stopped = turn.0.is_stopped();
        let (target, written) = writing.await.map_err(|e| crate::internal(&e.to_string()))?;
        let total = read.map_err(coded)?;
        let written = written.map_err(|stopped| stopped.coded(&target, is_stopped))?;
        if written.exported.rows != total {
            return Err(refused(ErrorCode::ExportTotalsDiffer));
        }
        self.keep_files(target, &about, written).await
    }

    /// Hands every line over; how many the store says there are.
    async fn read_lines(
        &self,
        bill: i64,
        pages: &mpsc::Sender<Part<BillRow>>,
    ) -> Result<u64, DeskError> {
        let mut from = 0_u32;
        loop {
            let page = self.desk.kept_rows(bill, false, from, PAGE).await?;
            if self.exporting.is_stopped() {
                return Ok(page.total);
            }
            let read = page.rows.len();
            self.exporting.went_on(read);
            from = from.saturating_add(u32::try_from(read).unwrap_or(u32::MAX));
            let is_last = read == 0 || u64::from(from) >= page.total;
            if pages.send(Part::Rows(page.rows)).await.is_err() {
                return Ok(page.total);
            }
            if is_last {
                // The writer ends by itself; one that failed says why.
                drop(pages.send(Part::End).await);
                return Ok(page.total);
            }
        }
    }

    /// A report whose values are here already.
    async fn export_document(
        &self,
        target: Target,
        setting: ListSetting,
        document: Document,
    ) -> Result<ExportedFile, CommandError> {
        let surroundings = Arc::clone(&self.surroundings);
        let is_pdf = target.format == FileFormat::Pdf;
        let found = tokio::task::spawn_blocking(move || {
            is_pdf.then(|| surroundings.font(&|bytes| Font::read(bytes).is_ok()))
        });
        let found = found.await.map_err(|e| crate::internal(&e.to_string()))?;
        let about = About {
            heading: document.heading.clone(),
            ..About::of(&setting)
        };
        let font = match found {
            None => None,
            Some(None) => return Err(super::font_missing()),
            Some(Some(bytes)) => Some(bytes),
        };
        let used = font.as_deref().map(font_used).transpose();
        let about = About {
            font: used.map_err(|error| target.error(&error))?,
            ..about
        };
        self.write_at_once(target, about, move |file| {
            let read = font.as_deref().map(Font::read).transpose()?;
            let format = match &read {
                Some(font) => DocumentFormat::Pdf(font),
                None => DocumentFormat::Sheet(setting.format),
            };
            Ok(write_document(file, format, setting.language, &document)?)
        })
        .await
    }

    /// Writes what is in memory, off the runtime's threads, and keeps it.
    pub(super) async fn write_at_once(
        &self,
        target: Target,
        about: About,
        fill: impl FnOnce(
            Box<dyn crate::NewFile>,
        ) -> Result<(Box<dyn crate::NewFile>, Exported), Stopped>
        + Send
        + 'static,
    ) -> Result<ExportedFile, CommandError> {
        let turn = self.exporting.begin();
        let _turn = turn.ok_or_else(|| refused(ErrorCode::NotNow))?;
        let surroundings = Arc::clone(&self.surroundings);
        let said = about.clone();
        let writing = tokio::task::spawn_blocking(move || {
            let written = target.write(&*surroundings, &said, fill);
            (target, written)
        });
        let (target, written) = writing.await.map_err(|e| crate::internal(&e.to_string()))?;
        let written = written.map_err(|stopped| stopped.coded(&target, false))?;
        self.keep_files(target, &about, written).await
    }
}

/// What was decided about a difference; none while it is open.
fn decided(item: &WorkItem) -> Option<DecidedItem> {
    let decision = item.treatment.decided()?;
    Some(DecidedItem {
        found: item.difference.found.clone(),
        act: decision.act.name().to_owned(),
        remark: decision.remark.clone(),
        by: decision.by.clone(),
        owner: item.treatment.owner.clone(),
        is_carried: item.treatment.state() == ItemState::Exception,
    })
}

/// The way of an account's day as its record tells it.
fn way(record: &DayRecord, book: &PayoutBook, currency: Currency) -> BankWay {
    let none = Money::zero(currency);
    let bridge = record.bridges.get(currency.code());
    let of = |money: fn(&Bridge) -> Money| bridge.map_or(none, money);
    let count = |act: &str| record.decisions.get(act).copied().unwrap_or(0);
    let steps = bridge.iter().flat_map(|bridge| &bridge.steps);
    let explained = bridge.iter().flat_map(|bridge| &bridge.explained);
    let is_in = |payout: &&Payout| {
        let mut parts = payout.parts.iter();
        parts.any(|part| {
            let mut accounts = record.accounts.iter();
            part.days.contains(&record.day) && accounts.any(|day| day.account == part.account)
        })
    };
    let payouts: Vec<&Payout> = book.found.payouts.iter().filter(is_in).collect();
    let waiting = payouts.iter().filter(|payout| payout.bank.is_empty());
    let lines = payouts.iter().flat_map(|payout| book.lines_of(payout));
    BankWay {
        books_net: of(|bridge| bridge.books_net),
        steps: steps
            .map(|(act, amount)| ((*act).to_owned(), count(act), *amount))
            .collect(),
        rest: of(|bridge| bridge.rest),
        bill_net: of(|bridge| bridge.bill_net),
        reserve: of(|bridge| bridge.reserve),
        explained: explained
            .map(|(name, amount)| ((*name).to_owned(), *amount))
            .collect(),
        difference: of(|bridge| bridge.difference),
        arrived: of(|bridge| bridge.arrived),
        in_transit: of(|bridge| bridge.in_transit),
        expected_on: waiting.map(|payout| payout.expected_on).max(),
        lines: lines
            .map(|kept| BankWayLine {
                account: book
                    .statement(kept.name)
                    .map_or_else(String::new, |it| it.account.clone()),
                booked: kept.line.booked,
                amount: kept.line.amount,
                reference: kept.line.text.clone(),
            })
            .collect(),
    }
}

fn font_used(bytes: &[u8]) -> Result<FontUsed, paydesk_desk::reports::ExportError> {
    Ok(Font::read(bytes)?.used().clone())
}

/// First and last day, in their order and not too many.
pub(crate) fn span(from: &str, to: &str) -> Result<(ChannelDay, ChannelDay), CommandError> {
    let (first, last) = (channel_day(from)?, channel_day(to)?);
    let days = first.date().zip(last.date()).and_then(|(first, last)| {
        let between = last.since((jiff::Unit::Day, first)).ok()?;
        Some(between.get_days())
    });
    match days {
        Some(0..DAYS_MAX) => Ok((first, last)),
        _ => Err(invalid("to")),
    }
}
