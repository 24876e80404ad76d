/// Language, theme and layout of this window. Switching any re-renders without a reload. Language and
/// theme are settings of the core; text size, widths and saved views belong to this PC alone.
import type { Locale, OrderTab, StatusView, Theme } from '$lib/api/contract';
import { baseLocale, overwriteGetLocale } from '$paraglide/runtime.js';
import { keep, recall } from './local';

export type TextSize = 'normal' | 'large' | 'larger';
export const TEXT_SIZES: readonly TextSize[] = ['normal', 'large', 'larger'];

/// What the list of orders asks for, under a name a person gave it.
export interface SavedView {
  name: string;
  tab: OrderTab;
  search: string;
  day: 'today' | 'all' | 'pick';
  dayFrom: string;
  dayTo: string;
  status: StatusView | '';
  channel: string;
}

const VIEWS_MAX = 12;
export const PANEL_MIN = 340;
export const PANEL_MAX = 640;
const PANEL_USUAL = 352;

function isSavedView(value: unknown): value is SavedView {
  const names = ['name', 'tab', 'search', 'day', 'dayFrom', 'dayTo', 'status', 'channel'];
  return (
    typeof value === 'object' &&
    value !== null &&
    names.every((name) => typeof (value as Record<string, unknown>)[name] === 'string')
  );
}

class Preferences {
  locale = $state<Locale>(baseLocale);
  theme = $state<Theme>('system');
  /// The currency of the shop's books; empty before it is known.
  currency = $state('');
  #textSize = $state<TextSize>('normal');
  #panelWidth = $state(PANEL_USUAL);
  #views = $state.raw<readonly SavedView[]>([]);
  #systemDark = $state(false);

  /// The theme that is painted.
  readonly painted = $derived<'light' | 'dark'>(
    this.theme === 'system' ? (this.#systemDark ? 'dark' : 'light') : this.theme,
  );

  constructor() {
    overwriteGetLocale(() => this.locale);
    this.load();
    const query = globalThis.matchMedia?.('(prefers-color-scheme: dark)');
    if (query) {
      this.#systemDark = query.matches;
      query.addEventListener('change', (event) => (this.#systemDark = event.matches));
    }
  }

  /// Takes up what this PC remembers.
  load(): void {
    const size = recall('text-size');
    this.#textSize = TEXT_SIZES.find((known) => known === size) ?? 'normal';
    const width = recall('panel-width');
    this.#panelWidth = typeof width === 'number' ? within(width) : PANEL_USUAL;
    const views = recall('order-views');
    this.#views = Array.isArray(views) ? views.filter(isSavedView).slice(0, VIEWS_MAX) : [];
  }

  get textSize(): TextSize {
    return this.#textSize;
  }

  set textSize(size: TextSize) {
    this.#textSize = size;
    keep('text-size', size);
  }

  /// The order panel's width in CSS pixels.
  get panelWidth(): number {
    return this.#panelWidth;
  }

  set panelWidth(width: number) {
    this.#panelWidth = within(width);
    keep('panel-width', this.#panelWidth);
  }

  get views(): readonly SavedView[] {
    return this.#views;
  }

  /// A view of the same name is replaced; the oldest goes when there are too many.
  saveView(view: SavedView): void {
    const others = this.#views.filter((other) => other.name !== view.name);
    this.#views = [...others, view].slice(-VIEWS_MAX);
    keep('order-views', this.#views);
  }

  removeView(name: string): void {
    this.#views = this.#views.filter((view) => view.name !== name);
    keep('order-views', this.#views);
  }
}

function within(width: number): number {
  return Math.round(Math.min(PANEL_MAX, Math.max(PANEL_MIN, width)));
}

export const preferences = new Preferences();
