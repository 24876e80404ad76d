// Bills chosen with the system's own dialog: the window hands over their place, and the core reads them there.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, test } from 'node:test';

import { yesterday } from '../lib/past.mjs';
import { until } from '../lib/processes.mjs';
import { command, demoShop } from '../lib/shop.mjs';
import { openWindow } from '../lib/window.mjs';

const folder = demoShop({ pastDays: 2 });
const [day, account] = fetched('--missing').split('\t');
// The screen opens on yesterday: not in a run before its channel's hour.
fetched('--day', yesterday(), '--account', account);
const kept = `${folder.path}/a kept bill.zip`;
command(folder, 'bills', 'save', '--day', day, '--account', account, '--out', kept);
const wrong = `${folder.path}/notes.csv`;
writeFileSync(wrong, 'a,b\n1,2\n');
const window = await openWindow({ folder });

after(() => window.close());

/** What the command line says of the bills it fetched; days that differ end it with 6. */
function fetched(...which) {
  try {
    return command(folder, 'bills', 'fetch', ...which);
  } catch (thrown) {
    if (thrown.status !== 6) throw thrown;
    return thrown.stdout;
  }
}

async function choose(path) {
  const before = window.screen.windowsOf(window.pid());
  await window.click('bill-file');
  await until('the system’s dialog', () => window.screen.dialogOf(window.pid(), before));
  if (path === null) {
    window.screen.press('Escape');
    return;
  }
  // A path that is typed opens the dialog's line for one.
  window.screen.typeSlowly(path);
  window.screen.shoot('window-bill-dialog');
  window.screen.press('Return');
}

const shown = () =>
  window.script(`return document.querySelector('[data-testid="reconcile-day"]')?.dataset.state`);

test('thinking better of it changes nothing', async () => {
  await window.click('nav-reconcile');
  await until('the day', async () => (await shown()) === 'kept');
  await choose(null);
  assert.equal(await shown(), 'kept');
});

test('a file that is no bill is refused in words', async () => {
  await choose(wrong);
  await until('the refusal', async () => (await shown()) === 'error');
  const error = await window.element('[data-testid="bill-error"]');
  assert.ok(error);
  const code = await window.script(
    `return document.querySelector('[data-testid="bill-error"]').dataset.code`,
  );
  assert.equal(code, 'bill_wrong_channel');
});

test('a bill that was kept before is read where it lies, and known again', async () => {
  await window.click(`account-${account}`);
  await window.click(`day-${day}`);
  await choose(kept);
  await window.element('[data-testid="known-since"]');
  await window.shootPage('window-bill-known');
});
