// The package as a user meets it: installed into a root of its own, started from there, removed again.
// Installs nothing on this machine and needs no rights.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [deb] = process.argv.slice(2);
assert.ok(deb, 'usage: prove.mjs PACKAGE.deb');

const FILES = [
  'usr/bin/paydesk',
  'usr/bin/paydesk-cli',
  'usr/share/applications/Paydesk.desktop',
  'usr/share/doc/paydesk/copyright',
];

const own = mkdtempSync(join(tmpdir(), 'paydesk-package-'));
const root = join(own, 'root');
const records = join(root, 'var/lib/dpkg');

// The window's tests start what lies in `debug` of the target folder: here that is what was installed.
const standIn = join(own, 'target');
process.env.PAYDESK_TARGET = standIn;
const { openWindow } = await import('../e2e/lib/window.mjs');
const { picture } = await import('../e2e/lib/place.mjs');

const say = (program, ...words) => execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const dpkg = (...words) =>
  say(
    'dpkg',
    `--root=${root}`,
    `--log=${join(own, 'dpkg.log')}`,
    '--force-not-root',
    // Asked of this machine's packages below: the root of the proof has none.
    '--force-depends',
    // Without the system's folders in the search path dpkg wants none of their tools.
    '--force-bad-path',
    ...words,
  );

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name))
    .filter((path) => !path.startsWith(join(root, 'var')) && !lstatSync(path).isDirectory());
}

/** The alternatives of each dependency: one of each must be on this machine. */
function areDependenciesHere() {
  const wanted = say('dpkg-deb', '--field', deb, 'Depends').split(',');
  for (const one of wanted) {
    const names = one.split('|').map((name) => name.trim().split(' ')[0]);
    const isHere = names.some((name) => {
      try {
        return say('dpkg-query', '-W', '-f=${Status}', name) === 'install ok installed';
      } catch {
        return false;
      }
    });
    assert.ok(isHere, `the package needs ${one.trim()}`);
  }
  return wanted.length;
}

try {
  for (const folder of ['info', 'updates', 'triggers']) {
    mkdirSync(join(records, folder), { recursive: true });
  }
  writeFileSync(join(records, 'status'), '');
  const needed = areDependenciesHere();

  dpkg('--install', deb);
  for (const name of FILES) {
    assert.ok(existsSync(join(root, name)), `/${name} is not in the package`);
  }
  const icons = filesBelow(join(root, 'usr/share/icons'));
  assert.ok(icons.length >= 3, `icons: ${icons}`);
  const version = say(join(root, 'usr/bin/paydesk-cli'), '--version').trim();
  console.log(`package: installed, ${filesBelow(root).length} files, ${needed} dependencies, ${version}`);

  mkdirSync(standIn);
  symlinkSync(join(root, 'usr/bin'), join(standIn, 'debug'));
  const window = await openWindow({});
  try {
    await window.element('[data-testid="language-zh-CN"]');
    window.screen.shoot('package-first-start');
    copyFileSync(picture('package-first-start'), deb.replace(/\.deb$/, '.png'));
    console.log('package: the window opened from where it was installed');
  } finally {
    await window.close();
  }

  dpkg('--purge', 'paydesk');
  assert.deepEqual(filesBelow(root), [], 'files stayed behind');
  console.log('package: removed, nothing stayed behind');
} finally {
  rmSync(own, { recursive: true, force: true });
}
