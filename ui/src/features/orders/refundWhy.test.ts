import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hasText } from '$lib/i18n/text';
import { refundWhy } from './refundWhy';

describe('why a refund did not happen', () => {
  it('is said in words, with the code beside them', () => {
    const why = 'ACQ.SELLER_BALANCE_NOT_ENOUGH';
    expect(refundWhy({ why, why_text: 'code_merchant_funds' })).toEqual({
      text: expect.stringContaining('余额'),
      code: why,
    });
  });

  it('has a sentence for a text nobody knows, and shows no code for a doubt', () => {
    expect(refundWhy({ why: 'SOMETHING_NEW', why_text: 'code_not_there' })).toEqual({
      text: '渠道没有接受这笔退款。',
      code: 'SOMETHING_NEW',
    });
    expect(refundWhy({ why: 'no_reply', why_text: 'doubt_no_reply' }).code).toBeNull();
  });

  it('has a text for every code of the channels’ tables', () => {
    for (const channel of ['alipay', 'wechatpay']) {
      const table = readFileSync(`../src-tauri/crates/channels/src/${channel}/codes.rs`, 'utf8');
      const rows = [...table.matchAll(/\([\w".]+, "((?:code|event|stage)_\w+)"/g)];
      expect(rows.length).toBeGreaterThan(20);
      for (const [, text] of rows) expect(hasText(text ?? ''), text).toBe(true);
    }
  });
});
