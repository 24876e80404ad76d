/// Language and theme of this window. Switching either re-renders without a reload.
import type { Locale, Theme } from '$lib/api/contract';
import { baseLocale, overwriteGetLocale } from '$paraglide/runtime.js';

class Preferences {
  locale = $state<Locale>(baseLocale);
  theme = $state<Theme>('system');
  #systemDark = $state(false);

  /// The theme that is painted.
  readonly painted = $derived<'light' | 'dark'>(
    this.theme === 'system' ? (this.#systemDark ? 'dark' : 'light') : this.theme,
  );

  constructor() {
    overwriteGetLocale(() => this.locale);
    const query = globalThis.matchMedia?.('(prefers-color-scheme: dark)');
    if (query) {
      this.#systemDark = query.matches;
      query.addEventListener('change', (event) => (this.#systemDark = event.matches));
    }
  }
}

export const preferences = new Preferences();
