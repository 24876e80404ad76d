/// Which column of a bank's table is which: from what a person picks above each column to what the core takes.
import type { BankColumns, BankSheet } from '$lib/api/contract';

export const ROLES = [
  'ignore',
  'booked',
  'time',
  'value',
  'amount',
  'direction',
  'credit',
  'debit',
  'balance',
  'currency',
  'account',
  'counterparty',
  'counterparty_account',
  'bank_reference',
  'our_reference',
  'code',
  'text',
] as const;
export type Role = (typeof ROLES)[number];

type Single = Exclude<Role, 'ignore' | 'text'>;

export type DateOrder = 'day_first' | 'month_first' | '';

/// The row that most likely holds the titles: the first that is as wide as any and has no figures.
export function titlesRow(sheet: BankSheet): number {
  const filled = (cells: readonly string[]): number => cells.filter(Boolean).length;
  const widest = Math.max(...sheet.rows.map(({ cells }) => filled(cells)));
  const isTitles = (cells: readonly string[]): boolean =>
    filled(cells) >= Math.max(2, widest - 2) && !cells.some((cell) => /^[+-]?[\d,.]+$/.test(cell));
  const found = sheet.rows.findIndex(({ cells }) => isTitles(cells));
  return Math.max(found, 0);
}

/// What each column was read as.
export function rolesOf(titles: readonly string[], columns: BankColumns): Role[] {
  return titles.map((title) => {
    if (title !== '' && columns.text.includes(title)) return 'text';
    const singles = ROLES.filter((role): role is Single => role !== 'ignore' && role !== 'text');
    return (title !== '' && singles.find((role) => columns[role] === title)) || 'ignore';
  });
}

/// What still lacks before the table can be read: a text's key, else null.
export function lacking(roles: readonly Role[]): string | null {
  const has = (role: Role): boolean => roles.includes(role);
  const twice = roles.find(
    (role, at) => role !== 'ignore' && role !== 'text' && roles.indexOf(role) !== at,
  );
  if (twice) return 'mapping_twice';
  if (!has('booked')) return 'mapping_no_day';
  if (has('credit') !== has('debit')) return 'mapping_one_way';
  if (!has('amount') && !has('credit')) return 'mapping_no_amount';
  return null;
}

export function columnsOf(
  titles: readonly string[],
  roles: readonly Role[],
  currency: string,
  order: DateOrder,
): BankColumns {
  const of = (role: Single): string | null => titles[roles.indexOf(role)] ?? null;
  return {
    booked: of('booked') ?? '',
    amount: of('amount'),
    direction: of('direction'),
    credit: of('credit'),
    debit: of('debit'),
    balance: of('balance'),
    currency: of('currency'),
    default_currency: currency || null,
    time: of('time'),
    value: of('value'),
    account: of('account'),
    counterparty: of('counterparty'),
    counterparty_account: of('counterparty_account'),
    bank_reference: of('bank_reference'),
    our_reference: of('our_reference'),
    code: of('code'),
    text: titles.filter((_, at) => roles[at] === 'text'),
    date_order: order || null,
  };
}
