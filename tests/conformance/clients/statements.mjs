// Statements of banks, read once more by parsers that strangers wrote.
import { existsSync } from 'node:fs';
import path from 'node:path';

import { buildExample, runClient } from '../lib/client.mjs';
import { root } from '../lib/place.mjs';

export async function run(suite, python) {
  const asked = process.env.PAYDESK_SHARED;
  const samples = path.join(asked ?? path.join(root, '../shared'), 'samples');
  if (!existsSync(samples)) {
    if (asked) throw new Error(`PAYDESK_SHARED is set, but has no samples: ${samples}`);
    console.log('statements: skipped, no shared samples');
    return;
  }
  const program = buildExample('paydesk-bank', 'movements');
  await runClient(suite, python, ['clients/statements.py'], { program, samples });
}
