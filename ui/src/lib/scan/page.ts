/// Puts the scan detector in front of the page: one capture-phase listener on the window.
import { GapMeter, type Measured } from './calibration';
import { ScanDetector, type ScanHooks, type Torn } from './detector';

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
  onTorn(torn: Torn): void;
  /// What is typed when no field has the focus, for example the amount.
  rememberTyped(): () => void;
  /// Whether the page itself would take this key as typed.
  takesTyped(key: string): boolean;
  typeCharacters(characters: string): void;
}

/// While a scanner is measured, its keys reach nothing else.
let meter: GapMeter | null = null;

/// Measures the next scan instead of acting on it. The returned function gives up.
export function measureScan(onMeasured: (measured: Measured) => void): () => void {
  const own = new GapMeter((measured) => {
    meter = null;
    onMeasured(measured);
  });
  meter?.stop();
  meter = own;
  return () => {
    own.stop();
    if (meter === own) meter = null;
  };
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
    const taken = meter ? meter.take(event) : detector.take(event);
    if (!taken) return;
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
