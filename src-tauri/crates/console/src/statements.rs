//! Statements of banks, from the screen's side.

use crate::{
    Console,
    bills::{file_of, narrow},
    coded,
    contract::*,
    invalid, refused,
    statement_words::{columns_view, head, line_view, sums, template},
    store_error,
};
use paydesk_desk::{
    DeskError, LineVerdict, LookedStatement, Reading, SavedTemplate, StatementPreview,
    ports::KeptStatement,
};
use paydesk_domain::BankLine;
use std::collections::HashMap;

/// Lines in one answer.
const ROWS_MAX: u32 = 200;

/// Rows of a sheet that are shown: titles stand among the first forty.
const SHEET_ROWS: usize = 48;

/// Lines read from the store at once, when they are searched.
const SEARCHED_AT_ONCE: u32 = 2_000;

impl Console {
    pub(crate) async fn open_statement(
        &self,
        args: OpenStatement,
    ) -> Result<StatementFileView, CommandError> {
        let bytes = file_of(&args.file, ErrorCode::StatementTooLarge)?;
        let reading = Reading {
            columns: args.columns.as_ref().map(template).transpose()?,
            template: args.template,
            account: args.account.unwrap_or_default(),
        };
        let preview = self.desk.open_statement(&args.name, &bytes, &reading).await;
        Ok(file_view(&*preview.map_err(coded)?))
    }

    pub(crate) async fn bank_sheet(&self, args: BankSheetOf) -> Result<BankSheets, CommandError> {
        let bytes = file_of(&args.file, ErrorCode::StatementTooLarge)?;
        let sheets = paydesk_desk::first_rows(&bytes, SHEET_ROWS);
        let sheets = sheets.map_err(|fault| coded(DeskError::Statement(fault)))?;
        let row = |(row, cells)| SheetRow {
            row: narrow(row),
            cells,
        };
        let sheet = |sheet: paydesk_desk::SheetRows| BankSheet {
            name: sheet.name,
            rows: sheet.rows.into_iter().map(row).collect(),
        };
        Ok(BankSheets {
            sheets: sheets.into_iter().map(sheet).collect(),
        })
    }

    pub(crate) async fn import_statement(
        &self,
        args: StatementPreviewId,
    ) -> Result<ImportedStatements, CommandError> {
        let imported = self.desk.import_statement(&args.preview).await;
        let (kept, came) = imported.map_err(coded)?;
        Ok(ImportedStatements {
            statements: kept.iter().map(|kept| kept_view(kept, false)).collect(),
            came: narrow(came),
        })
    }

    pub(crate) async fn list_statements(&self, _: NoArgs) -> Result<StatementList, CommandError> {
        let store = &self.desk.ports().store;
        let mut kept = store.statements().await.map_err(store_error)?;
        kept.sort_by_key(|it| std::cmp::Reverse((it.head.to, it.head.from, it.id)));
        let gaps = gaps(&kept);
        let templates = self.desk.shop().map(|shop| shop.bank_templates);
        Ok(StatementList {
            statements: kept
                .iter()
                .zip(gaps)
                .map(|(kept, gap)| kept_view(kept, gap))
                .collect(),
            templates: templates.unwrap_or_default().iter().map(saved).collect(),
        })
    }

    pub(crate) async fn bank_lines(&self, args: BankLinesOf) -> Result<BankLines, CommandError> {
        let limit = args.limit.min(ROWS_MAX);
        let from = usize::try_from(args.from).unwrap_or(usize::MAX);
        let count = usize::try_from(limit).unwrap_or(0);
        match &args.of {
            StatementName::LookedAt { preview, index } => {
                let preview = self.desk.statement_preview(preview).map_err(coded)?;
                let index = usize::try_from(*index).unwrap_or(usize::MAX);
                let looked = preview.statements.get(index);
                let looked = looked.ok_or_else(|| invalid("index"))?;
                let lines = looked.statement.lines.iter().zip(&looked.verdicts);
                let asked = || {
                    let lines = lines.clone();
                    lines.filter(|(line, _)| matches(line, &args.search))
                };
                let rows = asked().skip(from).take(count);
                Ok(BankLines {
                    total: narrow(asked().count()),
                    rows: rows
                        .map(|(line, verdict)| line_view(line, *verdict))
                        .collect(),
                })
            }
            StatementName::Kept { id } => {
                let id: i64 = id.parse().map_err(|_| invalid("id"))?;
                let store = &self.desk.ports().store;
                let kept = store.statements().await.map_err(store_error)?;
                let kept = kept.into_iter().find(|it| it.id == id);
                let kept = kept.ok_or_else(|| invalid("id"))?;
                if args.search.is_empty() {
                    let lines = self.desk.statement_lines(&kept, args.from, limit).await;
                    let lines = lines.map_err(coded)?;
                    return Ok(BankLines {
                        total: narrow(kept.lines),
                        rows: lines
                            .iter()
                            .map(|(line, verdict)| line_view(line, *verdict))
                            .collect(),
                    });
                }
                self.searched(&kept, &args.search, from, count).await
            }
        }
    }

