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

/// The code of a refused command. What is not named here is a refusal, or nobody knows yet.
pub(crate) fn of_error(error: &CommandError) -> Exit {
    const NAMED: [(Exit, &[ErrorCode]); 4] = [
        (
            LOCKED,
            &[
                ErrorCode::KeyringDenied,
                ErrorCode::KeyringHanging,
                ErrorCode::KeyringMissing,
                ErrorCode::KeysLocked,
                ErrorCode::KeysLost,
                ErrorCode::KeysUnreadable,
                ErrorCode::PassphraseWrong,
            ],
        ),
        (
            USAGE,
            &[
                ErrorCode::ExportFileExists,
                ErrorCode::ExportNameWrong,
                ErrorCode::InterfaceOff,
                ErrorCode::InvalidArguments,
                ErrorCode::LedgerAccountWrong,
                ErrorCode::AmountNotANumber,
                ErrorCode::AmountNotPositive,
                ErrorCode::IntentReused,
                ErrorCode::PassphraseTooShort,
                ErrorCode::TextTooLong,
                ErrorCode::UnknownTimeZone,
            ],
        ),
        (
            ENVIRONMENT,
            &[
                ErrorCode::BillUnreachable,
                ErrorCode::BillUnreadable,
                ErrorCode::DatabaseBusy,
                ErrorCode::DatabaseCorrupt,
                ErrorCode::DatabaseNewer,
                ErrorCode::DiskFull,
                ErrorCode::ExportDiskFull,
                ErrorCode::ExportFailed,
                ErrorCode::ExportFolderMissing,
                ErrorCode::ExportNotAllowed,
                ErrorCode::ExportStopped,
                ErrorCode::ExportTooLarge,
                ErrorCode::ExportTotalsDiffer,
                ErrorCode::FontMissing,
                ErrorCode::Internal,
                ErrorCode::ListenFailed,
                ErrorCode::NotSetUp,
                ErrorCode::PortTaken,
                ErrorCode::SandboxGone,
            ],
        ),
        (NOT_SENT, &[ErrorCode::Offline]),
    ];
    let named = NAMED.iter().find(|(_, codes)| codes.contains(&error.code));
    match named {
        Some((exit, _)) => *exit,
        None if error.money == MoneyMark::Unknown => UNKNOWN,
        None => REFUSED,
    }
}

/// The code of a payment's state; `not_sent` names why a closed one provably never left.
pub(crate) fn of_payment(state: PayState, not_sent: Option<&str>) -> Exit {
    match state {
        PayState::Paid => DONE,
        PayState::Closed | PayState::Failed if not_sent == Some("keys_locked") => LOCKED,
        PayState::Closed | PayState::Failed if not_sent.is_some() => NOT_SENT,
        PayState::Closed | PayState::Failed | PayState::Reversed => REFUSED,
        PayState::AtReader
        | PayState::Confirming
        | PayState::CustomerPaying
        | PayState::Ending
        | PayState::PaidLate
        | PayState::PageOpen
        | PayState::PaidOver
        | PayState::PaidShort
        | PayState::PartPaid
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
