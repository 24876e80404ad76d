/// The part of the stand-in that plays bills: one day with a difference of each kind, the others in
/// agreement.
import type {
  BillRunView,
  DayResult,
  DifferenceView,
  FlowMoveView,
  FlowView,
  TermView,
} from '$lib/api/contract';
import { NOW, money, orderRow, type Answers, type FakeOptions } from './fake';

type BillAnswers = Pick<
  Answers,
  | 'reconcile_days'
  | 'fetch_bill'
  | 'open_bill'
  | 'bill_reading'
  | 'stop_bill_reading'
  | 'recognise_bill'
  | 'fetch_flow'
  | 'import_flow'
  | 'kept_flow'
  | 'flow_moves'
  | 'bill_rows'
  | 'import_bill'
  | 'reconciled_day'
  | 'fetch_missing_bills'
  | 'bill_run'
  | 'stop_bill_run'
>;

function runOf(account_id: string): BillRunView {
  return {
    account_id,
    total: 5,
    done: 0,
    kept: 0,
    differences: 0,
    flows: 0,
    day: null,
    failed: [],
    is_stopped: false,
    is_over: false,
  };
}

function resultOf(options: FakeOptions): DayResult {
  const books = {
    payments: 214,
    paid: money(4318265),
    refunds: 6,
    refunded: money(61154),
    fee: money(25543),
    net: money(4231568),
  };
  const differences = differencesOf(options).length;
  const over = { ...books, payments: 215, paid: money(4319196), net: money(4232493) };
  return {
    matched: 212,
    differences,
    bill: differences === 0 ? books : { ...over, fee: money(25549) },
    books,
    imported_at: null,
    by: '',
    file: '',
    is_empty: false,
  };
}

function importedOf(options: FakeOptions): DayResult {
  return { ...resultOf(options), imported_at: NOW, by: '收银员 1' };
}

/// The older a day, the more likely it is done.
function keptOf(options: FakeOptions, back: number): DayResult | null {
  if (back < 2 || back % 7 === 5) return null;
  return back % 4 === 3 ? importedOf(options) : { ...importedOf(options), differences: 0 };
}

function termOf(name: string, minor: number): TermView {
  return { name, amount: money(minor), base: null, rate_millionths: null, rounding: '' };
}

function differencesOf(options: FakeOptions): DifferenceView[] {
  if (options.agrees) return [];
  const line = {
    row: 7,
    kind: 'payment',
    reference: 'TK7Q21261120000A4XA1',
    order_id: 'TK7Q21261120000A4X',
    transaction: '2026112022001400009876',
    amount: money(4651),
    fee: money(28),
    at: NOW,
    state: 'done',
  };
  const book = { ...line, row: 0, amount: money(4650) };
  const foreign = { ...line, reference: 'POS-2-000817', order_id: null };
  const plain = { why: 'unexplained', value: '', terms: [] };
  return [
    { ...plain, code: 'amount_over', bill: line, book, difference: money(1) },
    {
      code: 'missing_ours',
      why: 'not_a_paydesk_number',
      value: '',
      bill: { ...foreign, row: 91, amount: money(930) },
      book: null,
      difference: money(930),
      terms: [termOf('bill', 930)],
    },
    {
      code: 'fee',
      why: 'fee_rate_differs',
      value: '6000',
      bill: { ...line, row: 102, amount: money(12900), fee: money(77) },
      book: { ...book, amount: money(12900), fee: money(49) },
      difference: money(28),
      terms: [
        {
          ...termOf('fee_at_rate', 77),
          base: money(12900),
          rate_millionths: 6000,
          rounding: 'half_up',
        },
        termOf('fee_in_books', -49),
      ],
    },
    {
      code: 'next_day',
      why: 'happened_near_midnight',
      value: '4',
      bill: null,
      book: { ...book, kind: 'refund', amount: money(6800) },
      difference: money(6800 - 13600),
      terms: [termOf('books', -6800)],
    },
  ];
}

