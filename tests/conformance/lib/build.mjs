// Builds what the suites start, before any of them begins: a build beside them would hold up their clients.
import { execFileSync } from 'node:child_process';

import { root } from './place.mjs';

/** The program that serves the sandbox, and the examples that say what the product makes of a file. */
const NEEDED = ['--bin', 'paydesk-cli', '--example', 'compared', '--example', 'movements'];

/** Where each built program lies, by its name. Of the whole workspace, so that its features are those of every other build. */
export function buildPrograms() {
  const words = ['build', '--locked', '--workspace', ...NEEDED, '--message-format', 'json-render-diagnostics'];
  const printed = execFileSync(process.env.CARGO ?? 'cargo', words, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const programs = {};
  for (const line of printed.split('\n').filter((text) => text.startsWith('{'))) {
    const message = JSON.parse(line);
    if (message.executable) programs[message.target.name] = message.executable;
  }
  for (const name of NEEDED.filter((word) => !word.startsWith('--'))) {
    if (!programs[name]) throw new Error(`cargo named no program for ${name}`);
  }
  return programs;
}
