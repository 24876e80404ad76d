// npm `alipay-sdk` against the sandbox, answers verified by the SDK (`validateSign`).
// What the SDK was told is held against the sandbox's ledger, never against the SDK's own memory.
import assert from 'node:assert/strict';

import { AlipaySdk } from 'alipay-sdk';

import { freshCode, freshNumber } from '../lib/sandbox.mjs';
import { until } from '../lib/waiting.mjs';

const AMOUNT = '46.50';
const FEN = 4650;

/** The till as a stranger would write it: one SDK, one method per call. */
export class AlipayTill {
  #sdk;

  constructor(sandbox, { certificates = false, timeout = 40_000 } = {}) {
    const own = sandbox.merchant;
    const common = { gateway: `${sandbox.url}/gateway.do`, keyType: 'PKCS8', timeout };
    this.#sdk = certificates
      ? new AlipaySdk({
          ...common,
          appId: own.alipay_certificate.app_id,
          privateKey: own.alipay_certificate.app_private_key_pem,
          appCertContent: own.alipay_certificate.app_certificate_pem,
          alipayPublicCertContent: own.alipay_certificate.alipay_certificate_pem,
          alipayRootCertContent: own.alipay_certificate.alipay_root_certificate_pem,
        })
      : new AlipaySdk({
          ...common,
          appId: own.alipay.app_id,
          privateKey: own.alipay.app_private_key_pem,
          alipayPublicKey: own.alipay.gateway_public_key_pem,
        });
  }

  get config() {
    return this.#sdk.config;
  }

  call(method, bizContent, parameters = {}) {
    return this.#sdk.exec(`alipay.trade.${method}`, { bizContent, ...parameters }, { validateSign: true });
  }

  pay(number, code, { amount = AMOUNT, ...parameters } = {}) {
    const content = {
      out_trade_no: number,
      scene: 'bar_code',
      auth_code: code,
      subject: '门店收款 咖啡 1+1',
      total_amount: amount,
    };
    return this.call('pay', content, parameters);
  }

  precreate(number) {
    return this.call('precreate', { out_trade_no: number, subject: '门店收款', total_amount: AMOUNT });
  }

  query(number) {
    return this.call('query', { out_trade_no: number });
  }

  refund(number, refundNo, amount) {
    return this.call('refund', { out_trade_no: number, out_request_no: refundNo, refund_amount: amount });
  }

  refundQuery(number, refundNo) {
    return this.call('fastpay.refund.query', { out_trade_no: number, out_request_no: refundNo });
  }

  async statusOf(number) {
    const answer = await this.query(number);
    return answer.tradeStatus ?? answer.subCode;
  }
}

function paid(answer, number) {
  assert.equal(answer.code, '10000', JSON.stringify(answer));
  assert.equal(answer.outTradeNo, number);
}

function refused(answer, subCode) {
  assert.equal(answer.code, '40004', JSON.stringify(answer));
  assert.equal(answer.subCode, subCode);
}

async function paidOnce(sandbox, number) {
  assert.deepEqual((await sandbox.trade(number)).charged, [FEN]);
}

/** A call whose answer never comes. */
async function silent(call) {
  await assert.rejects(call, /timeout|timed out|aborted/i);
}

/** Everything at once: the customers wait, the suite does not. */
export async function run(suite, sandbox) {
  const till = new AlipayTill(sandbox);
  const hasty = new AlipayTill(sandbox, { timeout: 4_000 });
  await Promise.all([
    ...customers(suite, sandbox, till, hasty),
    ...qrOrders(suite, sandbox, till),
    ...repeats(suite, sandbox, till),
    refunds(suite, sandbox, till),
    certificates(suite, sandbox),
  ]);
}

