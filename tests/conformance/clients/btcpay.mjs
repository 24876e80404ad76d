// npm `btcpay-greenfield-node-client` against the sandbox: a client that strangers generated, of the paths that
// servers before 2.0 knew. Every answer is held against the official OpenAPI document, and every Lightning invoice is
// opened by npm `bolt11`, which recovers the key that signed it.
// What it was told is held against the sandbox's ledger, never against its own memory.
import assert from 'node:assert/strict';

import bolt11 from 'bolt11';
import btcpay from 'btcpay-greenfield-node-client';

import { described } from '../lib/greenfield.mjs';
import { freshNumber } from '../lib/sandbox.mjs';

const { HealthService, InvoicesService, OpenAPI, PullPaymentsPublicService, StoresService, WebhooksService } = btcpay;
const REGTEST = { bech32: 'bcrt', pubKeyHash: 0x6f, scriptHash: 0xc4, validWitnessVersions: [0, 1] };
/** Of the private key that BOLT 11 prints in its examples. */
const NODE = '03e7156ae33b0a208d0744199163177e909e80176e55d97a2f221ede0f934dd9ad';

const settings = { amount: '88.88', currency: 'CNY' };

function use(sandbox, key) {
  OpenAPI.BASE = sandbox.url;
  OpenAPI.HEADERS = { Authorization: `token ${key}` };
}

/** The status with which a call is refused, and its body. */
async function refusal(call) {
  const error = await call.then(() => undefined, (thrown) => thrown);
  assert.ok(error?.status, `not refused: ${error?.stack ?? 'answered'}`);
  return { status: error.status, body: error.body };
}

const wallet = (sandbox, qr, act) => sandbox.control('POST', 'wallet', { qr, act });

