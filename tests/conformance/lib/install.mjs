// Installs what the clients need, when it is not there in the pinned versions.
// Nothing goes outside `node_modules` here and the virtual environment under the target folder.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { here, target } from './place.mjs';

/** What could not be set up: exit code 69. */
export class EnvironmentError extends Error {
  name = 'EnvironmentError';
}

function run(what, program, words, cwd) {
  const ended = spawnSync(program, words, { cwd, encoding: 'utf8' });
  if (ended.error || ended.status !== 0) {
    const reason = ended.error?.message ?? `${ended.stdout}${ended.stderr}`.trim();
    throw new EnvironmentError(`${what} could not be installed (${program} ${words.join(' ')}):\n${reason}`);
  }
}

function digestOf(file) {
  return createHash('sha256').update(readFileSync(path.join(here, file))).digest('hex');
}

function isDone(mark, digest) {
  return existsSync(mark) && readFileSync(mark, 'utf8') === digest;
}

/** The npm packages of the lock file. */
export function installPackages() {
  const digest = digestOf('package-lock.json');
  const mark = path.join(here, 'node_modules', '.paydesk-installed');
  if (isDone(mark, digest)) return;
  console.log('conformance: installing the npm packages');
  run('The npm packages of tests/conformance', 'npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], here);
  writeFileSync(mark, digest);
}

/** The Python packages, in a virtual environment; answers its interpreter. */
export function installPython() {
  const folder = path.join(target, 'conformance-venv');
  const python = path.join(folder, 'bin', 'python');
  const digest = digestOf('requirements.txt');
  const mark = path.join(folder, 'paydesk-installed');
  if (isDone(mark, digest) && existsSync(python)) return python;
  console.log('conformance: installing the Python packages');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  run('The virtual environment (python3-venv)', 'python3', ['-m', 'venv', folder], here);
  const words = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '-r', 'requirements.txt'];
  run('The Python packages of tests/conformance', python, words, here);
  run('The Python packages of tests/conformance', python, ['-m', 'pip', 'check'], here);
  writeFileSync(mark, digest);
  return python;
}
