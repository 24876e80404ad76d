/// The cash drawer: its float, what is put in and taken out, and its counts. What should be in it comes from the core,
/// and only after the count.
import { callConsole, commandErrorOf } from '$lib/api/client';
import type { CommandError, DrawerDo, DrawerView } from '$lib/api/contract';
import { newIntentId } from '$lib/api/intent';
import { minorOfDecimal } from '$lib/money/entry';
import { isZero } from '$lib/money/format';
import { app } from '$lib/state/app.svelte';

/// An act without an amount only opens the drawer; counts may find nothing.
const NEEDS_AMOUNT: readonly DrawerDo[] = ['pay_in', 'pay_out'];
const NEEDS_REASON: readonly DrawerDo[] = ['pay_in', 'pay_out', 'no_sale'];

class DrawerState {
  view = $state.raw<DrawerView | null>(null);
  error = $state.raw<CommandError | null>(null);

  async load(): Promise<void> {
    try {
      this.view = await callConsole('drawer', {});
      this.error = null;
    } catch (thrown) {
      this.error = commandErrorOf(thrown);
    }
  }

  /// Looks again whenever an order or the shop moves.
  start(): () => void {
    void this.load();
    return app.onOrderChanged(() => void this.load());
  }
}

export const drawer = new DrawerState();

/// One dialog: its intent is made when it opens and used for every try.
export class DrawerForm {
  readonly act: DrawerDo;
  /// A count after a count: both are kept, and it needs a reason.
  readonly again: boolean;
  amountText = $state('');
  reason = $state('');
  busy = $state(false);
  error = $state.raw<CommandError | null>(null);
  readonly #intent = newIntentId();

  constructor(act: DrawerDo, again = false) {
    this.act = act;
    this.again = again;
  }

  get hasAmount(): boolean {
    return this.act !== 'no_sale';
  }

  get needsReason(): boolean {
    return this.again || NEEDS_REASON.includes(this.act);
  }

  get hasReason(): boolean {
    return this.act !== 'open';
  }

  readonly minor = $derived(minorOfDecimal(this.amountText, app.status?.exponent ?? 2));

  get ready(): boolean {
    const amountIsThere =
      !this.hasAmount ||
      (this.minor !== null && !(NEEDS_AMOUNT.includes(this.act) && isZero(this.minor)));
    return amountIsThere && (!this.needsReason || this.reason.trim() !== '') && !this.busy;
  }

  async send(): Promise<boolean> {
    if (!this.ready) return false;
    this.busy = true;
    try {
      drawer.view = await callConsole('move_drawer', {
        intent_id: this.#intent,
        act: this.act,
        amount_minor: this.hasAmount ? this.minor : null,
        reason: this.reason.trim(),
      });
      return true;
    } catch (thrown) {
      this.error = commandErrorOf(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
