import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { invalidParameter } from '../../core/errors.ts';
import { splitPair } from '../flags.ts';
import { readContextFilter } from './ignore.ts';
import type { ClientSession } from './session.ts';
import { REMOTE } from './source.ts';

/** What `--build-context` names: folders of this machine, and what the daemon finds by itself. */
export interface NamedSources {
  readonly folders: ReadonlyMap<string, string>;
  readonly addresses: Readonly<Record<string, string>>;
}

/** Reads `NAME=FOLDER | docker-image://REFERENCE | URL`. @throws BargeError invalid-parameter. */
export function readNamedContexts(texts: readonly string[]): NamedSources {
  const folders = new Map<string, string>();
  const addresses: Record<string, string> = {};
  for (const text of texts) {
    const [name, value] = splitPair(text);
    const wrong = (why: string) =>
      invalidParameter(`invalid argument "${text}" for "--build-context" flag: ${why}`);
    if (name === '' || value === '') throw wrong('want name=value');
    if (/^oci-layout:/.test(value))
      throw wrong('OCI layouts are not supported: load the image first (barge load)');
    if (value.startsWith('docker-image://') || REMOTE.test(value)) addresses[name] = value;
    else if (statSync(value, { throwIfNoEntry: false })?.isDirectory()) folders.set(name, resolve(value));
    else throw wrong(`there is no folder ${value}`);
  }
  return { folders, addresses };
}

export async function sendNamedFolders(session: ClientSession, { folders }: NamedSources): Promise<void> {
  for (const [name, folder] of folders) {
    await session.sendFolder(
      name,
      folder,
      await readContextFilter([join(folder, '.dockerignore')], ['.dockerignore']),
    );
  }
}
