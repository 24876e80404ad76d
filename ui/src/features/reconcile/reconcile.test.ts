import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useTransport } from '$lib/api/client';
import { app } from '$lib/state/app.svelte';
import { preferences } from '$lib/state/preferences.svelte';
import { FakeConsole, NOW, money, refusal, type FakeOptions } from '../../test/fake';
import { formatSigned, lessOf, termsText, whyText } from './bill';
import ReconcileScreen from './ReconcileScreen.svelte';
import { reconcile } from './reconcile.svelte';

let fake: FakeConsole;
let stop: () => void;
const person = () => userEvent.setup({ delay: null });
const state = () => screen.getByTestId('reconcile-day').dataset['state'];

async function open(options: FakeOptions = {}): Promise<void> {
  fake = new FakeConsole(options);
  useTransport(fake);
  stop = app.start();
  await waitFor(() => expect(app.status).not.toBeNull());
  render(ReconcileScreen);
  await waitFor(() => expect(fake.called('reconcile_days')).toHaveLength(1));
}

async function drop(...files: File[]): Promise<void> {
  const event = new Event('drop', { bubbles: true, cancelable: true });
  Object.assign(event, { dataTransfer: { types: ['Files'], files } });
  window.dispatchEvent(event);
  await waitFor(() => expect(reconcile.busy).toBeNull());
}

beforeEach(() => {
  Element.prototype.scrollIntoView = vi.fn();
});

afterEach(async () => {
  stop();
  preferences.locale = 'zh-CN';
  reconcile.opened = [];
  reconcile.days = null;
  reconcile.day = null;
  reconcile.preview = null;
  reconcile.kept = null;
  reconcile.error = null;
  reconcile.listError = null;
});

