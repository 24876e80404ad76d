// A card at the reader: which reader stands here, what its customer does, a reader that is not there, and money back.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { openPage } from "../lib/browser.mjs";
import { until } from "../lib/processes.mjs";
import { looks } from "./axe.mjs";

let shop;
const look = looks();

before(async () => {
  shop = await openPage();
  await shop.setUpDemo();
});

after(() => shop?.close());

afterEach(look.verdict);

const isClean = (name) => look.at(shop.page, name);
const stage = (state, timeout = 30_000) =>
  shop.page
    .locator(`[data-testid=stage][data-state=${state}]`)
    .waitFor({ timeout });
const order = () => shop.part("stage").getAttribute("data-order");
const serve = (act) => shop.answer("sandbox_reader", { act });

async function to(hash) {
  await shop.page.evaluate((hash) => (location.hash = hash), hash);
}

/** The amount stands, and the reader is the way to pay. */
async function ready(digits) {
  await to("#/pay");
  await shop.page.keyboard.press("Escape");
  await shop.enterAmount(digits, digits);
  await shop.part("method-reader").click();
  await stage("ready_reader");
}

/** The reader waits for a card; the order. */
async function waiting(digits) {
  await ready(digits);
  await shop.part("use-reader-stripe").click();
  await stage("at_reader");
  return order();
}

let paid;

test("a card at the reader is waited for, put down in the demo, and paid", async () => {
  await ready("4650");
  await isClean("reader-ready");
  await shop.part("use-reader-stripe").click();
  await stage("at_reader");
  paid = await order();
  assert.equal(await shop.part("stage-reader").innerText(), "Counter");
  await isClean("reader-waits");
  await to("#/demo");
  await shop.says("demo-reader", "state", "waiting");
  assert.match(await shop.part("reader-screen").innerText(), /46\.50/);
  await isClean("reader-demo");
  await shop.part("reader-tap").click();
  await shop.says("demo-reader", "state", "approved");
  await to("#/pay");
  await stage("paid");
  await isClean("reader-paid");
});

test("the order says which way it went, and its money goes back to the card", async () => {
  await to(`#/orders/${paid}`);
  await shop.says("order-detail", "status", "paid");
  await shop.says("detail-way", "way", "reader");
  assert.match(await shop.part("order-detail").innerText(), /visa \*{4} 4242/);
  await isClean("reader-order");
  await shop.part("refund").click();
  await shop.part("refund-full").click();
  await shop.part("reason-goods_returned").check();
  await shop.part("refund-confirm").click();
  await until(
    "the money to be back",
    async () => {
      const { row } = await shop.answer("order_detail", { order_id: paid });
      return row.status === "refunded";
    },
    60_000,
  );
  const { html } = await shop.answer("receipt", {
    order_id: paid,
    refund_id: null,
    action: "preview",
  });
  assert.match(html, /Stripe · 刷卡机/);
});

test("a card that its bank refuses charges nothing, and the next card is taken", async () => {
  const refused = await waiting("2001");
  await serve("decline");
  await stage("failed");
  await isClean("reader-declined");
  await shop.part("scan-again").click();
  await stage("ready_reader");
  await shop.page.keyboard.press("Enter");
  await stage("at_reader");
  assert.notEqual(await order(), refused, "another card is another payment");
  await serve("tap");
  await stage("paid");
});

test("a customer who cancels at the reader is told as that", async () => {
  await waiting("2002");
  await serve("leave");
  await stage("failed");
});

test("the cashier gives up, and the reader is free", async () => {
  await waiting("2003");
  await shop.part("cancel-payment").click();
  await stage("closed");
  assert.equal((await serve("tap")).state, "idle", "no card is taken any more");
});

test("in English and dark, a reader that is offline takes nothing and says so", async () => {
  await shop.answer("change_settings", { locale: "en", theme: "dark" });
  await serve("switch_off");
  await ready("2004");
  await isClean("reader-ready-en-dark");
  await shop.part("use-reader-stripe").click();
  await stage("failed");
  assert.match(
    await shop.part("stage").innerText(),
    /reader is offline; no money moved/,
  );
  await isClean("reader-offline-en-dark");
  await serve("switch_on");
  await waiting("2005");
  await isClean("reader-waits-en-dark");
  await serve("tap");
  await stage("paid");
});

test("the reader of the till is chosen from the channel’s list", async () => {
  await to("#/channels");
  const card = shop.part("account-demo-stripe");
  await card.getByTestId("account-readers").click();
  await shop.part("reader-dialog").waitFor();
  await shop.part("reader-forget").waitFor();
  await isClean("reader-dialog-en-dark");
  await shop.part("reader-forget").click();
  await shop.part("reader-dialog").waitFor({ state: "detached" });
  await card.getByTestId("account-reader").getByText("None chosen").waitFor();
  await to("#/pay");
  await shop.page.keyboard.press("Escape");
  await shop.enterAmount("2006", "2006");
  await shop.page.keyboard.press("Control+d");
  await stage("ready_reader");
  await isClean("reader-none-en-dark");
  const bare = await shop.ask("use_reader", {
    intent_id: "00000000-0000-4000-8000-000000000001",
    amount_minor: "2006",
    channel: "stripe",
    note: "",
    confirmed_repeat_of: null,
  });
  assert.equal(bare.value.code, "reader_not_chosen");
  await shop.part("choose-reader-stripe").click();
  await shop.part("reader-dialog").locator("input[type=radio]").first().check();
  await shop.part("reader-keep").click();
  await shop.part("use-reader-stripe").click();
  await stage("at_reader");
  await serve("tap");
  await stage("paid");
});
