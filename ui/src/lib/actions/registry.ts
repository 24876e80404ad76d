/// One list of everything a person can do. Keys, help and the command palette read it; nothing else
/// listens for shortcuts.

export type ActionGroup = 'go' | 'pay' | 'order' | 'window';

export interface Action {
  id: string;
  group: ActionGroup;
  label: () => string;
  /// `F2`, `Ctrl+K`, `/`, `R`. Letters and marks work only where no text is typed.
  keys?: string;
  /// Absent: always possible.
  possible?: () => boolean;
  run: () => void;
}

interface Press {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

/// A key press as it is written in `Action.keys`.
export function pressName(press: Press): string {
  const key = press.key.length === 1 ? press.key.toUpperCase() : press.key;
  return press.ctrlKey || press.metaKey ? `Ctrl+${key}` : key;
}

export function isPlainCharacter(keys: string): boolean {
  return keys.length === 1;
}

export class ActionRegistry {
  #groups = new Map<symbol, readonly Action[]>();
  readonly #changed: () => void;

  constructor(changed: () => void = () => undefined) {
    this.#changed = changed;
  }

  /// Adds actions; the returned function takes them away again.
  add(actions: readonly Action[]): () => void {
    const owner = Symbol();
    const taken = new Set(this.all().map((action) => action.id));
    for (const action of actions) {
      if (taken.has(action.id)) throw new Error(`action ${action.id} exists already`);
    }
    this.#groups.set(owner, actions);
    this.#changed();
    return () => {
      this.#groups.delete(owner);
      this.#changed();
    };
  }

  all(): Action[] {
    return [...this.#groups.values()].flat();
  }

  possible(): Action[] {
    return this.all().filter((action) => action.possible?.() ?? true);
  }

  /// The action of a key press; none when two claim it, because guessing would act by accident.
  forPress(press: Press): Action | null {
    const name = pressName(press);
    const matches = this.possible().filter((action) => action.keys === name);
    return matches.length === 1 ? (matches[0] ?? null) : null;
  }
}