describe('a bill against our books', () => {
  it('opens on yesterday, with nothing yet', async () => {
    await open();
    await waitFor(() => expect(screen.getByTestId('no-bill')).toBeInTheDocument());
    expect(reconcile.day).toBe('2026-11-20');
    expect(screen.getAllByRole('option')).toHaveLength(31);
    expect(fake.called('fetch_bill')).toEqual([]);
  });

  it('calls a day over once the demo’s channels have ended it', async () => {
    await open();
    await waitFor(() => expect(reconcile.isRunning('2026-11-21')).toBe(true));
    fake.options.sandboxDay = '2026-11-22';
    await reconcile.load();
    expect(reconcile.isRunning('2026-11-21')).toBe(false);
    expect(screen.getByTestId('day-2026-11-21')).not.toHaveTextContent('未结束');
  });

  it('fetches once however often it is pressed, shows, and keeps nothing', async () => {
    await open();
    await waitFor(() => expect(screen.getByTestId('bill-fetch')).toBeEnabled());
    await Promise.all([reconcile.fetchBill(), reconcile.fetchBill()]);
    await waitFor(() => expect(state()).toBe('preview'));
    expect(fake.called('fetch_bill')).toEqual([{ account_id: 'demo-alipay', day: '2026-11-20' }]);
    expect(screen.getByTestId('preview-banner')).toHaveTextContent('还没有保留任何内容');
    expect(screen.getAllByTestId('difference')).toHaveLength(4);
    expect(screen.getByTestId('day-verdict')).toHaveAttribute('data-differences', '4');
    expect(fake.called('import_bill')).toEqual([]);
    await person().click(screen.getByTestId('bill-discard'));
    await waitFor(() => expect(state()).toBe('none'));
    expect(fake.called('import_bill')).toEqual([]);
  });

  it('keeps the bill when told to, and asks for the days again', async () => {
    await open();
    await waitFor(() => expect(screen.getByTestId('bill-fetch')).toBeEnabled());
    await person().click(screen.getByTestId('bill-fetch'));
    await person().click(await screen.findByTestId('bill-import'));
    await waitFor(() => expect(state()).toBe('kept'));
    expect(fake.called('import_bill')).toEqual([{ preview: 'content' }]);
    expect(fake.called('reconcile_days')).toHaveLength(2);
    expect(screen.getByTestId('imported-at')).toHaveTextContent('收银员 1');
    expect(screen.queryByTestId('preview-banner')).toBeNull();
  });

  it('takes the file of a kept bill out, and says when there is none', async () => {
    await open();
    await waitFor(() => expect(screen.getByTestId('bill-fetch')).toBeEnabled());
    await person().click(screen.getByTestId('bill-fetch'));
    expect(screen.queryByTestId('kept-file')).toBeNull();
    await person().click(await screen.findByTestId('bill-import'));
    await person().click(await screen.findByTestId('kept-file-save'));
    await person().type(screen.getByTestId('kept-file-to'), '/tmp/a.zip{Enter}');
    expect(fake.called('save_kept_file')).toMatchObject([
      { file: { of: 'bill' }, to: '/tmp/a.zip', replace: false },
    ]);
    fake.options.errors = { save_kept_file: refusal('kept_file_missing') };
    await person().click(screen.getByTestId('kept-file-save'));
    await person().type(screen.getByTestId('kept-file-to'), '/tmp/b.zip{Enter}');
    await waitFor(() => expect(screen.getByRole('alert')).toHaveTextContent('原文件'));
  });

  it('reads a dropped file byte for byte, as the bill of the chosen day', async () => {
    await open({ known: NOW });
    await waitFor(() => expect(screen.getByTestId('bill-fetch')).toBeEnabled());
    const bytes = new Uint8Array([0xef, 0xbb, 0xbf, 0, 255, 10, 13]);
    await drop(new File([bytes], 'bill.csv'));
    expect(fake.called('open_bill')).toEqual([
      {
        account_id: 'demo-alipay',
        day: '2026-11-20',
        file: { given: 'content', name: 'bill.csv', base64: '77u/AP8KDQ==' },
      },
    ]);
    await waitFor(() => expect(screen.getByTestId('known-since')).toBeInTheDocument());
    expect(screen.getByTestId('preview-banner')).toHaveTextContent('bill.csv');
  });

  it('tells several files apart and imports those that are new', async () => {
    await open();
    await waitFor(() => expect(screen.getByTestId('bill-fetch')).toBeEnabled());
    await drop(new File(['one'], 'one.csv'), new File(['two'], 'two.zip'));
    expect(fake.called('recognise_bill')).toMatchObject([
      { file: { name: 'one.csv' } },
      { file: { name: 'two.zip' } },
    ]);
    expect(screen.getByTestId('opened-0')).toHaveTextContent('支付宝');
    fake.options.errors = { recognise_bill: refusal('bill_wrong_channel') };
    await person().click(screen.getByTestId('bills-import-all'));
    await waitFor(() =>
      expect(screen.getByTestId('opened-1')).toHaveAttribute('data-code', 'bill_wrong_channel'),
    );
    expect(fake.called('import_bill')).toEqual([]);
    fake.options.errors = {};
    await person().click(screen.getByTestId('bills-close'));
    await drop(new File(['one'], 'one.csv'), new File(['two'], 'two.zip'));
    await person().click(screen.getByTestId('bills-import-all'));
    await waitFor(() =>
      expect(screen.getByTestId('opened-1')).toHaveAttribute('data-kept', 'true'),
    );
    expect(fake.called('import_bill')).toHaveLength(2);
    expect(screen.getByTestId('bills-import-all')).toBeDisabled();
  });

  it('shows how far a long file is, and reads it no further than wished', async () => {
    let end = (): void => {};
    const read = new Promise<void>((resolve) => (end = resolve));
    await open({ until: { open_bill: read } });
    await waitFor(() => expect(screen.getByTestId('bill-fetch')).toBeEnabled());
    const dropped = drop(new File(['long'], 'long.csv'));
    await waitFor(() => expect(screen.getByRole('progressbar')).toHaveValue(420));
    await person().click(screen.getByTestId('bill-reading-stop'));
    expect(fake.called('stop_bill_reading')).toHaveLength(1);
    expect(screen.getByTestId('bill-reading-stop')).toBeDisabled();
    fake.options.errors = { open_bill: refusal('bill_stopped') };
    end();
    await dropped;
    expect(screen.getByTestId('bill-error')).toHaveAttribute('data-code', 'bill_stopped');
    expect(screen.queryByTestId('bill-reading')).toBeNull();
    expect(screen.getByTestId('bill-fetch')).toBeEnabled();
  });

  it('says in place why a file is not taken, and lets another be tried', async () => {
    await open({ errors: { open_bill: refusal('bill_wrong_kind') } });
    await waitFor(() => expect(screen.getByTestId('bill-fetch')).toBeEnabled());
    await drop(new File(['hello'], 'notes.txt'));
    await waitFor(() =>
      expect(screen.getByTestId('bill-error')).toHaveAttribute('data-code', 'bill_wrong_kind'),
    );
    expect(screen.getByTestId('bill-error')).toHaveTextContent('没有扣款');
    fake.options.errors = {};
    await drop(new File(['bill'], 'bill.csv'));
    await waitFor(() => expect(state()).toBe('preview'));
    expect(screen.queryByTestId('bill-error')).toBeNull();
  });

  it('goes through the days by keys and shows what is kept of one', async () => {
    await open();
    await waitFor(() => expect(screen.getByTestId('bill-fetch')).toBeEnabled());
    screen.getByTestId('days').focus();
    await person().keyboard('{ArrowDown}{ArrowDown}');
    expect(reconcile.day).toBe('2026-11-20');
    await person().keyboard('{Enter}');
    await waitFor(() => expect(state()).toBe('kept'));
    expect(fake.called('reconciled_day')).toEqual([
      { account_id: 'demo-alipay', day: '2026-11-18' },
    ]);
  });

  it('changes the account and stays on the day', async () => {
    await open();
    await waitFor(() => expect(screen.getByTestId('bill-fetch')).toBeEnabled());
    await person().click(screen.getByTestId('account-demo-wechatpay'));
    await waitFor(() => expect(reconcile.account).toBe('demo-wechatpay'));
    expect(reconcile.day).toBe('2026-11-20');
  });

  it('shows every line with its verdict, page by page', async () => {
    await open();
    await waitFor(() => expect(screen.getByTestId('bill-fetch')).toBeEnabled());
    await person().click(screen.getByTestId('bill-fetch'));
    await person().click(await screen.findByTestId('lines-all'));
    await waitFor(() => expect(reconcile.lines.total).toBe(213));
    for (const { limit } of fake.called('bill_rows') as { limit: number }[]) {
      expect(limit).toBeLessThanOrEqual(200);
    }
    await person().click(screen.getByTestId('only-different'));
    await waitFor(() => expect(reconcile.lines.total).toBe(3));
  });

  it('keeps every line and its verdict of a bill that was imported', async () => {
    await open();
    await waitFor(() => expect(screen.getByTestId('bill-fetch')).toBeEnabled());
    screen.getByTestId('days').focus();
    await person().keyboard('{ArrowDown}{ArrowDown}{Enter}');
    await waitFor(() => expect(state()).toBe('kept'));
    expect(screen.getByTestId('lines-all')).toHaveTextContent('213');
    await person().click(screen.getByTestId('lines-all'));
    await waitFor(() => expect(reconcile.lines.total).toBe(213));
    await person().click(screen.getByTestId('only-different'));
    await waitFor(() => expect(reconcile.lines.total).toBe(3));
    expect(new Set(fake.called('bill_rows').map((asked) => JSON.stringify(asked)))).toEqual(
      new Set(
        [false, true].map((only_different) =>
          JSON.stringify({ of: { bill: 'kept', id: '41' }, only_different, from: 0, limit: 100 }),
        ),
      ),
    );
  });

  it('says so where there is no account', async () => {
    await open({ errors: { reconcile_days: refusal('channel_not_connected') } });
    await waitFor(() => expect(screen.getByTestId('no-account')).toBeInTheDocument());
  });
});

