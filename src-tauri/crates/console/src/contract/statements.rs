//! Statements of banks: the third side of reconciling.

use super::MoneyView;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Which column of a bank's table is which, by the titles of the columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct BankColumns {
    /// The day of the booking.
    pub booked: String,
    /// One amount with a sign, or without one beside a column that says which way it went.
    pub amount: Option<String>,
    /// 贷, Cr, 收 for money in; 借, Dr, 支 for money out.
    pub direction: Option<String>,
    /// Money in, where each way has its own column.
    pub credit: Option<String>,
    /// Money out.
    pub debit: Option<String>,
    /// The balance after it.
    pub balance: Option<String>,
    /// The currency.
    pub currency: Option<String>,
    /// ISO 4217; where no column names one.
    pub default_currency: Option<String>,
    /// The time of the day.
    pub time: Option<String>,
    /// The day from which it counts.
    pub value: Option<String>,
    /// The account of the statement.
    pub account: Option<String>,
    /// The other side's name.
    pub counterparty: Option<String>,
    /// The other side's account.
    pub counterparty_account: Option<String>,
    /// The bank's number of the movement.
    pub bank_reference: Option<String>,
    /// The account holder's own reference.
    pub our_reference: Option<String>,
    /// The kind of movement.
    pub code: Option<String>,
    /// Purpose and other words, in this order.
    pub text: Vec<String>,
    /// `day_first` or `month_first`, where the year stands last.
    pub date_order: Option<String>,
}

/// A bank's file, and how it is to be read.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OpenStatement {
    /// The file's name, for the record.
    pub name: String,
    /// The file, base64.
    pub file: String,
    /// By these columns, where it is a table.
    pub columns: Option<BankColumns>,
    /// By the columns saved under this name.
    pub template: Option<String>,
    /// What the account is called, where the file does not say.
    pub account: Option<String>,
}

/// A bank's file whose first rows are wanted.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct BankSheetOf {
    /// The file, base64.
    pub file: String,
}

/// A row of a table as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SheetRow {
    /// Its number, from 1.
    pub row: u32,
    /// Its cells.
    pub cells: Vec<String>,
}

/// The first rows of a sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BankSheet {
    /// The sheet of the workbook; empty for text.
    pub name: String,
    /// The rows that are not blank.
    pub rows: Vec<SheetRow>,
}

/// The first rows of every sheet of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BankSheets {
    /// The sheets.
    pub sheets: Vec<BankSheet>,
}

/// How a table was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BankTable {
    /// The sheet of the workbook; empty for text.
    pub sheet: String,
    /// The row of the titles.
    pub titles_row: u32,
    /// The titles as the file writes them.
    pub titles: Vec<String>,
    /// Rows that are no movements: sums, notes.
    pub skipped: u32,
    /// Which column is which.
    pub columns: BankColumns,
}

/// Whether the balances of a statement follow from its movements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BalanceProof {
    /// `holds`, `differs`, `not_stated`, `other_currency`, `running_breaks` or `total`. Both catalogues hold
    /// `balance_<check>`.
    pub check: String,
    /// Opening balance plus movements.
    pub expected: Option<MoneyView>,
    /// What the file states.
    pub stated: Option<MoneyView>,
    /// The line of the file.
    pub row: Option<u32>,
}

/// A statement in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StatementHead {
    /// What tells accounts apart; empty where nobody named it.
    pub account: String,
    /// Who holds the account.
    pub holder: String,
    /// The bank.
    pub bank: String,
    /// The currency of the account.
    pub currency: String,
    /// `camt053`, `mt940`, `sheet` and so on. Both catalogues hold `statement_format_<format>`.
    pub format: String,
    /// Whether a later statement tells its movements again: a running day, or notifications.
    pub is_running: bool,
    /// The bank's number of it.
    pub reference: String,
    /// Its place in the row of statements.
    pub sequence: String,
    /// The first day.
    pub from: Option<String>,
    /// The last day.
    pub to: Option<String>,
    /// The balance before the first movement.
    pub opening: Option<MoneyView>,
    /// The balance after the last.
    pub closing: Option<MoneyView>,
    /// What came in; `null` where it is more than any sum.
    pub money_in: Option<MoneyView>,
    /// What went out, as a negative sum.
    pub money_out: Option<MoneyView>,
    /// Movements that the bank lists but has not booked.
    pub not_booked: u32,
    /// Whether the balances follow from the movements.
    pub proof: BalanceProof,
}

/// A statement that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LookedStatementView {
    /// It in numbers.
    pub head: StatementHead,
    /// How many movements it has.
    pub lines: u32,
    /// How many of them count from now on.
    pub new_lines: u32,
    /// How many an earlier statement told.
    pub told_before: u32,
    /// How many a final statement tells already.
    pub told_finally: u32,
    /// Kept movements of running days that it tells finally.
    pub replaces: u32,
    /// When the same statement was imported before.
    pub known_since: Option<i64>,
}

