// A real account in the real window, its keys in the real keyring of the desktop: added by hand, read back by another
// program, used after a restart; then the keyring is locked, missing, silent. The channel is a sandbox on loopback.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { alipayCode } from '../lib/codes.mjs';
import {
  lockedKeyring,
  lookUp,
  needKeyring,
  noKeyring,
  openKeyring,
  prompt,
  silentKeyring,
  unlock,
} from '../lib/keyring.mjs';
import { ownFolder } from '../lib/place.mjs';
import { until } from '../lib/processes.mjs';
import { openSandbox } from '../lib/sandbox.mjs';
import { openWindow } from '../lib/window.mjs';

const AMBER_WITHIN_MS = 15_000;
const DECIDED_WITHIN_MS = 30_000;
const PASSPHRASE = 'a passphrase for tests';

const folder = ownFolder();
let sandbox;
let window;
let account;
let doubted;

before(async () => {
  needKeyring();
  sandbox = await openSandbox();
});

after(async () => {
  await window?.close();
  await sandbox?.close();
  folder.remove();
});

async function open(session) {
  window = await openWindow({ folder, session: session(folder) });
  await window.element('[data-testid="screen-pay"]');
}

/** Closes it as a person does, and waits until it is gone. */
async function quit() {
  const pid = window.pid();
  const own = await until('the window on the screen', () => window.screen.windowsOf(pid)[0]);
  window.screen.askToClose(own);
  await window.ended(pid);
  window = undefined;
}

/** Copies a text in another program and pastes it where a click put the focus. */
async function paste(selector, text) {
  await window.clickElement(await window.element(selector));
  const clip = window.screen.copy(text);
  try {
    await until('the clipboard', () => window.screen.pasted() === text);
    window.screen.press('ctrl+a', 'ctrl+v');
    await until(`${selector} to take it`, () =>
      window.script(
        `const it = document.querySelector(arguments[0]);
         return it === null || it.value.trim() === arguments[1].trim();`,
        selector, text,
      ));
  } finally {
    await clip.end();
  }
}

async function enterAmount(text, minor) {
  await window.click('nav-pay');
  await window.data('stage', 'state', 'no_amount');
  window.screen.typeSlowly(text);
  await window.data('amount', 'minor', minor);
  await window.data('stage', 'state', 'ready');
}

/** A busy machine can hold one key of a scan back; then the till refuses the broken code, and it is scanned again. */
async function scan(states) {
  for (let attempt = 1; ; attempt += 1) {
    window.screen.scan(alipayCode());
    const state = await window.data('stage', 'state', [states, 'refused'].flat(), AMBER_WITHIN_MS);
    if (state !== 'refused' || attempt === 3) return state;
    await window.click('scan-again');
  }
}

const statusOf = async (order) => {
  const { value } = await window.ask('order_detail', { order_id: order });
  return value?.row.status;
};

const shown = () => window.script('return document.body.innerText');

test('the first account of a shop is added by clicks, and its keys are in the keyring', async () => {
  window = await openWindow({ folder, session: openKeyring(folder) });
  await window.element('[data-testid="first-run"]');
  await window.click('language-zh-CN');
  await window.click('mode-real');
  await window.type('first-store-name', 'Corner shop');
  await window.click('first-finish');
  await window.element('[data-testid="add-wizard"]');
  window.screen.shoot('accounts-wizard');

  const { alipay } = sandbox.merchant;
  await window.click('kind-sandbox');
  await window.click('pick-alipay');
  await paste('[data-testid="gateway"]', `${sandbox.address}/gateway.do`);
  await paste('#field-app_id', alipay.app_id);
  await paste('#field-private_key', alipay.app_private_key_pem);
  await window.data('field-private_key', 'form', 'pkcs8');
  await paste('#field-alipay_public_key', alipay.gateway_public_key_pem);
  await window.data('field-alipay_public_key', 'form', 'spki');
  window.screen.shoot('accounts-fields');
  await window.click('wizard-test');
  await window.element('[data-testid="test-sum"].ok', DECIDED_WITHIN_MS);
  window.screen.shoot('accounts-test');
  await window.click('wizard-add');
  await window.element('[data-testid="wizard-added"]', DECIDED_WITHIN_MS);
  await window.click('wizard-close');
  await window.element('[data-testid="kept-in"]');
  window.screen.shoot('accounts-list');

  const { value } = await window.ask('list_accounts');
  account = value.accounts[0].id;
  assert.equal(value.keys.kept_in, 'keyring');
  assert.match(lookUp(window, account), /^paydesk1 /, 'another program reads the item back');
});

