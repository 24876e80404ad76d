// A day's bill against our books, worked out once more by DuckDB from the generated files.
import { runClient } from '../lib/client.mjs';

/** Many small shops, and one whose day is long. */
const SHOPS = [
  { seeds: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], orders: 2000 },
  { seeds: [12], orders: 40_000 },
];

/** `program` writes a seed's files and says what the product makes of them. */
export async function run(suite, python, program) {
  for (const shop of SHOPS) await runClient(suite, python, ['clients/truth.py'], { ...shop, program });
}
