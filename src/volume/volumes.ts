import { existsSync, renameSync } from 'node:fs';
import { mkdir, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { conflict, errnoOf, invalidParameter, notFound } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import type { Files } from '../host/files.ts';
import type { Database } from '../store/database.ts';
import { checkDriverOptions, type DriverOptions } from './driver-options.ts';

export interface Volume {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: DriverOptions;
  readonly mountpoint: string;
}

interface VolumeRow {
  name: string;
  created_at: number;
  labels: string;
  options: string;
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const ID = /^[0-9a-f]{64}$/;
/** Marks an anonymous volume, as Docker does. */
export const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';
/** Directories that a crash may leave begin with a character that no volume's name begins with. */
const TEMPORARY = '.';
/** Followed by a random string, a full stop, and the name of the volume. */
const REMOVED = '.removed.';

function assertNameValid(name: string): void {
  if (name.length === 1) {
    throw invalidParameter('volume name is too short, names should be at least two alphanumeric characters');
  }
  if (!NAME.test(name) || name.length > 255) {
    throw invalidParameter(
      `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
}

/** Volumes of the `local` driver: `<root>/<name>/_data`, or the file system that their options mount there. */
export class VolumeStore {
  readonly root: string;
  readonly #db: Database;
  readonly #files: Pick<Files, 'removeTree'>;

  constructor(root: string, db: Database, files: Pick<Files, 'removeTree'>) {
    this.#files = files;
    this.root = root;
    this.#db = db;
  }

  #toVolume(row: VolumeRow): Volume {
    return {
      name: row.name,
      createdAt: row.created_at,
      labels: JSON.parse(row.labels),
      options: JSON.parse(row.options),
      mountpoint: this.#mountpoint(row.name),
    };
  }

  #mountpoint(name: string): string {
    return join(this.root, name, '_data');
  }

  list(): Volume[] {
    return this.#db.all<VolumeRow>('SELECT * FROM volumes ORDER BY name').map((row) => this.#toVolume(row));
  }

  find(name: string): Volume | undefined {
    const row = this.#db.get<VolumeRow>('SELECT * FROM volumes WHERE name = ?', name);
    return row && this.#toVolume(row);
  }

  get(name: string): Volume {
    const volume = this.find(name);
    if (!volume) throw notFound(`get ${name}: no such volume`);
    return volume;
  }

  /**
   * Creates a volume's directory, which stays invisible until `enter`. An anonymous volume gets a name and a label.
   * @throws BargeError invalid-parameter for an invalid name or invalid options.
   */
  async draft(
    name: string | undefined,
    labels: Readonly<Record<string, string>> = {},
    options: DriverOptions = {},
  ): Promise<Volume> {
    const chosen = name || newId();
    assertNameValid(chosen);
    checkDriverOptions(options);
    const mountpoint = this.#mountpoint(chosen);
    await mkdir(mountpoint, { recursive: true, mode: 0o755 });
    const all = name ? labels : { ...labels, [ANONYMOUS_LABEL]: '' };
    return { name: chosen, createdAt: Date.now(), labels: all, options, mountpoint };
  }

  /**
   * Records drafts together with what `also` writes, in one transaction.
   * @returns the result of `also`, and the volumes that are new.
   */
  enter<T>(drafts: readonly Volume[], also: () => T): { readonly result: T; readonly entered: Volume[] } {
    if (drafts.length === 0) return { result: also(), entered: [] };
    return this.#db.transaction(() => {
      const entered = drafts.filter((draft) => this.#insert(draft));
      return { result: also(), entered };
    });
  }

  #insert({ name, createdAt, labels, options }: Volume): boolean {
    const rows = this.#db.run(
      'INSERT OR IGNORE INTO volumes (name, created_at, labels, options) VALUES (?, ?, ?, ?)',
      name,
      createdAt,
      JSON.stringify(labels),
      JSON.stringify(options),
    );
    return rows > 0;
  }

  /** Removes drafts that were not entered. */
  async discard(drafts: readonly Volume[]): Promise<void> {
    for (const { name } of drafts) if (!this.find(name)) await this.#removeEmpty(name);
  }

  /** Removes an unused volume. @param users ids of the containers that use it. @throws BargeError conflict. */
  async remove(name: string, users: readonly string[]): Promise<void> {
    this.get(name);
    if (users.length > 0) throw conflict(`remove ${name}: volume is in use - [${users.join(', ')}]`);
    /* There is no turn of the event loop in between, in which the name could be reused. */
    const doomed = join(this.root, `${REMOVED}${newId().slice(0, 16)}.${name}`);
    try {
      renameSync(join(this.root, name), doomed);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
    this.#db.run('DELETE FROM volumes WHERE name = ?', name);
    await this.#files.removeTree(doomed);
  }

  /** A path beside the volumes, for a directory that is to become one; leftovers are removed at the next start. */
  temporary(): string {
    return join(this.root, `${TEMPORARY}${newId().slice(0, 16)}`);
  }

  /**
   * Reconciles directories and rows after a crash: unfinished volumes are removed, a row gets its directory back, and a
   * non-empty directory without a row becomes a volume again.
   */
  async recover(): Promise<void> {
    for (const name of await readdir(this.root)) {
      if (name.startsWith(REMOVED)) this.#forget(name.split('.').slice(3).join('.'));
      if (name.startsWith(TEMPORARY)) await this.#files.removeTree(join(this.root, name));
      else if (!this.find(name) && !(await this.#removeEmpty(name))) this.#adopt(name);
    }
    for (const { mountpoint } of this.list()) await mkdir(mountpoint, { recursive: true, mode: 0o755 });
  }

  /** After a crash between the removal of directory and row; the name may have a new directory by now. */
  #forget(name: string): void {
    if (!existsSync(join(this.root, name))) this.#db.run('DELETE FROM volumes WHERE name = ?', name);
  }

  /** @returns false when the directory is not empty. */
  async #removeEmpty(name: string): Promise<boolean> {
    try {
      await rmdir(this.#mountpoint(name)).catch((error) => {
        if (errnoOf(error) !== 'ENOENT') throw error;
      });
      await rmdir(join(this.root, name));
      return true;
    } catch (error) {
      if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EBUSY'].includes(errnoOf(error) ?? '')) return false;
      throw error;
    }
  }

  #adopt(name: string): void {
    if (!NAME.test(name)) return;
    const labels: Record<string, string> = ID.test(name) ? { [ANONYMOUS_LABEL]: '' } : {};
    this.#insert({
      name,
      createdAt: Date.now(),
      labels,
      options: {},
      mountpoint: this.#mountpoint(name),
    });
  }
}
