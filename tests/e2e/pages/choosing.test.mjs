// Which channel is suggested: a dry run with its reasons, and the till's word when a code is to be shown.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { openPage } from '../lib/browser.mjs';
import { looks } from './axe.mjs';

let shop;
const look = looks();

before(async () => {
  shop = await openPage();
  await shop.setUpDemo();
});

after(() => shop?.close());

afterEach(look.verdict);

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const to = (hash) => shop.page.evaluate((hash) => (location.hash = hash), hash);
const rows = () => shop.page.locator('[data-testid=choice-row]');
const first = (channel) =>
  shop.page
    .locator(`[data-testid=choice-row][data-channel=${channel}]:first-child`)
    .waitFor();

test('the dry run says what would be suggested for an amount, and why', async () => {
  await shop.answer('change_settings', { rate: { channel: 'wechatpay', rate_millionths: 3_800 } });
  await to('#/channels');
  await first('wechatpay');
  assert.match(await rows().first().innerText(), /19\.00[^]*手续费最低/);
  await shop.part('choice').scrollIntoViewIfNeeded();
  await look.at(shop.page, 'choice');
  await shop.part('choice-amount').fill('abc');
  await shop.page.locator('#choice-fault:not(:empty)').waitFor();
  await shop.part('choice-amount').fill('10000000.01');
  await first('alipay');
  const out = shop.page.locator('[data-testid=choice-row][data-channel=wechatpay]');
  assert.equal(await out.getAttribute('data-against'), 'too_large');
  assert.match(await out.innerText(), /10,000,000\.00/);
});

test('the till suggests it when a code is to be shown, in English and dark', async () => {
  await shop.answer('change_settings', { locale: 'en', theme: 'dark' });
  await shop.page.reload();
  await shop.page.locator('html[data-ready=true]').waitFor();
  await to('#/pay');
  for (const key of '4650') await shop.page.keyboard.press(key).then(() => pause(130));
  await shop.page.keyboard.press('F6');
  await shop.page.locator('[data-testid=suggestion][data-channel=wechatpay]').waitFor();
  assert.match(await shop.part('show-qr-wechatpay').getAttribute('class'), /primary/);
  await look.at(shop.page, 'choice-till-dark');
  await to('#/channels');
  await first('wechatpay');
  await shop.part('choice').scrollIntoViewIfNeeded();
  await look.at(shop.page, 'choice-dark');
});
