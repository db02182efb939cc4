import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { invalidParameter } from '../../core/errors.ts';
import { splitPair } from '../flags.ts';
import { readContextFilter } from './ignore.ts';
import type { ClientSession } from './session.ts';
import { REMOTE } from './source.ts';

/** The contexts of `--build-context`: local directories, and addresses that the daemon resolves. */
export interface NamedSources {
  readonly directories: ReadonlyMap<string, string>;
  readonly addresses: Readonly<Record<string, string>>;
}

/** Reads `NAME=DIRECTORY | docker-image://REFERENCE | URL`. @throws BargeError invalid-parameter. */
export function readNamedContexts(texts: readonly string[]): NamedSources {
  const directories = new Map<string, string>();
  const addresses: Record<string, string> = {};
  for (const text of texts) {
    const [name, value] = splitPair(text);
    const wrong = (why: string) =>
      invalidParameter(`invalid argument "${text}" for "--build-context" flag: ${why}`);
    if (name === '' || value === '') throw wrong('want name=value');
    if (/^oci-layout:/.test(value))
      throw wrong('OCI layouts are not supported: load the image first (barge load)');
    if (value.startsWith('docker-image://') || REMOTE.test(value)) addresses[name] = value;
    else if (statSync(value, { throwIfNoEntry: false })?.isDirectory()) directories.set(name, resolve(value));
    else throw wrong(`there is no directory ${value}`);
  }
  return { directories, addresses };
}

export async function sendNamedDirectories(
  session: ClientSession,
  { directories }: NamedSources,
): Promise<void> {
  for (const [name, directory] of directories) {
    await session.sendDirectory(
      name,
      directory,
      await readContextFilter([join(directory, '.dockerignore')], ['.dockerignore']),
    );
  }
}
