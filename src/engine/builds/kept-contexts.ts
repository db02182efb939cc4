import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, rm, utimes } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { writeDurably } from '../../core/durable.ts';
import { invalidParameter } from '../../core/errors.ts';
import type { Files } from '../../host/files.ts';

type ContextFiles = Pick<Files, 'unpackTar' | 'removeTree'>;

/** An entry of a client's directory: its path, `d` for a directory, and what changes whenever the entry does. */
export type ContextEntry = readonly [path: string, kind: string, stamp: string];

interface Kept {
  /** Files that were not synced may be lost with the machine: what was kept counts until the next boot. */
  readonly boot: string;
  readonly entries: readonly ContextEntry[];
}

/** What a client is told of its directory. */
export interface Compared {
  readonly Missing: readonly number[];
  readonly Complete: boolean;
}

const MAX_ENTRIES = 2_000_000;

/**
 * Directories of clients as they were at their last build, so that only changes have to be sent. A build that goes
 * on while the same directory is built once more has one of its own.
 */
export class KeptContexts {
  readonly root: string;
  readonly #files: ContextFiles;
  readonly #busy = new Set<string>();

  constructor(root: string, files: ContextFiles) {
    this.root = root;
    this.#files = files;
  }

  inUse(name: string): boolean {
    return this.#busy.has(name);
  }

  /** @param key names the client's directory, across builds. */
  async open(key: string): Promise<KeptContext> {
    const hash = createHash('sha256').update(key).digest('hex').slice(0, 32);
    let name = hash;
    for (let n = 1; this.#busy.has(name); n++) name = `${hash}-${n}`;
    this.#busy.add(name);
    const directory = join(this.root, name);
    await mkdir(join(directory, 'files'), { recursive: true, mode: 0o700 });
    const now = new Date();
    await utimes(directory, now, now);
    return new KeptContext(directory, this.#files, () => this.#busy.delete(name));
  }
}

/** One kept directory in the hands of one build. */
export class KeptContext {
  readonly #directory: string;
  readonly #host: ContextFiles;
  readonly #release: () => void;
  #wanted: readonly ContextEntry[] = [];

  constructor(directory: string, files: ContextFiles, release: () => void) {
    this.#directory = directory;
    this.#host = files;
    this.#release = release;
  }

  get files(): string {
    return join(this.#directory, 'files');
  }

  get #list(): string {
    return join(this.#directory, 'list.json');
  }

  release(): void {
    this.#release();
  }

  /**
   * Removes what the client has no more.
   * @param entries in an order that has directories before what is in them.
   * @returns the places in the list of the entries that are to be sent, and whether all is here as it is, so that
   *   nothing need be received.
   * @throws BargeError invalid-parameter for paths that are not clean or not within directories of the list.
   */
  async compare(entries: readonly ContextEntry[]): Promise<Compared> {
    checkEntries(entries);
    const kept = await this.#kept();
    if (kept.length > 0 && same(kept, entries)) return { Missing: [], Complete: true };
    await rm(this.#list, { force: true });
    const wanted = new Map(entries.map((entry) => [entry[0], entry]));
    const removed = kept.filter(([path, kind]) => wanted.get(path)?.[1] !== kind).map(([path]) => path);
    await this.#remove(removed);
    const have = new Map(kept.map(([path, kind, stamp]) => [path, `${kind} ${stamp}`]));
    this.#wanted = entries;
    const Missing = entries.flatMap(([path, kind, stamp], index) =>
      have.get(path) === `${kind} ${stamp}` ? [] : [index],
    );
    return { Missing, Complete: false };
  }

  /** Takes the entries that `compare` asked for, and remembers what is here now. */
  async receive(tar: Readable, signal: AbortSignal): Promise<void> {
    await this.#host.unpackTar({ root: this.files, tar, signal });
    const kept: Kept = { boot: bootId(), entries: this.#wanted };
    await writeDurably(this.#list, JSON.stringify(kept), 0o600);
  }

  /** What is here for sure; nothing is, when an earlier build was interrupted. */
  async #kept(): Promise<readonly ContextEntry[]> {
    try {
      const kept = JSON.parse(await readFile(this.#list, 'utf8')) as Kept;
      if (kept.boot === bootId()) return kept.entries;
    } catch {
      /* None, or half of one: begin anew. */
    }
    await this.#host.removeTree(this.files);
    await mkdir(this.files, { mode: 0o700 });
    return [];
  }

  /** Paths are in the order of a walk: what is below a removed directory has gone with it. */
  async #remove(paths: readonly string[]): Promise<void> {
    let last: string | undefined;
    for (const path of paths) {
      if (last !== undefined && path.startsWith(`${last}/`)) continue;
      await this.#host.removeTree(join(this.files, path));
      last = path;
    }
  }
}

function same(kept: readonly ContextEntry[], entries: readonly ContextEntry[]): boolean {
  if (kept.length !== entries.length) return false;
  return kept.every((one, index) => one.every((part, at) => entries[index]?.[at] === part));
}

function checkEntries(entries: readonly ContextEntry[]): void {
  if (entries.length > MAX_ENTRIES)
    throw invalidParameter(`the build context has more than ${MAX_ENTRIES} files`);
  const directories = new Set(['.']);
  for (const [path, kind] of entries) {
    const clean = typeof path === 'string' && path !== '' && posix.normalize(path) === path;
    if (!clean || path === '..' || path.startsWith('../') || path.startsWith('/') || path.endsWith('/')) {
      throw invalidParameter(`the build context has the path ${JSON.stringify(path)}, which leads out of it`);
    }
    if (!directories.has(posix.dirname(path))) {
      throw invalidParameter(`the build context has ${path}, but not the directory that it is in`);
    }
    if (kind === 'd') directories.add(path);
  }
}

let boot: string | undefined;

function bootId(): string {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return boot;
}
