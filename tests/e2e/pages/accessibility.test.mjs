// Every screen, dialog and state of a payment, with data, in Chinese and light: axe finds nothing.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { openPage } from '../lib/browser.mjs';
import { CUSTOMER, alipayCode, wechatCode } from '../lib/codes.mjs';

let till;
const found = [];

before(async () => {
  till = await openPage();
});

after(async () => {
  await till?.close();
});

/** Looks at what is open: by eye (a picture is kept) and by axe. */
async function isClean(name) {
  await till.page.evaluate(() => document.fonts.ready);
  await till.shoot(`page-${name}`);
  for (const violation of await till.violations()) found.push(`${name}: ${violation}`);
}

// Collected per test, so that one violation does not hide those of the screens after it.
afterEach(() => {
  assert.deepEqual(found.splice(0), []);
});

async function pay(digits, minor, code, state, withinMs) {
  await till.enterAmount(digits, minor);
  await till.scan(code);
  await till.says('stage', 'state', state, withinMs);
}

const next = async () => {
  await till.part('next').click();
  // A scan right after a result counts as a double read; a person's pause is longer.
  await till.page.waitForTimeout(900);
  await till.says('stage', 'state', 'no_amount');
};

test('first start', async () => {
  await till.part('first-run').waitFor();
  await isClean('first-language');
  await till.part('language-zh-CN').click();
  await isClean('first-mode');
  await till.part('mode-demo').click();
  await isClean('first-store');
  await till.part('first-finish').click();
  await till.part('screen-pay').waitFor({ timeout: 60_000 });
});

test('the counter before and after a payment', async () => {
  await isClean('pay-empty');
  await pay('4650', '4650', alipayCode(), 'paid');
  await isClean('pay-paid');
  await next();
  await pay('1230', '1230', wechatCode('03'), 'failed');
  await isClean('pay-failed');
  await next();
});

test('a shown code, and the phone that pays it', async () => {
  await till.enterAmount('710', '710');
  await till.part('method-qr').click();
  await isClean('pay-ready-qr');
  await till.part('show-qr-wechatpay').click();
  await till.says('stage', 'state', 'showing_qr');
  await isClean('pay-qr');
  const order = await till.part('stage').getAttribute('data-order');
  const { value } = await till.ask('payment_view', { order_id: order });
  await till.part('nav-demo').click();
  await till.part('phone-qr').fill(value.qr.text);
  await till.part('phone-scan').click();
  await till.part('phone-state').waitFor();
  await isClean('demo');
  await till.part('phone-pay').click();
  await till.part('nav-pay').click();
  await till.says('stage', 'state', 'paid');
  await next();
  await till.part('method-scan').click();
});

test('the customer who types a password', async () => {
  await pay('820', '820', wechatCode('01'), 'customer_paying');
  await isClean('pay-customer-paying');
  await till.says('stage', 'state', 'paid', 60_000);
  await next();
});

test('a result that is not known', async () => {
  await till.ask('sandbox_set_fault', { name: 'reply_lost', on: true });
  await pay('1800', '1800', alipayCode(CUSTOMER.pays), 'unknown', 20_000);
  await isClean('pay-unknown');
  await next();
  await till.part('nav-orders').click();
  await till.part('order-row').first().waitFor();
  await isClean('orders-attention');
  await till.ask('sandbox_set_fault', { name: 'all', on: false });
});

test('the same amount again is one question', async () => {
  await pay('990', '990', alipayCode(), 'paid');
  await next();
  await till.enterAmount('990', '990');
  await till.scan(alipayCode());
  await till.part('repeat-dialog').waitFor();
  await isClean('repeat');
  await till.part('repeat-confirm').click();
  await till.says('stage', 'state', 'paid');
  await next();
});

test('orders, one order, its refund and its receipts', async () => {
  await till.part('nav-orders').click();
  await isClean('orders');
  const row = till.page.locator('[data-testid="order-row"][data-status="paid"]').first();
  await row.click();
  await till.part('order-detail').waitFor();
  await isClean('order-detail');
  await till.part('receipt').click();
  await till.part('receipt-frame').waitFor();
  await isClean('receipt');
  await till.page.keyboard.press('Escape');
  await till.part('refund').click();
  await till.part('refund-dialog').waitFor();
  await isClean('refund');
  await till.part('refund-full').click();
  await till.part('reason-goods_returned').check();
  await till.part('refund-confirm').click();
  const refunded = till.page.locator('[data-testid="order-row"][data-status="refunded"]').first();
  await refunded.click();
  await till.says('order-detail', 'status', 'refunded', 30_000);
  await isClean('order-refunded');
  await till.part('nav-refunds').click();
  await till.part('screen-refunds').waitFor();
  await isClean('refunds');
});

test('settings, help, the palette and the sheet of sample codes', async () => {
  await till.part('nav-settings').click();
  await till.part('screen-settings').waitFor();
  await isClean('settings');
  await till.page.keyboard.press('F1');
  await till.part('help-dialog').waitFor();
  await isClean('help');
  await till.page.keyboard.press('Escape');
  await till.page.keyboard.press('Control+K');
  await till.part('palette').waitFor();
  await isClean('palette');
  await till.page.keyboard.press('Escape');
  await till.part('nav-demo').click();
  await till.part('open-sheet').click();
  await till.part('sample-sheet').waitFor();
  await isClean('sample-sheet');
  await till.page.keyboard.press('Escape');
  await till.part('operator').click();
  await till.part('operator-list').waitFor();
  await isClean('operators');
});

test('the page itself had no fault on the way', () => {
  // The policy refuses the receipt's style sheet as text; the page then adopts the same rules.
  const faults = till.faults.filter((fault) => !fault.startsWith('Applying inline style'));
  assert.deepEqual(faults, []);
});
