/// A deterministic stand-in for the console: used by tests and by the page for looking at screens.
/// Never part of the shipped page. Rows are computed from their place, so any number costs nothing.
import { contender } from './choosing';
import type { Transport } from '$lib/api/client';
import type {
  AppStatus,
  CommandError,
  Commands,
  ErrorCode,
  Event as ConsoleEvent,
  ExportedFile,
  LedgerAccountView,
  MoneyView,
  OrderDetail,
  OrderRow,
  OrderTab,
  PayState,
  PaymentView,
  StatusView,
  TimelineEvent,
} from '$lib/api/contract';
import { accountAnswers } from './accounts';
import { billAnswers } from './bills';
import { callerAnswers } from './callers';
import { cashAnswers } from './cash';
import { connected, pageOpened } from './channels';
import { closingAnswers } from './closing';
import { feeAnswers } from './fees';
import { reportAnswers } from './reports';
import { statementAnswers } from './statements';

/// 21 November 2026, 14:40:13 in Shanghai.
export const NOW = Date.UTC(2026, 10, 21, 6, 40, 13);
const MINUTE = 60_000;

export function money(minor: number): MoneyView {
  return { minor: String(minor), currency: 'CNY', exponent: 2 };
}

export function refusal(code: ErrorCode, params: Record<string, string> = {}): CommandError {
  return { code, money: 'not_moved', params, incident: 'K7Q2M' };
}

export function appStatus(changes: Partial<AppStatus> = {}): AppStatus {
  return {
    stage: 'ready',
    mode: 'demo',
    store_name: '演示店',
    locale: 'zh-CN',
    theme: 'light',
    time_zone: 'Asia/Shanghai',
    cutoff_hour: 0,
    currency: 'CNY',
    exponent: 2,
    currencies: [{ code: 'CNY', exponent: 2 }],
    operator: '收银员 1',
    operators: ['收银员 1', '收银员 2', '主管'],
    sound: { muted: true, volume: 60 },
    amount_entry: 'from_the_right',
    keypad: 'one_on_top',
    scanner_gap_ms: 35,
    channels: [
      connected('alipay', NOW - MINUTE, 120, 6000),
      connected('stripe', NOW - 2 * MINUTE, 40, null),
      connected('wechatpay', NOW - 3 * MINUTE, -80, 3800),
    ],
    offline: false,
    clock_skew_ms: 120,
    open_doubts: 1,
    attention: 2,
    keys: 'open',
    older_copy: false,
    damaged: false,
    device: 'K7Q2',
    version: '0.1.0',
    business_day: '2026-11-21',
    pc_time_zone: 'Asia/Shanghai',
    ...changes,
  };
}

export function paymentView(state: PayState, changes: Partial<PaymentView> = {}): PaymentView {
  return {
    order_id: 'TK7Q21261121000A4X',
    amount: money(4650),
    channel: 'wechatpay',
    way: 'payer_code',
    state,
    since: NOW - 23_000,
    now: NOW,
    asked: state === 'unknown' ? 4 : 0,
    doubt: state === 'unknown' ? 'no_reply' : null,
    hint: null,
    handed_over: false,
    qr:
      state === 'showing_qr'
        ? { svg: QR_SVG, text: 'https://qr.example.test/pay/4X', expires_at: NOW + 96_000 }
        : null,
    failure:
      state === 'failed'
        ? { code: 'NOTENOUGH', text: 'code_payer_funds', advice: 'ask_payer' }
        : null,
    fee: money(18),
    net: money(4632),
    channel_no: state === 'paid' ? '4200002611202611214471' : null,
    paid_at: state === 'paid' ? NOW : null,
    can_cancel: ['waiting', 'at_reader', 'customer_paying', 'showing_qr'].includes(state),
    version: 3,
    ...changes,
  };
}

