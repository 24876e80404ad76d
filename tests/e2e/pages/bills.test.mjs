// The bills of a demo shop with a month behind it: what is missing is said, fetched with progress, stopped, and
// found again afterwards; in both languages.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { openPage } from '../lib/browser.mjs';
import { root } from '../lib/place.mjs';
import { looks } from './axe.mjs';

const sampleFile = () => join(root, '../shared/vectors/bill_samples.json');

let shop;
const look = looks();

before(async () => {
  shop = await openPage();
  await shop.setUpDemo();
  await shop.part('nav-reconcile').click();
});

after(() => shop?.close());

afterEach(look.verdict);

const isClean = (name) => look.at(shop.page, name);

const missing = async () =>
  Number(await shop.part('missing-bills').getAttribute('data-missing'));

test('days without their bill are counted and marked', async () => {
  await shop.part('bills-fetch-all').waitFor();
  assert.ok((await missing()) >= 28, `${await missing()} days`);
  assert.equal(await shop.part('bills-by-themselves').isChecked(), false);
  await isClean('bills-missing');
});

test('a run shows how far it is and stops when told to', async () => {
  const before = await missing();
  await shop.part('bills-fetch-all').click();
  await shop.page.waitForFunction(
    () => document.querySelector('[data-testid=missing-bills] progress')?.value >= 1,
  );
  await shop.part('bill-run-stop').click();
  await shop.part('bills-fetch-all').waitFor();
  const left = await missing();
  assert.ok(left > 0 && left < before, `${left} of ${before}`);
});

test('what was left is fetched, and nothing is missing after it', async () => {
  await shop.part('bills-fetch-all').click();
  await shop.part('bill-run').waitFor();
  await isClean('bills-run');
  await shop.says('missing-bills', 'missing', '0', 60_000);
  await shop.part('bill-run').waitFor({ state: 'detached' });
  const day = shop.page.locator('[role=option][data-differences]').nth(2);
  await day.click();
  await shop.says('reconcile-day', 'state', 'kept');
  await isClean('bills-here');
});

test('a channel that gives nothing is named with its reason', async () => {
  await shop.ask('sandbox_set_fault', { name: 'bill_not_ready', on: true });
  await shop.part('account-demo-wechatpay').click();
  await shop.part('bills-fetch-all').click();
  await shop.page
    .locator('[data-testid="bills-failed"][data-code="bill_not_yet"]')
    .waitFor({ timeout: 60_000 });
  await isClean('bills-failed');
  await shop.ask('sandbox_set_fault', { name: 'bill_not_ready', on: false });
  await shop.ask('change_settings', { locale: 'en' });
  await shop.page.reload();
  await shop.page.locator('html[data-ready=true]').waitFor();
  await shop.part('nav-reconcile').click();
  await shop.part('account-demo-wechatpay').click();
  await shop.part('bills-fetch-all').waitFor();
  await isClean('bills-missing-en');
});

test('several files at once are told by what is in them, and refused each for its own reason', async () => {
  const { samples: bills } = JSON.parse(await readFile(sampleFile(), 'utf8'));
  const strangers = bills
    .filter(({ id }) => ['alipay-trade-detail', 'wechat-all'].includes(id))
    .map(({ id, bytes_b64 }) => ({ name: `${id}.csv`, buffer: Buffer.from(bytes_b64, 'base64') }));
  const files = [...strangers, { name: 'notes.txt', buffer: Buffer.from('no bill') }];
  await shop
    .part('bill-chooser')
    .setInputFiles(files.map((file) => ({ mimeType: 'text/csv', ...file })));
  const code = (index) => shop.part(`opened-${index}`).getAttribute('data-code');
  await shop.says('opened-2', 'code', 'bill_wrong_channel');
  assert.deepEqual([await code(0), await code(1)], ['bill_wrong_merchant', 'bill_wrong_merchant']);
  assert.equal(await shop.part('bills-import-all').isEnabled(), false);
  await isClean('bills-opened');
  await shop.page.emulateMedia({ colorScheme: 'dark' });
  await shop.page.setViewportSize({ width: 1024, height: 700 });
  await isClean('bills-opened-dark');
  await shop.page.setViewportSize({ width: 1280, height: 800 });
  await shop.page.emulateMedia({ colorScheme: 'light' });
  await shop.part('bills-close').click();
});

test('bills can come by themselves', async () => {
  await shop.part('bills-by-themselves').check();
  await shop.page.reload();
  await shop.page.locator('html[data-ready=true]').waitFor();
  await shop.part('nav-reconcile').click();
  await shop.part('bills-by-themselves').waitFor();
  assert.equal(await shop.part('bills-by-themselves').isChecked(), true);
});
