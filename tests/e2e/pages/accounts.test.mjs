// Accounts over their years: a key is changed without a pause, two accounts of one channel take turns, and every red
// line of the connection test leads to what mends it. A real folder, its channels played by a sandbox.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, afterEach, before, test } from "node:test";

import { openPage } from "../lib/browser.mjs";
import { alipayCode, wechatCode } from "../lib/codes.mjs";
import { openSandbox } from "../lib/sandbox.mjs";
import { wizard } from "../lib/wizard.mjs";
import { looks } from "./axe.mjs";

const PASSPHRASE = "a passphrase for tests";

let shop;
let sandbox;
let form;
const look = looks();

before(async () => {
  sandbox = await openSandbox();
  shop = await openPage();
  form = wizard(shop);
  await shop.setUpReal(PASSPHRASE);
});

after(async () => {
  await shop?.close();
  await sandbox?.close();
});

afterEach(look.verdict);

const isClean = (name) => look.at(shop.page, name, { fullPage: true });

/** A key as a merchant makes it: the private half stays here, the public one goes to the channel's console. */
function newKey() {
  return generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
}

/** The card of the account with this name. */
const card = (label) =>
  shop.page
    .locator("article")
    .filter({
      has: shop.page.getByRole("heading", { name: label, exact: true }),
    });
const within = (label, id) => card(label).getByTestId(id);
/** The one key of an account that stands there. */
const key = (label, state) =>
  card(label).locator(`li[data-testid^="key-"][data-state="${state}"]`);
const print = (it) => it.locator(".print").textContent();

/** Takes a payment and gives what the channel wrote down about it. */
async function pay(digits, code) {
  await shop.enterAmount(digits, digits);
  await shop.scan(code);
  await shop.says("stage", "state", "paid", 60_000);
  await shop.part("next").click();
  const { trades } = await sandbox.control("ledger");
  return trades.find((trade) => trade.code === code);
}

async function toChannels() {
  await shop.part("nav-channels").click();
  await shop.part("kept-in").waitFor();
}

async function toWizard(channel, gateway) {
  await toChannels();
  await shop.part("account-add").click();
  await form.pick(channel, gateway);
}

test("a certificate’s key is changed: both stand side by side, and payments go on", async () => {
  const { wechatpay } = sandbox.merchant;
  await form.pick("wechatpay", sandbox.address);
  await form.fill({
    appid: wechatpay.appid,
    mchid: wechatpay.mchid,
    merchant_serial: wechatpay.merchant_serial,
    private_key: wechatpay.merchant_private_key_pem,
    merchant_certificate: wechatpay.merchant_certificate_pem,
    apiv3_key: wechatpay.apiv3_key,
    public_key_id: wechatpay.public_key_id,
    public_key: wechatpay.public_key_pem,
  });
  await form.test();
  await form.keep("微信");
  const first = await print(key("微信", "active"));

  const { privateKey, publicKey } = newKey();
  const issued = await sandbox.control("merchant-key", {
    channel: "wechatpay",
    public_key: publicKey,
  });
  await within("微信", "account-key").click();
  await form.fill({
    merchant_serial: issued.serial,
    private_key: privateKey,
    merchant_certificate: issued.certificate_pem,
  });
  await shop.part("key-keep").click();
  await key("微信", "waiting").waitFor();
  await form.showsNothingOf(privateKey);
  const second = await print(key("微信", "waiting"));
  assert.notEqual(second, first);
  assert.equal(await print(key("微信", "active")), first);
  assert.match(
    await key("微信", "active").textContent(),
    /使用中.*正在签名.*2049年/s,
  );
  assert.match(
    await key("微信", "waiting").textContent(),
    /待启用.*还没有使用.*2048年/s,
  );
  await isClean("keys-side-by-side");

  await key("微信", "waiting").getByTestId("key-test").click();
  const sum = key("微信", "waiting").getByTestId("test-sum");
  await sum.waitFor({ timeout: 60_000 });
  assert.match(await sum.textContent(), /全部通过/);
  await isClean("key-tested");
  assert.equal((await pay("210", wechatCode())).total, 210);

  await toChannels();
  await within("微信", "key-activate").click();
  await key("微信", "old").waitFor();
  assert.equal(await print(key("微信", "active")), second);
  assert.equal(await print(key("微信", "old")), first);
  assert.match(await key("微信", "old").textContent(), /不再签名/);
  await isClean("key-activated");
  assert.equal((await pay("220", wechatCode())).total, 220);

  await toChannels();
  await within("微信", "key-retire").click();
  await key("微信", "old").waitFor({ state: "detached" });
  assert.equal(await print(key("微信", "active")), second);
  assert.equal((await pay("230", wechatCode())).total, 230);
});