/// Not a code that can be read; a picture of the right kind.
const QR_SVG = (() => {
  let cells = '';
  for (let y = 0; y < 29; y++) {
    for (let x = 0; x < 29; x++) {
      const corner = (x < 7 && y < 7) || (x > 21 && y < 7) || (x < 7 && y > 21);
      const edge = [0, 6, 22, 28].includes(x) || [0, 6, 22, 28].includes(y);
      const core = [2, 3, 4, 24, 25, 26].includes(x) && [2, 3, 4, 24, 25, 26].includes(y);
      const on = corner ? edge || core : (x * 7 + y * 13 + ((x * y) % 5)) % 3 === 0;
      if (on) cells += `M${x} ${y}h1v1h-1z`;
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-2 -2 33 33"><path fill="#fff" d="M-2-2h33v33h-33z"/><path d="${cells}"/></svg>`;
})();

const STATUS_CYCLE: readonly StatusView[] = [
  'paid',
  'unknown',
  'part_refunded',
  'paid',
  'paid',
  'refunding',
  'paid',
  'failed',
  'paid',
  'reversed',
  'paid_late',
  'refunded',
  'closed',
  'refund_failed',
];
const NOTES = ['', '燕麦拿铁 ×2', '生日蛋糕 6 寸 · B03 桌', '', 'A12 桌'];
const AMOUNTS = [5820, 12900, 26800, 2630, 4710, 4660, 12970, 880, 4700, 3230];

/// The number of the newest order; older ones count down.
const ROW_BASE = 9_999_999;

export function orderRow(index: number): OrderRow {
  const status = STATUS_CYCLE[index % STATUS_CYCLE.length] ?? 'paid';
  const amount = AMOUNTS[index % AMOUNTS.length] ?? 100;
  const back = { part_refunded: 6800, refunded: amount }[status as string] ?? 0;
  return {
    order_id: `TK7Q21261121${(ROW_BASE - index).toString(36).toUpperCase().padStart(5, '0')}X`,
    at: NOW - index * 47_000,
    channel: index % 2 === 0 ? 'alipay' : 'wechatpay',
    at_reader: false,
    status,
    amount: money(amount),
    paid: null,
    refunded: back > 0 ? money(back) : null,
    note: NOTES[index % NOTES.length] ?? '',
    operator: `收银员 ${(index % 3) + 1}`,
    attention: status === 'unknown' || status === 'paid_late',
  };
}

const ZONE_OF_EVENT = 1000;

function timeline(): TimelineEvent[] {
  const at = NOW - 5 * MINUTE;
  const event = (
    seq: number,
    kind: string,
    source: string,
    changes: Partial<TimelineEvent> = {},
  ): TimelineEvent => ({
    seq,
    at: at + seq * ZONE_OF_EVENT,
    kind,
    params: {},
    actor: 'program',
    source,
    proof: null,
    technical: null,
    repeated: 1,
    ...changes,
  });
  const proof = {
    by: 'signature',
    key: 'PUB_KEY_ID_0114…6D2C',
    digest: '9f2c41d77a0be3c5d1f0a4f3e2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3',
  };
  return [
    event(16, 'refund_done', 'channel_query', { proof }),
    event(13, 'refund_begun', 'person', { actor: '收银员 2', params: { amount_minor: '6800' } }),
    event(11, 'receipt_issued', 'person', { actor: '收银员 1', params: { copy: '1' } }),
    event(9, 'payment_paid', 'channel_query', {
      proof,
      technical: '{\n  "trade_state": "SUCCESS",\n  "payer": { "openid": "••••" }\n}',
    }),
    event(5, 'payment_awaiting', 'channel_reply', { proof, repeated: 3 }),
    event(2, 'payment_doubted', 'us', { params: { doubt: 'no_reply' } }),
    event(1, 'payment_begun', 'person', { actor: '收银员 1' }),
    event(0, 'order_opened', 'person', { actor: '收银员 1' }),
  ];
}

export interface FakeOptions {
  status?: Partial<AppStatus>;
  /// What a charge becomes.
  outcome?: PayState;
  rows?: number;
  /// The day at the demo's channels.
  sandboxDay?: string;
  /// Bills agree with the books.
  agrees?: boolean;
  /// When the same bill was imported before.
  known?: number;
  /// No bank statement was imported yet.
  noStatements?: boolean;
  /// Commands that fail, and how.
  errors?: Partial<Record<keyof Commands, CommandError>>;
  /// Commands that take until these are over.
  until?: Partial<Record<keyof Commands, Promise<void>>>;
}

export type Answers = {
  [Name in keyof Commands]: (args: Commands[Name]['args']) => Commands[Name]['answer'];
};

export class FakeConsole implements Transport {
  readonly calls: { command: string; args: object }[] = [];
  options: FakeOptions;
  view: PaymentView | null = null;
  #listeners = new Set<(event: ConsoleEvent) => void>();
  #status: AppStatus;

  constructor(options: FakeOptions = {}) {
    this.options = options;
    this.#status = appStatus(options.status);
  }

  async call(command: string, args: object): Promise<unknown> {
    this.calls.push({ command, args });
    const name = command as keyof Commands;
    await this.options.until?.[name];
    const error = this.options.errors?.[name];
    if (error) throw error;
    const answer = this.#answers[name] as (args: object) => unknown;
    return structuredClone(answer(args));
  }

  listen(onEvent: (event: ConsoleEvent) => void): () => void {
    this.#listeners.add(onEvent);
    return () => this.#listeners.delete(onEvent);
  }

  emit(event: ConsoleEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /// The core moves the payment on the stage and says so.
  move(state: PayState, changes: Partial<PaymentView> = {}): void {
    const version = (this.view?.version ?? 0) + 1;
    this.view = paymentView(state, {
      amount: this.view?.amount ?? money(4650),
      version,
      ...changes,
    });
    this.emit({ event: 'order_changed', order_id: this.view.order_id, version });
  }

  called(command: keyof Commands): object[] {
    return this.calls.filter((call) => call.command === command).map((call) => call.args);
  }

  #charge(amount_minor: string, channel: string, otherwise: PayState): PaymentView {
    this.view = paymentView(this.options.outcome ?? otherwise, {
      amount: { ...money(0), minor: amount_minor },
      channel,
    });
    return this.view;
  }

  get #rows(): number {
    return this.options.rows ?? 400;
  }

  /// Which of each round of states a tab shows.
  #shown(tab: OrderTab): number[] {
    const fits = (row: OrderRow): boolean =>
      tab === 'all' ||
      (tab === 'attention' && row.attention) ||
      (tab === 'paid' && row.status === 'paid') ||
      (tab === 'refunds' && row.status.startsWith('refund')) ||
      (tab === 'unpaid' && ['failed', 'closed', 'reversed'].includes(row.status));
    return STATUS_CYCLE.map((_, index) => index).filter((index) => fits(orderRow(index)));
  }

  #count(tab: OrderTab): number {
    const shown = this.#shown(tab);
    const rounds = Math.floor(this.#rows / STATUS_CYCLE.length);
    const rest = this.#rows % STATUS_CYCLE.length;
    return rounds * shown.length + shown.filter((index) => index < rest).length;
  }

  #page(tab: OrderTab, from: number, limit: number): OrderRow[] {
    const shown = this.#shown(tab);
    const length = Math.max(0, Math.min(limit, this.#count(tab) - from));
    return Array.from({ length }, (_, at) => {
      const round = Math.floor((from + at) / shown.length);
      return orderRow(round * STATUS_CYCLE.length + (shown[(from + at) % shown.length] ?? 0));
    });
  }

  #detail(order_id: string): OrderDetail {
    const index = ROW_BASE - Number.parseInt(order_id.slice(13, 18), 36);
    const row = { ...orderRow(index >= 0 && index < this.#rows ? index : 2), order_id };
    const state: PayState =
      row.status === 'unknown' || row.status === 'failed' || row.status === 'paid_late'
        ? row.status
        : 'paid';
    const late = row.status === 'paid_late';
    return {
      row,
      payment: paymentView(state, { amount: row.amount, channel: row.channel }),
      reference: `${order_id}A1`,
      account: '2021000000000001',
      business_day: '2026-11-21',
      payer: '159****2207',
      device: 'K7Q2',
      rate_millionths: 3800,
      refundable: state === 'paid' || late ? money(20000) : null,
      refunds:
        row.refunded === null
          ? []
          : [
              {
                refund_id: `${order_id}A1R1`,
                order_id,
                amount: row.refunded,
                state: 'done',
                reason: 'goods_returned',
                note: '',
                by: '收银员 2',
                at: NOW - 4 * MINUTE,
                done_at: NOW - 3 * MINUTE,
                why: null,
                why_text: null,
                again: null,
                late_return: false,
                in_cash: false,
              },
            ],
      notes: row.note ? [{ at: row.at, by: row.operator, text: row.note }] : [],
      timeline: timeline(),
      late_undecided: late,
      receipts: 1,
    };
  }

  #answers: Answers = {
    app_status: () => this.#status,
    set_up: (args) => (this.#status = { ...this.#status, ...args, stage: 'ready' }),
    change_settings: (patch) =>
      (this.#status = { ...this.#status, ...(patch as Partial<AppStatus>) }),
    pick_operator: ({ name }) => (this.#status = { ...this.#status, operator: name }),
    classify_scan: ({ text }) =>
      /^T/.test(text)
        ? { kind: 'order', order_id: text, known: true }
        : /^69\d{11}$/.test(text)
          ? { kind: 'goods' }
          : { kind: 'unknown', last4: text.slice(-4) },
    take_payment: ({ amount_minor, code }) =>
      this.#charge(amount_minor, /^1[0-5]/.test(code) ? 'wechatpay' : 'alipay', 'waiting'),
    show_qr: ({ amount_minor, channel }) => this.#charge(amount_minor, channel, 'showing_qr'),
    open_page: ({ amount_minor, channel }) =>
      pageOpened(this.#charge(amount_minor, channel, 'page_open')),
    reopen_page: () => pageOpened(this.view ?? paymentView('page_open')),
    use_reader: ({ amount_minor, channel }) => this.#charge(amount_minor, channel, 'at_reader'),
    sandbox_reader: () => ({ name: 'Counter', state: 'idle', amount: null }),
    payment_view: () => this.view ?? paymentView('waiting'),
    check_now: () => this.view ?? paymentView('unknown'),
    cancel_payment: () => this.view ?? paymentView('ending'),
    expected_fee: ({ channel }) => ({
      fee: money(channel === 'alipay' ? 28 : 18),
      net: money(channel === 'alipay' ? 4622 : 4632),
      rate_millionths: channel === 'alipay' ? 6000 : 3800,
    }),
    channel_choice: () => ({
      contenders: [contender('wechatpay', 18), contender('alipay', 28)],
      because: 'cheaper',
    }),
    currency_choices: () => ({
      choices: [
        { code: 'EUR', exponent: 2, channels: ['stripe', 'btcpay'] },
        { code: 'JPY', exponent: 0, channels: ['stripe'] },
      ],
    }),
    recent_payments: () => ({
      today_totals: [money(2846510)],
      today_count: this.options.rows === 0 ? 0 : 231,
      rows: this.#page('all', 0, 9),
      open: this.#page('all', 1, 1),
    }),
    list_orders: ({ query, cursor, position, limit }) => {
      const from = Number(cursor ?? position ?? 0);
      const end = from + limit;
      return {
        rows: this.#page(query.tab, from, limit),
        next_cursor: end < this.#count(query.tab) ? String(end) : null,
      };
    },
    order_totals: ({ tab }) => {
      const count = this.#count(tab);
      return {
        totals: {
          count,
          sums: [{ taken: money(4318265), refunded: money(61154), net: money(4257111) }],
        },
        tab_counts: { attention: 2, all: count, paid: 171, refunds: 58, unpaid: 86 },
      };
    },
    export_orders: ({ query, file }) => ({
      rows: this.#count(query.tab),
      sha256: '9f2c41d77a0be3c5d1f0a4f3e2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3',
      file,
      side_file: `${file}.sha256.json`,
    }),
    export_day: ({ file }) => written(file),
    export_settled: ({ file }) => written(file),
    export_journal: ({ file }) => written(file),
    ledger_accounts: () => ({ accounts: LEDGER, is_usual: true }),
    change_ledger_accounts: ({ accounts }) => ({
      accounts: accounts ?? LEDGER,
      is_usual: accounts === null,
    }),
    export_progress: () => ({ rows: null }),
    order_detail: ({ order_id }) => this.#detail(order_id),
    add_note: ({ order_id, text }) => ({
      ...this.#detail(order_id),
      notes: [{ at: NOW, by: '收银员 1', text }],
    }),
    decide_late: ({ order_id }) => ({ ...this.#detail(order_id), late_undecided: false }),
    prepare_refund: ({ order_id }) => ({
      refund_intent: 'intent-1',
      order_id,
      reference: `${order_id}A1`,
      parts: [{ reference: `${order_id}A1`, channel: 'alipay', refundable: money(20000) }],
      paid: money(26800),
      refunded_or_running: money(6800),
      refundable: money(20000),
      reasons: ['goods_returned', 'overcharged', 'customer_cancelled', 'wrong_amount', 'other'],
      fee_returned: null,
      fee: money(102),
      in_cash: false,
    }),
    request_refund: ({ order_id, amount_minor, reason, note }) => ({
      refund_id: `${order_id}A1R2`,
      order_id,
      amount: { ...money(0), minor: amount_minor },
      state: 'unknown',
      reason,
      note,
      by: '收银员 1',
      at: NOW,
      done_at: null,
      why: null,
      why_text: null,
      again: null,
      late_return: false,
      in_cash: false,
    }),
    receipt: ({ action }) => ({
      html: '<!doctype html><html lang="zh-CN"><head><title>小票</title><style>body{font-family:sans-serif;padding:16px;text-align:center}h1{font-size:18px}</style></head><body><h1>演示店</h1><p>演示 DEMO</p><p>收款凭证</p><p>¥268.00</p></body></html>',
      copy: action === 'preview' ? 1 : 2,
      saved_path: action === 'save' ? '/home/shop/Paydesk/receipts/TK7Q2-1.html' : null,
    }),
    sandbox_status: () => ({
      address: '127.0.0.1:18080',
      day: this.options.sandboxDay ?? '2026-11-21',
      faults: [
        'request_lost',
        'reply_lost',
        'server_error',
        'bad_signature',
        'unsigned_refusal',
        'garbage',
        'delay',
      ].map((name, index) => ({ name, on: index === 1 })),
      customers: [
        'pays',
        'pays_after_password',
        'refuses_password',
        'no_balance',
        'expired_code',
        'no_answer_paid',
        'no_answer_unpaid',
        'answers_twice',
        'pays_late',
        'pays_after_reverse',
      ].map((key, index) => ({
        digits: `0${index}`,
        key,
        codes: [
          { channel: 'alipay', code: `28763412900517460${index}` },
          { channel: 'unionpay', code: `622058213407719360${index}` },
          { channel: 'wechatpay', code: `13462791355028820${index}` },
        ],
      })),
    }),
    sandbox_set_fault: () => this.#answers.sandbox_status({}),
    sandbox_phone: ({ act }) => ({
      state: act === 'scan' ? 'scanned' : act === 'pay' ? 'paid' : 'declined',
      payee: '演示店',
      amount: money(4650),
    }),
    sample_codes: () => ({
      codes: this.#answers.sandbox_status({}).customers.map(({ digits, key, codes: [shown] }) => ({
        channel: 'alipay',
        digits,
        key,
        code: shown?.code ?? '',
        svg: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 30"><path d="M2 0h2v30h-2zM6 0h1v30h-1zM9 0h3v30h-3zM14 0h1v30h-1zM18 0h2v30h-2zM22 0h4v30h-4zM30 0h1v30h-1zM33 0h2v30h-2zM38 0h3v30h-3zM44 0h1v30h-1z"/></svg>',
      })),
    }),
    sandbox_end_day: () => this.#answers.sandbox_status({}),
    ...accountAnswers(),
    ...cashAnswers(
      (minor) => ({ ...money(0), minor: String(minor) }),
      (amount_minor) => ({
        ...this.#charge(amount_minor, 'cash', 'paid'),
        fee: null,
        net: null,
        channel_no: null,
      }),
      NOW,
    ),
    ...billAnswers(() => this.options),
    ...statementAnswers(() => this.options),
    ...feeAnswers(),
    ...callerAnswers(),
    ...reportAnswers(),
    ...closingAnswers(),
    shop_events: ({ below, limit }) => {
      const all = shopEvents().filter(({ seq }) => below === null || seq < below);
      return { events: all.slice(0, limit), more: all.length > limit };
    },
    quit_check: () => ({ open_doubts: this.#status.open_doubts }),
  };
}

const LEDGER: LedgerAccountView[] = [
  { role: 'bank', channel: null, code: '1002', name: '银行存款' },
  { role: 'in_transit', channel: null, code: '1012', name: '其他货币资金' },
  { role: 'revenue', channel: null, code: '6001', name: '主营业务收入' },
  { role: 'fees', channel: null, code: '6603', name: '财务费用-手续费' },
  { role: 'in_transit', channel: 'alipay', code: '101201', name: '其他货币资金-支付宝' },
];

function written(file: string): ExportedFile {
  return { rows: 7, sha256: 'cd'.repeat(32), file, side_file: `${file}.sha256.json` };
}

/// What happened to the shop: thirty changed settings, under an export and a key.
function shopEvents(): TimelineEvent[] {
  const plain = { at: NOW, actor: '收银员 1', source: 'person', proof: null, technical: null };
  const settings = Array.from({ length: 30 }, (_, index) => ({
    ...plain,
    seq: 30 - index,
    kind: 'settings_changed',
    params: {},
    repeated: 1,
  }));
  return [
    {
      ...plain,
      seq: 40,
      kind: 'orders_exported',
      params: {
        rows: '12',
        file: 'paid.csv',
        tab: 'paid',
        search: '蛋糕',
        sha256: 'ab'.repeat(32),
      },
      repeated: 1,
    },
    {
      ...plain,
      seq: 39,
      kind: 'keys_changed',
      params: { how: 'activated', channel: 'alipay', label: '前台', fingerprint: '12ab 34cd' },
      repeated: 1,
    },
    ...settings,
  ];
}
