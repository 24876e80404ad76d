/// What the screen says of a compared bill: signed sums, explanations, what stands behind a file.
import type { DayRow, DifferenceView, MoneyView } from '$lib/api/contract';
import { m, textOrName, textOf } from '$lib/i18n/text';
import { formatMoney, formatOutgoing, formatShare, isZero } from '$lib/money/format';
import type { Look } from '$lib/ui/looks';

/// Bill less books; nothing where the two are not of one currency.
export function lessOf(bill: MoneyView, books: MoneyView): MoneyView | null {
  if (bill.currency !== books.currency || bill.exponent !== books.exponent) return null;
  return { ...bill, minor: String(BigInt(bill.minor) - BigInt(books.minor)) };
}

/// A difference always says which way: `+¥1.00`, `−¥1.00`, `¥0.00`.
export function formatSigned(money: MoneyView): string {
  if (isZero(money.minor)) return formatMoney(money);
  if (money.minor.startsWith('-')) return formatOutgoing({ ...money, minor: money.minor.slice(1) });
  return `+${formatMoney(money)}`;
}

export function breakText(code: string): string {
  return textOrName('break', code);
}

export function whyText(difference: DifferenceView): string {
  const { why, value } = difference;
  const said =
    why === 'fee_rate_differs'
      ? formatShare(value)
      : why === 'reference_mangled'
        ? (textOf(`damage_${value}`) ?? value)
        : value;
  return textOf(`why_${why}`, { value: said }) ?? why.replaceAll('_', ' ');
}

/// The addition that gives the difference: `Bill +¥1.00`, `12.00 × 0.60% (half up) +¥0.07`; nothing without one.
export function termsText(difference: DifferenceView): string {
  const said = difference.terms.map(({ name, amount, base, rate_millionths, rounding }) => {
    const sum = formatSigned(amount);
    if (base === null || rate_millionths === null) return `${textOrName('term', name)} ${sum}`;
    const rate = formatShare(String(rate_millionths));
    return `${formatMoney(base)} × ${rate} (${textOrName('rounding', rounding)}) ${sum}`;
  });
  return said.join(' · ');
}

/// A day in the list: its bill is missing or cannot be there yet, in agreement, or so many differences.
export function dayLook({ result, missing }: DayRow, running: boolean): Look {
  if (!result) {
    if (missing) return { tone: 'warn', mark: 'circle', label: m.day_missing() };
    return running
      ? { tone: 'muted', mark: 'clock', label: m.day_running() }
      : { tone: 'muted', mark: 'circle', label: m.day_not_fetched() };
  }
  if (result.is_empty && result.differences === 0) {
    return { tone: 'muted', mark: 'check', label: m.day_nothing() };
  }
  return result.differences === 0
    ? { tone: 'ok', mark: 'check', label: m.day_agrees() }
    : { tone: 'warn', mark: 'alert', label: m.day_differences({ count: result.differences }) };
}
