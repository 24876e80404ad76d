/// Typing an amount. Everything here is text: no number is made of it, so nothing can be rounded.
import type { AmountEntry } from '$lib/api/contract';

/// No channel takes more digits in minor units; what is above its limit, the core refuses with words.
const DIGITS_MAX = 10;

/// The typed characters, kept as they were typed.
export class EnteredAmount {
  readonly text: string;
  readonly exponent: number;
  readonly entry: AmountEntry;

  constructor(text: string, exponent: number, entry: AmountEntry) {
    this.text = text;
    this.exponent = exponent;
    this.entry = entry;
  }

  /// Minor units without leading zeros; `0` when nothing counts.
  get minor(): string {
    const digits =
      this.entry === 'from_the_right' ? this.text : minorOfDecimal(this.text, this.exponent);
    return (digits ?? '0').replace(/^0+(?=\d)/, '') || '0';
  }

  get isPositive(): boolean {
    return this.minor !== '0';
  }

  /// What the amount is after one more character; characters that do not fit change nothing.
  typed(character: string): EnteredAmount {
    const next = this.text + character;
    if (this.entry === 'from_the_right') {
      if (!/^\d+$/.test(character)) return this;
      const digits = next.replace(/^0+/, '');
      return digits.length > DIGITS_MAX ? this : this.#with(digits);
    }
    const normal = next
      .replace('。', '.')
      .replace(/^\./, '0.')
      .replace(/^0+(?=\d)/, '');
    const limit = this.exponent > 0 ? `(?:\\.\\d{0,${this.exponent}})?` : '';
    const fits = new RegExp(`^\\d{1,${DIGITS_MAX - this.exponent}}${limit}$`).test(normal);
    return fits ? this.#with(normal) : this;
  }

  withoutLast(): EnteredAmount {
    return this.#with(this.text.slice(0, -1));
  }

  cleared(): EnteredAmount {
    return this.#with('');
  }

  #with(text: string): EnteredAmount {
    return new EnteredAmount(text, this.exponent, this.entry);
  }
}

/// `46.5` with two decimals is `4650`; null when it is no amount or has too many decimals.
export function minorOfDecimal(text: string, exponent: number): string | null {
  const match = /^(\d+)(?:\.(\d*))?$/.exec(text.trim().replaceAll(',', ''));
  if (!match) return null;
  const fraction = match[2] ?? '';
  if (fraction.length > exponent) return null;
  return `${match[1]}${fraction.padEnd(exponent, '0')}`.replace(/^0+(?=\d)/, '');
}

/// Whether one amount of minor units is more than another: compared as text of equal length.
export function exceeds(minor: string, limit: string): boolean {
  const width = Math.max(minor.length, limit.length);
  return minor.padStart(width, '0') > limit.padStart(width, '0');
}
