/// The state of the program as the core tells it, and the events that say it changed.
import { callConsole, commandErrorOf, listenToConsole } from '$lib/api/client';
import type { AppStatus, ChangeSettings, CommandError } from '$lib/api/contract';
import { errorText } from '$lib/api/errors';
import { notices } from '$lib/state/notices.svelte';
import { preferences } from '$lib/state/preferences.svelte';

/// Status events within this time are answered by one call.
const GATHER_MS = 100;

export interface OrderChange {
  order_id: string;
  version: number;
}

class App {
  status = $state<AppStatus | null>(null);
  failure = $state<CommandError | null>(null);
  /// What the last shown code says; the demo's phone scans it.
  shownCode = $state('');
  quitAsked = $state<number | null>(null);
  #orderListeners = new Set<(change: OrderChange) => void>();
  #gathering: ReturnType<typeof setTimeout> | undefined;

  readonly zone = $derived(this.status?.time_zone || 'UTC');
  readonly demo = $derived(this.status?.mode === 'demo' && this.status.stage === 'ready');

  /// Loads the status and follows it until the returned function is called.
  start(): () => void {
    void this.load();
    return listenToConsole((event) => {
      switch (event.event) {
        case 'order_changed':
          for (const listener of this.#orderListeners) listener(event);
          break;
        case 'status_changed':
          clearTimeout(this.#gathering);
          this.#gathering = setTimeout(() => void this.load(), GATHER_MS);
          break;
        case 'quit_asked':
          this.quitAsked = event.open_doubts;
          break;
      }
    });
  }

  async load(): Promise<void> {
    try {
      this.take(await callConsole('app_status', {}));
      this.failure = null;
    } catch (thrown) {
      this.failure = commandErrorOf(thrown);
    }
  }

  take(status: AppStatus): void {
    this.status = status;
    if (status.locale) preferences.locale = status.locale;
    preferences.theme = status.theme;
    preferences.currency = status.currency;
  }

  /// Changes settings; on failure says so and returns false.
  async change(patch: ChangeSettings): Promise<boolean> {
    try {
      this.take(await callConsole('change_settings', patch));
      return true;
    } catch (thrown) {
      notices.show('danger', errorText(commandErrorOf(thrown)));
      return false;
    }
  }

  onOrderChanged(listener: (change: OrderChange) => void): () => void {
    this.#orderListeners.add(listener);
    return () => this.#orderListeners.delete(listener);
  }

  channel(id: string) {
    return this.status?.channels.find((channel) => channel.id === id);
  }
}

export const app = new App();
