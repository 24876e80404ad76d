// Online banking: the till's own file leads a real browser to the channel's page, where a customer pays.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';

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

const stage = (state) => shop.page.locator(`[data-testid=stage][data-state=${state}]`).waitFor();
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A person's keys: faster ones are a scanner's. */
async function type(keys) {
  for (const key of keys) await shop.page.keyboard.press(key).then(() => pause(130));
}

/** Asks for a page of this amount; gives the file that leads a browser there. */
async function begin(amount) {
  await shop.page.evaluate(() => (location.hash = '#/pay'));
  await shop.page.keyboard.press('Escape');
  await type(amount);
  await shop.page.keyboard.press('F6');
  await stage('ready_qr');
  await shop.part('open-page-unionpay').click();
  await stage('page_open');
  return shop.part('page-file').innerText();
}

/** The customer's browser: another tab, which comes by the file to the channel's page. */
async function customer(file) {
  const tab = await shop.page.context().newPage();
  await tab.goto(pathToFileURL(file).href);
  await tab.waitForURL('**/frontTransReq.do');
  return tab;
}

test('a customer pays on the bank’s page, and the till learns it by asking', async () => {
  const file = await begin('4650');
  await look.at(shop.page, 'page-open');
  const tab = await customer(file);
  assert.match(await tab.locator('body').innerText(), /46\.50/);
  await tab.getByRole('button', { name: '确认付款' }).click();
  await tab.getByText('付款成功').waitFor();
  await tab.close();
  await shop.page.keyboard.press('F8');
  await stage('paid');
});

test('the till serves the next customer meanwhile, and says what became of the page', async () => {
  const file = await begin('1280');
  await shop.page.keyboard.press('Enter');
  await stage('no_amount');
  const tab = await customer(file);
  await tab.getByRole('button', { name: '确认付款' }).click();
  // A tab that is closed in the middle of its form may never say that it is.
  await tab.getByText('付款成功').waitFor();
  await tab.close();
  // Asked by itself, half a minute apart.
  await shop.part('notice').getByText(/12\.80/).waitFor({ timeout: 45_000 });
});

test('a page that nobody opened is given up at once', async () => {
  await shop.answer('change_settings', { locale: 'en', theme: 'dark' });
  await begin('990');
  await look.at(shop.page, 'page-open-en-dark');
  await shop.part('cancel-payment').click();
  await stage('reversed');
  await look.at(shop.page, 'page-given-up');
});
