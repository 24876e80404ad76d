// npm `stripe`, the official SDK, against the sandbox. Every request it makes and every answer it gets is held against
// the official OpenAPI document. What it was told is held against the sandbox's ledger, never against its own memory.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import Stripe from 'stripe';

import { runClient } from '../lib/client.mjs';
import { freshNumber } from '../lib/sandbox.mjs';
import { holdExchange, isValidated } from '../lib/stripe.mjs';

const VERSION = '2026-10-28.endive';

/** An SDK whose every exchange is held against the document; `spoil` changes an answer before it is. */
function sdk(sandbox, key, { spoil = (answer) => answer } = {}) {
  const { hostname, port } = new URL(sandbox.url);
  const watched = async (url, options) => {
    const answer = await fetch(url, options);
    const text = await answer.clone().text();
    const told = spoil(JSON.parse(text));
    holdExchange({ method: options.method, url: String(url), body: options.body, status: answer.status, answer: told });
    return answer;
  };
  return new Stripe(key, {
    apiVersion: VERSION,
    host: hostname,
    port,
    protocol: 'http',
    httpClient: Stripe.createFetchHttpClient(watched),
    maxNetworkRetries: 0,
    telemetry: false,
  });
}

/** What broke a call: the SDK takes whatever its way to the server throws for a broken connection. */
const cause = (error) => (error.detail instanceof assert.AssertionError ? error.detail : error);

const throwCause = (error) => {
  throw cause(error);
};

/** What a call is refused with. */
async function refusal(call) {
  const error = await call.then(() => undefined, cause);
  assert.ok(error instanceof Stripe.errors.StripeError, `not refused: ${error?.stack ?? 'answered'}`);
  return error;
}

async function trade(sandbox, order) {
  const { trades } = await sandbox.control('GET', 'truth');
  return trades.find((known) => known.out_trade_no === order);
}

const by = (order) => ({ metadata: { order_id: order } });
const card = (order, amount, more = {}) => ({
  amount,
  currency: 'usd',
  payment_method_types: ['card'],
  payment_method: 'pm_card_visa',
  confirm: true,
  ...by(order),
  ...more,
});
const session = (order, amount = 750) => ({
  mode: 'payment',
  success_url: 'https://shop.example/ok?s={CHECKOUT_SESSION_ID}',
  client_reference_id: order,
  payment_intent_data: by(order),
  line_items: [{ quantity: 2, price_data: { currency: 'usd', unit_amount: amount, product_data: { name: 'Tea & cake (50 %)' } } }],
  ...by(order),
});

export async function run(checks, sandbox) {
  const stripe = sdk(sandbox, sandbox.merchant.stripe.secret_key);
  const suite = { check: (name, work) => checks.check(name, () => work().catch(throwCause)) };
  await payments(suite, sandbox, stripe);
  await refunds(suite, sandbox, stripe);
  await reader(suite, sandbox, stripe);
  await books(suite, sandbox, stripe);
  await refusals(suite, sandbox, stripe);
}

/** PyPI `stripe`, which asks again by itself, while the sandbox loses what it is told to lose; one fault each time. */
export async function runBroken(suite, sandbox, python) {
  for (const name of ['request_lost', 'reply_lost', 'server_error_before', 'server_error_after', 'truncated']) {
    const order = freshNumber('S');
    const given = { url: sandbox.url, merchant: sandbox.merchant.stripe, fault: name, order };
    await sandbox.withFault({ name, channel: 'stripe', remaining: 2 }, () => runClient(suite, python, ['clients/stripe_retries.py'], given));
    await suite.check(`one payment and one refund in the ledger, ${name}`, async () => {
      const { trades } = await sandbox.control('GET', 'truth');
      const own = trades.filter((known) => known.out_trade_no === order);
      assert.deepEqual(own.map(({ charged, returned }) => [charged, returned]), [[1500, 500]]);
    });
  }
}

