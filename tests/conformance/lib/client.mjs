// A Python client that is given JSON and prints its checks, one JSON object per line.
import { execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { here, root } from './place.mjs';

/** Builds an example of ours and answers where it is. */
export function buildExample(crate, example) {
  const words = ['build', '--locked', '--package', crate, '--example', example];
  const printed = execFileSync(process.env.CARGO ?? 'cargo', [...words, '--message-format', 'json-render-diagnostics'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const built = printed
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .find((message) => message.target?.name === example && message.executable);
  if (!built) throw new Error(`cargo named no program for the example ${example}`);
  return built.executable;
}

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