test("a key the channel does not know yet is red, then green, and pays once it is used", async () => {
  const { alipay } = sandbox.merchant;
  await toWizard("alipay", `${sandbox.address}/gateway.do`);
  await form.fill({
    app_id: alipay.app_id,
    private_key: alipay.app_private_key_pem,
    alipay_public_key: alipay.gateway_public_key_pem,
    store_id: "ONE",
  });
  await form.test();
  await form.keep("一楼");
  const { privateKey, publicKey } = newKey();
  await within("一楼", "account-key").click();
  await form.fill({ private_key: privateKey });
  await shop.part("key-keep").click();
  await key("一楼", "waiting").getByTestId("key-test").click();
  await key("一楼", "waiting")
    .locator('[data-testid="line-signature"][data-state="failed"]')
    .waitFor();
  await isClean("key-tested-red");
  // The channel has one key at a time: from here on only the new one is believed.
  await sandbox.control("merchant-key", {
    channel: "alipay",
    public_key: publicKey,
  });
  await key("一楼", "waiting").getByTestId("key-test").click();
  await key("一楼", "waiting")
    .locator('[data-testid="line-signature"][data-state="ok"]')
    .waitFor();
  await within("一楼", "key-activate").click();
  await key("一楼", "old").waitFor();
  assert.equal((await pay("310", alipayCode())).origin.store_id, "ONE");
  await toChannels();
  await within("一楼", "key-retire").click();
  await key("一楼", "old").waitFor({ state: "detached" });
});

test("of two accounts of one channel, the one that was chosen takes the payments", async () => {
  const { alipay_certificate: certificate } = sandbox.merchant;
  await toWizard("alipay", `${sandbox.address}/gateway.do`);
  await shop.part("way-certificates").check();
  await form.fill({
    app_id: certificate.app_id,
    private_key: certificate.app_private_key_pem,
    app_cert: certificate.app_certificate_pem,
    alipay_cert: certificate.alipay_certificate_pem,
    alipay_root_cert: certificate.alipay_root_certificate_pem,
    store_id: "TWO",
  });
  await form.test();
  await form.keep("二楼");
  await within("一楼", "account-charges").waitFor();
  assert.equal(await within("二楼", "account-charges").count(), 0);
  await isClean("two-accounts");
  assert.equal((await pay("410", alipayCode())).origin.store_id, "ONE");

  await toChannels();
  await within("二楼", "account-default").click();
  await within("二楼", "account-charges").waitFor();
  await within("一楼", "account-default").waitFor();
  assert.equal((await pay("420", alipayCode())).origin.store_id, "TWO");

  // An order says which one took it, and so does the page that compares their bills.
  await shop.part("nav-orders").click();
  for (const [row, label] of [
    [0, "二楼"],
    [1, "一楼"],
  ]) {
    await shop.page.getByTestId("order-row").nth(row).click();
    await shop.page
      .getByTestId("detail-account")
      .filter({ hasText: label })
      .waitFor();
  }
  await isClean("order-of-an-account");
  await shop.part("nav-reconcile").click();
  await shop.page.getByRole("tab", { name: "支付宝 · 一楼" }).waitFor();
  await shop.page.getByRole("tab", { name: "支付宝 · 二楼" }).waitFor();
});

