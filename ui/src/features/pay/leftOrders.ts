/// Orders whose screen was freed: what becomes of them is still said aloud.
import { callConsole } from '$lib/api/client';
import type { PaymentView, PayState } from '$lib/api/contract';
import type { Tone } from '$lib/sound/sound';
import { notices } from '$lib/state/notices.svelte';
import { laterNews } from './said';
import { STAGES } from './stages';

/// The oldest beyond these are only seen in the list.
const LEFT_MAX = 100;

export class LeftOrders {
  /// The state that the screen showed last.
  readonly #states = new Map<string, PayState>();

  /// Nothing more is expected of an order that is over.
  leave({ order_id, state }: PaymentView): void {
    if (!STAGES[state].mayStillChange) return;
    this.#states.set(order_id, state);
    const [oldest] = this.#states.keys();
    if (this.#states.size > LEFT_MAX && oldest) this.#states.delete(oldest);
  }

  /// The order is on the screen again.
  comeBack(order_id: string): void {
    this.#states.delete(order_id);
  }

  /// Every one whose outcome is unknown.
  lookAtUnknown(sound: (tone: Tone) => void): void {
    for (const [order_id, state] of this.#states) {
      if (state === 'unknown') void this.look(order_id, sound);
    }
  }

  async look(order_id: string, sound: (tone: Tone) => void): Promise<void> {
    if (!this.#states.has(order_id)) return;
    try {
      const view = await callConsole('payment_view', { order_id });
      const before = this.#states.get(order_id);
      if (before === undefined || before === view.state) return;
      if (STAGES[view.state].mayStillChange) this.#states.set(order_id, view.state);
      else this.#states.delete(order_id);
      const news = laterNews(view);
      if (!news) return;
      sound(news.tone);
      notices.show(news.kind, news.text);
    } catch {
      // The next event or look comes soon.
    }
  }
}
