/** Packages of the distribution, unpacked into a folder: nothing is installed, no service starts. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Whether apt had `name`, and it is unpacked below `folder` now. */
export function unpackPackage(name: string, folder: string): boolean {
  /* As root, apt downloads as the user _apt, who may not write here: it says so and goes on as root. */
  const download = spawnSync('apt-get', ['download', '-q', name], { cwd: folder, encoding: 'utf8' });
  const file = readdirSync(folder).find((entry) => entry.startsWith(`${name}_`));
  if (download.status !== 0 || !file) return false;
  const unpacked = spawnSync('dpkg', ['-x', join(folder, file), folder], { encoding: 'utf8' });
  rmSync(join(folder, file));
  return unpacked.status === 0;
}

/**
 * Unpacks `name` and whatever it depends on that this machine does not have into `target`, whole or not at all.
 * Programs of it find their libraries with `LD_LIBRARY_PATH` (`librariesBelow`).
 */
export function unpackWithDependencies(name: string, target: string): boolean {
  const packages = missingPackages(name);
  if (packages.length === 0) return false;
  mkdirSync(dirname(target), { recursive: true });
  const folder = mkdtempSync(join(dirname(target), 'unpacking-'));
  try {
    if (!packages.every((wanted) => unpackPackage(wanted, folder))) return false;
    renameSync(folder, target);
    return true;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Folders with libraries in a tree that packages were unpacked to. */
export function librariesBelow(target: string): string[] {
  return readdirSync(target, { recursive: true, withFileTypes: true })
    .filter((entry) => /^lib.*\.so/.test(entry.name))
    .map((entry) => entry.parentPath)
    .filter((folder, index, all) => all.indexOf(folder) === index);
}

/** What apt would put on this machine for `name`; nothing when it does not know the name. */
function missingPackages(name: string): string[] {
  const simulated = spawnSync('apt-get', ['install', '-s', '-q', '--no-install-recommends', name], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  return [...(simulated.stdout ?? '').matchAll(/^Inst (\S+)/gm)].map(([, found = '']) => found);
}
