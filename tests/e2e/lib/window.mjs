// The real window, driven through WebKitWebDriver with plain fetch.
// One driver, one screen, one data folder per window; nothing is shared between runs.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';

import { ownFolder, picture, program } from './place.mjs';
import { freePort, start, until } from './processes.mjs';
import { openScreen } from './screen.mjs';

const testid = (id) => `[data-testid="${id}"]`;
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

/**
 * Opens Paydesk in a real window. With `folder`, an earlier data folder is opened again; with `session`, in a desktop
 * session with these variables, on a bus of this configuration, after these commands.
 */
export async function openWindow({ folder, args = [], session = {} } = {}) {
  const own = folder ?? ownFolder();
  const screen = await openScreen();
  const port = await freePort();
  // A bus of its own: "already open" is asked there, and must not find another run's window.
  const words = [
    session.bus ? [`--config-file=${session.bus}`] : [],
    '--',
    session.before ? ['sh', '-c', session.before, 'sh'] : [],
    'WebKitWebDriver', `--port=${port}`,
  ].flat();
  const driver = start('dbus-run-session', words, {
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
      ...session.env,
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
  const close = async (isKept = false) => {
    await driver.end();
    await screen.close();
    if (!isKept) own.remove();
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
    const window = page({ call, close, own, screen, driver, path: `/session/${sessionId}` });
    await window.element('html[data-ready="true"]');
    return window;
  } catch (error) {
    const said = driver.printed();
    await close();
    throw new Error(`the window did not open: ${said}`, { cause: error });
  }
}

/** What a test does with an open window. */
function page({ call, close, own, screen, driver, path: session }) {
  const script = (body, ...args) =>
    call('POST', `${session}/execute/sync`, { script: body, args });
  const find = (using, value) => call('POST', `${session}/element`, { using, value });
  return {
    screen,
    folder: own,
    /** The program's process. */
    pid: () => programOf(own.path),
    /** The bus the program asks whether it is open already. */
    bus: () =>
      readFileSync(`/proc/${programOf(own.path)}/environ`, 'utf8')
        .split('\0')
        .find((line) => line.startsWith('DBUS_SESSION_BUS_ADDRESS='))
        .slice('DBUS_SESSION_BUS_ADDRESS='.length),
    /** Waits until the program has ended by itself, and keeps its folder. */
    async ended(pid) {
      await until('the program to end', () => !isAlive(pid));
      await close(true);
    },
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
    async click(id) {
      const element = await until(`${id}, enabled`, async () => {
        const found = await find('css selector', testid(id));
        return (await call('GET', `${session}/element/${found[ELEMENT]}/enabled`)) && found;
      });
      await call('POST', `${session}/element/${element[ELEMENT]}/click`, {});
    },
    clickElement: (element) => call('POST', `${session}/element/${element[ELEMENT]}/click`, {}),
    /** Waits until a part of the page says `value` in its data attribute. */
    async data(id, name, values, withinMs) {
      const wanted = [values].flat();
      let seen;
      await until(
        `${id} to say ${name} = ${wanted}`,
        async () => {
          seen = await script(
            'return document.querySelector(arguments[0])?.dataset[arguments[1]] ?? null',
            testid(id), name,
          );
          return wanted.includes(seen);
        },
        withinMs,
      ).catch((error) => {
        screen.shoot(`failed-${id}-${name}`);
        throw new Error(`${error.message}, seen: ${seen}`, { cause: error });
      });
      return seen;
    },
    /** The same for a script that ends by calling its last argument. */
    scriptLater: (body, ...args) =>
      call('POST', `${session}/execute/async`, { script: body, args }),
    /** Asks the console the way the page does. */
    ask: (command, body = {}) =>
      call('POST', `${session}/execute/async`, {
        script: `const [command, args, done] = arguments;
          globalThis.__TAURI_INTERNALS__.invoke(command, { args })
            .then((value) => done({ value }), (error) => done({ error }));`,
        args: [command, body],
      }),
    /** Types by hand into a field: faster keys would be taken for a scanner. */
    async type(id, text) {
      const element = await until(id, () => find('css selector', testid(id)));
      await call('POST', `${session}/element/${element[ELEMENT]}/clear`, {});
      await call('POST', `${session}/element/${element[ELEMENT]}/click`, {});
      screen.typeSlowly(text);
    },
    /** Puts a whole text into a field at once, as the clipboard does. */
    async paste(id, text) {
      const element = await until(id, () => find('css selector', testid(id)));
      await script(
        `arguments[0].focus();
         arguments[0].value = arguments[1];
         arguments[0].dispatchEvent(new InputEvent('input', { bubbles: true }));`,
        element, text,
      );
    },
    /** Keeps the page as the engine paints it. */
    async shootPage(name) {
      const data = await call('GET', `${session}/screenshot`);
      writeFileSync(picture(name), Buffer.from(data, 'base64'));
    },
    /** Ends the program as a power cut would, and gives its folder to the next window. */
    async kill() {
      const pid = programOf(own.path);
      process.kill(pid, 'SIGKILL');
      await until('the program to be gone', () => !isAlive(pid));
      await close(true);
    },
    async close() {
      await call('DELETE', session).catch(() => undefined);
      await close();
    },
  };
}

/** The program that was started over this data folder, by the command line the system keeps. */
function programOf(folder) {
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const [first, ...rest] = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      if (first === program('paydesk') && rest.includes(`${folder}/shop`)) return Number(name);
    } catch {
      // A process that ended while the list was read.
    }
  }
  throw new Error(`no program runs over ${folder}`);
}

function isAlive(pid) {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}
