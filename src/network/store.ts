import { conflict, invalidParameter, notFound } from '../core/errors.ts';
import type { Database } from '../store/database.ts';
import type { NetworkDefinition } from './model.ts';

/** Definitions of all networks, cached in memory and written through to the database. */
export class NetworkStore {
  readonly #db: Database;
  readonly #byId = new Map<string, NetworkDefinition>();
  readonly #byName = new Map<string, NetworkDefinition>();

  constructor(db: Database) {
    this.#db = db;
    for (const row of db.all<{ definition: string }>('SELECT definition FROM networks ORDER BY created_at')) {
      this.#remember(JSON.parse(row.definition));
    }
  }

  #remember(definition: NetworkDefinition): void {
    this.#byId.set(definition.id, definition);
    this.#byName.set(definition.name, definition);
  }

  list(): NetworkDefinition[] {
    return [...this.#byId.values()];
  }

  byName(name: string): NetworkDefinition | undefined {
    return this.#byName.get(name);
  }

  /**
   * By full id, by name, or by a prefix of an id, in this order.
   * @throws BargeError not-found, or invalid-parameter for an ambiguous prefix.
   */
  find(ref: string): NetworkDefinition {
    const exact = this.#byId.get(ref) ?? this.#byName.get(ref);
    if (exact) return exact;
    const starting = this.list().filter(({ id }) => ref !== '' && id.startsWith(ref));
    if (starting.length > 1) {
      throw invalidParameter(
        `network ${ref} is ambiguous (${starting.length} matches found based on ID prefix)`,
      );
    }
    if (!starting[0]) throw notFound(`network ${ref} not found`);
    return starting[0];
  }

  /** @throws BargeError conflict when the name is in use. */
  add(definition: NetworkDefinition): void {
    if (this.#byName.has(definition.name)) {
      throw conflict(`network with name ${definition.name} already exists`);
    }
    this.put(definition);
  }

  /** Writes a definition, replacing the one with the same id. */
  put(definition: NetworkDefinition): void {
    this.#db.run(
      'INSERT INTO networks (id, name, created_at, definition) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET definition = excluded.definition',
      definition.id,
      definition.name,
      definition.createdAt,
      JSON.stringify(definition),
    );
    this.#remember(definition);
  }

  remove(id: string): void {
    const definition = this.#byId.get(id);
    if (!definition) return;
    this.#db.run('DELETE FROM networks WHERE id = ?', id);
    this.#byId.delete(id);
    this.#byName.delete(definition.name);
  }
}
