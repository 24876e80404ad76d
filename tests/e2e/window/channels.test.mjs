// Every channel in the real window: a shown code that a phone pays, online banking in the PC's own browser over a power
// cut, and a refund of each.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { chromium } from 'playwright-core';

import { until } from '../lib/processes.mjs';
import { demoShop } from '../lib/shop.mjs';
import { openWindow } from '../lib/window.mjs';

/** Channels whose code is shown, each with an amount of its own: the same one twice is asked about. */
const SHOWN = [
  ['alipay', '11.10', '1110'],
  ['stripe', '22.20', '2220'],
  ['unionpay', '33.30', '3330'],
  ['wechatpay', '44.40', '4440'],
];
const DECIDED_WITHIN_MS = 30_000;
/** A block comes every minute at the demo's server. */
const CONFIRMED_WITHIN_MS = 100_000;

const folder = demoShop();
const opened = `${folder.path}/opened`;
const session = { env: { PATH: `${ownBrowser()}:${process.env.PATH}` } };
let window = await openWindow({ folder, session });

after(async () => {
  await window?.close();
});

/** The system's way of opening a file, for this window alone: it keeps the file's name. */
function ownBrowser() {
  const bin = `${folder.path}/bin`;
  mkdirSync(bin);
  writeFileSync(`${bin}/xdg-open`, `#!/bin/sh\nprintf '%s' "$1" > '${opened}'\n`);
  chmodSync(`${bin}/xdg-open`, 0o755);
  return bin;
}

async function amount(text, minor) {
  await window.click('nav-pay');
  await window.data('stage', 'state', 'no_amount');
  window.screen.typeSlowly(text);
  await window.data('amount', 'minor', minor);
  await window.click('method-qr');
  await window.data('stage', 'state', 'ready_qr');
}

const orderOnStage = () =>
  window.script(`return document.querySelector('[data-testid="stage"]').dataset.order`);

async function statusOf(order, status, within = DECIDED_WITHIN_MS) {
  return until(`${order} to be ${status}`, async () => {
    const { value } = await window.ask('order_detail', { order_id: order });
    return value?.row.status === status && value;
  }, within);
}

/** Gives all of an order back, from its place in the list. */
async function refund(order, minor) {
  await window.script('location.hash = arguments[0]', `#/orders/${order}`);
  await window.data('order-detail', 'status', 'paid');
  await window.click('refund');
  await window.click('reason-goods_returned');
  await window.click('refund-confirm');
  const { refunds } = await statusOf(order, 'refunded');
  assert.deepEqual(refunds.map((it) => [it.amount.minor, it.state]), [[minor, 'done']]);
}

for (const [channel, text, minor] of SHOWN) {
  test(`a code of ${channel} is shown, paid by a phone and given back`, async () => {
    await amount(text, minor);
    await window.click(`show-qr-${channel}`);
    await window.data('stage', 'state', 'showing_qr');
    const order = await orderOnStage();
    const { value } = await window.ask('payment_view', { order_id: order });
    for (const act of ['scan', 'pay']) await window.ask('sandbox_phone', { qr: value.qr.text, act });
    await window.data('stage', 'state', 'paid', DECIDED_WITHIN_MS);
    await window.data('stage-amount', 'minor', minor);
    window.screen.shoot(`paid-${channel}`);
    await window.click('next');
    await refund(order, minor);
  });
}

/** A code to pay in coins: the order, and what each way's code says. */
async function coins(text, minor) {
  await amount(text, minor);
  await window.click('show-qr-btcpay');
  await window.data('stage', 'state', 'showing_qr');
  const order = await orderOnStage();
  const ways = await until('the ways to pay', async () => {
    const { value } = await window.ask('payment_view', { order_id: order });
    return value?.coins?.ways.length > 0 && value.coins.ways;
  });
  return { order, text: (name) => ways.find(({ method }) => method === name).text };
}

/** The customer claims what the order's panel shows, and it is followed to its payout. */
async function claim(order) {
  await window.data('offer', 'stage', 'unclaimed');
  const link = await window.script(`return document.querySelector('[data-testid="offer"]').dataset.link`);
  const { value } = await window.ask('sandbox_phone', { qr: link, act: 'claim' });
  assert.equal(value.state, 'claimed');
  await statusOf(order, 'refunded', CONFIRMED_WITHIN_MS);
}

