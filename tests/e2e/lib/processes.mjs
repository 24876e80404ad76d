// Programs that a run starts, and ends again. Never ends one it did not start.
import { spawn } from 'node:child_process';

/** Waits until `condition` gives something, and says what it waited for when it never does. */
export async function until(what, condition, withinMs = 20_000) {
  const deadline = performance.now() + withinMs;
  let last;
  for (;;) {
    try {
      const found = await condition();
      if (found) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${withinMs} ms in vain for ${what}`, { cause: last });
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Starts a program and keeps what it prints; `end` waits until it is gone. */
export function start(program, args, options = {}) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], ...options });
  let printed = '';
  let failure;
  for (const stream of child.stdio.slice(1)) {
    stream?.on('data', (bytes) => {
      printed += bytes;
    });
  }
  child.on('error', (error) => {
    failure = error;
  });
  const gone = new Promise((resolve) => child.on('close', resolve));
  const isGone = () => child.exitCode !== null || child.signalCode !== null || failure !== undefined;
  return {
    child,
    printed: () => printed,
    isGone,
    async end(signal = 'SIGTERM') {
      if (isGone()) return;
      child.kill(signal);
      const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await gone;
      clearTimeout(late);
    },
  };
}

/** A free port on loopback: asked for and given back at once, so use it soon. */
export async function freePort() {
  const { createServer } = await import('node:net');
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
