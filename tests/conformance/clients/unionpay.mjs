// UnionPay has no SDK that installs here, so its client is this file and the program `openssl`: requests are signed by
// it, answers and their certificates are verified by it, and the fields are those of the protocol's reference.
// What it was told is held against the sandbox's ledger.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { root } from '../lib/place.mjs';
import { freshNumber } from '../lib/sandbox.mjs';
import { until } from '../lib/waiting.mjs';

const BACK = '/gateway/api/backTransReq.do';
const QUERY = '/gateway/api/queryTrans.do';
/** Within the validity of the published test certificates, and after it. */
const THEN = '1700000000';
const LATER = '1800000000';

/** What every order of the till says. */
const SHOP = { channelType: '08', termId: '00000001', currencyCode: '156', backUrl: 'https://relay.example/unionpay/notify' };

/** `openssl` over files of a folder of its own. */
class Openssl {
  #folder = mkdtempSync(path.join(tmpdir(), 'paydesk-conformance-openssl-'));
  #count = 0;

  /** A file with this content. */
  keep(content) {
    this.#count += 1;
    const file = path.join(this.#folder, `${this.#count}.bin`);
    writeFileSync(file, content, { mode: 0o600 });
    return file;
  }

  /** What it prints, or nothing where it says no. */
  #run(words, input) {
    const ended = spawnSync('openssl', words, { input });
    if (ended.error) throw ended.error;
    return ended.status === 0 ? ended.stdout : undefined;
  }

  sign(key, text) {
    const signature = this.#run(['dgst', '-sha256', '-sign', this.keep(key)], text);
    assert.ok(signature, 'openssl did not sign');
    return signature.toString('base64');
  }

  /** Whether `leaf` hangs below `anchor` by `middle`, at this moment. */
  isChained({ leaf, middle, anchor }, at = String(Math.floor(Date.now() / 1000))) {
    // The published chain is signed with SHA-1.
    const words = ['verify', '-auth_level', '0', '-attime', at, '-CAfile', this.keep(anchor), '-untrusted', this.keep(middle), this.keep(leaf)];
    return this.#run(words) !== undefined;
  }

  isSignedBy(certificate, text, signature) {
    const key = this.#run(['x509', '-pubkey', '-noout', '-in', this.keep(certificate)]);
    const words = ['dgst', '-sha256', '-verify', this.keep(key), '-signature', this.keep(Buffer.from(signature, 'base64'))];
    return this.#run(words, text) !== undefined;
  }

  end() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The signature itself, and what this client adds for itself. */
const UNSIGNED = ['signature', 'sentTime'];

/** What is signed: the digest, in hex, of every field that says something, sorted by its bytes, raw. */
function signedText(fields) {
  const told = Object.entries(fields).filter(([name, value]) => !UNSIGNED.includes(name) && value !== '');
  const text = told.map(([name, value]) => `${name}=${value}`).sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  return createHash('sha256').update(text.join('&')).digest('hex');
}

/** An answer is raw: its values are not percent-encoded, and a certificate in it has its line ends. */
const read = (text) => Object.fromEntries(text.split('&').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));

/** Beijing's time, to the second. */
const timeOf = (ms = Date.now()) => new Date(ms + 8 * 3_600_000).toISOString().slice(0, 19).replace(/\D/g, '');

const payerCode = (digits) => `620${Array.from({ length: 14 }, () => randomInt(10)).join('')}${digits}`;

class Client {
  #sandbox;
  #own;
  #openssl;

  constructor(sandbox, openssl) {
    this.#sandbox = sandbox;
    this.#own = sandbox.merchant.unionpay;
    this.#openssl = openssl;
  }

  /** One call; the answer, once chain and signature hold. */
  async call(at, fields) {
    const told = await this.send(at, fields);
    this.hold(told);
    return told;
  }

