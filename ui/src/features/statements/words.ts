/// Words for statements that several parts of the screen say alike.
import type { StatementHead } from '$lib/api/contract';
import { m } from '$lib/i18n/text';
import { formatBusinessDay } from '$lib/time/format';

/// `11月18日 – 11月20日`, one day once.
export function period({ from, to }: StatementHead): string {
  if (!from && !to) return m.statement_no_period();
  const first = from ? formatBusinessDay(from) : '…';
  const last = to ? formatBusinessDay(to) : '…';
  return first === last ? first : `${first} – ${last}`;
}

/// The account with its bank, where the file names it.
export function accountShort({ account, bank, currency }: StatementHead): string {
  return [bank, account || m.statement_account_unknown(), currency].filter(Boolean).join(' · ');
}
