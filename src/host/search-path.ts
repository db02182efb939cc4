import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where a program lies: on the PATH, or in a usual folder that a service's PATH may lack. */
export function searchPath(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
