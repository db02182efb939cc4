import { posix } from 'node:path';
import { invalidParameter } from '../../core/errors.ts';
import type { CopyOperation } from '../plan/graph.ts';
import { readChmod } from './chmod.ts';
import type { Destination } from './destination.ts';
import type { SourceEntry } from './entry.ts';
import type { Owner } from './ownership.ts';
import type { ArchiveItem, Item } from './selection.ts';

/** What goes into the layer, in order. Paths are absolute. */
export type Placement =
  | { readonly kind: 'folder'; readonly path: string; readonly owner: Owner }
  | { readonly kind: 'entry'; readonly path: string; readonly entry: SourceEntry }
  | { readonly kind: 'archive'; readonly path: string; readonly archive: ArchiveItem };

/**
 * Decides where everything goes, by Docker's rules: a folder's contents go into the destination; a file
 * goes into it when it is a folder or is written as one, and otherwise becomes it.
 * @param owner what everything is given to; undefined leaves owners as they are.
 */
export function layOut(
  operation: CopyOperation,
  items: readonly Item[],
  destination: Destination,
  owner: Owner | undefined,
): Placement[] {
  const writtenAsFolder = operation.destination.endsWith('/');
  if (items.length > 1 && !writtenAsFolder) {
    const rule = 'the destination must be a directory and end with a /';
    throw invalidParameter(`When using ${operation.verb} with more than one source file, ${rule}`);
  }
  const intoFolder =
    writtenAsFolder || destination.is === 'folder' || items.some((item) => item.kind !== 'file');
  if (intoFolder && destination.is === 'file') {
    throw invalidParameter(`cannot copy to non-directory: ${destination.path}`);
  }
  const folders = intoFolder
    ? destination.missing
    : destination.missing.filter((path) => path !== destination.path);
  const change = modifier(operation, owner);
  return [
    ...folders.map((path): Placement => ({ kind: 'folder', path, owner: owner ?? { uid: 0, gid: 0 } })),
    ...items.flatMap((item) => place(item, destination.path, intoFolder, change)),
  ];
}

type Change = (entry: SourceEntry) => SourceEntry;

function place(item: Item, destination: string, intoFolder: boolean, change: Change): Placement[] {
  switch (item.kind) {
    case 'archive':
      return [{ kind: 'archive', path: destination, archive: item }];
    case 'file': {
      const path = intoFolder ? posix.join(destination, item.name) : destination;
      return [{ kind: 'entry', path, entry: change(item.entry) }];
    }
    case 'folder':
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
