import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where a program lies: on the PATH, or in a usual directory that a service's PATH may lack. */
export function searchPath(name: string): string | undefined {
  const directories = [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/sbin',
    '/usr/bin',
    '/sbin',
    '/bin',
  ];
  return directories.map((directory) => join(directory, name)).find((path) => existsSync(path));
}