async function payments(suite, sandbox, stripe) {
  await suite.check('a card pays; fee, net and the ledger agree', async () => {
    const order = freshNumber('S');
    const paid = await stripe.paymentIntents.create({ ...card(order, 10_000), expand: ['latest_charge.balance_transaction'] });
    assert.equal(paid.status, 'succeeded');
    const line = paid.latest_charge.balance_transaction;
    assert.deepEqual([line.fee, line.net, line.amount], [320, 9_680, 10_000]);
    const { charged, currency } = await trade(sandbox, order);
    assert.deepEqual([charged, currency], [10_000, 'USD']);
  });

  await suite.check('a refused card, then the next one, on one intent', async () => {
    const order = freshNumber('S');
    const { id } = await stripe.paymentIntents.create({ amount: 1200, currency: 'eur', payment_method_types: ['card'], ...by(order) });
    const error = await refusal(stripe.paymentIntents.confirm(id, { payment_method: 'pm_card_chargeDeclined' }));
    assert.deepEqual([error.type, error.code, error.statusCode], ['StripeCardError', 'card_declined', 402]);
    assert.equal(error.payment_intent.status, 'requires_payment_method');
    assert.equal((await stripe.paymentIntents.confirm(id, { payment_method: 'pm_card_mastercard' })).status, 'succeeded');
    const { data } = await stripe.charges.list({ payment_intent: id });
    assert.deepEqual(data.map((it) => it.status).toSorted(), ['failed', 'succeeded']);
    assert.equal((await trade(sandbox, order)).charged, 1200);
  });

  await suite.check('money is held, a part is taken, the rest is free', async () => {
    const order = freshNumber('S');
    const held = await stripe.paymentIntents.create(card(order, 5000, { capture_method: 'manual' }));
    assert.deepEqual([held.status, held.amount_capturable], ['requires_capture', 5000]);
    const taken = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 4000 });
    assert.deepEqual([taken.status, taken.amount_received], ['succeeded', 4000]);
    assert.equal((await trade(sandbox, order)).charged, 4000);
  });

  await suite.check('currencies without decimals, with two and with three', async () => {
    for (const [currency, amount] of [['jpy', 3000], ['usd', 50], ['kwd', 12_340]]) {
      const order = freshNumber('S');
      const paid = await stripe.paymentIntents.create(card(order, amount, { currency }));
      assert.deepEqual([paid.status, paid.currency, paid.amount_received], ['succeeded', currency, amount]);
      assert.equal((await trade(sandbox, order)).charged, amount);
    }
  });

  await suite.check('a session is shown, paid by a phone, and not expired any more', async () => {
    const order = freshNumber('S');
    const shown = await stripe.checkout.sessions.create(session(order));
    assert.deepEqual([shown.status, shown.payment_status, shown.amount_total], ['open', 'unpaid', 1500]);
    assert.equal((await sandbox.phone(shown.url, 'pay')).state, 'paid');
    const paid = await stripe.checkout.sessions.retrieve(shown.id, { expand: ['payment_intent'] });
    assert.deepEqual([paid.status, paid.payment_status, paid.payment_intent.status], ['complete', 'paid', 'succeeded']);
    assert.equal((await refusal(stripe.checkout.sessions.expire(shown.id))).statusCode, 400);
    assert.equal((await trade(sandbox, order)).charged, 1500);
  });

  await suite.check('a session that was ended takes nothing', async () => {
    const order = freshNumber('S');
    const shown = await stripe.checkout.sessions.create(session(order));
    assert.equal((await stripe.checkout.sessions.expire(shown.id)).status, 'expired');
    assert.equal((await sandbox.phone(shown.url, 'pay')).state, 'expired');
    // Other suites make sessions at the same time.
    const { data } = await stripe.checkout.sessions.list({ limit: 50 });
    const listed = data.find(({ id }) => id === shown.id);
    assert.equal(listed?.status, 'expired');
  });

  await suite.check('one key is one payment, and with another amount an error', async () => {
    const order = freshNumber('S');
    const idempotencyKey = randomUUID();
    const first = await stripe.paymentIntents.create(card(order, 900), { idempotencyKey });
    const again = await stripe.paymentIntents.create(card(order, 900), { idempotencyKey });
    assert.equal(again.id, first.id);
    assert.equal(again.lastResponse.headers.get('idempotent-replayed'), 'true');
    const error = await refusal(stripe.paymentIntents.create(card(order, 901), { idempotencyKey }));
    assert.equal(error.type, 'StripeIdempotencyError');
    assert.equal((await trade(sandbox, order)).charged, 900);
  });

  await suite.check('a list is walked page by page, each intent once', async () => {
    const orders = new Set(Array.from({ length: 5 }, () => freshNumber('S')));
    for (const order of orders) await stripe.paymentIntents.create(card(order, 500));
    const met = [];
    for await (const intent of stripe.paymentIntents.list({ limit: 2 })) {
      if (orders.has(intent.metadata.order_id)) met.push(intent.metadata.order_id);
      if (met.length === orders.size) break;
    }
    assert.deepEqual(new Set(met), orders);
  });
}

