// npm `wechatpay-axios-plugin` against the sandbox; it verifies every 2xx answer by itself.
// What it was told is held against the sandbox's ledger, never against its own memory.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';

import { Wechatpay } from 'wechatpay-axios-plugin';

import { freshCode, freshNumber } from '../lib/sandbox.mjs';
import { pause, until } from '../lib/waiting.mjs';

const FEN = 4650;
/** Reverse is refused earlier than this after the charge. */
const REVERSE_WAIT_MS = 15_500;

/** The till as a stranger would write it, in public-key or in certificate mode. */
export class WechatpayTill {
  #api;
  #own;
  #options;

  constructor(sandbox, { certificates = false, timeout = 40_000 } = {}) {
    this.#own = sandbox.merchant.wechatpay;
    const own = this.#own;
    const platform = new X509Certificate(own.platform_certificate_pem).publicKey;
    this.#options = {
      timeout,
      headers: certificates ? {} : { 'Wechatpay-Serial': own.public_key_id },
    };
    this.#api = new Wechatpay({
      mchid: own.mchid,
      serial: own.merchant_serial,
      privateKey: own.merchant_private_key_pem,
      certs: certificates
        ? { [own.platform_certificate_serial]: platform.export({ type: 'spki', format: 'pem' }) }
        : { [own.public_key_id]: own.public_key_pem },
      baseURL: `${sandbox.url}/`,
    });
  }

  /** Status and body of any answer; a refusal by the plugin itself is thrown on. */
  async #send(call) {
    try {
      const { status, data } = await call;
      return { status, data };
    } catch (error) {
      if (error.code?.startsWith?.('EV3_') || !error.response) throw error;
      return { status: error.response.status, data: error.response.data };
    }
  }

  codepay(number, code, total = FEN) {
    const { appid, mchid } = this.#own;
    const body = {
      appid,
      mchid,
      description: '门店收款 咖啡',
      out_trade_no: number,
      amount: { total, currency: 'CNY' },
      payer: { auth_code: code },
      scene_info: { store_info: { out_id: 'till-1' } },
    };
    return this.#send(this.#api.v3.pay.transactions.codepay.post(body, this.#options));
  }

  native(number) {
    const { appid, mchid } = this.#own;
    const body = {
      appid,
      mchid,
      description: '门店收款',
      out_trade_no: number,
      notify_url: 'https://pos.example.cn/wechatpay',
      amount: { total: FEN, currency: 'CNY' },
    };
    return this.#send(this.#api.v3.pay.transactions.native.post(body, this.#options));
  }

  #order(number) {
    return { ...this.#options, out_trade_no: encodeURIComponent(number) };
  }

  query(number) {
    const options = { ...this.#order(number), params: { mchid: this.#own.mchid } };
    return this.#send(this.#api.v3.pay.transactions.outTradeNo.$out_trade_no$.get(options));
  }

  queryById(id) {
    const options = { ...this.#options, transaction_id: id, params: { mchid: this.#own.mchid } };
    return this.#send(this.#api.v3.pay.transactions.id.$transaction_id$.get(options));
  }

  reverse(number) {
    const { appid, mchid } = this.#own;
    const call = this.#api.v3.pay.transactions.outTradeNo.$out_trade_no$.reverse;
    return this.#send(call.post({ appid, mchid }, this.#order(number)));
  }

  close(number) {
    const call = this.#api.v3.pay.transactions.outTradeNo.$out_trade_no$.close;
    return this.#send(call.post({ mchid: this.#own.mchid }, this.#order(number)));
  }

  refund(number, refundNo, refund) {
    const body = {
      out_trade_no: number,
      out_refund_no: refundNo,
      reason: '商品退货',
      amount: { refund, total: FEN, currency: 'CNY' },
    };
    return this.#send(this.#api.v3.refund.domestic.refunds.post(body, this.#options));
  }

  refundQuery(refundNo) {
    const options = { ...this.#options, out_refund_no: refundNo };
    return this.#send(this.#api.v3.refund.domestic.refunds.$out_refund_no$.get(options));
  }

  async stateOf(number) {
    const { data } = await this.query(number);
    return data.trade_state ?? data.code;
  }
}

function answered(answer, status, code) {
  assert.equal(answer.status, status, JSON.stringify(answer.data));
  if (code !== undefined) assert.equal(answer.data.code, code);
}

async function paidOnce(sandbox, number) {
  assert.deepEqual((await sandbox.trade(number)).charged, [FEN]);
}

async function silent(call) {
  await assert.rejects(call, /timeout/i);
}

/** Everything at once: the customers wait, the suite does not. */
export async function run(suite, sandbox) {
  const till = new WechatpayTill(sandbox);
  const hasty = new WechatpayTill(sandbox, { timeout: 4_000 });
  await Promise.all([
    ...customers(suite, sandbox, till, hasty),
    ...qrOrders(suite, sandbox, till),
    ...repeats(suite, sandbox, till),
    refunds(suite, sandbox, till),
    certificates(suite, sandbox),
  ]);
}

function customers(suite, sandbox, till, hasty) {
  const customer = (digits, what, work) => suite.check(`codepay, customer ${digits} ${what}`, async () => {
    const number = freshNumber('W');
    await work(number, freshCode('wechatpay', digits));
  });
  return [
    customer('00', 'pays at once', async (number, code) => {
      const answer = await till.codepay(number, code);
      answered(answer, 200);
      const { trade_state: state, trade_type: type, amount, transaction_id: id } = answer.data;
      assert.deepEqual([state, type, amount.total], ['SUCCESS', 'MICROPAY', FEN]);
      assert.equal((await till.queryById(id)).data.out_trade_no, number);
      await paidOnce(sandbox, number);
    }),
    customer('01', 'pays after the password', async (number, code) => {
      answered(await till.codepay(number, code), 202);
      assert.equal(await till.stateOf(number), 'USERPAYING');
      await until('SUCCESS', async () => (await till.stateOf(number)) === 'SUCCESS');
      await paidOnce(sandbox, number);
    }),
    customer('01', 'is met with both bodies of 202', async () => {
      const seen = new Set();
      for (let turn = 0; turn < 40 && seen.size < 2; turn += 1) {
        const { status, data } = await till.codepay(freshNumber('W'), freshCode('wechatpay', '01'));
        assert.equal(status, 202);
        seen.add(data.code ? 'error' : 'order');
        assert.equal(data.code ?? data.trade_state, 'USERPAYING');
      }
      assert.deepEqual([...seen].sort(), ['error', 'order']);
    }),
    customer('02', 'refuses the password', async (number, code) => {
      answered(await till.codepay(number, code), 202);
      await until('PAYERROR', async () => (await till.stateOf(number)) === 'PAYERROR');
      assert.deepEqual((await sandbox.trade(number)).charged, []);
    }),
    customer('03', 'has no balance', async (number, code) => {
      answered(await till.codepay(number, code), 403, 'NOT_ENOUGH');
      assert.equal(await till.stateOf(number), 'ORDER_NOT_EXIST');
    }),
    customer('04', 'shows an old code', async (number, code) => {
      answered(await till.codepay(number, code), 403, 'AUTH_CODE_EXPIRE');
      assert.equal(await till.stateOf(number), 'ORDER_NOT_EXIST');
    }),
    customer('05', 'pays, the answer is lost', async (number, code) => {
      await silent(hasty.codepay(number, code));
      assert.equal(await till.stateOf(number), 'SUCCESS');
      await paidOnce(sandbox, number);
    }),
    customer('06', 'never pays, reversed, not before 15 seconds', async (number, code) => {
      await silent(hasty.codepay(number, code));
      answered(await till.reverse(number), 400, 'INVALID_REQUEST');
      await pause(REVERSE_WAIT_MS);
      const ended = await till.reverse(number);
      answered(ended, 200);
      assert.equal(ended.data.out_trade_no, number);
      answered(await till.reverse(number), 200);
      assert.equal(await till.stateOf(number), 'REVOKED');
      assert.deepEqual((await sandbox.trade(number)).charged, []);
    }),
    customer('07', 'is delivered twice, charged once', async (number, code) => {
      answered(await till.codepay(number, code), 200);
      await paidOnce(sandbox, number);
    }),
    customer('08', 'pays 20 seconds late', async (number, code) => {
      const began = Date.now();
      answered(await till.codepay(number, code), 200);
      assert.ok(Date.now() - began > 15_000, 'the answer came too early');
      await paidOnce(sandbox, number);
    }),
    customer('09', 'pays after the reverse, and is given back', async (number, code) => {
      await silent(hasty.codepay(number, code));
      await pause(REVERSE_WAIT_MS);
      answered(await till.reverse(number), 200);
      await until('the late money', async () => (await till.stateOf(number)) === 'SUCCESS');
      await paidOnce(sandbox, number);
      answered(await till.reverse(number), 200);
      assert.equal(await till.stateOf(number), 'REVOKED');
      assert.deepEqual((await sandbox.trade(number)).refunded, [FEN]);
    }),
    customer('00', 'is reversed after the payment', async (number, code) => {
      answered(await till.codepay(number, code), 200);
      await pause(REVERSE_WAIT_MS);
      answered(await till.reverse(number), 200);
      assert.equal(await till.stateOf(number), 'REVOKED');
      assert.deepEqual((await sandbox.trade(number)).refunded, [FEN]);
    }),
  ];
}

function qrOrders(suite, sandbox, till) {
  const order = (name, mark, work) => suite.check(name, async () => {
    const number = freshNumber(mark);
    const answer = await till.native(number);
    answered(answer, 200);
    assert.match(answer.data.code_url, /^weixin:\/\/wxpay\/bizpayurl/);
    await work(number, answer.data.code_url);
  });
  return [
    order('native, paid on the phone', 'W', async (number, qr) => {
      assert.equal(await till.stateOf(number), 'NOTPAY');
      await sandbox.phone(qr, 'pay');
      const { data } = await till.query(number);
      assert.deepEqual([data.trade_state, data.trade_type], ['SUCCESS', 'NATIVE']);
      answered(await till.close(number), 400, 'ORDER_PAID');
      answered(await till.reverse(number), 400, 'INVALID_REQUEST');
      await paidOnce(sandbox, number);
    }),
    order('native, closed: 204, and 204 again', 'W', async (number, qr) => {
      answered(await till.close(number), 204);
      answered(await till.close(number), 204);
      assert.equal(await till.stateOf(number), 'CLOSED');
      assert.equal((await sandbox.phone(qr, 'pay')).state, 'expired');
    }),
    order('a number with | and * survives the path', 'W|*', async (number) => {
      assert.equal((await till.query(number)).data.out_trade_no, number);
    }),
  ];
}

function repeats(suite, sandbox, till) {
  return [
    suite.check('the same number again: ORDER_PAID, INVALID_REQUEST, one charge', async () => {
      const number = freshNumber('W');
      answered(await till.codepay(number, freshCode('wechatpay', '00')), 200);
      answered(await till.codepay(number, freshCode('wechatpay', '00')), 400, 'ORDER_PAID');
      answered(await till.codepay(number, freshCode('wechatpay', '00'), FEN + 1), 400, 'INVALID_REQUEST');
      await paidOnce(sandbox, number);
    }),
    suite.check('a used code is refused', async () => {
      const code = freshCode('wechatpay', '00');
      answered(await till.codepay(freshNumber('W'), code), 200);
      const other = freshNumber('W');
      answered(await till.codepay(other, code), 400, 'AUTH_CODE_INVALID');
      assert.equal(await sandbox.trade(other), undefined);
    }),
  ];
}

async function refunds(suite, sandbox, till) {
  const number = freshNumber('W');
  const [first, second] = [`${number}R1`, `${number}R2`];
  const money = async () => (await sandbox.trade(number)).refunded;
  let id;
  await suite.check('refund, a part: PROCESSING', async () => {
    answered(await till.codepay(number, freshCode('wechatpay', '00')), 200);
    const answer = await till.refund(number, first, 1000);
    answered(answer, 200);
    assert.deepEqual([answer.data.status, answer.data.amount.refund], ['PROCESSING', 1000]);
    id = answer.data.refund_id;
  });
  await suite.check('refund, the same number again: the same refund, once', async () => {
    assert.equal((await till.refund(number, first, 1000)).data.refund_id, id);
    assert.deepEqual(await money(), [1000]);
  });
  await suite.check('refund, the same number with another amount is refused', async () => {
    answered(await till.refund(number, first, 1001), 400, 'INVALID_REQUEST');
    assert.deepEqual(await money(), [1000]);
  });
  await suite.check('refund over the rest is refused', async () => {
    answered(await till.refund(number, second, 3651), 400, 'INVALID_REQUEST');
    assert.deepEqual(await money(), [1000]);
  });
  await suite.check('refund query, to SUCCESS, and an unknown number', async () => {
    await until('SUCCESS', async () => (await till.refundQuery(first)).data.status === 'SUCCESS');
    answered(await till.refundQuery(second), 404, 'RESOURCE_NOT_EXISTS');
  });
  await suite.check('refund of the rest; the order says REFUND', async () => {
    answered(await till.refund(number, second, 3650), 200);
    assert.equal(await till.stateOf(number), 'REFUND');
    assert.deepEqual(await money(), [1000, 3650]);
  });
}

async function certificates(suite, sandbox) {
  const till = new WechatpayTill(sandbox, { certificates: true });
  const number = freshNumber('W');
  await suite.check('certificate mode: codepay, query, refund, refund query', async () => {
    answered(await till.codepay(number, freshCode('wechatpay', '00')), 200);
    assert.equal(await till.stateOf(number), 'SUCCESS');
    answered(await till.refund(number, `${number}R1`, FEN), 200);
    assert.equal((await till.refundQuery(`${number}R1`)).data.out_refund_no, `${number}R1`);
  });
}

/** With the sandbox answering falsely, the plugin must refuse; so its verification is really on. */
export async function runForged(suite, sandbox) {
  for (const certificates of [false, true]) {
    const mode = certificates ? 'certificate mode' : 'public-key mode';
    const till = new WechatpayTill(sandbox, { certificates });
    await suite.check(`wechatpay-axios-plugin refuses a wrong signature, ${mode}; the money moved all the same`, async () => {
      const number = freshNumber('W');
      await sandbox.withFault({ name: 'bad_signature' }, () =>
        assert.rejects(till.codepay(number, freshCode('wechatpay', '00')), { code: 'EV3_RES_HEADER_SIGNATURE_DIGEST' }));
      await paidOnce(sandbox, number);
      assert.equal(await till.stateOf(number), 'SUCCESS');
    });
    await suite.check(`wechatpay-axios-plugin refuses an answer that is 301 s old, ${mode}`, async () => {
      const number = freshNumber('W');
      await sandbox.withFault({ name: 'stale_time' }, () =>
        assert.rejects(till.native(number), { code: 'EV3_RES_HEADER_TIMESTAMP_OFFSET' }));
      assert.equal(await till.stateOf(number), 'NOTPAY');
    });
  }
  const till = new WechatpayTill(sandbox);
  for (const [endsAs, status] of [['closed', 'CLOSED'], ['abnormal', 'ABNORMAL']]) {
    await suite.check(`a refund that ends as ${status} says so`, async () => {
      const number = freshNumber('W');
      answered(await till.codepay(number, freshCode('wechatpay', '00')), 200);
      await sandbox.control('POST', 'refunds', { ends_as: endsAs });
      try {
        answered(await till.refund(number, `${number}R1`, FEN), 200);
      } finally {
        await sandbox.control('POST', 'refunds', { ends_as: 'success' });
      }
      await until(status, async () => (await till.refundQuery(`${number}R1`)).data.status === status);
    });
  }
}
