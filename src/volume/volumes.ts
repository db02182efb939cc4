import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { conflict, invalidParameter, notFound } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import type { Database } from '../store/database.ts';

export interface Volume {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly mountpoint: string;
}

interface VolumeRow {
  name: string;
  created_at: number;
  labels: string;
  options: string;
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
/** Marks a volume that was made without a name, as Docker does. */
export const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';

/** Named folders of the `local` driver: `<root>/<name>/_data`. */
export class VolumeStore {
  readonly #root: string;
  readonly #db: Database;

  constructor(root: string, db: Database) {
    this.#root = root;
    this.#db = db;
  }

  #toVolume(row: VolumeRow): Volume {
    return {
      name: row.name,
      createdAt: row.created_at,
      labels: JSON.parse(row.labels),
      options: JSON.parse(row.options),
      mountpoint: join(this.#root, row.name, '_data'),
    };
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

  /** The volume of this name, made if need be; without a name always a new one. */
  async create(
    name: string | undefined,
    labels: Readonly<Record<string, string>> = {},
    options: Readonly<Record<string, string>> = {},
  ): Promise<Volume> {
    const chosen = name || newId();
    if (!NAME.test(chosen)) {
      throw invalidParameter(
        `create ${chosen}: "${chosen}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
      );
    }
    const unknown = Object.keys(options)[0];
    if (unknown)
      throw invalidParameter(`create ${chosen}: the local driver does not take the option "${unknown}"`);
    const known = this.find(chosen);
    if (known) return known;
    await mkdir(join(this.#root, chosen, '_data'), { recursive: true, mode: 0o755 });
    const all = name ? labels : { ...labels, [ANONYMOUS_LABEL]: '' };
    this.#db.run(
      'INSERT OR IGNORE INTO volumes (name, created_at, labels, options) VALUES (?, ?, ?, ?)',
      chosen,
      Date.now(),
      JSON.stringify(all),
      JSON.stringify(options),
    );
    return this.get(chosen);
  }

  /** @param users ids of the containers that mount it. @throws BargeError conflict while there are any. */
  async remove(name: string, users: readonly string[]): Promise<void> {
    this.get(name);
    if (users.length > 0) throw conflict(`remove ${name}: volume is in use - [${users.join(', ')}]`);
    this.#db.run('DELETE FROM volumes WHERE name = ?', name);
    await rm(join(this.#root, name), { recursive: true, force: true });
  }
}
