// Other software orders a payment: switched on in the window, which shows the order, over a power cut to its end.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { freePort } from '../lib/processes.mjs';
import { command, demoShop } from '../lib/shop.mjs';
import { software } from '../lib/software.mjs';
import { openWindow } from '../lib/window.mjs';

const DECIDED_WITHIN_MS = 30_000;

const folder = demoShop();
const port = await freePort();
command(folder, 'interface', 'set', '--port', String(port));
let window = await openWindow({ folder });
let call;
let order;

after(async () => {
  await window?.close();
});

const wish = { amount_minor: 6660, currency: 'CNY', channel: 'alipay' };
const show = (hash) => window.script('location.hash = arguments[0]', hash);
const isReached = () =>
  fetch(`http://127.0.0.1:${port}/openapi.json`).then((answer) => answer.ok, () => false);

test('off until a person switches it on, and the window shows the key that may call', async () => {
  assert.equal(await isReached(), false);
  await show('#/settings');
  await window.element('[data-testid="interface-off"]');
  await window.click('interface-on');
  const address = `127.0.0.1:${port}`;
  await window.data('interface-listening', 'address', address);
  assert.equal(await isReached(), true);
  const words = ['interface', 'keys', 'add', '--label', '点餐机', '--rights', 'create,query,cancel'];
  const [key, secret] = command(folder, ...words).trim().split('\n');
  await window.data('interface-key', 'key', key);
  await window.script(
    `document.querySelector('[data-testid="interface-settings"]').scrollIntoView({ block: 'center' })`,
  );
  window.screen.shoot('interface-settings');
  call = software({ address, key, secret });
});

test('an order of other software stands in the list, is paid by a phone, and is paid there too', async () => {
  await show('#/orders');
  const { status, answer } = await call('POST', '/v1/orders', { wish, idempotencyKey: 'basket-1' });
  assert.equal(status, 201, JSON.stringify(answer));
  order = answer.order_id;
  await window.element(`[data-order="${order}"]`);
  await show(`#/orders/${order}`);
  await window.text('点餐机');
  let seen = answer;
  while (!seen.shown_code && !seen.is_final) {
    const target = `/v1/orders/${order}?wait_ms=5000&past_version=${seen.version}`;
    seen = (await call('GET', target)).answer;
  }
  for (const act of ['scan', 'pay']) await window.ask('sandbox_phone', { qr: seen.shown_code.text, act });
  await window.data('order-detail', 'status', 'paid', DECIDED_WITHIN_MS);
  await window.text('¥66.60');
  window.screen.shoot('interface-order');
  const { answer: paid } = await call('GET', `/v1/orders/${order}`);
  assert.deepEqual([paid.state, paid.is_final, paid.amount_minor], ['paid', true, 6660]);
});

test('after a power cut it listens again, and the same wish is the same order', async () => {
  await window.kill();
  assert.equal(await isReached(), false);
  window = await openWindow({ folder });
  await show('#/settings');
  await window.data('interface-listening', 'address', `127.0.0.1:${port}`);
  const again = await call('POST', '/v1/orders', { wish, idempotencyKey: 'basket-1' });
  assert.equal(again.answer.order_id, order);
});

test('a key that is revoked in the window may do nothing any more', async () => {
  await window.click('interface-revoke');
  await window.click('interface-revoke-confirm');
  await window.element('[data-testid="interface-settings"]:not(:has([data-testid="interface-key"]))');
  const refused = await call('GET', `/v1/orders/${order}`);
  assert.equal(refused.status, 401, JSON.stringify(refused.answer));
});
