// Cash at the till: received, change, the drawer and its count, a refund in cash, the day with its cash.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { openPage } from '../lib/browser.mjs';
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

/** A person's keys: faster ones are a scanner's. */
async function type(keys) {
  for (const key of keys) await shop.page.keyboard.press(key, { delay: 10 }).then(() => pause(130));
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function to(hash) {
  await shop.page.evaluate((hash) => (location.hash = hash), hash);
}

async function drawerDialog(act, amount, reason) {
  await shop.part(`drawer-${act}`).click();
  await shop.part('drawer-dialog').waitFor();
  if (amount !== null) await shop.part('drawer-amount').fill(amount);
  if (reason !== null) await shop.part('drawer-reason').fill(reason);
}

async function drawerDone() {
  await shop.part('drawer-submit').click();
  await shop.part('drawer-dialog').waitFor({ state: 'detached' });
}

test('the float is counted before cash is taken', async () => {
  await to('#/drawer');
  await shop.part('drawer').waitFor();
  await isClean('drawer-never');
  await drawerDialog('open', '200', null);
  await isClean('drawer-float');
  await drawerDone();
  await shop.says('drawer', 'stage', 'open');
});

test('what is received shows the change at once, by keys alone', async () => {
  await to('#/pay');
  await stage('no_amount');
  await type('4650');
  await shop.page.keyboard.press('F7');
  await stage('ready_cash');
  await shop.part('quick-5000').waitFor();
  await isClean('cash-ready');
  await type('500');
  assert.match(await shop.part('cash-change').innerText(), /41\.50/);
  await isClean('cash-short');
  // From the last key to the change on the screen.
  const took = await shop.page.evaluate(
    () =>
      new Promise((resolve) => {
        const begun = performance.now();
        const target = document.querySelector('[data-testid=cash-change]');
        const seen = new MutationObserver(() => {
          if (target.dataset.minor !== '350') return;
          seen.disconnect();
          requestAnimationFrame(() => resolve(performance.now() - begun));
        });
        seen.observe(target, { attributes: true, childList: true, subtree: true });
        window.dispatchEvent(new KeyboardEvent('keydown', { key: '0', bubbles: true }));
      }),
  );
  console.log(`change ${took.toFixed(0)} ms after the key`);
  assert.ok(took < 100, `${took} ms`);
  await isClean('cash-change');
  await pause(200);
  await shop.page.keyboard.press('Enter');
  await stage('paid');
  assert.equal(await shop.part('stage-change').getAttribute('data-minor'), '350');
  order = await shop.part('stage').getAttribute('data-order');
  await isClean('cash-paid');
});

test('the order says what changed hands and whose word it is', async () => {
  await to(`#/orders/${order}`);
  await shop.part('detail-received').waitFor();
  assert.match(await shop.part('detail-received').innerText(), /50\.00/);
  assert.match(await shop.part('detail-change').innerText(), /3\.50/);
  const taken = shop.page.locator('[data-testid=timeline-event][data-kind=cash_taken]');
  assert.match(await taken.innerText(), /收到现金 ¥46\.50/);
  await isClean('cash-order');
});

test('a refund of cash goes back over the counter at once', async () => {
  await shop.part('refund').click();
  await shop.part('refund-amount').fill('6.50');
  await shop.part('reason-goods_returned').check();
  await isClean('cash-refund');
  await shop.page.keyboard.press('Control+Enter');
  await shop.part('refund-dialog').waitFor({ state: 'detached' });
  await shop.says('order-detail', 'status', 'part_refunded');
  assert.equal(await shop.part('refundable').getAttribute('data-minor'), '4000');
});

test('in English and dark the drawer is counted first and told after', async () => {
  await shop.answer('change_settings', { locale: 'en', theme: 'dark' });
  await shop.page.reload();
  await shop.page.locator('html[data-ready=true]').waitFor();
  await to('#/drawer');
  await shop.part('drawer').waitFor();
  await drawerDialog('pay-in', '50', 'Small change');
  await drawerDone();
  await drawerDialog('no-sale', null, 'Change for a note');
  await isClean('drawer-no-sale-dark');
  await drawerDone();
  const kinds = shop.page.locator('[data-testid=drawer-move]');
  await kinds.nth(4).waitFor();
  assert.doesNotMatch(await shop.part('drawer').innerText(), /290\.00/, 'not told before the count');
  await isClean('drawer-open-dark');
  await drawerDialog('count', '289.50', '');
  await drawerDone();
  await shop.says('drawer-result', 'verdict', 'short');
  assert.match(await shop.part('drawer-result').innerText(), /Short by ¥0\.50/);
  await isClean('drawer-counted-dark');
  await to('#/pay');
  await stage('no_amount');
  await type('2000');
  await shop.part('method-cash').click();
  await shop.part('quick-2000').click();
  await isClean('cash-exact-dark');
  await shop.page.keyboard.press('Enter');
  await stage('paid');
  await isClean('cash-paid-dark');
  const { taken } = await shop.answer('takings', await today());
  assert.equal(taken.find((it) => it.channel === 'cash').taken.minor, '6650');
});

async function today() {
  const { business_day } = await shop.answer('app_status', {});
  return { from: business_day, to: business_day, by: 'day' };
}
