//! BTCPay Server's codes and states: did money move, and what next.
//! Source: the wire reference, sections 1 (errors), 5 (states) and 6 (payouts).

use crate::{
    CodeMeaning, MoneyMoved, NextAction,
    wire::codes::{Row, Sort, no, open},
};
use paydesk_domain::{Advice::*, Again, Again::*};

/// 422 with a list of fields: the request, or what the store allows.
pub(super) const VALIDATION: &str = "validation-error";
/// Marked settled by hand, and no coins came.
pub(super) const BY_HAND: &str = "settled-by-hand";
/// A refund's offer was withdrawn before anybody claimed it.
pub(super) const WITHDRAWN: &str = "pull-payment-archived";

/// A state, which is no answer to a call: should it ever stand for one, it decides nothing.
const fn state(
    code: &'static str,
    text: &'static str,
    money: MoneyMoved,
    next: NextAction,
    again: Option<Again>,
) -> Row {
    let meaning = CodeMeaning {
        code,
        money,
        next,
        text,
        again,
    };
    Row {
        meaning,
        sort: Sort::Fault,
    }
}

/// The row of a code.
pub(super) fn row(code: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.meaning.code == code)
}

/// Every code and state that the reference names, and those of our own.
// One row a line, so that the table can be read beside the reference.
#[rustfmt::skip]
pub(super) static TABLE: &[Row] = &[
    // The request, the key, the store.
    no(VALIDATION, "code_request", FixSetup, ByHand),
    no("unauthenticated", "code_api_key", FixSetup, ByHand),
    no("missing-permission", "code_permission", FixSetup, ByHand),
    no("store-not-found", "code_merchant_account", FixSetup, ByHand),
    open("invoice-not-found", "code_not_found", Sort::NotFound),
    no("non-refundable", "code_wrong_state", GiveUp, ByHand),
    // An invoice.
    state("New", "code_coins_new", MoneyMoved::Unknown, NextAction::Wait, None),
    state("Processing", "code_coins_confirming", MoneyMoved::Unknown, NextAction::Wait, None),
    state("Settled", "code_coins_settled", MoneyMoved::Yes, NextAction::Nothing, None),
    state("Expired", "code_coins_expired", MoneyMoved::No, NextAction::TryAgain, None),
    state("Invalid", "code_coins_invalid", MoneyMoved::Unknown, NextAction::Query, None),
    state("None", "code_coins_plain", MoneyMoved::Unknown, NextAction::Nothing, None),
    state("PaidPartial", "code_coins_short", MoneyMoved::Yes, NextAction::AskPayer, None),
    state("PaidLate", "code_coins_late", MoneyMoved::Yes, NextAction::AskPayer, None),
    state("PaidOver", "code_coins_over", MoneyMoved::Yes, NextAction::AskPayer, None),
    state("Marked", "code_coins_marked", MoneyMoved::Unknown, NextAction::Query, None),
    state(BY_HAND, "code_coins_by_hand", MoneyMoved::No, NextAction::AskPayer, None),
    // A refund.
    state("AwaitingApproval", "code_payout_waiting", MoneyMoved::Unknown, NextAction::Wait, None),
    state("AwaitingPayment", "code_payout_waiting", MoneyMoved::Unknown, NextAction::Wait, None),
    state("InProgress", "code_payout_waiting", MoneyMoved::Unknown, NextAction::Wait, None),
    state("Completed", "code_payout_done", MoneyMoved::Yes, NextAction::Nothing, None),
    state("Cancelled", "code_payout_cancelled", MoneyMoved::No, NextAction::TryAgain, None),
    state(WITHDRAWN, "code_offer_withdrawn", MoneyMoved::No, NextAction::TryAgain, Some(NewReference)),
];
