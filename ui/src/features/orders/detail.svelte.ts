/// One order, followed while it is open on screen.
import { callConsole, commandErrorOf } from '$lib/api/client';
import type { CommandError, LateDecision, OrderDetail, RateView } from '$lib/api/contract';
import { errorText } from '$lib/api/errors';
import { m } from '$lib/i18n/text';
import { app } from '$lib/state/app.svelte';
import { notices } from '$lib/state/notices.svelte';

export class DetailView {
  detail = $state<OrderDetail | null>(null);
  error = $state<CommandError | null>(null);
  busy = $state(false);
  readonly orderId: string;

  constructor(orderId: string) {
    this.orderId = orderId;
  }

  start(): () => void {
    void this.load();
    return app.onOrderChanged((change) => {
      if (change.order_id === this.orderId) void this.load();
    });
  }

  async load(): Promise<void> {
    try {
      const detail = await callConsole('order_detail', { order_id: this.orderId });
      if (this.detail && detail.payment.version < this.detail.payment.version) return;
      this.detail = detail;
      this.error = null;
    } catch (thrown) {
      this.error = commandErrorOf(thrown);
    }
  }

  async addNote(text: string): Promise<boolean> {
    return this.#act(() => callConsole('add_note', { order_id: this.orderId, text }));
  }

  async decideLate(
    decision: LateDecision,
    reason: string,
    rate: RateView = 'amount',
  ): Promise<boolean> {
    return this.#act(() =>
      callConsole('decide_late', {
        order_id: this.orderId,
        decision,
        reason,
        ...(decision === 'return' && rate !== 'amount' ? { rate } : {}),
      }),
    );
  }

  async checkNow(): Promise<void> {
    await this.#act(async () => {
      await callConsole('check_now', { order_id: this.orderId });
      return callConsole('order_detail', { order_id: this.orderId });
    });
  }

  /// Sends a browser to the page of the channel once more.
  async reopenPage(): Promise<void> {
    await this.#act(async () => {
      const { opened, file } = await callConsole('reopen_page', { order_id: this.orderId });
      if (!opened) notices.show('warn', m.page_file({ file }));
      return callConsole('order_detail', { order_id: this.orderId });
    });
  }

  async #act(call: () => Promise<OrderDetail>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    try {
      this.detail = await call();
      return true;
    } catch (thrown) {
      notices.show('danger', errorText(commandErrorOf(thrown)));
      return false;
    } finally {
      this.busy = false;
    }
  }
}
