// The built page in the system's Chromium, served by the HTTP host over the real console.
// One host and one data folder per run; the browser's own network is the loopback alone.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { chromium } from 'playwright-core';

import { ownFolder, picture, program, root } from './place.mjs';
import { start, until } from './processes.mjs';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--font-render-hinting=none',
  '--force-color-profile=srgb',
  '--hide-scrollbars',
];
/** A browser on a busy machine is up in ten seconds. */
const PATIENCE_MS = 60_000;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Starts the host over a new folder and opens the page; nothing is set up yet. */
export async function openPage({ locale = 'zh-CN', scheme = 'light', size } = {}) {
  // Without the session's bus there is no keyring: a test must not write into a person's own.
  // A PC in China, as the page's own zone below.
  const env = { ...process.env, TZ: 'Asia/Shanghai', DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' };
  const folder = ownFolder();
  const host = start(program('paydesk-e2e'), [
    '--data', `${folder.path}/shop`, '--page', `${root}/ui/dist`,
  ], { env });
  let browser;
  const close = async () => {
    await browser?.end();
    await host.end('SIGINT');
    folder.remove();
  };
  try {
    const address = await until('the host', () => {
      if (host.isGone()) throw new Error(host.printed());
      return /^http:\S+/m.exec(host.printed())?.[0];
    });
    browser = await openBrowser({
      viewport: size ?? { width: 1280, height: 800 },
      locale,
      timezoneId: 'Asia/Shanghai',
      colorScheme: scheme,
      reducedMotion: 'reduce',
      serviceWorkers: 'block',
    });
    const { page } = browser;
    const faults = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => {
      // A refused command is an answer, not a fault of the page.
      if (message.type() === 'error' && !message.text().includes('422')) faults.push(message.text());
    });
    page.setDefaultTimeout(20_000);
    await page.goto(address);
    await page.locator('html[data-ready=true]').waitFor();
    return { page, address, faults, close, pid: host.child.pid, ...verbs(page) };
  } catch (error) {
    const said = host.printed();
    await close();
    throw new Error(`the page did not open: ${said}`, { cause: error });
  }
}

/** A browser with one empty page. One that does not come up is ended, said, and started once more. */
async function openBrowser(options) {
  try {
    return await startBrowser(options);
  } catch (error) {
    console.error(`the browser is started again: ${error.message}`);
    return startBrowser(options);
  }
}

async function startBrowser(options) {
  // As a server its process is known: Chromium now and then stands still while it starts or ends, and answers nothing.
  const server = await chromium.launchServer({ executablePath: '/usr/bin/chromium', args: FLAGS, timeout: PATIENCE_MS });
  try {
    const page = await inTime('open a page', async () => {
      const browser = await chromium.connect(server.wsEndpoint());
      const context = await browser.newContext(options);
      return context.newPage();
    });
    return { page, end: () => inTime('end', () => server.close()).catch(() => server.kill()) };
  } catch (error) {
    await server.kill();
    throw error;
  }
}

/** What a browser answers, or that it did not. */
async function inTime(what, work) {
  let late;
  const limit = new Promise((_, reject) => {
    late = setTimeout(() => reject(new Error(`it did not ${what} in ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  return Promise.race([work(), limit]).finally(() => clearTimeout(late));
}

/** What people do, by the parts of the page. */
function verbs(page) {
  const part = (id) => page.getByTestId(id);
  const says = (id, name, value, timeout) =>
    page.locator(`[data-testid="${id}"][data-${name}="${value}"]`).waitFor({ timeout });
  const ask = (command, args = {}) =>
    page.evaluate(
      async ([name, body]) => {
        const response = await fetch(`/api/${name}`, { method: 'POST', body: JSON.stringify(body) });
        return { ok: response.ok, value: await response.json() };
      },
      [command, args],
    );
  return {
    part,
    says,
    ask,
    /** What a command answers that has to succeed. */
    async answer(command, args) {
      const { ok, value } = await ask(command, args);
      if (!ok) throw new Error(`${command}: ${JSON.stringify(value)}`);
      return value;
    },
    async setUpDemo() {
      await part('language-zh-CN').click();
      await part('mode-demo').click();
      await part('first-finish').click();
      await part('screen-pay').waitFor({ timeout: 180_000 });
    },
    /** A real shop on a PC without a keyring: a passphrase seals its keys. */
    async setUpReal(passphrase) {
      await part('language-zh-CN').click();
      await part('mode-real').click();
      await part('first-store-name').fill('街角店');
      await part('first-finish').click();
      await part('first-passphrase').fill(passphrase);
      await part('first-passphrase-again').fill(passphrase);
      await part('first-finish').click();
      await part('add-wizard').waitFor();
    },
    async enterAmount(digits, minor) {
      await part('nav-pay').click();
      await says('stage', 'state', 'no_amount');
      await page.keyboard.type(digits, { delay: 90 });
      await says('amount', 'minor', minor);
    },
    /** A wedge scanner's burst, made inside the page: a busy machine would stretch keys sent one by one. Real key events are the window's tests. */
    scan: (code) =>
      page.evaluate(async (text) => {
        // The hand goes from the keyboard to the scanner.
        await new Promise((resolve) => setTimeout(resolve, 400));
        for (const key of [...text, 'Enter']) {
          const target = document.activeElement ?? document.body;
          for (const type of ['keydown', 'keyup']) {
            target.dispatchEvent(new KeyboardEvent(type, { key, bubbles: true, cancelable: true }));
          }
        }
      }, code),
    shoot: (name) =>
      page.screenshot({ path: picture(name), animations: 'disabled', caret: 'hide' }),
    /** Every violation as one readable line; an empty list is the only good answer. */
    async violations() {
      // Not into frames: a receipt's frame runs no script, and a question to it never comes back.
      await page.evaluate(AXE);
      return page.evaluate(async (tags) => {
        const { violations } = await globalThis.axe.run(document, {
          runOnly: { type: 'tag', values: tags },
          iframes: false,
        });
        return violations.flatMap(({ id, nodes }) =>
          nodes.map((node) => `${id}: ${node.target.join(' ')}: ${node.failureSummary}`),
        );
      }, RULES);
    },
  };
}
