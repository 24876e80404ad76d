//! Statements of banks: a file is looked at, then imported; its movements count once, whichever files tell them.
//! A statement never moves a payment, and nothing is kept before the import.

mod overlap;
mod templates;

pub use overlap::LineVerdict;
pub use templates::SavedTemplate;

use crate::{
    Desk, DeskError,
    ports::{
        BankFile, EventKind, KeptLine, KeptStatement, NewStatement, NewStatements, Store,
        StoreError,
    },
    shop::Shop,
};
use overlap::Known;
use paydesk_bank::{Reason as StatementReason, StatementFault, StatementFile, Table, Template};
use paydesk_domain::{BankLine, BankStatement, Currency};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

/// Files that were looked at and can be imported, at one time.
const PREVIEWS_MAX: usize = 16;

/// How often another process may get in between before it is somebody's turn to wait.
const TRIES: u8 = 5;

/// The files that were looked at lately.
pub(crate) type StatementPreviews = VecDeque<Arc<StatementPreview>>;

/// How a person wants a file to be read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reading {
    /// By these columns.
    pub columns: Option<Template>,
    /// By the columns that are saved under this name.
    pub template: Option<String>,
    /// What the account is called, where the file does not say.
    pub account: String,
}

/// A file that was read and compared, and not kept yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatementPreview {
    /// Names it for the import.
    pub id: String,
    /// The file.
    pub file: BankFile,
    /// Its statements.
    pub statements: Vec<LookedStatement>,
    /// How its tables were read.
    pub tables: Vec<Table>,
    /// The saved columns it was read by; empty when they were guessed or given.
    pub template: String,
    /// What speaks against importing it.
    pub refusal: Option<StatementFault>,
}

/// A statement that was looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LookedStatement {
    /// What tells accounts apart; empty where neither the file nor a person names it.
    pub account: String,
    /// What makes it the same statement again.
    pub content_sha256: String,
    /// The columns it was read by, where it is a table.
    pub layout: String,
    /// What it says.
    pub statement: BankStatement,
    /// The same statement, if it was imported before.
    pub known: Option<KeptStatement>,
    /// What is said of each line.
    pub verdicts: Vec<LineVerdict>,
    /// Kept movements of running days that this statement tells finally.
    pub replaces: u64,
}

impl Desk {
    /// Reads a bank's file and holds it against what is kept.
    ///
    /// # Errors
    /// `Statement` with the line, the field and the reason; nothing was kept.
    pub async fn open_statement(
        &self,
        name: &str,
        bytes: &[u8],
        reading: &Reading,
    ) -> Result<Arc<StatementPreview>, DeskError> {
        let shop = self.need_shop()?;
        let (file, saved) = read(&shop, bytes, reading)?;
        let mut account = reading.account.as_str();
        let template = saved.map(|saved| saved.name.clone()).unwrap_or_default();
        if let Some(saved) = saved.filter(|_| account.is_empty()) {
            account = if saved.account.is_empty() {
                &saved.name
            } else {
                &saved.account
            };
        }
        let overflow = file.statements.iter().find(|it| !can_be_summed(it));
        let overflow = overflow.map(|it| StatementFault::at(it.row, "", StatementReason::Amount));
        let refusal = overflow.or_else(|| file.clone().accept().err());
        let StatementFile {
            encoding,
            statements,
            tables,
        } = file;
        let layout = layout_of(&tables);
        let kept = self.ports.store.statements().await?;
        let mut looked = Vec::new();
        for statement in statements {
            let account = account_key(&statement.account.number, account);
            let statement = self.held_against(&kept, account, &layout, statement);
            looked.push(statement.await?);
        }
        let sha256 = crate::driver::hex(&Sha256::digest(bytes));
        let preview = Arc::new(StatementPreview {
            id: crate::driver::hex(&Sha256::digest(format!("{sha256} {layout} {account}"))),
            file: BankFile {
                name: name.to_owned(),
                sha256,
                encoding: encoding.to_owned(),
                bytes: bytes.into(),
            },
            statements: looked,
            tables,
            template,
            refusal,
        });
        if let Ok(mut previews) = self.statement_previews.lock() {
            previews.retain(|it: &Arc<StatementPreview>| it.id != preview.id);
            previews.push_back(Arc::clone(&preview));
            while previews.len() > PREVIEWS_MAX {
                previews.pop_front();
            }
        }
        Ok(preview)
    }

    /// A file that was looked at lately.
    ///
    /// # Errors
    /// `PreviewGone` when too many others were looked at since.
    pub fn statement_preview(&self, id: &str) -> Result<Arc<StatementPreview>, DeskError> {
        let previews = self.statement_previews.lock();
        let previews = previews.map_err(|_| DeskError::PreviewGone)?;
        let found = previews.iter().rev().find(|preview| preview.id == id);
        found.cloned().ok_or(DeskError::PreviewGone)
    }