function customers(suite, sandbox, till, hasty) {
  const customer = (digits, what, work) => suite.check(`pay, customer ${digits} ${what}`, async () => {
    const number = freshNumber('A');
    await work(number, freshCode('alipay', digits));
  });
  return [
    customer('00', 'pays at once', async (number, code) => {
      const answer = await till.pay(number, code);
      paid(answer, number);
      assert.equal(answer.totalAmount, AMOUNT);
      assert.equal(await till.statusOf(number), 'TRADE_SUCCESS');
      await paidOnce(sandbox, number);
    }),
    customer('01', 'pays after the password', async (number, code) => {
      assert.equal((await till.pay(number, code)).code, '10003');
      assert.equal(await till.statusOf(number), 'WAIT_BUYER_PAY');
      await until('TRADE_SUCCESS', async () => (await till.statusOf(number)) === 'TRADE_SUCCESS');
      await paidOnce(sandbox, number);
    }),
    customer('02', 'refuses the password', async (number, code) => {
      assert.equal((await till.pay(number, code)).code, '10003');
      await until('TRADE_CLOSED', async () => (await till.statusOf(number)) === 'TRADE_CLOSED');
      assert.deepEqual((await sandbox.trade(number)).charged, []);
    }),
    customer('03', 'has no balance', async (number, code) => {
      refused(await till.pay(number, code), 'ACQ.BUYER_BALANCE_NOT_ENOUGH');
      assert.equal(await till.statusOf(number), 'ACQ.TRADE_NOT_EXIST');
    }),
    customer('04', 'shows an old code', async (number, code) => {
      refused(await till.pay(number, code), 'ACQ.PAYMENT_AUTH_CODE_INVALID');
      assert.equal(await till.statusOf(number), 'ACQ.TRADE_NOT_EXIST');
    }),
    customer('05', 'pays, the answer is lost', async (number, code) => {
      await silent(hasty.pay(number, code));
      assert.equal(await till.statusOf(number), 'TRADE_SUCCESS');
      await paidOnce(sandbox, number);
    }),
    customer('06', 'never pays, cancelled', async (number, code) => {
      await silent(hasty.pay(number, code));
      assert.equal(await till.statusOf(number), 'WAIT_BUYER_PAY');
      const ended = await till.call('cancel', { out_trade_no: number });
      assert.deepEqual([ended.action, ended.retryFlag], ['close', 'N']);
      assert.equal(await till.statusOf(number), 'TRADE_CLOSED');
      assert.deepEqual((await sandbox.trade(number)).charged, []);
    }),
    customer('07', 'is delivered twice, charged once', async (number, code) => {
      paid(await till.pay(number, code), number);
      await paidOnce(sandbox, number);
    }),
    customer('08', 'pays 20 seconds late', async (number, code) => {
      const began = Date.now();
      paid(await till.pay(number, code), number);
      assert.ok(Date.now() - began > 15_000, 'the answer came too early');
      await paidOnce(sandbox, number);
    }),
    customer('09', 'pays after the cancel, and is given back', async (number, code) => {
      await silent(hasty.pay(number, code));
      assert.equal((await till.call('cancel', { out_trade_no: number })).action, 'close');
      await until('the late money', async () => (await till.statusOf(number)) === 'TRADE_SUCCESS');
      await paidOnce(sandbox, number);
      assert.equal((await till.call('cancel', { out_trade_no: number })).action, 'refund');
      assert.deepEqual((await sandbox.trade(number)).refunded, [FEN]);
    }),
  ];
}

