// Waits for what must become true, and says what it waited for when it does not.
import { setTimeout as pause } from 'node:timers/promises';

/** Asks again every half second until `probe` answers something truthy. */
export async function until(what, probe, withinMs = 30_000) {
  const end = Date.now() + withinMs;
  let last;
  for (;;) {
    last = await probe();
    if (last) return last;
    if (Date.now() >= end) throw new Error(`waited ${withinMs} ms in vain for ${what}`);
    await pause(500);
  }
}

export { pause };