export async function run(suite, sandbox) {
  const own = sandbox.merchant.btcpay;
  const storeId = own.store_id;
  use(sandbox, own.api_key);
  const create = (order, more = {}) =>
    InvoicesService.invoicesCreateInvoice({
      storeId,
      requestBody: { ...settings, metadata: { orderId: order }, ...more },
    });
  const get = (id) => InvoicesService.invoicesGetInvoice({ storeId, invoiceId: id });
  const ways = (id) => InvoicesService.invoicesGetInvoicePaymentMethods({ storeId, invoiceId: id });
  const link = async (id, method) => {
    const found = (await ways(id)).find((way) => way.paymentMethodId === method);
    return found.paymentLink;
  };

  await suite.check('health and settings are read', async () => {
    assert.deepEqual(await HealthService.healthGetHealth(), { synchronized: true });
    const store = await StoresService.storesGetStore({ storeId });
    assert.equal(store.defaultCurrency, 'CNY');
  });

  await suite.check('an invoice is created twice, listed, and told apart by its id', async () => {
    const order = freshNumber('B');
    const [first, second] = [await create(order), await create(order)];
    assert.notEqual(first.id, second.id);
    assert.equal(first.status, 'New');
    const rows = await InvoicesService.invoicesGetInvoices({ storeId });
    const ids = rows.filter((row) => row.metadata.orderId === order).map((row) => row.id);
    assert.deepEqual(new Set(ids), new Set([first.id, second.id]));
  });

  await suite.check('Lightning settles at once, and the ledger has the satoshi', async () => {
    const order = freshNumber('B');
    const { id } = await create(order);
    assert.equal((await wallet(sandbox, await link(id, 'BTC-LN'), { send: {} })).state, 'sent');
    const told = await get(id);
    assert.equal(`${told.status}/${told.additionalStatus}`, 'Settled/None');
    const { trades } = await sandbox.control('GET', 'truth');
    const trade = trades.find((known) => known.trade_no === id);
    assert.equal(trade.charged, 8888);
    assert.equal(trade.coins.paid_sats, trade.coins.asked_sats);
  });

  await suite.check('too little on chain is a part, the rest makes it whole', async () => {
    const { id } = await create(freshNumber('B'));
    const qr = await link(id, 'BTC-CHAIN');
    await wallet(sandbox, qr, { send: { sats: 5000 } });
    assert.equal((await get(id)).additionalStatus, 'PaidPartial');
    await wallet(sandbox, await link(id, 'BTC-CHAIN'), { send: {} });
    assert.equal((await get(id)).status, 'Processing');
  });

  await suite.check('a Lightning invoice opens elsewhere, signed by the node', async () => {
    for (const amount of ['88.88', '4.63', '4630000.00']) {
      const { id, expirationTime, createdTime } = await create(freshNumber('B'), { amount });
      const way = (await ways(id)).find((known) => known.paymentMethodId === 'BTC-LN');
      const opened = bolt11.decode(way.destination, REGTEST);
      assert.equal(opened.payeeNodeKey, NODE);
      assert.equal(opened.satoshis, Number(way.due.replace('.', '')));
      assert.equal(opened.timestamp, createdTime);
      assert.equal(opened.timeExpireDate, expirationTime);
    }
  });

  await suite.check('marks are set once, and refused where the table has none', async () => {
    const { id } = await create(freshNumber('B'));
    const mark = (status) =>
      InvoicesService.invoicesMarkInvoiceStatus({ storeId, invoiceId: id, requestBody: { status } });
    await mark('Settled');
    const told = await get(id);
    assert.equal(`${told.status}/${told.additionalStatus}`, 'Settled/Marked');
    const { status, body } = await refusal(mark('Settled'));
    assert.equal(status, 422);
    assert.equal(body[0].path, 'status');
  });

  await suite.check('archived invoices are hidden and come back', async () => {
    const { id } = await create(freshNumber('B'));
    await InvoicesService.invoicesArchiveInvoice({ storeId, invoiceId: id });
    const listed = async () => (await InvoicesService.invoicesGetInvoices({ storeId })).some((row) => row.id === id);
    assert.equal(await listed(), false);
    await InvoicesService.invoicesUnarchiveInvoice({ storeId, invoiceId: id });
    assert.equal(await listed(), true);
  });

  await suite.check('a refund is an offer, claimed and paid', async () => {
    const { id } = await create(freshNumber('B'));
    await wallet(sandbox, await link(id, 'BTC-LN'), { send: {} });
    const offered = await described(sandbox, own.api_key, 'POST', '/api/v1/invoices/{invoiceId}/refund', {
      invoiceId: id,
      body: { refundVariant: 'RateThen', payoutMethods: ['BTC-CHAIN'] },
    });
    const pullPaymentId = offered.id;
    const seen = await PullPaymentsPublicService.pullPaymentsGetPullPayment({ pullPaymentId });
    assert.deepEqual([seen.currency, seen.amount], ['BTC', offered.amount]);
    assert.equal((await wallet(sandbox, offered.viewLink, { claim: {} })).state, 'claimed');
    const [payout] = await PullPaymentsPublicService.pullPaymentsGetPayouts({ pullPaymentId });
    assert.equal(payout.state, 'AwaitingPayment');
  });

  await suite.check('webhooks are made, listed and taken away', async () => {
    const made = await WebhooksService.postWebhooksService({ storeId, requestBody: hook });
    const list = () => WebhooksService.webhokksGetWebhooks({ storeId });
    assert.ok((await list()).some((known) => known.id === made.id));
    await WebhooksService.deleteWebhooksService({ storeId, webhookId: made.id });
    assert.ok(!(await list()).some((known) => known.id === made.id));
  });

  await suite.check('strangers and keys of another store are refused', async () => {
    const { id } = await create(freshNumber('B'));
    try {
      use(sandbox, 'nonsense');
      assert.equal((await refusal(get(id))).status, 401);
      use(sandbox, own.other_api_key);
      const { status, body } = await refusal(get(id));
      assert.deepEqual([status, body.code], [403, 'missing-permission']);
    } finally {
      use(sandbox, own.api_key);
    }
  });

  await documented(suite, sandbox, create, link);
}

const hook = { url: 'http://127.0.0.1:9/never', enabled: false, secret: 's' };

