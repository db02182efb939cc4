import { statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { invalidParameter } from '../../core/errors.ts';
import type { Cli } from '../cli.ts';
import { extractInto } from '../copy/extract.ts';
import type { FlagValues } from '../flags.ts';
import { readContextFilter } from './ignore.ts';
import type { ClientSession } from './session.ts';

/** `--cache-from` and `--cache-to` as the daemon reads them, and the local directories among them. */
export interface BuildCacheFlags {
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** Directories to send, by the name of their context. */
  readonly sources: ReadonlyMap<string, string>;
  /** Directories to write the cache to. */
  readonly destinations: readonly string[];
}

/** @throws BargeError invalid-parameter. */
export function readCacheFlags(flags: FlagValues): BuildCacheFlags {
  const sources = new Map<string, string>();
  const destinations: string[] = [];
  const from = flags.list('cache-from').flatMap((text) => {
    const directory = /(?:^|,)src=([^,]*)/.exec(text)?.[1];
    if (!/(^|,)type=local(,|$)/.test(text)) return [text];
    if (!directory)
      throw invalidParameter(`invalid argument "${text}" for "--cache-from" flag: src is missing`);
    if (!statSync(resolve(directory, 'index.json'), { throwIfNoEntry: false })) return [];
    const name = `cache:${sources.size}`;
    sources.set(name, resolve(directory));
    return [`type=local,context=${name}`];
  });
  for (const text of flags.list('cache-to')) {
    if (!/(^|,)type=local(,|$)/.test(text)) continue;
    const dest = /(?:^|,)dest=([^,]*)/.exec(text)?.[1];
    if (!dest) throw invalidParameter(`invalid argument "${text}" for "--cache-to" flag: dest is missing`);
    destinations.push(resolve(dest));
  }
  return { from, to: flags.list('cache-to'), sources, destinations };
}

export async function sendCacheDirectories(
  session: ClientSession,
  { sources }: BuildCacheFlags,
): Promise<void> {
  for (const [name, directory] of sources)
    await session.sendDirectory(name, directory, await readContextFilter([], []));
}

/** Fetches what the build exported for the directories of `--cache-to`. */
export async function fetchCaches(cli: Cli, { destinations }: BuildCacheFlags, build: string): Promise<void> {
  for (const directory of destinations) {
    await mkdir(directory, { recursive: true });
    const { body } = await cli.engine.request('GET', `/barge/builds/${build}/cache`);
    await extractInto(directory, body, { owners: false });
  }
}
