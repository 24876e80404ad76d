// Every screen × language × theme × width over the real console: pictures to look at, held to axe's rules, and no text
// wider than its box. `cargo xtask shots` writes them below the target folder; with `--keep` the README's pictures are
// made anew in src-tauri/docs/pictures. Look at them before committing. `--only NAME` takes the states of that name.
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { openPage } from './lib/browser.mjs';
import { alipayCode, wechatCode } from './lib/codes.mjs';
import { overflowsIn } from './lib/overflow.mjs';
import { traded } from './lib/past.mjs';
import { root, target } from './lib/place.mjs';
import { openSandbox } from './lib/sandbox.mjs';
import { violationsIn } from './pages/axe.mjs';

const words = process.argv.slice(2);
const keeps = words.includes('--keep');
const only = words.includes('--only') ? new RegExp(words[words.indexOf('--only') + 1]) : null;

const LOCALES = ['zh-CN', 'en'];
const THEMES = ['light', 'dark'];
const SIZES = [
  { width: 1280, height: 800 },
  { width: 1024, height: 700 },
];
/** The README's pictures, at 1280 px: state, language, theme. */
const KEPT = [
  ['ready', 'zh-CN', 'light'],
  ['paid', 'zh-CN', 'light'],
  ['paid', 'en', 'dark'],
  ['qr', 'zh-CN', 'light'],
  ['unknown', 'zh-CN', 'light'],
  ['unknown', 'en', 'dark'],
  ['orders', 'zh-CN', 'light'],
  ['orders', 'en', 'dark'],
  ['refund', 'zh-CN', 'light'],
  ['refund', 'en', 'dark'],
  ['reconcile', 'zh-CN', 'light'],
  ['reconcile', 'en', 'dark'],
  ['fees', 'zh-CN', 'light'],
  ['payouts', 'en', 'light'],
  ['statements', 'zh-CN', 'light'],
  ['close', 'zh-CN', 'light'],
  ['close', 'en', 'dark'],
  ['reports', 'en', 'dark'],
  ['reports', 'zh-CN', 'light'],
  ['channels', 'zh-CN', 'light'],
  ['channels', 'en', 'dark'],
  ['channel-fields', 'zh-CN', 'light'],
  ['channel-test', 'en', 'light'],
  ['demo', 'zh-CN', 'light'],
  ['demo', 'en', 'dark'],
].map((parts) => parts.join('.'));

const folder = join(target, 'shots');
const pictures = join(root, 'src-tauri/docs/pictures');
mkdirSync(folder, { recursive: true });

const faults = [];
let taken = 0;

/** Colours of a screen are few: a palette makes the file a third as large, and nobody sees it. */
function shrink(from, to) {
  copyFileSync(from, to);
  execFileSync('convert', [from, '-strip', '-dither', 'None', '-colors', '192', `PNG8:${to}`]);
}

async function look(page, name, locale, theme, size) {
  const called = `${name}.${locale}.${theme}`;
  await page.evaluate(() => document.fonts.ready);
  // Pictures show a state, not the moment when it began.
  await page.waitForTimeout(150);
  const path = join(folder, `${called}.${size.width}.png`);
  await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
  taken += 1;
  for (const line of await overflowsIn(page)) faults.push(`${called}.${size.width}: ${line}`);
  for (const line of await violationsIn(page)) {
    faults.push(`${called}.${size.width}: ${line.split('\n')[0]}`);
  }
  if (keeps && size.width === 1280 && KEPT.includes(called)) {
    shrink(path, join(pictures, `${called}.png`));
  }
}

/** The policy refuses the receipt's style sheet as text; the page then adopts the same rules. */
function theFaultsOf(opened) {
  for (const fault of opened.faults) {
    if (!fault.startsWith('Applying inline style')) faults.push(`the page: ${fault}`);
  }
}

