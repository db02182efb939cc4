import { BargeError, conflict, invalidParameter, messageOf, systemError } from '../core/errors.ts';
import type { Database } from '../store/database.ts';
import { CREATED, type LifeState } from './life/state.ts';
import { readState } from './life/stored.ts';
import { type Container, type ContainerDefinition, noSuchContainer } from './model.ts';
import { sharing } from './parts.ts';
import { readDefinition, storedDefinition, type UpgradeDefinition } from './stored.ts';

interface ContainerRow {
  id: string;
  definition: string;
  state: string;
}

/** The database does not take what is to be recorded: the disk is full or broken. */
export class NotRecorded extends BargeError {
  constructor(what: string, cause: unknown) {
    super('system', `${what} cannot be recorded: ${messageOf(cause)} (is there space under the data root?)`, {
      cause,
    });
    this.name = 'NotRecorded';
  }
}

/** All containers, held in memory for quick lists and written through to the database. */
export class ContainerStore {
  readonly #db: Database;
  readonly #byId = new Map<string, Container>();
  readonly #promised = new Map<string, string>();
  /** Containers whose state in the database is older than that in memory. */
  readonly #unwritten = new Set<string>();
  readonly #idByName = new Map<string, string>();
  /** The next one shares with it what they have in common. */
  #latest: ContainerDefinition | undefined;

  /** @param upgrade for rows that an earlier daemon has written; they are written anew. */
  constructor(db: Database, upgrade?: UpgradeDefinition) {
    this.#db = db;
    if (upgrade) this.#upgradeRows(upgrade);
    for (const row of db.all<ContainerRow>(
      'SELECT id, definition, state FROM containers ORDER BY created_at',
    )) {
      this.#remember({ definition: readDefinition(row.definition), state: readState(row.state) });
    }
  }

