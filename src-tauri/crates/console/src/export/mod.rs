//! Exports: rows pass from the store to the file, none is kept. Only reads the books; a file appears whole under
//! its name, with the file beside it that holds its digest, or not at all.

mod day;
mod fees;
mod journal;
mod orders;

pub(crate) use day::span;

use crate::{Console, NewFile, Surroundings, contract::*, invalid, refused, refused_with};
use paydesk_desk::{
    reports::{
        ExportError, Exported, FontUsed, Heading, ListFormat, ListSetting, SIDE_FILE_ENDING,
        side_file,
    },
    shop::{self, Shop},
};
use paydesk_texts::Language;
use serde_json::json;
use std::{
    io::{self, Write},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
};
use tokio::sync::mpsc;

/// What to install where no font has the characters of a report.
const FONT_PACKAGE: &str = "fonts-noto-cjk";

/// Pages that may wait for the disk; with the one being read and the one being written, all that is in memory.
const PAGES_WAITING: usize = 2;

/// What the reader hands to the writer. A reader that ends without `End` was given up, and so is the file.
enum Part<Row> {
    Rows(Vec<Row>),
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

    fn went_on(&self, rows: usize) {
        let rows = u32::try_from(rows).unwrap_or(u32::MAX);
        self.0.rows.fetch_add(rows, SeqCst);
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
    /// The file does not sum to what the screen said.
    TotalsDiffer,
}

impl Stopped {
    fn coded(&self, target: &Target, is_stopped: bool) -> CommandError {
        match self {
            Stopped::Export(error) => target.error(error),
            Stopped::TotalsDiffer => refused(ErrorCode::ExportTotalsDiffer),
            Stopped::Abandoned if is_stopped => refused(ErrorCode::ExportStopped),
            Stopped::Abandoned => crate::internal("an export was given up"),
        }
    }
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

/// Where a file goes, and what it is, as the log and the file beside it say.
pub(crate) struct Target {
    /// A full path.
    file: String,
    replace: bool,
    format: FileFormat,
    /// The documented name of its kind.
    what: &'static str,
}

/// Two files that are whole and have no name yet: the export, and the one beside it.
struct Written {
    file: Box<dyn NewFile>,
    beside: Box<dyn NewFile>,
    exported: Exported,
}

impl Target {
    /// The name's end keeps a page that was taken over from writing anything but a list.
    fn checked(
        file: String,
        replace: bool,
        format: FileFormat,
        what: &'static str,
        allowed: &[FileFormat],
    ) -> Result<Target, CommandError> {
        if !allowed.contains(&format) {
            return Err(invalid("format"));
        }
        let target = Target {
            file,
            replace,
            format,
            what,
        };
        let path = Path::new(&target.file);
        let ends = path
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case(format.ending()));
        if !path.is_absolute() || !ends {
            return Err(target.error(&ExportError::Io(io::ErrorKind::InvalidFilename.into())));
        }
        Ok(target)
    }

    fn list_format(&self) -> ListFormat {
        match self.format {
            FileFormat::Xlsx => ListFormat::Xlsx,
            FileFormat::CsvPlain => ListFormat::Csv { has_bom: false },
            FileFormat::Beancount | FileFormat::Csv | FileFormat::Pdf | FileFormat::Txt => {
                ListFormat::Csv { has_bom: true }
            }
        }
    }

    /// The file's name without its folder, which names a person's home often enough.
    fn name(&self) -> String {
        let name = Path::new(&self.file).file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    fn beside(&self) -> String {
        format!("{}{SIDE_FILE_ENDING}", self.file)
    }

    /// Writes both files without their names. Blocks: called off the runtime's threads.
    fn write(
        &self,
        surroundings: &dyn Surroundings,
        about: &About,
        fill: impl FnOnce(Box<dyn NewFile>) -> Result<(Box<dyn NewFile>, Exported), Stopped>,
    ) -> Result<Written, Stopped> {
        let file = surroundings.begin_file(Path::new(&self.file), self.replace)?;
        let mut beside = surroundings.begin_file(Path::new(&self.beside()), self.replace)?;
        let (file, exported) = fill(file)?;
        beside.write_all(&side_file(
            &self.name(),
            self.what,
            &about.heading,
            about.language,
            &exported,
            about.font.as_ref(),
        ))?;
        Ok(Written {
            file,
            beside,
            exported,
        })
    }

    fn error(&self, error: &ExportError) -> CommandError {
        file_error(error, self.format.ending())
    }
}

/// What the file beside an export says of it.
#[derive(Clone)]
struct About {
    heading: Heading,
    language: Language,
    font: Option<FontUsed>,
}

impl About {
    fn of(setting: &ListSetting) -> About {
        About {
            heading: setting.heading.clone(),
            language: setting.language,
            font: None,
        }
    }
}

impl Console {
    /// The shop, and how its lists are written.
    fn list_setting(
        &self,
        format: ListFormat,
        heading: Heading,
    ) -> Result<(Shop, ListSetting), CommandError> {
        let not_set_up = || refused(ErrorCode::NotSetUp);
        let shop = self.desk.shop().ok_or_else(not_set_up)?;
        let setting = ListSetting {
            format,
            language: Language::from_tag(&shop.preferences.locale),
            zone: shop::zone(&shop.time_zone).ok_or_else(not_set_up)?,
            currency: shop.currency,
            heading: Heading {
                shop: shop.store_name.clone(),
                program: format!("Paydesk {}", self.surroundings.version()),
                ..heading
            },
        };
        Ok((shop, setting))
    }

