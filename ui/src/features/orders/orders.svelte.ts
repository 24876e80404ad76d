/// The list of orders: one filter, pages by position. Filtering, searching and summing happen in the
/// core; here is only what was asked for and what came.
import { callConsole, commandErrorOf } from '$lib/api/client';
import type {
  CommandError,
  OrderQuery,
  OrderRow,
  OrderTab,
  OrderTotals,
  StatusView,
} from '$lib/api/contract';
import { app } from '$lib/state/app.svelte';
import type { SavedView } from '$lib/state/preferences.svelte';
import { SparseRows, type FetchRows } from '$lib/ui/sparse.svelte';

export const TABS: readonly OrderTab[] = ['attention', 'all', 'paid', 'refunds', 'unpaid'];

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
  readonly rows = new SparseRows<OrderRow>();
  totals = $state<OrderTotals | null>(null);
  tabCounts = $state<Record<string, number>>({});
  error = $state<CommandError | null>(null);
  loading = $state(false);
  loaded = $state(false);
  /// How many rows came while the list was scrolled away from the top.
  fresh = $state(0);
  /// By how many rows the core's list begins above the one that is shown.
  #place = { shift: 0 };
  #request = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #scrolled = false;

  readonly filtered = $derived(
    this.search.trim() !== '' || this.day !== 'all' || this.status !== '' || this.channel !== '',
  );

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
      this.rows.stop();
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

  /// Asks anew and begins at the top.
  async reload(): Promise<void> {
    const request = ++this.#request;
    const query = this.#query();
    const place = { shift: 0 };
    this.loading = true;
    try {
      // The newest question wins.
      if (!(await this.rows.open(ordersOf(query, place)))) return;
      this.#place = place;
      this.fresh = 0;
      this.error = null;
      this.loaded = true;
      void this.#sum(request, query);
    } catch (thrown) {
      if (request === this.#request) this.error = commandErrorOf(thrown);
    } finally {
      if (request === this.#request) this.loading = false;
    }
  }

  #later(milliseconds: number, then: () => Promise<void>): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void then(), milliseconds);
  }

  /// Rows do not move under the eyes: scrolled away, new ones are only counted.
  async #onChange(): Promise<void> {
    if (!this.loaded) return this.reload();
    const request = this.#request;
    const over = await callConsole('order_totals', this.#query()).catch(() => null);
    if (!over || request !== this.#request) return;
    const more = over.totals.count - (this.totals?.count ?? over.totals.count);
    const held = this.#scrolled && more > 0;
    this.#place.shift = held ? more : 0;
    this.fresh = this.#place.shift;
    this.tabCounts = over.tab_counts;
    if (!held) {
      this.totals = over.totals;
      this.rows.total = over.totals.count;
    }
    await this.rows.refresh().catch(() => undefined);
  }

  /// The filter as the core takes it.
  get query(): OrderQuery {
    return this.#query();
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

  /// The sums come after the rows, which do not wait for them.
  async #sum(request: number, query: OrderQuery): Promise<void> {
    const over = await callConsole('order_totals', query).catch(() => null);
    if (!over || request !== this.#request) return;
    this.totals = over.totals;
    this.tabCounts = over.tab_counts;
    this.rows.total = over.totals.count;
  }
}

function ordersOf(query: OrderQuery, place: { shift: number }): FetchRows<OrderRow> {
  return async (from, limit) => {
    const position = from + place.shift;
    const page = await callConsole('list_orders', { query, cursor: null, position, limit });
    return { rows: page.rows, total: null, last: page.next_cursor === null };
  };
}
