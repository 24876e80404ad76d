import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useTransport } from '$lib/api/client';
import { app } from '$lib/state/app.svelte';
import { FakeConsole, refusal } from '../../test/fake';
import FeesScreen from './FeesScreen.svelte';
import { EMPTY, readRow, typedRow } from './contract';
import { fees } from './fees.svelte';

const person = () => userEvent.setup({ delay: null });
let fake: FakeConsole;
let stop: () => void;

async function open(): Promise<void> {
  fake = new FakeConsole();
  useTransport(fake);
  stop = app.start();
  await waitFor(() => expect(app.status).not.toBeNull());
  render(FeesScreen);
  await screen.findByTestId('overcharged');
}

describe('a contract’s row', () => {
  it.each([
    [{ rate: '0.6' }, { rate_millionths: 6000, minimum: null, maximum: null }],
    [
      { rate: '0.38%', minimum: '0.01', maximum: '1,200.5' },
      { minimum: 1, maximum: 120_050 },
    ],
    [
      { rate: '0', from: '2026-11-01' },
      { rate_millionths: 0, from: '2026-11-01', to: null },
    ],
  ])('is read from %o', (typed, read) => {
    expect(readRow({ ...EMPTY, ...typed }, 2)).toMatchObject(read);
  });

  it.each([
    [{ rate: '' }, 'rate'],
    [{ rate: '101' }, 'rate'],
    [{ rate: '0.6', minimum: '0.001' }, 'minimum'],
    [{ rate: '0.6', maximum: '99999999999' }, 'maximum'],
  ])('of %o is refused by its field', (typed, field) => {
    expect(readRow({ ...EMPTY, ...typed }, 2)).toBe(field);
  });

  it('stays what it is when it is shown and read', () => {
    const row = {
      from: '2026-01-01',
      to: null,
      rate_millionths: 3800,
      rounding: 'up',
      minimum: 1,
      maximum: 5000,
    };
    expect(readRow(typedRow(row, 2), 2)).toEqual(row);
  });
});

describe('the fee audit', () => {
  beforeEach(() => localStorage.clear());
  afterEach(() => stop());

  it('shows what was taken too much, with its lines, and what the other account took', async () => {
    await open();
    expect(screen.getByTestId('overcharged')).toHaveTextContent('¥0.12');
    expect(screen.getByTestId('undercharged')).toHaveTextContent('¥0.02');
    await person().click(screen.getByTestId('fees-of-demo-wechatpay'));
    expect(await screen.findByTestId('fees-agree')).toBeVisible();
    expect(screen.getByTestId('fees-export')).toBeDisabled();
  });

  it('asks again for other days and remembers them', async () => {
    await open();
    await person().selectOptions(screen.getByTestId('span'), 'last_month');
    expect(fake.called('audit_fees').at(-1)).toMatchObject({
      from: '2026-10-01',
      to: '2026-10-31',
    });
    expect(localStorage.getItem('paydesk.fees')).toContain('last_month');
  });

  it('keeps a contract, and says which rows exclude each other', async () => {
    await open();
    await person().click(await screen.findByTestId('contract-edit'));
    await person().click(screen.getByTestId('contract-add'));
    await person().click(screen.getByTestId('contract-save'));
    expect(screen.getByTestId('contract-said')).toHaveTextContent('百分数');
    const row = screen.getByTestId('contract-row');
    await person().type(within(row).getByLabelText(/费率/), '0.55');
    fake.options.errors = {
      change_account: refusal('rates_overlap', { row: '1', other: '2' }),
    };
    await person().click(screen.getByTestId('contract-save'));
    expect(screen.getByTestId('contract-said')).toHaveAttribute('data-code', 'rates_overlap');
    expect(fake.called('change_account').at(-1)).toMatchObject({
      rate: { rate_millionths: 6000 },
      rates: [{ from: null, to: null, rate_millionths: 5500, rounding: 'half_up' }],
    });
    expect(fees.fees?.rates).toEqual([]);
  });
});
