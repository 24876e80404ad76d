// Bills by strangers' SDKs: the day is played with them, ended, asked for, fetched, opened and
// held against the sandbox's ledger. Sealed contents and both modes of Alipay are used on the way.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';

import { AlipaySdk } from 'alipay-sdk';

import { unzip } from '../lib/archive.mjs';
import { send, wechatpayAuthorization } from '../lib/raw.mjs';
import { freshCode, freshNumber } from '../lib/sandbox.mjs';
import { AlipayTill } from './alipay.mjs';
import { WechatpayTill } from './wechatpay.mjs';

const BILL = 'alipay.data.dataservice.bill.downloadurl.query';

function sdkOf(sandbox, { certificates = false, encryptKey } = {}) {
  const { alipay, alipay_certificate: certified } = sandbox.merchant;
  const own = certificates ? certified : alipay;
  return new AlipaySdk({
    gateway: `${sandbox.url}/gateway.do`,
    keyType: 'PKCS8',
    appId: own.app_id,
    privateKey: own.app_private_key_pem,
    encryptKey,
    ...(certificates
      ? {
          appCertContent: own.app_certificate_pem,
          alipayPublicCertContent: own.alipay_certificate_pem,
          alipayRootCertContent: own.alipay_root_certificate_pem,
        }
      : { alipayPublicKey: own.gateway_public_key_pem }),
  });
}

