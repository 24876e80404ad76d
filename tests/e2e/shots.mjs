// The pictures of the README, taken from the built page over the real console: nothing in them is drawn by hand.
// `cargo xtask shots` writes them to src-tauri/docs/pictures; look at them before committing.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { openPage } from './lib/browser.mjs';
import { alipayCode, wechatCode } from './lib/codes.mjs';
import { root } from './lib/place.mjs';

const folder = join(root, 'src-tauri/docs/pictures');
mkdirSync(folder, { recursive: true });

/** One till's pictures in one language and one theme. */
async function till(locale, theme) {
  const opened = await openPage({ locale, scheme: theme });
  const { page, part, says, ask, enterAmount, scan } = opened;
  const keep = async (name) => {
    await page.evaluate(() => document.fonts.ready);
    // Pictures show a state, not the moment when it began.
    await page.waitForTimeout(400);
    const path = join(folder, `${name}.${locale}.${theme}.png`);
    await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
    console.log(path.slice(root.length + 1));
  };
  const charge = async (digits, code, state) => {
    await enterAmount(digits, digits);
    await scan(code);
    await says('stage', 'state', state, 40_000);
  };
  const next = async () => {
    await part('next').click();
    await page.keyboard.press('Escape');
    await says('stage', 'state', 'no_amount');
    // A scan this soon after a result is taken for the second half of a double read.
    await page.waitForTimeout(900);
  };
  const shots = {
    async fill() {
      await charge('3200', wechatCode(), 'paid');
      await next();
      await charge('9900', alipayCode(), 'paid');
      await next();
    },
    async ready() {
      await enterAmount('4650', '4650');
      await keep('ready');
      await page.keyboard.press('Escape');
    },
    async paid() {
      await charge('4650', wechatCode(), 'paid');
      await keep('paid');
      await next();
    },
    async qr() {
      await enterAmount('8800', '8800');
      await part('method-qr').click();
      await part('show-qr-wechatpay').click();
      await says('stage', 'state', 'showing_qr');
      await keep('qr');
      await part('cancel-payment').click();
      await says('stage', 'state', 'closed', 60_000);
      await part('next').click();
      await part('method-scan').click();
    },
    async refund() {
      await part('nav-orders').click();
      await page.locator('[data-testid="order-row"][data-status="paid"]').first().click();
      await part('timeline').waitFor();
      await keep('orders');
      await part('refund').click();
      await part('refund-amount').waitFor();
      await keep('refund');
      await page.keyboard.press('Escape');
    },
    async unknown() {
      await ask('sandbox_set_fault', { name: 'reply_lost', on: true });
      await charge('1800', alipayCode(), 'unknown');
      await keep('unknown');
      await part('nav-demo').click();
      await part('screen-demo').waitFor();
      await keep('demo');
      await ask('sandbox_set_fault', { name: 'reply_lost', on: false });
    },
  };
  return { shots, opened };
}

const PLAN = [
  ['zh-CN', 'light', ['fill', 'ready', 'paid', 'qr', 'refund', 'unknown']],
  ['en', 'dark', ['fill', 'paid', 'refund', 'unknown']],
];

for (const [locale, theme, names] of PLAN) {
  const { shots, opened } = await till(locale, theme);
  try {
    await opened.part(`language-${locale}`).click();
    await opened.part('mode-demo').click();
    await opened.part('first-finish').click();
    await opened.part('screen-pay').waitFor({ timeout: 180_000 });
    for (const name of names) await shots[name]();
  } finally {
    await opened.close();
  }
}
