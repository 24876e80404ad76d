// Hostile clients: each call is wrong in one way, gets the channel's own error unsigned, and
// leaves the whole ledger as it was. Every operation that moves or ends money is attacked, and
// the same call made rightly goes through, so that no refusal passes for another reason.
import assert from 'node:assert/strict';

import { alipayText, alipayTime, rsaSign, send, strangeKey, wechatpayAuthorization } from '../lib/raw.mjs';
import { freshCode, freshNumber } from '../lib/sandbox.mjs';
import { pause } from '../lib/waiting.mjs';

/** One letter of the signature's base64 text becomes another. */
function bent(signature) {
  return `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
}

/** The last digit of the text becomes the next one. */
function bentText(text) {
  const bentOne = text.replace(/\d(?=\D*$)/, (digit) => (Number(digit) + 1) % 10);
  assert.notEqual(bentOne, text);
  return bentOne;
}

/** The ledger before and after: not one byte may differ. */
async function unchanged(sandbox, work) {
  const before = JSON.stringify(await sandbox.ledger());
  const answer = await work();
  assert.equal(JSON.stringify(await sandbox.ledger()), before, 'the ledger changed');
  return answer;
}

/** The rightful call, at the end: the ledger must change, or the attacks before it proved nothing. */
async function changes(sandbox, work) {
  const before = JSON.stringify(await sandbox.ledger());
  const answer = await work();
  assert.notEqual(JSON.stringify(await sandbox.ledger()), before, 'the ledger did not change');
  return answer;
}

export async function run(suite, sandbox) {
  await alipay(suite, sandbox, false);
  await alipay(suite, sandbox, true);
  await wechatpay(suite, sandbox);
  await strangers(suite, sandbox);
}

// ---- Alipay

function alipayCaller(sandbox, isCertificateMode) {
  const { alipay: plain, alipay_certificate: certified } = sandbox.merchant;
  const own = isCertificateMode ? certified : plain;
  const common = (method, content) => ({
    app_id: own.app_id,
    method: `alipay.trade.${method}`,
    format: 'JSON',
    charset: 'utf-8',
    sign_type: 'RSA2',
    timestamp: alipayTime(),
    version: '1.0',
    ...(isCertificateMode && {
      app_cert_sn: certified.app_cert_sn,
      alipay_root_cert_sn: certified.alipay_root_cert_sn,
    }),
    biz_content: JSON.stringify(content),
  });
  const sign = (parameters, key = own.app_private_key_pem) =>
    ({ ...parameters, sign: rsaSign(key, alipayText(parameters)) });
  const post = async (parameters) => {
    const form = new URLSearchParams(parameters).toString();
    const answer = await send(sandbox.url, {
      target: '/gateway.do',
      headers: { 'content-type': 'application/x-www-form-urlencoded;charset=utf-8' },
      body: form,
    });
    assert.equal(answer.status, 200, 'gateway.do answers 200 to everything');
    const whole = JSON.parse(answer.text);
    const names = Object.keys(whole).filter((name) => !['sign', 'alipay_cert_sn'].includes(name));
    assert.equal(names.length, 1, answer.text);
    return { node: whole[names[0]], sign: whole.sign, certificate: whole.alipay_cert_sn };
  };
  return { common, sign, post };
}

/** Each way of being wrong: what is sent, and the gateway's error. */
function alipayAttacks({ common, sign }, method, content, isCertificateMode) {
  const right = () => common(method, content);
  const wrongSign = (change) => {
    const signed = sign(right());
    return { ...signed, sign: change(signed.sign) };
  };
  const signedWith = (change) => sign({ ...right(), ...change });
  const without = (name) => {
    const parameters = right();
    delete parameters[name];
    return sign(parameters);
  };
  const afterwards = (change) => ({ ...sign(right()), ...change });
  const invalid = ['40002', 'isv.invalid-signature'];
  const attacks = [
    ['no signature', right, ['40001', 'isv.missing-signature']],
    ['blank signature', () => wrongSign(() => ''), ['40001', 'isv.missing-signature']],
    ['wrong signature', () => wrongSign(bent), invalid],
    ['truncated signature', () => wrongSign((text) => text.slice(0, -8)), invalid],
    ['signature that is no base64', () => wrongSign(() => '***'), invalid],
    ['signature of another call', () => afterwards({ sign: sign(common('query', content)).sign }), invalid],
    ['key that nobody registered', () => sign(right(), strangeKey()), invalid],
    ['byte changed in the content', () => afterwards({ biz_content: bentText(JSON.stringify(content)) }), invalid],
    ['method changed', () => afterwards({ method: 'alipay.trade.close' }), invalid],
    ['old time put on a signed call', () => afterwards({ timestamp: alipayTime(Date.now() - 86_400_000) }), invalid],
    ['parameter added', () => afterwards({ notify_url: 'https://evil.example.cn/' }), invalid],
    ['time in another form', () => signedWith({ timestamp: '2026-11-21T10:22:12Z' }), ['40002', 'isv.invalid-timestamp']],
    ['no time', () => without('timestamp'), ['40001', 'isv.missing-timestamp']],
    ['unknown application', () => signedWith({ app_id: '2021000000000000' }), ['40002', 'isv.invalid-app-id']],
    ['no application', () => without('app_id'), ['40001', 'isv.missing-app-id']],
    ['no method', () => without('method'), ['40001', 'isv.missing-method']],
    ['no signature type', () => without('sign_type'), ['40001', 'isv.missing-signature-type']],
    ['unknown signature type', () => signedWith({ sign_type: 'MD5' }), ['40002', 'isv.invalid-signature-type']],
    ['no version', () => without('version'), ['40001', 'isv.missing-version']],
  ];
  if (isCertificateMode) {
    attacks.push(
      ['no application certificate', () => without('app_cert_sn'), ['40002', 'isv.missing-app-cert-sn']],
      ['no root certificate', () => without('alipay_root_cert_sn'), ['40002', 'isv.missing-alipay-root-cert-sn']],
      ['unknown application certificate', () => signedWith({ app_cert_sn: '0'.repeat(32) }), ['40002', 'isv.app-cert-not-exist']],
      ['unknown root certificate', () => signedWith({ alipay_root_cert_sn: '0'.repeat(32) }), ['40002', 'isv.invalid-alipay-root-cert-sn']],
    );
  }
  return attacks;
}

async function alipay(suite, sandbox, isCertificateMode) {
  const caller = alipayCaller(sandbox, isCertificateMode);
  const mode = isCertificateMode ? 'certificate mode' : 'public-key mode';
  const number = freshNumber('H');
  const targets = [
    ['pay', {
      out_trade_no: number,
      scene: 'bar_code',
      auth_code: freshCode('alipay', '00'),
      subject: '门店收款',
      total_amount: '11.00',
    }],
    ['refund', { out_trade_no: number, out_request_no: `${number}R1`, refund_amount: '1.00' }],
    ['cancel', { out_trade_no: number }],
  ];
  for (const [method, content] of targets) {
    for (const [what, make, [code, subCode]] of alipayAttacks(caller, method, content, isCertificateMode)) {
      await suite.check(`Alipay ${method}, ${mode}: ${what} → ${subCode}`, async () => {
        const answer = await unchanged(sandbox, () => caller.post(make()));
        assert.deepEqual([answer.node.code, answer.node.sub_code], [code, subCode]);
        assert.equal(answer.sign, undefined, 'a stranger gets a signature');
      });
    }
    await suite.check(`Alipay ${method}, ${mode}: the same call made rightly goes through`, async () => {
      const answer = await changes(sandbox, () => caller.post(caller.sign(caller.common(method, content))));
      assert.equal(answer.node.code, '10000', JSON.stringify(answer.node));
      const named = isCertificateMode ? sandbox.merchant.alipay_certificate.alipay_cert_sn : undefined;
      assert.equal(answer.certificate, named);
    });
  }
  await suite.check(`Alipay pay, ${mode}: the signed bytes sent once more charge nobody`, async () => {
    const bytes = caller.sign(caller.common(...targets[0]));
    const answer = await unchanged(sandbox, () => caller.post(bytes));
    assert.equal(answer.node.code, '40004', JSON.stringify(answer.node));
  });
}

// ---- WeChat Pay

function wechatpayCaller(sandbox) {
  const own = sandbox.merchant.wechatpay;
  const headers = {
    accept: 'application/json',
    'content-type': 'application/json',
    'user-agent': 'hostile/1',
    'wechatpay-serial': own.public_key_id,
  };
  const authorization = (target, body, change = {}) => wechatpayAuthorization({
    key: own.merchant_private_key_pem,
    mchid: own.mchid,
    serial: own.merchant_serial,
    method: 'POST',
    target,
    body,
    ...change,
  });
  const post = async (target, body, more) => {
    const all = { ...headers, ...more };
    const kept = Object.entries(all).filter(([, value]) => value !== undefined);
    const answer = await send(sandbox.url, { target, headers: Object.fromEntries(kept), body });
    return { ...answer, data: answer.text === '' ? undefined : JSON.parse(answer.text) };
  };
  return { own, authorization, post };
}

const OLD = 'Http头Authorization中的timestamp与发起请求的时间不得超过5分钟';
const WRONG = '签名错误';

/** Each way of being wrong: headers and body as sent, and the gateway's status, code and words. */
function wechatpayAttacks({ own, authorization }, target, body) {
  const header = (change) => ({ headers: { authorization: authorization(target, body, change) } });
  const now = Math.floor(Date.now() / 1000);
  const signatureOf = (text) => /signature="([^"]*)"/.exec(text)[1];
  const withSignature = (change) => {
    const text = authorization(target, body);
    return { headers: { authorization: text.replace(signatureOf(text), () => change(signatureOf(text))) } };
  };
  const rewritten = (change) => ({ headers: { authorization: change(authorization(target, body)) } });
  const garbled = target.startsWith('/v3/pay/transactions')
    ? '签名信息错误，验签失败'
    : 'Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》';
  const refused = (words) => [401, 'SIGN_ERROR', words];
  const missing = [400, 'INVALID_REQUEST', 'Http头缺少Accept或User-Agent'];
  return [
    ['no Authorization', () => ({ headers: {} }), refused(garbled)],
    ['nonsense for Authorization', () => ({ headers: { authorization: 'nonsense' } }), refused(garbled)],
    ['another scheme', () => rewritten((text) => text.replace(/^\S+/, 'Basic')), refused('HTTP头Authorization认证类型不正确')],
    ['no signature', () => header({ change: { signature: undefined } }), refused(garbled)],
    ['wrong signature', () => withSignature(bent), refused(WRONG)],
    ['truncated signature', () => withSignature((text) => text.slice(0, -8)), refused(WRONG)],
    ['signature probe', () => withSignature((text) => `WECHATPAY/SIGNTEST/${text}`), refused(WRONG)],
    ['key that nobody registered', () => header({ key: strangeKey() }), refused(WRONG)],
    ['signed for another method', () => header({ method: 'GET' }), refused(WRONG)],
    ['signed for another path', () => ({ headers: { authorization: authorization(`${target}x`, body) } }), refused(WRONG)],
    ['nonce changed', () => header({ change: { nonce_str: 'other' } }), refused(WRONG)],
    ['time changed', () => header({ change: { timestamp: String(now - 1) } }), refused(WRONG)],
    ['byte changed in the body', () => ({ ...header(), body: bentText(body) }), refused(WRONG)],
    ['blank added to the body', () => ({ ...header(), body: `${body} ` }), refused(WRONG)],
    ['time 310 s ago', () => header({ seconds: now - 310 }), refused(OLD)],
    ['time 310 s ahead', () => header({ seconds: now + 310 }), refused(OLD)],
    ['unknown certificate serial', () => header({ serial: '0'.repeat(40) }), refused('商户证书序列号有误。')],
    ['unknown merchant', () => header({ mchid: '1900000000' }), refused('商户号不存在')],
    ['no User-Agent', () => ({ headers: { ...header().headers, 'user-agent': undefined } }), missing],
    ['no Accept', () => ({ headers: { ...header().headers, accept: undefined } }), missing],
    ['another merchant in the body, signed', () => {
      const other = JSON.stringify({ ...JSON.parse(body), mchid: '1900000000' });
      return { headers: { authorization: authorization(target, other) }, body: other };
    }, [400, 'PARAM_ERROR', '参数错误: mchid'], own.mchid],
  ].filter(([, , , needs]) => needs === undefined || body.includes(needs));
}

async function wechatpay(suite, sandbox) {
  const caller = wechatpayCaller(sandbox);
  const { appid, mchid } = caller.own;
  const number = freshNumber('H');
  const amount = (total) => ({ total, currency: 'CNY' });
  const targets = [
    ['codepay', '/v3/pay/transactions/codepay', {
      appid,
      mchid,
      description: '门店收款',
      out_trade_no: number,
      amount: amount(1100),
      payer: { auth_code: freshCode('wechatpay', '00') },
      scene_info: { store_info: { out_id: 'till-1' } },
    }],
    ['reverse', `/v3/pay/transactions/out-trade-no/${number}/reverse`, { appid, mchid }],
    ['refund', '/v3/refund/domestic/refunds', {
      out_trade_no: number,
      out_refund_no: `${number}R1`,
      amount: { refund: 100, ...amount(1100) },
    }],
  ];
  for (const [name, target, content] of targets) {
    const body = JSON.stringify(content);
    for (const [what, make, [status, code, words]] of wechatpayAttacks(caller, target, body)) {
      await suite.check(`WeChat Pay ${name}: ${what} → ${status} ${code}`, async () => {
        const wrong = make();
        const answer = await unchanged(sandbox, () => caller.post(target, wrong.body ?? body, wrong.headers));
        assert.deepEqual([answer.status, answer.data.code], [status, code], answer.text);
        assert.ok(answer.data.message.startsWith(words), answer.data.message);
        const isKnown = code === 'PARAM_ERROR';
        assert.equal('wechatpay-signature' in answer.headers, isKnown, 'who gets a signature');
      });
    }
    // The reverse comes too early to go through; its rightful form is refused by the signed rule of time.
    await suite.check(`WeChat Pay ${name}: the same call made rightly is heard`, async () => {
      const call = () => caller.post(target, body, { authorization: caller.authorization(target, body) });
      const answer = await (name === 'reverse' ? unchanged : changes)(sandbox, call);
      assert.equal(answer.status, name === 'reverse' ? 400 : 200, answer.text);
      assert.ok(answer.headers['wechatpay-signature'], 'a known merchant gets a signature');
    });
  }
  await suite.check('WeChat Pay codepay: the signed bytes sent once more charge nobody', async () => {
    await pause(3_500);
    const [, target, content] = targets[0];
    const body = JSON.stringify(content);
    const headers = { authorization: caller.authorization(target, body) };
    const answers = await unchanged(sandbox, async () => [
      await caller.post(target, body, headers),
      await caller.post(target, body, headers),
    ]);
    for (const answer of answers) assert.deepEqual([answer.status, answer.data.code], [400, 'ORDER_PAID']);
  });
}

// ---- Whoever finds the port

async function strangers(suite, sandbox) {
  const control = (headers) => send(sandbox.url, { method: 'GET', target: '/_sandbox/ledger', headers });
  for (const [what, headers, status] of [
    ['without the token', {}, 401],
    ['with a wrong token', { 'x-sandbox-token': 'A'.repeat(32) }, 401],
    ['from a web page', { origin: 'https://evil.example.cn' }, 403],
    ['under another host name', { host: 'evil.example.cn' }, 403],
  ]) {
    await suite.check(`the control ${what} → ${status}`, async () => {
      const answer = await control(headers);
      assert.equal(answer.status, status, answer.text);
      assert.ok(!answer.text.includes('trades'), 'the ledger is told');
    });
  }
}
