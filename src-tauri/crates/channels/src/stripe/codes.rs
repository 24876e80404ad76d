//! Stripe's codes: did money move, and what next.
//! Sources: the wire reference's tables of errors (section 5), of refunds (9) and of declines (17). Codes of declined
//! cards are the issuer's; the reasons of failed refunds carry `refund.` in front, for some of both have one name.

use crate::{
    NextAction,
    wire::codes::{Row, Sort, bill, no, open},
};
use paydesk_domain::{Advice::*, Again::*};

/// One idempotency key with other parameters, as the type of the error says.
pub(super) const KEY_DIFFERS: &str = "idempotency_error";
/// 401 without a code of its own.
pub(super) const NO_KEY: &str = "api_key_invalid";
/// 403: a restricted key without this right.
pub(super) const NO_RIGHT: &str = "more_permissions_required";
/// 429 without a code of its own.
pub(super) const RATE_LIMIT: &str = "rate_limit";
/// A refund that was begun so long ago that its key may be forgotten, and that the channel does not have.
pub(super) const REFUND_STALE: &str = "refund_stale";
/// A refund that was called off before it went out.
pub(super) const REFUND_CANCELED: &str = "refund_canceled";
/// A refund that failed without a reason.
pub(super) const REFUND_FAILED: &str = "refund.unknown";
/// In front of the reasons of failed refunds.
pub(super) const REFUND_REASON: &str = "refund.";
/// A card that was refused, where nobody says why.
pub(super) const DECLINED: &str = "card_declined";
/// A reader's action that failed without a code.
pub(super) const READER_FAILED: &str = "reader_failed";

/// A report that the channel could not make.
pub(super) const REPORT_FAILED: &str = "report_failed";

/// The row of a code.
pub(super) fn row(code: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.meaning.code == code)
}

/// Every code that the tables name.
// One row a line, so that the tables can be read beside the channel's own.
#[rustfmt::skip]
pub(super) static TABLE: &[Row] = &[
    // The channel itself; the outcome is open.
    open("api_error", "code_channel_fault", Sort::Fault),
    open("lock_timeout", "code_channel_fault", Sort::Fault),
    open("idempotency_key_in_use", "code_channel_fault", Sort::Fault),
    open("idempotency_error", "code_number_used", Sort::Duplicate),
    open("resource_missing", "code_not_found", Sort::NotFound),
    // The request, the key, its rights.
    no("invalid_request_error", "code_request", FixSetup, ByHand),
    no("parameter_missing", "code_request", FixSetup, ByHand),
    no("parameter_unknown", "code_request", FixSetup, ByHand),
    no("parameter_invalid_integer", "code_request", FixSetup, ByHand),
    no("api_key_invalid", "code_api_key", FixSetup, ByHand),
    no("api_key_expired", "code_api_key", FixSetup, ByHand),
    no("more_permissions_required", "code_permission", FixSetup, ByHand),
    no("rate_limit", "code_too_many_calls", TryAgain, SameReference),
    no("amount_too_small", "code_amount_bounds", GiveUp, ByHand),
    no("amount_too_large", "code_amount_bounds", GiveUp, ByHand),
    no("payment_intent_unexpected_state", "code_wrong_state", GiveUp, ByHand),
    no("intent_invalid_state", "code_wrong_state", GiveUp, ByHand),
    // The reader.
    no("terminal_reader_busy", "code_reader_busy", TryAgain, NewReference),
    no("terminal_reader_offline", "code_reader_offline", TryAgain, NewReference),
    open("terminal_reader_timeout", "code_reader_timeout", Sort::Fault),
    no("terminal_reader_hardware_fault", "code_reader_fault", FixSetup, NewReference),
    no("terminal_reader_invalid_location_for_payment", "code_reader_fault", FixSetup, NewReference),
    no("reader_failed", "code_card_unfinished", AskPayer, NewReference),
    no("customer_canceled", "code_card_unfinished", AskPayer, NewReference),
    // The card. Lost and stolen ones are never named: the shop has not to know, and the customer may be at the counter.
    no("card_error", "code_card_refused", AskPayer, NewReference),
    no(DECLINED, "code_card_refused", AskPayer, NewReference),
    no("generic_decline", "code_card_refused", AskPayer, NewReference),
    no("call_issuer", "code_card_refused", AskPayer, NewReference),
    no("do_not_honor", "code_card_refused", AskPayer, NewReference),
    no("transaction_not_allowed", "code_card_refused", AskPayer, NewReference),
    no("not_permitted", "code_card_refused", AskPayer, NewReference),
    no("currency_not_supported", "code_card_refused", AskPayer, NewReference),
    no("card_not_supported", "code_card_refused", AskPayer, NewReference),
    no("pin_try_exceeded", "code_card_refused", AskPayer, NewReference),
    no("lost_card", "code_card_refused", AskPayer, NewReference),
    no("stolen_card", "code_card_refused", AskPayer, NewReference),
    no("pickup_card", "code_card_refused", AskPayer, NewReference),
    no("fraudulent", "code_card_refused", AskPayer, NewReference),
    no("insufficient_funds", "code_card_funds", AskPayer, NewReference),
    no("card_velocity_exceeded", "code_card_funds", AskPayer, NewReference),
    no("withdrawal_count_limit_exceeded", "code_card_funds", AskPayer, NewReference),
    no("incorrect_pin", "code_card_pin", AskPayer, NewReference),
    no("offline_pin_required", "code_card_pin", AskPayer, NewReference),
    no("online_or_offline_pin_required", "code_card_pin", AskPayer, NewReference),
    no("expired_card", "code_card_wrong", AskPayer, NewReference),
    no("incorrect_cvc", "code_card_wrong", AskPayer, NewReference),
    no("invalid_number", "code_card_wrong", AskPayer, NewReference),
    no("invalid_amount", "code_card_wrong", AskPayer, NewReference),
    no("try_again_later", "code_card_technical", TryAgain, NewReference),
    no("processing_error", "code_card_technical", TryAgain, NewReference),
    no("issuer_not_available", "code_card_technical", TryAgain, NewReference),
    no("reenter_transaction", "code_card_technical", TryAgain, NewReference),
    // Refunds that were refused. Under its key the channel repeats a no for a day, so the next try is a new refund.
    no("balance_insufficient", "code_refund_top_up", FixSetup, NewReference),
    no("charge_already_refunded", "code_refund_not_allowed", GiveUp, ByHand),
    no("charge_not_refundable", "code_refund_not_allowed", GiveUp, ByHand),
    no("charge_disputed", "code_refund_disputed", GiveUp, ByHand),
    no("refund_disputed_payment", "code_refund_disputed", GiveUp, ByHand),
    no(REFUND_STALE, "code_refund_stale", TryAgain, NewReference),
    // Refunds that failed later: the money is back in the shop's balance at the channel.
    no("refund.lost_or_stolen_card", "code_refund_bounced", GiveUp, ByHand),
    no("refund.expired_or_canceled_card", "code_refund_bounced", GiveUp, ByHand),
    no("refund.declined", "code_refund_bounced", GiveUp, ByHand),
    no("refund.unknown", "code_refund_bounced", GiveUp, ByHand),
    no("refund.charge_for_pending_refund_disputed", "code_refund_disputed", GiveUp, ByHand),
    no("refund.insufficient_funds", "code_refund_top_up", FixSetup, NewReference),
    no("refund.merchant_request", "code_refund_called_off", TryAgain, NewReference),
    no(REFUND_CANCELED, "code_refund_called_off", TryAgain, NewReference),
    // Reports.
    bill("report_failed", "code_bill_not_yet", NextAction::AskLater),
];
