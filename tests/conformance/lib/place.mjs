// Where things lie.
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = fileURLToPath(new URL('..', import.meta.url));
export const root = path.resolve(here, '../..');
export const target = path.resolve(root, process.env.CARGO_TARGET_DIR ?? 'target');
