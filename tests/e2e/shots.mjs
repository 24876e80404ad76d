// The pictures of the README, taken from the built page over the real console: nothing in them is drawn by hand.
// `cargo xtask shots` writes them to src-tauri/docs/shots; look at them before committing.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { openPage } from './lib/browser.mjs';
import { alipayCode, wechatCode } from './lib/codes.mjs';
import { root } from './lib/place.mjs';

const folder = join(root, 'src-tauri/docs/shots');
mkdirSync(folder, { recursive: true });

const till = await openPage();
const keep = async (name) => {
  await till.page.evaluate(() => document.fonts.ready);
  const path = join(folder, `${name}.png`);
  await till.page.screenshot({ path, animations: 'disabled', caret: 'hide' });
  console.log(path.slice(root.length + 1));
};
const pay = async (digits, minor, code, state) => {
  await till.enterAmount(digits, minor);
  await till.scan(code);
  await till.says('stage', 'state', state, 30_000);
};
const next = async () => {
  await till.part('next').click();
  await till.says('stage', 'state', 'no_amount');
};

try {
  await till.setUpDemo();
  await pay('3200', '3200', wechatCode(), 'paid');
  await next();
  await pay('1250', '1250', wechatCode('03'), 'failed');
  await till.part('next').click();
  await pay('4650', '4650', alipayCode(), 'paid');
  await keep('paid');
  await next();
  await till.enterAmount('8800', '8800');
  await till.part('method-qr').click();
  await till.part('show-qr-wechatpay').click();
  await till.says('stage', 'state', 'showing_qr');
  await keep('show-code');
  await till.part('cancel-payment').click();
  await till.part('stage').and(till.page.locator('[data-state=closed]')).waitFor({ timeout: 60_000 });
  await till.part('next').click();
  await till.part('method-scan').click();
  await till.ask('sandbox_set_fault', { name: 'reply_lost', on: true });
  await pay('1800', '1800', alipayCode(), 'unknown');
  await keep('unknown');
  await next();
  await till.part('nav-orders').click();
  await till.page.locator('[data-testid="order-row"][data-status="unknown"]').first().click();
  await till.part('order-detail').waitFor();
  await keep('orders');
} finally {
  await till.close();
}
