/// The part of the stand-in that plays a day being closed: three differences, decisions that stand until undone.
import type {
  ActArgs,
  DayOverview,
  Decide,
  DecisionView,
  ItemRef,
  MoneyView,
  SideTotals,
  UnfitItem,
  Weighing,
  WorkItemView,
  WorkQuery,
  WorkTarget,
} from '$lib/api/contract';
import { NOW, money, type Answers } from './fake';

type ClosingAnswers = Pick<
  Answers,
  | 'worklist'
  | 'candidates'
  | 'decide'
  | 'undo_decision'
  | 'give_to'
  | 'compare_day_again'
  | 'day_overview'
  | 'sign_day'
  | 'reopen_day'
>;

const yesterday = (): string => new Date(NOW - 86_400_000).toISOString().slice(0, 10);

const side = (paid: number): SideTotals => ({
  payments: 3,
  paid: money(paid),
  refunds: 0,
  refunded: money(0),
  fee: money(0),
  net: money(paid),
});

function item(code: string, why: string, minor: number): WorkItemView {
  return {
    account_id: 'demo-alipay',
    channel: 'alipay',
    day: yesterday(),
    item: `${code}|payment|${minor}`,
    difference: {
      code,
      why,
      value: '',
      terms: [],
      bill: null,
      book: null,
      difference: money(minor),
    },
    state: 'open',
    act: null,
    owner: '',
    age_days: 1,
    decisions: [],
  };
}

const stateOf = (act: string | null): string =>
  act === null ? 'open' : act === 'exception' ? 'exception' : 'settled';

export function closingAnswers(): ClosingAnswers {
  let items = [
    item('fee', 'rounding_per_line', 1),
    item('missing_channel', 'unexplained', -1200),
    item('missing_ours', 'unexplained', 3400),
  ];
  let signed = false;

  const asked = ({ code, owner, account_id }: WorkQuery): WorkItemView[] =>
    items
      .filter((it) => code === null || it.difference.code === code)
      .filter((it) => owner === null || it.owner === owner)
      .filter((it) => account_id === null || it.account_id === account_id);
  const listed = (query: WorkQuery): WorkItemView[] =>
    asked(query).filter((it) => query.state === null || it.state === query.state);
  const count = (state: string, of = items): number => of.filter((it) => it.state === state).length;
  const counts = (of = items) => ({
    open: count('open', of),
    exceptions: count('exception', of),
    settled: count('settled', of),
  });
  const of = (target: WorkTarget): WorkItemView[] =>
    target.of === 'all' ? listed(target.query) : found(target.items);
  const found = (names: readonly ItemRef[]): WorkItemView[] =>
    items.filter((it) => names.some((name) => name.item === it.item));
  const change = (which: readonly WorkItemView[], by: (it: WorkItemView) => WorkItemView): void => {
    items = items.map((it) => (which.includes(it) ? by(it) : it));
  };
  const decided = (it: WorkItemView, decisions: DecisionView[]): WorkItemView => {
    const act = decisions.at(-1)?.act ?? null;
    return { ...it, decisions, act, state: stateOf(act) };
  };
  const weighed = (fits: readonly WorkItemView[], unfit: UnfitItem[] = []): Weighing => {
    const minor = fits.reduce((sum, it) => sum + Number(it.difference.difference?.minor ?? 0), 0);
    const sums: MoneyView[] = fits.length > 0 ? [money(minor)] : [];
    return { fits: fits.length, sums, unfit, unfit_count: unfit.length };
  };

  const overview = (): DayOverview => ({
    day: yesterday(),
    newest: yesterday(),
    accounts: [
      {
        account: { id: 'demo-alipay', channel: 'alipay', name: '2088000000000001' },
        here: true,
        bill: side(12201),
        books: side(10000),
        matched: 7,
        differences: items.length,
        flow: null,
      },
    ],
    bridges: [
      {
        books: side(10000),
        bill: side(12201),
        steps: [{ act: 'open', count: count('open'), amount: money(2201) }],
        rest: money(0),
        reserve: money(0),
        explained: [],
        difference: money(0),
        arrived: money(0),
        in_transit: money(12201),
      },
    ],
    payouts: [],
    moves: [],
    hindrances: signed
      ? [{ why: 'signed', account_id: null, count: 0 }]
      : count('open') > 0
        ? [{ why: 'open', account_id: null, count: count('open') }]
        : [],
    signed,
    counts: counts(),
    hours: [{ hour: 9, channel: 'alipay', taken: money(12201) }],
    cash: [],
    closes: signed
      ? [
          {
            version: 1,
            at: NOW,
            by: '会计 1',
            sha256: '0'.repeat(64),
            head: '0'.repeat(64),
            record: '{}',
            reopened: null,
          },
        ]
      : [],
    write_off_max: '100',
  });

  function decide({ target, act, remark, dry_run }: Decide): Weighing {
    const limit = (it: WorkItemView): boolean =>
      it.state !== 'settled' &&
      (act.act !== 'written_off' || Math.abs(Number(it.difference.difference?.minor)) <= 100);
    const asked = of(target);
    const fits = remark === '' && act.act !== 'explained' ? [] : asked.filter(limit);
    const reason = remark === '' && act.act !== 'explained' ? 'remark_missing' : 'above_limit';
    const unfit = asked.filter((it) => !fits.includes(it)).map((it) => ({ item: it, reason }));
    if (!dry_run) change(fits, (it) => decided(it, [...it.decisions, decision(act, remark)]));
    return weighed(fits, unfit);
  }

  const decision = ({ act }: ActArgs, remark: string): DecisionView => ({
    act,
    remark,
    proof: null,
    proof_sha256: null,
    by: '会计 1',
    at: NOW,
  });

  return {
    worklist: ({ query, from, limit }) => ({
      items: listed(query).slice(from, from + limit),
      counts: counts(asked(query)),
    }),
    candidates: (name) => ({
      item: found([name])[0] ?? item('fee', '', 0),
      candidates: [],
    }),
    decide,
    undo_decision: ({ items: names }) => {
      const which = found(names).filter((it) => it.decisions.length > 0);
      change(which, (it) => decided(it, it.decisions.slice(0, -1)));
      return weighed(which);
    },
    give_to: ({ target, owner }) => {
      const which = of(target);
      change(which, (it) => ({ ...it, owner }));
      return weighed(which);
    },
    compare_day_again: overview,
    day_overview: overview,
    sign_day: () => {
      signed = true;
      return overview();
    },
    reopen_day: () => {
      signed = false;
      return overview();
    },
  };
}