async function refunds(suite, sandbox, stripe) {
  await suite.check('refunds in parts, never more than was paid', async () => {
    const order = freshNumber('S');
    const { id } = await stripe.paymentIntents.create(card(order, 1000));
    for (const amount of [400, 600]) {
      const given = await stripe.refunds.create({ payment_intent: id, amount, ...by(order) });
      assert.deepEqual([given.status, given.amount], ['succeeded', amount]);
      assert.equal((await stripe.refunds.retrieve(given.id)).amount, amount);
    }
    const error = await refusal(stripe.refunds.create({ payment_intent: id, amount: 1 }));
    assert.equal(error.code, 'charge_already_refunded');
    const { data } = await stripe.refunds.list({ payment_intent: id });
    assert.deepEqual(data.map((it) => it.amount), [600, 400]);
    assert.equal((await trade(sandbox, order)).returned, 1000);
  });
}

async function reader(suite, sandbox, stripe) {
  const { reader: own } = sandbox.merchant.stripe;
  await suite.check('a reader is given an intent, is busy, and a card is put down', async () => {
    const order = freshNumber('S');
    const intent = await stripe.paymentIntents.create({
      amount: 1000, currency: 'hkd', payment_method_types: ['card_present'], capture_method: 'automatic', ...by(order),
    });
    const process = () =>
      stripe.terminal.readers.processPaymentIntent(own, { payment_intent: intent.id, process_config: { skip_tipping: true } });
    assert.equal((await process()).action.status, 'in_progress');
    assert.equal((await refusal(process())).code, 'terminal_reader_busy');
    await stripe.testHelpers.terminal.readers.presentPaymentMethod(own, {
      type: 'card_present', card_present: { number: '4242424242424242' },
    });
    const { action } = await stripe.terminal.readers.retrieve(own);
    assert.deepEqual([action.type, action.status], ['process_payment_intent', 'succeeded']);
    assert.equal((await stripe.paymentIntents.retrieve(intent.id)).status, 'succeeded');
    assert.equal((await trade(sandbox, order)).charged, 1000);
  });

  await suite.check('a reader is called off, and the intent after it', async () => {
    const intent = await stripe.paymentIntents.create({
      amount: 1000, currency: 'hkd', payment_method_types: ['card_present'], ...by(freshNumber('S')),
    });
    await stripe.terminal.readers.processPaymentIntent(own, { payment_intent: intent.id });
    assert.equal((await stripe.terminal.readers.cancelAction(own)).action, null);
    const ended = await stripe.paymentIntents.cancel(intent.id, { cancellation_reason: 'abandoned' });
    assert.deepEqual([ended.status, ended.cancellation_reason], ['canceled', 'abandoned']);
    const listed = await stripe.terminal.readers.list({ limit: 3 });
    assert.ok(listed.data.some((it) => it.id === own));
  });
}

