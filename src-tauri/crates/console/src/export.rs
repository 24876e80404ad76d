//! The filtered list as a file: pages come from the store, rows go to the file, none is kept.
//! Only reads the books; a file appears whole under its name or not at all.

use crate::{Console, NewFile, coded, contract::*, invalid, refused, store_error};
use paydesk_desk::{
    ExportError, Exported, OrderLine, OrdersCsv,
    ports::{OrderFilter, OrderRow, StoreError},
    shop,
};
use paydesk_texts::Language;
use serde_json::json;
use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
};
use tokio::sync::mpsc;

/// Orders per question to the store: a fifth of a megabyte, a hundredth of a second.
const PAGE: u32 = 1_000;

/// Pages that may wait for the disk; with the one being read and the one being written, all that is in memory.
const PAGES_WAITING: usize = 2;

/// What the reader hands to the writer. A reader that ends without `End` was given up, and so is the file.
enum Part {
    Rows(Vec<OrderRow>),
    End,
}

/// The one export that may run, as a person follows it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exporting(Arc<Running>);

#[derive(Debug, Default)]
struct Running {
    is_on: AtomicBool,
    stop: AtomicBool,
    rows: AtomicU32,
}

/// Held while it runs; whatever ends it lets the next one in.
struct Turn(Exporting);

impl Exporting {
    fn begin(&self) -> Option<Turn> {
        if self.0.is_on.swap(true, SeqCst) {
            return None;
        }
        self.0.stop.store(false, SeqCst);
        self.0.rows.store(0, SeqCst);
        Some(Turn(self.clone()))
    }

    fn is_stopped(&self) -> bool {
        self.0.stop.load(SeqCst)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.0.is_on.store(false, SeqCst);
    }
}

/// Why the writer stopped.
enum Stopped {
    /// The reader did, and says why.
    Abandoned,
    Export(ExportError),
}

impl From<ExportError> for Stopped {
    fn from(error: ExportError) -> Stopped {
        Stopped::Export(error)
    }
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Stopped {
        Stopped::Export(ExportError::Io(error))
    }
}

impl Console {
    /// Orders that move meanwhile stand in the file as they were when their page was read;
    /// those opened meanwhile do not stand there.
    pub(crate) async fn export_orders(
        &self,
        args: ExportOrders,
    ) -> Result<ExportedFile, CommandError> {
        let shop = self
            .desk
            .shop()
            .ok_or_else(|| refused(ErrorCode::NotSetUp))?;
        let zone = shop::zone(&shop.time_zone).ok_or_else(|| refused(ErrorCode::NotSetUp))?;
        let filter = self.filter_of(args.query)?;
        check(&filter, &args.file)?;
        let turn = self
            .exporting
            .begin()
            .ok_or_else(|| refused(ErrorCode::NotNow))?;
        let language = Language::from_tag(&shop.preferences.locale);
        let surroundings = Arc::clone(&self.surroundings);
        let (file, replace) = (args.file.clone(), args.replace);
        let asked = on_record(&filter, &args.file);
        let (pages, mut parts) = mpsc::channel(PAGES_WAITING);
        let writing = tokio::task::spawn_blocking(move || -> Result<Written, Stopped> {
            let file = surroundings.begin_file(Path::new(&file), replace)?;
            let csv = OrdersCsv::new(file, language, zone, shop.currency)?;
            write(csv, &mut parts)
        });
        let read = self.read_pages(&filter, &pages).await;
        drop(pages);
        let is_stopped = turn.0.is_stopped();
        let written = writing.await.map_err(|e| crate::internal(&e.to_string()))?;
        // A reader that failed is the cause, a writer that failed made it stop.
        read.map_err(store_error)?;
        match written {
            Ok((file, exported)) => {
                // On record before the file has its name: what leaves the program is never unknown.
                self.desk
                    .record_export(asked(&exported))
                    .await
                    .map_err(coded)?;
                let kept = tokio::task::spawn_blocking(move || file.keep());
                let kept = kept.await.map_err(|e| crate::internal(&e.to_string()))?;
                kept.map_err(|error| file_error(&ExportError::Io(error)))?;
                Ok(ExportedFile {
                    rows: u32::try_from(exported.rows).unwrap_or(u32::MAX),
                    sha256: exported.sha256,
                    file: args.file,
                })
            }
            Err(Stopped::Export(error)) => Err(file_error(&error)),
            Err(Stopped::Abandoned) if is_stopped => Err(refused(ErrorCode::ExportStopped)),
            Err(Stopped::Abandoned) => Err(crate::internal("an export was given up")),
        }
    }

    pub(crate) async fn export_progress(
        &self,
        args: ExportStep,
    ) -> Result<ExportProgress, CommandError> {
        let running = &self.exporting.0;
        if args.stop {
            running.stop.store(true, SeqCst);
        }
        let is_on = running.is_on.load(SeqCst);
        Ok(ExportProgress {
            rows: is_on.then(|| running.rows.load(SeqCst)),
        })
    }

