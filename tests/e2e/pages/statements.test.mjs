// Statements of banks in a demo shop: the demo bank's file is looked at, imported once and searched; a table nobody
// knows is read by columns told apart by hand, which are kept; wrong files say why. In both languages and themes.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { openPage } from '../lib/browser.mjs';
import { fetchMissing } from '../lib/past.mjs';
import { looks } from './axe.mjs';

let shop;
const look = looks();

before(async () => {
  shop = await openPage();
  await shop.setUpDemo();
  await shop.part('nav-reconcile').click();
  await shop.part('part-bank').click();
});

after(() => shop?.close());

afterEach(look.verdict);

const isClean = (name) => look.at(shop.page, name);

const choose = (...files) =>
  shop.part('statement-chooser').setInputFiles(
    files.map(([name, text]) => ({
      name,
      mimeType: 'text/csv',
      buffer: Buffer.from(text),
    })),
  );

const rows = () => shop.page.locator('[data-testid=bank-line]').count();

test('before the first statement the screen says what to do', async () => {
  await shop.part('no-statement').waitFor();
  await isClean('statements-empty');
});

test('the statement of the demo bank is proved, imported once, and found again', async () => {
  await shop.part('demo-statement').click();
  await shop.says('statement-panel', 'state', 'preview');
  await shop.says('balance-proof', 'check', 'holds');
  await shop.page.locator('[data-testid=bank-line]').first().waitFor();
  await isClean('statements-preview');
  await shop.part('statement-import').click();
  await shop.says('statement-panel', 'state', 'kept');
  assert.equal(await shop.page.locator('[data-testid=kept-statement]').count(), 1);
  await shop.page.locator('[data-testid=bank-line]').first().waitFor();
  assert.ok((await rows()) <= 50, `${await rows()} rows are drawn`);
  await isClean('statements-kept');

  await shop.part('demo-statement').click();
  await shop.part('statement-known').waitFor();
  assert.equal(await shop.part('statement-import').isEnabled(), false);
  await shop.part('statement-discard').click();
  await shop.says('statement-panel', 'state', 'kept');
});

test('movements are searched', async () => {
  const total = async () => (await shop.part('bank-lines-total').textContent()).trim();
  const all = await total();
  await shop.part('bank-line-search').fill('财付通');
  await shop.page.waitForFunction(
    (before) =>
      document.querySelector('[data-testid=bank-lines-total]').textContent.trim() !== before,
    all,
  );
  assert.ok(Number.parseInt(await total(), 10) > 0);
  await shop.part('bank-line-search').fill('');
});

test('a table nobody knows is read by columns that are kept for its bank', async () => {
  await choose([
    'odd.csv',
    '本月明细\n何时,多少,谁,为何\n2026-11-18,12.50,茶叶批发部,货款\n2026-11-19,-3.00,,手续费\n',
  ]);
  await shop.part('mapping').waitFor();
  assert.equal(await shop.part('mapping-read').isEnabled(), false);
  await shop.part('mapping-column-0').selectOption('booked');
  await shop.part('mapping-column-1').selectOption('amount');
  await shop.part('mapping-column-2').selectOption('counterparty');
  await shop.part('mapping-column-3').selectOption('text');
  await isClean('statements-mapping');
  await shop.part('mapping-name').fill('村镇银行');
  await shop.part('mapping-read').click();
  await shop.says('statement-panel', 'state', 'preview');
  await shop.part('bank-templates').waitFor();
  await isClean('statements-by-template');
  await shop.part('statement-import').click();
  await shop.says('statement-panel', 'state', 'kept');
  // The next file of that bank needs no hand.
  await choose(['next.csv', '本月明细\n何时,多少,谁,为何\n2026-11-20,8.00,茶叶批发部,货款\n']);
  await shop.says('statement-panel', 'state', 'preview');
  await shop.part('statement-discard').click();
});

