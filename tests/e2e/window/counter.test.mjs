// The counter in English and dark, by keys alone: the first start, a payment, search, a refund, paper. Nothing here
// points or clicks; every key is a real one.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';

import { alipayCode } from '../lib/codes.mjs';
import { until } from '../lib/processes.mjs';
import { share } from '../lib/screen.mjs';
import { openWindow } from '../lib/window.mjs';

/** `--bg`, `--surface` and `--ok-solid` of the dark theme. */
const DARK = '#0d1015';
const DARK_SURFACE = '#15191f';
const DARK_PAID = '#12814f';
const STOPS_MAX = 80;

const window = await openWindow();
let order;

after(() => window.close());

const focused = () =>
  window.script(
    `const it = document.activeElement;
     return it.dataset.testid ?? it.getAttribute('role') ?? it.localName;`,
  );

async function tabTo(id) {
  for (let stop = 0; stop < STOPS_MAX; stop += 1) {
    window.screen.press('Tab');
    if ((await focused()) === id) return;
  }
  assert.fail(`${id} cannot be reached by Tab`);
}

async function press(id) {
  await window.element(`[data-testid="${id}"]`);
  await tabTo(id);
  window.screen.press('Return');
}

test('the first start in English, by keys', async () => {
  await window.element('[data-testid="first-run"]');
  await press('language-en');
  await press('mode-demo');
  await press('first-finish');
  await window.element('[data-testid="screen-pay"]', 180_000);
  assert.equal(await window.script('return document.documentElement.lang'), 'en');
});

test('the dark theme is painted in its own tokens', async () => {
  await press('switch-theme');
  await until('the dark theme', () =>
    window.script(`return document.documentElement.dataset.theme === 'dark'`),
  );
  await until('a dark screen', () => {
    const pixels = window.screen.pixels();
    return share(pixels, DARK) > 0.1 && share(pixels, DARK_SURFACE) > 0.3;
  });
});

test('amount, scan, Enter', async () => {
  window.screen.press('F2');
  await window.data('stage', 'state', 'no_amount');
  window.screen.typeSlowly('46.50');
  await window.data('amount', 'minor', '4650');
  window.screen.scan(alipayCode());
  await window.data('stage', 'state', 'paid', 15_000);
  await until('the dark green', () => share(window.screen.pixels(), DARK_PAID) > 0.05);
  window.screen.shoot('dark-paid');
  order = await window.script(
    `return document.querySelector('[data-testid="stage"]').dataset.order`,
  );
  // The result takes the keys once it stands; before that Enter belongs to the scan.
  await until('the next customer to have the focus', async () => (await focused()) === 'next');
  await until('an empty stage', async () => {
    window.screen.press('Return');
    return window.script(
      `return document.querySelector('[data-testid="stage"]').dataset.state === 'no_amount'`,
    );
  });
});

test('search, open, refund', async () => {
  window.screen.press('F3');
  await window.element('[data-testid="order-row"]');
  window.screen.press('slash');
  await until('the search field', async () => (await focused()) === 'order-search');
  // The number is the order's own; an amount could be another day's as well.
  window.screen.typeSlowly(order);
  await until('the one order', () =>
    window.script(
      `const rows = document.querySelectorAll('[data-testid="order-row"]');
       return rows.length === 1 && rows[0].dataset.order === arguments[0];`,
      order,
    ),
  ).catch((error) => {
    window.screen.shoot('failed-search');
    throw error;
  });
  await tabTo('grid');
  window.screen.press('Down', 'Return');
  await window.data('order-detail', 'status', 'paid');
  await press('refund');
  await until('the amount field', async () => (await focused()) === 'refund-amount');
  window.screen.typeSlowly('6.50');
  await tabTo('reason-goods_returned');
  window.screen.press('space');
  await press('refund-confirm');
  await window.data('order-detail', 'status', 'part_refunded', 30_000);
  window.screen.shoot('dark-refunded');
});

test('a receipt is saved with what it shows', async () => {
  await press('receipt');
  await window.element('[data-testid="receipt-frame"]');
  await press('receipt-save');
  await window.element('[data-testid="receipt-saved"]');
  const path = await until('where it was saved', () =>
    window.script(
      `const said = document.querySelector('[data-testid="receipt-saved"]').textContent;
       return /\\/\\S.*\\.html/.exec(said)?.[0];`,
    ),
  );
  assert.ok(path.startsWith(window.folder.path), path);
  const saved = readFileSync(path, 'utf8');
  for (const words of ['DEMO', '46.50', order]) assert.ok(saved.includes(words), words);
  // What the frame shows, not what it was given: a frame that was not let in stays white.
  const shown = await until('the receipt in its frame', () =>
    window.script(
      `return document.querySelector('[data-testid="receipt-frame"]').contentDocument?.body?.innerText`,
    ),
  );
  assert.ok(shown.includes(order) && shown.includes('46.50'), shown);
});

test('printing starts the print of the receipt itself', async () => {
  // The system's print dialog cannot be answered here: what starts it is replaced where the page will call it.
  await window.script(
    `const print = function () {
       globalThis.printed = this.document.body.innerText;
     };
     new MutationObserver(() => {
       const frame = document.querySelector('[data-testid="receipt-frame"]');
       if (frame) frame.contentWindow.print = print.bind(frame.contentWindow);
     }).observe(document, { subtree: true, childList: true, attributes: true });
     document.addEventListener('load', (event) => {
       if (event.target.dataset?.testid === 'receipt-frame') {
         event.target.contentWindow.print = print.bind(event.target.contentWindow);
       }
     }, true);`,
  );
  await press('receipt-print');
  const printed = await until('the print', () => window.script('return globalThis.printed'));
  for (const words of ['DEMO', '46.50', 'COPY', order]) assert.ok(printed.includes(words), printed);
});
