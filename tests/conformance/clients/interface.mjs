// The payment interface against requests that Schemathesis makes of its OpenAPI document.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { runClient } from '../lib/client.mjs';
import { freePort } from '../lib/till.mjs';
import { until } from '../lib/waiting.mjs';

/** Requests of each kind for each operation. */
const EXAMPLES = 40;

/** A demo till whose interface is on, for as long as the client runs. */
export async function run(suite, python, program) {
  const folder = mkdtempSync(path.join(tmpdir(), 'paydesk-conformance-interface-'));
  const cli = (...words) => execFileSync(program, ['--data', folder, ...words], { encoding: 'utf8' });
  const port = await freePort();
  cli('init', '--past-days', '0');
  cli('interface', 'set', '--payments', 'on', '--notices', 'on', '--port', String(port));
  const rights = 'create,query,refund,list,cancel';
  const [key, secret] = cli('interface', 'keys', 'add', '--label', 'conformance', '--rights', rights, '--per-minute', '60000')
    .trim()
    .split('\n');
  const served = spawn(program, ['--data', folder, 'interface', 'serve'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => {
    served.once('close', resolve);
  });
  try {
    let printed = '';
    served.stdout.on('data', (bytes) => {
      printed += bytes;
    });
    await until('the address of the interface', () => {
      if (served.exitCode !== null) throw new Error(`the interface ended with ${served.exitCode}`);
      return printed.includes(`127.0.0.1:${port}`) || undefined;
    }, 60_000);
    await runClient(suite, python, ['clients/interface.py'], {
      url: `http://127.0.0.1:${port}`,
      key,
      secret,
      examples: EXAMPLES,
    });
  } finally {
    served.kill('SIGINT');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}
