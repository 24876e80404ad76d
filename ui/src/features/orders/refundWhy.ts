/// Why a refund did not happen, in words. The core says which text it is; what a code means stands in
/// the channels' own tables and nowhere else.
import type { RefundView } from '$lib/api/contract';
import { m, textOf } from '$lib/i18n/text';

export interface RefundWhy {
  text: string;
  /// The channel's code, to be shown small beside the text; null where there is none.
  code: string | null;
}

export function refundWhy({ why, why_text }: Pick<RefundView, 'why' | 'why_text'>): RefundWhy {
  const text = (why_text ? textOf(why_text) : null) ?? m.refund_why_other();
  return { text, code: why_text?.startsWith('doubt_') ? null : why };
}
