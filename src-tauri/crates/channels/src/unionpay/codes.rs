//! UnionPay's answer codes: did money move, and what next.
//! Sources: the two public code tables of the ACP SDKs, and the rule of the UnionPay samples about which codes are
//! no failure of a movement before a query said so (01, 12, 34 and 60 among them).

use crate::{
    NextAction,
    wire::codes::{Row, Sort, bill, no, open},
};
use paydesk_domain::{Advice::*, Again::*};

/// `10` in answer to a refund that is sent once more, long after its own moment: that moment is what is refused.
pub(super) const REFUND_STALE: &str = "REFUND_STALE";

/// Codes by which a query says that the movement is still on its way.
const RUNNING: [&str; 4] = ["03", "04", "05", "83"];
/// Codes that decide nothing in answer to the movement itself, and are its end when a query tells them.
const ENDED_WHEN_ASKED: [&str; 2] = ["01", "60"];

/// The row of a code.
pub(super) fn row(code: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.meaning.code == code)
}

/// Whether a movement with this code in a query has happened; A6 is a success with a flaw that the file settles.
pub(super) fn is_done(code: &str) -> bool {
    matches!(code, "00" | "A6")
}

/// Whether it may still happen.
pub(super) fn is_running(code: &str) -> bool {
    RUNNING.contains(&code)
}

/// Whether it has failed for good.
pub(super) fn is_failed(code: &str) -> bool {
    let refused = row(code).is_some_and(|row| matches!(row.sort, Sort::Refusal(_)));
    refused || ENDED_WHEN_ASKED.contains(&code)
}

/// Every code that the tables name.
// One row a line, so that the tables can be read beside the channel's own.
#[rustfmt::skip]
pub(super) static TABLE: &[Row] = &[
    // Taken in; the outcome is open.
    open("00", "code_accepted", Sort::Fault),
    open("A6", "code_accepted", Sort::Fault),
    open("A1", "code_accepted", Sort::Fault),
    open("05", "code_accepted", Sort::Fault),
    open("83", "code_accepted", Sort::Fault),
    open("01", "code_business", Sort::Fault),
    open("60", "code_business", Sort::Fault),
    open("02", "code_channel_fault", Sort::Fault),
    open("03", "code_channel_fault", Sort::Fault),
    open("04", "code_channel_fault", Sort::Fault),
    open("06", "code_channel_fault", Sort::Fault),
    open("37", "code_channel_fault", Sort::Fault),
    open("99", "code_channel_fault", Sort::Fault),
    // Its name is a debit, whatever it is a refusal of.
    open("42", "code_debited_late", Sort::Fault),
    open("12", "code_number_used", Sort::Duplicate),
    open("34", "code_not_found", Sort::NotFound),
    // The request or the contract.
    no("10", "code_request", FixSetup, ByHand),
    no("11", "code_signature", FixSetup, ByHand),
    no("13", "code_request", FixSetup, ByHand),
    no("14", "code_request", FixSetup, ByHand),
    no("31", "code_merchant_account", FixSetup, ByHand),
    no("32", "code_permission", FixSetup, ByHand),
    no("43", "code_permission", FixSetup, ByHand),
    // The original of an undo or a refund.
    no("35", "code_wrong_state", GiveUp, ByHand),
    no("36", "code_original_differs", GiveUp, ByHand),
    no("39", "code_too_late", GiveUp, ByHand),
    no(REFUND_STALE, "code_refund_stale", TryAgain, NewReference),
    // The payer.
    no("30", "code_payer_account", AskPayer, NewReference),
    no("33", "code_limit", AskPayer, NewReference),
    no("38", "code_risk", AskPayer, NewReference),
    no("40", "code_payer_account", AskPayer, NewReference),
    no("61", "code_payer_account", AskPayer, NewReference),
    no("62", "code_payer_account", AskPayer, NewReference),
    no("63", "code_payer_account", AskPayer, NewReference),
    no("64", "code_payer_funds", AskPayer, NewReference),
    no("65", "code_payer_account", AskPayer, NewReference),
    no("66", "code_payer_account", AskPayer, NewReference),
    no("67", "code_payer_account", AskPayer, NewReference),
    no("68", "code_payer_account", AskPayer, NewReference),
    no("69", "code_payer_retry", AskPayer, NewReference),
    no("73", "code_payer_account", AskPayer, NewReference),
    no("77", "code_payer_account", AskPayer, NewReference),
    no("78", "code_payer_account", AskPayer, NewReference),
    no("79", "code_payer_account", AskPayer, NewReference),
    // Settlement files.
    bill("41", "code_bill_not_yet", NextAction::AskLater),
    bill("98", "code_bill_not_yet", NextAction::AskLater),
];
