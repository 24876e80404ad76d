// Several currencies at one till: chosen in the settings, asked for at the till, and each by itself afterwards.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { openPage } from "../lib/browser.mjs";
import { looks } from "./axe.mjs";

let shop;
const look = looks();

before(async () => {
  shop = await openPage();
  await shop.setUpDemo();
});

after(() => shop?.close());

afterEach(look.verdict);

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const to = (hash) => shop.page.evaluate((hash) => (location.hash = hash), hash);
const type = async (keys) => {
  for (const key of keys)
    await shop.page.keyboard.press(key).then(() => pause(130));
};

/** Takes an amount by a shown code at Stripe, and pays it on the customer's phone. */
async function takeAtStripe(keys) {
  await type(keys);
  await shop.page.keyboard.press("F6");
  await shop.part("show-qr-stripe").click();
  const qr = await shop.page
    .locator("[data-testid=stage][data-state=showing_qr]")
    .waitFor()
    .then(() =>
      shop.page.evaluate(
        () => document.querySelector("[data-testid=stage]").dataset.order,
      ),
    )
    .then((order_id) => shop.answer("payment_view", { order_id }));
  await shop.answer("sandbox_phone", { qr: qr.qr.text, act: "pay" });
  await shop.page
    .locator("[data-testid=stage][data-state=paid]")
    .waitFor({ timeout: 30_000 });
}

test("currencies are added in the settings, and one is taken off again", async () => {
  await to("#/settings");
  for (const code of ["USD", "JPY", "EUR"]) {
    await shop.part("currency-add").selectOption(code);
    await shop.part("currency-add-do").click();
    await shop.part(`currency-${code}`).waitFor();
  }
  await shop.part("currency-EUR").getByRole("button").click();
  await shop.part("currency-EUR").waitFor({ state: "detached" });
  await shop.part("currency-USD").scrollIntoViewIfNeeded();
  await look.at(shop.page, "currency-settings");
});

test("the till asks for yen without decimals, and only from who takes them", async () => {
  await to("#/pay");
  await type("4650");
  assert.equal(await shop.part("amount").getAttribute("data-minor"), "4650");
  await shop.part("currency").selectOption("JPY");
  // 46.50 yuan are no 4650 yen.
  assert.equal(await shop.part("amount").getAttribute("data-minor"), "0");
  assert.ok(await shop.part("method-cash").isDisabled());
  await type("1280");
  await shop.page.keyboard.press("F6");
  await shop.part("show-qr-stripe").waitFor();
  assert.equal(
    await shop.page.locator("[data-testid=show-qr-alipay]").count(),
    0,
  );
  await look.at(shop.page, "currency-till");
  await shop.page.keyboard.press("Escape");
  await shop.part("currency").selectOption("JPY");
  await takeAtStripe("1280");
  assert.match(await shop.part("stage").innerText(), /JPY\s*1,280(?!\.)/);
  await look.at(shop.page, "currency-paid");
});

test("dollars and yen stand by themselves in the list and in the report", async () => {
  await shop.page.keyboard.press("Enter");
  await shop.part("currency").selectOption("USD");
  await takeAtStripe("2000");
  await to("#/orders");
  const sums = shop.page.locator("[data-testid=totals]");
  await shop.page.locator("[data-testid=totals][data-currency=USD]").waitFor();
  assert.deepEqual(
    await sums.evaluateAll((them) => them.map((it) => it.dataset.currency)),
    ["CNY", "JPY", "USD"],
  );
  await look.at(shop.page, "currency-orders");
  await to("#/reports");
  await shop.part("report-currency").selectOption("USD");
  await shop.page
    .locator("[data-testid=report-taken]", { hasText: /20\.00/ })
    .waitFor();
  await look.at(shop.page, "currency-report");
});

test("in English and dark too", async () => {
  await shop.answer("change_settings", { locale: "en", theme: "dark" });
  await shop.page.reload();
  await shop.page.locator("html[data-ready=true]").waitFor();
  await to("#/orders");
  await shop.page.locator("[data-testid=totals][data-currency=USD]").waitFor();
  await look.at(shop.page, "currency-orders-dark");
  await to("#/pay");
  await shop.part("currency").selectOption("USD");
  await look.at(shop.page, "currency-till-dark");
});
