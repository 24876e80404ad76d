/// The part of the stand-in that plays a fee audit: one account with two wrong fees, one without any.
import type { AccountFees, FeeFindingView } from '$lib/api/contract';
import { NOW, money, type Answers } from './fake';

type FeeAnswers = Pick<Answers, 'audit_fees' | 'export_fees'>;

function finding(row: number, amount: number, fee: number, contract: number): FeeFindingView {
  return {
    day: '2026-11-20',
    line: {
      row,
      kind: 'payment',
      reference: `TK7Q21261120000A4XA${row}`,
      order_id: 'TK7Q21261120000A4X',
      transaction: `20261120220014000098${row}`,
      amount: money(amount),
      fee: money(fee),
      at: NOW - 86_400_000,
      state: 'done',
    },
    contract: money(contract),
    more: money(fee - contract),
  };
}

function accountOf(channel: string, findings: FeeFindingView[]): AccountFees {
  const sum = (sign: 1 | -1): number =>
    findings.map(({ more }) => Number(more.minor) * sign).reduce((a, b) => a + Math.max(0, b), 0);
  const lines = (sign: 1 | -1): number =>
    findings.filter(({ more }) => Number(more.minor) * sign > 0).length;
  return {
    account: { id: `demo-${channel}`, channel, name: '2021000000000000' },
    rate_millionths: 6000,
    rates: [],
    totals: {
      days: 1,
      audited: 214,
      without_rate: 0,
      lines_over: lines(1),
      lines_under: lines(-1),
      charged: money(25543 + sum(1) - sum(-1)),
      contract: money(25543),
      overcharged: money(sum(1)),
      undercharged: money(sum(-1)),
    },
    findings,
  };
}

export function feeAnswers(): FeeAnswers {
  return {
    audit_fees: () => ({
      accounts: [
        accountOf('alipay', [finding(7, 4650, 40, 28), finding(9, 12000, 70, 72)]),
        accountOf('wechatpay', []),
      ],
    }),
    export_fees: ({ file }) => ({
      rows: 2,
      sha256: 'ab'.repeat(32),
      file,
      side_file: `${file}.json`,
    }),
  };
}
