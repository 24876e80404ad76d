// Desktop sessions for the window: with the real GNOME keyring, without one, and with one that never answers. Each has a
// bus, a home and a keyring of its own; a person's keyring is never reached.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

/** What locks the test's own keyring. */
const PASSWORD = 'a keyring for tests';
/** The title of the system's own dialog that asks for it. */
const PROMPT = 'Unlock';

const NEEDED = { 'gnome-keyring-daemon': 'gnome-keyring', 'secret-tool': 'libsecret-tools', xclip: 'xclip' };

/** A bus that starts nothing by itself. */
const BARE_BUS = `<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`;

/**
 * Takes the keyring's name on the bus and answers nothing, as a service that hangs. It ends with the bus, and its first
 * process ends once the name is taken.
 */
const SILENT = `
import os, socket, struct
path = os.environ['DBUS_SESSION_BUS_ADDRESS'].split('path=')[1].split(',')[0]
bus = socket.socket(socket.AF_UNIX)
bus.connect(path)
bus.sendall(b'\\0AUTH EXTERNAL ' + str(os.getuid()).encode().hex().encode() + b'\\r\\n')
assert bus.recv(4096).startswith(b'OK')
bus.sendall(b'BEGIN\\r\\n')
def field(code, kind, text):
    head = bytes([code, 1]) + kind + b'\\0'
    length = bytes([len(text)]) if kind == b'g' else struct.pack('<I', len(text))
    return head + length + text + b'\\0'
def call(serial, member, signature=b'', body=b''):
    fields = b''
    for code, kind, text in [(1, b'o', b'/org/freedesktop/DBus'), (2, b's', b'org.freedesktop.DBus'),
                             (3, b's', member), (6, b's', b'org.freedesktop.DBus'), (8, b'g', signature)]:
        fields += b'\\0' * (-len(fields) % 8) + field(code, kind, text)
    head = b'l\\1\\0\\1' + struct.pack('<III', len(body), serial, len(fields)) + fields
    bus.sendall(head + b'\\0' * (-len(head) % 8) + body)
name = b'org.freedesktop.secrets'
call(1, b'Hello')
call(2, b'RequestName', b'su', struct.pack('<I', len(name)) + name + b'\\0' * 1 + struct.pack('<I', 0))
heard = b''
while b'NameAcquired' not in heard or name not in heard:
    heard += bus.recv(4096)
if os.fork():
    os._exit(0)
for stream in (0, 1, 2):
    os.close(stream)
while bus.recv(65536):
    pass
`;

/** What is asked of this machine beside the window itself: said at once, with the line that installs it. */
export function needKeyring() {
  const missing = Object.keys(NEEDED).filter((program) => {
    try {
      execFileSync('sh', ['-c', 'command -v "$0"', program], { stdio: 'ignore' });
      return false;
    } catch {
      return true;
    }
  });
  if (missing.length === 0) return;
  const packages = missing.map((program) => NEEDED[program]).join(' ');
  throw new Error(`${missing.join(', ')} not found: apt-get install -y --no-install-recommends ${packages}`);
}

function homeIn(folder) {
  const runtime = `${folder.path}/run`;
  mkdirSync(runtime, { recursive: true, mode: 0o700 });
  return { HOME: folder.path, XDG_RUNTIME_DIR: runtime, LANGUAGE: 'en', LC_ALL: 'C.UTF-8' };
}

function written(folder, name, text) {
  const path = `${folder.path}/${name}`;
  writeFileSync(path, text);
  return path;
}

/** The keyring as it is after the log-in: open. */
export function openKeyring(folder) {
  const password = written(folder, 'password', PASSWORD);
  const before = `gnome-keyring-daemon --unlock --components=secrets <'${password}' >/dev/null; exec "$@"`;
  return { env: homeIn(folder), before };
}

/** The keyring as it is where nobody typed its password yet: the bus starts it, locked. */
export const lockedKeyring = (folder) => ({ env: homeIn(folder) });

/** A desktop without any keyring. */
export const noKeyring = (folder) => ({ env: homeIn(folder), bus: written(folder, 'bus.conf', BARE_BUS) });

/** A keyring that takes every question and gives no answer. */
export function silentKeyring(folder) {
  const service = written(folder, 'silent.py', SILENT);
  return { ...noKeyring(folder), before: `python3 '${service}' && exec "$@"` };
}

/** What another program finds in the window's keyring for an account. */
export function lookUp(window, account) {
  const { folder } = JSON.parse(readFileSync(`${window.folder.path}/shop/vault.json`, 'utf8'));
  const item = `${folder}/account/${account}`;
  return execFileSync('secret-tool', ['lookup', 'service', 'paydesk', 'username', item], {
    env: { ...process.env, DBUS_SESSION_BUS_ADDRESS: window.bus() },
    encoding: 'utf8',
    timeout: 20_000,
  });
}

/** The system's own dialog that asks for the keyring's password, waited for. */
export const prompt = (window) => window.screen.titled(PROMPT);

/** Types the keyring's password into the system's dialog. */
export async function unlock(window) {
  await prompt(window);
  window.screen.typeSlowly(PASSWORD);
  window.screen.press('Return');
}
