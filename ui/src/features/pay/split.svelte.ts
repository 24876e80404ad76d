/// An order that is collected in parts. The core says what is owed in all, what is paid and what is left; before the
/// first part is taken only the total is known.
import type { MoneyView, PartOf, PaymentView, SplitView } from '$lib/api/contract';
import { exceeds } from '$lib/money/entry';

export class SplitOrder {
  /// What is owed in all; null where nothing is split.
  total = $state.raw<MoneyView | null>(null);
  /// As the core said it last; null before the first part.
  view = $state.raw<SplitView | null>(null);
  /// The rest stands as the amount until somebody types another.
  offered = $state(false);
  #orderId = $state<string | null>(null);

  get on(): boolean {
    return this.total !== null;
  }

  get orderId(): string | null {
    return this.#orderId;
  }

  get left(): MoneyView | null {
    return this.view?.left ?? this.total;
  }

  begin(total: MoneyView): void {
    this.reset();
    this.total = total;
    this.offered = true;
  }

  follow(payment: PaymentView): void {
    if (!payment.split) return;
    this.view = payment.split;
    this.total = payment.split.total;
    this.#orderId = payment.order_id;
  }

  reset(): void {
    this.total = null;
    this.view = null;
    this.offered = false;
    this.#orderId = null;
  }

  /// What a payment of this amount collects; null for all of a new order.
  part(minor: string): PartOf | null {
    if (this.#orderId) return { of: 'order', order_id: this.#orderId };
    if (!this.total || minor === this.total.minor) return null;
    return { of: 'new_order', total_minor: this.total.minor };
  }

  isTooMuch(minor: string): boolean {
    return this.left !== null && exceeds(minor, this.left.minor);
  }

  /// For the scan detector: as it was before a burst.
  remember(): () => void {
    const before = [this.total, this.view, this.offered, this.#orderId] as const;
    return () => {
      [this.total, this.view, this.offered, this.#orderId] = before;
    };
  }
}
