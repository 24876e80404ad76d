// One window per data folder; a folder whose database cannot be used says so, is left as it is, and opens once it is right.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';

import { program } from '../lib/place.mjs';
import { start, until } from '../lib/processes.mjs';
import { rightEdge } from '../lib/screen.mjs';
import { demoShop } from '../lib/shop.mjs';
import { openWindow } from '../lib/window.mjs';

/** Where SQLite keeps a database's schema version in its header, four bytes, the highest first. */
const SCHEMA_VERSION_AT = 60;

const texts = ['en', 'zh-CN'].map((locale) =>
  JSON.parse(readFileSync(new URL(`../../../ui/messages/${locale}.json`, import.meta.url), 'utf8')),
);

let window;
const second = [];

after(async () => {
  for (const program of second) await program.end();
  await window?.close();
});

/** Starts the program by hand on the window's screen and bus, as a second click on its icon does. */
function startAgain(folder) {
  const again = start(program('paydesk'), ['--data', folder], {
    env: {
      ...process.env,
      DISPLAY: window.screen.display,
      DBUS_SESSION_BUS_ADDRESS: window.bus(),
      GDK_BACKEND: 'x11',
      NO_AT_BRIDGE: '1',
      WEBKIT_DISABLE_DMABUF_RENDERER: '1',
      XDG_CACHE_HOME: window.folder.path,
      XDG_CONFIG_HOME: window.folder.path,
      XDG_DATA_HOME: window.folder.path,
    },
  });
  second.push(again);
  return again;
}

const oneWindowOf = (pid) => until('a window on the screen', () => window.screen.windowsOf(pid)[0]);

for (const [name, code, spoil] of [
  ['damaged', 'database_corrupt', (bytes) => bytes.fill(0xa5, 0, Math.min(bytes.length, 8192))],
  ['newer', 'database_newer', (bytes) => bytes.writeUInt32BE(9999, SCHEMA_VERSION_AT)],
]) {
  test(`a ${name} database is said, left as it is, and opens once it is put right`, async () => {
    const folder = window?.folder ?? demoShop();
    const file = `${folder.path}/shop/paydesk.db`;
    assert.ok(!existsSync(`${file}-wal`), 'everything stands in the file itself');
    const whole = readFileSync(file);
    const spoiled = Buffer.from(whole);
    spoil(spoiled);
    writeFileSync(file, spoiled);

    window = await openWindow({ folder });
    await window.data('start-failed', 'code', code);
    const said = await window.script('return document.body.innerText');
    const sentence = (key) => texts.some((text) => said.includes(text[key]));
    assert.ok(sentence(`error_${code}`), said);
    assert.ok(['money_not_moved', 'money_unknown'].some(sentence), said);
    await until('a right edge without a scrollbar', () => {
      const colours = rightEdge(window.screen.pixels());
      return colours.length === 1 && colours[0] !== '#000000';
    });
    window.screen.shoot(`start-${name}`);
    const retry = '[data-testid="start-failed"] button';
    await window.clickElement(await window.element(retry));
    await window.data('start-failed', 'code', code);
    assert.deepEqual(readFileSync(file), spoiled, 'the file is left as it was found');

    writeFileSync(file, whole);
    await window.clickElement(await window.element(retry));
    await window.element('[data-testid="screen-pay"]');
    const pid = window.pid();
    window.screen.askToClose(await oneWindowOf(pid));
    await window.ended(pid);
  });
}

test('a second start over the same folder raises its window and ends', async () => {
  window = await openWindow({ folder: window?.folder ?? demoShop() });
  const own = await oneWindowOf(window.pid());
  window.screen.unmap(own);
  await until('no window on the screen', () => window.screen.windowsOf(window.pid()).length === 0);
  // The same folder by another way: what counts is where it leads.
  const again = startAgain(`${window.folder.path}/./shop`);
  await until('the second start to end', () => again.isGone());
  assert.equal(again.child.exitCode, 0, again.printed());
  assert.equal(await oneWindowOf(window.pid()), own, 'the first window is back');
});

test('a start over another folder opens a window of its own', async () => {
  const other = startAgain(`${window.folder.path}/other`);
  await oneWindowOf(other.child.pid);
  assert.equal(other.isGone(), false, other.printed());
  assert.equal(window.screen.windowsOf(window.pid()).length, 1, 'beside the first one');
});
