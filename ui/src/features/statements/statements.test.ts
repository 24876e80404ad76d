import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useTransport } from '$lib/api/client';
import { app } from '$lib/state/app.svelte';
import { FakeConsole, NOW, refusal, type FakeOptions } from '../../test/fake';
import { columns } from '../../test/statements';
import { columnsOf, lacking, rolesOf, titlesRow } from './mapping';
import { statements } from './statements.svelte';
import StatementsScreen from './StatementsScreen.svelte';

let fake: FakeConsole;
let stop: () => void = () => {};
const person = () => userEvent.setup({ delay: null });
const state = () => screen.getByTestId('statement-panel').dataset['state'];

async function open(options: FakeOptions = {}): Promise<void> {
  fake = new FakeConsole(options);
  useTransport(fake);
  stop = app.start();
  await waitFor(() => expect(app.status).not.toBeNull());
  statements.chosen = null;
  statements.list = null;
  render(StatementsScreen);
  await waitFor(() => expect(statements.list).not.toBeNull());
}

async function drop(...files: File[]): Promise<void> {
  const event = new Event('drop', { bubbles: true, cancelable: true });
  Object.assign(event, { dataTransfer: { types: ['Files'], files } });
  window.dispatchEvent(event);
  await waitFor(() => expect(fake.called('open_statement').length).toBeGreaterThan(0));
  await waitFor(() => expect(statements.busy).toBeNull());
}

beforeEach(() => {
  Element.prototype.scrollIntoView = vi.fn();
});

afterEach(() => {
  stop();
  statements.busy = null;
  statements.discard();
  statements.chosen = null;
  statements.list = null;
});

describe('columns that a person tells apart', () => {
  const titles = ['何时', '多少', '', '为何', '备注'];
  const of = (...roles: Parameters<typeof lacking>[0]) => lacking(roles);

  it('need a day and money, each once', () => {
    expect(of('booked', 'amount')).toBeNull();
    expect(of('booked', 'credit', 'debit')).toBeNull();
    expect(of('amount')).toBe('mapping_no_day');
    expect(of('booked', 'text')).toBe('mapping_no_amount');
    expect(of('booked', 'credit')).toBe('mapping_one_way');
    expect(of('booked', 'booked', 'amount')).toBe('mapping_twice');
    expect(of('booked', 'amount', 'text', 'text')).toBeNull();
  });

  it('are named by their titles, and read back as they were picked', () => {
    const roles = ['booked', 'amount', 'ignore', 'text', 'text'] as const;
    const named = columnsOf(titles, roles, 'CNY', 'day_first');
    expect(named).toMatchObject({
      booked: '何时',
      amount: '多少',
      text: ['为何', '备注'],
      balance: null,
      default_currency: 'CNY',
      date_order: 'day_first',
    });
    expect(rolesOf(titles, named)).toEqual(roles);
  });

  it('stand below what a bank writes over its table', () => {
    const rows = [
      { row: 1, cells: ['账户明细', '', ''] },
      { row: 3, cells: ['何时', '多少', '谁'] },
      { row: 4, cells: ['2026-11-20', '12.50', '甲'] },
    ];
    expect(titlesRow({ name: '', rows })).toBe(1);
  });
});

describe('statements of banks', () => {
  it('say what to do before the first', async () => {
    await open({ noStatements: true });
    await waitFor(() => expect(screen.getByTestId('no-statement')).toBeInTheDocument());
  });

  it('show the newest with its proof, its gap and its lines', async () => {
    await open();
    await waitFor(() => expect(state()).toBe('kept'));
    expect(screen.getByTestId('balance-proof')).toHaveAttribute('data-check', 'holds');
    expect(screen.queryByTestId('statement-gap')).toBeNull();
    await statements.pick('39');
    await waitFor(() => expect(screen.getByTestId('statement-gap')).toBeInTheDocument());
    expect(fake.called('bank_lines').at(-1)).toMatchObject({ of: { statement: 'kept', id: '39' } });
  });

  it('look at a dropped file and import it by name of its look', async () => {
    await open();
    await drop(new File(['x'], 'a.csv'));
    await waitFor(() => expect(state()).toBe('preview'));
    expect(screen.getByTestId('statement-counts')).toHaveTextContent('61');
    await person().click(screen.getByTestId('statement-import'));
    await waitFor(() => expect(state()).toBe('kept'));
    expect(fake.called('import_statement')).toEqual([{ preview: 'look-a.csv' }]);
  });

  it('are not imported twice', async () => {
    await open({ known: NOW });
    await drop(new File(['x'], 'a.csv'));
    await waitFor(() => expect(screen.getByTestId('statement-known')).toBeInTheDocument());
    expect(screen.getByTestId('statement-import')).toBeDisabled();
  });

  it('let a person say which column is which, and keep it for the bank', async () => {
    await open({ errors: { open_statement: refusal('statement_unknown') } });
    await drop(new File(['x'], 'odd.csv'));
    await waitFor(() => expect(state()).toBe('mapping'));
    expect(screen.getByTestId('mapping-read')).toBeDisabled();
    await person().selectOptions(screen.getByTestId('mapping-column-0'), 'booked');
    await person().selectOptions(screen.getByTestId('mapping-column-1'), 'amount');
    await person().type(screen.getByTestId('mapping-name'), '村镇银行');
    fake.options.errors = {};
    await person().click(screen.getByTestId('mapping-read'));
    await waitFor(() => expect(state()).toBe('preview'));
    expect(fake.called('save_bank_template')).toMatchObject([
      { name: '村镇银行', columns: { booked: '何时', amount: '多少' } },
    ]);
    expect(fake.called('open_statement').at(-1)).toMatchObject({ template: '村镇银行' });
  });

  it('several at once: each says what it is, and all that is new is imported', async () => {
    await open();
    await drop(new File(['x'], 'a.csv'), new File(['y'], 'b.csv'));
    await waitFor(() => expect(screen.getByTestId('statement-1')).toBeInTheDocument());
    await person().click(screen.getByTestId('statements-import-all'));
    await waitFor(() => expect(fake.called('import_statement')).toHaveLength(2));
    expect(screen.getByTestId('statement-0')).toHaveAttribute('data-kept', 'true');
  });

  it('go out again as they came', async () => {
    await open();
    await waitFor(() => expect(screen.getByTestId('kept-file-save')).toBeInTheDocument());
    await person().click(screen.getByTestId('kept-file-save'));
    await person().type(screen.getByTestId('kept-file-to'), '/tmp/a.csv{Enter}');
    await waitFor(() =>
      expect(fake.called('save_kept_file')).toEqual([
        { file: { of: 'statement', id: '40' }, to: '/tmp/a.csv', replace: false },
      ]),
    );
  });

  it('read by guessed columns can be told otherwise', () => {
    expect(rolesOf(['记账日期', '交易金额', '摘要'], columns)).toEqual([
      'booked',
      'amount',
      'text',
    ]);
  });
});