function qrOrders(suite, sandbox, till) {
  const order = (name, work) => suite.check(name, async () => {
    const number = freshNumber('A');
    const answer = await till.precreate(number);
    paid(answer, number);
    assert.match(answer.qrCode, /^https:\/\/qr\.alipay\.com\//);
    await work(number, answer.qrCode);
  });
  return [
    order('precreate, query before and after the scan, paid', async (number, qr) => {
      assert.equal(await till.statusOf(number), 'ACQ.TRADE_NOT_EXIST');
      await sandbox.phone(qr, 'scan');
      assert.equal(await till.statusOf(number), 'WAIT_BUYER_PAY');
      await sandbox.phone(qr, 'pay');
      assert.equal(await till.statusOf(number), 'TRADE_SUCCESS');
      await paidOnce(sandbox, number);
    }),
    order('precreate, close before the scan is refused, after it closes', async (number, qr) => {
      refused(await till.call('close', { out_trade_no: number }), 'ACQ.TRADE_NOT_EXIST');
      await sandbox.phone(qr, 'scan');
      paid(await till.call('close', { out_trade_no: number }), number);
      assert.equal(await till.statusOf(number), 'TRADE_CLOSED');
      assert.equal((await sandbox.phone(qr, 'pay')).state, 'expired');
    }),
    order('precreate, cancel before the scan kills the code', async (number, qr) => {
      const ended = await till.call('cancel', { out_trade_no: number });
      assert.deepEqual([ended.code, ended.action, ended.retryFlag], ['10000', undefined, 'N']);
      assert.equal((await sandbox.phone(qr, 'pay')).state, 'expired');
    }),
    order('close of a paid trade is refused, cancel gives the money back', async (number, qr) => {
      await sandbox.phone(qr, 'pay');
      refused(await till.call('close', { out_trade_no: number }), 'ACQ.REASON_TRADE_STATUS_INVALID');
      assert.equal((await till.call('cancel', { out_trade_no: number })).action, 'refund');
      assert.equal((await till.call('cancel', { out_trade_no: number })).action, 'refund');
      assert.equal(await till.statusOf(number), 'TRADE_CLOSED');
      assert.deepEqual((await sandbox.trade(number)).refunded, [FEN]);
    }),
  ];
}

function repeats(suite, sandbox, till) {
  return [
    suite.check('the same number again: TRADE_HAS_SUCCESS, CONTEXT_INCONSISTENT, one charge', async () => {
      const number = freshNumber('A');
      paid(await till.pay(number, freshCode('alipay', '00')), number);
      refused(await till.pay(number, freshCode('alipay', '00')), 'ACQ.TRADE_HAS_SUCCESS');
      const other = till.pay(number, freshCode('alipay', '00'), { amount: '46.51' });
      refused(await other, 'ACQ.CONTEXT_INCONSISTENT');
      await paidOnce(sandbox, number);
    }),
    suite.check('a used code is refused', async () => {
      const code = freshCode('alipay', '00');
      const [number, other] = [freshNumber('A'), freshNumber('A')];
      paid(await till.pay(number, code), number);
      refused(await till.pay(other, code), 'ACQ.PAYMENT_AUTH_CODE_INVALID');
      assert.equal(await sandbox.trade(other), undefined);
    }),
    suite.check('a blank value, kept in the text to sign by the SDK, is accepted', async () => {
      const number = freshNumber('A');
      paid(await till.pay(number, freshCode('alipay', '00'), { notify_url: '' }), number);
      await paidOnce(sandbox, number);
    }),
    suite.check('cancel of an unknown number is a success without an action', async () => {
      const ended = await till.call('cancel', { out_trade_no: freshNumber('A') });
      assert.deepEqual([ended.code, ended.action, ended.retryFlag], ['10000', undefined, 'N']);
    }),
  ];
}

async function refunds(suite, sandbox, till) {
  const number = freshNumber('A');
  const [first, second] = [`${number}R1`, `${number}R2`];
  const money = async () => (await sandbox.trade(number)).refunded;
  await suite.check('refund, a part', async () => {
    paid(await till.pay(number, freshCode('alipay', '00')), number);
    const answer = await till.refund(number, first, '10.00');
    assert.deepEqual([answer.fundChange, answer.refundFee], ['Y', '10.00']);
    assert.deepEqual(await money(), [1000]);
  });
  await suite.check('refund, the same number again: once', async () => {
    const answer = await till.refund(number, first, '10.00');
    assert.deepEqual([answer.code, answer.fundChange, answer.refundFee], ['10000', 'N', '10.00']);
    assert.deepEqual(await money(), [1000]);
  });
  await suite.check('refund, the same number with another amount is refused', async () => {
    refused(await till.refund(number, first, '10.01'), 'ACQ.DISCORDANT_REPEAT_REQUEST');
    assert.deepEqual(await money(), [1000]);
  });
  await suite.check('refund over the rest is refused', async () => {
    refused(await till.refund(number, second, '36.51'), 'ACQ.REASON_TRADE_REFUND_FEE_ERR');
    assert.deepEqual(await money(), [1000]);
  });
  await suite.check('refund query, known and unknown', async () => {
    const known = await till.refundQuery(number, first);
    assert.deepEqual([known.refundStatus, known.refundAmount], ['REFUND_SUCCESS', '10.00']);
    const unknown = await till.refundQuery(number, second);
    assert.deepEqual([unknown.code, unknown.refundStatus], ['10000', undefined]);
  });
  await suite.check('refund of the rest: the amount is cumulative, the trade closed', async () => {
    const answer = await till.refund(number, second, '36.50');
    assert.deepEqual([answer.fundChange, answer.refundFee], ['Y', AMOUNT]);
    assert.equal(await till.statusOf(number), 'TRADE_CLOSED');
    assert.deepEqual(await money(), [1000, 3650]);
  });
}

async function certificates(suite, sandbox) {
  const till = new AlipayTill(sandbox, { certificates: true });
  const number = freshNumber('A');
  await suite.check("certificate mode: the SDK's serial numbers are the sandbox's", () => {
    const issued = sandbox.merchant.alipay_certificate;
    assert.equal(till.config.appCertSn, issued.app_cert_sn);
    assert.equal(till.config.alipayCertSn, issued.alipay_cert_sn);
    assert.equal(till.config.alipayRootCertSn, issued.alipay_root_cert_sn);
  });
  await suite.check('certificate mode: pay and query', async () => {
    paid(await till.pay(number, freshCode('alipay', '00')), number);
    assert.equal(await till.statusOf(number), 'TRADE_SUCCESS');
    await paidOnce(sandbox, number);
  });
  await suite.check('certificate mode: refund and refund query', async () => {
    assert.equal((await till.refund(number, `${number}R1`, AMOUNT)).fundChange, 'Y');
    assert.equal((await till.refundQuery(number, `${number}R1`)).refundStatus, 'REFUND_SUCCESS');
  });
}

/** With the sandbox answering falsely, the SDK must refuse; so its verification is really on. */
export async function runForged(suite, sandbox) {
  for (const certificates of [false, true]) {
    const mode = certificates ? 'certificate mode' : 'public-key mode';
    const till = new AlipayTill(sandbox, { certificates });
    await suite.check(`alipay-sdk refuses a wrong signature, ${mode}; the money moved all the same`, async () => {
      const number = freshNumber('A');
      await sandbox.withFault({ name: 'bad_signature' }, () =>
        assert.rejects(till.pay(number, freshCode('alipay', '00')), /验签失败/));
      await paidOnce(sandbox, number);
      assert.equal(await till.statusOf(number), 'TRADE_SUCCESS');
    });
  }
  const till = new AlipayTill(sandbox);
  await suite.check('alipay-sdk takes no unsigned refusal for an answer', async () => {
    await sandbox.withFault({ name: 'unsigned_refusal' }, () =>
      assert.rejects(till.query(freshNumber('A'))));
  });
  await suite.check('alipay-sdk reads the signed system error', async () => {
    const answer = await sandbox.withFault({ name: 'system_error' }, () => till.query(freshNumber('A')));
    assert.equal(answer.code, '20000');
  });
}
