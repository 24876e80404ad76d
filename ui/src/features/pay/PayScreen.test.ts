import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { tick } from 'svelte';
import { beforeEach, describe, expect, it } from 'vitest';
import { handleScan } from '$features/shell/scans';
import { useTransport } from '$lib/api/client';
import type { PayState } from '$lib/api/contract';
import { app } from '$lib/state/app.svelte';
import { notices } from '$lib/state/notices.svelte';
import { router } from '$lib/state/router.svelte';
import { FakeConsole, refusal } from '../../test/fake';
import PayScreen from './PayScreen.svelte';
import { pay } from './pay.svelte';

const WECHAT = '134627913550288200';
const stage = (): HTMLElement => screen.getByTestId('stage');
/// Codes are refused within five minutes of their use, so each test has one of its own.
let drawn = 0;
const freshCode = (): string => `13462791355028${String(++drawn).padStart(4, '0')}`;

let fake: FakeConsole;

/// Gaps a person makes: without them four digits look like a scanner.
const person = () => userEvent.setup({ delay: 45 });

async function open(outcome?: PayState): Promise<void> {
  fake = new FakeConsole(outcome ? { outcome } : {});
  useTransport(fake);
  app.start();
  await waitFor(() => expect(app.status).not.toBeNull());
  render(PayScreen, { onreceipt: () => undefined });
}

async function charge(): Promise<void> {
  pay.type('4650');
  await handleScan(freshCode());
  await tick();
}

beforeEach(() => {
  router.go('pay');
  pay.view = null;
  pay.question = null;
  pay.refusal = null;
  pay.choose('scan');
  pay.clear();
  notices.shown = [];
  // A result of an earlier test must not count as the first half of a double read.
  Reflect.set(pay, 'doubleReadUntil', 0);
});

