/// The one file that turns money into text. It formats; it never adds, compares or rounds.
import type { MoneyView } from '$lib/api/contract';
import { preferences } from '$lib/state/preferences.svelte';

const MINUS = '\u2212';
const formatters = new Map<string, Intl.NumberFormat>();

function formatter(locale: string, money: MoneyView, style: 'currency' | 'decimal') {
  const currencyDisplay = isForeign(money.currency) ? 'code' : 'narrowSymbol';
  const key = `${locale} ${money.currency} ${money.exponent} ${style} ${currencyDisplay}`;
  let found = formatters.get(key);
  if (!found) {
    found = new Intl.NumberFormat(locale, {
      style,
      ...(style === 'currency' ? { currency: money.currency, currencyDisplay } : {}),
      minimumFractionDigits: money.exponent,
      maximumFractionDigits: money.exponent,
    });
    formatters.set(key, found);
  }
  return found;
}

/// A sign means several currencies where a shop takes several (¥, $): those beside its own stand by their codes.
function isForeign(currency: string): boolean {
  return preferences.currency !== '' && currency !== preferences.currency;
}

/// `Euro`, as people call it.
export function currencyName(code: string): string {
  if (code === '') return '';
  return new Intl.DisplayNames(preferences.locale, { type: 'currency' }).of(code) ?? code;
}

/// `4650` with two decimals is `46.50`: text to text, exact at any length.
export function decimalText(minor: string, exponent: number): string {
  const negative = minor.startsWith('-');
  const digits = (negative ? minor.slice(1) : minor).padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent);
  const fraction = exponent > 0 ? `.${digits.slice(digits.length - exponent)}` : '';
  return `${negative ? '-' : ''}${whole}${fraction}`;
}

/// With the currency's sign, as people read it: `¥46.50`.
export function formatMoney(money: MoneyView): string {
  const text = decimalText(money.minor, money.exponent) as Intl.StringNumericLiteral;
  return formatter(preferences.locale, money, 'currency').format(text).replaceAll('-', MINUS);
}

/// Without the sign: `46.50`.
export function formatFigures(money: MoneyView): string {
  const text = decimalText(money.minor, money.exponent) as Intl.StringNumericLiteral;
  return formatter(preferences.locale, money, 'decimal').format(text).replaceAll('-', MINUS);
}

/// As short as an axis needs: `¥1.2万`.
export function formatCompact(money: MoneyView): string {
  const currencyDisplay = isForeign(money.currency) ? 'code' : 'narrowSymbol';
  const key = `${preferences.locale} ${money.currency} compact ${currencyDisplay}`;
  let found = formatters.get(key);
  if (!found) {
    found = new Intl.NumberFormat(preferences.locale, {
      style: 'currency',
      currency: money.currency,
      currencyDisplay,
      notation: 'compact',
      minimumFractionDigits: 0,
      maximumFractionDigits: 1,
    });
    formatters.set(key, found);
  }
  const text = decimalText(money.minor, money.exponent) as Intl.StringNumericLiteral;
  return found.format(text).replaceAll('-', MINUS);
}

/// Money going out: `−¥68.00`.
export function formatOutgoing(money: MoneyView): string {
  return isZero(money.minor) ? formatMoney(money) : `${MINUS}${formatMoney(money)}`;
}

export function currencySign(currency: string): string {
  const parts = new Intl.NumberFormat(preferences.locale, {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
  }).formatToParts(0);
  return parts.find((part) => part.type === 'currency')?.value ?? currency;
}

export function isZero(minor: string): boolean {
  return /^-?0*$/.test(minor);
}

/// Millionths as a percentage: `6000` is `0.6 %`.
export function formatRate(millionths: number): string {
  const text = decimalText(String(millionths), 6) as Intl.StringNumericLiteral;
  return new Intl.NumberFormat(preferences.locale, {
    style: 'percent',
    maximumFractionDigits: 4,
  }).format(text);
}

/// Millionths as a share of something, rounded as a reader needs it: `37218` is `3.72%`.
export function formatRatio(millionths: string): string {
  const text = decimalText(millionths, 6) as Intl.StringNumericLiteral;
  return new Intl.NumberFormat(preferences.locale, {
    style: 'percent',
    maximumFractionDigits: 2,
  }).format(text);
}

/// Millionths as a fee is written on a bill: `6000` is `0.60%`.
export function formatShare(millionths: string): string {
  if (!/^\d+$/.test(millionths)) return millionths;
  const text = decimalText(millionths, 6) as Intl.StringNumericLiteral;
  return new Intl.NumberFormat(preferences.locale, {
    style: 'percent',
    minimumFractionDigits: 2,
    maximumFractionDigits: 4,
  }).format(text);
}

/// `0.6` per cent as millionths (`6000`), `null` for an empty field, `undefined` for anything else.
export function rateFromPercent(text: string): number | null | undefined {
  const trimmed = text.trim().replace(/%$/, '').trim();
  if (trimmed === '') return null;
  const match = /^(\d{1,3})(?:\.(\d{0,4}))?$/.exec(trimmed);
  if (!match) return undefined;
  const millionths = Number(`${match[1]}${(match[2] ?? '').padEnd(4, '0')}`);
  return millionths <= 1_000_000 ? millionths : undefined;
}

/// Millionths as the text of the percentage field, without the sign.
export function percentField(millionths: number | null): string {
  if (millionths === null) return '';
  return decimalText(String(millionths), 4).replace(/\.?0+$/, '') || '0';
}
