/// The part of the stand-in that plays statements of banks: one account, a month of statements, a file to look at.
import type {
  BankColumns,
  BankDay,
  BankLineView,
  BankTemplate,
  KeptStatementView,
  LookedStatementView,
  StatementHead,
} from '$lib/api/contract';
import { NOW, money, type Answers, type FakeOptions } from './fake';

type StatementAnswers = Pick<
  Answers,
  | 'open_statement'
  | 'bank_sheet'
  | 'import_statement'
  | 'list_statements'
  | 'bank_lines'
  | 'save_bank_template'
  | 'remove_bank_template'
  | 'save_kept_file'
  | 'sandbox_bank_statement'
  | 'payouts'
  | 'bank_days'
  | 'read_bank_days'
  | 'change_bank_days'
  | 'decide_payout'
>;

const LINES = 64;

const day = (back: number): string => new Date(NOW - back * 86_400_000).toISOString().slice(0, 10);

export const columns: BankColumns = {
  booked: '记账日期',
  amount: '交易金额',
  direction: null,
  credit: null,
  debit: null,
  balance: '余额',
  currency: null,
  default_currency: 'CNY',
  time: null,
  value: null,
  account: null,
  counterparty: '对方户名',
  counterparty_account: null,
  bank_reference: '流水号',
  our_reference: null,
  code: null,
  text: ['摘要'],
  date_order: null,
};

function headOf(back: number): StatementHead {
  return {
    account: '6222000011112222',
    holder: '演示店',
    bank: '中国工商银行',
    currency: 'CNY',
    format: 'sheet',
    is_running: false,
    reference: '',
    sequence: '',
    from: day(back + 6),
    to: day(back),
    opening: money(1_204_550),
    closing: money(1_834_200),
    money_in: money(640_000),
    money_out: money(-10_350),
    not_booked: 0,
    proof: { check: 'holds', expected: null, stated: null, row: null },
  };
}

function keptOf(index: number): KeptStatementView {
  return {
    id: String(40 - index),
    head: { ...headOf(1 + index * 7), money_in: null, money_out: null },
    lines: LINES,
    told_before: index === 0 ? 3 : 0,
    file: `icbc-${day(1 + index * 7)}.csv`,
    file_sha256: 'a1'.repeat(32),
    imported_at: NOW,
    by: '收银员 1',
    gap_before: index === 1,
  };
}

function lineOf(index: number): BankLineView {
  const isFee = index % 5 === 4;
  return {
    row: index + 3,
    booked: day(1 + Math.floor(index / 10)),
    time: null,
    value: null,
    amount: money(isFee ? -350 : 120_450 + index),
    balance: money(1_204_550 + index * 120_450),
    counterparty: isFee
      ? ''
      : index % 2
        ? '财付通支付科技有限公司'
        : '支付宝（中国）网络技术有限公司',
    counterparty_account: '',
    bank_reference: `ICBC${String(index).padStart(8, '0')}`,
    our_reference: '',
    end_to_end: '',
    text: isFee ? '账户管理费' : `商户号1900000001 ${day(2)}结算款`,
    code: '',
    is_reversal: false,
    parts: 0,
    verdict: index < 3 ? 'told_before' : 'new',
  };
}

export function statementAnswers(options: () => FakeOptions): StatementAnswers {
  let templates: BankTemplate[] = [];
  let bankDays: BankDay[] = [];
  const list = () => ({
    statements: options().noStatements ? [] : [0, 1, 2].map(keptOf),
    templates,
  });
  const answers: StatementAnswers = {
    open_statement: ({ name, template, account }) => {
      const looked: LookedStatementView = {
        head: { ...headOf(1), account: account ?? '6222000011112222' },
        lines: LINES,
        new_lines: LINES - 3,
        told_before: 3,
        told_finally: 0,
        replaces: 0,
        known_since: options().known ?? null,
      };
      return {
        preview: `look-${name}`,
        name,
        sha256: 'a1'.repeat(32),
        encoding: 'gb18030',
        template: template ?? '',
        statements: [looked],
        tables: [
          {
            sheet: '',
            titles_row: 2,
            titles: ['记账日期', '交易金额', '余额', '对方户名', '摘要', '流水号'],
            skipped: 2,
            columns,
          },
        ],
        refusal: null,
      };
    },
    bank_sheet: () => ({
      sheets: [
        {
          name: '',
          rows: [
            { row: 1, cells: ['账户明细', '', '', ''] },
            { row: 2, cells: ['何时', '多少', '谁', '为何'] },
            { row: 3, cells: ['2026-11-20', '1204.50', '财付通支付科技有限公司', '结算款'] },
            { row: 4, cells: ['2026-11-20', '-3.50', '', '账户管理费'] },
          ],
        },
      ],
    }),
    import_statement: () => ({ statements: [keptOf(0)], came: 1 }),
    list_statements: () => list(),
    bank_lines: ({ search, from, limit }) => {
      const all = Array.from({ length: LINES }, (_, index) => lineOf(index));
      const found = all.filter(({ counterparty, text }) =>
        `${counterparty} ${text}`.includes(search),
      );
      return { total: found.length, rows: found.slice(from, from + limit) };
    },
    save_bank_template: (template) => {
      templates = [template, ...templates.filter(({ name }) => name !== template.name)];
      return list();
    },
    remove_bank_template: ({ name }) => {
      templates = templates.filter((template) => template.name !== name);
      return list();
    },
    decide_payout: () => answers.payouts({}),
    bank_days: () => ({ days: bankDays }),
    read_bank_days: () => ({ days: [{ day: '2026-10-01', works: false }] }),
    change_bank_days: ({ days }) => ({ days: (bankDays = days) }),
    payouts: () => ({
      payouts: [],
      candidates: [],
      rejected: [],
      other: 0,
      is_cut_short: false,
      days: 0,
      flows: 0,
      statements: 0,
    }),
    sandbox_bank_statement: ({ form }) => ({ name: `demo.${form}`, file: 'YQ==' }),
    save_kept_file: ({ to }) => ({ file: to, sha256: 'a1'.repeat(32), bytes: 8_192 }),
  };
  return answers;
}
