// The filtered list as a file, placed with the system's own dialog: what is written is what the page says.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';

import { alipayCode } from '../lib/codes.mjs';
import { until } from '../lib/processes.mjs';
import { command, demoShop } from '../lib/shop.mjs';
import { openWindow } from '../lib/window.mjs';

const folder = demoShop();
command(folder, 'charge', '--amount', '12.30', '--code', alipayCode(), '--wait');
const window = await openWindow({ folder });
const target = `${folder.path}/orders of today.csv`;

after(() => window.close());

const text = (id) =>
  window.script('return document.querySelector(arguments[0])?.textContent', `[data-testid="${id}"]`);
const fileNow = () =>
  window.script(`return document.querySelector('[data-testid="export-file"]').value`);

async function openDialog() {
  const before = window.screen.windowsOf(window.pid());
  await window.clickElement(await window.element('[data-testid="export-dialog"] .entry button'));
  await until('the system’s dialog', () => window.screen.dialogOf(window.pid(), before));
}

test('the system’s dialog names the file, and thinking better of it changes nothing', async () => {
  await window.click('nav-orders');
  await window.click('export');
  await openDialog();
  window.screen.press('Escape');
  assert.equal(await fileNow(), '');
  await openDialog();
  window.screen.press('ctrl+a');
  window.screen.typeSlowly(target);
  window.screen.shoot('window-export-dialog');
  window.screen.press('Return');
  await until('the chosen file', async () => (await fileNow()) === target);
});

test('the file is written, and its digest is the one that is shown', async () => {
  await window.click('export-start');
  await window.element('[data-testid="export-done"]');
  await window.shootPage('window-export');
  const bytes = readFileSync(target);
  const digest = createHash('sha256').update(bytes).digest('hex');
  assert.equal((await text('export-hash')).trim(), digest);
  assert.match(bytes.toString('utf8'), /12\.30/);
});