test('several files at once: what is wrong says why, and stops nothing', async () => {
  const table = (extra) =>
    `账号: 6222\n记账日期,交易金额,余额,对方户名\n2026-11-18,10.00,110.00,甲\n2026-11-19,5.00,115.00,乙\n${extra}`;
  await choose(
    ['good.csv', table('')],
    ['notes.txt', 'hello'],
    ['wrong.csv', table('2026-11-20,x,120.00,丙\n')],
  );
  await shop.says('statement-1', 'code', 'statement_unknown');
  await shop.says('statement-2', 'code', 'statement_amount');
  await isClean('statements-opened');
  await shop.part('statements-import-all').click();
  await shop.says('statement-0', 'kept', 'true');
  await shop.part('statements-close').click();
  assert.equal(await shop.page.locator('[data-testid=kept-statement]').count(), 3);
});

test('English, dark and narrow', async () => {
  await shop.ask('change_settings', { locale: 'en' });
  await shop.page.reload();
  await shop.page.locator('html[data-ready=true]').waitFor();
  await shop.part('nav-reconcile').click();
  await shop.part('part-bank').click();
  await shop.page.locator('[data-testid=bank-line]').first().waitFor();
  await isClean('statements-en');
  await shop.page.emulateMedia({ colorScheme: 'dark' });
  await shop.page.setViewportSize({ width: 1024, height: 700 });
  await shop.part('demo-statement').click();
  await shop.says('statement-panel', 'state', 'preview');
  await isClean('statements-en-dark');
});

test('by keyboard: the list of statements is walked and chosen', async () => {
  await shop.part('statement-discard').click();
  await shop.part('kept-statements').focus();
  await shop.page.keyboard.press('End');
  await shop.page.keyboard.press('Enter');
  await shop.page.waitForFunction(
    () =>
      document.querySelector('[data-testid=kept-statement]:last-child')?.ariaSelected === 'true',
  );
});

test('payouts: what is due, what came, and where it stands', async () => {
  await shop.page.emulateMedia({ colorScheme: 'light' });
  await shop.page.setViewportSize({ width: 1280, height: 800 });
  await shop.part('part-payouts').click();
  await shop.part('no-payouts').waitFor();
  await fetchMissing(shop.answer);
  await shop.part('part-bank').click();
  await shop.part('part-payouts').click();
  await shop.page.locator('[data-testid=payout][data-arrival=arrived]').first().click();
  await shop.says('payout-detail', 'arrival', 'arrived');
  assert.ok((await shop.page.locator('[data-testid=payout]').count()) <= 50);
  await isClean('payouts-en');
  // A match can be taken back with a reason, and that again.
  const arrived = () => shop.page.locator('[data-testid=payout][data-arrival=arrived]').count();
  const before = await arrived();
  await shop.part('payout-reject').click();
  await shop.part('payout-reject-remark').fill('another customer');
  await shop.page.keyboard.press('Enter');
  await shop.part('payout-rejected').waitFor();
  assert.equal(await arrived(), before - 1);
  await isClean('payouts-rejected');
  await shop.part('payout-rejected-undo').click();
  await shop.part('payout-rejected').waitFor({ state: 'detached' });
  assert.equal(await arrived(), before);
  await shop.page.locator('[data-testid=payout][data-arrival=arrived]').first().click();
  await shop.part('payout-to-bank').first().click();
  await shop.says('statement-panel', 'state', 'kept');
  await shop.page.waitForFunction(
    () => document.querySelectorAll('[data-testid=bank-line]').length === 1,
  );
  await shop.part('part-payouts').click();
  await shop.part('payout-day').first().click();
  await shop.page.locator('[data-testid=bill-row]').first().waitFor();
  await shop.ask('change_settings', { locale: 'zh-CN' });
  await shop.page.reload();
  await shop.page.locator('html[data-ready=true]').waitFor();
  await shop.part('nav-reconcile').click();
  await shop.part('part-payouts').click();
  await shop.page.emulateMedia({ colorScheme: 'dark' });
  await shop.page.locator('[data-testid=payout][data-arrival=arrived]').first().click();
  await isClean('payouts-dark');
});
