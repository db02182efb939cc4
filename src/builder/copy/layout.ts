import { posix } from 'node:path';
import { invalidParameter } from '../../core/errors.ts';
import type { CopyOperation } from '../plan/graph.ts';
import { readChmod } from './chmod.ts';
import type { Destination } from './destination.ts';
import type { SourceEntry } from './entry.ts';
import type { Owner } from './ownership.ts';
import type { ArchiveItem, Item } from './selection.ts';

/** The contents of the layer, in order. Paths are absolute. */
export type Placement =
  | { readonly kind: 'directory'; readonly path: string; readonly owner: Owner }
  | { readonly kind: 'entry'; readonly path: string; readonly entry: SourceEntry }
  | { readonly kind: 'archive'; readonly path: string; readonly archive: ArchiveItem };

/**
 * Decides the path of every item, by Docker's rules: a directory's contents are copied into the destination; a file is
 * copied into the destination when that is a directory or is written as one, and otherwise replaces it.
 * @param owner the owner of everything; undefined preserves owners.
 */
export function layOut(
  operation: CopyOperation,
  items: readonly Item[],
  destination: Destination,
  owner: Owner | undefined,
): Placement[] {
  const writtenAsDirectory = operation.destination.endsWith('/');
  if (items.length > 1 && !writtenAsDirectory) {
    const rule = 'the destination must be a directory and end with a /';
    throw invalidParameter(`When using ${operation.verb} with more than one source file, ${rule}`);
  }
  const intoDirectory =
    writtenAsDirectory || destination.is === 'directory' || items.some((item) => item.kind !== 'file');
  if (intoDirectory && destination.is === 'file') {
    throw invalidParameter(`cannot copy to non-directory: ${destination.path}`);
  }
  const directories = intoDirectory
    ? destination.missing
    : destination.missing.filter((path) => path !== destination.path);
  const change = modifier(operation, owner);
  return [
    ...directories.map(
      (path): Placement => ({ kind: 'directory', path, owner: owner ?? { uid: 0, gid: 0 } }),
    ),
    ...items.flatMap((item) => place(item, destination.path, intoDirectory, change)),
  ];
}

type Change = (entry: SourceEntry) => SourceEntry;

function place(item: Item, destination: string, intoDirectory: boolean, change: Change): Placement[] {
  switch (item.kind) {
    case 'archive':
      return [{ kind: 'archive', path: destination, archive: item }];
    case 'file': {
      const path = intoDirectory ? posix.join(destination, item.name) : destination;
      return [{ kind: 'entry', path, entry: change(item.entry) }];
    }
    case 'directory':
      return item.entries.map(({ below, entry }) => ({
        kind: 'entry',
        path: posix.join(destination, below),
        entry: change(entry),
      }));
  }
}

function modifier(operation: CopyOperation, owner: Owner | undefined): Change {
  const chmod = operation.chmod === undefined ? undefined : readChmod(operation.chmod);
  return (entry) => ({
    ...entry,
    ...(owner ?? {}),
    mode: chmod && entry.type !== 'symlink' ? chmod(entry.mode, entry.type === 'directory') : entry.mode,
  });
}
