/// What this PC remembers for itself and the core need not know: how the window is laid out. Kept in
/// the window's own storage; where there is none, or what is there is broken, the defaults hold.

const PREFIX = 'paydesk.';

export function recall(name: string): unknown {
  try {
    const text = globalThis.localStorage?.getItem(PREFIX + name);
    return text ? (JSON.parse(text) as unknown) : null;
  } catch {
    return null;
  }
}

export function keep(name: string, value: unknown): void {
  try {
    globalThis.localStorage?.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // A full or forbidden storage: it holds until the window closes.
  }
}
