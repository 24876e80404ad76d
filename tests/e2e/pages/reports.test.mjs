// What the shop took: pictures with the same numbers as tables, for a day, a month and a year.
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

const isStill = (by) =>
  shop.page.locator(`[data-testid=reports][aria-busy=false][data-by=${by}]`).waitFor();

test('a month is shown by days, and its table adds up to the figure above it', async () => {
  const overview = await ask('day_overview', { day: null });
  for (const { account } of traded(overview.accounts)) {
    const preview = await ask('fetch_bill', { account_id: account.id, day: overview.day });
    await ask('import_bill', { preview: preview.preview });
  }
  await shop.page.keyboard.press('F12');
  await isStill('day');
  await isClean('reports');
  const shown = await shop.part('report-taken').innerText();
  await shop.part('chart-taken-table').click();
  const sums = await shop.part('chart-taken').locator('tbody td:last-child').allInnerTexts();
  const minor = (text) => Math.round(Number(text.replace(/[¥,]/g, '')) * 100);
  assert.equal(sums.map(minor).reduce((sum, it) => sum + it, 0), minor(shown));
  await isClean('reports-table');
});

test('a bar is read by keyboard', async () => {
  await shop.part('chart-taken-table').click();
  const chart = shop.part('chart-taken').locator('[role=group]');
  await chart.focus();
  await shop.page.waitForTimeout(120);
  await shop.page.keyboard.press('End');
  assert.match(await shop.part('chart-taken-said').innerText(), /¥/);
  await isClean('reports-walked');
});

test('a day is shown by hours, a year by months, with the same sum', async () => {
  await shop.part('span').selectOption('yesterday');
  await isStill('hour');
  await isClean('reports-day');
  await shop.part('span').selectOption('year');
  await isStill('month');
  await isClean('reports-year');
});

test('in English and dark, on a narrow window', async () => {
  await ask('change_settings', { locale: 'en', theme: 'dark' });
  await shop.page.reload();
  await shop.page.locator('html[data-ready=true]').waitFor();
  await isStill('month');
  await shop.part('span').selectOption('month');
  await isStill('day');
  await isClean('reports-en-dark');
  await shop.page.setViewportSize({ width: 1024, height: 700 });
  await isClean('reports-en-dark-narrow');
});
