//! Exit codes, the same for every command.

use paydesk_console::contract::{CommandError, ErrorCode, MoneyMark, PayState, RefundStateView};
use std::process::ExitCode;

/// A code as the shell sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Exit(u8);

/// Paid, or done.
pub(crate) const DONE: Exit = Exit(0);
/// Refused, or the event chain is broken.
pub(crate) const REFUSED: Exit = Exit(3);
/// Unknown; a resolver goes on.
pub(crate) const UNKNOWN: Exit = Exit(4);
/// Provably not sent.
pub(crate) const NOT_SENT: Exit = Exit(5);
/// Differences were found.
pub(crate) const DIFFERENCES: Exit = Exit(6);
/// Locked or missing keys.
pub(crate) const LOCKED: Exit = Exit(7);
/// Wrong use.
pub(crate) const USAGE: Exit = Exit(64);
/// The environment: folder, port, database.
pub(crate) const ENVIRONMENT: Exit = Exit(69);

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.0)
    }
}

/// The code of a refused command.
pub(crate) fn of_error(error: &CommandError) -> Exit {
    match error.code {
        ErrorCode::KeyringDenied
        | ErrorCode::KeyringHanging
        | ErrorCode::KeyringMissing
        | ErrorCode::KeysLocked
        | ErrorCode::KeysLost
        | ErrorCode::KeysUnreadable
        | ErrorCode::PassphraseWrong => LOCKED,
        ErrorCode::ExportFileExists
        | ErrorCode::ExportNameWrong
        | ErrorCode::InvalidArguments
        | ErrorCode::AmountNotANumber
        | ErrorCode::AmountNotPositive
        | ErrorCode::PassphraseTooShort
        | ErrorCode::TextTooLong
        | ErrorCode::UnknownTimeZone => USAGE,
        ErrorCode::BillUnreachable
        | ErrorCode::BillUnreadable
        | ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseCorrupt
        | ErrorCode::DatabaseNewer
        | ErrorCode::DiskFull
        | ErrorCode::ExportDiskFull
        | ErrorCode::ExportFailed
        | ErrorCode::ExportFolderMissing
        | ErrorCode::ExportNotAllowed
        | ErrorCode::ExportStopped
        | ErrorCode::Internal
        | ErrorCode::NotSetUp
        | ErrorCode::SandboxGone => ENVIRONMENT,
        ErrorCode::Offline => NOT_SENT,
        ErrorCode::AccountExists
        | ErrorCode::AccountFieldWrong
        | ErrorCode::AccountInDoubt
        | ErrorCode::AccountNotFound
        | ErrorCode::AlreadySetUp
        | ErrorCode::AmountTooLarge
        | ErrorCode::AttemptOpen
        | ErrorCode::BillArchive
        | ErrorCode::BillBomb
        | ErrorCode::BillBusy
        | ErrorCode::BillCell
        | ErrorCode::BillDigest
        | ErrorCode::BillDoubled
        | ErrorCode::BillEmpty
        | ErrorCode::BillEncoding
        | ErrorCode::BillEncrypted
        | ErrorCode::BillGoesOn
        | ErrorCode::BillLeadsOut
        | ErrorCode::BillNested
        | ErrorCode::BillNotYet
        | ErrorCode::BillRefused
        | ErrorCode::BillRepeatedRow
        | ErrorCode::BillSeveral
        | ErrorCode::BillTooEarly
        | ErrorCode::BillTooLarge
        | ErrorCode::BillTotals
        | ErrorCode::BillTruncated
        | ErrorCode::BillWrongChannel
        | ErrorCode::BillWrongDay
        | ErrorCode::BillWrongKind
        | ErrorCode::BillWrongMerchant
        | ErrorCode::ChannelNotConnected
        | ErrorCode::StatementAmount
        | ErrorCode::StatementArchive
        | ErrorCode::StatementBalance
        | ErrorCode::StatementBinary
        | ErrorCode::StatementBomb
        | ErrorCode::StatementColumns
        | ErrorCode::StatementCurrencies
        | ErrorCode::StatementCurrency
        | ErrorCode::StatementDate
        | ErrorCode::StatementDoubled
        | ErrorCode::StatementDtd
        | ErrorCode::StatementEncoding
        | ErrorCode::StatementEncrypted
        | ErrorCode::StatementGoesOn
        | ErrorCode::StatementMissing
        | ErrorCode::StatementNested
        | ErrorCode::StatementRefused
        | ErrorCode::StatementSyntax
        | ErrorCode::StatementTooLarge
        | ErrorCode::StatementTooPrecise
        | ErrorCode::StatementTotal
        | ErrorCode::StatementTruncated
        | ErrorCode::StatementUnknown
        | ErrorCode::StatementAccount
        | ErrorCode::TemplateNotFound
        | ErrorCode::KeptFileMissing
        | ErrorCode::ClockWrong
        | ErrorCode::CodeUsed
        | ErrorCode::DemoOnly
        | ErrorCode::GatewayNotAllowed
        | ErrorCode::GoodsCode
        | ErrorCode::KeyInUse
        | ErrorCode::KeyKnown
        | ErrorCode::KeyNotFound
        | ErrorCode::NotNow
        | ErrorCode::OlderCopy
        | ErrorCode::OrderNotFound
        | ErrorCode::OwnReceipt
        | ErrorCode::PreviewGone
        | ErrorCode::RealOnly
        | ErrorCode::ReasonRequired
        | ErrorCode::RefundExceeds
        | ErrorCode::RefundNothingPaid
        | ErrorCode::RepeatQuestion
        | ErrorCode::UnknownCode => {
            if error.money == MoneyMark::Unknown {
                UNKNOWN
            } else {
                REFUSED
            }
        }
    }
}

/// The code of a payment's state; `not_sent` names why a closed one provably never left.
pub(crate) fn of_payment(state: PayState, not_sent: Option<&str>) -> Exit {
    match state {
        PayState::Paid => DONE,
        PayState::Closed | PayState::Failed if not_sent == Some("keys_locked") => LOCKED,
        PayState::Closed | PayState::Failed if not_sent.is_some() => NOT_SENT,
        PayState::Closed | PayState::Failed | PayState::Reversed => REFUSED,
        PayState::CustomerPaying
        | PayState::Ending
        | PayState::PaidLate
        | PayState::ShowingQr
        | PayState::Unknown
        | PayState::Waiting => UNKNOWN,
    }
}

/// The code of a refund's state.
pub(crate) fn of_refund(state: RefundStateView) -> Exit {
    match state {
        RefundStateView::Done => DONE,
        RefundStateView::Cancelled => NOT_SENT,
        RefundStateView::Failed => REFUSED,
        RefundStateView::Accepted
        | RefundStateView::Unknown
        | RefundStateView::WaitingForBalance => UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(state: PayState, not_sent: Option<&str>, expected: Exit) {
        assert_eq!(
            of_payment(state, not_sent),
            expected,
            "{state:?} {not_sent:?}"
        );
    }

    #[test]
    fn a_payment_that_never_left_says_why() {
        check(PayState::Failed, Some("keys_locked"), LOCKED);
        check(PayState::Failed, Some("offline"), NOT_SENT);
        check(PayState::Failed, Some("cancelled"), NOT_SENT);
        check(PayState::Failed, None, REFUSED);
        check(PayState::Paid, Some("keys_locked"), DONE);
        check(PayState::Unknown, Some("keys_locked"), UNKNOWN);
    }
}