test('after a restart it takes a payment', async () => {
  await quit();
  await open(openKeyring);
  await enterAmount('12.50', '1250');
  assert.equal(await scan('paid'), 'paid');
  window.screen.shoot('accounts-paid');
  await window.click('next');
});

test('the keyring is locked at the start: the doubt is listed and waits for the unlocking', async () => {
  await sandbox.control('faults', { name: 'reply_lost', on: true });
  await enterAmount('18.00', '1800');
  assert.equal(await scan('unknown'), 'unknown');
  doubted = await window.script(
    `return document.querySelector('[data-testid="stage"]').dataset.order`,
  );
  await window.kill();
  await sandbox.control('faults', { name: 'reply_lost', on: false });

  await open(lockedKeyring);
  // The system asks for its password by itself; meanwhile the window is there, and says what is the matter.
  await prompt(window);
  await window.data('strip', 'kind', 'keys');
  await window.data('health', 'state', 'keys');
  window.screen.shoot('accounts-prompt');
  await window.click('nav-orders');
  await window.element(`[data-order="${doubted}"]`);
  window.screen.press('Escape');
  await window.click('health');
  await window.data('keys-banner', 'state', 'locked', DECIDED_WITHIN_MS);
  const said = await window.element('[data-testid="keys-waiting"]');
  assert.ok(said);
  assert.match(await shown(), /解锁/);
  window.screen.shoot('accounts-locked');
  assert.notEqual(await statusOf(doubted), 'paid', 'nothing was sent without keys');
});

test('unlocked by the system’s own dialog, the doubt resolves by itself', async () => {
  await window.click('unlock');
  await unlock(window);
  await until('no banner', () =>
    window.script(`return document.querySelector('[data-testid="keys-banner"]') === null`));
  await until('a decided order', async () => (await statusOf(doubted)) === 'paid', DECIDED_WITHIN_MS);
  await window.data('strip', 'kind', 'sandbox');
  await enterAmount('7.00', '700');
  assert.equal(await scan('paid'), 'paid');
  await window.click('next');
  await quit();
});

test('no keyring service any more: it is said, everything is still there, and nothing is sent', async () => {
  await open(noKeyring);
  await window.data('strip', 'kind', 'keys');
  await window.click('strip-unlock');
  await window.data('keys-banner', 'state', 'no_keyring');
  window.screen.shoot('accounts-no-keyring');
  await window.click('unlock');
  await window.element('[data-testid="keys-banner"] [data-code="keyring_missing"]', DECIDED_WITHIN_MS);
  await window.click('nav-orders');
  await window.element(`[data-order="${doubted}"]`);
  await quit();
});

test('a keyring that never answers leaves the window usable, and is said', async () => {
  await open(silentKeyring);
  await window.data('strip', 'kind', 'keys');
  await window.click('nav-orders');
  await window.element(`[data-order="${doubted}"]`);
  await window.click('nav-channels');
  await window.data('keys-banner', 'state', 'hanging', DECIDED_WITHIN_MS);
  window.screen.shoot('accounts-silent');
  // Trying again waits for it, and the window does not wait with it.
  await window.click('unlock');
  await window.click('nav-orders');
  await window.element(`[data-order="${doubted}"]`);
  await window.click('nav-channels');
  await window.data('keys-banner', 'state', 'hanging', DECIDED_WITHIN_MS);
  await quit();
});

test('a new shop without a keyring is offered a file sealed with a passphrase', async () => {
  const other = ownFolder();
  window = await openWindow({ folder: other, session: noKeyring(other) });
  await window.element('[data-testid="first-run"]');
  await window.click('language-zh-CN');
  await window.click('mode-real');
  await window.type('first-store-name', 'Corner shop');
  await window.click('first-finish');
  await window.element('[data-testid="first-passphrase"]');
  window.screen.shoot('accounts-first-passphrase');
  await window.type('first-passphrase', PASSPHRASE);
  await window.type('first-passphrase-again', PASSPHRASE);
  await window.click('first-finish');
  await window.element('[data-testid="add-wizard"]');
  const { value } = await window.ask('keys_status');
  assert.deepEqual([value.state, value.kept_in], ['open', 'sealed']);
  await quit();
  other.remove();
});
