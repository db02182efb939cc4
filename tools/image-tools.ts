/** Unpacks the distribution's skopeo and umoci for the tests, where they are not on the PATH; installs nothing. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { unpackPackage } from './apt-unpack.ts';

const CACHE = join(import.meta.dirname, '../.cache/image-tools');

/** Leaves out what this machine's apt sources do not have: the tests say so. */
export function imageTools(): void {
  for (const name of ['skopeo', 'umoci']) {
    const target = join(CACHE, name);
    if (!existsSync(target)) unpack(name, target);
  }
}

function unpack(name: string, target: string): void {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'unpacking-'));
  try {
    if (unpackPackage(name, folder)) renameSync(folder, target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