async function books(suite, sandbox, stripe) {
  await suite.check('account, balance, its lines, events and payouts are as described', async () => {
    assert.equal((await stripe.accounts.retrieveCurrent()).id, sandbox.merchant.stripe.account);
    const { pending } = await stripe.balance.retrieve();
    assert.ok(pending.some((it) => it.currency === 'usd' && it.amount > 0));
    const { data: lines } = await stripe.balanceTransactions.list({ limit: 5 });
    assert.equal(lines.length, 5);
    for (const line of lines) assert.equal(line.net, line.amount - line.fee);
    assert.equal((await stripe.balanceTransactions.retrieve(lines[0].id)).id, lines[0].id);
    const { data: events } = await stripe.events.list({ limit: 3, types: ['payment_intent.succeeded'] });
    assert.ok(events.length > 0 && events.every((it) => it.type === 'payment_intent.succeeded'));
    assert.equal((await stripe.payouts.list({ limit: 3 })).object, 'list');
  });

  await suite.check('a dispute is opened, read and given up', async () => {
    const { id } = await stripe.paymentIntents.create(card(freshNumber('S'), 2000));
    const opened = await sandbox.control('POST', 'stripe/dispute', { payment_intent: id });
    const { data } = await stripe.disputes.list({ payment_intent: id });
    assert.deepEqual([data[0].id, data[0].status, data[0].amount], [opened.id, 'needs_response', 2000]);
    assert.equal((await stripe.disputes.close(opened.id)).status, 'lost');
  });

  await suite.check('a notice that the SDK signed is one that it takes, and a changed one is none', async () => {
    const { webhook_secret: secret } = sandbox.merchant.stripe;
    const payload = JSON.stringify({ id: 'evt_1', object: 'event' });
    const header = stripe.webhooks.generateTestHeaderString({ payload, secret });
    assert.equal(stripe.webhooks.constructEvent(payload, header, secret).id, 'evt_1');
    assert.throws(() => stripe.webhooks.constructEvent(`${payload} `, header, secret), /signature/i);
  });
}

async function refusals(suite, sandbox, stripe) {
  const own = sandbox.merchant.stripe;
  await suite.check('strangers, live keys and what is not there are refused', async () => {
    const get = (key) => sdk(sandbox, key).paymentIntents.retrieve('pi_nothing');
    assert.equal((await refusal(get('sk_test_nonsense'))).type, 'StripeAuthenticationError');
    assert.equal((await refusal(get(own.secret_key.replace('sk_test_', 'sk_live_')))).statusCode, 401);
    assert.equal((await refusal(stripe.paymentIntents.retrieve('pi_nothing'))).code, 'resource_missing');
    const helper = sdk(sandbox, own.restricted_key).testHelpers.terminal.readers.presentPaymentMethod(own.reader);
    assert.equal((await refusal(helper)).type, 'StripePermissionError');
  });

  await suite.check('an amount that no card has is refused by its name', async () => {
    for (const [amount, code] of [[1, 'amount_too_small'], [999_999_999_999, 'amount_too_large']]) {
      assert.equal((await refusal(stripe.paymentIntents.create(card(freshNumber('S'), amount)))).code, code);
    }
  });

  if (!isValidated) return;
  await suite.check('the validator refuses what the document does not say', async () => {
    for (const spoil of [
      (told) => ({ ...told, status: 'paid' }),
      (told) => ({ ...told, amount: '5' }),
      ({ currency, ...told }) => told,
    ]) {
      const call = sdk(sandbox, own.secret_key, { spoil }).paymentIntents.create(card(freshNumber('S'), 600));
      await assert.rejects(call.catch(throwCause), /official document/);
    }
    const form = { method: 'POST', url: `${sandbox.url}/v1/refunds`, status: 200, answer: {} };
    for (const body of ['amount=many', 'amount=5&sum=5', 'metadata[a][b]=1']) {
      assert.throws(() => holdExchange({ ...form, body }), /the form is not as the official document says/);
    }
  });
}
