/** A table's entry for a key from outside: `constructor` and the like, which every object inherits, are not in it. */
export function entryOf<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
