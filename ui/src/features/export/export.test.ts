import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { callConsole, useTransport } from '$lib/api/client';
import type { CommandError, OrderQuery } from '$lib/api/contract';
import { FakeConsole, refusal } from '../../test/fake';
import ExportDialog from './ExportDialog.svelte';
import { LIST_FORMATS, type ExportKind } from './kinds';

const QUERY: OrderQuery = {
  tab: 'paid',
  search: '',
  day_from: '2026-11-01',
  day_to: '2026-11-21',
  status: null,
  channel: null,
};
const ORDERS: ExportKind = {
  id: 'orders',
  label: () => 'Orders',
  formats: LIST_FORMATS,
  hasDays: false,
  name: () => 'orders-2026-11-21',
  run: ({ format, file, replace }) =>
    callConsole('export_orders', { query: QUERY, format, file, replace, seen: null }),
};
const person = () => userEvent.setup({ delay: null });

function open(errors: Partial<Record<'export_orders', CommandError>> = {}): {
  fake: FakeConsole;
  onclose: ReturnType<typeof vi.fn>;
} {
  const fake = new FakeConsole({ errors });
  useTransport(fake);
  const onclose = vi.fn();
  render(ExportDialog, { title: 'Export', text: '', kinds: [ORDERS], count: 171, onclose });
  return { fake, onclose };
}

describe('the export of the filtered list', () => {
  it('writes where it is told, once, and says count, place and digest', async () => {
    const { fake } = open();
    expect(screen.getByTestId('export-start')).toBeDisabled();
    await person().type(screen.getByTestId('export-file'), '/home/shop/november.csv');
    await person().dblClick(screen.getByTestId('export-start'));
    const done = await screen.findByTestId('export-done');
    expect(done).toHaveTextContent('/home/shop/november.csv');
    expect(screen.getByTestId('export-hash')).toHaveTextContent(/^[0-9a-f]{64}$/);
    expect(fake.called('export_orders')[0]).toEqual({
      query: QUERY,
      format: 'csv',
      file: '/home/shop/november.csv',
      replace: false,
      seen: null,
    });
  });

  it('gives a name the ending of the format that is chosen', async () => {
    const { fake } = open();
    await person().type(screen.getByTestId('export-file'), '/home/shop/november.csv');
    await person().click(screen.getByTestId('format-xlsx'));
    expect(screen.getByTestId('export-file')).toHaveValue('/home/shop/november.xlsx');
    await person().click(screen.getByTestId('export-start'));
    await screen.findByTestId('export-done');
    expect(fake.called('export_orders')[0]).toMatchObject({
      format: 'xlsx',
      file: '/home/shop/november.xlsx',
    });
  });

  it('replaces a file only when it is told to', async () => {
    const { fake } = open({ export_orders: refusal('export_file_exists') });
    await person().type(screen.getByTestId('export-file'), '/home/shop/november.csv');
    await person().click(screen.getByTestId('export-start'));
    await screen.findByTestId('export-error');
    expect(screen.getByTestId('export-start')).toBeDisabled();
    await person().click(screen.getByTestId('export-replace'));
    await person().click(screen.getByTestId('export-start'));
    await waitFor(() =>
      expect(
        fake.called('export_orders').map((call) => (call as { replace: boolean }).replace),
      ).toEqual([false, true]),
    );
  });

  it('is stopped when the dialog is closed', async () => {
    const { fake, onclose } = open();
    let end: (value: unknown) => void = () => undefined;
    const call = fake.call.bind(fake);
    fake.call = (command, args) =>
      command === 'export_orders' ? new Promise((resolve) => (end = resolve)) : call(command, args);
    await person().type(screen.getByTestId('export-file'), '/home/shop/november.csv');
    await person().click(screen.getByTestId('export-start'));
    await person().click(await screen.findByTestId('export-stop'));
    expect(fake.called('export_progress')).toContainEqual({ stop: true });
    await person().keyboard('{Escape}');
    await waitFor(() => expect(onclose).toHaveBeenCalled());
    end({ rows: 1, sha256: '', file: '', side_file: '' });
  });
});
