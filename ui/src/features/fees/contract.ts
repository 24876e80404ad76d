/// A contract's row as it is typed: text until it is kept.
import type { RateRow } from '$lib/api/contract';
import { m, textOrName } from '$lib/i18n/text';
import { minorOfDecimal } from '$lib/money/entry';
import {
  decimalText,
  formatMoney,
  formatRate,
  percentField,
  rateFromPercent,
} from '$lib/money/format';
import { formatDate } from '$lib/time/format';

export const ROUNDINGS = ['half_up', 'half_even', 'up', 'down'] as const;

export interface TypedRow {
  from: string;
  to: string;
  rate: string;
  rounding: string;
  minimum: string;
  maximum: string;
}

export const EMPTY: TypedRow = {
  from: '',
  to: '',
  rate: '',
  rounding: 'half_up',
  minimum: '',
  maximum: '',
};

const limitField = (minor: number | null, exponent: number): string =>
  minor === null ? '' : decimalText(String(minor), exponent);

export function typedRow(row: RateRow, exponent: number): TypedRow {
  return {
    from: row.from ?? '',
    to: row.to ?? '',
    rate: percentField(row.rate_millionths),
    rounding: row.rounding,
    minimum: limitField(row.minimum, exponent),
    maximum: limitField(row.maximum, exponent),
  };
}

/// More minor units than any limit of a contract has.
const LIMIT_MAX = 4_294_967_295;

/// `null` for an empty field, `undefined` for what is no amount.
function limitOf(text: string, exponent: number): number | null | undefined {
  if (text.trim() === '') return null;
  const minor = minorOfDecimal(text.trim(), exponent);
  return minor === null || Number(minor) > LIMIT_MAX ? undefined : Number(minor);
}

/// The row, or the field that is none.
export function readRow(typed: TypedRow, exponent: number): RateRow | keyof TypedRow {
  const rate = rateFromPercent(typed.rate);
  if (rate === null || rate === undefined) return 'rate';
  const minimum = limitOf(typed.minimum, exponent);
  if (minimum === undefined) return 'minimum';
  const maximum = limitOf(typed.maximum, exponent);
  if (maximum === undefined) return 'maximum';
  return {
    from: typed.from || null,
    to: typed.to || null,
    rate_millionths: rate,
    rounding: typed.rounding,
    minimum,
    maximum,
  };
}

/// With its year: contracts last for several.
const dayOf = (day: string): string => formatDate(Date.parse(`${day}T12:00:00Z`), 'UTC');

/// `2026年11月1日 起`, `2026年11月1日 – 2026年11月30日`.
export function rowDays({ from, to }: RateRow): string {
  if (from && to) return `${dayOf(from)} – ${dayOf(to)}`;
  if (from) return m.contract_since({ day: dayOf(from) });
  if (to) return m.contract_until({ day: dayOf(to) });
  return m.contract_always();
}

/// `0.6% · 四舍五入 · 最低 ¥0.01`.
export function rowTerms(row: RateRow, currency: string, exponent: number): string {
  const money = (minor: number): string =>
    formatMoney({ minor: String(minor), currency, exponent });
  return [
    formatRate(row.rate_millionths),
    textOrName('rounding', row.rounding),
    row.minimum === null ? '' : m.contract_least({ amount: money(row.minimum) }),
    row.maximum === null ? '' : m.contract_most({ amount: money(row.maximum) }),
  ]
    .filter(Boolean)
    .join(' · ');
}
