import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { invalidParameter, messageOf } from '../../core/errors.ts';
import { type Glob, pathGlob } from '../../core/patterns/glob.ts';
import { cleanPattern, type PatternMatcher, type Verdict } from '../../core/patterns/path-rules.ts';
import { Turns } from '../../core/turns.ts';
import { type SourceEntry, sourceEntry } from './entry.ts';
import { type Rooted, resolveInRoot } from './rooted.ts';

/** Entries to read before yielding to other work of the process. */
const BATCH = 400;

export interface TreeOptions {
  /** Entries to treat as missing. */
  readonly ignore?: PatternMatcher;
  /** For the build context: everything belongs to root, and no path may leave it. */
  readonly isContext: boolean;
}

/** A local directory to copy from: a build context, or a mounted root file system. */
export class SourceTree {
  readonly root: string;
  readonly #options: TreeOptions;
  #read = 0;
  readonly #turns = new Turns();

  constructor(root: string, options: TreeOptions) {
    this.root = root;
    this.#options = options;
  }

  /** The entry at a path, following links; undefined when missing or ignored. */
  async find(path: string): Promise<Rooted | undefined> {
    const found = await resolveInRoot(this.root, path, this.#options.isContext);
    if (!found) return undefined;
    const isDirectory = found.stats.isDirectory();
    return this.#isHidden(path, isDirectory) || this.#isHidden(found.path, isDirectory) ? undefined : found;
  }

  /** Paths that match a pattern, sorted by name. */
  async glob(pattern: string): Promise<string[]> {
    const parts = pattern.split('/').filter((part) => part !== '' && part !== '.');
    const wild = parts.findIndex((part) => /[*?[\\]/.test(part));
    const start = await this.find(parts.slice(0, wild).join('/'));
    if (!start?.stats.isDirectory()) return [];
    const rest = parts.slice(wild);
    const glob = readGlob(rest.join('/'));
    const depth = rest.includes('**') ? Number.POSITIVE_INFINITY : rest.length;
    const found: string[] = [];
    const visit = async (directory: string, below: string, level: number): Promise<void> => {
      for (const name of await this.#names(directory)) {
        await this.#turns.share();
        const relative = below === '' ? name : `${below}/${name}`;
        const path = directory === '' ? name : `${directory}/${name}`;
        const isDirectory = lstatSync(join(this.root, path)).isDirectory();
        if (glob.matches(relative) && !this.#isHidden(path, isDirectory)) found.push(path);
        else if (level < depth && isDirectory) {
          await visit(path, relative, level + 1);
        }
      }
    };
    await visit(start.path, '', 1);
    return found.sort();
  }

  /** The entry at `path` (without links) and, for a directory, everything below it, parents first. */
  async walk(path: string, exclude?: PatternMatcher): Promise<SourceEntry[]> {
    const entries: SourceEntry[] = [];
    await this.#collect(path, this.#judge(path), { exclude, top: path }, entries);
    return entries;
  }

  /** One entry, without following links. */
  entry(path: string): SourceEntry | undefined {
    const file = join(this.root, path);
    return sourceEntry(path, file, lstatSync(file), this.#options.isContext);
  }

  async #collect(
    path: string,
    verdict: Verdict | undefined,
    filter: { exclude: PatternMatcher | undefined; top: string },
    entries: SourceEntry[],
  ): Promise<void> {
    const entry = this.entry(path);
    if (!entry) return;
    const skipped = verdict?.matched === true || isExcluded(path, filter);
    const place = entries.length;
    if (!skipped) entries.push(entry);
    if (entry.type !== 'directory') return;
    if (skipped && !this.#options.ignore?.mayWantBelow(path) && !filter.exclude?.mayWantBelow(path)) return;
    for (const name of await this.#names(path)) {
      await this.#turns.share();
      const child = path === '' ? name : `${path}/${name}`;
      await this.#collect(child, this.#options.ignore?.judge(child, verdict), filter, entries);
    }
    // An ignored directory still counts as existing when one of its entries is not ignored.
    if (skipped && entries.length > place) entries.splice(place, 0, entry);
  }

  async #names(directory: string): Promise<string[]> {
    const names = readdirSync(join(this.root, directory));
    this.#read += names.length;
    if (this.#read > BATCH) {
      this.#read = 0;
      await nextTurn();
    }
    return names.sort();
  }

  #judge(path: string): Verdict | undefined {
    return path === '' ? undefined : this.#options.ignore?.judge(path);
  }

  /** An ignored directory is not hidden when one of its entries may not be ignored. */
  #isHidden(path: string, isDirectory: boolean): boolean {
    const clean = cleanPattern(path);
    if (!this.#judge(clean)?.matched) return false;
    return !isDirectory || this.#options.ignore?.mayWantBelow(clean) !== true;
  }
}

function readGlob(pattern: string): Glob {
  try {
    return pathGlob(pattern, { doubleStar: true });
  } catch (error) {
    throw invalidParameter(`invalid includepatterns: [${pattern.slice(0, 200)}]: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Excludes apply both to paths within the copied directory and to paths within the source's root. */
function isExcluded(path: string, filter: { exclude: PatternMatcher | undefined; top: string }): boolean {
  if (!filter.exclude || path === '') return false;
  if (filter.exclude.judge(path).matched) return true;
  const relative =
    path === filter.top ? path.slice(path.lastIndexOf('/') + 1) : path.slice(filter.top.length);
  const name = relative.replace(/^\//, '');
  return name !== '' && filter.exclude.judge(name).matched;
}
