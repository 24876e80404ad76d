import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { errorText } from '$lib/api/errors';
import type { CommandError, ErrorCode } from '$lib/api/contract';
import { preferences } from '$lib/state/preferences.svelte';
import { STATUSES } from '$lib/ui/looks';
import { hasText } from './text';

type Plural = { match: Record<string, string> }[];
type Catalogue = Record<string, string | Plural>;

const read = (path: string): string => readFileSync(path, 'utf8');
const chinese = JSON.parse(read('messages/zh-CN.json')) as Catalogue;
const english = JSON.parse(read('messages/en.json')) as Catalogue;
const contract = read('src/lib/api/contract.ts');

/// The members of a union of names in the generated contract.
function union(name: string): string[] {
  const found = new RegExp(`export type ${name} = ([^;]+);`).exec(contract);
  return [...(found?.[1] ?? '').matchAll(/"([a-z_]+)"/g)].map((match) => match[1] ?? '');
}

const branches = (message: string | Plural): string[] =>
  typeof message === 'string' ? [message] : message.flatMap((part) => Object.values(part.match));
const holes = (text: string): string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '').sort();

describe('the two catalogues', () => {
  it('hold the same keys', () => {
    expect(Object.keys(english).sort()).toEqual(Object.keys(chinese).sort());
  });

  it('name the same values in every text', () => {
    for (const [key, message] of Object.entries(chinese)) {
      const wanted = holes(branches(message)[0] ?? '');
      const other = branches(english[key] ?? '').at(-1) ?? '';
      expect(holes(other), key).toEqual(wanted);
    }
  });

  it('bend for number where English does', () => {
    for (const [key, message] of Object.entries(english)) {
      if (typeof message === 'string') continue;
      const forms = message.flatMap((part) => Object.keys(part.match));
      expect(forms, key).toEqual(['countPlural=one', 'countPlural=other']);
      const other = chinese[key];
      expect(typeof other, key).toBe('object');
      expect((other as Plural).flatMap((part) => Object.keys(part.match))).toEqual([
        'countPlural=other',
      ]);
    }
  });

  it('keep to the words: no markup, no exclamation, curly apostrophes', () => {
    for (const [key, message] of Object.entries(english)) {
      for (const text of branches(message)) expect(text, key).not.toMatch(/[<>!']/);
    }
    for (const [key, message] of Object.entries(chinese)) {
      for (const text of branches(message)) expect(text, key).not.toMatch(/[<>!]|[\u4e00-\u9fff],/);
    }
  });
});

describe('texts chosen by names of the core', () => {
  it('exist for every error code in both languages', () => {
    const codes = union('ErrorCode');
    expect(codes.length).toBeGreaterThan(25);
    for (const code of codes) {
      expect(hasText(`error_${code}`), code).toBe(true);
      for (const locale of ['zh-CN', 'en'] as const) {
        preferences.locale = locale;
        const error: CommandError = {
          code: code as ErrorCode,
          money: 'not_moved',
          // What the core hands over with the codes that have values.
          params: {
            address: '127.0.0.1',
            code: 'NO_AUTH',
            column: '金额',
            count: '2',
            currency: 'USD',
            day: '2026-11-20',
            ending: '.csv',
            expected: '1,204.50 CNY',
            field: 'mchid',
            first: '6',
            left: 'CNY',
            limit: '1048576',
            max: '8',
            min: '12',
            name: '工行基本户',
            order_id: 'TK7Q21261120000A4X',
            package: 'fonts-noto-cjk',
            port: '8317',
            reader: 'tmr_Fo1',
            right: 'USD',
            row: '7',
            other: '9',
            seconds: '4',
            short: '0.01',
            there: '190.00',
            what: 'termId',
            stated: '1,204.00 CNY',
          },
          incident: '',
        };
        expect(errorText(error), `${code} ${locale}`).not.toMatch(/undefined|\{/);
      }
    }
    preferences.locale = 'zh-CN';
  });

  it('say of every error what happened, whether money is affected, and what to do', () => {
    const money = {
      'zh-CN': /扣款|动钱|退款|钱款|资金/,
      en: /[Mm]oney|charged|taken/,
    };
    for (const code of union('ErrorCode')) {
      for (const [locale, catalogue] of [
        ['zh-CN', chinese],
        ['en', english],
      ] as const) {
        for (const text of branches(catalogue[`error_${code}`] ?? '')) {
          const sentences = text.split(locale === 'en' ? /[.?](?:\s|$)/ : /[。？]/).filter(Boolean);
          expect(sentences.length, `${code} ${locale}: ${text}`).toBeGreaterThanOrEqual(3);
          expect(text, `${code} ${locale}`).toMatch(money[locale]);
        }
      }
    }
  });

  it('exist for every state a person can meet', () => {
    for (const status of union('StatusView'))
      expect(hasText(`status_${status}`), status).toBe(true);
    expect(union('StatusView').sort()).toEqual([...STATUSES].sort());
    for (const state of union('RefundStateView')) {
      expect(hasText(`refund_state_${state}`), state).toBe(true);
    }
    for (const tab of union('OrderTab')) {
      expect(hasText(`tab_${tab}`), tab).toBe(true);
      expect(hasText(`orders_empty_${tab}`), tab).toBe(true);
    }
    for (const state of union('ChannelHealth')) {
      expect(hasText(`channel_state_${state}`), state).toBe(true);
    }
    for (const state of union('AccountState')) {
      expect(hasText(`account_state_${state}`), state).toBe(true);
    }
    for (const state of union('KeysState')) expect(hasText(`keys_${state}`), state).toBe(true);
    for (const line of union('TestLineName')) expect(hasText(`doctor_${line}`), line).toBe(true);
  });
});
