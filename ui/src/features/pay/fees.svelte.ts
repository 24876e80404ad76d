/// Fees by the contract before charging: a courtesy under the amount.
import { callConsole } from '$lib/api/client';
import type { ExpectedFee } from '$lib/api/contract';
import { app } from '$lib/state/app.svelte';

/// The fee line follows the amount, but not every key.
const FEE_MS = 120;

export class ExpectedFees {
  /// By channel, for those that are connected and have a rate.
  shown = $state<Record<string, ExpectedFee>>({});
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = '';

  /// A fee of another amount must not stand under this one, not even for a moment.
  drop(): void {
    this.stop();
    this.#asked = '';
    this.shown = {};
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /// Those of an amount, soon.
  ask(amount_minor: string, currency: string): void {
    this.drop();
    const asked = `${amount_minor} ${currency}`;
    this.#asked = asked;
    this.#timer = setTimeout(() => {
      void feesOf(amount_minor, currency).then((fees) => {
        if (asked === this.#asked) this.shown = fees;
      });
    }, FEE_MS);
  }
}

async function feesOf(
  amount_minor: string,
  currency: string,
): Promise<Record<string, ExpectedFee>> {
  const fees: Record<string, ExpectedFee> = {};
  for (const channel of app.status?.channels ?? []) {
    if (channel.state === 'not_connected' || channel.rate_millionths === null) continue;
    if (!channel.currencies.includes(currency)) continue;
    const asked = { amount_minor, currency, channel: channel.id };
    try {
      fees[channel.id] = await callConsole('expected_fee', asked);
    } catch {
      // The amount itself is refused when it is charged, with words; a fee line is a courtesy.
    }
  }
  return fees;
}
