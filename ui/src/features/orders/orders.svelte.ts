/// The list of orders: one filter, pages by cursor. Filtering, searching and summing happen in the
/// core; here is only what was asked for and what came.
import { callConsole, commandErrorOf } from '$lib/api/client';
import type {
  CommandError,
  OrderPage,
  OrderQuery,
  OrderRow,
  OrderTab,
  OrderTotals,
  StatusView,
} from '$lib/api/contract';
import { app } from '$lib/state/app.svelte';
import type { SavedView } from '$lib/state/preferences.svelte';

export const TABS: readonly OrderTab[] = ['attention', 'all', 'paid', 'refunds', 'unpaid'];

const PAGE_ROWS = 100;
const SEARCH_MS = 60;
/// Events within this time are answered by one reload.
const GATHER_MS = 150;

export class OrderList {
  tab = $state<OrderTab>('all');
  search = $state('');
  day = $state<'today' | 'all' | 'pick'>('all');
  dayFrom = $state('');
  dayTo = $state('');
  status = $state<StatusView | ''>('');
  channel = $state('');
  rows = $state.raw<OrderRow[]>([]);
  totals = $state<OrderTotals | null>(null);
  tabCounts = $state<Record<string, number>>({});
  error = $state<CommandError | null>(null);
  loading = $state(false);
  loaded = $state(false);
  /// How many rows came while the list was scrolled away from the top.
  fresh = $state(0);
  #cursor: string | null = null;
  #request = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #scrolled = false;

  readonly filtered = $derived(
    this.search.trim() !== '' || this.day !== 'all' || this.status !== '' || this.channel !== '',
  );
  readonly hasMore = $derived(this.rows.length < (this.totals?.count ?? 0));

  constructor(tab: OrderTab = 'all') {
    this.tab = tab;
  }

  start(): () => void {
    void this.reload();
    const stop = app.onOrderChanged(() => this.#later(GATHER_MS, () => this.#onChange()));
    return () => {
      stop();
      clearTimeout(this.#timer);
      this.#request++;
    };
  }

  set scrolled(value: boolean) {
    this.#scrolled = value;
  }

  searchSoon(): void {
    this.#later(SEARCH_MS, () => this.reload());
  }

  pickTab(tab: OrderTab): void {
    if (tab === this.tab) return;
    this.tab = tab;
    void this.reload();
  }

  clearFilters(): void {
    this.search = '';
    this.day = 'all';
    this.status = '';
    this.channel = '';
    void this.reload();
  }

  /// What is asked for now, as it can be kept under a name.
  get asked(): Omit<SavedView, 'name'> {
    const { tab, day, status, channel } = this;
    const [dayFrom, dayTo] = day === 'pick' ? [this.dayFrom, this.dayTo] : ['', ''];
    return { tab, search: this.search.trim(), day, dayFrom, dayTo, status, channel };
  }

  shows(view: SavedView): boolean {
    const asked = this.asked;
    return (Object.keys(asked) as (keyof typeof asked)[]).every((key) => asked[key] === view[key]);
  }

  apply(view: SavedView): void {
    this.tab = view.tab;
    this.search = view.search;
    this.day = view.day;
    this.dayFrom = view.dayFrom;
    this.dayTo = view.dayTo;
    this.status = view.status;
    this.channel = view.channel;
    void this.reload();
  }

  async reload(): Promise<void> {
    await this.#load(null, PAGE_ROWS);
    this.fresh = 0;
  }

  async more(): Promise<void> {
    if (this.loading || !this.#cursor) return;
    await this.#load(this.#cursor, PAGE_ROWS);
  }

  #later(milliseconds: number, then: () => Promise<void>): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void then(), milliseconds);
  }

  /// Rows do not move under the eyes: scrolled away, new ones are only counted.
  async #onChange(): Promise<void> {
    if (!this.#scrolled) {
      await this.#load(null, Math.min(Math.max(this.rows.length, PAGE_ROWS), 200));
      return;
    }
    const [page, over] = await Promise.all([
      this.#ask(null, PAGE_ROWS),
      callConsole('order_totals', this.#query()),
    ]).catch(() => []);
    if (!page || !over) return;
    const byId = new Map(page.rows.map((row) => [row.order_id, row]));
    this.rows = this.rows.map((row) => byId.get(row.order_id) ?? row);
    this.fresh = Math.max(0, over.totals.count - (this.totals?.count ?? 0));
    this.tabCounts = over.tab_counts;
  }

  #query(): OrderQuery {
    const today = app.status?.business_day ?? null;
    const from = this.day === 'today' ? today : this.day === 'pick' ? this.dayFrom : null;
    const to = this.day === 'today' ? today : this.day === 'pick' ? this.dayTo : null;
    return {
      tab: this.tab,
      search: this.search.trim(),
      day_from: from || null,
      day_to: to || null,
      status: this.status || null,
      channel: this.channel || null,
    };
  }

  #ask(cursor: string | null, limit: number): Promise<OrderPage> {
    return callConsole('list_orders', { query: this.#query(), cursor, position: null, limit });
  }

  /// The sums come after the rows, which do not wait for them.
  async #sum(request: number): Promise<void> {
    const over = await callConsole('order_totals', this.#query()).catch(() => null);
    if (!over || request !== this.#request) return;
    this.totals = over.totals;
    this.tabCounts = over.tab_counts;
  }

  async #load(cursor: string | null, limit: number): Promise<void> {
    const request = ++this.#request;
    this.loading = true;
    try {
      const page = await this.#ask(cursor, limit);
      // The newest question wins.
      if (request !== this.#request) return;
      this.rows = cursor ? [...this.rows, ...page.rows] : page.rows;
      this.#cursor = page.next_cursor;
      this.error = null;
      this.loaded = true;
      if (!cursor) void this.#sum(request);
    } catch (thrown) {
      if (request === this.#request) this.error = commandErrorOf(thrown);
    } finally {
      if (request === this.#request) this.loading = false;
    }
  }
}
