/** Packages of the distribution, unpacked into a folder: nothing is installed, no service starts. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Whether apt had `name`, and it is unpacked below `folder` now. */
export function unpackPackage(name: string, folder: string): boolean {
  /* As root, apt downloads as the user _apt, who may not write here: it says so and goes on as root. */
  const download = spawnSync('apt-get', ['download', '-q', name], { cwd: folder, encoding: 'utf8' });
  const file = readdirSync(folder).find((entry) => entry.startsWith(`${name}_`));
  if (download.status !== 0 || !file) return false;
  return spawnSync('dpkg', ['-x', join(folder, file), folder], { encoding: 'utf8' }).status === 0;
}
