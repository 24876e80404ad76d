// Runs the Python client and takes over its checks, which it prints one JSON object per line.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { here } from '../lib/place.mjs';

/** `part` is `trade`, `bills` or `forged`; `more` is what that part needs to know. */
export async function run(suite, sandbox, python, part, more = {}) {
  const client = spawn(python, ['-u', 'clients/wechatpay.py', part], {
    cwd: here,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let complaint = '';
  client.stderr.on('data', (bytes) => {
    complaint += bytes;
  });
  const ended = new Promise((resolve, reject) => {
    client.once('error', reject);
    client.once('close', resolve);
  });
  // Credentials go through the pipe, not over the command line.
  client.stdin.end(JSON.stringify({ url: sandbox.url, merchant: sandbox.merchant.wechatpay, ...more }));
  for await (const line of createInterface({ input: client.stdout })) {
    const { name, failure } = JSON.parse(line);
    suite.report(name, failure ?? undefined);
  }
  const code = await ended;
  if (code !== 0) throw new Error(`the Python client ended with ${code}: ${complaint}`);
}
