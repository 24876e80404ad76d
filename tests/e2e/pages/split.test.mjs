// An order in parts: split by keys, paid in cash and by a code, found again on the list, given back part by part.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { openPage } from '../lib/browser.mjs';
import { alipayCode, wechatCode } from '../lib/codes.mjs';
import { looks } from './axe.mjs';

let shop;
let order;
const look = looks();

before(async () => {
  shop = await openPage();
  await shop.setUpDemo();
});

after(() => shop?.close());

afterEach(look.verdict);

const isClean = (name) => look.at(shop.page, name);
const stage = (state) => shop.page.locator(`[data-testid=stage][data-state=${state}]`).waitFor();
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A person's keys: faster ones are a scanner's. */
async function type(keys) {
  for (const key of keys) await shop.page.keyboard.press(key, { delay: 10 }).then(() => pause(130));
}

async function press(key) {
  await shop.page.keyboard.press(key);
  await pause(150);
}

async function to(hash) {
  await shop.page.evaluate((hash) => (location.hash = hash), hash);
}

const minor = (part) => shop.part(part).getAttribute('data-minor');

/** A scan by hand; right after a result it would count as a double read. */
async function charge(code) {
  await pause(900);
  await shop.scan(code);
}

test('an amount is split by keys, and cash is the first part', async () => {
  await to('#/pay');
  await stage('no_amount');
  await type('4650');
  await press('Control+s');
  await shop.part('split-sums').waitFor();
  assert.equal(await minor('amount'), '4650', 'all of it is offered');
  await isClean('split-begun');
  // The first digit takes the place of what was offered.
  await type('5000');
  await shop.part('split-too-much').waitFor();
  await isClean('split-too-much');
  for (const _ of '5000') await press('Backspace');
  await type('2000');
  assert.equal(await minor('amount'), '2000');
  await press('F7');
  await shop.part('quick-2000').click();
  await press('Enter');
  await stage('part_paid');
  order = await shop.part('stage').getAttribute('data-order');
  await isClean('split-first-paid');
});

test('the rest is offered, and a part by a code leaves the parts before it where they are', async () => {
  await press('Enter');
  await stage('ready_cash');
  assert.equal(await minor('amount'), '2650');
  await press('F5');
  await stage('ready');
  await type('1000');
  await charge(alipayCode());
  await stage('part_paid');
  assert.equal(await shop.part('split-sums').getAttribute('data-left'), '1650');
  assert.equal(await shop.page.locator('[data-testid=split-part]').count(), 2);
  await isClean('split-second-paid');
});

test('left for later it stays on the list with what is paid, and is gone on with from there', async () => {
  await press('Escape');
  await stage('no_amount');
  await to(`#/orders/${order}`);
  await shop.says('order-detail', 'status', 'part_paid');
  const row = shop.page.locator(`[data-order="${order}"] [data-testid=row-paid]`);
  assert.match(await row.innerText(), /30\.00/);
  assert.equal(await shop.page.locator('[data-testid=part-row]').count(), 2);
  await isClean('split-order');
  // Letters act where the order has the focus.
  await shop.part('receipt').focus();
  await press('c');
  await stage('ready');
  assert.equal(await minor('amount'), '1650');
  await charge(wechatCode());
  await stage('paid');
  assert.equal(await shop.part('stage').getAttribute('data-order'), order);
  await isClean('split-paid');
});

test('in English and dark each part goes back the way it came', async () => {
  await shop.answer('change_settings', { locale: 'en', theme: 'dark' });
  await shop.page.reload();
  await shop.page.locator('html[data-ready=true]').waitFor();
  await to('#/pay');
  await stage('no_amount');
  await type('3000');
  await shop.part('split').click();
  await type('1200');
  await press('F7');
  await shop.part('quick-1200').click();
  await press('Enter');
  await stage('part_paid');
  await isClean('split-first-paid-dark');
  await press('Enter');
  await press('F5');
  await stage('ready');
  await isClean('split-rest-dark');
  await charge(alipayCode());
  await stage('paid');
  const second = await shop.part('stage').getAttribute('data-order');
  await to(`#/orders/${second}`);
  await shop.says('order-detail', 'status', 'paid');
  await shop.part('refund').click();
  await shop.part('refund-part-cash').waitFor();
  assert.equal(await shop.part('refund-amount').inputValue(), '18.00');
  await isClean('split-refund-dark');
  await shop.part('refund-part-cash').check();
  await shop.page.waitForFunction(
    () => document.querySelector('[data-testid=refund-amount]')?.value === '12.00',
  );
  await shop.part('reason-customer_cancelled').check();
  await shop.page.keyboard.press('Control+Enter');
  await shop.part('refund-dialog').waitFor({ state: 'detached' });
  await shop.says('order-detail', 'status', 'part_refunded');
  const cash = shop.page.locator('[data-testid=part-row][data-channel=cash]');
  assert.match(await cash.innerText(), /12\.00[^]*12\.00/);
  await isClean('split-order-dark');
  const { business_day } = await shop.answer('app_status', {});
  const day = { from: business_day, to: business_day, by: 'day' };
  const { taken } = await shop.answer('takings', day);
  const of = (channel) => taken.find((it) => it.channel === channel);
  assert.deepEqual(
    ['cash', 'alipay', 'wechatpay'].map((it) => of(it).taken.minor),
    ['3200', '2800', '1650'],
  );
  assert.equal(of('cash').refunded.minor, '1200');
});
