import { describe, expect, it } from 'vitest';
import { refundWhy } from './refundWhy';

describe('why a refund did not happen', () => {
  it('is said in words, with the code beside them', () => {
    expect(refundWhy('ACQ.SELLER_BALANCE_NOT_ENOUGH')).toEqual({
      text: expect.stringContaining('余额'),
      code: 'ACQ.SELLER_BALANCE_NOT_ENOUGH',
    });
    expect(refundWhy('REFUND_ABNORMAL').text).not.toContain('REFUND');
  });

  it('has a sentence for a code nobody knows, and none of a code for a doubt', () => {
    expect(refundWhy('SOMETHING_NEW')).toEqual({
      text: '渠道没有接受这笔退款。',
      code: 'SOMETHING_NEW',
    });
    expect(refundWhy('no_reply').code).toBeNull();
  });
});
