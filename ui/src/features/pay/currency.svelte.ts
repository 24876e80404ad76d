/// What the till asks for an amount in: the currency of the shop's books, or another for this customer.
import type { CurrencyView } from '$lib/api/contract';
import { app } from '$lib/state/app.svelte';

/// Until the core has said what the shop's is.
const YUAN: CurrencyView = { code: 'CNY', exponent: 2 };

export class TillCurrency {
  #chosen = $state<string | null>(null);

  /// Every one the till may ask for, the shop's own first.
  readonly all = $derived<readonly CurrencyView[]>(app.status?.currencies ?? [YUAN]);
  readonly own = $derived<CurrencyView>(this.all[0] ?? YUAN);
  readonly now = $derived<CurrencyView>(
    this.all.find(({ code }) => code === this.#chosen) ?? this.own,
  );
  /// It is the one of the books and of the drawer.
  readonly isOwn = $derived(this.now.code === this.own.code);
  /// The connected channels that take it.
  readonly takers = $derived(
    (app.status?.channels ?? []).filter(
      ({ state, currencies }) => state !== 'not_connected' && currencies.includes(this.now.code),
    ),
  );

  choose(code: string): void {
    this.#chosen = code;
  }

  reset(): void {
    this.#chosen = null;
  }
}
