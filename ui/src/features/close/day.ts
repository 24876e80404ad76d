/// What the screen says of a day: hindrances, decisions, sides.
import type { DayOverview, HindranceView } from '$lib/api/contract';
import { m, textOrName } from '$lib/i18n/text';
import { channelName } from '$lib/ui/looks';

export function accountNameIn(overview: DayOverview, id: string): string {
  const accounts = overview.accounts.map(({ account }) => account);
  const account = accounts.find((it) => it.id === id);
  if (!account) return id;
  const alike = accounts.filter(({ channel }) => channel === account.channel).length > 1;
  return alike ? `${channelName(account.channel)} · ${account.name}` : channelName(account.channel);
}

export function hindranceText({ why, account_id, count }: HindranceView, day: DayOverview): string {
  switch (why) {
    case 'open':
      return m.hindrance_open({ count });
    case 'bill_missing':
      return m.hindrance_bill_missing({ account: accountNameIn(day, account_id ?? '') });
    case 'drawer_open':
      return m.hindrance_drawer_open();
    case 'not_over':
      return m.hindrance_not_over();
    default:
      return m.hindrance_signed();
  }
}

/// Whether a bill of this account has to come: without one, and not missing, nothing was traded.
export function lacksBill({ hindrances }: DayOverview, id: string): boolean {
  return hindrances.some(({ why, account_id }) => why === 'bill_missing' && account_id === id);
}

export function actText(act: string): string {
  return textOrName('act', act);
}
