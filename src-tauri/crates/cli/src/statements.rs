//! `statements`: files of banks. The console reads and compares; here stand only the words of the command line.

use crate::{
    arguments::{SaveArguments, StatementsCommand},
    commands::{Desk, decimal},
    exit::{self, Exit},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use paydesk_console::{contract::*, refused, words};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What became of one file.
#[derive(Serialize)]
struct Taken {
    file: String,
    /// What was read of it.
    looked: Option<StatementFileView>,
    /// What is kept of it now; nothing after a look.
    imported: Option<ImportedStatements>,
    error: Option<CommandError>,
}

/// How the files are read, and whether they are kept.
struct How {
    template: Option<String>,
    account: Option<String>,
    is_preview: bool,
}

impl Desk {
    pub(crate) async fn statements(
        &self,
        command: StatementsCommand,
    ) -> Result<Exit, CommandError> {
        match command {
            StatementsCommand::Import {
                files,
                template,
                account,
                preview,
            } => {
                let how = How {
                    template,
                    account,
                    is_preview: preview,
                };
                self.take_statements(&files, &how).await
            }
            StatementsCommand::List => {
                let list: StatementList = self.ask("list_statements", NoArgs {}).await?;
                self.print(&list, || {
                    let lines = list.statements.iter().map(kept_line);
                    lines.collect::<Vec<_>>().join("\n")
                });
                Ok(exit::DONE)
            }
            StatementsCommand::Save { statement, to } => {
                let file = KeptFileName::Statement { id: statement };
                self.save_kept(file, &to).await
            }
        }
    }

    /// A file that is refused says why and stops none of the others; the first refusal gives the exit code.
    async fn take_statements(&self, files: &[PathBuf], how: &How) -> Result<Exit, CommandError> {
        let mut all = Vec::new();
        for file in files {
            let mut taken = Taken {
                file: file.display().to_string(),
                looked: None,
                imported: None,
                error: None,
            };
            if let Err(error) = self.take_statement(file, how, &mut taken).await {
                taken.error = Some(error);
            }
            all.push(taken);
        }
        self.print(&all, || {
            all.iter().map(lines).collect::<Vec<_>>().join("\n")
        });
        let refused = all.iter().find_map(|taken| taken.error.as_ref());
        Ok(refused.map_or(exit::DONE, exit::of_error))
    }

    async fn take_statement(
        &self,
        file: &Path,
        how: &How,
        taken: &mut Taken,
    ) -> Result<(), CommandError> {
        let bytes = std::fs::read(file).map_err(|error| {
            eprintln!("paydesk-cli: {}: {error}", file.display());
            refused(ErrorCode::BillUnreadable)
        })?;
        let name = file.file_name().map(|name| name.to_string_lossy());
        let open = OpenStatement {
            name: name.unwrap_or_default().into_owned(),
            file: STANDARD.encode(bytes),
            columns: None,
            template: how.template.clone(),
            account: how.account.clone(),
        };
        let looked: StatementFileView = self.ask("open_statement", open).await?;
        let (preview, refusal) = (looked.preview.clone(), looked.refusal.clone());
        taken.looked = Some(looked);
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        if !how.is_preview {
            let import = StatementPreviewId { preview };
            taken.imported = Some(self.ask("import_statement", import).await?);
        }
        Ok(())
    }

    /// Writes a kept file to where a person wants it.
    pub(crate) async fn save_kept(
        &self,
        file: KeptFileName,
        to: &SaveArguments,
    ) -> Result<Exit, CommandError> {
        let path = std::path::absolute(&to.out)
            .ok()
            .and_then(|path| path.into_os_string().into_string().ok())
            .ok_or_else(|| refused(ErrorCode::ExportNameWrong))?;
        let save = SaveKeptFile {
            file,
            to: path,
            replace: to.replace,
        };
        let saved: SavedFile = self.ask("save_kept_file", save).await?;
        self.print(&saved, || {
            format!("{}\t{}\t{}", saved.bytes, saved.sha256, saved.file)
        });
        Ok(exit::DONE)
    }
}

fn period(head: &StatementHead) -> String {
    let day = |day: &Option<String>| day.clone().unwrap_or_else(|| "-".to_owned());
    format!("{} - {}", day(&head.from), day(&head.to))
}

fn balance(money: Option<&MoneyView>) -> String {
    money.map_or_else(|| "-".to_owned(), decimal)
}

fn kept_line(kept: &KeptStatementView) -> String {
    let head = &kept.head;
    format!(
        "{}\t{}\t{}\t{}\t{}\t{} lines\t{} told before\t{} - {}\t{}",
        kept.id,
        head.account,
        head.currency,
        head.format,
        period(head),
        kept.lines,
        kept.told_before,
        balance(head.opening.as_ref()),
        balance(head.closing.as_ref()),
        kept.file,
    )
}

/// A line for the file, one for each of its statements.
fn lines(taken: &Taken) -> String {
    let mut lines = Vec::new();
    let verdict = match (&taken.error, &taken.imported) {
        (Some(error), _) => {
            let [_, english] = words(error);
            format!("refused\t{english}")
        }
        (None, Some(imported)) if imported.came == 0 => "here already".to_owned(),
        (None, Some(imported)) => format!("imported {}", imported.came),
        (None, None) => "looked at".to_owned(),
    };
    lines.push(format!("{}\t{verdict}", taken.file));
    for looked in taken.looked.iter().flat_map(|file| &file.statements) {
        let head = &looked.head;
        lines.push(format!(
            "  {}\t{}\t{}\t{}\t{} lines\t{} new\t{} told before\tbalances {}",
            head.account,
            head.currency,
            head.format,
            period(head),
            looked.lines,
            looked.new_lines,
            looked.told_before,
            head.proof.check,
        ));
    }
    lines.join("\n")
}
