/// What the shop took. The core sums; here stand days and steps.
import { callConsole, commandErrorOf } from '$lib/api/client';
import type { CommandError, MoneyInTransit, Takings, TakingsStep } from '$lib/api/contract';
import { app } from '$lib/state/app.svelte';
import { keep, recall } from '$lib/state/local';
import { dayAway, daysOf, rememberedDays, type Days, type SpanName } from '$lib/time/span';

const REMEMBERED = 'reports';
/// More days than this are shown as months.
const DAYS_MAX = 62;
const DAY_MS = 86_400_000;

class Reports {
  span = $state<SpanName>('month');
  picked = $state.raw<Days>({ from: '', to: '' });
  takings = $state.raw<Takings | null>(null);
  /// What `takings` is of: it stays on the screen until the next is here.
  shown = $state.raw<{ days: Days; by: TakingsStep } | null>(null);
  transit = $state.raw<MoneyInTransit | null>(null);
  error = $state.raw<CommandError | null>(null);
  busy = $state(false);
  /// The shop's own when not chosen.
  currency = $state<string | null>(null);
  #request = 0;

  readonly today = $derived(app.status?.business_day ?? '');
  readonly days = $derived<Days>(daysOf(this.span, this.today) ?? this.picked);
  readonly by = $derived<TakingsStep>(stepOf(this.days));
  readonly places = $derived<readonly string[]>(
    this.shown ? placesOf(this.shown.days, this.shown.by) : [],
  );

  constructor() {
    const kept = rememberedDays(recall(REMEMBERED));
    if (!kept) return;
    this.span = kept.span;
    this.picked = { from: kept.from, to: kept.to };
  }

  async load(): Promise<void> {
    const request = ++this.#request;
    const { days, by, currency } = this;
    this.busy = true;
    try {
      const [takings, transit] = await Promise.all([
        callConsole('takings', { ...days, by, ...(currency ? { currency } : {}) }),
        callConsole('money_in_transit', {}),
      ]);
      if (request !== this.#request) return;
      this.takings = takings;
      this.transit = transit;
      this.shown = { days, by };
      this.error = null;
    } catch (thrown) {
      if (request === this.#request) this.error = commandErrorOf(thrown);
    } finally {
      if (request === this.#request) this.busy = false;
    }
  }

  async showCurrency(currency: string): Promise<void> {
    this.currency = currency;
    await this.load();
  }

  async show(span: SpanName, days: Days): Promise<void> {
    this.span = span;
    this.picked = days;
    keep(REMEMBERED, { span, ...days });
    await this.load();
  }
}

export function stepOf({ from, to }: Days): TakingsStep {
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS;
  return days === 0 ? 'hour' : days < DAYS_MAX ? 'day' : 'month';
}

/// Every hour, day or month of it, also those in which nothing was taken.
export function placesOf({ from, to }: Days, by: TakingsStep): string[] {
  if (by === 'hour') return Array.from({ length: 24 }, (_, hour) => String(hour));
  const places: string[] = [];
  const length = by === 'day' ? 10 : 7;
  for (let day = from; day <= to && places.length < 500; day = dayAway(day, 1)) {
    const place = day.slice(0, length);
    if (places.at(-1) !== place) places.push(place);
  }
  return places;
}

export const reports = new Reports();
