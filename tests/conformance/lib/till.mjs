// A real till without a window: the product's own program over a folder of its own, ordered by its payment interface.
import { spawn } from 'node:child_process';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';

import { until } from './waiting.mjs';

/** A port that nobody listens at. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** What other software may do. */
const RIGHTS = 'create,query,refund,list,cancel';

export class Till {
  #program;
  #folder;
  #served;
  #url;
  #key;
  #secret;

  /** A real shop, its keys sealed by a passphrase. */
  static async open(program) {
    const till = new Till();
    till.#program = program;
    till.#folder = mkdtempSync(path.join(tmpdir(), 'paydesk-conformance-till-'));
    till.#keep('passphrase', 'a passphrase of a test');
    await till.cli('init', '--mode', 'real', '--store-name', '街角店');
    return till;
  }

  /** A file beside the folder's data. */
  #keep(name, text) {
    const file = path.join(this.#folder, `${name}.txt`);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  }

  /** One command, ended; what it printed. */
  async cli(...words) {
    const child = this.#start(words);
    const [printed, complaint, code] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    if (code[0] !== 0) throw new Error(`paydesk-cli ${words[0]} ended with ${code[0]}: ${complaint}${printed}`);
    return printed;
  }

  /** Without the session's bus there is no keyring: a test must not look into a person's own. */
  #start(words) {
    const env = { ...process.env, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' };
    const passphrase = openSync(path.join(this.#folder, 'passphrase.txt'), 'r');
    const own = ['--data', path.join(this.#folder, 'shop'), '--passphrase-fd', '3', ...words];
    try {
      return spawn(this.#program, own, { env, stdio: ['ignore', 'pipe', 'pipe', passphrase] });
    } finally {
      closeSync(passphrase);
    }
  }

  /** Keeps an account of a sandbox, which is spoken to at `gateway`. */
  addAccount(channel, gateway, fields, secrets) {
    const shown = Object.entries(fields).flatMap(([name, value]) => ['--field', `${name}=${value}`]);
    const hidden = Object.entries(secrets).flatMap(([name, value]) => ['--file', `${name}=${this.#keep(name, value)}`]);
    return this.cli('channels', 'add', channel, '--sandbox', '--gateway', gateway, ...shown, ...hidden);
  }

  /** Listens for other software until `close`. */
  async serve() {
    const port = await freePort();
    await this.cli('interface', 'set', '--payments', 'on', '--port', String(port));
    const printed = await this.cli('interface', 'keys', 'add', '--label', 'conformance', '--rights', RIGHTS, '--per-minute', '60000');
    [this.#key, this.#secret] = printed.trim().split('\n');
    this.#served = this.#start(['interface', 'serve']);
    let said = '';
    for (const stream of [this.#served.stdout, this.#served.stderr]) {
      stream.on('data', (bytes) => {
        said += bytes;
      });
    }
    this.#url = `http://127.0.0.1:${port}`;
    await until('the address of the interface', () => {
      if (this.#served.exitCode !== null) throw new Error(`the interface ended: ${said}`);
      return said.includes(`127.0.0.1:${port}`) || undefined;
    }, 60_000);
  }

  /** One signed call; what it answers, which has to be a success. */
  async call(method, target, body) {
    const content = body === undefined ? '' : JSON.stringify(body);
    const [timestamp, nonce, idempotency] = [String(Math.floor(Date.now() / 1000)), randomBytes(16).toString('hex'), randomBytes(12).toString('hex')];
    const digest = createHash('sha256').update(content).digest('hex');
    const lines = ['PAYDESK-HMAC-SHA256-1', method, target, this.#key, timestamp, nonce, method === 'POST' ? idempotency : '', digest];
    const answer = await fetch(`${this.#url}${target}`, {
      method,
      headers: {
        'Paydesk-Key': this.#key,
        'Paydesk-Timestamp': timestamp,
        'Paydesk-Nonce': nonce,
        'Paydesk-Signature': createHmac('sha256', this.#secret).update(lines.join('\n')).digest('hex'),
        ...(method === 'POST' ? { 'Idempotency-Key': idempotency, 'Content-Type': 'application/json' } : {}),
      },
      body: method === 'POST' ? content : undefined,
    });
    const told = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${target}: ${answer.status} ${told}`);
    return JSON.parse(told);
  }

  async close() {
    if (this.#served !== undefined && this.#served.exitCode === null) {
      const ended = new Promise((resolve) => {
        this.#served.once('close', resolve);
      });
      this.#served.kill('SIGINT');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
