// Records what the SDKs send and accept where no vector existed: `node tests/conformance/record/record.mjs`.
// Writes alipay_recorded_here.json and wechatpay_recorded_here.json beside the other vectors, with new test keys.
// A recording whose signatures do not verify, or that its client refuses, is not written.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

import { installPackages, installPython } from '../lib/install.mjs';
import { here, root } from '../lib/place.mjs';
import { alipayText } from '../lib/raw.mjs';
import { Recorder, alipayAnswer, isSigned, wechatpayAnswer } from './server.mjs';

const fixtures = path.join(root, 'tests', 'fixtures', 'vectors');
const MADE_BY = 'tests/conformance/record/record.mjs: the named SDK against a local recording server; every signature verified again with node:crypto';
const APP = '2021000000000009';

installPackages();
const python = installPython();
const { AlipaySdk } = await import('alipay-sdk');
const { Wechatpay } = await import('wechatpay-axios-plugin');
const versionOf = (name) =>
  JSON.parse(readFileSync(path.join(here, 'node_modules', name, 'package.json'), 'utf8')).version;
const given = JSON.parse(execFileSync(python, [path.join(here, 'record', 'keys.py')], { encoding: 'utf8' }));
const recorder = new Recorder();
await recorder.start();
try {
  await recordAlipay();
  await recordWechatpay();
} finally {
  recorder.stop();
}

function write(file, content) {
  writeFileSync(path.join(fixtures, file), `${JSON.stringify(content, null, 1)}\n`);
  console.log(`${file}: ${content.vectors.length} exchanges`);
}

async function recordAlipay() {
  const { keys, cert_sns: numbers } = given.alipay;
  const read = (text, kind) => (kind === 'private' ? createPrivateKey : createPublicKey)({
    key: Buffer.from(text, 'base64'),
    format: 'der',
    type: kind === 'private' ? 'pkcs8' : 'spki',
  });
  const gateway = read(keys.alipay_gateway_private_pkcs8_b64, 'private');
  const common = { appId: APP, privateKey: keys.app_private_pkcs8_b64, keyType: 'PKCS8', gateway: `${recorder.url}/gateway.do` };
  const plain = new AlipaySdk({ ...common, alipayPublicKey: keys.alipay_gateway_public_spki_b64 });
  const certified = new AlipaySdk({
    ...common,
    appCertContent: keys.app_cert_pem,
    alipayPublicCertContent: keys.alipay_gateway_cert_pem,
    alipayRootCertContent: keys.alipay_root_bundle_pem,
  });
  // Two computations that share nothing: the SDK's and that of the script that made the certificates.
  assert.deepEqual(
    [certified.config.appCertSn, certified.config.alipayCertSn, certified.config.alipayRootCertSn],
    [numbers.app_cert_sn, numbers.alipay_cert_sn, numbers.alipay_root_cert_sn],
  );

  const ok = { code: '10000', msg: 'Success' };
  const trade = { out_trade_no: 'POS-0009', trade_no: '2026112122001400000000000009' };
  const notExist = { code: '40004', msg: 'Business Failed', sub_code: 'ACQ.TRADE_NOT_EXIST', sub_msg: '交易不存在' };
  const asked = { out_trade_no: 'POS-0009' };
  const refund = { ...asked, out_request_no: 'POS-0009R1' };
  const paid = {
    ...ok,
    buyer_logon_id: '159****5620',
    buyer_pay_amount: '46.50',
    buyer_user_id: '2088101117955611',
    fund_bill_list: [{ amount: '46.50', fund_channel: 'ALIPAYACCOUNT' }],
    gmt_payment: '2026-11-21 10:22:12',
    ...trade,
    receipt_amount: '46.50',
    total_amount: '46.50',
  };
  const charge = { ...asked, scene: 'bar_code', auth_code: '28763443825664394', subject: '门店收款 & 测试=1+2', total_amount: '46.50' };
  const refunded = { ...ok, ...trade, out_request_no: 'POS-0009R1', refund_amount: '10.00', refund_status: 'REFUND_SUCCESS', total_amount: '46.50' };
  const exchanges = [
    ['node-close', plain, 'close', asked, { ...ok, ...trade }],
    ['node-close-not-exist', plain, 'close', { out_trade_no: 'NOPE-1' }, { ...notExist, out_trade_no: 'NOPE-1' }],
    ['node-refund-query', plain, 'fastpay.refund.query', refund, refunded],
    ['node-refund-query-absent', plain, 'fastpay.refund.query', { ...asked, out_request_no: 'NOPE-R1' },
      { ...ok, ...trade, out_request_no: 'NOPE-R1', total_amount: '46.50' }],
    ['node-certmode-pay', certified, 'pay', charge, paid],
    ['node-certmode-query', certified, 'query', asked, { ...ok, ...trade, total_amount: '46.50', trade_status: 'TRADE_SUCCESS' }],
    ['node-certmode-close', certified, 'close', asked, { ...ok, ...trade }],
    ['node-certmode-refund-query', certified, 'fastpay.refund.query', refund, refunded],
  ];
  const vectors = [];
  for (const [id, sdk, method, bizContent, node] of exchanges) {
    const number = sdk === certified ? numbers.alipay_cert_sn : undefined;
    const kept = await recorder.record(
      () => alipayAnswer(gateway, method, node, number),
      () => sdk.exec(`alipay.trade.${method}`, { bizContent }, { validateSign: true }),
    );
    vectors.push(alipayVector(id, kept, read));
  }
  write('alipay_recorded_here.json', { channel: 'alipay', made_by: MADE_BY, keys, cert_sns: numbers, vectors });
}

