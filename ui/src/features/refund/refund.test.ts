import { beforeEach, describe, expect, it } from 'vitest';
import { useTransport } from '$lib/api/client';
import { FakeConsole, refusal } from '../../test/fake';
import { RefundForm } from './refund.svelte';

let fake: FakeConsole;
let form: RefundForm;

beforeEach(async () => {
  fake = new FakeConsole();
  useTransport(fake);
  form = new RefundForm('TK7Q21261121007PPX');
  await form.open();
});

describe('the refund form', () => {
  it('opens with all that can be refunded, and no reason', () => {
    expect(form.amountText).toBe('200.00');
    expect(form.reason).toBe('');
    expect(form.ready).toBe(false);
  });

  it.each([
    ['200.01', 'too_much'],
    ['0.00', 'not_positive'],
    ['12.345', 'not_a_number'],
    ['-5', 'not_a_number'],
    ['', 'not_a_number'],
    ['200', null],
  ])('judges %j as %j', (text, fault) => {
    form.amountText = text;
    expect(form.fault).toBe(fault);
  });

  it('asks for words with the reason other', () => {
    form.reason = 'other';
    expect(form.ready).toBe(false);
    form.note = '重复下单';
    expect(form.ready).toBe(true);
  });

  it('sends every try with the intent it opened with', async () => {
    form.reason = 'goods_returned';
    form.amountText = '68';
    fake.options.errors = { request_refund: refusal('database_busy') };
    expect(await form.send()).toBe(false);
    expect(form.error?.code).toBe('database_busy');
    fake.options.errors = {};
    expect(await form.send()).toBe(true);
    const sent = fake.called('request_refund') as Record<string, unknown>[];
    expect(sent.map((args) => args['refund_intent'])).toEqual(['intent-1', 'intent-1']);
    expect(sent[1]).toMatchObject({ amount_minor: '6800', reason: 'goods_returned' });
    expect(fake.called('prepare_refund')).toHaveLength(1);
  });

  it('sends a double click once', async () => {
    form.reason = 'goods_returned';
    await Promise.all([form.send(), form.send()]);
    expect(fake.called('request_refund')).toHaveLength(1);
  });
});
