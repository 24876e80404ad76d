// A day from its bills to its signature, by keyboard: what is explained is accepted, the rest is decided with a
// reason, the signed day stands, and is opened again with one.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { openPage } from '../lib/browser.mjs';
import { traded } from '../lib/past.mjs';
import { looks } from './axe.mjs';

let shop;
const look = looks();

before(async () => {
  shop = await openPage();
  await shop.setUpDemo();
});

after(() => shop?.close());

afterEach(look.verdict);

const isClean = (name) => look.at(shop.page, name);

const ask = (command, body) => shop.answer(command, body);

const overview = () => ask('day_overview', { day: null });
/** By hand: faster keys would be taken for a scanner. */
async function press(key) {
  await shop.page.waitForTimeout(120);
  await shop.page.keyboard.press(key);
}

const focusList = () => shop.page.locator('[data-letters] [role=grid]').focus();
const isStill = () => shop.page.locator('[data-testid=close][aria-busy=false]').waitFor();

test('a day without its bills says what is missing', async () => {
  await shop.page.keyboard.press('F11');
  await isStill();
  const why = await shop.part('sign-why').innerText();
  assert.match(why, /账单还没有导入/);
  assert.equal(await shop.part('sign').isDisabled(), true);
  const { accounts } = await overview();
  assert.equal(await shop.part('bill-missing').count(), traded(accounts).length);
  await isClean('close-empty');
});

test('with its bills the differences are listed, each side beside the other', async () => {
  const { day, accounts } = await overview();
  for (const { account } of traded(accounts)) {
    const preview = await ask('fetch_bill', { account_id: account.id, day });
    await ask('import_bill', { preview: preview.preview });
  }
  await shop.page.reload();
  await shop.page.locator('html[data-ready=true]').waitFor();
  await isStill();
  await shop.part('work-item').first().waitFor();
  const { counts } = await overview();
  assert.ok(counts.open >= 5, `${counts.open} open`);
  assert.match(await shop.part('sign-why').innerText(), new RegExp(`${counts.open}`));
  assert.equal(await shop.part('bill-missing').count(), 0);
  await isClean('close-open');
});

test('differences are narrowed by kind, and what is decided for all is decided for those', async () => {
  const { counts } = await overview();
  const kinds = await shop.part('work-item').evaluateAll((rows) => rows.map((row) => row.dataset.code));
  const [kind] = kinds;
  const many = kinds.filter((it) => it === kind).length;
  await shop.part('work-code').selectOption(kind);
  await isStill();
  assert.equal(await shop.part('work-item').count(), many);
  await focusList();
  await press('Shift+X');
  await shop.part('bulk').waitFor();
  await shop.page.waitForTimeout(300);
  assert.match(await shop.part('bulk').innerText(), new RegExp(`${many}`));
  await isClean('close-narrowed');
  await press('Escape');
  await shop.page.reload();
  await shop.page.locator('html[data-ready=true]').waitFor();
  await isStill();
  assert.equal(await shop.part('work-code').inputValue(), kind);
  await shop.part('work-filters').locator('[data-testid=span]').selectOption('week');
  await isStill();
  await isClean('close-week');
  await shop.part('work-unfiltered').click();
  await isStill();
  assert.equal((await overview()).counts.open, counts.open);
  assert.equal(await shop.part('work-item').count(), counts.open);
});

test('every difference is decided by keyboard', async () => {
  const before = (await overview()).counts.open;
  await focusList();
  await press('j');
  await press('k');
  // Follow the first one up, with a reason; the next keeps the words.
  await press('x');
  await shop.part('remark').fill('已向渠道发函');
  await isClean('close-decide');
  await press('Enter');
  await isStill();
  assert.equal((await overview()).counts.open, before - 1);
  await focusList();
  await press('u');
  await isStill();
  assert.equal((await overview()).counts.open, before);
  // What is too large is not written off, and says so.
  await focusList();
  await press('Shift+W');
  await shop.part('bulk').waitFor();
  await isClean('close-bulk');
  await press('Escape');
  await press('Shift+X');
  await shop.part('remark').waitFor();
  await press('Enter');
  await isStill();
  assert.deepEqual(
    { ...(await overview()).counts },
    { open: 0, exceptions: before, settled: 0 },
  );
});

test('the day is signed, and stands', async () => {
  await shop.part('sign').click();
  await shop.part('sign-dialog').waitFor();
  assert.equal(await shop.part('sign-now').isDisabled(), true);
  await shop.part('sign-checked').check();
  await isClean('close-sign');
  await shop.part('sign-now').click();
  await shop.part('reopen').waitFor();
  await shop.part('work-exception').click();
  await isStill();
  await shop.part('work-item').first().click();
  assert.equal(await shop.part('act-undo').count(), 0);
  await isClean('close-signed');
});

test('in English and dark it reads as well, and opens again with a reason', async () => {
  await ask('change_settings', { locale: 'en', theme: 'dark' });
  await shop.page.reload();
  await shop.page.locator('html[data-ready=true]').waitFor();
  await isStill();
  await shop.part('hours-table').click();
  await isClean('close-signed-en-dark');
  await shop.part('reopen').click();
  await shop.part('reopen-reason').fill('The channel answered');
  await isClean('close-reopen-en-dark');
  await shop.part('reopen-now').click();
  await shop.part('sign').waitFor();
  const { signed, closes } = await overview();
  assert.equal(signed, false);
  assert.equal(closes[0].reopened.reason, 'The channel answered');
});
