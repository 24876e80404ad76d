// What channels kept, against the contract: every fee worked out again, a contract with dates, and the file.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { openPage } from '../lib/browser.mjs';
import { ownFolder } from '../lib/place.mjs';
import { traded } from '../lib/past.mjs';
import { looks } from './axe.mjs';

let shop;
let day;
const look = looks();
const out = ownFolder();

before(async () => {
  shop = await openPage();
  await shop.setUpDemo();
});

after(() => shop?.close());

afterEach(look.verdict);

const isClean = (name) => look.at(shop.page, name);

const ask = (command, body) => shop.answer(command, body);

async function open() {
  await shop.page.keyboard.press('F10');
  await shop.part('part-fees').click();
  await isStill();
}

const isStill = () => shop.page.locator('[data-testid=fees][aria-busy=false]').waitFor();
const audit = async () => (await ask('audit_fees', { account_id: null, from: day, to: day })).accounts;

test('days without bills say what fills them', async () => {
  await open();
  await shop.part('no-fees').waitFor();
  await isClean('fees-empty');
});

test('a fee that is not the contract’s is listed with what was taken too much', async () => {
  const overview = await ask('day_overview', { day: null });
  day = overview.day;
  for (const { account } of traded(overview.accounts)) {
    const preview = await ask('fetch_bill', { account_id: account.id, day });
    await ask('import_bill', { preview: preview.preview });
  }
  await shop.part('span').selectOption('week');
  await isStill();
  const accounts = await audit();
  const place = accounts.findIndex(({ findings }) => findings.length > 0);
  assert.ok(place >= 0, 'the demo plants a fee that is not the contract’s');
  await shop.part(`fees-of-${accounts[place].account.id}`).click();
  await shop.part('fee-line').first().waitFor();
  assert.equal(await shop.part('fee-line').count(), accounts[place].findings.length);
  await isClean('fees');
});

test('a contract whose rows hold on one day is refused by their numbers', async () => {
  await shop.part('contract-edit').click();
  for (const from of ['2026-01-01', '2026-06-01']) {
    await shop.part('contract-add').click();
    const row = shop.part('contract-row').last();
    await row.locator('input[type=date]').first().fill(from);
    await row.locator('input[inputmode=decimal]').first().fill('0.38');
  }
  await shop.part('contract-save').click();
  await shop.says('contract-said', 'code', 'rates_overlap');
  assert.match(await shop.part('contract-said').innerText(), /第 1 行与第 2 行/);
  await isClean('fees-contract');
  await shop.part('contract-row').first().locator('input[type=date]').nth(1).fill('2026-05-31');
  await shop.part('contract-save').click();
  await shop.part('contract-dialog').waitFor({ state: 'detached' });
  await isStill();
  const rates = (await audit()).flatMap((it) => it.rates);
  assert.deepEqual(
    rates.map(({ from, to, rate_millionths }) => [from, to, rate_millionths]),
    [['2026-01-01', '2026-05-31', 3800], ['2026-06-01', null, 3800]],
  );
});

test('in English and dark the file has every line', async () => {
  await ask('change_settings', { locale: 'en', theme: 'dark' });
  await shop.page.reload();
  await shop.page.locator('html[data-ready=true]').waitFor();
  await open();
  await shop.part('fee-line').first().waitFor();
  await isClean('fees-en-dark');
  await shop.part('contract-edit').click();
  await isClean('fees-contract-en-dark');
  await shop.page.keyboard.press('Escape');
  await shop.part('fees-export').click();
  const file = path.join(out.path, 'fees.csv');
  await shop.part('export-file').fill(file);
  await shop.part('export-start').click();
  await shop.part('export-done').waitFor();
  assert.ok(existsSync(`${file}.sha256.json`) || existsSync(file));
  assert.match(readFileSync(file, 'utf8'), /Fee by the contract/);
});
