// Plain HTTP and plain signatures, so that a request can be wrong in exactly one way.
// It shares nothing with the SDKs and nothing with the product.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import http from 'node:http';

/** Sends exactly these headers and bytes; nothing is added but Host, Connection and Content-Length. */
export function send(url, { method = 'POST', target, headers = {}, body = '' }) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const request = http.request({
      hostname,
      port,
      method,
      path: target,
      agent: false,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      timeout: 10_000,
    }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        resolve({ status: answer.statusCode, headers: answer.headers, text });
      });
      answer.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('no answer within 10 s')));
    request.on('error', reject);
    request.end(body);
  });
}

export function rsaSign(key, text) {
  return sign('sha256', Buffer.from(text, 'utf8'), key).toString('base64');
}

/** A key that nobody registered. */
export function strangeKey() {
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
}

/** The text that Alipay signs: every parameter but `sign`, sorted, raw. */
export function alipayText(parameters) {
  return Object.keys(parameters)
    .filter((name) => name !== 'sign')
    .sort()
    .map((name) => `${name}=${parameters[name]}`)
    .join('&');
}

/** Alipay's time: Beijing, whole seconds. */
export function alipayTime(at = Date.now()) {
  return new Date(at + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
}

/** The Authorization header of WeChat Pay; `change` replaces fields after the signature. */
export function wechatpayAuthorization({ key, mchid, serial, method, target, body, seconds, change = {} }) {
  const timestamp = String(seconds ?? Math.floor(Date.now() / 1000));
  const nonce = randomBytes(16).toString('hex');
  const signature = rsaSign(key, `${method}\n${target}\n${timestamp}\n${nonce}\n${body}\n`);
  const fields = { mchid, nonce_str: nonce, signature, timestamp, serial_no: serial, ...change };
  const pairs = Object.entries(fields).filter(([, value]) => value !== undefined);
  return `WECHATPAY2-SHA256-RSA2048 ${pairs.map(([name, value]) => `${name}="${value}"`).join(',')}`;
}
