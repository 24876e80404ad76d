// A demo shop made without a window, and asked while none is open: the same folder, through the command line.
import { execFileSync } from 'node:child_process';

import { ownFolder, program } from './place.mjs';

/** Runs the command line over a shop's folder and gives what it printed. */
export const command = (folder, ...words) =>
  execFileSync(program('paydesk-cli'), ['--data', `${folder.path}/shop`, ...words], {
    encoding: 'utf8',
    timeout: 180_000,
  });

/** A demo shop, without a past unless it is wished for, ready for a window. */
export function demoShop({ locale = 'zh-cn', pastDays = 0 } = {}) {
  const folder = ownFolder();
  command(folder, 'init', '--mode', 'demo', '--locale', locale, '--past-days', String(pastDays));
  return folder;
}