  /** One call, its answer as it came. `change` spoils the signed form. */
  async send(at, fields, change = {}) {
    const { mer_id: merId, cert_id: certId, merchant_private_key_pem: key } = this.#own;
    const form = {
      version: '5.1.0', encoding: 'UTF-8', signMethod: '01', accessType: '0', bizType: '000000', merId, certId,
      txnTime: timeOf(), ...fields,
    };
    form.signature = this.#openssl.sign(key, signedText(form));
    const body = new URLSearchParams({ ...form, ...change }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' };
    const answer = await fetch(`${this.#sandbox.url}${at}`, { method: 'POST', headers, body });
    return { ...read(await answer.text()), sentTime: form.txnTime };
  }

  hold(told) {
    const { middle_certificate_pem: middle, root_certificate_pem: anchor } = this.#own;
    assert.ok(this.#openssl.isChained({ leaf: told.signPubKeyCert, middle, anchor }), 'the certificate of the answer hangs below no root');
    assert.ok(this.#openssl.isSignedBy(told.signPubKeyCert, signedText(told), told.signature), 'the answer is not signed by its certificate');
  }

  order(fields) {
    return this.call(BACK, { ...SHOP, ...fields });
  }

  query(orderId, txnTime) {
    return this.call(QUERY, { txnType: '00', txnSubType: '00', orderId, txnTime });
  }

  /** The answer of the query once it is decided. */
  decided(orderId, txnTime) {
    return until(`${orderId} to be decided`, async () => {
      const told = await this.query(orderId, txnTime);
      return told.respCode === '00' && !['03', '04', '05'].includes(told.origRespCode) ? told : undefined;
    });
  }
}

export async function run(suite, sandbox) {
  const openssl = new Openssl();
  try {
    await published(suite, openssl);
    await trade(suite, sandbox, new Client(sandbox, openssl));
  } finally {
    openssl.end();
  }
}

async function trade(suite, sandbox, client) {
  const of = async (order) => (await sandbox.control('GET', 'truth')).trades.find((known) => known.out_trade_no === order);
  const charge = (orderId, digits = '00') =>
    client.order({ txnType: '01', txnSubType: '06', orderId, txnAmt: '4650', qrNo: payerCode(digits) });

  await suite.check('a payer’s code is charged, found, and given back in parts', async () => {
    const orderId = freshNumber('U');
    const { respCode, sentTime } = await charge(orderId);
    assert.equal(respCode, '00');
    const paid = await client.decided(orderId, sentTime);
    assert.deepEqual([paid.origRespCode, paid.txnAmt], ['00', '4650']);
    for (const txnAmt of ['1000', '650']) {
      const number = freshNumber('U');
      const asked = await client.order({ txnType: '04', txnSubType: '00', orderId: number, origQryId: paid.queryId, txnAmt });
      assert.equal(asked.respCode, '00');
      assert.equal((await client.decided(number, asked.sentTime)).origRespCode, '00');
    }
    const { charged, returned } = await of(orderId);
    assert.deepEqual([charged, returned], [4650, 1650]);
  });

  await suite.check('a code is shown and paid by a phone', async () => {
    const orderId = freshNumber('U');
    const shown = await client.order({ txnType: '01', txnSubType: '07', orderId, txnAmt: '1999' });
    assert.equal((await sandbox.phone(shown.qrCode, 'pay')).state, 'paid');
    assert.equal((await client.decided(orderId, shown.sentTime)).origRespCode, '00');
    assert.equal((await of(orderId)).charged, 1999);
  });

  await suite.check('a payment is undone on its day', async () => {
    const orderId = freshNumber('U');
    const { sentTime } = await charge(orderId);
    const { queryId } = await client.decided(orderId, sentTime);
    const number = freshNumber('U');
    const asked = await client.order({ txnType: '31', txnSubType: '00', orderId: number, origQryId: queryId, txnAmt: '4650' });
    assert.equal((await client.decided(number, asked.sentTime)).origRespCode, '00');
    assert.equal((await of(orderId)).kept, 0);
  });

  await suite.check('a card without money is refused, and nothing moves', async () => {
    const orderId = freshNumber('U');
    const { sentTime } = await charge(orderId, '03');
    const told = await client.query(orderId, sentTime);
    assert.notEqual(told.origRespCode, '00');
    assert.equal((await of(orderId))?.charged ?? 0, 0);
  });

  await suite.check('who nobody asked for is not known, in an answer that is signed', async () => {
    assert.equal((await client.query(freshNumber('U'), timeOf())).respCode, '34');
  });

  await suite.check('a field that was changed after the signature is refused, and nothing moves', async () => {
    const orderId = freshNumber('U');
    const form = { ...SHOP, txnType: '01', txnSubType: '06', orderId, txnAmt: '4650', qrNo: payerCode('00') };
    // The gateway knows nobody it could sign for.
    const told = await client.send(BACK, form, { txnAmt: '1' });
    assert.equal(told.respCode, '11');
    assert.equal(await of(orderId), undefined);
  });

  await suite.check('an answer that was changed is not one', async () => {
    const told = await client.query(freshNumber('U'), timeOf());
    assert.throws(() => client.hold({ ...told, respCode: '00' }), /not signed/);
  });
}

/** Answers of UnionPay's own test gateway, as others published them: the same reading holds there. */
async function published(suite, openssl) {
  const file = path.join(process.env.PAYDESK_SHARED ?? path.join(root, '../shared'), 'vectors', 'unionpay_published.json');
  if (!existsSync(file)) {
    assert.ok(!process.env.PAYDESK_SHARED, `PAYDESK_SHARED is set, but has no ${file}`);
    return;
  }
  const { vectors, certificates } = JSON.parse(readFileSync(file, 'utf8'));
  const { test_root_pem: anchor, test_middle_pem: middle, merchant_sign_cert_pem: merchant } = certificates;
  for (const { name, params, signature: beside } of vectors) {
    await suite.check(`published: ${name}`, async () => {
      // A request carries no certificate, it is the merchant's; its signature stands beside it.
      const { signPubKeyCert: leaf = merchant, signature = beside } = params;
      assert.ok(openssl.isChained({ leaf, middle, anchor }, THEN), 'the chain does not hold');
      assert.equal(openssl.isChained({ leaf, middle, anchor }, LATER), false, 'a certificate that ran out was taken');
      assert.ok(openssl.isSignedBy(leaf, signedText(params), signature));
      assert.equal(openssl.isSignedBy(leaf, signedText({ ...params, txnAmt: '2' }), signature), false);
    });
  }
}