    /// Keeps the statements of a file that was looked at; one that is here already stays as it is. Gives those that
    /// are kept now, and how many of them came with this import.
    ///
    /// # Errors
    /// `PreviewGone`; `Statement` when the file contradicts itself; `StatementAccount` when nobody says whose it is;
    /// the store's. Nothing was kept then.
    pub async fn import_statement(
        &self,
        id: &str,
    ) -> Result<(Vec<KeptStatement>, usize), DeskError> {
        let preview = self.statement_preview(id)?;
        if let Some(refusal) = &preview.refusal {
            return Err(refusal.clone().into());
        }
        if preview.statements.iter().any(|it| it.account.is_empty()) {
            return Err(DeskError::StatementAccount);
        }
        let mut tries = 0;
        loop {
            tries += 1;
            match self.keep_statements(&preview).await {
                // Another process kept a statement between the look and the import.
                Err(DeskError::Store(StoreError::Stale)) if tries < TRIES => {}
                kept => return kept,
            }
        }
    }

    async fn keep_statements(
        &self,
        preview: &StatementPreview,
    ) -> Result<(Vec<KeptStatement>, usize), DeskError> {
        let store = &self.ports.store;
        let kept = store.statements().await?;
        let (mut here, mut new) = (Vec::new(), Vec::new());
        for looked in &preview.statements {
            let (account, statement) = (looked.account.clone(), looked.statement.clone());
            let again = self
                .held_against(&kept, account, &looked.layout, statement)
                .await?;
            match again.known {
                Some(known) => here.push(known),
                None => new.push(NewStatement {
                    told_before: again.verdicts.iter().map(|it| it.told_before()).collect(),
                    account: again.account,
                    content_sha256: again.content_sha256,
                    layout: again.layout,
                    statement: again.statement,
                }),
            }
        }
        let came = new.len();
        if came > 0 {
            let body = json!({
                "file": preview.file.name,
                "sha256": preview.file.sha256,
            });
            let event = self.shop_event(EventKind::StatementImported, self.actor(), body)?;
            let new = NewStatements {
                file: preview.file.clone(),
                statements: new,
                compared_with: kept.first().map_or(0, |newest| newest.id),
                event,
                by: self.operator_name(),
            };
            here.extend(store.import_statements(new).await?);
            self.tell_status();
        }
        Ok((here, came))
    }

    /// A statement held against those that are kept.
    async fn held_against(
        &self,
        kept: &[KeptStatement],
        account: String,
        layout: &str,
        statement: BankStatement,
    ) -> Result<LookedStatement, DeskError> {
        let content_sha256 = content_of(&account, &statement)?;
        let known = kept.iter().find(|it| it.content_sha256 == content_sha256);
        let booked = || statement.lines.iter().map(|line| line.booked);
        let span = booked().min().zip(booked().max());
        let (mut verdicts, mut replaces) = (Vec::new(), 0);
        let of_account =
            |it: &&KeptStatement| it.account == account && it.head.currency == statement.currency;
        let statements: BTreeMap<i64, &KeptStatement> = kept
            .iter()
            .filter(of_account)
            .map(|it| (it.id, it))
            .collect();
        let lines = match span {
            Some((first, last)) => {
                let from = statement.from.map_or(first, |from| from.min(first));
                let to = statement.to.map_or(last, |to| to.max(last));
                let store = &self.ports.store;
                store
                    .bank_lines(&account, statement.currency, from, to)
                    .await?
            }
            None => Vec::new(),
        };
        let all = Known {
            statements,
            lines: &lines,
        };
        verdicts.extend(overlap::verdicts(&statement, layout, &all));
        if statement.format.is_final() {
            let running = |line: &&KeptLine| {
                let of = all.statements.get(&line.name.statement);
                of.is_some_and(|of| !of.head.format.is_final())
                    && line.told_before.is_none()
                    && overlap::covers(&statement, line.line.booked)
                    && all.told_finally(line.line.booked).is_none()
            };
            replaces = u64::try_from(lines.iter().filter(running).count()).unwrap_or(u64::MAX);
        }
        Ok(LookedStatement {
            content_sha256,
            known: known.cloned(),
            layout: layout.to_owned(),
            account,
            statement,
            verdicts,
            replaces,
        })
    }

    /// Lines of a kept statement with what is said of each, `from` counted from 0.
    ///
    /// # Errors
    /// The store's.
    pub async fn statement_lines(
        &self,
        statement: &KeptStatement,
        from: u32,
        limit: u32,
    ) -> Result<Vec<(BankLine, LineVerdict)>, DeskError> {
        let store = &self.ports.store;
        let lines = store.statement_lines(statement.id, from, limit).await?;
        let kept = store.statements().await?;
        let of_account = |it: &&KeptStatement| {
            it.account == statement.account && it.head.currency == statement.head.currency
        };
        let known = Known {
            statements: kept
                .iter()
                .filter(of_account)
                .map(|it| (it.id, it))
                .collect(),
            lines: &[],
        };
        let is_final = statement.head.format.is_final();
        let said = lines.into_iter().map(|kept| {
            let verdict = match kept.told_before {
                Some(name) => LineVerdict::ToldBefore(name),
                None if is_final => LineVerdict::New,
                None => known
                    .told_finally(kept.line.booked)
                    .map_or(LineVerdict::Running, LineVerdict::ToldFinally),
            };
            (kept.line, verdict)
        });
        Ok(said.collect())
    }
}

