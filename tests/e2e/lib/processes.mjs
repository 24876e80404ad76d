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

/** Process groups that are still running: ended with this process, whatever ends it. */
const groups = new Set();
process.on('exit', () => {
  for (const group of groups) signalGroup(group, 'SIGKILL');
});

// A file that is ended because it took too long takes its programs with it.
process.on('SIGTERM', () => process.exit(143));

function signalGroup(group, signal) {
  try {
    process.kill(-group, signal);
  } catch {
    // The group ended by itself.
  }
}

/** Starts a program in a group of its own and keeps what it prints; `end` waits until it is gone. */
export function start(program, args, options = {}) {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
    ...options,
  });
  if (child.pid !== undefined) groups.add(child.pid);
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
    /** Ends the program and everything it started. */
    async end(signal = 'SIGTERM') {
      if (child.pid === undefined) return;
      signalGroup(child.pid, signal);
      const late = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), 5_000);
      if (!isGone()) await gone;
      clearTimeout(late);
      signalGroup(child.pid, 'SIGKILL');
      groups.delete(child.pid);
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
