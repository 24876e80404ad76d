// Coins at the counter: a code with a locked rate, both ways to pay, a part, what a chain has seen and not confirmed,
// money that is late or too much, and a refund that the customer claims.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { openPage } from '../lib/browser.mjs';
import { until } from '../lib/processes.mjs';
import { looks } from './axe.mjs';

/** A block comes every minute at the demo's server. */
const BLOCK_MS = 100_000;

let shop;
const look = looks();

before(async () => {
  shop = await openPage();
  await shop.setUpDemo();
});

after(() => shop?.close());

afterEach(look.verdict);

const isClean = (name) => look.at(shop.page, name);
const stage = (state, timeout = 30_000) =>
  shop.page.locator(`[data-testid=stage][data-state=${state}]`).waitFor({ timeout });

async function to(hash) {
  await shop.page.evaluate((hash) => (location.hash = hash), hash);
}

const minor = (part) => shop.part(part).getAttribute('data-minor');
const order = () => shop.part('stage').getAttribute('data-order');
const view = (order_id) => shop.answer('payment_view', { order_id });
const phone = (qr, act) => shop.answer('sandbox_phone', { qr, act });

/** A code for this amount with its ways to pay; the order. */
async function shown(digits, minor) {
  await shop.enterAmount(digits, minor);
  await shop.part('method-qr').click();
  await stage('ready_qr');
  await shop.part('show-qr-btcpay').click();
  await shop.part('coins').waitFor({ timeout: 30_000 });
  return order();
}

const ways = async (id) => (await view(id)).coins.ways;

async function detail(order_id, status) {
  await to(`#/orders/${order_id}`);
  await shop.part('order-detail').waitFor();
  await until(`${order_id} to be ${status}`, async () => {
    const { row } = await shop.answer('order_detail', { order_id });
    return row.status === status;
  }, BLOCK_MS);
  await shop.says('order-detail', 'status', status);
}

let paid;
let late;

test('a code asks for coins at a locked rate, and for the rest after a part of them', async () => {
  paid = await shown('8800', '8800');
  const due = await shop.part('coins').getAttribute('data-due');
  assert.match(await shop.part('coins-due').innerText(), new RegExp(`${due.replace('.', '\\.')} BTC`));
  assert.match(await shop.part('qr-seconds').innerText(), /1[45]:\d\d/);
  await isClean('coins-shown');
  await shop.part('way-BTC-LN').click();
  await shop.says('coins', 'method', 'BTC-LN');
  await isClean('coins-lightning');
  const [chain] = await ways(paid);
  assert.equal((await phone(chain.text, 'pay_half')).state, 'paid');
  await shop.part('coins-received').waitFor({ timeout: 30_000 });
  assert.ok(Number(await shop.part('coins').getAttribute('data-due')) < Number(due));
  await isClean('coins-part');
});

test('what a chain has seen is not paid, and the till is free until it is', async () => {
  const [rest] = await ways(paid);
  assert.equal((await phone(rest.text, 'pay')).state, 'paid');
  // A block may come before the next look; a second payment then shows what is not certain.
  await shop.page
    .locator('[data-testid=stage]:is([data-state=confirming],[data-state=paid])')
    .waitFor({ timeout: 30_000 });
  if ((await shop.part('stage').getAttribute('data-state')) === 'confirming') {
    assert.equal(await shop.part('stage-confirmations').getAttribute('data-needed'), '1');
    await isClean('coins-confirming');
  }
  await stage('paid', BLOCK_MS);
  await isClean('coins-paid');
  await shop.part('next').click();
});

test('the refund is chosen at a rate, claimed by the customer and followed to its payout', async () => {
  await detail(paid, 'paid');
  assert.match(await shop.part('detail-coins').first().innerText(), /BTC/);
  await shop.part('refund').click();
  await shop.part('rate-then').waitFor();
  await shop.part('refund-amount').fill('10.00');
  assert.ok(await shop.part('rate-then').isDisabled(), 'a part goes back as a sum');
  await shop.part('refund-full').click();
  await shop.part('rate-then').check();
  await isClean('coins-refund');
  await shop.part('reason-goods_returned').check();
  await shop.part('refund-confirm').click();
  await shop.says('offer', 'stage', 'unclaimed');
  await isClean('coins-offer');
  const link = await shop.part('offer').getAttribute('data-link');
  await to('#/demo');
  assert.equal(await shop.part('phone-qr').inputValue(), link, 'the phone proposes what is on the screen');
  await shop.part('phone-claim').click();
  await shop.says('phone', 'state', 'claimed');
  await isClean('coins-phone');
  await detail(paid, 'refunded');
});

test('in English and dark, money after the end waits for a person and goes back', async () => {
  await shop.answer('change_settings', { locale: 'en', theme: 'dark' });
  await shop.page.reload();
  await shop.page.locator('html[data-ready=true]').waitFor();
  late = await shown('3300', '3300');
  await isClean('coins-shown-dark');
  const [chain] = await ways(late);
  await shop.part('cancel-payment').click();
  await stage('closed');
  assert.equal((await phone(chain.text, 'pay')).state, 'paid');
  await shop.answer('check_now', { order_id: late });
  await detail(late, 'paid_late');
  assert.equal(await minor('late-received'), '3300');
  await shop.part('rate-now').check();
  await shop.part('late-reason').fill('Paid in cash meanwhile');
  await isClean('coins-late-dark');
  await shop.part('late-return').click();
  await shop.says('offer', 'stage', 'unclaimed');
  await isClean('coins-late-offer-dark');
});

test('too many coins are told as that, with the decision beside them', async () => {
  await to('#/pay');
  await shop.page.keyboard.press('Escape');
  const over = await shown('2200', '2200');
  const [chain] = await ways(over);
  assert.equal((await phone(chain.text, 'pay_double')).state, 'paid');
  await stage('paid_over', BLOCK_MS);
  assert.ok(Number(await minor('stage-received')) >= 4399);
  await isClean('coins-over-dark');
  await detail(over, 'paid_over');
  await isClean('coins-over-order-dark');
  await shop.part('late-reason').fill('Goods handed over');
  await shop.part('late-accept').click();
  await shop.part('late-decision').waitFor({ state: 'detached' });
});
