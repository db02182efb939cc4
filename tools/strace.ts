/** Strace for the bench's guard: from the PATH, or unpacked from the distribution; nothing is installed. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { unpackWithDependencies } from './apt-unpack.ts';

const CACHE = join(import.meta.dirname, '../.cache/strace');

/** @returns its path; undefined when neither the PATH nor apt has it. */
export function strace(): string | undefined {
  const onPath = (process.env.PATH ?? '')
    .split(delimiter)
    .map((directory) => join(directory, 'strace'))
    .find((path) => existsSync(path));
  if (onPath) return onPath;
  if (!existsSync(CACHE) && !unpackWithDependencies('strace', CACHE)) return undefined;
  return join(CACHE, 'usr/bin/strace');
}
