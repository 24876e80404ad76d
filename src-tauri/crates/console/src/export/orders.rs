//! The filtered list of orders as a file: pages come from the store, rows go to the file, none is kept.

use super::{About, PAGES_WAITING, Part, Stopped, Target, drain};
use crate::{Console, contract::*, invalid, refused, store_error};
use paydesk_desk::{
    ports::{OrderFilter, OrderRow, StoreError},
    reports::{Exported, Heading, OrderLine, OrderList},
};
use paydesk_domain::{ChannelDay, Money};
use paydesk_texts::text;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Orders per question to the store: a fifth of a megabyte, a hundredth of a second.
const PAGE: u32 = 1_000;

impl Console {
    /// Orders that move meanwhile stand in the file as they were when their page was read;
    /// those opened meanwhile do not stand there. When the screen's totals are not the file's, there is no file.
    pub(crate) async fn export_orders(
        &self,
        args: ExportOrders,
    ) -> Result<ExportedFile, CommandError> {
        let filter = self.filter_of(args.query.clone())?;
        check(&filter)?;
        let formats = [FileFormat::Csv, FileFormat::CsvPlain, FileFormat::Xlsx];
        let target = Target::checked(args.file, args.replace, args.format, "orders", &formats)?;
        let heading = Heading {
            days: days(&filter),
            filter: on_record(&args.query),
            ..Heading::default()
        };
        let (_, mut setting) = self.list_setting(target.list_format(), heading)?;
        setting.heading.title = text(setting.language, "export_list_orders", &[]);
        let turn = self
            .exporting
            .begin()
            .ok_or_else(|| refused(ErrorCode::NotNow))?;
        let about = About::of(&setting);
        let surroundings = Arc::clone(&self.surroundings);
        let (pages, mut parts) = mpsc::channel(PAGES_WAITING);
        let (said, seen) = (about.clone(), args.seen);
        let writing = tokio::task::spawn_blocking(move || {
            let written = target.write(&*surroundings, &said, |file| {
                let mut list = OrderList::begin(file, setting)?;
                drain(&mut parts, |row| list.row(&line(row)))?;
                let (file, exported) = list.finish()?;
                match seen {
                    Some(seen) if !agree(&seen, &exported) => Err(Stopped::TotalsDiffer),
                    _ => Ok((file, exported)),
                }
            });
            (target, written)
        });
        let read = self.read_pages(&filter, &pages).await;
        drop(pages);
        let is_stopped = turn.0.is_stopped();
        let (target, written) = writing.await.map_err(|e| crate::internal(&e.to_string()))?;
        // A reader that failed is the cause, a writer that failed made it stop.
        read.map_err(store_error)?;
        let written = written.map_err(|stopped| stopped.coded(&target, is_stopped))?;
        self.keep_files(target, &about, written).await
    }

    /// Ends early and without an error when nobody takes the pages any more.
    async fn read_pages(
        &self,
        filter: &OrderFilter,
        pages: &mpsc::Sender<Part<OrderRow>>,
    ) -> Result<(), StoreError> {
        let store = &self.desk.ports().store;
        let mut cursor = None;
        loop {
            let page = store.list(filter, cursor.as_deref(), PAGE).await?;
            if self.exporting.is_stopped() {
                return Ok(());
            }
            self.exporting.went_on(page.rows.len());
            if pages.send(Part::Rows(page.rows)).await.is_err() {
                return Ok(());
            }
            cursor = page.next;
            if cursor.is_none() {
                // The writer ends by itself; one that failed says why.
                drop(pages.send(Part::End).await);
                return Ok(());
            }
        }
    }
}

/// Whether the file sums to what the screen said, in every currency of either.
fn agree(seen: &OrderTotals, exported: &Exported) -> bool {
    let same = |sums: &OrderSums| {
        let mut totals = exported.totals.iter();
        let found = totals.find(|it| it.currency == sums.taken.currency);
        let minor = |name| {
            let sum = found.and_then(|totals| totals.sum(name));
            sum.map_or(0, Money::minor).to_string()
        };
        sums.taken.minor == minor("taken")
            && sums.refunded.minor == minor("refunded")
            && sums.net.minor == minor("net")
    };
    let is_seen = |code: &str| seen.sums.iter().any(|it| it.taken.currency == code);
    u64::from(seen.count) == exported.rows
        && seen.sums.iter().all(same)
        && exported.totals.iter().all(|it| is_seen(&it.currency))
}

/// Which orders, as the log and the file beside it keep it.
fn on_record(query: &OrderQuery) -> Vec<(String, String)> {
    let tab = format!("{:?}", query.tab).to_lowercase();
    let status = query.status.map(|status| {
        let name = serde_json::to_value(status).ok();
        name.and_then(|name| name.as_str().map(str::to_owned))
            .unwrap_or_default()
    });
    let search = Some(query.search.clone()).filter(|search| !search.is_empty());
    [
        ("tab", Some(tab)),
        ("search", search),
        ("day_from", query.day_from.clone()),
        ("day_to", query.day_to.clone()),
        ("status", status),
        ("channel", query.channel.clone()),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .collect()
}

fn days(filter: &OrderFilter) -> Option<(jiff::civil::Date, jiff::civil::Date)> {
    let date = |day: paydesk_domain::BusinessDay| ChannelDay(day.0).date();
    Some((date(filter.day_from?)?, date(filter.day_to?)?))
}

fn line(row: OrderRow) -> OrderLine {
    OrderLine {
        number: row.number.into(),
        day: row.day,
        at: row.opened_at,
        channel: row.channel.0,
        status: row.status,
        amount: row.total.money(),
        taken: row.taken,
        refunded: row.refunded,
        operator: row.by,
        note: row.note,
    }
}

/// An empty file because of a typing error would be believed, so it is refused.
fn check(filter: &OrderFilter) -> Result<(), CommandError> {
    if let (Some(from), Some(to)) = (filter.day_from, filter.day_to)
        && from > to
    {
        return Err(invalid("day_to"));
    }
    match &filter.channel {
        Some(channel) if paydesk_desk::channel(&channel.0).is_none() => Err(invalid("channel")),
        _ => Ok(()),
    }
}
