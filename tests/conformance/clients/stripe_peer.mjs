// Our sandbox beside npm `stripe-stateful-mock`, which strangers wrote: the same wishes by the same SDK, and both have to
// answer alike. The mock has charges and refunds alone, so a payment is begun in the way of each.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';

import Stripe from 'stripe';
import mock from 'stripe-stateful-mock';

const AMOUNT = 1000;

const client = (key, url) => {
  const { hostname, port } = new URL(url);
  return new Stripe(key, { host: hostname, port, protocol: 'http', maxNetworkRetries: 0, telemetry: false });
};

/** The mock knows charges; the number that a refund names. */
const atMock = async (stripe, options) => {
  const { id } = await stripe.charges.create({ amount: AMOUNT, currency: 'usd', source: 'tok_visa' }, options);
  return { charge: id };
};

const atOurs = async (stripe, options) => {
  const { id } = await stripe.paymentIntents.create(
    { amount: AMOUNT, currency: 'usd', payment_method_types: ['card'], payment_method: 'pm_card_visa', confirm: true },
    options,
  );
  return { payment_intent: id };
};

/** What became of a call: what is the same at every server, and no number of its own. */
async function outcome(call) {
  try {
    const { object, amount, currency, status, lastResponse } = await call;
    const replayed = lastResponse.headers['idempotent-replayed'] ?? null;
    return { object, amount, currency, status, replayed };
  } catch (error) {
    const { type, code, param, statusCode } = error;
    return { type, code: code ?? null, param: param ?? null, statusCode };
  }
}

/** One story of refunds at one server. */
async function story(stripe, begin) {
  const told = {};
  const paid = await begin(stripe);
  const idempotencyKey = randomUUID();
  const refund = (amount, options) => outcome(stripe.refunds.create({ ...paid, amount }, options));
  told.part = await refund(400, { idempotencyKey });
  told.again = await refund(400, { idempotencyKey });
  told.sameKeyOtherAmount = await refund(401, { idempotencyKey });
  told.more = await refund(601);
  told.rest = await refund(600);
  told.nothingLeft = await refund(1);
  const other = await begin(stripe);
  told.whole = await outcome(stripe.refunds.create(other));
  const key = { idempotencyKey: randomUUID() };
  const [one, two] = [await begin(stripe, key), await begin(stripe, key)];
  told.isOnePayment = Object.values(one)[0] === Object.values(two)[0];
  const { data } = await stripe.refunds.list(paid);
  // Of one second; the mock keeps no order among them.
  told.listed = data.map(({ amount }) => amount).toSorted();
  return told;
}

export async function run(suite, sandbox) {
  const server = mock.createExpressApp().listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const theirs = client('sk_test_of_nobody', `http://127.0.0.1:${server.address().port}`);
    const ours = client(sandbox.merchant.stripe.secret_key, sandbox.url);
    const [wanted, told] = [await story(theirs, atMock), await story(ours, atOurs)];
    await suite.check('the mock says that an answer is an old one', async () => assert.equal(wanted.again.replayed, 'true'));
    for (const step of Object.keys(wanted)) {
      await suite.check(`alike: ${step}`, async () => assert.deepEqual(told[step], wanted[step]));
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
