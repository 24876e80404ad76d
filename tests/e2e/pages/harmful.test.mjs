// Archives that mean harm, dropped on the page: each is refused in time with its reason, nothing of it is kept, the
// program stays small, and the till goes on.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';

import { gzip, nothing, zip } from '../lib/archives.mjs';
import { openPage } from '../lib/browser.mjs';
import { looks } from './axe.mjs';

/** From the hand letting go to the reason on the screen. */
const WITHIN_MS = 5_000;

const MEMORY_MAX_MIB = 256;

const rows = Buffer.from('#支付宝业务明细查询\r\n');
const bomb = zip([['bomb_业务明细.csv', nothing(200)]]);

const HARMFUL = [
  ['bomb.zip', bomb, 'bill_bomb'],
  ['bomb.gz', gzip(nothing(200)), 'bill_bomb'],
  // One entry's bytes under two hundred names.
  ['overlapped.zip', zip(Array.from({ length: 200 }, (_, n) => [`${n}.csv`, nothing(n ? 0 : 8)]), { shared: true }), null],
  ['nested.zip', zip([['inner.zip', bomb]]), 'bill_nested'],
  ['nested-unnamed.zip', zip([['inner_业务明细.csv', bomb]]), 'bill_nested'],
  ['leads-out.zip', zip([['../../abc_业务明细.csv', rows]]), 'bill_leads_out'],
  ['locked.zip', zip([['abc_业务明细.csv', rows]], { flags: 1 }), 'bill_encrypted'],
  ['many.zip', zip(Array.from({ length: 70_000 }, (_, n) => [`${n}.csv`, Buffer.alloc(0)])), null],
  ['cut.zip', bomb.subarray(0, bomb.length / 2), null],
  ['lines.csv', Buffer.concat([rows, Buffer.alloc(8 * 1024 * 1024, ',')]), null],
];

let shop;
const look = looks();

before(async () => {
  shop = await openPage();
  await shop.setUpDemo();
  await shop.part('nav-reconcile').click();
  await shop.part('reconcile-day').waitFor();
});

after(() => shop?.close());

afterEach(look.verdict);

/** Lets files go over the day as a hand would. */
async function drop(files) {
  const carried = await shop.page.evaluateHandle((given) => {
    const transfer = new DataTransfer();
    for (const [name, base64] of given) {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      transfer.items.add(new File([bytes], name));
    }
    return transfer;
  }, files.map(([name, bytes]) => [name, bytes.toString('base64')]));
  const event = { dataTransfer: carried, bubbles: true, cancelable: true };
  await shop.part('reconcile-day').dispatchEvent('dragover', event);
  await shop.part('drop-here').waitFor();
  await shop.part('reconcile-day').dispatchEvent('drop', event);
}

/** The most memory that the program ever had, MiB. */
function most() {
  const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${shop.pid}/status`, 'utf8'));
  return Number(kib) / 1024;
}

for (const [name, bytes, code] of HARMFUL) {
  test(`${name} is refused`, async () => {
    await drop([[name, bytes]]);
    const begun = performance.now();
    const error = shop.part('bill-error');
    await error.waitFor({ timeout: 60_000 });
    const took = performance.now() - begun;
    const given = await error.getAttribute('data-code');
    assert.match(given, /^bill_/, `${name}: ${given}`);
    if (code) assert.equal(given, code);
    assert.ok(took < WITHIN_MS, `${name}: ${took} ms`);
    assert.ok(most() < MEMORY_MAX_MIB, `${name}: ${most()} MiB`);
    if (name === 'bomb.zip') await look.at(shop.page, 'harmful-bomb');
    // The next one's reason is not the last one's.
    await shop.page.reload();
    await shop.page.locator('html[data-ready=true]').waitFor();
    await shop.part('nav-reconcile').click();
    await shop.part('reconcile-day').waitFor();
  });
}

test('all of them at once are refused each for its own reason', async () => {
  await drop(HARMFUL);
  for (const [place, [name, , code]] of HARMFUL.entries()) {
    const file = shop.part(`opened-${place}`);
    await shop.page.locator(`[data-testid="opened-${place}"][data-code]`).waitFor({ timeout: 60_000 });
    const given = await file.getAttribute('data-code');
    assert.match(given, /^bill_/, `${name}: ${given}`);
    if (code) assert.equal(given, code, name);
  }
  assert.ok(most() < MEMORY_MAX_MIB, `${most()} MiB`);
  assert.equal(await shop.part('bills-import-all').isEnabled(), false);
  await look.at(shop.page, 'harmful-all');
  await shop.answer('change_settings', { locale: 'en' });
  await shop.page.emulateMedia({ colorScheme: 'dark' });
  await look.at(shop.page, 'harmful-all-dark');
  await shop.page.emulateMedia({ colorScheme: 'light' });
  await shop.part('bills-close').click();
});

test('the till goes on, and nothing was kept', async () => {
  await shop.part('nav-pay').click();
  await shop.part('screen-pay').waitFor();
  assert.deepEqual(shop.faults, []);
});
