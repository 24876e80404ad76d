// Where a run keeps its things: the built programs, a data folder of its own, its pictures.
// Never shares a folder with another run, and removes only what it made.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
export const target = resolve(process.env.PAYDESK_TARGET ?? join(root, 'target'));
export const program = (name) => join(target, 'debug', name);

/** A new empty folder for one run, and how to remove it. */
export function ownFolder() {
  const path = mkdtempSync(join(tmpdir(), 'paydesk-e2e-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Where the picture of a step is kept for a person to look at. */
export function picture(name) {
  const folder = join(target, 'e2e');
  mkdirSync(folder, { recursive: true });
  return join(folder, `${name}.png`);
}
