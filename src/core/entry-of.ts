/** A table's own entry for an untrusted key: inherited members such as `constructor` are ignored. */
export function entryOf<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
