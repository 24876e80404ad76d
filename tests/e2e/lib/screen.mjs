// A virtual screen of its own: started on a free number, read pixel by pixel, typed into key by key.
import { execFileSync } from 'node:child_process';

import { picture } from './place.mjs';
import { start, until } from './processes.mjs';

const WIDTH = 1280;
const HEIGHT = 800;
/** A wedge scanner's gap between two keys. */
const SCAN_GAP_MS = 8;

/** The message a window manager sends for its close button; `windowquit` is missing in older xdotools. */
const ASK_TO_CLOSE = `
import ctypes, sys
x = ctypes.CDLL('libX11.so.6')
x.XOpenDisplay.restype = ctypes.c_void_p
x.XInternAtom.restype = ctypes.c_ulong
x.XInternAtom.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
x.XSendEvent.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_long, ctypes.c_void_p]
x.XSync.argtypes = [ctypes.c_void_p, ctypes.c_int]
class Message(ctypes.Structure):
    _fields_ = [('type', ctypes.c_int), ('serial', ctypes.c_ulong), ('sent', ctypes.c_int),
                ('display', ctypes.c_void_p), ('window', ctypes.c_ulong), ('kind', ctypes.c_ulong),
                ('format', ctypes.c_int), ('data', ctypes.c_long * 5), ('room', ctypes.c_long * 24)]
display = x.XOpenDisplay(None)
window = int(sys.argv[1])
atom = lambda name: x.XInternAtom(display, name, 0)
message = Message(type=33, sent=1, display=display, window=window, kind=atom(b'WM_PROTOCOLS'), format=32)
message.data[0] = atom(b'WM_DELETE_WINDOW')
x.XSendEvent(display, window, 0, 0, ctypes.byref(message))
x.XSync(display, 0)
`;

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

  const nameOf = (id) => run('xdotool', ['getwindowname', id]).toString().trim();

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
    /** The windows a program shows on the screen. */
    windowsOf(pid) {
      try {
        return run('xdotool', ['search', '--all', '--onlyvisible', '--pid', String(pid), '--name', 'Paydesk|收银'])
          .toString()
          .trim()
          .split('\n')
          .filter(Boolean);
      } catch {
        return [];
      }
    },
    /** Another window that a program opened since, brought to the keys: without a window manager nobody else does. */
    dialogOf(pid, before) {
      const found = run('xdotool', ['search', '--all', '--onlyvisible', '--pid', String(pid)])
        .toString()
        .trim()
        .split('\n')
        .find((id) => id !== '' && !before.includes(id) && nameOf(id) !== '');
      if (found) run('xdotool', ['windowfocus', '--sync', found]);
      return found;
    },
    /** A window of any program with this title, waited for. */
    titled: (title) =>
      until(`a window “${title}”`, () =>
        run('xdotool', ['search', '--onlyvisible', '--name', title]).toString().trim().split('\n')[0]),
    /** Puts a text onto the clipboard, as copying it in another program does. */
    copy(text) {
      const stdio = ['pipe', 'pipe', 'pipe'];
      const clip = start('xclip', ['-selection', 'clipboard', '-quiet'], { env, stdio });
      clip.child.stdin.end(text);
      return clip;
    },
    pasted: () =>
      execFileSync('xclip', ['-selection', 'clipboard', '-o'], { env, stdio: 'pipe', encoding: 'utf8' }),
    /** Takes a window from the screen, as minimising does. */
    unmap: (id) => run('xdotool', ['windowunmap', '--sync', id]),
    map: (id) => run('xdotool', ['windowmap', '--sync', id]),
    /** Asks a window to close, as its own close button does. */
    askToClose: (id) => run('python3', ['-c', ASK_TO_CLOSE, id]),
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

/** The colours of the columns at the right edge: a scrollbar nobody needs would add its own. */
export function rightEdge(pixels, columns = 14) {
  const strip = [];
  for (let row = 0; row < HEIGHT; row += 1) {
    const end = (row + 1) * WIDTH * 3;
    strip.push(pixels.subarray(end - columns * 3, end));
  }
  return colours(Buffer.concat(strip)).map(({ colour }) => colour);
}
