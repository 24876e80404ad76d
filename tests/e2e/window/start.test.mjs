// The window opens and shows the design's own colours: a white or empty window fails here.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { until } from '../lib/processes.mjs';
import { colours, rightEdge, share } from '../lib/screen.mjs';
import { openWindow } from '../lib/window.mjs';

let window;

before(async () => {
  window = await openWindow();
});

after(async () => {
  await window?.close();
});

test('the window is painted in the colours of the tokens', async () => {
  const token = (name) =>
    window.script(
      `return getComputedStyle(document.documentElement).getPropertyValue(arguments[0]).trim()`,
      name,
    );
  const background = await until('the tokens', () => token('--bg'));
  assert.equal(background, '#f5f6f8');
  // What counts is the screen, not the style sheet: the pixels are read from the display itself.
  const pixels = await until('a painted window', () => {
    const read = window.screen.pixels();
    return share(read, background) > 0.2 && read;
  });
  window.screen.shoot('start');
  const [first] = colours(pixels);
  assert.notEqual(first.colour, '#000000', 'the screen is empty');
  assert.ok(colours(pixels).length > 20, 'a page with text has more than a few colours');
  assert.deepEqual(rightEdge(pixels), [background], 'no scrollbar where nothing scrolls');
});

test('the page runs under the strict policy and reaches nothing outside', async () => {
  const outcome = await window.script(
    `try { new Function('return 1')(); return 'evaluated'; } catch (error) { return error.name; }`,
  );
  assert.equal(outcome, 'EvalError');
  assert.equal(await window.script('return Object.isFrozen(Object.prototype)'), true);
  const frame = await window.script(
    `const it = document.getElementById('__tauri_isolation__');
     return it && [it.src.split('-')[0], getComputedStyle(it).display]`,
  );
  assert.deepEqual(frame, ['isolation', 'none'], 'messages pass through a frame of their own');
  const title = await window.script('return document.title');
  assert.match(title, /Paydesk/);
});

test('the page cannot lead the window away', async () => {
  await window.script(`globalThis.stillHere = true; location.href = 'https://example.com/'`);
  // A navigation that was let through would drop the mark within a few turns of the page.
  for (let turn = 0; turn < 20; turn += 1) {
    const [address, isHere] = await window.script('return [location.href, globalThis.stillHere]');
    assert.match(address, /^tauri:\/\/localhost/);
    assert.equal(isHere, true);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
});
