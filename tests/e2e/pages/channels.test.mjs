// The accounts of a real shop over the real console: from the first start to a payment at a sandbox, by hand and by
// file, wrong keys and right ones, a vault that is locked and opened again.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { openPage } from '../lib/browser.mjs';
import { alipayCode } from '../lib/codes.mjs';
import { openSandbox } from '../lib/sandbox.mjs';
import { wizard } from '../lib/wizard.mjs';
import { looks } from './axe.mjs';

const PASSPHRASE = 'a passphrase for tests';

let shop;
let sandbox;
let form;
const look = looks();

before(async () => {
  sandbox = await openSandbox();
  shop = await openPage();
  form = wizard(shop);
});

after(async () => {
  await shop?.close();
  await sandbox?.close();
});

afterEach(look.verdict);

const isClean = (name) => look.at(shop.page, name);

test('the first start of a real shop leads to its first account', async () => {
  await shop.setUpReal(PASSPHRASE);
  await isClean('wizard-channel');
  await shop.page.getByRole('link', { name: '取消' }).click();
  await shop.part('no-accounts').waitFor();
  await isClean('channels-empty');
  await shop.part('account-add').click();
});

test('what is pasted or dropped is told at once', async () => {
  const { alipay } = sandbox.merchant;
  await shop.part('kind-sandbox').check();
  await shop.part('pick-alipay').click();
  await shop.part('gateway').fill(`${sandbox.address}/gateway.do`);
  await form.field('app_id').locator('input').fill(alipay.app_id);
  // The wrong way round: the public key where the private one is asked for.
  await form.paste('private_key', alipay.gateway_public_key_pem);
  await form.is('private_key', 'problem', 'check_public_where_private');
  await isClean('wizard-wrong-field');
  await form.field('private_key').getByRole('button').click();
  await form.drop('private_key', alipay.app_private_key_pem);
  await form.is('private_key', 'problem', '');
  await form.is('private_key', 'form', 'pkcs8');
  await form.showsNothingOf(alipay.app_private_key_pem);
  await shop.part('wizard-test').click();
  await form.is('alipay_public_key', 'problem', 'check_missing');
  // The first wrong field has the focus.
  await form.field('alipay_public_key').locator('textarea:focus').waitFor();
  await form.paste('alipay_public_key', alipay.gateway_public_key_pem);
  await form.is('alipay_public_key', 'form', 'spki');
  await isClean('wizard-fields');
});

test('the connection is tested line by line, and the account is kept', async () => {
  await shop.part('wizard-test').click();
  await shop.part('test-sum').waitFor({ timeout: 60_000 });
  await shop.says('line-signature', 'state', 'ok');
  await shop.says('line-answer', 'state', 'ok');
  await isClean('wizard-test');
  await shop.part('account-rate').fill('0.6');
  await shop.part('wizard-add').click();
  await shop.part('wizard-added').waitFor({ timeout: 60_000 });
  await isClean('wizard-done');
  await shop.part('wizard-close').click();
  const card = shop.page.locator('[data-testid^="account-"][data-state="ready"]');
  await card.waitFor();
  await isClean('channels');
  await form.showsNothingOf(sandbox.merchant.alipay.app_private_key_pem);
});

test('a payment goes to it', async () => {
  await shop.enterAmount('1', '1');
  await shop.scan(alipayCode());
  await shop.says('stage', 'state', 'paid', 60_000);
  await shop.part('next').click();
});

test('its name and its key are changed, and the old key is removed', async () => {
  await shop.part('nav-channels').click();
  await shop.part('account-edit').click();
  await shop.part('edit-account').waitFor();
  await isClean('channels-edit');
  await shop.part('edit-label').fill('街角店 支付宝');
  await shop.part('edit-save').click();
  await shop.page.getByRole('heading', { name: '街角店 支付宝' }).waitFor();
  await shop.part('account-key').click();
  await shop.part('key-dialog').waitFor();
  await isClean('channels-key');
  // The same key again is no new one.
  await form.paste('private_key', sandbox.merchant.alipay.app_private_key_pem);
  await form.is('private_key', 'form', 'pkcs8');
  await shop.part('key-keep').click();
  await shop.page.locator('[data-testid="key-dialog"] [data-code="key_known"]').waitFor();
  await shop.page.keyboard.press('Escape');
});

test('locked keys are told on every screen and opened by the passphrase alone', async () => {
  await shop.part('lock-keys').click();
  await shop.says('keys-banner', 'state', 'locked');
  await shop.says('strip', 'kind', 'keys');
  // The top bar says so too, and leads to where they are unlocked.
  await shop.says('health', 'state', 'keys');
  assert.match(await shop.part('health').textContent(), /密钥已锁定/);
  await shop.part('nav-pay').click();
  await isClean('pay-locked');
  await shop.part('health').click();
  await shop.says('keys-banner', 'state', 'locked');
  await isClean('channels-locked');
  await shop.part('passphrase').fill('not this one');
  await shop.part('unlock').click();
  await shop.page.locator('[data-testid="keys-banner"] [data-code="passphrase_wrong"]').waitFor();
  await isClean('channels-wrong-passphrase');
  await shop.page.waitForFunction(
    () => document.querySelector('[data-testid="keys-banner"] .foot .hint') === null,
    undefined,
    { timeout: 60_000 },
  );
  await shop.part('passphrase').fill(PASSPHRASE);
  await shop.part('unlock').click();
  await shop.part('keys-banner').waitFor({ state: 'detached' });
  await shop.says('health', 'state', 'ok');
  // What is left to say on every screen is that the account is a sandbox's.
  await shop.says('strip', 'kind', 'sandbox');
});

test('a tested account that the channel refuses is told red, with the channel’s words', async () => {
  const { wechatpay } = sandbox.merchant;
  await shop.part('account-add').click();
  await shop.part('kind-sandbox').check();
  await shop.part('pick-wechatpay').click();
  await shop.part('gateway').fill(sandbox.address);
  await form.field('appid').locator('input').fill(wechatpay.appid);
  await form.field('mchid').locator('input').fill(wechatpay.mchid);
  await form.field('merchant_serial').locator('input').fill('0'.repeat(40));
  await form.paste('private_key', wechatpay.merchant_private_key_pem);
  await form.field('apiv3_key').locator('input').fill(wechatpay.apiv3_key);
  await shop.part('way-certificates').check();
  await form.paste('platform_certificates', wechatpay.platform_certificate_pem);
  await form.is('platform_certificates', 'form', 'x509');
  await isClean('wizard-wechatpay');
  await shop.part('wizard-test').click();
  await shop.says('line-signature', 'state', 'failed', 60_000);
  await isClean('wizard-test-red');
  const said = await shop.part('line-signature').textContent();
  assert.match(said, /SIGN_ERROR/);
  assert.match(said, /证书序列号/);
  // The way on leads to the field that is wrong.
  await shop.page.locator('[data-testid="mend-signature"][data-field="merchant_serial"]').click();
  await form.field('merchant_serial').locator('input:focus').waitFor();
});

test('removing asks first', async () => {
  await shop.part('nav-channels').click();
  await shop.part('account-remove').click();
  await shop.part('remove-account').waitFor();
  await isClean('channels-remove');
  await shop.part('remove-confirm').click();
  await shop.part('no-accounts').waitFor();
});

test('the page itself had no fault on the way', () => {
  assert.deepEqual(shop.faults, []);
});
