//! WeChat Pay's codes of the calls we make: did money move, and what next.
//! Sources: WeChat Pay API v3, error code tables of codepay, native, query, reverse, close, refund and
//! refund query, and the common codes. Older pages spell some without `_`.

use crate::{
    NextAction,
    wire::codes::{Row, Sort, bill, no, open},
};
use paydesk_domain::{Advice::*, Again::*};

/// The canonical spelling.
pub(super) fn canonical(code: &str) -> &str {
    match code {
        "AUTHCODEEXPIRE" | "AUTH_CODE_EXPIRED" => "AUTH_CODE_EXPIRE",
        "AUTH_CODE_ERROR" => "AUTH_CODE_INVALID",
        "BANKERROR" => "BANK_ERROR",
        "FREQUENCY_LIMIT_EXCEED" | "RATELIMIT_EXCEED" | "RATELIMIT_EXCEEDED" => "FREQUENCY_LIMITED",
        "NOTENOUGH" => "NOT_ENOUGH",
        "NOTSUPORTCARD" => "CARD_NOT_SUPPORTED",
        "ORDERCLOSED" => "ORDER_CLOSED",
        "ORDERNOTEXIST" => "ORDER_NOT_EXIST",
        "ORDERPAID" => "ORDER_PAID",
        "ORDERREVERSED" => "ORDER_REVERSED",
        "SIGNERROR" => "SIGN_ERROR",
        "SYSTEMERROR" => "SYSTEM_ERROR",
        other => other,
    }
}

/// `NOT_ENOUGH` in answer to a refund.
pub(super) const REFUND_NOT_ENOUGH: &str = "REFUND_NOT_ENOUGH";

/// The row of a canonical code.
pub(super) fn row(code: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.meaning.code == code)
}

/// Every code that the documents name for these calls.
// One row a line, so that the tables can be read beside the channel's own.
#[rustfmt::skip]
pub(super) static TABLE: &[Row] = &[
    open("USERPAYING", "stage_customer_paying", Sort::Waiting),
    // The outcome is open.
    open("SYSTEM_ERROR", "code_channel_fault", Sort::Fault),
    open("BANK_ERROR", "code_channel_fault", Sort::Fault),
    open("BIZ_ERR_NEED_RETRY", "code_channel_fault", Sort::Fault),
    open("INVALID_TRANSACTIONID", "code_channel_fault", Sort::Fault),
    open("OPENID_MISMATCH", "code_channel_fault", Sort::Fault),
    // A refund may have been accepted in spite of it, so a query comes first.
    open("FREQUENCY_LIMITED", "code_channel_fault", Sort::Fault),
    open("ORDER_PAID", "code_already_paid", Sort::Duplicate),
    open("ORDER_CLOSED", "code_already_closed", Sort::Duplicate),
    open("ORDER_REVERSED", "code_already_closed", Sort::Duplicate),
    open("OUT_TRADE_NO_USED", "code_number_used", Sort::Duplicate),
    // Also the spelling for "same number, other content", so it cannot pass for a plain no.
    open("INVALID_REQUEST", "code_number_used", Sort::Duplicate),
    open("ORDER_NOT_EXIST", "code_not_found", Sort::NotFound),
    open("RESOURCE_NOT_EXISTS", "code_not_found", Sort::NotFound),
    // The request or the contract.
    no("PARAM_ERROR", "code_request", FixSetup, ByHand),
    no("APPID_MCHID_NOT_MATCH", "code_setup", FixSetup, ByHand),
    no("MCH_NOT_EXISTS", "code_setup", FixSetup, ByHand),
    no("SIGN_ERROR", "code_signature", FixSetup, ByHand),
    no("NO_AUTH", "code_permission", FixSetup, ByHand),
    no("ACCOUNT_ERROR", "code_merchant_account", FixSetup, ByHand),
    no("REQUEST_BLOCKED", "code_blocked", GiveUp, ByHand),
    no("TRADE_ERROR", "code_wrong_state", GiveUp, ByHand),
    // The payer.
    no("AUTH_CODE_INVALID", "code_code_invalid", AskPayer, NewReference),
    no("AUTH_CODE_EXPIRE", "code_code_invalid", AskPayer, NewReference),
    no("RULE_LIMIT", "code_limit", AskPayer, NewReference),
    no("USER_ACCOUNT_ABNORMAL", "code_payer_account", AskPayer, ByHand),
    no("PAYERROR", "code_payer_retry", AskPayer, NewReference),
    no("NOT_ENOUGH", "code_payer_funds", AskPayer, NewReference),
    no("CARD_NOT_SUPPORTED", "code_payer_funds", AskPayer, NewReference),
    // The same code on a refund means the merchant's balance; the same refund number works once it is filled up.
    no(REFUND_NOT_ENOUGH, "code_merchant_funds", FixSetup, SameReference),
    // States of a refund that ended badly.
    no("REFUND_CLOSED", "event_refund_failed", TryAgain, NewReference),
    no("REFUND_ABNORMAL", "code_refund_abnormal", GiveUp, ByHand),
    // Bills.
    bill("NO_STATEMENT_EXIST", "code_bill_empty", NextAction::Nothing),
    bill("STATEMENT_CREATING", "code_bill_not_yet", NextAction::AskLater),
];
