// The product itself at channels whose API an official document describes: every request that its connectors make is
// held against it, and the money against the sandbox's ledger.
import assert from 'node:assert/strict';

import * as greenfield from '../lib/greenfield.mjs';
import * as stripe from '../lib/stripe.mjs';
import { Till } from '../lib/till.mjs';
import { until } from '../lib/waiting.mjs';
import { Watched } from '../lib/watched.mjs';

const yuan = (minor) => ({ amount_minor: minor, currency: 'CNY' });

/** The order once it is in this state. */
const inState = (till, id, state) =>
  until(`${id} to be ${state}`, async () => {
    const order = await till.call('GET', `/v1/orders/${id}`);
    return order.state === state ? order : undefined;
  }, 60_000);

async function shown(till, channel, money) {
  const { order_id: id } = await till.call('POST', '/v1/orders', { ...money, channel });
  return inState(till, id, 'showing_qr');
}

const CHANNELS = {
  stripe: {
    hold: stripe.holdExchange,
    account: ({ account, secret_key, webhook_secret, reader }) => [{ account, reader }, { secret_key, webhook_secret }],
    pay: (sandbox, code) => sandbox.phone(code, 'pay'),
  },
  btcpay: {
    hold: greenfield.holdExchange,
    // A sandbox's gateway stands for the shop's own server.
    account: ({ store_id, api_key }) => [{ base_url: 'https://btcpay.example.com', store_id }, { api_key }],
    // A refund is an offer: no money moves before the customer claims it.
    isClaimed: true,
    // The code leads to a page; the customer pays what it shows for Lightning.
    pay: async (sandbox, page) => {
      const given = { invoiceId: new URL(page).pathname.split('/').at(-1) };
      const way = '/api/v1/invoices/{invoiceId}/payment-methods';
      const ways = await greenfield.described(sandbox, sandbox.merchant.btcpay.api_key, 'GET', way, given);
      const { paymentLink: qr } = ways.find(({ paymentMethodId }) => paymentMethodId === 'BTC-LN');
      await sandbox.control('POST', 'wallet', { qr, act: { send: {} } });
    },
  },
};

async function channel(suite, sandbox, program, name) {
  const { hold, account, pay, isClaimed } = CHANNELS[name];
  const watched = await Watched.open(sandbox, hold);
  const till = await Till.open(program);
  const check = (words, work) =>
    suite.check(`${name}: ${words}`, async () => {
      await work();
      watched.verdict();
    });
  try {
    await till.addAccount(name, watched.url, ...account(sandbox.merchant[name]));
    await check('the connection test is green', async () => {
      const lines = (await till.cli('channels', 'test')).trim().split('\n').map((line) => line.split('\t'));
      assert.deepEqual(lines.filter(([, verdict]) => verdict !== 'Ok'), []);
    });
    await till.serve();
    await check('a code is shown, paid, and given back', async () => {
      const order = await shown(till, name, yuan(1500));
      await pay(sandbox, order.shown_code.text);
      await inState(till, order.order_id, 'paid');
      await till.call('POST', `/v1/orders/${order.order_id}/refunds`, { ...yuan(500), reason: 'goods_returned' });
      await until('one payment and its refund in the ledger', async () => {
        const { trades } = await sandbox.control('GET', 'truth');
        const own = trades.filter((trade) => trade.out_trade_no.startsWith(order.order_id));
        assert.ok(own.length <= 1, `${own.length} trades of one order`);
        return own.some(({ charged, returned }) => charged === 1500 && (returned === 500 || isClaimed)) || undefined;
      });
    });
    await check('a code that nobody paid is given up', async () => {
      const order = await shown(till, name, yuan(900));
      await till.call('POST', `/v1/orders/${order.order_id}/cancel`);
      await until('the end', async () => (await till.call('GET', `/v1/orders/${order.order_id}`)).is_final || undefined, 60_000);
    });
    const calls = [...watched.seen].map(([way, count]) => `${count} ${way}`);
    console.log(`product: ${name}: held ${calls.join(', ')}`);
  } finally {
    await till.close();
    watched.close();
  }
}

export async function run(suite, sandbox, program) {
  await Promise.all(Object.keys(CHANNELS).map((name) => channel(suite, sandbox, program, name)));
}
