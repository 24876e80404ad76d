// Statements of banks, read once more by parsers that strangers wrote.
import { existsSync } from 'node:fs';
import path from 'node:path';

import { runClient } from '../lib/client.mjs';
import { root } from '../lib/place.mjs';

/** `program` prints the movements that the product reads in a file. */
export async function run(suite, python, program) {
  const asked = process.env.PAYDESK_SHARED;
  const samples = path.join(asked ?? path.join(root, '../shared'), 'samples');
  if (!existsSync(samples)) {
    if (asked) throw new Error(`PAYDESK_SHARED is set, but has no samples: ${samples}`);
    console.log('statements: skipped, no shared samples');
    return;
  }
  await runClient(suite, python, ['clients/statements.py'], { program, samples });
}
