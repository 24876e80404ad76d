import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useTransport } from '$lib/api/client';
import { app } from '$lib/state/app.svelte';
import { FakeConsole } from '../../test/fake';
import ReportsScreen from './ReportsScreen.svelte';
import { placesOf, stepOf } from './reports.svelte';

const person = () => userEvent.setup({ delay: null });
let fake: FakeConsole;
let stop: () => void;

async function open(): Promise<void> {
  fake = new FakeConsole();
  useTransport(fake);
  stop = app.start();
  await waitFor(() => expect(app.status).not.toBeNull());
  render(ReportsScreen);
  await screen.findByTestId('report-taken');
}

describe('the steps of a chart', () => {
  it.each([
    ['2026-11-21', '2026-11-21', 'hour', 24],
    ['2026-11-01', '2026-11-21', 'day', 21],
    ['2026-01-01', '2026-11-21', 'month', 11],
    ['2025-12-31', '2026-03-01', 'day', 61],
  ])('from %s to %s are each %s, %i of them', (from, to, by, count) => {
    expect(stepOf({ from, to })).toBe(by);
    expect(placesOf({ from, to }, stepOf({ from, to }))).toHaveLength(count);
  });
});

describe('reports', () => {
  beforeEach(() => localStorage.clear());
  afterEach(() => stop());

  it('says the same numbers in words, in the picture and in the table', async () => {
    await open();
    expect(screen.getByTestId('report-taken')).toHaveTextContent('¥2,500.00');
    const chart = within(screen.getByTestId('chart-taken'));
    chart.getByRole('group').focus();
    await person().keyboard('{Home}');
    const said = screen.getByTestId('chart-taken-said');
    expect(said).toHaveTextContent('支付宝 ¥1,200.00 · 微信支付 ¥800.00 · 合计 ¥2,000.00');
    await person().keyboard('{Escape}');
    expect(said).toHaveTextContent('');
    await person().click(screen.getByTestId('chart-taken-table'));
    const rows = chart.getAllByRole('row');
    expect(rows).toHaveLength(22);
    expect(rows[1]).toHaveTextContent('¥2,000.00');
    expect(rows[21]).toHaveTextContent('¥500.00');
  });

  it('keeps what is below zero in the table', async () => {
    await open();
    await person().click(screen.getByTestId('chart-transit-table'));
    const rows = within(screen.getByTestId('chart-transit')).getAllByRole('row');
    expect(rows.map((row) => row.textContent)).toEqual([
      expect.stringContaining('账龄'),
      expect.stringContaining('¥1,192.80'),
      expect.stringContaining('−¥3.00'),
    ]);
  });

  it('asks by hours for one day and by months for a year, and remembers', async () => {
    await open();
    await person().selectOptions(screen.getByTestId('span'), 'day');
    expect(fake.called('takings').at(-1)).toEqual({
      from: '2026-11-21',
      to: '2026-11-21',
      by: 'hour',
    });
    await person().selectOptions(screen.getByTestId('span'), 'year');
    expect(fake.called('takings').at(-1)).toEqual({
      from: '2026-01-01',
      to: '2026-11-21',
      by: 'month',
    });
    expect(localStorage.getItem('paydesk.reports')).toContain('year');
  });
});
