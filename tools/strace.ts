/** The distribution's strace, for the bench's guard: the PATH's, or one that is unpacked; nothing is installed. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { librariesBelow, unpackWithDependencies } from './apt-unpack.ts';

const CACHE = join(import.meta.dirname, '../.cache/strace');

export interface Strace {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

/** @returns undefined when neither the PATH nor apt has it. */
export function strace(): Strace | undefined {
  const onPath = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'strace'))
    .find((path) => existsSync(path));
  if (onPath) return { path: onPath, env: {} };
  if (!existsSync(CACHE) && !unpackWithDependencies('strace', CACHE)) return undefined;
  return {
    path: join(CACHE, 'usr/bin/strace'),
    env: { LD_LIBRARY_PATH: librariesBelow(CACHE).join(delimiter) },
  };
}