describe('what a difference says', () => {
  it('puts a rate as a percentage, in both languages', () => {
    const difference = {
      code: 'fee',
      why: 'fee_rate_differs',
      value: '6000',
      bill: null,
      book: null,
      difference: null,
      terms: [],
    };
    expect(whyText(difference)).toContain('0.60%');
    preferences.locale = 'en';
    expect(whyText(difference)).toContain('0.60%');
    expect(whyText({ ...difference, why: 'repeated_row', value: '12' })).toContain('12');
  });

  it('shows the addition with the base, the rate and the rounding of a fee', () => {
    preferences.locale = 'en';
    const yuan = (minor: string) => ({ minor, currency: 'CNY', exponent: 2 });
    const term = { base: null, rate_millionths: null, rounding: '' };
    const difference = {
      code: 'fee',
      why: 'rounding_per_line',
      value: '',
      bill: null,
      book: null,
      difference: yuan('-1'),
      terms: [
        {
          name: 'fee_at_rate',
          amount: yuan('27'),
          base: yuan('4651'),
          rate_millionths: 6000,
          rounding: 'down',
        },
        { ...term, name: 'fee_in_books', amount: yuan('-28') },
      ],
    };
    expect(termsText(difference)).toMatch(
      /46\.51 × 0\.60% \(down\) \+.*0\.27 · Fee in our books −.*0\.28/,
    );
  });

  it('signs sums, exactly at any length', () => {
    expect(formatSigned(money(100))).toBe('+¥1.00');
    expect(formatSigned(money(-100))).toBe('−¥1.00');
    expect(formatSigned(money(0))).toBe('¥0.00');
    const large = { ...money(0), minor: '900719925474099301' };
    expect(lessOf(large, money(1))?.minor).toBe('900719925474099300');
    expect(lessOf(money(1), { ...money(1), currency: 'JPY' })).toBeNull();
  });
});