/** Cells of the list between the markers, without the padding. */
function rowsOf(text) {
  const lines = text.split('\r\n');
  const start = lines.findIndex((line) => /^#-+.*列表-+$/.test(line));
  const end = lines.findIndex((line) => /^#-+.*列表结束-+$/.test(line));
  assert.ok(start > 0 && end > start, text);
  return lines.slice(start + 2, end).map((line) => line.split(',').map((cell) => cell.trim()));
}

/** The sandbox is one that nobody else uses: its day ends here. */
export async function run(suite, sandbox, python) {
  const till = new AlipayTill(sandbox);
  const plugin = new WechatpayTill(sandbox);
  const [alipay, wechat, sealed] = [freshNumber('B'), freshNumber('B'), freshNumber('B')];
  await sealing(suite, sandbox, sealed);
  await till.pay(alipay, freshCode('alipay', '00'));
  await till.refund(alipay, `${alipay}R1`, '10.00');
  await plugin.codepay(wechat, freshCode('wechatpay', '00'));
  const { day } = await sandbox.control('GET', 'time');
  await suite.check('no bill of today: isp.bill_not_exist, INVALID_REQUEST', async () => {
    const refused = await sdkOf(sandbox).exec(BILL, { bizContent: { bill_type: 'trade', bill_date: day } }, { validateSign: true });
    assert.equal(refused.subCode, 'isp.bill_not_exist');
    assert.equal((await billOf(sandbox, 'tradebill', { bill_date: day })).data.code, 'INVALID_REQUEST');
  });
  await suite.check('the day ends', async () => {
    const ended = await sandbox.control('POST', 'day/end');
    assert.equal(ended.ended, day);
  });
  for (const certificates of [false, true]) await alipayBills(suite, sandbox, { day, certificates, alipay, sealed });
  await wechatpayBills(suite, sandbox, { day, wechat });
  const { name: serial } = await sandbox.control('POST', 'rotate', { what: 'platform_certificate' });
  const { run: runPython } = await import('./python.mjs');
  await runPython(suite, sandbox, python, 'bills', { day, number: wechat, serial });
  await hostile(suite, sandbox, day);
}

async function sealing(suite, sandbox, number) {
  for (const certificates of [false, true]) {
    const own = certificates ? sandbox.merchant.alipay_certificate : sandbox.merchant.alipay;
    const mode = certificates ? 'certificate mode' : 'public-key mode';
    const sdk = sdkOf(sandbox, { certificates, encryptKey: own.aes_key });
    const name = certificates ? `${number}X` : number;
    await suite.check(`alipay-sdk with AES contents, ${mode}: pay and query`, async () => {
      const content = { out_trade_no: name, scene: 'bar_code', auth_code: freshCode('alipay', '00'), subject: '加密 1+1', total_amount: '3.00' };
      const paid = await sdk.exec('alipay.trade.pay', { bizContent: content, needEncrypt: true });
      assert.deepEqual([paid.code, paid.outTradeNo], ['10000', name]);
      const known = await sdk.exec('alipay.trade.query', { bizContent: { out_trade_no: name }, needEncrypt: true });
      assert.equal(known.tradeStatus, 'TRADE_SUCCESS');
      assert.deepEqual((await sandbox.trade(name)).charged, [300]);
    });
    await suite.check(`alipay-sdk with another AES key, ${mode}: refused, nobody charged`, async () => {
      const strange = sdkOf(sandbox, { certificates, encryptKey: Buffer.alloc(16, 7).toString('base64') });
      const content = { out_trade_no: `${name}Z`, scene: 'bar_code', auth_code: freshCode('alipay', '00'), subject: '加密', total_amount: '3.00' };
      await assert.rejects(async () => {
        const answer = await strange.exec('alipay.trade.pay', { bizContent: content, needEncrypt: true });
        assert.equal(answer.code, '10000', answer.subCode);
      });
      assert.equal(await sandbox.trade(`${name}Z`), undefined);
    });
  }
}

async function alipayBills(suite, sandbox, { day, certificates, alipay, sealed }) {
  const mode = certificates ? 'certificate mode' : 'public-key mode';
  const account = `${sandbox.merchant.alipay.seller_id}0156`;
  const fetchBill = async (type) => {
    const answer = await sdkOf(sandbox, { certificates })
      .exec(BILL, { bizContent: { bill_type: type, bill_date: day } }, { validateSign: true });
    assert.equal(answer.code, '10000', JSON.stringify(answer));
    assert.equal(new URL(answer.billDownloadUrl).origin, sandbox.url);
    const file = await fetch(answer.billDownloadUrl);
    assert.equal(file.status, 200);
    return unzip(Buffer.from(await file.arrayBuffer()));
  };
  await suite.check(`alipay-sdk, ${mode}: the trade bill lists payments and the refund, with its totals`, async () => {
    const files = await fetchBill('trade');
    const stem = `${account}_${day.replaceAll('-', '')}_业务明细`;
    assert.deepEqual(files.map((file) => [file.name, file.flags]), [[`${stem}(汇总).csv`, 0], [`${stem}.csv`, 0]]);
    const rows = rowsOf(files[1].text);
    const of = (number, kind) => rows.find((row) => row[1] === number && row[2] === kind);
    assert.equal(rows.every((row) => row.length === 25), true);
    assert.deepEqual([of(alipay, '交易')[11], of(alipay, '交易')[22]], ['46.50', '-0.28']);
    assert.deepEqual([of(alipay, '退款')[11], of(alipay, '退款')[21], of(alipay, '退款')[22]], ['-10.00', `${alipay}R1`, '0.06']);
    assert.equal(of(sealed, '交易')[3], '加密 1+1');
    assert.match(files[1].text, /#交易合计：3笔，商家实收共52\.50元/);
    assert.match(files[1].text, /#退款合计：1笔，商家实收退款共-10\.00元/);
  });
  await suite.check(`alipay-sdk, ${mode}: the account bill adds up`, async () => {
    const [summary, detail] = await fetchBill('signcustomer');
    const rows = rowsOf(detail.text);
    const fen = (text) => Math.round(Number(text) * 100);
    const moved = rows.reduce((sum, row) => sum + fen(row[6]) + fen(row[7]), 0);
    assert.equal(fen(rows.at(-1)[8]), moved, 'the last balance is the sum of the movements');
    assert.equal(fen(rowsOf(summary.text).at(-1)[5]), moved);
  });
}

/** One call by the plugin, whatever it answers. */
async function billOf(sandbox, name, params) {
  const { Wechatpay } = await import('wechatpay-axios-plugin');
  const own = sandbox.merchant.wechatpay;
  const api = new Wechatpay({
    mchid: own.mchid,
    serial: own.merchant_serial,
    privateKey: own.merchant_private_key_pem,
    certs: { [own.public_key_id]: own.public_key_pem },
    baseURL: `${sandbox.url}/`,
  });
  const headers = { 'Wechatpay-Serial': own.public_key_id };
  try {
    const { status, data } = await api.v3.bill[name].get({ params, headers });
    const file = async () => {
      const token = new URL(data.download_url).searchParams.get('token');
      const raw = { params: { token }, headers, responseType: 'arraybuffer', transformResponse: [(bytes) => bytes] };
      return Buffer.from((await api.v3.billdownload.file.get(raw)).data);
    };
    return { status, data, file };
  } catch (error) {
    if (!error.response) throw error;
    return { status: error.response.status, data: error.response.data };
  }
}

async function wechatpayBills(suite, sandbox, { day, wechat }) {
  const sha1 = (bytes) => createHash('sha1').update(bytes).digest('hex');
  for (const [name, needle] of [['tradebill', `\`${wechat},`], ['fundflowbill', '`扣除交易手续费,']]) {
    await suite.check(`wechatpay-axios-plugin: ${name}, plain and packed, by its digest`, async () => {
      const plain = await billOf(sandbox, name, { bill_date: day });
      assert.equal(plain.status, 200, JSON.stringify(plain.data));
      const bytes = await plain.file();
      assert.equal(sha1(bytes), plain.data.hash_value);
      assert.ok(bytes.toString('utf8').startsWith('\u{feff}') && bytes.includes(needle), bytes.toString('utf8'));
      const packed = await billOf(sandbox, name, { bill_date: day, tar_type: 'GZIP' });
      const unpacked = gunzipSync(await packed.file());
      assert.equal(sha1(unpacked), packed.data.hash_value);
      assert.deepEqual(unpacked, bytes);
    });
  }
  await suite.check('wechatpay-axios-plugin: a day without trades is NO_STATEMENT_EXIST', async () => {
    const before = new Date(Date.parse(day) - 86_400_000).toISOString().slice(0, 10);
    const { status, data } = await billOf(sandbox, 'tradebill', { bill_date: before });
    assert.deepEqual([status, data.code], [400, 'NO_STATEMENT_EXIST']);
  });
}

/** Downloads without, and with a wrong, Authorization; and the sandbox's time without the token. */
async function hostile(suite, sandbox, day) {
  const own = sandbox.merchant.wechatpay;
  const { data } = await billOf(sandbox, 'tradebill', { bill_date: day });
  const target = data.download_url.slice(sandbox.url.length);
  const signed = (over, change = {}) => wechatpayAuthorization({
    key: own.merchant_private_key_pem, mchid: own.mchid, serial: own.merchant_serial, method: 'GET', target: over, body: '', ...change,
  });
  const headers = { accept: '*/*', 'user-agent': 'hostile/1' };
  const get = (asked, authorization) => send(sandbox.url, {
    method: 'GET', target: asked, headers: { ...headers, ...(authorization && { authorization }) },
  });
  const old = Math.floor(Date.now() / 1000) - 310;
  for (const [what, asked, authorization, status] of [
    ['no Authorization', target, undefined, 401],
    ['signed over the path without the query', target, signed('/v3/billdownload/file'), 401],
    ['signed over another token', target, signed(`${target}x`), 401],
    ['an old time', target, signed(target, { seconds: old }), 401],
    ['an unknown token', '/v3/billdownload/file?token=x', signed('/v3/billdownload/file?token=x'), 400],
    ['an unsigned bill query', `/v3/bill/tradebill?bill_date=${day}`, undefined, 401],
    ['the call made rightly', target, signed(target), 200],
  ]) {
    await suite.check(`a bill of WeChat Pay, ${what} → ${status}`, async () => {
      const answer = await get(asked, authorization);
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.text.includes('交易时间'), status === 200, 'the file is told');
    });
  }
  await suite.check('a bill of Alipay, an unknown token → 404', async () => {
    assert.equal((await get('/downloadBillFile.resource?token=x')).status, 404);
  });
  for (const [what, token, status] of [['without the token', undefined, 401], ['with a wrong token', 'A'.repeat(32), 401]]) {
    await suite.check(`X-Sandbox-Now ${what} → ${status}, and nothing happens`, async () => {
      const before = JSON.stringify(await sandbox.ledger());
      const number = freshNumber('B');
      const body = JSON.stringify({
        appid: own.appid, mchid: own.mchid, description: '门店收款', out_trade_no: number, amount: { total: 100, currency: 'CNY' },
        payer: { auth_code: freshCode('wechatpay', '00') }, scene_info: { store_info: { out_id: 'till-1' } },
      });
      const charge = '/v3/pay/transactions/codepay';
      const answer = await send(sandbox.url, {
        target: charge,
        headers: {
          ...headers, 'content-type': 'application/json', 'x-sandbox-now': String(old * 1000), ...(token && { 'x-sandbox-token': token }),
          authorization: signed(charge, { method: 'POST', body, seconds: old }),
        },
        body,
      });
      assert.equal(answer.status, status, answer.text);
      assert.equal(JSON.stringify(await sandbox.ledger()), before, 'the ledger changed');
    });
  }
}
