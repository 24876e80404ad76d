/// Which differences are worked off: kept between starts, because whoever looks after one kind does so every day.
import { rememberedDays, type SpanName } from '$lib/time/span';

/// Every code of a difference, in the order of the book.
export const CODES = [
  'missing_ours',
  'missing_channel',
  'amount_over',
  'amount_under',
  'status',
  'fee',
  'currency',
  'duplicate_ours',
  'duplicate_channel',
  'next_day',
  'previous_day',
  'refund_missing',
  'refund_extra',
  'reference_damaged',
  'combined',
] as const;

export const WORK_SPANS: readonly SpanName[] = ['day', 'week', 'month', 'pick'];

export interface WorkFilters {
  code: string | null;
  /// Empty: those that nobody looks after.
  owner: string | null;
  account_id: string | null;
  span: SpanName;
  from: string;
  to: string;
}

export const NO_FILTERS: WorkFilters = {
  code: null,
  owner: null,
  account_id: null,
  span: 'day',
  from: '',
  to: '',
};

export function isFiltered({ code, owner, account_id, span }: WorkFilters): boolean {
  return code !== null || owner !== null || account_id !== null || span !== 'day';
}

export function rememberedFilters(found: unknown): WorkFilters {
  if (typeof found !== 'object' || found === null) return NO_FILTERS;
  const { code, owner, account_id, span } = found as Record<string, unknown>;
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  const days = rememberedDays(found);
  const isNamed = span === 'day' || span === 'week' || span === 'month';
  return {
    code: CODES.find((it) => it === code) ?? null,
    owner: text(owner),
    account_id: text(account_id),
    span: isNamed ? span : (days?.span ?? 'day'),
    from: days?.from ?? '',
    to: days?.to ?? '',
  };
}
