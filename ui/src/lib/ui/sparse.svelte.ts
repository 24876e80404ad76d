/// Rows of a list far longer than what is kept of it: pages come as they come into view, the longest
/// unseen goes. One question at a time, and always the one for what is seen now.
import { commandErrorOf } from '$lib/api/client';
import type { CommandError } from '$lib/api/contract';

export const PAGE_ROWS = 100;
export const PAGES_MAX = 20;
/// A thumb that is dragged asks for nothing until it rests.
export const REST_MS = 80;
/// Rows asked for before they are seen.
const AHEAD = 20;

export interface RowsPage<Row> {
  rows: readonly Row[];
  /// How many rows there are in all, where the answer says so.
  total: number | null;
  /// Whether the list ends with these rows.
  last: boolean;
}

export type FetchRows<Row> = (position: number, limit: number) => Promise<RowsPage<Row>>;

export class SparseRows<Row> {
  total = $state(0);
  /// Goes up when the list becomes another one; the view then goes back to its top.
  generation = $state(0);
  error = $state<CommandError | null>(null);
  #version = $state(0);
  #pages = new Map<number, readonly Row[]>();
  #fetch: FetchRows<Row> | null = null;
  #opening = 0;
  #epoch = 0;
  #first = 0;
  #last = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;

  /// The row at a place, if it is here; reactive.
  at(index: number): Row | undefined {
    void this.#version;
    return this.#pages.get(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS];
  }

  /// The place of a row among those that are here, else −1; reactive.
  indexOf(fits: (row: Row) => boolean): number {
    void this.#version;
    for (const [page, rows] of this.#pages) {
      const at = rows.findIndex(fits);
      if (at >= 0) return page * PAGE_ROWS + at;
    }
    return -1;
  }

  get kept(): number {
    return this.#pages.size;
  }

  /// Another list: the old rows stand until its first page is here. False when a newer one overtook it.
  async open(fetch: FetchRows<Row>): Promise<boolean> {
    const opening = ++this.#opening;
    try {
      const page = await fetch(0, PAGE_ROWS);
      if (opening !== this.#opening) return false;
      this.#epoch++;
      this.#fetch = fetch;
      this.#pages.clear();
      this.total = 0;
      this.#first = 0;
      this.#last = 0;
      this.#keep(0, page);
      this.error = null;
      this.generation++;
      return true;
    } catch (thrown) {
      if (opening !== this.#opening) return false;
      throw thrown;
    }
  }

  /// The same list, asked again: what is seen is replaced at one stroke, the rest is forgotten.
  async refresh(): Promise<void> {
    const fetch = this.#fetch;
    if (!fetch) return;
    const epoch = ++this.#epoch;
    const wanted = this.#seen();
    const pages = await Promise.all(wanted.map((page) => fetch(page * PAGE_ROWS, PAGE_ROWS)));
    if (epoch !== this.#epoch) return;
    this.#pages.clear();
    wanted.forEach((page, at) => {
      const got = pages[at];
      if (got) this.#keep(page, got);
    });
    this.error = null;
    void this.#ask();
  }

  /// What is in view now.
  show(first: number, last: number): void {
    this.#first = first;
    this.#last = last;
    for (const page of this.#seen()) {
      const rows = this.#pages.get(page);
      if (!rows) continue;
      this.#pages.delete(page);
      this.#pages.set(page, rows);
    }
    const missing = this.#missing();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (missing === null) return;
    // Reading on needs no rest; a jump does.
    if (this.#pages.has(missing - 1) || this.#pages.has(missing + 1)) {
      void this.#ask();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#ask();
    }, REST_MS);
  }

  retry(): void {
    this.error = null;
    void this.#ask();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#opening++;
    this.#epoch++;
    this.#fetch = null;
  }

  /// Nothing is shown until another list is opened.
  clear(): void {
    this.stop();
    this.#pages.clear();
    this.total = 0;
    this.error = null;
    this.#version++;
  }

  #seen(): number[] {
    const from = Math.floor(this.#first / PAGE_ROWS);
    const to = Math.floor(Math.max(this.#first, this.#last) / PAGE_ROWS);
    return Array.from({ length: Math.min(to - from + 1, PAGES_MAX - 1) }, (_, at) => from + at);
  }

  #missing(): number | null {
    const end = Math.ceil(this.total / PAGE_ROWS);
    const ahead = Math.floor((this.#last + AHEAD) / PAGE_ROWS);
    for (const page of [...this.#seen(), ahead]) {
      if (page < end && !this.#pages.has(page)) return page;
    }
    return null;
  }

  async #ask(): Promise<void> {
    const fetch = this.#fetch;
    const page = this.#missing();
    if (this.#asking || !fetch || page === null) return;
    this.#asking = true;
    const epoch = this.#epoch;
    let failed = false;
    try {
      const got = await fetch(page * PAGE_ROWS, PAGE_ROWS);
      if (epoch === this.#epoch) {
        this.#keep(page, got);
        this.error = null;
      }
    } catch (thrown) {
      failed = epoch === this.#epoch;
      if (failed) this.error = commandErrorOf(thrown);
    } finally {
      this.#asking = false;
    }
    if (!failed && this.#timer === undefined) await this.#ask();
  }

  #keep(page: number, got: RowsPage<Row>): void {
    const from = page * PAGE_ROWS;
    const end = from + got.rows.length;
    this.#pages.delete(page);
    this.#pages.set(page, got.rows);
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= PAGES_MAX) break;
      this.#pages.delete(oldest);
    }
    if (got.total !== null) this.total = got.total;
    // Until the whole is counted, one more row than is here says that the list goes on.
    else if (!got.last) this.total = Math.max(this.total, end + 1);
    // A page past the end says only that the list is shorter.
    else this.total = got.rows.length > 0 ? end : Math.min(this.total, from);
    this.#version++;
  }
}
