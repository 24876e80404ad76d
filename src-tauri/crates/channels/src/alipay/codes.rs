//! Alipay's codes of the calls we make: did money move, and what next.
//! Sources: Alipay open platform, error code tables of trade.pay, precreate, query, cancel, close, refund
//! and refund query, and the common gateway codes.

use crate::{
    NextAction,
    wire::codes::{Row, Sort, bill, no, open},
};
use paydesk_domain::{Advice::*, Again::*};

/// The canonical spelling of a business code: `ACQ.` in front, whatever variant the gateway used.
pub(super) fn canonical(sub_code: &str) -> String {
    let bare = ["aop.ACQ.", "aop.AQC.", "ACQ.", "AQC."]
        .iter()
        .find_map(|prefix| sub_code.strip_prefix(prefix));
    match bare {
        Some(bare) => format!("ACQ.{bare}"),
        // The refund query leaves the prefix out; business codes are capitals, gateway codes are not.
        None if is_bare_business_code(sub_code) => format!("ACQ.{sub_code}"),
        None => sub_code.to_owned(),
    }
}

fn is_bare_business_code(code: &str) -> bool {
    code.contains('_')
        && code
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b == b'_' || b.is_ascii_digit())
}

/// What `ACQ.TRADE_HAS_CLOSE` says of a refund: the trade is over, so this refund can no longer come to be. Of a
/// charge it says that our number is known.
pub(super) const REFUND_TRADE_HAS_CLOSE: &str = "ACQ.REFUND_TRADE_HAS_CLOSE";

/// The row of a canonical code.
pub(super) fn row(code: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.meaning.code == code)
}

