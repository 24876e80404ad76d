// A Python client that is given JSON and prints its checks, one JSON object per line.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { here } from './place.mjs';

/** Runs a client and takes over its checks. What it is given goes through the pipe, not over the command line. */
export async function runClient(suite, python, words, given) {
  const client = spawn(python, ['-u', ...words], { cwd: here, stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  client.stderr.on('data', (bytes) => {
    complaint += bytes;
  });
  const ended = new Promise((resolve, reject) => {
    client.once('error', reject);
    client.once('close', resolve);
  });
  client.stdin.end(JSON.stringify(given));
  for await (const line of createInterface({ input: client.stdout })) {
    const { name, failure } = JSON.parse(line);
    suite.report(name, failure ?? undefined);
  }
  const code = await ended;
  if (code !== 0) throw new Error(`${words[0]} ended with ${code}: ${complaint}`);
}
