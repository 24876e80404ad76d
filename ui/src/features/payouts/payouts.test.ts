import { describe, expect, it } from 'vitest';
import type { PayoutView } from '$lib/api/contract';
import { money } from '../../test/fake';
import { barsOf } from './waterfall';

const payout: PayoutView = {
  parts: [],
  terms: [
    { name: 'paid', amount: money(10_000), lines: 3 },
    { name: 'refunded', amount: money(-2_000), lines: 1 },
    { name: 'fee', amount: money(-60), lines: 4 },
  ],
  net: money(7_940),
  expected_on: '2026-11-20',
  arrival: 'expected',
  overdue_days: 0,
  arrived_on: null,
  lines: [],
  reasons: [],
  difference: null,
  decision: null,
};

describe('the bars of a payout', () => {
  it('go on where the one before ended, and the sum begins at nought', () => {
    const bars = barsOf(payout);
    expect(bars.map(({ name }) => name)).toEqual(['paid', 'refunded', 'fee', 'net']);
    expect(bars.map(({ left, width }) => [left, width])).toEqual([
      [0, 100],
      [80, 20],
      [79.4, 0.6],
      [0, 79.4],
    ]);
  });

  it('show what came in parts as one sum', () => {
    const line = {
      statement: '1',
      place: 0,
      row: 4,
      booked: '2026-11-20',
      amount: money(6_000),
      counterparty: '',
      reference: '',
      text: '',
    };
    const lines = [line, { ...line, place: 1, amount: money(1_940) }];
    const bank = barsOf({ ...payout, lines }).at(-1);
    expect(bank).toMatchObject({ name: 'bank', minor: '7940', left: 0, width: 79.4 });
  });

  it('hold more than was taken in, below nought', () => {
    const terms = [
      { name: 'paid', amount: money(1_000), lines: 1 },
      { name: 'refunded', amount: money(-3_000), lines: 1 },
    ];
    const [paid, refunded, net] = barsOf({ ...payout, terms, net: money(-2_000) });
    expect(paid).toMatchObject({ left: 66.66, width: 33.33 });
    expect(refunded).toMatchObject({ left: 0, width: 100 });
    expect(net).toMatchObject({ left: 0, width: 66.66, isTotal: true });
  });
});