describe('the counter', () => {
  it('takes digits without a focused field', async () => {
    await open();
    expect(stage()).toHaveAttribute('data-state', 'no_amount');
    await person().keyboard('4650');
    expect(screen.getByTestId('amount')).toHaveAttribute('data-minor', '4650');
    expect(stage()).toHaveAttribute('data-state', 'ready');
  });

  it('charges a scanned code with an intent of its own', async () => {
    await open();
    const code = freshCode();
    pay.type('4650');
    await handleScan(code);
    expect(fake.called('take_payment')).toEqual([
      expect.objectContaining({ amount_minor: '4650', code, confirmed_repeat_of: null }),
    ]);
    const [sent] = fake.called('take_payment') as { intent_id: string }[];
    expect(sent?.intent_id).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  it.each<[PayState, string]>([
    ['waiting', '正在等待渠道回复，请勿重复扫码'],
    ['customer_paying', '等待顾客输入密码，请勿重复扫码'],
    ['paid', '收款成功'],
    ['unknown', '结果待确认，请勿重复收款'],
    ['failed', '收款未成功，顾客没有被扣款'],
    ['ending', '正在撤销，请等待确认'],
    ['reversed', '已撤销，顾客不会被扣款'],
    ['closed', '订单已关闭，顾客没有付款'],
    ['paid_late', '订单结束后收到付款，等待处理'],
    ['paid_over', '顾客多付了，等待处理'],
    ['paid_short', '只收到一部分款项，还不算已付'],
  ])('shows %s in words', async (state, words) => {
    await open(state);
    await charge();
    await waitFor(() => expect(stage()).toHaveAttribute('data-state', state));
    expect(screen.getByTestId('stage-title')).toHaveTextContent(words);
    expect(screen.getByTestId('stage-amount')).toHaveAttribute('data-minor', '4650');
  });

  it('never shows paid before the core has said so', async () => {
    await open('waiting');
    await charge();
    expect(stage()).toHaveAttribute('data-state', 'waiting');
    fake.move('paid');
    await waitFor(() => expect(stage()).toHaveAttribute('data-state', 'paid'));
    expect(notices.polite).toContain('收款成功 46.50');
  });

  it('drops news older than what is shown', async () => {
    await open('waiting');
    await charge();
    fake.move('paid', { version: 9 });
    await waitFor(() => expect(stage()).toHaveAttribute('data-state', 'paid'));
    fake.view = { ...fake.view!, state: 'waiting', version: 4 };
    await pay.look();
    expect(stage()).toHaveAttribute('data-state', 'paid');
  });

  it('frees the till while a result is unknown, and says it aloud', async () => {
    await open('unknown');
    await charge();
    expect(notices.assertive).toContain('请勿重复收款');
    await person().click(screen.getByTestId('next'));
    expect(stage()).toHaveAttribute('data-state', 'no_amount');
  });

  it.each<[PayState, string]>([
    ['paid', '尾号 0A4X：收款成功 46.50 元'],
    ['reversed', '尾号 0A4X：46.50 元已撤销'],
  ])('says aloud that an earlier customer’s order became %s', async (state, words) => {
    await open('unknown');
    await charge();
    await person().click(screen.getByTestId('next'));
    pay.type('100');
    fake.move(state);
    await waitFor(() => expect(notices.shown.at(-1)?.text).toContain(words));
    expect(notices.polite).toContain(words);
    // The next customer's amount stays where it was.
    expect(screen.getByTestId('amount')).toHaveAttribute('data-minor', '100');
    const said = notices.shown.length;
    fake.move(state);
    await tick();
    expect(notices.shown).toHaveLength(said);
  });

  it('says with urgency that an ended order was paid after all', async () => {
    await open('reversed');
    await charge();
    await person().click(screen.getByTestId('next'));
    fake.move('paid_late');
    await waitFor(() => expect(notices.assertive).toContain('尾号 0A4X'));
    expect(notices.assertive).toContain('46.50');
  });

  it('keeps the amount after a refusal and clears it after a payment', async () => {
    await open('failed');
    await charge();
    await person().click(screen.getByTestId('scan-again'));
    expect(screen.getByTestId('amount')).toHaveAttribute('data-minor', '4650');
    expect(stage()).toHaveAttribute('data-state', 'ready');
  });

  it('refuses scans aloud that must not charge', async () => {
    await open('waiting');
    await handleScan(freshCode());
    expect(notices.shown.at(-1)?.text).toContain('先输入金额');
    await charge();
    await handleScan(freshCode());
    expect(notices.shown.at(-1)?.text).toContain('上一笔还在进行');
    router.go('orders');
    await handleScan(freshCode());
    expect(notices.shown.at(-1)?.text).toContain('F2');
    expect(fake.called('take_payment')).toHaveLength(1);
  });

  it('refuses the same code twice', async () => {
    await open('failed');
    pay.type('4650');
    await handleScan(WECHAT);
    pay.scanAgain();
    Reflect.set(pay, 'doubleReadUntil', 0);
    await handleScan(WECHAT);
    expect(notices.shown.at(-1)?.text).toContain('此付款码已使用');
    expect(fake.called('take_payment')).toHaveLength(1);
  });

  it('asks one question about a repeat and keeps the intent', async () => {
    await open();
    fake.options.errors = {
      take_payment: refusal('repeat_question', {
        earlier_order_id: 'TK7Q21261121007PRX',
        earlier_status: 'unknown',
        earlier_at: '1795243150000',
        amount_minor: '4650',
      }),
    };
    await charge();
    const dialog = await screen.findByTestId('repeat-dialog');
    expect(dialog).toHaveTextContent('TK7Q21261121007PRX');
    expect(dialog).toHaveTextContent('待确认');
    fake.options.errors = {};
    await person().click(screen.getByTestId('repeat-confirm'));
    await waitFor(() => expect(fake.called('take_payment')).toHaveLength(2));
    const [first, second] = fake.called('take_payment') as Record<string, unknown>[];
    expect(second?.['intent_id']).toBe(first?.['intent_id']);
    expect(second?.['confirmed_repeat_of']).toBe('TK7Q21261121007PRX');
  });

  it('says that no money moved when a code is refused', async () => {
    await open();
    fake.options.errors = { take_payment: refusal('channel_not_connected') };
    await charge();
    expect(stage()).toHaveAttribute('data-state', 'refused');
    expect(screen.getByTestId('stage-title')).toHaveTextContent('没有扣款');
  });

  it('shows the code with the countdown the channel was told', async () => {
    await open();
    pay.type('4650');
    pay.method = 'qr';
    await tick();
    await person().click(screen.getByTestId('show-qr-wechatpay'));
    await waitFor(() => expect(stage()).toHaveAttribute('data-state', 'showing_qr'));
    expect(screen.getByTestId('qr-seconds')).toHaveTextContent('1:3');
  });
});

describe('cash', () => {
  it('asks for what was handed over, shows the change and confirms it', async () => {
    await open();
    const keys = person();
    await keys.keyboard('4650');
    pay.choose('cash');
    await tick();
    expect(stage()).toHaveAttribute('data-state', 'ready_cash');
    await keys.keyboard('4600');
    await waitFor(() => expect(screen.getByTestId('cash-change')).toHaveTextContent('0.50'));
    // Less than is owed is not taken.
    pay.enterCash();
    expect(fake.called('take_cash')).toEqual([]);
    await keys.keyboard('{Backspace}{Backspace}{Backspace}{Backspace}5000');
    await waitFor(() =>
      expect(screen.getByTestId('cash-change')).toHaveAttribute('data-minor', '350'),
    );
    expect(pay.amount.minor).toBe('4650');
    await keys.keyboard('{Enter}');
    await waitFor(() => expect(stage()).toHaveAttribute('data-state', 'paid'));
    expect(fake.called('take_cash')).toEqual([
      expect.objectContaining({ amount_minor: '4650', received_minor: '5000' }),
    ]);
    expect(screen.getByTestId('stage-change')).toHaveAttribute('data-minor', '350');
  });

  it('takes a quick amount, and forgets it with another amount', async () => {
    await open();
    pay.type('4650');
    pay.choose('cash');
    await waitFor(() => expect(screen.getByTestId('quick-5000')).toBeInTheDocument());
    await person().click(screen.getByTestId('quick-5000'));
    await waitFor(() => expect(pay.cash.due?.change?.minor).toBe('350'));
    expect(document.activeElement).toBe(screen.getByTestId('cash-confirm'));
    // Escape first takes back what was handed over, then the amount.
    pay.clear();
    expect([pay.cash.amount.minor, pay.amount.minor]).toEqual(['0', '4650']);
    pay.type('0');
    expect([pay.cash.amount.minor, pay.amount.minor]).toEqual(['0', '46500']);
  });

  it('shows no change of an older amount', async () => {
    let answer = (): void => undefined;
    await open();
    pay.type('4650');
    pay.choose('cash');
    await waitFor(() => expect(pay.cash.due).not.toBeNull());
    fake.options.until = { cash_due: new Promise((done) => (answer = done)) };
    pay.receive('5000');
    fake.options.until = {};
    pay.receive('10000');
    await waitFor(() => expect(pay.cash.due?.change?.minor).toBe('5350'));
    answer();
    await tick();
    expect(pay.cash.due?.change?.minor).toBe('5350');
  });
});
