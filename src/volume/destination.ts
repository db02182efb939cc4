import { posix } from 'node:path';
import { invalidParameter, notFound } from '../core/errors.ts';

/** The path without `.`, `..`, doubled and closing slashes. @throws BargeError invalid-parameter for `/`, or a relative one. */
export function destinationOf(path: string): string {
  const clean = posix.normalize(path).replace(/(.)\/$/, '$1');
  if (!path.startsWith('/'))
    throw invalidParameter(`invalid mount path: '${path}' mount path must be absolute`);
  if (clean === '/') throw invalidParameter(`invalid specification: destination can't be '/'`);
  return clean;
}

export const duplicate = (destination: string) => invalidParameter(`Duplicate mount point: ${destination}`);

export const PROPAGATIONS = ['shared', 'rshared', 'slave', 'rslave', 'private', 'rprivate'];

/** @throws BargeError not-found, in docker's words: there are no plugins. */
export function assertLocalDriver(name: string | undefined): void {
  if (name && name !== 'local') {
    throw notFound(`error looking up volume plugin ${name}: plugin "${name}" not found`);
  }
}
