// The whole counter by keyboard: nothing here points or clicks, and wherever a key acts the focus is to be seen.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { openPage } from '../lib/browser.mjs';
import { alipayCode, wechatCode } from '../lib/codes.mjs';

/** More stops than any screen has: what is not reached by then cannot be reached. */
const STOPS_MAX = 80;

let till;
let keys;

before(async () => {
  till = await openPage();
  keys = till.page.keyboard;
});

after(async () => {
  await till?.close();
});

/** What has the focus, and whether a person can see that it has. */
const focused = () =>
  till.page.evaluate(() => {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    const id = element.dataset.testid ?? element.getAttribute('role') ?? element.localName;
    const isSeen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
    return { id, isSeen, isBody: element === document.body };
  });

/** Tabs to a part of the page; every stop on the way must be visible. */
async function tabTo(id, key = 'Tab') {
  for (let stop = 0; stop < STOPS_MAX; stop++) {
    await keys.press(key);
    const now = await focused();
    if (!now.isBody) assert.ok(now.isSeen, `the focus on ${now.id} cannot be seen`);
    if (now.id === id) return;
  }
  assert.fail(`${id} cannot be reached by ${key}`);
}

async function press(id) {
  await tabTo(id);
  await keys.press('Enter');
}

async function amount(digits) {
  await till.says('stage', 'state', 'no_amount');
  await keys.type(digits, { delay: 120 });
  await till.says('amount', 'minor', digits);
}

test('first run', async () => {
  await till.part('first-run').waitFor();
  await press('language-zh-CN');
  await till.part('mode-demo').waitFor();
  await press('mode-demo');
  await till.part('first-finish').waitFor();
  await press('first-finish');
  await till.part('screen-pay').waitFor({ timeout: 240_000 });
});

test('amount, scan, next customer', async () => {
  await amount('4650');
  await till.scan(alipayCode());
  await till.says('stage', 'state', 'paid');
  assert.deepEqual(await focused(), { id: 'next', isSeen: true, isBody: false });
  await keys.press('Enter');
  await till.says('stage', 'state', 'no_amount');
});

test('a code shown, and cancelled', async () => {
  await keys.press('F6');
  await amount('710');
  await press('show-qr-wechatpay');
  await till.says('stage', 'state', 'showing_qr');
  await press('cancel-payment');
  await till.says('stage', 'state', 'closed', 60_000);
  await keys.press('Enter');
  await till.says('stage', 'state', 'no_amount');
  await keys.press('F5');
});

test('search, open, refund, receipt', async () => {
  await keys.press('F3');
  await till.part('order-row').first().waitFor();
  await keys.press('/');
  assert.equal((await focused()).id, 'order-search');
  await keys.type('46.50', { delay: 120 });
  await till.page.waitForFunction(
    () => document.querySelectorAll('[data-testid="order-row"]').length === 1,
  );
  await tabTo('grid');
  await keys.press('ArrowDown');
  await keys.press('Enter');
  await till.says('order-detail', 'status', 'paid');
  await press('refund');
  await till.part('refund-amount').waitFor();
  await till.page.waitForFunction(() => document.activeElement?.id === 'refund-amount');
  await keys.type('1.00', { delay: 120 });
  await tabTo('reason-goods_returned');
  await keys.press('Space');
  await press('refund-confirm');
  await till.says('order-detail', 'status', 'part_refunded', 30_000);
  await till.part('refund-row').waitFor();
  await press('refund-receipt');
  await till.part('receipt-frame').waitFor();
  await keys.press('Escape');
  await till.part('receipt-dialog').waitFor({ state: 'detached' });
});

test('the panel is widened and closed', async () => {
  await tabTo('panel-resizer', 'Shift+Tab');
  const width = Number(await till.part('panel-resizer').getAttribute('aria-valuenow'));
  await keys.press('ArrowLeft');
  await till.page.locator(`[aria-valuenow="${width + 16}"]`).waitFor();
  await keys.press('Escape');
  await till.part('order-detail').waitFor({ state: 'detached' });
});

test('settings and the language', async () => {
  await press('nav-settings');
  await till.part('screen-settings').waitFor();
  await tabTo('calibrate');
  await keys.press('Enter');
  await till.part('calibrate-stop').waitFor();
  await till.scan(wechatCode());
  await till.part('calibrate-keep').waitFor();
  await press('switch-language');
  await till.page.locator('html[lang="en"]').waitFor();
});
