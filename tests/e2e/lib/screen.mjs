// A virtual screen of its own: started on a free number, read pixel by pixel, typed into key by key.
import { execFileSync } from 'node:child_process';

import { picture } from './place.mjs';
import { start, until } from './processes.mjs';

const WIDTH = 1280;
const HEIGHT = 800;
/** A wedge scanner's gap between two keys. */
const SCAN_GAP_MS = 8;

/** Opens a screen; the server itself picks the free number and says which. */
export async function openScreen() {
  const server = start('Xvfb', [
    '-displayfd', '3', '-screen', '0', `${WIDTH}x${HEIGHT}x24`, '-nolisten', 'tcp', '-noreset',
  ]);
  const number = await until('a virtual screen', () => {
    if (server.isGone()) throw new Error(server.printed());
    return /^(\d+)\n/m.exec(server.printed())?.[1];
  });
  const display = `:${number}`;
  const env = { ...process.env, DISPLAY: display };
  const run = (program, args) => execFileSync(program, args, { env, maxBuffer: 64 << 20 });

  return {
    display,
    width: WIDTH,
    height: HEIGHT,
    close: () => server.end(),
    /** The whole screen as rows of RGB bytes. */
    pixels: () => run('import', ['-silent', '-window', 'root', '-depth', '8', 'rgb:-']),
    /** Keeps the screen as a picture to look at. */
    shoot(name) {
      run('import', ['-silent', '-window', 'root', picture(name)]);
    },
    /** Types as a scanner does: real key events, one terminator at the end, a breath after the keyboard. */
    scan(text) {
      run('xdotool', ['sleep', '0.4', 'type', '--delay', String(SCAN_GAP_MS), text]);
      run('xdotool', ['key', 'Return']);
    },
    press: (...keys) => run('xdotool', ['key', '--delay', '60', ...keys]),
    typeSlowly: (text) => run('xdotool', ['type', '--delay', '90', text]),
  };
}

/** How often each colour stands on the screen, as `#rrggbb`, most frequent first. */
export function colours(pixels) {
  const counts = new Map();
  for (let at = 0; at + 2 < pixels.length; at += 3) {
    const value = (pixels[at] << 16) | (pixels[at + 1] << 8) | pixels[at + 2];
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts]
    .sort((left, right) => right[1] - left[1])
    .map(([value, count]) => ({ colour: `#${value.toString(16).padStart(6, '0')}`, count }));
}

/** The share of the screen that shows exactly this colour. */
export function share(pixels, colour) {
  const found = colours(pixels).find((entry) => entry.colour === colour);
  return found ? found.count / (pixels.length / 3) : 0;
}
