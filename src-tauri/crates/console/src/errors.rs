//! From the desk's errors to coded ones: what happened, whether money is affected, values for the text.

use crate::contract::{CommandError, ErrorCode, MoneyMark};
use paydesk_desk::{
    BillFault, CallerFault, DeskError, KeyError, NoticeFault, ReaderFault, StatementFault,
    StatementReason,
    ports::{CustodyError, OrderRow, StoreError, VaultStatus},
};
use paydesk_domain::{Blocked, MoneyError};
use paydesk_texts::Language;
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
};

/// An error of which no money can be affected.
#[must_use]
pub fn refused(code: ErrorCode) -> CommandError {
    CommandError {
        code,
        money: MoneyMark::NotMoved,
        params: BTreeMap::new(),
        incident: incident(),
    }
}

/// The same with values for its text.
#[must_use]
pub fn refused_with(code: ErrorCode, params: &[(&str, String)]) -> CommandError {
    let params = params
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    CommandError {
        params,
        ..refused(code)
    }
}

/// A short name to find the error in the log; counted per start, so that tests see the same ones.
fn incident() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("E{:05}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The coded form of a desk error.
#[must_use]
pub fn coded(error: DeskError) -> CommandError {
    let said = error.to_string();
    let coded = code_of(error);
    tracing::warn!(incident = %coded.incident, error = %said, "a command was refused");
    coded
}

fn code_of(error: DeskError) -> CommandError {
    match error {
        DeskError::AccountExists => refused(ErrorCode::AccountExists),
        DeskError::AccountField { field, problem } => refused_with(
            ErrorCode::AccountFieldWrong,
            &[("field", field), ("problem", problem.to_owned())],
        ),
        DeskError::AccountInDoubt(count) => {
            refused_with(ErrorCode::AccountInDoubt, &[("count", count.to_string())])
        }
        DeskError::AccountNotFound => refused(ErrorCode::AccountNotFound),
        DeskError::Bill(bill) => bill_code(bill),
        DeskError::BillBusy(code) => refused_with(ErrorCode::BillBusy, &[("code", code)]),
        DeskError::BillTooEarly => refused(ErrorCode::BillTooEarly),
        DeskError::BillEmpty => refused(ErrorCode::BillEmpty),
        DeskError::BillNotYet => refused(ErrorCode::BillNotYet),
        DeskError::BillStopped => refused(ErrorCode::BillStopped),
        DeskError::BillRefused(code) => refused_with(ErrorCode::BillRefused, &[("code", code)]),
        DeskError::BillUnreachable => refused(ErrorCode::BillUnreachable),
        DeskError::PayoutGone => refused(ErrorCode::PayoutGone),
        DeskError::PreviewGone => refused(ErrorCode::PreviewGone),
        DeskError::Blocked(blocked) => refused(blocked_code(blocked)),
        DeskError::CashShort(short) => {
            refused_with(ErrorCode::CashShort, &[("short", short.to_decimal())])
        }
        DeskError::DrawerShort(there) => {
            refused_with(ErrorCode::DrawerShort, &[("there", there.to_decimal())])
        }
        DeskError::FloatNotOpen => refused(ErrorCode::FloatNotOpen),
        DeskError::FloatOpen => refused(ErrorCode::FloatOpen),
        DeskError::OperatorRequired => refused(ErrorCode::OperatorRequired),
        DeskError::Caller(fault) => refused(caller_code(fault)),
        DeskError::ChannelNotConnected(channel) => {
            refused_with(ErrorCode::ChannelNotConnected, &[("channel", channel)])
        }
        DeskError::CurrencyNotTaken { currency, .. } => crate::currencies::not_taken(currency),
        DeskError::ClockWrong(skew_ms) => refused_with(
            ErrorCode::ClockWrong,
            &[("seconds", (skew_ms / 1000).to_string())],
        ),
        DeskError::CodeUsed => refused(ErrorCode::CodeUsed),
        DeskError::DayLocked => refused(ErrorCode::DayLocked),
        DeskError::DayOpen(hindrance) => {
            let (why, account, count) = crate::worklist::named(&hindrance);
            let params = [
                ("why", why.to_owned()),
                ("account", account.unwrap_or_default()),
                ("count", count.to_string()),
            ];
            refused_with(ErrorCode::DayOpen, &params)
        }
        DeskError::Custody(custody) => custody_code(custody),
        DeskError::GatewayNotAllowed => refused(ErrorCode::GatewayNotAllowed),
        DeskError::IntentReused(order) => {
            refused_with(ErrorCode::IntentReused, &[("order_id", order.to_string())])
        }
        DeskError::KeysLocked => refused(ErrorCode::KeysLocked),
        DeskError::Money(money) => refused(money_code(money)),
        DeskError::TooLarge { max_minor } => refused_with(
            ErrorCode::AmountTooLarge,
            &[("max_minor", max_minor.to_string())],
        ),
        DeskError::Notice(fault) => refused(notice_code(fault)),
        DeskError::NotNow(_) => refused(ErrorCode::NotNow),
        DeskError::PageNotMade(what) => refused_with(ErrorCode::PageNotMade, &[("what", what)]),
        DeskError::NotSetUp => refused(ErrorCode::NotSetUp),
        DeskError::OlderCopy => refused(ErrorCode::OlderCopy),
        DeskError::Reader(fault) => reader_code(fault),
        DeskError::RealOnly => refused(ErrorCode::RealOnly),
        DeskError::OrderNotFound => refused(ErrorCode::OrderNotFound),
        DeskError::ReasonRequired => refused(ErrorCode::ReasonRequired),
        DeskError::Repeat(repeat) => repeat_question(repeat.earlier),
        DeskError::Statement(fault) => statement_code(&fault),
        DeskError::BankDays(fault) => crate::payouts::bank_days_fault(fault),
        DeskError::FlowAccount => refused(ErrorCode::FlowAccount),
        DeskError::StatementAccount => refused(ErrorCode::StatementAccount),
        DeskError::Store(store) => store_error(store),
        DeskError::TemplateNotFound(name) => {
            refused_with(ErrorCode::TemplateNotFound, &[("name", name)])
        }
        DeskError::TextTooLong(max) => {
            refused_with(ErrorCode::TextTooLong, &[("max", max.to_string())])
        }
        DeskError::UnknownCode => refused(ErrorCode::UnknownCode),
    }
}

fn repeat_question(earlier: OrderRow) -> CommandError {
    let status = crate::views::status_key(earlier.status);
    let params = [
        ("earlier_order_id", earlier.number.to_string()),
        ("earlier_status", status.to_owned()),
        ("earlier_at", earlier.opened_at.0.to_string()),
        ("earlier_channel", earlier.channel.0),
        ("amount_minor", earlier.total.minor().to_string()),
    ];
    refused_with(ErrorCode::RepeatQuestion, &params)
}

fn reader_code(fault: ReaderFault) -> CommandError {
    match fault {
        ReaderFault::NotChosen => refused(ErrorCode::ReaderNotChosen),
        ReaderFault::Refused(code) => refused_with(ErrorCode::ReadersRefused, &[("code", code)]),
        ReaderFault::Unknown(reader) => {
            refused_with(ErrorCode::ReaderUnknown, &[("reader", reader)])
        }
        ReaderFault::Unreachable => refused(ErrorCode::ReadersUnreachable),
    }
}

pub(crate) fn caller_code(fault: CallerFault) -> ErrorCode {
    match fault {
        CallerFault::SecretMissing => ErrorCode::CallerSecretMissing,
        CallerFault::TooMany => ErrorCode::CallersTooMany,
        CallerFault::Unknown => ErrorCode::CallerUnknown,
        CallerFault::WrongSignature => ErrorCode::CallerSignature,
    }
}

fn notice_code(fault: NoticeFault) -> ErrorCode {
    match fault {
        NoticeFault::Forged(_) => ErrorCode::NoticeForged,
        NoticeFault::NoAccount => ErrorCode::NoticeNoAccount,
        NoticeFault::NotOurs => ErrorCode::NoticeNotOurs,
        NoticeFault::Unreadable => ErrorCode::NoticeUnreadable,
    }
}

fn custody_code(error: CustodyError) -> CommandError {
    match error {
        CustodyError::Failed(_) | CustodyError::Unreadable(_) => refused(ErrorCode::KeysUnreadable),
        CustodyError::Full => refused(ErrorCode::DiskFull),
        CustodyError::Key(KeyError::Locked) => refused(ErrorCode::KeysLocked),
        CustodyError::Key(error) => {
            let problem = match error {
                KeyError::Missing => "check_missing",
                KeyError::Wrong => "check_wrong_pair",
                KeyError::Locked | KeyError::Malformed => "check_not_a_key",
            };
            let params = [("field", String::new()), ("problem", problem.to_owned())];
            refused_with(ErrorCode::AccountFieldWrong, &params)
        }
        CustodyError::KeyInUse => refused(ErrorCode::KeyInUse),
        CustodyError::KeyKnown => refused(ErrorCode::KeyKnown),
        CustodyError::Lost => refused(ErrorCode::KeysLost),
        CustodyError::NotOpen(status) => not_open(status),
        CustodyError::PassphraseTooShort { min } => {
            refused_with(ErrorCode::PassphraseTooShort, &[("min", min.to_string())])
        }
        CustodyError::UnknownAccount => refused(ErrorCode::AccountNotFound),
        CustodyError::UnknownKey => refused(ErrorCode::KeyNotFound),
    }
}

/// Why the vault is not open, as an error.
pub(crate) fn not_open(status: VaultStatus) -> CommandError {
    match status {
        VaultStatus::Denied => refused(ErrorCode::KeyringDenied),
        VaultStatus::Hanging => refused(ErrorCode::KeyringHanging),
        VaultStatus::MissingService | VaultStatus::NeedsPassphrase { is_new: true } => {
            refused(ErrorCode::KeyringMissing)
        }
        VaultStatus::Locked
        | VaultStatus::NeedsPassphrase { is_new: false }
        | VaultStatus::Open(_) => refused(ErrorCode::KeysLocked),
        VaultStatus::WrongPassphrase { wait } => {
            let seconds = wait.as_millis().div_ceil(1000).to_string();
            refused_with(ErrorCode::PassphraseWrong, &[("seconds", seconds)])
        }
    }
}

fn at_row(code: ErrorCode, row: u64) -> CommandError {
    refused_with(code, &[("row", row.to_string())])
}

fn bill_code(bill: BillFault) -> CommandError {
    match bill {
        BillFault::Archive(what) => {
            refused_with(ErrorCode::BillArchive, &[("what", what.to_owned())])
        }
        BillFault::Cell { row, column } => refused_with(
            ErrorCode::BillCell,
            &[("row", row.to_string()), ("column", column)],
        ),
        BillFault::Bomb => refused(ErrorCode::BillBomb),
        BillFault::Digest => refused(ErrorCode::BillDigest),
        BillFault::Doubled(row) => at_row(ErrorCode::BillDoubled, row),
        BillFault::Encoding(row) => at_row(ErrorCode::BillEncoding, row),
        BillFault::Encrypted => refused(ErrorCode::BillEncrypted),
        BillFault::GoesOn(row) => at_row(ErrorCode::BillGoesOn, row),
        BillFault::LeadsOut => refused(ErrorCode::BillLeadsOut),
        BillFault::Nested => refused(ErrorCode::BillNested),
        BillFault::RepeatedRow { row, first } => refused_with(
            ErrorCode::BillRepeatedRow,
            &[("row", row.to_string()), ("first", first.to_string())],
        ),
        BillFault::Several => refused(ErrorCode::BillSeveral),
        BillFault::TooLarge => refused(ErrorCode::BillTooLarge),
        BillFault::Totals(_) => refused(ErrorCode::BillTotals),
        BillFault::Truncated => refused(ErrorCode::BillTruncated),
        BillFault::WrongChannel => refused(ErrorCode::BillWrongChannel),
        BillFault::WrongDay(day) => {
            refused_with(ErrorCode::BillWrongDay, &[("day", day.to_string())])
        }
        BillFault::WrongKind => refused(ErrorCode::BillWrongKind),
        BillFault::WrongMerchant => refused(ErrorCode::BillWrongMerchant),
    }
}

/// A refusal of a bank's file: the line, the field and the reason.
fn statement_code(fault: &StatementFault) -> CommandError {
    let code = match fault.reason {
        StatementReason::Amount => ErrorCode::StatementAmount,
        StatementReason::Archive => ErrorCode::StatementArchive,
        StatementReason::Balance { .. } => ErrorCode::StatementBalance,
        StatementReason::Binary => ErrorCode::StatementBinary,
        StatementReason::Bomb => ErrorCode::StatementBomb,
        StatementReason::Columns => ErrorCode::StatementColumns,
        StatementReason::Currencies { .. } => ErrorCode::StatementCurrencies,
        StatementReason::Currency(_) => ErrorCode::StatementCurrency,
        StatementReason::Date => ErrorCode::StatementDate,
        StatementReason::Doubled { .. } => ErrorCode::StatementDoubled,
        StatementReason::Dtd => ErrorCode::StatementDtd,
        StatementReason::Encoding => ErrorCode::StatementEncoding,
        StatementReason::Encrypted => ErrorCode::StatementEncrypted,
        StatementReason::GoesOn => ErrorCode::StatementGoesOn,
        StatementReason::Missing => ErrorCode::StatementMissing,
        StatementReason::Nested => ErrorCode::StatementNested,
        StatementReason::Refused(_) => ErrorCode::StatementRefused,
        StatementReason::Syntax => ErrorCode::StatementSyntax,
        StatementReason::TooLarge => ErrorCode::StatementTooLarge,
        StatementReason::TooPrecise => ErrorCode::StatementTooPrecise,
        StatementReason::Total { .. } => ErrorCode::StatementTotal,
        StatementReason::Truncated => ErrorCode::StatementTruncated,
        StatementReason::NotAStatement => ErrorCode::StatementUnknown,
    };
    refused_with(code, &fault.params())
}

fn blocked_code(blocked: Blocked) -> ErrorCode {
    match blocked {
        Blocked::AlreadyPaid | Blocked::AttemptOpen => ErrorCode::AttemptOpen,
        Blocked::ExceedsOwed => ErrorCode::PartExceedsOwed,
        Blocked::ExceedsRefundable => ErrorCode::RefundExceeds,
        Blocked::GoingBack => ErrorCode::PartGoingBack,
        Blocked::NothingPaid => ErrorCode::RefundNothingPaid,
        Blocked::NotThisWay | Blocked::OtherCurrency => ErrorCode::InvalidArguments,
        Blocked::ReferencesUsedUp => ErrorCode::NotNow,
    }
}

fn money_code(error: MoneyError) -> ErrorCode {
    match error {
        MoneyError::NotPositive => ErrorCode::AmountNotPositive,
        MoneyError::Overflow => ErrorCode::AmountTooLarge,
        _ => ErrorCode::AmountNotANumber,
    }
}

/// The coded form of a store error; the intent it would have made is not there.
#[must_use]
pub fn store_error(error: StoreError) -> CommandError {
    match error {
        StoreError::Blocked(blocked) => refused(blocked_code(blocked)),
        StoreError::Busy => refused(ErrorCode::DatabaseBusy),
        StoreError::Corrupt(_) => CommandError {
            money: MoneyMark::Unknown,
            ..refused(ErrorCode::DatabaseCorrupt)
        },
        StoreError::DayLocked => refused(ErrorCode::DayLocked),
        StoreError::Full => refused(ErrorCode::DiskFull),
        // Whether the commit is there is known after a restart only.
        StoreError::Io(_) => CommandError {
            money: MoneyMark::Unknown,
            ..refused(ErrorCode::DiskFull)
        },
        StoreError::Locked => refused(ErrorCode::KeysLocked),
        StoreError::NewerSchema { found, known } => refused_with(
            ErrorCode::DatabaseNewer,
            &[("found", found.to_string()), ("known", known.to_string())],
        ),
        StoreError::Stale => refused(ErrorCode::DatabaseBusy),
    }
}

/// The sentence of an error in both languages, for hosts without a window.
#[must_use]
pub fn words(error: &CommandError) -> [String; 2] {
    let code = serde_json::to_value(error.code).ok();
    let code = code
        .as_ref()
        .and_then(serde_json::Value::as_str)
        .unwrap_or("internal");
    let key = format!("error_{code}");
    let params: Vec<(&str, &str)> = error
        .params
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    [Language::Chinese, Language::English]
        .map(|language| paydesk_texts::text(language, &key, &params))
}

/// A text of the catalogues in English, for hosts without a window.
#[must_use]
pub fn sentence(key: &str, params: &BTreeMap<String, String>) -> String {
    let params: Vec<(&str, &str)> = params
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    paydesk_texts::text(Language::English, key, &params)
}
