// A server that keeps what a client sent, byte for byte, and answers from a script.
// It knows no trade: what it answers is given with the call.
import { randomBytes, sign, verify } from 'node:crypto';
import http from 'node:http';

/** The channels' side of the wire while vectors are recorded. */
export class Recorder {
  #server;
  #script;
  #kept = [];

  async start() {
    this.#server = http.createServer((request, response) => {
      const parts = [];
      request.on('data', (part) => parts.push(part));
      request.on('end', () => {
        const kept = {
          method: request.method,
          target: request.url,
          headers: request.headers,
          body: Buffer.concat(parts).toString('utf8'),
        };
        const answer = this.#script(kept);
        this.#kept.push({ ...kept, answer });
        response.writeHead(answer.status, answer.headers);
        response.end(answer.body);
      });
    });
    await new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** Runs one client call and answers what was sent, what was answered and what the client made of it. */
  async record(script, call) {
    this.#script = script;
    this.#kept = [];
    let accepted = true;
    let complaint = null;
    try {
      await call();
    } catch (error) {
      [accepted, complaint] = [false, error.message];
    }
    if (this.#kept.length !== 1) throw new Error(`${this.#kept.length} requests instead of one: ${complaint}`);
    return { ...this.#kept[0], accepted, complaint };
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

export function signed(key, text) {
  return sign('sha256', Buffer.from(text, 'utf8'), key).toString('base64');
}

export function isSigned(key, text, signature) {
  return verify('sha256', Buffer.from(text, 'utf8'), key, Buffer.from(signature, 'base64'));
}

/** An answer of Alipay: one node, its number in certificate mode, the signature over the node. */
export function alipayAnswer(key, method, node, certificate) {
  const content = JSON.stringify(node);
  const named = certificate === undefined ? '' : `"alipay_cert_sn":"${certificate}",`;
  const body = `{"alipay_trade_${method.replaceAll('.', '_')}_response":${content},${named}"sign":"${signed(key, content)}"}`;
  return { status: 200, headers: { 'content-type': 'text/html;charset=utf-8' }, body, content };
}

/** An answer of WeChat Pay, signed over time, nonce and raw body. */
export function wechatpayAnswer(key, serial, status, value) {
  const body = JSON.stringify(value);
  const timestamp = String(Math.floor(Date.now() / 1000));
  const nonce = randomBytes(16).toString('hex');
  const message = `${timestamp}\n${nonce}\n${body}\n`;
  const signature = {
    'Wechatpay-Timestamp': timestamp,
    'Wechatpay-Nonce': nonce,
    'Wechatpay-Serial': serial,
    'Wechatpay-Signature': signed(key, message),
    'Wechatpay-Signature-Type': 'WECHATPAY2-SHA256-RSA2048',
  };
  return { status, headers: { ...signature, 'content-type': 'application/json' }, signature, body, message };
}
