/// Tells a scanner from a person by the rhythm of the keys. A scanner types like a keyboard, so this
/// looks at every key before any field does. It knows nothing about payments: it hands over text.

/// From this character of a burst on, keys are kept from the page.
const SWALLOW_FROM = 4;
/// Shorter bursts are a quick person; their characters are given back.
export const SCAN_LENGTH_MIN = 8;
/// No scan is longer; a stuck key must not grow without end.
const SCAN_LENGTH_MAX = 512;
const MODIFIERS = new Set(['Shift', 'Control', 'Alt', 'AltGraph', 'Meta', 'CapsLock']);
/// A burst ends after this silence if the scanner sends no terminator.
export const SILENCE_MS = 90;

/// A machine that stalls can tear a scan apart. Keys this close before or after a burst belong to it:
/// the first ones have reached the page as if typed, so what was read is not the whole code.
export const TORN_MS = 300;

/// Keys further apart than this were typed: no scanner is so slow between two of its characters.
const TYPED_GAP_MS = 100;
/// What was typed before a burst is remembered no longer than this: more cannot have been torn off.
const BEFORE_MAX = 8;

/// A burst that came too close behind other keys to be trusted.
export interface Torn {
  text: string;
  /// The keys just before it, each within `TORN_MS` of the next: typed, or torn off the scan.
  before: string;
  /// Every one of them stood apart as no scanner's characters do.
  typedSlowly: boolean;
  /// The scanner's terminator was read, so nothing is missing at the end.
  ended: boolean;
}

export interface ScanKey {
  key: string;
  timeStamp: number;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
  isComposing: boolean;
  keyCode: number;
}

export interface ScanHooks {
  /// Whether this key, so early in a burst that it may be typed, can wait for the next one. A page that
  /// shows every character of a scan and takes it back is still painting when the scan ends.
  waits(key: string): boolean;
  /// Remembers what the keys of a burst could change; the returned function puts it back.
  remember(): () => void;
  onScan(text: string): void;
  /// The characters of a burst that was too short to be a scan.
  onGiveBack(characters: string): void;
  /// A burst whose beginning was torn off: it is not the code, and the page may hold its first characters.
  onTorn(torn: Torn): void;
  /// A burst ran into a Chinese input method, where it cannot be read.
  onInputMethod?(): void;
}

export class ScanDetector {
  gapMs: number;
  readonly #hooks: ScanHooks;
  #text = '';
  #lastAt = Number.NEGATIVE_INFINITY;
  #restore: (() => void) | null = null;
  /// Keys that wait to be told typing from scanning; given back after one gap.
  #waiting = '';
  #waited: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #before = '';
  #beforeSlowly = true;
  #torn = false;
  /// The last key of a burst that ended in silence: what still comes belongs to it.
  #tailAt = Number.NEGATIVE_INFINITY;
  #composedKeys = 0;
  #composedAt = Number.NEGATIVE_INFINITY;

  constructor(hooks: ScanHooks, gapMs = 35) {
    this.#hooks = hooks;
    this.gapMs = gapMs;
  }

  /// Judges one key. True: the key belongs to a scan and must not reach the page.
  take(event: ScanKey): boolean {
    if (event.isComposing || event.keyCode === 229) {
      this.#noteComposed(event.timeStamp);
      return false;
    }
    if (event.ctrlKey || event.altKey || event.metaKey) return false;
    const gap = event.timeStamp - this.#lastAt;
    const ends = event.key === 'Enter' || event.key === 'Tab';
    // Shift and its like come between the characters of a scan; they say nothing.
    if (!ends && [...event.key].length !== 1) {
      if (!MODIFIERS.has(event.key)) this.#giveBackWaiting();
      return false;
    }
    const sinceTail = event.timeStamp - this.#tailAt;
    if (sinceTail >= 0 && sinceTail <= TORN_MS) {
      this.#tailAt = ends ? Number.NEGATIVE_INFINITY : event.timeStamp;
      return true;
    }
    if (ends) return this.#terminate(gap);
    return this.#character(event.key, event.timeStamp, gap);
  }

  /// Forgets a running burst, for example when the window loses the focus.
  reset(): void {
    this.#giveBackWaiting();
    clearTimeout(this.#silence);
    this.#text = '';
    this.#torn = false;
    this.#before = '';
    this.#beforeSlowly = true;
    this.#restore = null;
    this.#lastAt = Number.NEGATIVE_INFINITY;
    this.#tailAt = Number.NEGATIVE_INFINITY;
  }

  get #swallowing(): boolean {
    return this.#text.length >= SWALLOW_FROM;
  }

  #character(key: string, at: number, gap: number): boolean {
    // Once a burst is one, a busy machine may delay a key; only silence ends it.
    const limit = this.#swallowing ? SILENCE_MS : this.gapMs;
    if (gap > limit || gap < 0 || this.#text.length >= SCAN_LENGTH_MAX) {
      const loose = this.#text.length > 0 && !this.#swallowing;
      if (this.#swallowing) this.#finish();
      this.#giveBackWaiting();
      this.#torn = loose && gap >= 0 && gap <= TORN_MS;
      this.#rememberTyped(this.#torn ? this.#text : '', gap);
      this.#text = '';
      this.#restore = this.#hooks.remember();
    }
    this.#text += key;
    this.#lastAt = at;
    if (this.#text.length === SWALLOW_FROM) {
      this.#waiting = '';
      this.#restore?.();
      this.#restore = null;
    }
    if (!this.#swallowing) return this.#wait(key);
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      const tailAt = this.#lastAt;
      const isScan = this.#text.length >= SCAN_LENGTH_MIN;
      this.#finish();
      if (isScan) this.#tailAt = tailAt;
    }, SILENCE_MS);
    return true;
  }

  #rememberTyped(typed: string, gap: number): void {
    this.#before = typed === '' ? '' : (this.#before + typed).slice(-BEFORE_MAX);
    const slowly = typed.length <= 1 && gap > TYPED_GAP_MS;
    this.#beforeSlowly = this.#before === '' || (this.#beforeSlowly && slowly);
  }

  #wait(key: string): boolean {
    if (!this.#hooks.waits(key)) return false;
    this.#waiting += key;
    clearTimeout(this.#waited);
    this.#waited = setTimeout(() => this.#giveBackWaiting(), this.gapMs);
    return true;
  }

  #giveBackWaiting(): void {
    clearTimeout(this.#waited);
    const waiting = this.#waiting;
    this.#waiting = '';
    if (waiting) this.#hooks.onGiveBack(waiting);
  }

  #terminate(gap: number): boolean {
    const ends = this.#swallowing && gap <= SILENCE_MS;
    if (ends) this.#finish(true);
    else this.reset();
    return ends;
  }

  #finish(ended = false): void {
    const text = this.#text;
    const torn = this.#torn
      ? { text, before: this.#before, typedSlowly: this.#beforeSlowly, ended }
      : null;
    this.reset();
    if (text.length < SCAN_LENGTH_MIN) this.#hooks.onGiveBack(text);
    else if (torn) this.#hooks.onTorn(torn);
    else this.#hooks.onScan(text);
  }

  #noteComposed(at: number): void {
    this.#composedKeys = at - this.#composedAt <= this.gapMs ? this.#composedKeys + 1 : 1;
    this.#composedAt = at;
    if (this.#composedKeys === SCAN_LENGTH_MIN) this.#hooks.onInputMethod?.();
  }
}