function alipayVector(id, kept, read) {
  const { keys } = given.alipay;
  const parameters = Object.fromEntries([
    ...new URL(kept.target, recorder.url).searchParams,
    ...new URLSearchParams(kept.body),
  ]);
  const text = alipayText(parameters);
  const sign = JSON.parse(kept.answer.body).sign;
  const vector = {
    id,
    kind: 'gateway.do call',
    client: `npm alipay-sdk ${versionOf('alipay-sdk')}`,
    http_method: kept.method,
    request_target: kept.target,
    content_type: kept.headers['content-type'],
    body: kept.body,
    decoded_params: parameters,
    string_to_sign: text,
    sign: parameters.sign,
    sign_type: parameters.sign_type,
    request_signature_verified: isSigned(read(keys.app_public_spki_b64, 'public'), text, parameters.sign),
    blank_values_kept_in_string: null,
    response_body: kept.answer.body,
    response_signed_content: kept.answer.content,
    response_signature_verified: isSigned(read(keys.alipay_gateway_public_spki_b64, 'public'), kept.answer.content, sign),
    client_accepted_response: kept.accepted,
    client_error: kept.complaint,
  };
  return verified(vector);
}

function verified(vector) {
  const whole = vector.request_signature_verified && vector.response_signature_verified && vector.client_accepted_response;
  assert.ok(whole, `${vector.id}: ${vector.client_error ?? 'a signature does not verify'}`);
  return vector;
}