/// Every code that the documents name for these calls.
// One row a line, so that the tables can be read beside the channel's own.
#[rustfmt::skip]
pub(super) static TABLE: &[Row] = &[
    // Gateway, without a business code. Of an accepted call the business fields tell, never the code.
    open("10000", "code_accepted", Sort::Fault),
    open("10003", "stage_customer_paying", Sort::Waiting),
    open("20000", "code_channel_fault", Sort::Fault),
    no("20001", "code_authorisation", FixSetup, ByHand),
    no("40001", "code_request", FixSetup, ByHand),
    no("40002", "code_request", FixSetup, ByHand),
    no("40003", "code_setup", FixSetup, ByHand),
    // A business failure is told by its own code; without one that is known, nothing is.
    open("40004", "code_business", Sort::Fault),
    no("40005", "code_too_many_calls", TryAgain, SameReference),
    no("40006", "code_permission", FixSetup, ByHand),
    open("isp.unknow-error", "code_channel_fault", Sort::Fault),
    open("aop.unknow-error", "code_channel_fault", Sort::Fault),
    no("aop.invalid-auth-token", "code_authorisation", FixSetup, ByHand),
    no("isv.app-call-limited", "code_too_many_calls", TryAgain, SameReference),
    no("isv.method-call-limited", "code_too_many_calls", TryAgain, SameReference),
    no("isv.missing-method", "code_request", FixSetup, ByHand),
    no("isv.missing-signature", "code_request", FixSetup, ByHand),
    no("isv.missing-signature-type", "code_request", FixSetup, ByHand),
    no("isv.missing-signature-key", "code_setup", FixSetup, ByHand),
    no("isv.missing-app-id", "code_setup", FixSetup, ByHand),
    no("isv.missing-timestamp", "code_request", FixSetup, ByHand),
    no("isv.missing-version", "code_request", FixSetup, ByHand),
    no("isv.invalid-signature", "code_signature", FixSetup, ByHand),
    no("isv.invalid-app-id", "code_setup", FixSetup, ByHand),
    no("isv.invalid-timestamp", "code_clock", FixSetup, ByHand),
    no("isv.invalid-charset", "code_request", FixSetup, ByHand),
    no("isv.invalid-format", "code_request", FixSetup, ByHand),
    no("isv.invalid-method", "code_request", FixSetup, ByHand),
    no("isv.invalid-encoding", "code_request", FixSetup, ByHand),
    no("isv.invalid-signature-type", "code_request", FixSetup, ByHand),
    no("isv.invalid-version", "code_request", FixSetup, ByHand),
    no("isv.missing-charset", "code_request", FixSetup, ByHand),
    no("isv.illegal-json", "code_request", FixSetup, ByHand),
    no("isv.suspected-attack", "code_request", FixSetup, ByHand),
    no("isv.code-invalid", "code_authorisation", FixSetup, ByHand),
    no("isv.missing-signature-config", "code_setup", FixSetup, ByHand),
    no("isv.decryption-error-unknown", "code_content_key", FixSetup, ByHand),
    no("isv.missing-encrypt-type", "code_content_key", FixSetup, ByHand),
    no("isv.invalid-encrypt-type", "code_content_key", FixSetup, ByHand),
    no("isv.insufficient-isv-permissions", "code_permission", FixSetup, ByHand),
    no("isv.self-invoke-forbidden", "code_permission", FixSetup, ByHand),
    no("isv.missing-app-cert-sn", "code_certificate", FixSetup, ByHand),
    no("isv.missing-alipay-root-cert-sn", "code_certificate", FixSetup, ByHand),
    no("isv.invalid-alipay-root-cert-sn", "code_certificate", FixSetup, ByHand),
    no("isv.app-cert-expired", "code_certificate", FixSetup, ByHand),
    no("isv.app-cert-not-exist", "code_certificate", FixSetup, ByHand),
    no("isv.alipay-cert-not-exist", "code_certificate", FixSetup, ByHand),
    // The outcome is open.
    open("ACQ.SYSTEM_ERROR", "code_channel_fault", Sort::Fault),
    open("ACQ.TRADE_HAS_SUCCESS", "code_already_paid", Sort::Duplicate),
    open("ACQ.TRADE_HAS_CLOSE", "code_already_closed", Sort::Duplicate),
    open("ACQ.CONTEXT_INCONSISTENT", "code_number_used", Sort::Duplicate),
    open("ACQ.APPLY_PC_MERCHANT_CODE_ERROR", "code_number_used", Sort::Duplicate),
    open("ACQ.DISCORDANT_REPEAT_REQUEST", "code_number_used", Sort::Duplicate),
    open("ACQ.TRADE_NOT_EXIST", "code_not_found", Sort::NotFound),
    // The request or the contract.
    no("ACQ.INVALID_PARAMETER", "code_request", FixSetup, ByHand),
    no("ACQ.ACCESS_FORBIDDEN", "code_permission", FixSetup, ByHand),
    no("ACQ.PARTNER_ERROR", "code_setup", FixSetup, ByHand),
    no("ACQ.EXIST_FORBIDDEN_WORD", "code_forbidden_word", FixSetup, ByHand),
    no("ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR", "code_clock", FixSetup, ByHand),
    no("ACQ.SUB_GOODS_SIZE_MAX_COUNT", "code_request", FixSetup, ByHand),
    no("ACQ.AUTH_TOKEN_IS_NOT_EXIST", "code_authorisation", FixSetup, ByHand),
    no("ACQ.RISK_MERCHANT_IP_NOT_EXIST", "code_request", FixSetup, ByHand),
    no("ACQ.INVALID_STORE_ID", "code_setup", FixSetup, ByHand),
    no("ACQ.SELLER_BEEN_BLOCKED", "code_merchant_account", FixSetup, ByHand),
    no("ACQ.SELLER_NOT_EXIST", "code_merchant_account", FixSetup, ByHand),
    no("ACQ.MERCHANT_STATUS_NOT_NORMAL", "code_merchant_account", FixSetup, ByHand),
    no("ACQ.MERCHANT_AGREEMENT_NOT_EXIST", "code_permission", FixSetup, ByHand),
    // The payer.
    no("ACQ.PAYMENT_AUTH_CODE_INVALID", "code_code_invalid", AskPayer, NewReference),
    no("ACQ.BUYER_BALANCE_NOT_ENOUGH", "code_payer_funds", AskPayer, NewReference),
    no("ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH", "code_payer_funds", AskPayer, NewReference),
    no("ACQ.ERROR_BALANCE_PAYMENT_DISABLE", "code_payer_funds", AskPayer, NewReference),
    no("ACQ.NO_PAYMENT_INSTRUMENTS_AVAILABLE", "code_payer_funds", AskPayer, NewReference),
    no("ACQ.TOTAL_FEE_EXCEED", "code_limit", AskPayer, NewReference),
    no("ACQ.BEYOND_PAY_RESTRICTION", "code_limit", AskPayer, NewReference),
    no("ACQ.BEYOND_PER_RECEIPT_RESTRICTION", "code_limit", AskPayer, NewReference),
    no("ACQ.BEYOND_PER_RECEIPT_DAY_RESTRICTION", "code_limit", AskPayer, NewReference),
    no("ACQ.BEYOND_PER_RECEIPT_SINGLE_RESTRICTION", "code_limit", AskPayer, NewReference),
    no("ACQ.BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR", "code_limit", AskPayer, NewReference),
    no("ACQ.BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR", "code_limit", AskPayer, NewReference),
    no("ACQ.BUYER_SELLER_EQUAL", "code_payer_account", AskPayer, NewReference),
    no("ACQ.TRADE_BUYER_NOT_MATCH", "code_payer_account", AskPayer, NewReference),
    no("ACQ.BUYER_ENABLE_STATUS_FORBID", "code_payer_account", AskPayer, NewReference),
    no("ACQ.ERROR_BUYER_CERTIFY_LEVEL_LIMIT", "code_payer_account", AskPayer, NewReference),
    no("ACQ.NOT_CERTIFIED_USER", "code_payer_account", AskPayer, NewReference),
    no("ACQ.PULL_MOBILE_CASHIER_FAIL", "code_payer_retry", AskPayer, NewReference),
    no("ACQ.MOBILE_PAYMENT_SWITCH_OFF", "code_payer_retry", AskPayer, NewReference),
    no("ACQ.USER_FACE_PAYMENT_SWITCH_OFF", "code_payer_retry", AskPayer, NewReference),
    no("ACQ.PAYMENT_FAIL", "code_payer_retry", AskPayer, NewReference),
    no("ACQ.PAYMENT_REQUEST_HAS_RISK", "code_risk", AskPayer, NewReference),
    // Endings and refunds.
    no("ACQ.TRADE_STATUS_ERROR", "code_wrong_state", GiveUp, ByHand),
    no("ACQ.REASON_TRADE_STATUS_INVALID", "code_wrong_state", GiveUp, ByHand),
    no("ACQ.REASON_ILLEGAL_STATUS", "code_wrong_state", GiveUp, ByHand),
    no("ACQ.TRADE_HAS_FINISHED", "code_wrong_state", GiveUp, ByHand),
    no("ACQ.TRADE_CANCEL_TIME_OUT", "code_too_late", GiveUp, ByHand),
    no("ACQ.CANCEL_NOT_ALLOWED", "code_wrong_state", GiveUp, ByHand),
    no("ACQ.REASON_TRADE_BEEN_FREEZEN", "code_frozen", GiveUp, ByHand),
    no("ACQ.REASON_TRADE_REFUND_FEE_ERR", "code_refund_too_much", GiveUp, NewReference),
    no("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "code_refund_whole_only", GiveUp, NewReference),
    no("ACQ.NOT_ALLOW_PARTIAL_REFUND", "code_refund_whole_only", GiveUp, NewReference),
    no("ACQ.TRADE_NOT_ALLOW_REFUND", "code_refund_not_allowed", GiveUp, ByHand),
    no(REFUND_TRADE_HAS_CLOSE, "code_refund_trade_closed", GiveUp, ByHand),
    no("ACQ.REFUNDALLOC_UNAUTH_LIMIT", "code_refund_share", FixSetup, ByHand),
    no("ACQ.SELLER_BALANCE_NOT_ENOUGH", "code_merchant_funds", FixSetup, SameReference),
    // Bills. The same words for "nothing was traded" and "not made yet".
    bill("isp.bill_not_exist", "code_bill_not_yet", NextAction::AskLater),
    bill("ACQ.BILL_NOT_EXIST", "code_bill_not_yet", NextAction::AskLater),
    bill("ACQ.NO_BILL_DATA", "code_bill_empty", NextAction::Nothing),
    bill("ACQ.BILL_DATE_BEFORE_REGISTRATION", "code_bill_too_early", NextAction::GiveUp),
    bill("isv.invalid_arguments", "code_request", NextAction::FixSetup),
    bill("ACQ.INVAILID_ARGUMENTS", "code_request", NextAction::FixSetup),
    bill("ACQ.TYPE_NOT_SUPPORTED", "code_request", NextAction::FixSetup),
    bill("ACQ.SYSTEM_RATE_LIMIT", "code_too_many_calls", NextAction::TryAgain),
    bill("ACQ.USER_RATE_LIMIT", "code_too_many_calls", NextAction::TryAgain),
];
