// The real window, driven through WebKitWebDriver with plain fetch.
// One driver, one screen, one data folder per window; nothing is shared between runs.
import { writeFileSync } from 'node:fs';

import { ownFolder, picture, program } from './place.mjs';
import { freePort, start, until } from './processes.mjs';
import { openScreen } from './screen.mjs';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

/** Opens Paydesk in a real window. With `folder`, an earlier data folder is opened again. */
export async function openWindow({ folder, args = [], env = {} } = {}) {
  const own = folder ?? ownFolder();
  const screen = await openScreen();
  const port = await freePort();
  const driver = start('WebKitWebDriver', [`--port=${port}`], {
    env: {
      ...process.env,
      DISPLAY: screen.display,
      GDK_BACKEND: 'x11',
      TAURI_AUTOMATION: 'true',
      TAURI_WEBVIEW_AUTOMATION: 'true',
      WEBKIT_DISABLE_DMABUF_RENDERER: '1',
      XDG_DATA_HOME: own.path,
      XDG_CONFIG_HOME: own.path,
      XDG_CACHE_HOME: own.path,
      NO_AT_BRIDGE: '1',
      ...env,
    },
  });
  const base = `http://127.0.0.1:${port}`;
  const call = async (method, path, body) => {
    const response = await fetch(base + path, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${value?.error}: ${value?.message}`);
    return value;
  };
  const close = async () => {
    await driver.end();
    await screen.close();
    if (folder === undefined) own.remove();
  };
  try {
    await until('the driver', () => call('GET', '/status'));
    const { sessionId } = await call('POST', '/session', {
      capabilities: {
        alwaysMatch: {
          browserName: 'wry',
          'webkitgtk:browserOptions': {
            binary: program('paydesk'),
            args: ['--data', `${own.path}/shop`, ...args],
          },
        },
      },
    });
    return page({ call, close, own, screen, driver, session: `/session/${sessionId}` });
  } catch (error) {
    const said = driver.printed();
    await close();
    throw new Error(`the window did not open: ${said}`, { cause: error });
  }
}

/** What a test does with an open window. */
function page({ call, close, own, screen, driver, session }) {
  const script = (body, ...args) =>
    call('POST', `${session}/execute/sync`, { script: body, args });
  const find = (using, value) => call('POST', `${session}/element`, { using, value });
  return {
    screen,
    folder: own,
    driver,
    script,
    /** The first element that matches, waited for. */
    element: (selector, withinMs) =>
      until(selector, () => find('css selector', selector), withinMs),
    /** Waits for a visible text anywhere on the page. */
    text: (words, withinMs) =>
      until(
        `the text ${words}`,
        () => script('return document.body.innerText.includes(arguments[0])', words),
        withinMs,
      ),
    async click(selector) {
      const element = await until(selector, () => find('css selector', selector));
      await call('POST', `${session}/element/${element[ELEMENT]}/click`, {});
    },
    /** Clicks the button or link with exactly this accessible text. */
    async press(name) {
      const element = await until(`a button ${name}`, () =>
        script(
          `return [...document.querySelectorAll('button, a, [role=button], [role=radio], label')]
             .find((it) => !it.disabled && it.offsetParent !== null &&
               (it.innerText.trim() === arguments[0] || it.ariaLabel === arguments[0])) ?? null`,
          name,
        ),
      );
      await call('POST', `${session}/element/${element[ELEMENT]}/click`, {});
    },
    async type(selector, text) {
      const element = await until(selector, () => find('css selector', selector));
      await call('POST', `${session}/element/${element[ELEMENT]}/value`, { text });
    },
    /** Keeps the page as the engine paints it. */
    async shootPage(name) {
      const data = await call('GET', `${session}/screenshot`);
      writeFileSync(picture(name), Buffer.from(data, 'base64'));
    },
    async close() {
      await call('DELETE', session).catch(() => undefined);
      await close();
    },
  };
}
