/// The refund dialog. Its intent is made by the core when it opens and used for every try, so that
/// no retry, double click or second window refunds twice.
import { callConsole, commandErrorOf } from '$lib/api/client';
import type { CommandError, RateView, RefundDialog } from '$lib/api/contract';
import { decimalText, isZero } from '$lib/money/format';
import { exceeds, minorOfDecimal } from '$lib/money/entry';

export type AmountFault = 'not_a_number' | 'not_positive' | 'too_much';

export class RefundForm {
  dialog = $state<RefundDialog | null>(null);
  error = $state<CommandError | null>(null);
  amountText = $state('');
  reason = $state('');
  note = $state('');
  /// At which rate coins go back; what is chosen for all of it is not sent with a part.
  rate = $state<RateView>('amount');
  sending = $state(false);
  tried = $state(false);
  readonly orderId: string;

  readonly minor = $derived(
    this.dialog ? minorOfDecimal(this.amountText, this.dialog.refundable.exponent) : null,
  );
  readonly fault = $derived.by<AmountFault | null>(() => {
    if (!this.dialog) return null;
    if (this.minor === null) return 'not_a_number';
    if (isZero(this.minor)) return 'not_positive';
    return exceeds(this.minor, this.dialog.refundable.minor) ? 'too_much' : null;
  });
  readonly isWhole = $derived(this.dialog !== null && this.minor === this.dialog.paid.minor);
  /// "Other" says nothing by itself.
  readonly noteMissing = $derived(this.reason === 'other' && this.note.trim() === '');
  readonly ready = $derived(
    this.dialog !== null &&
      this.fault === null &&
      this.reason !== '' &&
      !this.noteMissing &&
      !this.sending,
  );

  constructor(orderId: string) {
    this.orderId = orderId;
  }

  /// Opens over a payment of the order; over the latest of which something is left when none is named. Another payment
  /// is another refund, with an intent of its own.
  async open(reference?: string): Promise<void> {
    try {
      this.dialog = await callConsole('prepare_refund', {
        order_id: this.orderId,
        ...(reference ? { reference } : {}),
      });
      this.error = null;
      this.full();
    } catch (thrown) {
      this.error = commandErrorOf(thrown);
    }
  }

  full(): void {
    if (!this.dialog) return;
    const { minor, exponent } = this.dialog.refundable;
    this.amountText = decimalText(minor, exponent);
  }

  /// True when the core took the refund in; what becomes of it is followed on the order.
  async send(): Promise<boolean> {
    this.tried = true;
    if (!this.dialog || !this.ready || this.minor === null) return false;
    this.sending = true;
    try {
      await callConsole('request_refund', {
        refund_intent: this.dialog.refund_intent,
        order_id: this.orderId,
        reference: this.dialog.reference,
        amount_minor: this.minor,
        reason: this.reason,
        note: this.note.trim(),
        in_cash: this.dialog.in_cash,
        ...(this.isWhole && this.rate !== 'amount' ? { rate: this.rate } : {}),
      });
      return true;
    } catch (thrown) {
      this.error = commandErrorOf(thrown);
      return false;
    } finally {
      this.sending = false;
    }
  }
}