test('a code of btcpay is paid by Lightning, and the refund is claimed', async () => {
  const { order, text } = await coins('66.60', '6660');
  await window.ask('sandbox_phone', { qr: text('BTC-LN'), act: 'pay' });
  await window.data('stage', 'state', 'paid', DECIDED_WITHIN_MS);
  await window.data('stage-amount', 'minor', '6660');
  window.screen.shoot('paid-btcpay');
  await window.click('next');
  await window.script('location.hash = arguments[0]', `#/orders/${order}`);
  await window.data('order-detail', 'status', 'paid');
  await window.click('refund');
  await window.click('rate-then');
  await window.click('reason-goods_returned');
  await window.click('refund-confirm');
  await claim(order);
});

test('coins that come after the end wait for a person, who gives them back', async () => {
  const { order, text } = await coins('77.70', '7770');
  await window.click('cancel-payment');
  await window.data('stage', 'state', 'closed', DECIDED_WITHIN_MS);
  const { value } = await window.ask('sandbox_phone', { qr: text('BTC-CHAIN'), act: 'pay' });
  assert.equal(value.state, 'paid');
  await window.ask('check_now', { order_id: order });
  await statusOf(order, 'paid_late', CONFIRMED_WITHIN_MS);
  await window.script('location.hash = arguments[0]', `#/orders/${order}`);
  await window.data('order-detail', 'status', 'paid_late');
  window.screen.shoot('late-btcpay');
  await window.click('late-reason');
  window.screen.typeSlowly('cash');
  await window.click('rate-amount');
  await window.click('late-return');
  await claim(order);
  await window.click('nav-pay');
  await window.data('stage', 'state', 'paid_late');
  window.screen.press('Escape');
});

test('online banking survives the till: opened again after a power cut, paid in a browser, given back', async () => {
  await amount('55.50', '5550');
  await window.click('open-page-unionpay');
  await window.data('stage', 'state', 'page_open');
  const order = await orderOnStage();
  const named = () => existsSync(opened) && readFileSync(opened, 'utf8');
  assert.match(await until('the browser', named), new RegExp(`${order}\\.html$`));
  window.screen.shoot('online-banking');

  // The sandbox dies with the till: its page is asked for anew, by the same form.
  await window.kill();
  rmSync(opened);
  window = await openWindow({ folder, session });
  await window.script('location.hash = arguments[0]', `#/orders/${order}`);
  await window.click('detail-reopen-page');
  const file = await until('the browser', named);
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    const tab = await browser.newPage();
    await tab.goto(pathToFileURL(file).href);
    await tab.getByText('55.50').waitFor();
    await tab.getByRole('button', { name: '确认付款' }).click();
    await tab.getByText('付款成功').waitFor();
  } finally {
    await browser.close();
  }
  await window.click('detail-check');
  await statusOf(order, 'paid');
  await refund(order, '5550');
});

test('an order is paid in parts, in cash and by a phone, and each part goes back the way it came', async () => {
  await amount('66.60', '6660');
  await window.click('split');
  window.screen.typeSlowly('20.00');
  await window.data('amount', 'minor', '2000');
  await window.click('method-cash');
  await window.click('quick-2000');
  await window.click('cash-confirm');
  await window.data('stage', 'state', 'part_paid');
  const order = await orderOnStage();
  window.screen.shoot('part-paid');
  await window.click('next');
  await window.click('method-qr');
  await window.data('amount', 'minor', '4660');
  await window.click('show-qr-alipay');
  await window.data('stage', 'state', 'showing_qr');
  assert.equal(await orderOnStage(), order);
  const { value } = await window.ask('payment_view', { order_id: order });
  for (const act of ['scan', 'pay']) await window.ask('sandbox_phone', { qr: value.qr.text, act });
  await window.data('stage', 'state', 'paid', DECIDED_WITHIN_MS);
  await window.click('next');
  await window.script('location.hash = arguments[0]', `#/orders/${order}`);
  for (const left of ['part_refunded', 'refunded']) {
    await window.click('refund');
    // Of two parts one is chosen; the last one needs no choice.
    if (left === 'part_refunded') await window.click('refund-part-alipay');
    await window.click('reason-goods_returned');
    await window.click('refund-confirm');
    await statusOf(order, left);
  }
  const { value: detail } = await window.ask('order_detail', { order_id: order });
  assert.deepEqual(detail.refunds.map((it) => [it.amount.minor, it.state]).sort(), [['2000', 'done'], ['4660', 'done']]);
});
