// A sandbox that belongs to no shop: the channels of a real folder's sandbox accounts. Its merchants' keys are made
// at its first start, for tests alone.
import { readFileSync } from 'node:fs';

import { ownFolder, program } from './place.mjs';
import { start, until } from './processes.mjs';

/** Starts it on loopback and tells its address and its merchants' credentials. */
export async function openSandbox() {
  const folder = ownFolder();
  const server = start(program('paydesk-cli'), [
    '--data', folder.path, 'sandbox', 'serve', '--port', '0',
  ]);
  const close = async () => {
    await server.end('SIGINT');
    folder.remove();
  };
  try {
    const address = await until('the sandbox', () => {
      if (server.isGone()) throw new Error(server.printed());
      return /^127\.0\.0\.1:\d+$/m.exec(server.printed())?.[0];
    });
    const read = (name) => JSON.parse(readFileSync(`${folder.path}/sandbox/${name}`, 'utf8'));
    const { merchant } = read('keys.json');
    /** Tells the sandbox something over its control, as its own panel does; without a body, asks it. */
    const control = async (path, body) => {
      const response = await fetch(`http://${address}/_sandbox/${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { 'X-Sandbox-Token': read('sandbox.json').control_token },
        body: JSON.stringify(body),
      });
      const answer = await response.json();
      if (!response.ok) throw new Error(`${path}: ${answer.error}`);
      return answer;
    };
    return { address: `http://${address}`, merchant, control, close };
  } catch (error) {
    await close();
    throw error;
  }
}