/** Every path that the sandbox speaks, as the official document describes it. */
async function documented(suite, sandbox, create, link) {
  const own = sandbox.merchant.btcpay;
  const storeId = own.store_id;
  const paid = await create(freshNumber('B'));
  await wallet(sandbox, await link(paid.id, 'BTC-LN'), { send: {} });
  const partly = await create(freshNumber('B'));
  await wallet(sandbox, await link(partly.id, 'BTC-CHAIN'), { send: { sats: 700 } });
  const ask = (method, path, given = {}) => described(sandbox, own.api_key, method, path, given);
  const offer = (variant) =>
    ask('POST', '/api/v1/invoices/{invoiceId}/refund', { invoiceId: paid.id, body: { refundVariant: variant } });
  const invoice = '/api/v1/invoices/{invoiceId}';
  const store = '/api/v1/stores/{storeId}';
  for (const [name, work] of [
    ['health', () => ask('GET', '/api/v1/health')],
    ['server', () => ask('GET', '/api/v1/server/info')],
    ['key', () => ask('GET', '/api/v1/api-keys/current')],
    ['store', () => ask('GET', store, { storeId })],
    ['methods', () => ask('GET', `${store}/payment-methods`, { storeId })],
    ['rates', () => ask('GET', `${store}/rates`, { storeId, query: 'currencyPair=BTC_CNY' })],
    ['create', () => ask('POST', `${store}/invoices`, { storeId, body: { ...settings, checkout: { expirationMinutes: 0.5 } } })],
    ['create refused', () => ask('POST', `${store}/invoices`, { storeId, body: { amount: '-1' }, status: 422 })],
    ['list', () => ask('GET', `${store}/invoices`, { storeId, query: 'includePaymentMethods=true' })],
    ['list refused', () => ask('GET', `${store}/invoices`, { storeId, query: 'status=Paid', status: 422 })],
    // The document has the parameter that adds the ways to pay, and no field for them.
    ['read', () => ask('GET', invoice, { invoiceId: paid.id })],
    ['update', () => ask('PUT', invoice, { invoiceId: paid.id, body: { metadata: { orderId: 'moved' } } })],
    ['methods of an invoice', () => ask('GET', `${invoice}/payment-methods`, { invoiceId: partly.id, query: 'includeSensitive=true' })],
    ['mark', () => ask('POST', `${invoice}/status`, { invoiceId: partly.id, body: { status: 'Invalid' } })],
    ['archive', () => ask('DELETE', invoice, { invoiceId: partly.id })],
    ['unarchive', () => ask('POST', `${invoice}/unarchive`, { invoiceId: partly.id })],
    ['amounts of a refund', () => ask('GET', `${invoice}/refund/{paymentMethodId}`, { invoiceId: paid.id, paymentMethodId: 'BTC-CHAIN' })],
    ['refunds of three kinds', async () => {
      for (const variant of ['RateThen', 'CurrentRate', 'Fiat']) await offer(variant);
      await ask('GET', `${store}/pull-payments`, { storeId });
    }],
    ['claim, approve, cancel', async () => {
      const pull = await offer('Fiat');
      const given = { pullPaymentId: pull.id };
      await ask('GET', '/api/v1/pull-payments/{pullPaymentId}', given);
      await wallet(sandbox, pull.viewLink, { claim: {} });
      const [payout] = await ask('GET', '/api/v1/pull-payments/{pullPaymentId}/payouts', given);
      const payoutId = payout.id;
      await ask('GET', '/api/v1/payouts/{payoutId}', { payoutId });
      if (payout.state === 'AwaitingApproval') await ask('POST', '/api/v1/payouts/{payoutId}', { payoutId, body: { revision: 0 } });
      await ask('GET', `${store}/payouts`, { storeId });
      await ask('DELETE', '/api/v1/payouts/{payoutId}', { payoutId });
      await ask('POST', '/api/v1/payouts/{payoutId}', { payoutId, body: { revision: 0 }, status: 400 });
      await ask('DELETE', '/api/v1/pull-payments/{pullPaymentId}', given);
    }],
    ['webhooks', async () => {
      const { id: webhookId } = await ask('POST', `${store}/webhooks`, { storeId, body: hook });
      await ask('GET', `${store}/webhooks`, { storeId });
      await ask('GET', '/api/v1/webhooks/{webhookId}', { webhookId });
      await ask('PUT', '/api/v1/webhooks/{webhookId}', { webhookId, body: { ...hook, automaticRedelivery: false } });
      await ask('GET', '/api/v1/webhooks/{webhookId}/deliveries', { webhookId });
      await ask('DELETE', '/api/v1/webhooks/{webhookId}', { webhookId });
    }],
  ]) {
    await suite.check(`as the official document says: ${name}`, work);
  }
  await suite.check('the validator refuses what the document does not say', async () => {
    for (const spoil of [(told) => ({ ...told, status: 'Paid' }), (told) => ({ ...told, extra: 1 }), (told) => ({ ...told, amount: 5 })]) {
      await assert.rejects(ask('GET', invoice, { invoiceId: paid.id, spoil }), /official document/);
    }
  });
}
