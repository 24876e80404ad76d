/// What a payer hands over in cash. The core works out what goes back; here it is only typed and shown.
import { callConsole, commandErrorOf } from '$lib/api/client';
import type { CashDue, CommandError } from '$lib/api/contract';
import { EnteredAmount } from '$lib/money/entry';
import { decimalText } from '$lib/money/format';
import { app } from '$lib/state/app.svelte';

export class CashReceived {
  /// Digits belong to what was handed over, no longer to the amount.
  active = $state(false);
  due = $state.raw<CashDue | null>(null);
  error = $state.raw<CommandError | null>(null);
  #typed = $state('');
  #asked = 0;

  readonly amount = $derived(
    new EnteredAmount(
      this.#typed,
      app.status?.exponent ?? 2,
      app.status?.amount_entry ?? 'from_the_right',
    ),
  );

  reset(): void {
    this.active = false;
    this.#typed = '';
    this.due = null;
    this.error = null;
    this.#asked++;
  }

  /// For the scan detector: what was typed before a burst.
  remember(): () => void {
    const before = [this.active, this.#typed, this.due] as const;
    return () => {
      this.#asked++;
      [this.active, this.#typed, this.due] = before;
    };
  }

  type(characters: string): void {
    let amount = this.amount;
    for (const character of characters) amount = amount.typed(character);
    this.#typed = amount.text;
  }

  backspace(): void {
    this.#typed = this.amount.withoutLast().text;
  }

  /// A quick amount, as if it had been typed.
  take(minor: string): void {
    this.active = true;
    this.#typed =
      this.amount.entry === 'with_point' ? decimalText(minor, this.amount.exponent) : minor;
  }

  /// The newest question wins: an older answer must not stand beside newer digits.
  async work(amount_minor: string): Promise<void> {
    const asked = ++this.#asked;
    try {
      const due = await callConsole('cash_due', {
        amount_minor,
        received_minor: this.amount.isPositive ? this.amount.minor : null,
      });
      if (asked !== this.#asked) return;
      this.due = due;
      this.error = null;
    } catch (thrown) {
      if (asked !== this.#asked) return;
      this.due = null;
      this.error = commandErrorOf(thrown);
    }
  }
}