/// The movements of an account that count: each once, those of running days only until a final statement tells them.
///
/// # Errors
/// The store's.
pub async fn movements(
    store: &dyn Store,
    account: &str,
    currency: Currency,
    from: jiff::civil::Date,
    to: jiff::civil::Date,
) -> Result<Vec<KeptLine>, StoreError> {
    let kept = store.statements().await?;
    let of_account = |it: &&KeptStatement| it.account == account && it.head.currency == currency;
    let known = Known {
        statements: kept
            .iter()
            .filter(of_account)
            .map(|it| (it.id, it))
            .collect(),
        lines: &[],
    };
    let mut lines = store.bank_lines(account, currency, from, to).await?;
    lines.retain(|line| {
        let of = known.statements.get(&line.name.statement);
        let is_final = of.is_some_and(|of| of.head.format.is_final());
        line.told_before.is_none() && (is_final || known.told_finally(line.line.booked).is_none())
    });
    Ok(lines)
}

/// By the columns a person gave or named; else by saved ones that fit a table; else as guessed.
fn read<'s>(
    shop: &'s Shop,
    bytes: &[u8],
    reading: &Reading,
) -> Result<(StatementFile, Option<&'s SavedTemplate>), DeskError> {
    if let Some(columns) = &reading.columns {
        return Ok((paydesk_bank::read_as(bytes, columns)?, None));
    }
    if let Some(name) = &reading.template {
        let mut saved = shop.bank_templates.iter();
        let saved = saved.find(|saved| saved.name == *name);
        let saved = saved.ok_or_else(|| DeskError::TemplateNotFound(name.clone()))?;
        return Ok((paydesk_bank::read_as(bytes, &saved.columns)?, Some(saved)));
    }
    let guessed = paydesk_bank::read(bytes);
    if guessed.as_ref().is_ok_and(|file| file.tables.is_empty()) {
        return Ok((guessed?, None));
    }
    for saved in &shop.bank_templates {
        if let Ok(file) = paydesk_bank::read_as(bytes, &saved.columns)
            && !file.tables.is_empty()
        {
            return Ok((file, Some(saved)));
        }
    }
    Ok((guessed?, None))
}

/// The number without its blanks; where the file names none, what a person calls it.
fn account_key(number: &str, given: &str) -> String {
    let number: String = number
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    if number.is_empty() {
        given.trim().to_owned()
    } else {
        number.to_uppercase()
    }
}

/// Whether what came in, and what went out, is a sum of money.
fn can_be_summed(statement: &BankStatement) -> bool {
    let sum = |wanted: fn(i64) -> bool| {
        let amounts = statement.lines.iter().map(|line| line.amount.minor());
        amounts
            .filter(|minor| wanted(*minor))
            .try_fold(0, i64::checked_add)
    };
    sum(|minor| minor > 0).is_some() && sum(|minor| minor < 0).is_some()
}

/// A name for the columns that a file's tables were read by.
fn layout_of(tables: &[Table]) -> String {
    if tables.is_empty() {
        return String::new();
    }
    let templates: Vec<&Template> = tables.iter().map(|table| &table.template).collect();
    let written = serde_json::to_vec(&templates).unwrap_or_default();
    crate::driver::hex(&Sha256::digest(written))
}

/// A digest of what a statement says, whatever the order of its lines and the bytes of its file.
fn content_of(account: &str, statement: &BankStatement) -> Result<String, DeskError> {
    let unwritable = |error: serde_json::Error| {
        DeskError::Store(StoreError::Corrupt(format!("a bank line: {error}")))
    };
    let mut lines = Vec::new();
    for line in &statement.lines {
        let plain = BankLine {
            row: 0,
            ..line.clone()
        };
        lines.push(serde_json::to_string(&plain).map_err(unwritable)?);
    }
    lines.sort_unstable();
    let balance = |balance: Option<paydesk_domain::BankBalance>| {
        balance.map(|it| (it.date.map(|day| day.to_string()), it.amount.minor()))
    };
    let head = json!([
        account,
        statement.currency.code(),
        statement.reference,
        statement.sequence,
        statement.from.map(|day| day.to_string()),
        statement.to.map(|day| day.to_string()),
        balance(statement.opening),
        balance(statement.closing),
    ]);
    let mut digest = Sha256::new();
    digest.update(head.to_string());
    for line in lines {
        digest.update("\n");
        digest.update(line);
    }
    Ok(crate::driver::hex(&digest.finalize()))
}
