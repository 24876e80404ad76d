/// Measures how fast a scanner types: one scan, its largest gap between two keys, and the setting that
/// leaves room above it. It stores nothing and charges nothing.
import { SCAN_LENGTH_MIN, type ScanKey } from './detector';

/// The limits of the setting.
export const GAP_MIN_MS = 15;
export const GAP_MAX_MS = 100;
/// Keys further apart belong to different scans, or to a person.
const APART_MS = 250;
/// A busy machine doubles a gap now and then.
const ROOM = 2;
const STEP_MS = 5;

export interface Measured {
  largestMs: number;
  /// Null: this scanner is slower than what can be set.
  proposedMs: number | null;
}

export function proposedGap(largestMs: number): number | null {
  if (largestMs > GAP_MAX_MS) return null;
  const roomy = Math.ceil((largestMs * ROOM) / STEP_MS) * STEP_MS;
  return Math.min(GAP_MAX_MS, Math.max(GAP_MIN_MS, roomy));
}

export class GapMeter {
  readonly #onMeasured: (measured: Measured) => void;
  #count = 0;
  #largest = 0;
  #lastAt = 0;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(onMeasured: (measured: Measured) => void) {
    this.#onMeasured = onMeasured;
  }

  /// True: the key is part of what is measured and must not reach the page.
  take(event: ScanKey): boolean {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return false;
    const ends = event.key === 'Enter' || event.key === 'Tab';
    if (!ends && [...event.key].length !== 1) return false;
    const gap = event.timeStamp - this.#lastAt;
    const follows = this.#count > 0 && gap >= 0 && gap <= APART_MS;
    if (ends) {
      // A person's own Enter or Tab still works the page.
      if (!follows || this.#count < SCAN_LENGTH_MIN) return false;
      this.#done();
      return true;
    }
    this.#count = follows ? this.#count + 1 : 1;
    this.#largest = follows ? Math.max(this.#largest, gap) : 0;
    this.#lastAt = event.timeStamp;
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      if (this.#count >= SCAN_LENGTH_MIN) this.#done();
    }, APART_MS);
    return true;
  }

  stop(): void {
    clearTimeout(this.#silence);
  }

  #done(): void {
    this.stop();
    const largestMs = Math.round(this.#largest);
    this.#onMeasured({ largestMs, proposedMs: proposedGap(largestMs) });
  }
}
