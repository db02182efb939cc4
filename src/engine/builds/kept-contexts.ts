import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, rm, utimes } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { writeDurably } from '../../core/durable.ts';
import { invalidParameter } from '../../core/errors.ts';
import type { Files } from '../../host/files.ts';

type ContextFiles = Pick<Files, 'unpackTar' | 'removeTree'>;

/** An entry of a client's directory: its path, `d` for a directory, and a stamp that changes whenever the entry does. */
export type ContextEntry = readonly [path: string, kind: string, stamp: string];

interface Kept {
  /** Files are not synced and may be lost in a crash of the machine: stored contexts are valid only until the next boot. */
  readonly boot: string;
  readonly entries: readonly ContextEntry[];
}

/** The result of comparing a client's directory. */
interface Compared {
  readonly Missing: readonly number[];
  readonly Complete: boolean;
}

const MAX_ENTRIES = 2_000_000;

/**
 * Clients' directories as of their last build, so that only changes have to be sent. A build that starts
 * while another build of the same directory is in progress uses a separate copy.
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

  /** @param key identifies the client's directory across builds. */
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

/** A stored directory that one build uses. */
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
   * Removes entries that the client no longer has.
   * @param entries each directory before its contents.
   * @returns the indexes in the list of the entries to send, and whether everything is already up to date, so that
   *   nothing needs to be received.
   * @throws BargeError invalid-parameter for paths that are not clean or whose parent directories are not in the list.
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

  /** Receives the entries that `compare` requested, and records the new state. */
  async receive(tar: Readable, signal: AbortSignal): Promise<void> {
    await this.#host.unpackTar({ root: this.files, tar, signal });
    const kept: Kept = { boot: bootId(), entries: this.#wanted };
    await writeDurably(this.#list, JSON.stringify(kept), 0o600);
  }

  /** The entries that are certainly present; none after an interrupted build. */
  async #kept(): Promise<readonly ContextEntry[]> {
    try {
      const kept = JSON.parse(await readFile(this.#list, 'utf8')) as Kept;
      if (kept.boot === bootId()) return kept.entries;
    } catch {
      /* Missing or incomplete: start afresh. */
    }
    await this.#host.removeTree(this.files);
    await mkdir(this.files, { mode: 0o700 });
    return [];
  }

  /** Paths are in walk order: the contents of a removed directory are removed with it. */
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
      throw invalidParameter(`the build context has ${path}, but not its parent directory`);
    }
    if (kind === 'd') directories.add(path);
  }
}

let boot: string | undefined;

function bootId(): string {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return boot;
}
