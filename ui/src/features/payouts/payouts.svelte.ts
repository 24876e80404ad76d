/// What channels pay out, and whether it came to the bank. It matches nothing itself.
import { callConsole, commandErrorOf } from '$lib/api/client';
import type {
  CommandError,
  PayoutLine,
  PayoutList,
  PayoutPartView,
  PayoutView,
} from '$lib/api/contract';
import { channelName } from '$lib/ui/looks';
import { formatBusinessDay } from '$lib/time/format';

/// Payouts drawn at once.
export const PAGE = 50;

export const ARRIVALS = ['all', 'expected', 'overdue', 'arrived', 'differs'] as const;
export type ArrivalFilter = (typeof ARRIVALS)[number];

export const TONES: Record<string, string> = {
  expected: 'tone-info',
  overdue: 'tone-warn',
  arrived: 'tone-ok',
  differs: 'tone-danger',
};

class Payouts {
  list = $state.raw<PayoutList | null>(null);
  error = $state.raw<CommandError | null>(null);
  busy = $state(false);
  filter = $state<ArrivalFilter>('all');
  page = $state(0);
  /// The place of the payout on the screen among those that are shown.
  chosen = $state(0);

  readonly shown = $derived<readonly PayoutView[]>(
    (this.list?.payouts ?? []).filter(
      ({ arrival }) => this.filter === 'all' || arrival === this.filter,
    ),
  );
  readonly pages = $derived(Math.max(1, Math.ceil(this.shown.length / PAGE)));
  readonly rows = $derived(this.shown.slice(this.page * PAGE, (this.page + 1) * PAGE));
  readonly payout = $derived<PayoutView | null>(this.rows[this.chosen] ?? null);

  async load(): Promise<void> {
    try {
      this.list = await callConsole('payouts', {});
      this.error = null;
      this.chosen = Math.min(this.chosen, Math.max(this.rows.length - 1, 0));
    } catch (thrown) {
      this.error = commandErrorOf(thrown);
    }
  }

  /// Shows the payout that a day of an account is in.
  async open(day: string, account?: string): Promise<void> {
    await this.load();
    this.show('all');
    const at = this.shown.findIndex(({ parts }) =>
      parts.some(
        ({ account_id, days }) => days.includes(day) && account_id === (account ?? account_id),
      ),
    );
    if (at < 0) return;
    this.page = Math.floor(at / PAGE);
    this.chosen = at % PAGE;
  }

  /// Says what movements of the bank are; the answer is the whole list, matched anew.
  async decide(
    ruling: 'accepted' | 'rejected' | 'undone',
    movements: readonly PayoutLine[],
    of: readonly PayoutPartView[],
    remark: string,
  ): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      const parts = of.map(({ account_id, days }) => ({ account_id, days }));
      const lines = movements.map(({ statement, place }) => ({ statement, place }));
      this.list = await callConsole('decide_payout', { ruling, lines, parts, remark });
      this.error = null;
      this.chosen = Math.min(this.chosen, Math.max(this.rows.length - 1, 0));
    } catch (thrown) {
      this.error = commandErrorOf(thrown);
    } finally {
      this.busy = false;
    }
  }

  count(arrival: ArrivalFilter): number {
    const all = this.list?.payouts ?? [];
    return arrival === 'all' ? all.length : all.filter((it) => it.arrival === arrival).length;
  }

  show(filter: ArrivalFilter): void {
    this.filter = filter;
    this.page = 0;
    this.chosen = 0;
  }

  turn(by: number): void {
    this.page = Math.max(0, Math.min(this.pages - 1, this.page + by));
    this.chosen = 0;
  }
}

/// `支付宝 · 11月20日 – 11月22日`.
export function partText({ channel, days }: PayoutPartView): string {
  const [first] = days;
  const last = days.at(-1);
  if (!first || !last) return channelName(channel);
  const span =
    first === last
      ? formatBusinessDay(first)
      : `${formatBusinessDay(first)} – ${formatBusinessDay(last)}`;
  return `${channelName(channel)} · ${span}`;
}

export const payouts = new Payouts();