/// A bank's file that was looked at; nothing of it is kept yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StatementFileView {
    /// Names it for the import.
    pub preview: String,
    /// The file's name.
    pub name: String,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// The encoding it was read in.
    pub encoding: String,
    /// The saved columns it was read by; empty when they were guessed or given.
    pub template: String,
    /// Its statements.
    pub statements: Vec<LookedStatementView>,
    /// How its tables were read.
    pub tables: Vec<BankTable>,
    /// What speaks against importing it: its balances, or that nobody named the account.
    pub refusal: Option<super::CommandError>,
}

/// Names a file that was looked at.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct StatementPreviewId {
    /// As [`StatementFileView::preview`] gave it.
    pub preview: String,
}

/// Names a statement whose lines are asked for.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "statement", rename_all = "snake_case", deny_unknown_fields)]
pub enum StatementName {
    /// One of a file that was looked at.
    LookedAt {
        /// As [`StatementFileView::preview`] gave it.
        preview: String,
        /// Its place in the file, from 0.
        index: u32,
    },
    /// One that is kept.
    Kept {
        /// As [`KeptStatementView::id`] gave it.
        id: String,
    },
}

/// Lines of a statement.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct BankLinesOf {
    /// Which statement.
    pub of: StatementName,
    /// Part of a name, an account, a reference, a text or an amount; empty for all.
    pub search: String,
    /// Position of the first line wanted, from 0.
    pub from: u32,
    /// Lines wanted, at most 200.
    pub limit: u32,
}

/// A line of a statement with what is said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BankLineView {
    /// The line of the file.
    pub row: u32,
    /// The day it was booked.
    pub booked: String,
    /// The time by the bank's clock.
    pub time: Option<String>,
    /// The day from which it counts.
    pub value: Option<String>,
    /// What came in, or went out as a negative sum.
    pub amount: MoneyView,
    /// The balance after it.
    pub balance: Option<MoneyView>,
    /// The other side's name.
    pub counterparty: String,
    /// The other side's account.
    pub counterparty_account: String,
    /// The bank's number of it.
    pub bank_reference: String,
    /// The account holder's own reference.
    pub our_reference: String,
    /// The payer's reference.
    pub end_to_end: String,
    /// The purpose.
    pub text: String,
    /// The kind of movement.
    pub code: String,
    /// Whether it takes an earlier movement back.
    pub is_reversal: bool,
    /// Payments that the bank booked as this one.
    pub parts: u32,
    /// `new`, `told_before`, `running` or `told_finally`. Both catalogues hold `bank_line_<verdict>`.
    pub verdict: String,
}

/// Lines of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BankLines {
    /// How many there are of those asked for.
    pub total: u32,
    /// The lines.
    pub rows: Vec<BankLineView>,
}

/// A statement that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeptStatementView {
    /// Names it.
    pub id: String,
    /// It in numbers.
    pub head: StatementHead,
    /// How many movements it has.
    pub lines: u32,
    /// How many of them an earlier statement told.
    pub told_before: u32,
    /// The name of its file.
    pub file: String,
    /// The digest of its file.
    pub file_sha256: String,
    /// When it was imported.
    pub imported_at: i64,
    /// By whom.
    pub by: String,
    /// Its opening balance is not the closing balance before it: a statement between them is missing.
    pub gap_before: bool,
}

/// What an import came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImportedStatements {
    /// The statements of the file, as they are kept now.
    pub statements: Vec<KeptStatementView>,
    /// How many came with this import; the others were here.
    pub came: u32,
}

/// The columns of one bank's table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct BankTemplate {
    /// The bank or the account, as a person calls it.
    pub name: String,
    /// What tells its account apart, where the file does not say; empty: the name does.
    pub account: String,
    /// Which column is which.
    pub columns: BankColumns,
}

/// Names saved columns.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct BankTemplateName {
    /// The name.
    pub name: String,
}

/// Everything that is kept of banks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StatementList {
    /// The statements, the newest period first.
    pub statements: Vec<KeptStatementView>,
    /// The columns of the banks' tables.
    pub templates: Vec<BankTemplate>,
}

/// Names a kept file.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "of", rename_all = "snake_case", deny_unknown_fields)]
pub enum KeptFileName {
    /// The file of a kept bill.
    Bill {
        /// As [`super::ReconciledDay::bill`] gave it.
        id: String,
    },
    /// The file of a kept fund-flow bill.
    Flow {
        /// As [`super::KeptFlowView::id`] gave it.
        id: String,
    },
    /// The file of a kept statement.
    Statement {
        /// As [`KeptStatementView::id`] gave it.
        id: String,
    },
}

/// Takes a kept file out, exactly as it came.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SaveKeptFile {
    /// Which.
    pub file: KeptFileName,
    /// Where to: a folder or a full path as a person chose it.
    pub to: String,
    /// Whether a file of this name is replaced.
    pub replace: bool,
}

/// A kept file that was taken out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SavedFile {
    /// Where it is.
    pub file: String,
    /// SHA-256 of its bytes, hexadecimal: that of the day it came.
    pub sha256: String,
    /// Its size.
    pub bytes: u32,
}
