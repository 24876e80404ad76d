/// Puts the scan detector in front of the page: one capture-phase listener on the window.
import { ScanDetector, type ScanHooks } from './detector';

type TextField = HTMLInputElement | HTMLTextAreaElement;

const TYPED_INPUTS = new Set(['text', 'search', 'number', 'password', 'tel', 'url', 'email', '']);

/// The text field that has the focus, if one has.
export function focusedField(): TextField | null {
  const element = document.activeElement;
  if (element instanceof HTMLTextAreaElement) return element;
  if (element instanceof HTMLInputElement && TYPED_INPUTS.has(element.type)) return element;
  return null;
}

function setValue(field: TextField, value: string): void {
  field.value = value;
  field.dispatchEvent(new Event('input', { bubbles: true }));
}

export interface PageScanHooks {
  onScan(text: string): void;
  onInputMethod(): void;
  /// A scan came in pieces: nothing may be charged from it.
  onTorn(): void;
  /// What is typed when no field has the focus, for example the amount.
  rememberTyped(): () => void;
  /// Whether the page itself would take this key as typed.
  takesTyped(key: string): boolean;
  typeCharacters(characters: string): void;
}

/// Starts listening; the returned function stops it.
export function listenForScans(page: PageScanHooks, gapMs: () => number): () => void {
  const hooks: ScanHooks = {
    remember() {
      const field = focusedField();
      if (!field) return page.rememberTyped();
      const value = field.value;
      return () => setValue(field, value);
    },
    waits: (key) => !focusedField() && page.takesTyped(key),
    onScan: page.onScan,
    onInputMethod: page.onInputMethod,
    onTorn: page.onTorn,
    onGiveBack(characters) {
      const field = focusedField();
      if (!field) {
        page.typeCharacters(characters);
        return;
      }
      const start = field.selectionStart ?? field.value.length;
      const end = field.selectionEnd ?? start;
      setValue(field, field.value.slice(0, start) + characters + field.value.slice(end));
      field.setSelectionRange?.(start + characters.length, start + characters.length);
    },
  };
  const detector = new ScanDetector(hooks, gapMs());
  const onKey = (event: KeyboardEvent): void => {
    detector.gapMs = gapMs();
    if (!detector.take(event)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  const onBlur = (): void => detector.reset();
  window.addEventListener('keydown', onKey, { capture: true });
  window.addEventListener('blur', onBlur);
  return () => {
    window.removeEventListener('keydown', onKey, { capture: true });
    window.removeEventListener('blur', onBlur);
    detector.reset();
  };
}