/** The state that is open, in every language, theme and width. */
function everyWay({ page, ask }) {
  return async (name) => {
    if (only && !only.test(name)) return;
    for (const locale of LOCALES) {
      for (const theme of THEMES) {
        await ask('change_settings', { locale, theme });
        await page.locator(`html[lang="${locale}"][data-theme="${theme}"]`).waitFor();
        for (const size of SIZES) {
          await page.setViewportSize(size);
          await look(page, name, locale, theme, size);
        }
      }
    }
    await ask('change_settings', { locale: 'zh-CN', theme: 'light' });
    await page.locator('html[lang="zh-CN"][data-theme="light"]').waitFor();
    await page.setViewportSize(SIZES[0]);
    console.log(name);
  };
}

/** Before the first start nothing is kept, so each way begins anew. */
async function firstStart({ page, part, address }) {
  for (const locale of LOCALES) {
    for (const theme of THEMES) {
      await page.emulateMedia({ colorScheme: theme });
      for (const size of SIZES) {
        await page.setViewportSize(size);
        await page.goto('about:blank');
        await page.goto(address);
        await part(`language-${locale}`).click();
        const back = page.locator('[data-step="mode"] .foot button');
        await back.click();
        await look(page, 'first-language', locale, theme, size);
        await part(`language-${locale}`).click();
        await look(page, 'first-mode', locale, theme, size);
        await part('mode-real').click();
        await look(page, 'first-store', locale, theme, size);
      }
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(SIZES[0]);
  await page.goto('about:blank');
  await page.goto(address);
}

async function demoShop() {
  const opened = await openPage();
  const { page, part, says, ask, enterAmount, scan } = opened;
  const shoot = everyWay(opened);
  const escape = () => page.keyboard.press('Escape');
  const charge = async (digits, code, state) => {
    await enterAmount(digits, digits);
    await scan(code);
    await says('stage', 'state', state, 60_000);
  };
  const next = async () => {
    await part('next').click();
    await escape();
    await says('stage', 'state', 'no_amount');
    // A scan this soon after a result is taken for the second half of a double read.
    await page.waitForTimeout(900);
  };
  try {
    if (!only || only.test('first')) await firstStart(opened);
    await opened.setUpDemo();
    await enterAmount('4650', '4650');
    await shoot('ready');
    await part('type-code').click();
    await part('type-code-dialog').waitFor();
    await shoot('type-code');
    await escape();
    await charge('4650', wechatCode(), 'paid').catch(async () => {
      // The amount stands there already.
      await scan(wechatCode());
      await says('stage', 'state', 'paid', 60_000);
    });
    await shoot('paid');
    await next();
    await charge('1230', wechatCode('03'), 'failed');
    await shoot('failed');
    await next();
    await part('clear').click();
    await enterAmount('8800', '8800');
    await part('method-qr').click();
    await shoot('ready-qr');
    await part('show-qr-wechatpay').click();
    await says('stage', 'state', 'showing_qr');
    await shoot('qr');
    await part('cancel-payment').click();
    await says('stage', 'state', 'closed', 60_000);
    await next();
    await part('method-scan').click();
    await part('nav-orders').click();
    await page.locator('[data-testid="order-row"][data-status="paid"]').first().click();
    await part('timeline').waitFor();
    await shoot('orders');
    await part('export').click();
    await part('export-dialog').waitFor();
    await shoot('export');
    await escape();
    await part('refund').click();
    await part('refund-amount').waitFor();
    await shoot('refund');
    await escape();
    await part('receipt').click();
    await part('receipt-frame').waitFor();
    await shoot('receipt');
    await escape();
    await part('nav-refunds').click();
    await part('screen-refunds').waitFor();
    await shoot('refunds');
    await part('nav-reconcile').click();
    await part('no-bill').waitFor();
    await shoot('reconcile-none');
    await part('bill-fetch').click();
    await says('reconcile-day', 'state', 'preview', 60_000);
    await part('difference').first().waitFor();
    await shoot('reconcile');
    await part('lines-all').click();
    await part('bill-row').first().waitFor();
    await shoot('reconcile-lines');
    await part('bill-import').click();
    await says('reconcile-day', 'state', 'kept', 60_000);
    await shoot('reconcile-kept');
    await finance(opened, shoot);
    await part('nav-channels').click();
    await part('demo-accounts').waitFor();
    await shoot('channels-demo');
    await part('nav-settings').click();
    await part('screen-settings').waitFor();
    await shoot('settings');
    await page.keyboard.press('F1');
    await part('help-dialog').waitFor();
    await shoot('help');
    await escape();
    await page.keyboard.press('Control+K');
    await part('palette').waitFor();
    await shoot('palette');
    await escape();
    await part('nav-demo').click();
    await part('open-sheet').click();
    await part('sample-sheet').waitFor();
    await shoot('sample-sheet');
    await escape();
    await ask('sandbox_set_fault', { name: 'reply_lost', on: true });
    await charge('1800', alipayCode(), 'unknown');
    await shoot('unknown');
    await part('nav-demo').click();
    await part('screen-demo').waitFor();
    await shoot('demo');
    await part('nav-orders').click();
    await part('tab-attention').click();
    await part('order-row').first().click();
    await part('order-detail').waitFor();
    await shoot('orders-attention');
    await ask('sandbox_set_fault', { name: 'all', on: false });
    theFaultsOf(opened);
  } finally {
    await opened.close();
  }
}

/** The bank, what came of it, fees, the day that is closed, and charts: once every bill of yesterday is here. */
async function finance({ page, part, ask }, shoot) {
  const answer = async (command, body) => {
    const { ok, value } = await ask(command, body);
    if (!ok) throw new Error(`${command}: ${JSON.stringify(value)}`);
    return value;
  };
  const { day, accounts } = await answer('day_overview', { day: null });
  for (const { account, here } of traded(accounts)) {
    if (here) continue;
    const { preview } = await answer('fetch_bill', { account_id: account.id, day });
    await answer('import_bill', { preview });
  }
  await part('part-bank').click();
  await part('demo-statement').click();
  await page.locator('[data-testid=statement-panel][data-state=preview]').waitFor();
  await shoot('statements-preview');
  await part('statement-import').click();
  await page.locator('[data-testid=statement-panel][data-state=kept]').waitFor();
  await shoot('statements');
  await part('part-payouts').click();
  await part('payout').first().waitFor();
  await shoot('payouts');
  await part('part-fees').click();
  await part('fee-line').first().waitFor();
  await shoot('fees');
  await part('contract-edit').click();
  await part('contract-add').click();
  await shoot('fees-contract');
  await page.keyboard.press('Escape');
  await part('contract-dialog').waitFor({ state: 'detached' });
  await part('part-bills').click();
  await part('nav-close').click();
  await part('work-item').first().waitFor();
  await shoot('close');
  await part('nav-reports').click();
  await page.locator('[data-testid=reports][aria-busy=false]').waitFor();
  await shoot('reports');
  await part('chart-taken-table').click();
  await shoot('reports-table');
  await part('chart-taken-table').click();
}

/** A key or certificate let go over its field. */
async function drop({ page, part }, field, text) {
  const carried = await page.evaluateHandle((content) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([content], 'key.pem'));
    return transfer;
  }, text);
  await part(`field-${field}`).dispatchEvent('drop', {
    dataTransfer: carried,
    bubbles: true,
    cancelable: true,
  });
  await page.locator(`[data-testid="field-${field}"] .kept`).waitFor();
}

