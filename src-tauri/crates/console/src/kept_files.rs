//! Taking a kept file out again, exactly as it came. What leaves the program is on record before it has its name.

use crate::{
    Console, coded, contract::*, export::file_error, invalid, refused, refused_with, store_error,
};
use paydesk_desk::reports::ExportError;
use serde_json::json;
use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A file with its name and digest.
struct Kept {
    name: String,
    sha256: String,
    bytes: Arc<[u8]>,
}

impl Console {
    pub(crate) async fn save_kept_file(
        &self,
        args: SaveKeptFile,
    ) -> Result<SavedFile, CommandError> {
        let kept = self.kept_file(&args.file).await?;
        let to = target(&args.to, &kept.name)?;
        let on_record = json!({ "file": kept.name, "sha256": kept.sha256, "how": "kept_file" });
        let surroundings = Arc::clone(&self.surroundings);
        let (path, replace, bytes) = (to.clone(), args.replace, Arc::clone(&kept.bytes));
        let written = tokio::task::spawn_blocking(move || {
            let mut file = surroundings.begin_file(&path, replace)?;
            file.write_all(&bytes)?;
            Ok(file)
        });
        let written = written.await.map_err(|e| crate::internal(&e.to_string()))?;
        let file = written.map_err(|error| file_error(&ExportError::Io(error), &ending(&to)))?;
        self.desk
            .record_export("kept_file", on_record)
            .await
            .map_err(coded)?;
        let named = tokio::task::spawn_blocking(move || file.keep());
        let named = named.await.map_err(|e| crate::internal(&e.to_string()))?;
        named.map_err(|error| file_error(&ExportError::Io(error), &ending(&to)))?;
        Ok(SavedFile {
            file: to.display().to_string(),
            bytes: u32::try_from(kept.bytes.len()).unwrap_or(u32::MAX),
            sha256: kept.sha256,
        })
    }

    async fn kept_file(&self, name: &KeptFileName) -> Result<Kept, CommandError> {
        let store = &self.desk.ports().store;
        let id = |id: &String| id.parse().map_err(|_| invalid("id"));
        let kept = match name {
            KeptFileName::Bill { id: bill } => {
                let file = store.bill_file(id(bill)?).await.map_err(store_error)?;
                file.map(|file| Kept {
                    name: file.name,
                    sha256: file.sha256,
                    bytes: file.bytes,
                })
            }
            KeptFileName::Flow { id: flow } => {
                let file = store.flows().flow_file(id(flow)?).await;
                file.map_err(store_error)?.map(|file| Kept {
                    name: file.name,
                    sha256: file.sha256,
                    bytes: file.bytes,
                })
            }
            KeptFileName::Statement { id: statement } => {
                let file = store.statement_file(id(statement)?).await;
                file.map_err(store_error)?.map(|file| Kept {
                    name: file.name,
                    sha256: file.sha256,
                    bytes: file.bytes,
                })
            }
        };
        kept.ok_or_else(|| refused(ErrorCode::KeptFileMissing))
    }
}

/// Endings of bills and statements. A page that was taken over writes nothing that a system would run.
const ENDINGS: [&str; 14] = [
    "940", "942", "csv", "gz", "mt940", "ofx", "qfx", "sta", "tsv", "txt", "xls", "xlsx", "xml",
    "zip",
];

/// The file a person named, or the kept name in the folder a person named.
fn ending(path: &Path) -> String {
    let ending = path.extension().and_then(|end| end.to_str());
    ending.unwrap_or("").to_lowercase()
}

fn target(to: &str, name: &str) -> Result<PathBuf, CommandError> {
    let wrong = || {
        let endings = ENDINGS.map(|ending| format!(".{ending}")).join(" ");
        refused_with(ErrorCode::ExportNameWrong, &[("ending", endings)])
    };
    let to = Path::new(to);
    if !to.is_absolute() {
        return Err(wrong());
    }
    let path = if to.is_dir() {
        let name = Path::new(name).file_name().ok_or_else(wrong)?;
        to.join(name)
    } else {
        to.to_owned()
    };
    if !ENDINGS.contains(&ending(&path).as_str()) {
        return Err(wrong());
    }
    Ok(path)
}
