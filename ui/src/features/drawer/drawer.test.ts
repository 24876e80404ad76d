import { beforeEach, describe, expect, it } from 'vitest';
import { useTransport } from '$lib/api/client';
import { FakeConsole, refusal } from '../../test/fake';
import { DrawerForm, drawer } from './drawer.svelte';

let fake: FakeConsole;

beforeEach(() => {
  fake = new FakeConsole();
  useTransport(fake);
  drawer.view = null;
});

describe('the drawer', () => {
  it('needs an amount and a reason for what is put in or taken out', async () => {
    const form = new DrawerForm('pay_out');
    for (const [amount, reason, ready] of [
      ['', 'bank', false],
      ['0', 'bank', false],
      ['12.345', 'bank', false],
      ['12.34', ' ', false],
      ['12.34', 'bank', true],
    ] as const) {
      form.amountText = amount;
      form.reason = reason;
      expect(form.ready, `${amount} ${reason}`).toBe(ready);
    }
    expect(await form.send()).toBe(true);
    expect(fake.called('move_drawer')).toEqual([
      expect.objectContaining({ act: 'pay_out', amount_minor: '1234', reason: 'bank' }),
    ]);
    expect(drawer.view?.moves[0]?.kind).toBe('paid_out');
  });

  it('counts an empty drawer without a word, and again only with one', () => {
    const first = new DrawerForm('count');
    first.amountText = '0';
    expect(first.ready).toBe(true);
    const again = new DrawerForm('count', true);
    again.amountText = '0';
    expect(again.ready).toBe(false);
    again.reason = 'coins';
    expect(again.ready).toBe(true);
  });

  it('opens without a sale for a reason alone', () => {
    const form = new DrawerForm('no_sale');
    expect(form.ready).toBe(false);
    form.reason = 'change for a note';
    expect(form.ready).toBe(true);
  });

  it('tries again under the same intent', async () => {
    const form = new DrawerForm('no_sale');
    form.reason = 'x';
    fake.options.errors = { move_drawer: refusal('disk_full') };
    expect(await form.send()).toBe(false);
    expect(form.error?.code).toBe('disk_full');
    fake.options.errors = {};
    expect(await form.send()).toBe(true);
    const [first, second] = fake.called('move_drawer') as { intent_id: string }[];
    expect(second?.intent_id).toBe(first?.intent_id);
  });
});
