// The release build in a real window: how soon it is usable, how much memory it holds, and how long a
// scan takes to reach the channel and an answer to reach the screen. Prints one JSON document.
// Reads only what anyone could: the screen's memory, /proc, the page, and the sandbox's own log.
import {
  fstatSync, mkdtempSync, openSync, readFileSync, readSync, readdirSync, rmSync, symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';

import { start, until } from '../e2e/lib/processes.mjs';
import { program } from '../e2e/lib/place.mjs';
import { openWindow } from '../e2e/lib/window.mjs';

const COLOURS_OF_A_PAGE = 100;
const STARTS = 5;
/** A wedge scanner's gap between two keys. */
const SCAN_GAP_MS = 8;
/** The window takes keys this close before a burst for its torn beginning; a little more than that. */
const TORN_MS = 350;
/** Slower than any scanner, as a quick person types. */
const TYPING_GAP_MS = 100;

/** The window takes a second scan within this time for a double read of the first. */
const DOUBLE_READ_MS = 900;

const monotonicMs = () => Number(process.hrtime.bigint()) / 1e6;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A screen whose memory is a file, so that looking at it costs no time. */
async function openVisibleScreen() {
  const folder = mkdtempSync(join(tmpdir(), 'paydesk-bench-screen-'));
  const server = start('Xvfb', [
    '-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp', '-noreset', '-fbdir', folder,
  ]);
  const number = await until('a virtual screen', () => /^(\d+)\n/m.exec(server.printed())?.[1]);
  const file = openSync(join(folder, 'Xvfb_screen0'), 'r');
  const bytes = Buffer.alloc(fstatSync(file).size);
  const look = () => {
    readSync(file, bytes, 0, bytes.length, 0);
    const from = bytes.readUInt32BE(0) + bytes.readUInt32BE(76) * 12;
    return new Uint32Array(bytes.buffer, bytes.byteOffset + from, 1280 * 800);
  };
  return {
    display: `:${number}`,
    look,
    async close() {
      await server.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Keys from one process that is already running: starting one per key would be part of the figure. */
function openKeyboard(display) {
  const typist = start('xdotool', ['-'], {
    env: { ...process.env, DISPLAY: display },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const done = async () => {
    const before = typist.printed().length;
    typist.child.stdin.write('getmouselocation\n');
    while (typist.printed().length === before) await pause(0);
  };
  return {
    /** Types and waits until every key is sent. */
    async type(text, gapMs) {
      typist.child.stdin.write(`type --delay ${gapMs} ${text}\n`);
      await done();
    },
    /** Sends one key and gives the moment right before it. */
    press(key) {
      const at = process.hrtime.bigint();
      typist.child.stdin.write(`key ${key}\n`);
      return at;
    },
    close: () => typist.end(),
  };
}

const summary = (values) => {
  const sorted = [...values].sort((left, right) => left - right);
  const at = (percent) => sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? 0;
  return { p50: at(50), p95: at(95), p99: at(99), count: sorted.length };
};

/** Its own and its children's proportional share of memory, in MiB. */
function memoryOf(pid) {
  const pss = (it) => Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${it}/smaps_rollup`, 'utf8'))?.[1]) / 1024;
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [[Number(name), Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1])]];
      } catch {
        return [];
      }
    });
  const family = new Set([pid]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const [child, parent] of parents) {
      if (family.has(parent) && !family.has(child)) grown = Boolean(family.add(child));
    }
  }
  return { main: pss(pid), all: [...family].reduce((sum, it) => sum + pss(it), 0), processes: family.size };
}

/** A demo shop that is set up, so that the window opens at the counter. */
function setUp(folder) {
  execFileSync(program('paydesk-cli'), ['init', '--locale', 'en', '--store-name', 'Bench', '--past-days', '0', '--data', folder]);
}

function demoFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'paydesk-bench-shop-'));
  setUp(folder);
  return folder;
}

/**
 * Starts the program on a shop, and waits until a page is painted and a key is answered.
 * Then `rest` is asked with the running program; the answer has the times and what it came to.
 */
async function measureStart(shop, rest) {
  const screen = await openVisibleScreen();
  const keyboard = openKeyboard(screen.display);
  const own = mkdtempSync(join(tmpdir(), 'paydesk-bench-home-'));
  // A bus of its own, there before the program is: "already open" is asked on it.
  const bus = start('dbus-daemon', ['--session', '--nofork', '--print-address']);
  const address = await until('a bus', () => /^(\S+)\n/m.exec(bus.printed())?.[1]);
  const [began, at_ms] = [monotonicMs(), Date.now()];
  const app = start(program('paydesk'), ['--data', shop], {
    env: {
      ...process.env,
      DISPLAY: screen.display,
      GDK_BACKEND: 'x11',
      DBUS_SESSION_BUS_ADDRESS: address,
      XDG_DATA_HOME: own,
      XDG_CONFIG_HOME: own,
      XDG_CACHE_HOME: own,
      NO_AT_BRIDGE: '1',
    },
  });
  try {
    // The window's empty background is one colour; a page with text has hundreds.
    const colours = (pixels) => {
      const found = new Set();
      for (let at = 0; at < pixels.length; at += 7) found.add(pixels[at]);
      return found.size;
    };
    while (colours(screen.look()) < COLOURS_OF_A_PAGE) {
      if (app.isGone()) throw new Error(app.printed());
      if (monotonicMs() - began > 20_000) throw new Error('no page was painted');
      await pause(5);
    }
    const painted = monotonicMs() - began;
    // Usable is not what shines but what answers: a key whose digit stands on the screen.
    const before = Uint32Array.from(screen.look());
    let usable;
    for (let turn = 0; usable === undefined && turn < 400; turn += 1) {
      if (turn % 20 === 0) keyboard.press('5');
      await pause(5);
      const now = screen.look();
      let changed = 0;
      for (let at = 0; at < now.length; at += 1) changed += now[at] === before[at] ? 0 : 1;
      if (changed > 500) usable = monotonicMs() - began;
    }
    if (usable === undefined) throw new Error('no key was answered');
    return { at_ms, painted, usable, ...(await rest(app, { at_ms, usable })) };
  } finally {
    await app.end();
    await bus.end();
    await keyboard.close();
    await screen.close();
    rmSync(own, { recursive: true, force: true });
  }
}

/** Leaves in the page when each state of each order was painted: after the frame in which it first stood there. */
const WATCH_PAINT = `
  globalThis.painted = {};
  const note = () => {
    const stage = document.querySelector('[data-testid=stage]');
    if (!stage?.dataset.order) return;
    const key = stage.dataset.state + ' ' + stage.dataset.order;
    if (globalThis.painted[key] !== undefined) return;
    globalThis.painted[key] = null;
    requestAnimationFrame(() => setTimeout(() => {
      globalThis.painted[key] = performance.timeOrigin + performance.now();
    }));
  };
  new MutationObserver(note).observe(document.body, { subtree: true, childList: true, attributes: true });
`;

/** Payments by scan through the real window, each watched from the terminator to the painted result. */
async function measureSpeed(payments, longShop) {
  const home = mkdtempSync(join(tmpdir(), 'paydesk-bench-home-'));
  const shop = join(home, 'shop');
  if (longShop) symlinkSync(longShop, shop);
  else setUp(shop);
  const window = await openWindow({ folder: { path: home, remove: () => undefined } });
  const keyboard = openKeyboard(window.screen.display);
  const stage = () =>
    window.script(`const it = document.querySelector('[data-testid=stage]');
      return [it?.dataset.state, it?.dataset.order]`);
  const reached = async (...states) => {
    let seen = [];
    const isThere = async () => {
      seen = await stage();
      return states.includes(seen[0]) && seen;
    };
    return until(`the stage ${states}`, isThere).catch((error) => {
      window.screen.shoot(`bench-${states[0]}`);
      throw new Error(`${error.message}: it says ${seen}`, { cause: error });
    });
  };
  try {
    await reached('no_amount');
    await window.script(WATCH_PAINT);
    const scans = new Map();
    let disturbed = 0;
    for (let turn = 0; turn < payments; turn += 1) {
      // No amount twice within a minute: it would be asked about.
      await keyboard.type(String(100 + turn), TYPING_GAP_MS);
      await reached('ready');
      // A scan that follows typing without a breath is taken for one torn by a stall.
      await pause(TORN_MS);
      const middle = String(turn).padStart(6, '0') + String(Date.now()).slice(-8);
      await keyboard.type(`${turn % 2 ? '28' : '13'}${middle}00`, SCAN_GAP_MS);
      const at = keyboard.press('Return');
      await pause(120);
      const [said, order] = await reached('paid', 'refused');
      if (said === 'refused') {
        // A busy machine held a key of the scan back so long that it was typing: no payment, no figure.
        disturbed += 1;
        if (disturbed > payments / 4) throw new Error('the machine is too busy to scan on');
        turn -= 1;
        await pause(DOUBLE_READ_MS);
        keyboard.press('Return');
        await reached('ready');
        keyboard.press('Escape');
        await reached('no_amount');
        continue;
      }
      scans.set(order, at);
      // Until then a key that a scanner could have sent is taken for a double read.
      await pause(DOUBLE_READ_MS);
      keyboard.press('Return');
      await reached('no_amount');
    }
    const painted = await window.script('return globalThis.painted');
    const speed = await compare(shop, scans, painted);
    if (!longShop) return { disturbed, ...speed };
    const scroll = await measureScroll(window);
    return { disturbed, ...speed, scroll, main_mib: memoryOf(window.pid()).main };
  } finally {
    await keyboard.close();
    await window.close();
    rmSync(home, { recursive: true, force: true });
  }
}

/**
 * The time from a step to the end of its frame, turn by turn: a notch of the wheel in the list of orders, as
 * people scroll; the same way on its scrollbar, where at this length every row is another one; and on the
 * scrollbar of a bare box of the same place and height.
 */
const SCROLL = `
  const [steps, done] = arguments;
  const view = document.querySelector('[role=grid]');
  const place = view.getBoundingClientRect();
  const bare = document.createElement('div');
  const inner = document.createElement('div');
  const style = (it, rules) => { for (const [name, value] of Object.entries(rules)) it.style[name] = value; };
  style(bare, { position: 'fixed', left: place.left + 'px', top: place.top + 'px', overflow: 'auto',
    width: place.width + 'px', height: place.height + 'px', background: 'white' });
  style(inner, { height: view.scrollHeight + 'px' });
  bare.append(inner);
  const frame = () => new Promise((then) => requestAnimationFrame(() => setTimeout(then)));
  const onBar = (it) => { it.scrollTop += 120; };
  const byWheel = (it) => it.dispatchEvent(new WheelEvent('wheel', { deltaY: 120, bubbles: true, cancelable: true }));
  const walk = async (it, step) => {
    const times = [];
    it.scrollTop = it.scrollHeight / 2;
    for (let turn = 0; turn < 10; turn += 1) await frame();
    for (let turn = 0; turn < steps; turn += 1) {
      const from = performance.now();
      step(it);
      await frame();
      times.push(performance.now() - from);
    }
    return times;
  };
  (async () => {
    const all = { list: [], bar: [], bare: [] };
    for (let turn = 0; turn < 4; turn += 1) {
      all.list.push(...(await walk(view, byWheel)));
      all.bar.push(...(await walk(view, onBar)));
      document.body.append(bare);
      all.bare.push(...(await walk(bare, onBar)));
      bare.remove();
    }
    view.scrollTop = view.scrollHeight;
    for (let turn = 0; turn < 60; turn += 1) await frame();
    const last = Math.max(...[...view.querySelectorAll('[aria-rowindex]')].map((it) => Number(it.ariaRowIndex)));
    done({ ...all, last, total: Number(view.ariaRowCount) });
  })();
`;

async function measureScroll(window) {
  await window.click('nav-orders');
  await window.element('[data-testid="order-row"]');
  const walked = await window.scriptLater(SCROLL, 100);
  if (walked.last < walked.total) throw new Error(`row ${walked.last} of ${walked.total} is the last that is reached`);
  return { list: summary(walked.list), bar: summary(walked.bar), bare: summary(walked.bare), rows: walked.total };
}

/** The scan sender's stamps and the page's against the sandbox's log. */
async function compare(shop, scans, painted) {
  const card = JSON.parse(readFileSync(join(shop, 'sandbox', 'sandbox.json'), 'utf8'));
  const response = await fetch(`http://127.0.0.1:${card.port}/_sandbox/requests`, {
    headers: { 'x-sandbox-token': card.control_token },
  });
  const { requests } = await response.json();
  // One clock for both: what the monotonic clock says now, on the wall.
  const wallAt = (ns) => Date.now() - (Number(process.hrtime.bigint()) - ns) / 1e6;
  const scan = [];
  const answer = [];
  for (const [order, at] of scans) {
    const request = requests.find((it) => it.reference === `${order}A1` && it.operation === 'charge');
    if (!request) throw new Error(`the sandbox never saw ${order}`);
    scan.push((request.received_ns - Number(at)) / 1e6);
    const shown = painted[`paid ${order}`];
    if (typeof shown === 'number') answer.push(shown - wallAt(request.answered_ns));
  }
  return { scan: summary(scan), answer: summary(answer) };
}

const half = (values) => summary(values).p50;

/** What it holds when nothing has been asked of it for a while. */
async function atRest(app) {
  await pause(6_000);
  return { memory: memoryOf(app.child.pid) };
}

/** Says when the window of a shop that was killed is usable again, and keeps it until the input ends. */
async function measureRestart(shop) {
  await measureStart(shop, async (app, { at_ms, usable }) => {
    console.log(JSON.stringify({ at_ms, usable_ms: usable }));
    const told = new Promise((then) => process.stdin.resume().once('end', then));
    await told;
    if (app.isGone()) throw new Error(app.printed());
  });
}

async function measureShort(payments) {
  const shop = demoFolder();
  const starts = [];
  try {
    for (let turn = 0; turn < STARTS; turn += 1) starts.push(await measureStart(shop, atRest));
  } finally {
    rmSync(shop, { recursive: true, force: true });
  }
  return {
    painted_ms: half(starts.map((it) => it.painted)),
    usable_ms: half(starts.map((it) => it.usable)),
    main_mib: half(starts.map((it) => it.memory.main)),
    all_mib: half(starts.map((it) => it.memory.all)),
    processes: half(starts.map((it) => it.memory.processes)),
    ...(await measureSpeed(payments)),
  };
}

const USAGE = 'usage: node window.mjs PAYMENTS [SHOP] | node window.mjs restart SHOP';
const [what, shop] = process.argv.slice(2);
if (what === 'restart' && shop) {
  await measureRestart(shop);
} else if (Number(what) > 0) {
  // With a shop that is there already: the same till after years of trade.
  console.log(JSON.stringify(await (shop ? measureSpeed(Number(what), shop) : measureShort(Number(what)))));
} else {
  throw new Error(USAGE);
}
