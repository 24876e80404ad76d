// A day to the bank: fund-flow bills beside the trade bills, payouts in parts, bank days, and a signed day whose bridge
// ends at the movements of the bank.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { openPage } from '../lib/browser.mjs';
import { fetchPast } from '../lib/past.mjs';
import { looks } from './axe.mjs';

let shop;
const look = looks();

before(async () => {
  shop = await openPage();
  await shop.setUpDemo();
  await fetchPast(ask);
  const { name, file } = await ask('sandbox_bank_statement', {
    form: 'csv',
    from: null,
    to: null,
  });
  const asked = { name, file, template: null, account: null, columns: null };
  const { preview } = await ask('open_statement', asked);
  await ask('import_statement', { preview });
});

after(() => shop?.close());

afterEach(look.verdict);

const isClean = (name) => look.at(shop.page, name);

const ask = (command, body) => shop.answer(command, body);

async function dressed(locale, theme) {
  await ask('change_settings', { locale, theme });
  await shop.page.reload();
  await shop.page.locator('html[data-ready=true]').waitFor();
}

const isStill = () => shop.page.locator('[data-testid=close][aria-busy=false]').waitFor();

/** The newest day whose money is all in the bank. */
async function arrivedDay() {
  const { payouts } = await ask('payouts', {});
  const days = payouts.flatMap(({ parts }) => parts.flatMap((part) => part.days));
  for (const day of [...new Set(days)].sort().reverse()) {
    const { bridges, hindrances } = await ask('day_overview', { day });
    const isHere = bridges.every(({ in_transit }) => in_transit.minor === '0');
    if (isHere && bridges.length > 0 && hindrances.length === 0) return day;
  }
  throw new Error('no day came');
}

test('a payout in parts shows each movement, and its buttons keep their size', async () => {
  await shop.part('nav-reconcile').click();
  await shop.part('part-payouts').click();
  const { payouts } = await ask('payouts', {});
  const at = payouts.findIndex(({ lines }) => lines.length > 1);
  assert.ok(at >= 0, 'the demo pays a large sum in parts');
  await shop.page.locator('[data-testid=payout]').nth(at).click();
  assert.equal(await shop.part('payout-line').count(), payouts[at].lines.length);
  const { width } = await shop.part('payout-reject').boundingBox();
  assert.ok(width < 200, `“Not this one” is ${width} px wide`);
  await isClean('payouts-parts');
});

test('a holiday of the bank moves what is expected', async () => {
  const expected = async () => {
    const { payouts } = await ask('payouts', {});
    return payouts.find(({ arrival }) => arrival === 'expected').expected_on;
  };
  const day = await expected();
  await shop.part('bank-days').click();
  await shop.part('bank-day').fill(day);
  await shop.part('bank-day-add').click();
  await shop.part('bank-days-file').setInputFiles({
    name: 'days.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from('2026-10-01,2026-10-07,休\n2026-10-10,班\n'),
  });
  await shop.page.locator('[data-testid=bank-days-table] li').nth(8).waitFor();
  await isClean('bank-days');
  await shop.part('bank-days-keep').click();
  await shop.part('bank-days-dialog').waitFor({ state: 'detached' });
  assert.ok((await expected()) > day);
  await ask('change_bank_days', { days: [] });
});

test('the fund-flow bill of a day stands below its totals', async () => {
  await shop.part('part-bills').click();
  await shop.part('flow').waitFor();
  assert.match(await shop.part('flow-against-bill').innerText(), /一致/);
  await isClean('flow');
});

test('the bridge leads to the bank, each figure to its lines, and the signed day stands', async () => {
  const day = await arrivedDay();
  await shop.page.keyboard.press('F11');
  await isStill();
  const newest = (await ask('day_overview', { day: null })).day;
  const steps = (Date.parse(newest) - Date.parse(day)) / 86_400_000;
  for (let step = 0; step < steps; step++) {
    await shop.part('day-before').click();
    await isStill();
  }
  await shop.says('close', 'day', day);
  assert.ok((await shop.part('bridge-payout').count()) >= 1);
  await isClean('bridge-bank');
  await shop.part('sign').click();
  await shop.part('sign-checked').check();
  await isClean('bridge-sign');
  await shop.part('sign-now').click();
  await shop.part('reopen').waitFor();
  const signed = await ask('day_overview', { day });
  const record = JSON.parse(signed.closes[0].record);
  assert.equal(record.format, 2);
  assert.ok(record.payouts.every(({ bank }) => bank.length > 0));
  // Its figure opens the payout, and a decision about it says that the day is signed.
  await shop.part('bridge-arrived').click();
  const [, month, date] = day.split('-').map(Number);
  await shop
    .part('payout-detail')
    .getByRole('heading', { name: `${month}月${date}日` })
    .waitFor();
  await shop.part('payout-reject').click();
  await shop.part('payout-reject-remark').fill('另一笔货款');
  await shop.page.keyboard.press('Enter');
  const refused = await shop.page.locator('[data-testid=payout-panel] [role=alert]').innerText();
  assert.match(refused, /签/);
});

test('in English and dark it reads as well, with what was held back', async () => {
  await dressed('en', 'dark');
  await shop.part('nav-reconcile').click();
  await shop.part('part-payouts').click();
  await shop.page.locator('[data-testid=payout][data-arrival=arrived]').first().click();
  await isClean('payouts-parts-en-dark');
  await shop.part('bank-days').click();
  await isClean('bank-days-en-dark');
  await shop.page.keyboard.press('Escape');
  await shop.part('part-bills').click();
  await shop.part('flow').waitFor();
  await isClean('flow-en-dark');
  // What was held back opens its line in the fund-flow bill.
  const { payouts } = await ask('payouts', {});
  const isHeld = ({ terms }) => terms.some(({ name }) => name === 'reserve');
  const [{ days }] = payouts.find(isHeld).parts;
  await shop.page.keyboard.press('F11');
  await isStill();
  for (;;) {
    const day = await shop.part('close').getAttribute('data-day');
    if (days.includes(day) && (await shop.part('bridge-reserve').count()) > 0) break;
    assert.ok(day > days[0], 'a day with a reserve');
    await shop.part('day-before').click();
    await isStill();
  }
  await shop.part('bridge-reserve').click();
  await shop.part('bridge-moves').waitFor();
  await isClean('bridge-bank-en-dark');
});
