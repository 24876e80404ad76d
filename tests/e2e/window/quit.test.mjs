// What happens while nobody looks: a doubt resolves behind a window that is not on the screen, and closing with
// a doubt asks. Doubts are real ones: the customer paid, the answer was lost.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { alipayCode, wechatCode } from '../lib/codes.mjs';
import { until } from '../lib/processes.mjs';
import { command, demoShop } from '../lib/shop.mjs';
import { openWindow } from '../lib/window.mjs';

const AMBER_WITHIN_MS = 15_000;
const DECIDED_WITHIN_MS = 30_000;

let window = await openWindow({ folder: demoShop() });

after(() => window.close());

async function setFault(isOn) {
  const { error } = await window.ask('sandbox_set_fault', { name: 'reply_lost', on: isOn });
  assert.equal(error, undefined);
}

/** A payment whose answer is lost: the order that is open now. */
async function doubt(text, minor, code) {
  await window.data('stage', 'state', 'no_amount');
  window.screen.typeSlowly(text);
  await window.data('amount', 'minor', minor);
  window.screen.scan(code);
  await window.data('stage', 'state', 'unknown', AMBER_WITHIN_MS);
  return window.script(
    `return document.querySelector('[data-testid="stage"]').dataset.order`,
  );
}

const statusOf = async (order) => {
  const { value } = await window.ask('order_detail', { order_id: order });
  return value?.row.status;
};

const oneWindow = () =>
  until('the window on the screen', () => window.screen.windowsOf(window.pid())[0]);

test('a doubt resolves behind a window that is not on the screen, with no input', async () => {
  await window.element('[data-testid="screen-pay"]');
  await setFault(true);
  const order = await doubt('18.00', '1800', alipayCode());
  const id = await oneWindow();
  window.screen.unmap(id);
  await setFault(false);
  await until('a decided order', async () => (await statusOf(order)) === 'paid', DECIDED_WITHIN_MS);
  assert.deepEqual(window.screen.windowsOf(window.pid()), [], 'nothing brought it back');
  window.screen.map(id);
  await window.data('stage', 'state', 'paid');
  await window.click('next');
});

test('closing with an open doubt asks; staying stays', async () => {
  await setFault(true);
  await doubt('23.00', '2300', wechatCode());
  window.screen.askToClose(await oneWindow());
  await window.element('[data-testid="quit-dialog"]');
  window.screen.shoot('quit-question');
  await window.click('quit-stay');
  await until('the question to go', () =>
    window.script(`return !document.querySelector('[data-testid="quit-dialog"]')`),
  );
  await window.data('stage', 'state', 'unknown');
});

test('quitting ends the program, and the doubt is listed at the next start', async () => {
  const order = await window.script(
    `return document.querySelector('[data-testid="stage"]').dataset.order`,
  );
  const pid = window.pid();
  window.screen.askToClose(await oneWindow());
  await window.element('[data-testid="quit-confirm"]');
  await window.click('quit-confirm').catch(() => undefined);
  await window.ended(pid);
  const listed = JSON.parse(command(window.folder, 'orders', '--tab', 'attention', '--json'));
  assert.deepEqual(listed.rows.map((row) => row.order_id), [order], 'nothing was forgotten');
  window = await openWindow({ folder: window.folder });
  await window.element('[data-testid="screen-pay"]');
  const detail = await until('the order', async () => {
    const { value } = await window.ask('order_detail', { order_id: order });
    return value;
  });
  assert.equal(detail.row.amount.minor, '2300');
  await until('a decided order', async () => (await statusOf(order)) === 'paid', DECIDED_WITHIN_MS);
});