test("a paused account takes no payments; the other does, and none is said", async () => {
  await toChannels();
  await within("二楼", "account-pause").click();
  await within("二楼", "account-paused").waitFor();
  await within("一楼", "account-charges").waitFor();
  await isClean("account-paused");
  assert.equal((await pay("510", alipayCode())).origin.store_id, "ONE");

  await toChannels();
  for (const label of ["一楼", "微信"]) {
    await within(label, "account-pause").click();
    await within(label, "account-paused").waitFor();
  }
  await shop.says("health", "state", "none");
  await isClean("accounts-all-paused");
  await shop.part("health").click();
  await within("二楼", "account-pause").click();
  await within("二楼", "account-charges").waitFor();
  await shop.says("health", "state", "ok");
  assert.equal((await pay("520", alipayCode())).origin.store_id, "TWO");
});

/** Tests the form as it is, and gives the first line that is red. */
async function firstRed() {
  await form.test();
  return shop.page
    .locator('[data-testid^="line-"][data-state="failed"]')
    .first()
    .getAttribute("data-testid");
}

test("every red line of the test has a way on", async () => {
  const { wechatpay } = sandbox.merchant;
  const other = newKey();
  const right = {
    appid: wechatpay.appid,
    mchid: wechatpay.mchid,
    merchant_serial: wechatpay.merchant_serial,
    private_key: wechatpay.merchant_private_key_pem,
    apiv3_key: wechatpay.apiv3_key,
    public_key_id: wechatpay.public_key_id,
    public_key: wechatpay.public_key_pem,
  };
  await toWizard("wechatpay", sandbox.address);
  await form.fill(right);

  /** Makes one field wrong, sees its line red, follows its way on, and puts the field right again. */
  async function mends(line, name, wrong) {
    const isKey = wrong.includes("-----BEGIN");
    if (isKey) await form.field(name).getByRole("button").first().click();
    await form.fill({ [name]: wrong });
    assert.equal(await firstRed(), `line-${line}`);
    await isClean(`red-${line}-${name}`);
    await shop.page
      .locator(`[data-testid="mend-${line}"][data-field="${name}"]`)
      .click();
    await form
      .field(name)
      .locator(isKey ? "button:focus" : "input:focus")
      .waitFor();
    await form.showsNothingOf(right.private_key);
    if (isKey) await form.field(name).getByRole("button").first().click();
    await form.fill({ [name]: right[name] });
  }
  await mends(
    "signature",
    "merchant_serial",
    "0123456789ABCDEF0123456789ABCDEF01234567",
  );
  await mends("signature", "private_key", other.privateKey);
  await mends("answer", "public_key", other.publicKey);
  await mends("binding", "appid", "wx0123456789abcdef");

  await shop.part("gateway").fill("http://127.0.0.1:9");
  assert.equal(await firstRed(), "line-reach");
  await shop.part("mend-reach").click();
  await shop.page.locator("#gateway:focus").waitFor();
  await shop.part("gateway").fill(sandbox.address);

  // What is mended at the channel itself is tried again from its line.
  await sandbox.control("faults", { name: "bill_not_allowed", on: true });
  assert.equal(await firstRed(), "line-bill");
  await isClean("red-bill");
  await sandbox.control("faults", { name: "bill_not_allowed", on: false });
  await shop.part("mend-bill").click();
  await shop.says("line-bill", "state", "ok", 60_000);
});

test("a red line of a kept account leads to where its field can be changed", async () => {
  const { wechatpay } = sandbox.merchant;
  await shop.part("account-label").waitFor();
  await toChannels();
  await within("微信", "account-edit").click();
  await form.fill({ public_key: newKey().publicKey });
  await shop.part("edit-save").click();
  await shop.part("edit-account").waitFor({ state: "detached" });
  await within("微信", "account-test").click();
  await shop.says("line-answer", "state", "failed", 60_000);
  await isClean("account-tested-red");
  await shop.part("mend-answer").click();
  await shop.part("edit-account").waitFor();
  await form.field("public_key").locator("textarea:focus").waitFor();
  await form.fill({ public_key: wechatpay.public_key_pem });
  await shop.part("edit-save").click();
  await shop.part("edit-account").waitFor({ state: "detached" });
  await within("微信", "account-test").click();
  await shop.says("line-answer", "state", "ok", 60_000);
});

test("the page itself had no fault on the way", () => {
  assert.deepEqual(shop.faults, []);
});