async function recordWechatpay() {
  const { keys } = given.wechatpay;
  const { appid, mchid } = keys;
  const plugin = (certs, headers) => {
    const api = new Wechatpay({
      mchid,
      serial: keys.merchant_serial,
      privateKey: keys.merchant_private_pkcs8_pem,
      certs,
      baseURL: `${recorder.url}/`,
    });
    const numbered = { headers, out_trade_no: 'POS-0009', out_refund_no: 'POS-0009R1' };
    return {
      reverse: () => api.v3.pay.transactions.outTradeNo.$out_trade_no$.reverse.post({ appid, mchid }, numbered),
      'refund-query': () => api.v3.refund.domestic.refunds.$out_refund_no$.get(numbered),
    };
  };
  const byKey = plugin({ [keys.public_key_id]: keys.platform_public_pem }, { 'Wechatpay-Serial': keys.public_key_id });
  const byCertificate = plugin({ [keys.platform_serial]: keys.platform_public_pem }, {});
  const byPython = (call) => promisify(execFile)(python, [path.join(here, 'record', 'wechatpay.py'), call, recorder.url], {
    env: { ...process.env, PAYDESK_TEST_KEYS: JSON.stringify(keys) },
  });
  const exchanges = [
    ['wx-reverse', () => byPython('reverse'), 'reverse'],
    ['wx-refund-query', () => byPython('refund-query'), 'refund-query'],
    ['axios-reverse', byKey.reverse, 'reverse'],
    ['axios-refund-query', byKey['refund-query'], 'refund-query'],
    ['axios-reverse-certmode', byCertificate.reverse, 'reverse'],
    ['axios-refund-query-certmode', byCertificate['refund-query'], 'refund-query'],
  ];
  const answers = {
    reverse: { appid, mchid, out_trade_no: 'POS-0009' },
    'refund-query': {
      refund_id: '50000000382026112109732678859',
      out_refund_no: 'POS-0009R1',
      transaction_id: '4200000000202611210000000009',
      out_trade_no: 'POS-0009',
      channel: 'ORIGINAL',
      user_received_account: '支付用户零钱',
      success_time: '2026-11-21T10:32:12+08:00',
      create_time: '2026-11-21T10:32:09+08:00',
      status: 'SUCCESS',
      funds_account: 'UNSETTLED',
      amount: { total: 4650, refund: 1000, from: [], payer_total: 4650, payer_refund: 1000, settlement_refund: 1000, settlement_total: 4650, discount_refund: 0, currency: 'CNY' },
    },
  };
  const vectors = [];
  for (const [id, call, kind] of exchanges) {
    const answer = ({ headers }) => {
      const serial = headers['wechatpay-serial'] ?? keys.platform_serial;
      return wechatpayAnswer(keys.platform_private_pkcs8_pem, serial, 200, answers[kind]);
    };
    vectors.push(wechatpayVector(id, await recorder.record(answer, call)));
  }
  write('wechatpay_recorded_here.json', { channel: 'wechatpay', made_by: MADE_BY, keys, vectors });
}

function wechatpayVector(id, kept) {
  const { keys } = given.wechatpay;
  const { authorization } = kept.headers;
  const field = (name) => new RegExp(`${name}="([^"]*)"`).exec(authorization)[1];
  const message = `${kept.method}\n${kept.target}\n${field('timestamp')}\n${field('nonce_str')}\n${kept.body}\n`;
  const kinds = { wx: ['PyPI wechatpayv3', pythonVersion()], axios: ['npm wechatpay-axios-plugin', versionOf('wechatpay-axios-plugin')] };
  const named = ['accept', 'content-type', 'wechatpay-serial'].filter((name) => name in kept.headers);
  const vector = {
    id,
    client: kinds[id.split('-')[0]].join(' '),
    user_agent: kept.headers['user-agent'].startsWith('wechatpay python') ? kept.headers['user-agent'] : 'wechatpay-axios-plugin',
    http_method: kept.method,
    request_target: kept.target,
    headers: Object.fromEntries(named.map((name) => [name, kept.headers[name]])),
    authorization,
    body: kept.body,
    message_to_sign: message,
    signature: field('signature'),
    request_signature_verified: isSigned(createPublicKey(keys.merchant_cert_pem), message, field('signature')),
    response_status: kept.answer.status,
    response_headers: kept.answer.signature,
    response_body: kept.answer.body,
    response_signed_message: kept.answer.message,
    response_signature_verified: isSigned(createPublicKey(keys.platform_cert_pem), kept.answer.message, kept.answer.signature['Wechatpay-Signature']),
    client_accepted_response: kept.accepted,
    client_error: kept.complaint,
  };
  return verified(vector);
}

function pythonVersion() {
  const line = readFileSync(path.join(here, 'requirements.txt'), 'utf8');
  return /^wechatpayv3==(\S+)$/m.exec(line)[1];
}
