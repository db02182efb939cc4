import { copyFileSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { systemError } from '../../src/core/errors.ts';
import { runToEnd } from '../measure/process.ts';
import type { Stage } from '../stage/stage.ts';

/** The distribution's statically linked busybox. */
const BUSYBOX = '/usr/bin/busybox';
const APPLETS = ['sh', 'true', 'sleep', 'echo', 'cat', 'ls'];

/** The tar from which each peer imports the same image `busybox`; created once. */
export function imageTar(stage: Stage): string {
  const tar = join(stage.directory, 'busybox.tar');
  if (existsSync(tar)) return tar;
  if (!existsSync(BUSYBOX)) throw systemError(`${BUSYBOX} is missing: npm run setup installs busybox-static`);
  const bin = join(stage.directory, 'image/bin');
  mkdirSync(bin, { recursive: true });
  copyFileSync(BUSYBOX, join(bin, 'busybox'));
  for (const applet of APPLETS) symlinkSync('busybox', join(bin, applet));
  runToEnd({ file: 'tar', args: ['-C', join(bin, '..'), '--numeric-owner', '-cf', tar, '.'] });
  return tar;
}