async function realShop() {
  const sandbox = await openSandbox();
  const opened = await openPage();
  const { page, part, says } = opened;
  const shoot = everyWay(opened);
  const { alipay, alipay_certificate: certified, wechatpay } = sandbox.merchant;
  const fill = (field, value) => part(`field-${field}`).locator('input').first().fill(value);
  try {
    await opened.setUpReal('a passphrase for pictures');
    await shoot('channel-pick');
    await page.locator('[data-testid="add-wizard"] a').click();
    await part('no-accounts').waitFor();
    await shoot('channels-empty');
    await part('account-add').click();
    await part('kind-sandbox').check();
    await part('pick-alipay').click();
    await part('gateway').fill(`${sandbox.address}/gateway.do`);
    await fill('app_id', certified.app_id);
    await drop(opened, 'private_key', certified.app_private_key_pem);
    await part('way-certificates').check();
    await drop(opened, 'app_cert', certified.app_certificate_pem);
    await drop(opened, 'alipay_cert', certified.alipay_certificate_pem);
    await drop(opened, 'alipay_root_cert', alipay.gateway_public_key_pem);
    await part('field-app_id').scrollIntoViewIfNeeded();
    await page.evaluate(() => document.querySelector('main').scrollTo(0, 0));
    await shoot('channel-fields');
    await page.evaluate(() => document.querySelector('main').scrollTo(0, 1e6));
    await shoot('channel-fields-end');
    await part('field-alipay_root_cert').getByRole('button').first().click();
    await drop(opened, 'alipay_root_cert', certified.alipay_root_certificate_pem);
    await part('wizard-test').click();
    await part('test-sum').waitFor({ timeout: 60_000 });
    await shoot('channel-test');
    await part('account-rate').fill('0.6');
    await part('wizard-add').click();
    await part('wizard-added').waitFor({ timeout: 60_000 });
    await shoot('channel-added');
    await part('wizard-close').click();
    await part('account-add').click();
    await part('kind-sandbox').check();
    await part('pick-wechatpay').click();
    await part('gateway').fill(sandbox.address);
    await fill('appid', wechatpay.appid);
    await fill('mchid', wechatpay.mchid);
    await fill('merchant_serial', '0'.repeat(40));
    await drop(opened, 'private_key', wechatpay.merchant_private_key_pem);
    await fill('apiv3_key', wechatpay.apiv3_key);
    await part('way-certificates').check();
    await drop(opened, 'platform_certificates', wechatpay.platform_certificate_pem);
    await part('wizard-test').click();
    await part('test-sum').waitFor({ timeout: 60_000 });
    await shoot('channel-test-red');
    await part('account-label').fill('街角店 微信');
    await part('wizard-add').click();
    await part('wizard-added').waitFor({ timeout: 60_000 });
    await part('wizard-close').click();
    await part('account-test').first().waitFor();
    await shoot('channels');
    await part('account-edit').last().click();
    await part('edit-account').waitFor();
    await shoot('channel-edit');
    await page.keyboard.press('Escape');
    await part('account-key').first().click();
    await part('key-dialog').waitFor();
    await shoot('channel-key');
    await page.keyboard.press('Escape');
    // A second key beside the first, the test of an account that is red, and a pause.
    const { privateKey, publicKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const asked = { channel: 'wechatpay', public_key: publicKey };
    const issued = await sandbox.control('merchant-key', asked);
    await part('account-key').last().click();
    await part('key-dialog').waitFor();
    await fill('merchant_serial', issued.serial);
    await drop(opened, 'private_key', privateKey);
    await drop(opened, 'merchant_certificate', issued.certificate_pem);
    await part('key-keep').click();
    await part('key-activate').waitFor();
    await page.evaluate(() => document.querySelector('main').scrollTo(0, 1e6));
    await shoot('channel-keys');
    await part('account-test').last().click();
    await part('mend-signature').waitFor({ timeout: 60_000 });
    await part('account-pause').last().click();
    await part('account-paused').waitFor();
    await page.evaluate(() => document.querySelector('main').scrollTo(0, 1e6));
    await shoot('channel-paused');
    await page.evaluate(() => document.querySelector('main').scrollTo(0, 0));
    await part('account-remove').first().click();
    await part('remove-account').waitFor();
    await shoot('channel-remove');
    await page.keyboard.press('Escape');
    await part('lock-keys').click();
    await says('keys-banner', 'state', 'locked');
    await shoot('channels-locked');
    await part('nav-pay').click();
    await shoot('pay-locked');
    theFaultsOf(opened);
  } finally {
    await opened.close();
    await sandbox.close();
  }
}

await realShop();
await demoShop();
console.log(`${taken} pictures in ${folder}, ${faults.length} faults`);
for (const fault of faults) console.log(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
