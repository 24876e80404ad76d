// A day's bill against our books, worked out once more by DuckDB from the generated files.
import { execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { here, root } from '../lib/place.mjs';

/** Many small shops, and one whose day is long. */
const SHOPS = [
  { seeds: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], orders: 2000 },
  { seeds: [12], orders: 40_000 },
];

/** Builds the program that writes a seed's files and says what the product makes of them. */
function buildProgram() {
  const words = ['build', '--locked', '--package', 'paydesk-truth', '--example', 'compared'];
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
    .find((message) => message.target?.name === 'compared' && message.executable);
  if (!built) throw new Error('cargo named no program for the example compared');
  return built.executable;
}

export async function run(suite, python) {
  const program = buildProgram();
  for (const shop of SHOPS) {
    const client = spawn(python, ['-u', 'clients/truth.py'], { cwd: here, stdio: ['pipe', 'pipe', 'pipe'] });
    let complaint = '';
    client.stderr.on('data', (bytes) => {
      complaint += bytes;
    });
    const ended = new Promise((resolve, reject) => {
      client.once('error', reject);
      client.once('close', resolve);
    });
    client.stdin.end(JSON.stringify({ ...shop, program }));
    for await (const line of createInterface({ input: client.stdout })) {
      const { name, failure } = JSON.parse(line);
      suite.report(name, failure ?? undefined);
    }
    const code = await ended;
    if (code !== 0) throw new Error(`DuckDB's client ended with ${code}: ${complaint}`);
  }
}
