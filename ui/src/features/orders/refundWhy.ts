/// Why a refund did not happen, in words. The core hands over the channel's own code; this says what
/// it means for a refund. A code that is not listed gets a general sentence; the code stands beside it.
import { m, textOf } from '$lib/i18n/text';

/// Codes a refund can end with, by the text that explains them. Alipay's come with their `ACQ.` prefix.
const TEXTS: Record<string, string> = {
  REFUND_NOT_ENOUGH: 'code_merchant_funds',
  NOT_ENOUGH: 'code_merchant_funds',
  REFUND_CLOSED: 'event_refund_failed',
  REFUND_ABNORMAL: 'code_refund_not_allowed',
  PARAM_ERROR: 'code_request',
  APPID_MCHID_NOT_MATCH: 'code_setup',
  MCH_NOT_EXISTS: 'code_setup',
  SIGN_ERROR: 'code_signature',
  NO_AUTH: 'code_permission',
  ACCOUNT_ERROR: 'code_merchant_account',
  REQUEST_BLOCKED: 'code_risk',
  TRADE_ERROR: 'code_wrong_state',
  USER_ACCOUNT_ABNORMAL: 'code_payer_account',
  'ACQ.SELLER_BALANCE_NOT_ENOUGH': 'code_merchant_funds',
  'ACQ.REASON_TRADE_BEEN_FREEZEN': 'code_frozen',
  'ACQ.REASON_TRADE_REFUND_FEE_ERR': 'code_refund_too_much',
  'ACQ.REFUND_AMT_NOT_EQUAL_TOTAL': 'code_refund_whole_only',
  'ACQ.NOT_ALLOW_PARTIAL_REFUND': 'code_refund_whole_only',
  'ACQ.TRADE_NOT_ALLOW_REFUND': 'code_refund_not_allowed',
  'ACQ.REFUNDALLOC_UNAUTH_LIMIT': 'code_refund_not_allowed',
  'ACQ.TRADE_STATUS_ERROR': 'code_wrong_state',
  'ACQ.REASON_TRADE_STATUS_INVALID': 'code_wrong_state',
  'ACQ.REASON_ILLEGAL_STATUS': 'code_wrong_state',
  'ACQ.TRADE_HAS_FINISHED': 'code_too_late',
  'ACQ.INVALID_PARAMETER': 'code_request',
  'ACQ.ACCESS_FORBIDDEN': 'code_permission',
  'ACQ.MERCHANT_STATUS_NOT_NORMAL': 'code_merchant_account',
};

export interface RefundWhy {
  text: string;
  /// The channel's code, to be shown small beside the text; null where there is none.
  code: string | null;
}

export function refundWhy(why: string): RefundWhy {
  const doubt = textOf(`doubt_${why}`);
  if (doubt) return { text: doubt, code: null };
  const key = TEXTS[why];
  return { text: (key ? textOf(key) : null) ?? m.refund_why_other(), code: why };
}
