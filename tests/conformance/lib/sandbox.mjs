// Starts the sandbox as `paydesk-cli sandbox serve` in a folder of its own, and speaks to its control.
// It ends only the processes that it started, and removes only the folders that it made.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { until } from './waiting.mjs';

const running = new Set();

/** A sandbox on loopback with new keys, an empty ledger and no faults. */
export class Sandbox {
  #folder;
  #process;
  #token;
  #printed = '';

  static async start(program) {
    const sandbox = new Sandbox();
    await sandbox.#start(program);
    return sandbox;
  }

  async #start(program) {
    this.#folder = mkdtempSync(path.join(tmpdir(), 'paydesk-conformance-'));
    this.#process = spawn(program, ['--data', this.#folder, 'sandbox', 'serve', '--port', '0'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(this);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.on('data', (bytes) => {
        this.#printed += bytes;
      });
    }
    this.address = await until('the address of the sandbox', () => {
      if (this.#process.exitCode !== null) throw new Error(`the sandbox ended: ${this.#printed}`);
      return /^127\.0\.0\.1:\d+$/m.exec(this.#printed)?.[0];
    }, 60_000);
    const read = (name) => JSON.parse(readFileSync(path.join(this.#folder, 'sandbox', name), 'utf8'));
    this.#token = read('sandbox.json').control_token;
    this.merchant = read('keys.json').merchant;
  }

  get url() {
    return `http://${this.address}`;
  }

  /** One call of the control interface. */
  async control(method, call, body) {
    const answer = await fetch(`${this.url}/_sandbox/${call}`, {
      method,
      headers: { 'x-sandbox-token': this.#token, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the sandbox's control: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  ledger() {
    return this.control('GET', 'ledger');
  }

  /** What the ledger knows of one trade, with the money counted. */
  async trade(outTradeNo) {
    const { trades } = await this.ledger();
    const trade = trades.find((known) => known.out_trade_no === outTradeNo);
    return trade && {
      ...trade,
      charged: trade.charges.map((charge) => charge.amount),
      refunded: trade.refunds.map((refund) => refund.amount),
    };
  }

  phone(qr, act) {
    return this.control('POST', 'phone', { qr, act });
  }

  async withFault(fault, work) {
    await this.control('PUT', 'faults', { faults: [fault] });
    try {
      return await work();
    } finally {
      await this.control('DELETE', 'faults');
    }
  }

  async stop() {
    running.delete(this);
    const ended = new Promise((resolve) => {
      this.#process.once('exit', resolve);
    });
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGINT');
      const late = setTimeout(() => this.#process.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(late);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Ends whatever still runs, on every way out. */
export async function stopAll() {
  await Promise.all([...running].map((sandbox) => sandbox.stop()));
}

const PREFIX = { alipay: '28', wechatpay: '13' };

/** A payment code that nobody used yet; its last two digits choose the customer. */
export function freshCode(channel, digits) {
  const middle = Array.from({ length: 14 }, () => randomInt(10)).join('');
  return `${PREFIX[channel]}${middle}${digits}`;
}

let numbers = 0;

/** An order number that nobody used yet. */
export function freshNumber(mark) {
  numbers += 1;
  return `C${mark}${process.pid}T${String(numbers).padStart(5, '0')}`;
}