    /// On record before the files have their names: what leaves the program is never unknown.
    async fn keep_files(
        &self,
        target: Target,
        about: &About,
        written: Written,
    ) -> Result<ExportedFile, CommandError> {
        let Written {
            file,
            beside,
            exported,
        } = written;
        let filter = about.heading.filter.iter();
        let filter: serde_json::Map<String, serde_json::Value> = filter
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect();
        let said = json!({
            "what": target.what,
            "file": target.name(),
            "rows": exported.rows,
            "sha256": exported.sha256,
            "filter": filter,
        });
        let kind = target.what;
        self.desk
            .record_export(kind, said)
            .await
            .map_err(crate::coded)?;
        let kept = tokio::task::spawn_blocking(move || beside.keep().and_then(|()| file.keep()));
        let kept = kept.await.map_err(|e| crate::internal(&e.to_string()))?;
        kept.map_err(|error| target.error(&ExportError::Io(error)))?;
        Ok(ExportedFile {
            rows: u32::try_from(exported.rows).unwrap_or(u32::MAX),
            sha256: exported.sha256,
            side_file: target.beside(),
            file: target.file,
        })
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
}

/// Writes what the reader hands over until it says that this was all.
fn drain<Row>(
    parts: &mut mpsc::Receiver<Part<Row>>,
    mut write: impl FnMut(Row) -> Result<(), ExportError>,
) -> Result<(), Stopped> {
    loop {
        match parts.blocking_recv() {
            Some(Part::Rows(rows)) => rows.into_iter().try_for_each(&mut write)?,
            Some(Part::End) => return Ok(()),
            None => return Err(Stopped::Abandoned),
        }
    }
}

fn font_missing() -> CommandError {
    refused_with(
        ErrorCode::FontMissing,
        &[("package", FONT_PACKAGE.to_owned())],
    )
}

pub(crate) fn file_error(error: &ExportError, ending: &str) -> CommandError {
    let error = match error {
        ExportError::Io(error) => error,
        ExportError::TooLarge { limit, .. } => {
            return refused_with(ErrorCode::ExportTooLarge, &[("limit", limit.to_string())]);
        }
        ExportError::Font(why) => {
            tracing::warn!(why, "a font could not be used");
            return font_missing();
        }
        ExportError::Money(_) | ExportError::Unbalanced { .. } => {
            return crate::internal(&error.to_string());
        }
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
    let coded = refused_with(code, &[("ending", format!(".{ending}"))]);
    tracing::warn!(incident = %coded.incident, %error, "an export was not written");
    coded
}

#[cfg(test)]
mod tests {
    use super::*;
    use io::ErrorKind;

    /// Writes these parts; whether the file is whole.
    fn check(parts: Vec<Part<u8>>) -> bool {
        let (pages, mut waiting) = mpsc::channel(8);
        for part in parts {
            assert!(pages.try_send(part).is_ok());
        }
        drop(pages);
        let mut rows = 0;
        let drained = drain(&mut waiting, |row| {
            rows += row;
            Ok(())
        });
        drained.is_ok()
    }

    #[test]
    fn an_export_whose_reader_is_gone_is_no_shorter_file() {
        assert!(check(vec![Part::Rows(vec![1]), Part::End]));
        assert!(!check(vec![Part::Rows(vec![1])]));
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
            let error = file_error(&ExportError::Io(kind.into()), "csv");
            assert_eq!((error.code, error.money), (code, MoneyMark::NotMoved));
            let [chinese, english] = crate::words(&error);
            assert!(chinese.contains("不影响钱款"), "{chinese}");
            assert!(english.contains("Money is not affected"), "{english}");
        }
    }
}
