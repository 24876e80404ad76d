/// The registry of this window and its keyboard.
import { ActionRegistry, isPlainCharacter, type Action } from './registry';
import { focusedField } from '$lib/scan/page';

class Actions {
  #version = $state(0);
  readonly registry = new ActionRegistry(() => this.#version++);

  /// Reactive: follows the screens that come and go.
  get list(): Action[] {
    return this.#version >= 0 ? this.registry.possible() : [];
  }

  add(actions: readonly Action[]): () => void {
    return this.registry.add(actions);
  }

  onKey(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.altKey || event.isComposing || event.keyCode === 229)
      return;
    // The page must never reload under a payment.
    if (event.key === 'F5' || (event.ctrlKey && event.key.toLowerCase() === 'r')) {
      event.preventDefault();
    }
    if (document.querySelector('[role="dialog"], [role="alertdialog"]')) return;
    const action = this.registry.forPress(event);
    if (!action?.keys) return;
    if (isPlainCharacter(action.keys) && focusedField()) return;
    // Letters only where a list, an order or a result has the focus (WCAG 2.1.4).
    const inLetters = document.activeElement?.closest('[data-letters]') !== null;
    if (/^[A-Z]$/.test(action.keys) && !inLetters) return;
    event.preventDefault();
    action.run();
  }
}

export const actions = new Actions();

export function dialogIsOpen(): boolean {
  return document.querySelector('[role="dialog"], [role="alertdialog"]') !== null;
}