function flowOf(): FlowView {
  return {
    sums: [
      { sort: 'payment', lines: 213, sum: money(1_234_500) },
      { sort: 'payout', lines: 1, sum: money(-800_000) },
    ],
    trade: money(1_234_500),
    bill_net: money(1_234_500),
    closing: money(434_500),
    imported_at: NOW,
    by: '',
    file: '',
    is_empty: false,
  };
}

function flowMove(): FlowMoveView {
  return {
    row: 6,
    sort: 'payout',
    name: '提现',
    entry: '300000000000001',
    business: '20261120100000000001',
    reference: '',
    change: money(-800_000),
    balance: money(434_500),
    at: NOW,
  };
}

export function billAnswers(options: () => FakeOptions): BillAnswers {
  const answers: BillAnswers = {
    reconcile_days: ({ account_id }) => ({
      accounts: [
        { id: 'demo-alipay', channel: 'alipay', name: '2021000000000001' },
        { id: 'demo-wechatpay', channel: 'wechatpay', name: '1900000001' },
      ],
      account_id: account_id ?? 'demo-alipay',
      days: Array.from({ length: 31 }, (_, back) => ({
        day: new Date(NOW - back * 86_400_000).toISOString().slice(0, 10),
        result: keptOf(options(), back),
        missing: back > 0 && keptOf(options(), back) === null,
        flow: keptOf(options(), back) !== null,
        flow_missing: back > 0 && keptOf(options(), back) === null,
      })),
      by_themselves: false,
    }),
    fetch_missing_bills: ({ account_id }) => ({ run: runOf(account_id) }),
    recognise_bill: ({ file }) => answers.open_bill({ account_id: 'demo-alipay', day: null, file }),
    bill_reading: () => ({ reading: { permille: 420 } }),
    stop_bill_reading: () => ({ reading: null }),
    bill_run: () => ({ run: null }),
    stop_bill_run: () => ({ run: null }),
    fetch_bill: ({ account_id, day }) => ({
      preview: 'content',
      account_id,
      day,
      rows: 213,
      known_since: options().known ?? null,
      result: resultOf(options()),
      differences: differencesOf(options()),
    }),
    open_bill: ({ account_id, day, file }) => {
      const name = file.given === 'content' ? file.name : (file.path.split('/').at(-1) ?? '');
      const looked = answers.fetch_bill({ account_id, day: day ?? '2026-11-20' });
      return { kind: 'trade', ...looked, result: { ...looked.result, file: name } };
    },
    bill_rows: ({ only_different, from, limit }) => {
      const different = differencesOf(options()).flatMap(({ bill, code }) =>
        bill ? [{ line: bill, verdict: code }] : [],
      );
      const agreeing = Array.from({ length: 213 - different.length }, (_, index) => {
        const row = orderRow(index);
        return {
          line: {
            row: index + 1,
            kind: 'payment',
            reference: `${row.order_id}A1`,
            order_id: row.order_id,
            transaction: `20261120220014${String(index).padStart(8, '0')}`,
            amount: row.amount,
            fee: money(28),
            at: row.at,
            state: 'done',
          },
          verdict: 'agrees',
        };
      });
      const rows = only_different ? different : [...different, ...agreeing];
      return { total: rows.length, rows: rows.slice(from, from + limit) };
    },
    import_bill: () => ({
      account_id: 'demo-alipay',
      day: '2026-11-20',
      bill: '41',
      rows: 213,
      result: importedOf(options()),
      differences: differencesOf(options()),
    }),
    fetch_flow: ({ account_id, day }) => ({
      preview: 'flow',
      account_id,
      day,
      rows: 4,
      known_since: null,
      flow: flowOf(),
    }),
    import_flow: () => ({
      account_id: 'demo-alipay',
      day: '2026-11-20',
      id: '7',
      flow: flowOf(),
      moves: [flowMove()],
    }),
    kept_flow: ({ account_id, day }) => ({
      ...answers.import_flow({ preview: 'flow' }),
      account_id,
      day,
    }),
    flow_moves: () => ({ total: 1, moves: [flowMove()] }),
    reconciled_day: ({ account_id, day }) => ({
      ...answers.import_bill({ preview: 'content' }),
      account_id,
      day,
    }),
  };
  return answers;
}