  #upgradeRows(upgrade: UpgradeDefinition): void {
    this.#db.transaction(() => {
      const rows = this.#db.all<Omit<ContainerRow, 'state'>>(
        "SELECT id, definition FROM containers WHERE definition ->> '$.format' IS NULL",
      );
      for (const { id, definition } of rows) {
        const text = storedDefinition(upgraded(id, definition, upgrade));
        this.#db.run('UPDATE containers SET definition = ? WHERE id = ?', text, id);
      }
    });
  }

  #remember({ definition: given, state }: Container): Container {
    const definition = this.#latest ? sharing(given, this.#latest) : given;
    const container = { definition, state };
    this.#latest = definition;
    this.#byId.set(definition.id, container);
    this.#idByName.set(definition.name, definition.id);
    return container;
  }

  list(): Container[] {
    return [...this.#byId.values()];
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  get(id: string): Container {
    const container = this.#byId.get(id);
    if (!container) throw noSuchContainer(id);
    return container;
  }

  /**
   * By full id, by name, or by the start of an id, in this order.
   * @throws BargeError not-found, or invalid-parameter for an ambiguous start.
   */
  find(ref: string): Container {
    const name = ref.startsWith('/') ? ref.slice(1) : ref;
    const exact = this.#byId.get(ref) ?? this.#byId.get(this.#idByName.get(name) ?? '');
    if (exact) return exact;
    if (name.includes('/')) return this.#linked(name);
    if (!/^[0-9a-f]+$/.test(ref)) throw noSuchContainer(ref);
    const starting = [...this.#byId.keys()].filter((id) => id.startsWith(ref));
    if (starting.length > 1) {
      throw invalidParameter(`multiple IDs found with provided prefix: ${ref}`);
    }
    const found = this.#byId.get(starting[0] ?? '');
    if (!found) throw noSuchContainer(ref);
    return found;
  }

  /** Of a name, or of an id in full. */
  idOf(ref: string): string | undefined {
    return this.#byId.has(ref) ? ref : this.#idByName.get(ref);
  }

  /** @param path `owner/alias`: what the container `owner` links to by that alias. @throws BargeError not-found. */
  #linked(path: string): Container {
    const [owner = '', wanted] = path.split('/');
    const linked = this.find(owner).definition.spec.names.links.find(({ alias }) => alias === wanted);
    if (!linked) throw noSuchContainer(path);
    return this.find(linked.target);
  }

  /** @throws BargeError conflict when the name is taken. */
  add(definition: ContainerDefinition): Container {
    const holder = this.#idByName.get(definition.name);
    if (holder) throw nameInUse(definition.name, holder);
    const container: Container = { definition, state: CREATED };
    this.#db.run(
      'INSERT INTO containers (id, name, created_at, definition, state) VALUES (?, ?, ?, ?, ?)',
      definition.id,
      definition.name,
      definition.createdAt,
      storedDefinition(definition),
      JSON.stringify(CREATED),
    );
    return this.#remember(container);
  }

  /** @throws BargeError conflict for a name that a container has, or one that is being made. */
  assertNameFree(name: string): void {
    const holder = this.#idByName.get(name) ?? this.#promised.get(name);
    if (holder) throw nameInUse(name, holder);
  }

  /** Keeps a name for a container that is being made, until the promise is disposed. @throws BargeError conflict. */
  promiseName(name: string, id: string): Disposable {
    this.assertNameFree(name);
    this.#promised.set(name, id);
    return { [Symbol.dispose]: () => void this.#promised.delete(name) };
  }

  /** @throws NotRecorded; the container then keeps the state that it had. */
  setState(id: string, state: LifeState): Container {
    const container = { definition: this.get(id).definition, state };
    try {
      this.#db.run('UPDATE containers SET state = ? WHERE id = ?', JSON.stringify(state), id);
    } catch (cause) {
      throw new NotRecorded(`the state of container ${id}`, cause);
    }
    this.#unwritten.delete(id);
    this.#byId.set(id, container);
    return container;
  }

  /**
   * For a state that is so, whether it can be recorded or not.
   * @returns why it is in memory only, until `writeAgain`; undefined when it has been recorded.
   */
  noteState(id: string, state: LifeState): NotRecorded | undefined {
    try {
      this.setState(id, state);
      return undefined;
    } catch (error) {
      if (!(error instanceof NotRecorded)) throw error;
      this.#byId.set(id, { definition: this.get(id).definition, state });
      this.#unwritten.add(id);
      return error;
    }
  }

  /** Whether the database has the state that the container is in. */
  isRecorded(id: string): boolean {
    return !this.#unwritten.has(id);
  }

  /** Records the states that could not be recorded when they began. @returns whether all are recorded now. */
  writeAgain(): boolean {
    for (const id of this.#unwritten) {
      if (this.noteState(id, this.get(id).state)) return false;
    }
    return true;
  }

  setDefinition(id: string, change: Partial<ContainerDefinition>): Container {
    const before = this.get(id);
    const definition = { ...before.definition, ...change };
    if (definition.name !== before.definition.name) this.assertNameFree(definition.name);
    this.#db.run(
      'UPDATE containers SET name = ?, definition = ? WHERE id = ?',
      definition.name,
      storedDefinition(definition),
      id,
    );
    this.#idByName.delete(before.definition.name);
    return this.#remember({ definition, state: before.state });
  }

  /** Changes definition and state together: a crash leaves both or neither. @throws NotRecorded: neither. */
  change(id: string, definition: Partial<ContainerDefinition>, state: LifeState): Container {
    const before = this.get(id);
    const wasUnwritten = this.#unwritten.has(id);
    try {
      return this.#db.transaction(() => {
        this.setDefinition(id, definition);
        return this.setState(id, state);
      });
    } catch (cause) {
      this.#byId.set(id, before);
      if (wasUnwritten) this.#unwritten.add(id);
      throw cause instanceof NotRecorded ? cause : new NotRecorded(`the change of container ${id}`, cause);
    }
  }

  remove(id: string): void {
    const { definition } = this.get(id);
    try {
      this.#db.run('DELETE FROM containers WHERE id = ?', id);
    } catch (cause) {
      throw new NotRecorded(`the removal of container ${id}`, cause);
    }
    this.#unwritten.delete(id);
    this.#byId.delete(id);
    this.#idByName.delete(definition.name);
  }
}

const nameInUse = (name: string, holder: string) =>
  conflict(
    `Conflict. The container name "/${name}" is already in use by container "${holder}". You have to remove (or rename) that container to be able to reuse that name.`,
  );

/** @throws BargeError system that names the container. */
function upgraded(id: string, row: string, upgrade: UpgradeDefinition): ContainerDefinition {
  try {
    return upgrade(JSON.parse(row));
  } catch (cause) {
    throw systemError(
      `the stored container ${id} cannot be read: ${messageOf(cause)}: remove it with the barged that made it`,
      { cause },
    );
  }
}
