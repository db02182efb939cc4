import { conflict, invalidParameter, messageOf, systemError } from '../core/errors.ts';
import type { Database } from '../store/database.ts';
import {
  type Container,
  type ContainerDefinition,
  type ContainerRunState,
  CREATED,
  noSuchContainer,
} from './model.ts';
import { sharing } from './parts.ts';
import { readDefinition, storedDefinition, type UpgradeDefinition } from './stored.ts';

interface ContainerRow {
  id: string;
  definition: string;
  state: string;
}

/** All containers, held in memory for quick lists and written through to the database. */
export class ContainerStore {
  readonly #db: Database;
  readonly #byId = new Map<string, Container>();
  readonly #promised = new Map<string, string>();
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
      this.#remember({ definition: readDefinition(row.definition), state: JSON.parse(row.state) });
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
    const container = { definition, state: CREATED };
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

  setState(id: string, change: Partial<ContainerRunState>): Container {
    return this.replaceState(id, { ...this.get(id).state, ...change });
  }

  replaceState(id: string, state: ContainerRunState): Container {
    const container = { definition: this.get(id).definition, state };
    this.#db.run('UPDATE containers SET state = ? WHERE id = ?', JSON.stringify(container.state), id);
    this.#byId.set(id, container);
    return container;
  }

  /** For a state that is so, whether it can be written down or not. The next start finds it out again. */
  noteState(id: string, state: ContainerRunState): Container {
    const container = { definition: this.get(id).definition, state };
    this.#byId.set(id, container);
    return container;
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

  /** Changes definition and state together: a crash leaves both or neither. */
  change(id: string, definition: Partial<ContainerDefinition>, state: Partial<ContainerRunState>): Container {
    return this.#db.transaction(() => {
      this.setDefinition(id, definition);
      return this.setState(id, state);
    });
  }

  remove(id: string): void {
    const { definition } = this.get(id);
    this.#db.run('DELETE FROM containers WHERE id = ?', id);
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