    /// Lines are sealed, so they are opened to be searched.
    async fn searched(
        &self,
        kept: &KeptStatement,
        search: &str,
        from: usize,
        count: usize,
    ) -> Result<BankLines, CommandError> {
        let (mut at, mut found) = (0, Vec::new());
        loop {
            let lines = self.desk.statement_lines(kept, at, SEARCHED_AT_ONCE).await;
            let lines: Vec<(BankLine, LineVerdict)> = lines.map_err(coded)?;
            if lines.is_empty() {
                break;
            }
            at += SEARCHED_AT_ONCE;
            found.extend(lines.into_iter().filter(|(line, _)| matches(line, search)));
        }
        let rows = found.iter().skip(from).take(count);
        Ok(BankLines {
            total: narrow(found.len()),
            rows: rows
                .map(|(line, verdict)| line_view(line, *verdict))
                .collect(),
        })
    }

    pub(crate) async fn save_bank_template(
        &self,
        args: BankTemplate,
    ) -> Result<StatementList, CommandError> {
        let columns = template(&args.columns)?;
        let saved = SavedTemplate {
            name: args.name,
            account: args.account,
            columns,
        };
        self.desk.save_template(saved).await.map_err(coded)?;
        self.list_statements(NoArgs {}).await
    }

    pub(crate) async fn remove_bank_template(
        &self,
        args: BankTemplateName,
    ) -> Result<StatementList, CommandError> {
        self.desk.remove_template(&args.name).await.map_err(coded)?;
        self.list_statements(NoArgs {}).await
    }
}

/// Whether any of a line's words or its amount holds what is looked for.
fn matches(line: &BankLine, search: &str) -> bool {
    let search = search.trim().to_lowercase();
    if search.is_empty() {
        return true;
    }
    let amount = line.amount.to_string();
    let words = [
        line.counterparty.as_str(),
        &line.counterparty_account,
        &line.bank_reference,
        &line.our_reference,
        &line.end_to_end,
        &line.text,
        &amount,
    ];
    let parts = line.parts.iter();
    let parts = parts.flat_map(|part| [&part.counterparty, &part.end_to_end, &part.text]);
    let mut all = words.into_iter().chain(parts.map(String::as_str));
    all.any(|word| word.to_lowercase().contains(&search))
}

/// Of each statement, newest first, whether its opening balance is not the closing balance of the one before it.
fn gaps(kept: &[KeptStatement]) -> Vec<bool> {
    let mut gaps = vec![false; kept.len()];
    let mut next: HashMap<(&str, &str), usize> = HashMap::new();
    for (at, statement) in kept.iter().enumerate() {
        let head = &statement.head;
        if !head.format.is_final() || head.opening.is_none() || head.closing.is_none() {
            continue;
        }
        let key = (statement.account.as_str(), head.currency.code());
        if let Some(later) = next.insert(key, at)
            && let Some(after) = kept.get(later)
            && after.head.from > head.to
            && after.head.opening.map(|it| it.amount) != head.closing.map(|it| it.amount)
            && let Some(gap) = gaps.get_mut(later)
        {
            *gap = true;
        }
    }
    gaps
}

fn saved(saved: &SavedTemplate) -> BankTemplate {
    BankTemplate {
        name: saved.name.clone(),
        account: saved.account.clone(),
        columns: columns_view(&saved.columns),
    }
}

fn file_view(preview: &StatementPreview) -> StatementFileView {
    let table = |table: &paydesk_desk::Table| BankTable {
        sheet: table.sheet.clone(),
        titles_row: narrow(table.titles_row),
        titles: table.titles.clone(),
        skipped: narrow(table.skipped),
        columns: columns_view(&table.template),
    };
    let fault = preview.refusal.clone();
    let refusal = fault.map(|fault| coded(DeskError::Statement(fault)));
    let nameless = preview.statements.iter().any(|it| it.account.is_empty());
    let nameless = nameless.then(|| refused(ErrorCode::StatementAccount));
    StatementFileView {
        preview: preview.id.clone(),
        name: preview.file.name.clone(),
        sha256: preview.file.sha256.clone(),
        encoding: preview.file.encoding.clone(),
        template: preview.template.clone(),
        statements: preview.statements.iter().map(looked_view).collect(),
        tables: preview.tables.iter().map(table).collect(),
        refusal: refusal.or(nameless),
    }
}

fn looked_view(looked: &LookedStatement) -> LookedStatementView {
    let count = |wanted: fn(&LineVerdict) -> bool| {
        narrow(looked.verdicts.iter().filter(|it| wanted(it)).count())
    };
    LookedStatementView {
        head: head(&looked.account, &looked.statement, sums(&looked.statement)),
        lines: narrow(looked.statement.lines.len()),
        new_lines: count(|it| matches!(it, LineVerdict::New | LineVerdict::Running)),
        told_before: count(|it| matches!(it, LineVerdict::ToldBefore(_))),
        told_finally: count(|it| matches!(it, LineVerdict::ToldFinally(_))),
        replaces: narrow(looked.replaces),
        known_since: looked.known.as_ref().map(|known| known.imported_at.0),
    }
}

fn kept_view(kept: &KeptStatement, gap_before: bool) -> KeptStatementView {
    KeptStatementView {
        id: kept.id.to_string(),
        head: head(
            &kept.account,
            &kept.head,
            (Some(kept.money_in), Some(kept.money_out)),
        ),
        lines: narrow(kept.lines),
        told_before: narrow(kept.told_before),
        file: kept.file.clone(),
        file_sha256: kept.file_sha256.clone(),
        imported_at: kept.imported_at.0,
        by: kept.by.clone(),
        gap_before,
    }
}