    /// Ends early and without an error when nobody takes the pages any more.
    async fn read_pages(
        &self,
        filter: &OrderFilter,
        pages: &mpsc::Sender<Part>,
    ) -> Result<(), StoreError> {
        let store = &self.desk.ports().store;
        let mut cursor = None;
        loop {
            let page = store.list(filter, cursor.as_deref(), PAGE).await?;
            if self.exporting.is_stopped() {
                return Ok(());
            }
            let read = u32::try_from(page.rows.len()).unwrap_or(u32::MAX);
            self.exporting.0.rows.fetch_add(read, SeqCst);
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

/// A file that is whole and has no name yet.
type Written = (Box<dyn NewFile>, Exported);

/// What the log keeps of an export: which orders, into which file, how many, with which digest. The folder of
/// the file names a person's home often enough, so it stays out.
fn on_record(
    filter: &OrderFilter,
    file: &str,
) -> impl FnOnce(&Exported) -> serde_json::Value + use<> {
    let name = Path::new(file).file_name().unwrap_or_default();
    let name = name.to_string_lossy().into_owned();
    let filter = json!({
        "tab": format!("{:?}", filter.tab).to_lowercase(),
        "search": filter.search,
        "day_from": filter.day_from,
        "day_to": filter.day_to,
        "status": filter.status,
        "channel": filter.channel,
    });
    move |exported| {
        json!({
            "file": name,
            "rows": exported.rows,
            "sha256": exported.sha256,
            "filter": filter,
        })
    }
}

fn write(
    mut csv: OrdersCsv<Box<dyn NewFile>>,
    parts: &mut mpsc::Receiver<Part>,
) -> Result<Written, Stopped> {
    loop {
        match parts.blocking_recv() {
            Some(Part::Rows(rows)) => {
                for row in rows {
                    csv.row(&line(row))?;
                }
            }
            Some(Part::End) => {
                return Ok(csv.finish()?);
            }
            None => return Err(Stopped::Abandoned),
        }
    }
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
/// The name's end keeps a page that was taken over from writing anything but a list.
fn check(filter: &OrderFilter, file: &str) -> Result<(), CommandError> {
    let path = Path::new(file);
    let is_csv = path
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("csv"));
    if !path.is_absolute() || !is_csv {
        return Err(refused(ErrorCode::ExportNameWrong));
    }
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

pub(crate) fn file_error(error: &ExportError) -> CommandError {
    let error = match error {
        ExportError::Io(error) => error,
        ExportError::Money(error) => return crate::internal(&error.to_string()),
    };
    let code = match error.kind() {
        io::ErrorKind::AlreadyExists => ErrorCode::ExportFileExists,
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ErrorCode::ExportFolderMissing,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            ErrorCode::ExportDiskFull
        }
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::IsADirectory => ErrorCode::ExportNotAllowed,
        io::ErrorKind::InvalidFilename | io::ErrorKind::InvalidInput => ErrorCode::ExportNameWrong,
        _ => ErrorCode::ExportFailed,
    };
    let coded = refused(code);
    tracing::warn!(incident = %coded.incident, %error, "an export was not written");
    coded
}

#[cfg(test)]
mod tests {
    use super::*;
    use io::{ErrorKind, Write};
    use paydesk_domain::Currency;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// A file that only remembers whether it was kept.
    struct Witness(Arc<AtomicBool>);

    impl Write for Witness {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl NewFile for Witness {
        fn keep(self: Box<Self>) -> io::Result<()> {
            self.0.store(true, Ordering::Relaxed);
            Ok(())
        }
    }

    /// Writes these parts; whether the file is whole. It has no name before the log tells of it.
    fn check(parts: Vec<Part>) -> bool {
        let (pages, mut waiting) = mpsc::channel(8);
        for part in parts {
            assert!(pages.try_send(part).is_ok());
        }
        drop(pages);
        let kept = Arc::new(AtomicBool::new(false));
        let file: Box<dyn NewFile> = Box::new(Witness(Arc::clone(&kept)));
        let zone = shop::zone("Asia/Shanghai");
        let csv = zone.map(|zone| OrdersCsv::new(file, Language::English, zone, Currency::CNY));
        let written = csv.map(|csv| csv.map(|csv| write(csv, &mut waiting).is_ok()));
        assert!(!kept.load(Ordering::Relaxed));
        matches!(written, Some(Ok(true)))
    }

    #[test]
    fn an_export_whose_reader_is_gone_is_no_shorter_file() {
        assert!(check(vec![Part::Rows(Vec::new()), Part::End]));
        assert!(!check(vec![Part::Rows(Vec::new())]));
        assert!(!check(Vec::new()));
    }

    #[test]
    fn every_way_to_fail_has_its_words_and_leaves_the_money_alone() {
        for (kind, code) in [
            (ErrorKind::AlreadyExists, ErrorCode::ExportFileExists),
            (ErrorKind::NotFound, ErrorCode::ExportFolderMissing),
            (ErrorKind::NotADirectory, ErrorCode::ExportFolderMissing),
            (ErrorKind::StorageFull, ErrorCode::ExportDiskFull),
            (ErrorKind::QuotaExceeded, ErrorCode::ExportDiskFull),
            (ErrorKind::FileTooLarge, ErrorCode::ExportDiskFull),
            (ErrorKind::PermissionDenied, ErrorCode::ExportNotAllowed),
            (ErrorKind::ReadOnlyFilesystem, ErrorCode::ExportNotAllowed),
            (ErrorKind::IsADirectory, ErrorCode::ExportNotAllowed),
            (ErrorKind::InvalidFilename, ErrorCode::ExportNameWrong),
            (ErrorKind::BrokenPipe, ErrorCode::ExportFailed),
        ] {
            let error = file_error(&ExportError::Io(kind.into()));
            assert_eq!((error.code, error.money), (code, MoneyMark::NotMoved));
            let [chinese, english] = crate::words(&error);
            assert!(chinese.contains("不影响钱款"), "{chinese}");
            assert!(english.contains("Money is not affected"), "{english}");
        }
    }
}
