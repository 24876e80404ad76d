// Files of a reconciled day, and the ledger accounts of journals: looked at in both languages and themes, held to
// axe, worked by keyboard; what is written is what the page says.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { openPage } from '../lib/browser.mjs';
import { ownFolder, picture } from '../lib/place.mjs';
import { violationsIn } from './axe.mjs';

let shop;
let folder;

before(async () => {
  shop = await openPage();
  await shop.setUpDemo();
  folder = ownFolder();
});

after(async () => {
  folder?.remove();
  await shop?.close();
});

async function isClean(name) {
  await shop.page.evaluate(() => document.fonts.ready);
  await shop.page.screenshot({
    path: picture(`page-${name}`),
    animations: 'disabled',
    caret: 'hide',
  });
  assert.deepEqual(await violationsIn(shop.page), [], name);
}

const digestOf = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

async function change(field, value) {
  await shop.part('nav-settings').click();
  await shop.page.locator(`input[name="${field}"][value="${value}"]`).check();
}

test('ledger accounts are changed, refused by name, and can be the usual ones again', async () => {
  await shop.part('nav-settings').click();
  const fees = shop.part('ledger-fees-code');
  await fees.fill('=1+1');
  await shop.part('ledger-save').click();
  await shop.part('ledger-error').waitFor();
  assert.equal(await fees.getAttribute('aria-invalid'), 'true');
  await shop.part('ledger-accounts').scrollIntoViewIfNeeded();
  await isClean('ledger-refused');
  await fees.fill('5603.01');
  await shop.part('ledger-save').click();
  await shop.part('ledger-error').waitFor({ state: 'detached' });
  await isClean('ledger-kept');
});

test('a reconciled day is written as a workbook with its digest', async () => {
  await shop.part('nav-reconcile').click();
  await shop.part('bill-fetch').click();
  await shop.part('bill-import').click();
  await shop.says('reconcile-day', 'state', 'kept');
  await shop.part('day-export').click();
  await shop.part('export-dialog').waitFor();
  await shop.part('export-kind').selectOption('differences');
  await shop.part('format-xlsx').check();
  const file = `${folder.path}/differences.xlsx`;
  await shop.part('export-file').fill(file);
  await shop.page.keyboard.press('Enter');
  await shop.part('export-done').waitFor({ timeout: 60_000 });
  await isClean('export-day-done');
  assert.equal((await shop.part('export-hash').textContent()).trim(), digestOf(file));
  const side = JSON.parse(readFileSync(`${file}.sha256.json`, 'utf8'));
  assert.equal(side.sha256, digestOf(file));
  assert.equal(side.what, 'day_differences');
  await shop.page.keyboard.press('Escape');
});

for (const [locale, theme] of [
  ['zh-CN', 'light'],
  ['zh-CN', 'dark'],
  ['en', 'light'],
  ['en', 'dark'],
]) {
  test(`the dialog and the accounts in ${locale}, ${theme}`, async () => {
    await change('locale', locale);
    await change('theme', theme);
    await shop.part('ledger-accounts').scrollIntoViewIfNeeded();
    await isClean(`ledger-${locale}-${theme}`);
    await shop.part('nav-reconcile').click();
    await shop.part('day-export').click();
    await shop.part('export-kind').selectOption('journal_kingdee');
    const file = `${folder.path}/journal-${locale}-${theme}.xlsx`;
    await shop.part('export-file').fill(file);
    await isClean(`export-day-${locale}-${theme}`);
    await shop.part('export-start').click();
    await shop.part('export-done').waitFor({ timeout: 60_000 });
    assert.ok(existsSync(file));
    await shop.page.keyboard.press('Escape');
  });
}
