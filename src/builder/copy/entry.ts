import type { Stats } from 'node:fs';
import { readlinkSync } from 'node:fs';

type EntryType = 'file' | 'directory' | 'symlink' | 'fifo' | 'character-device' | 'block-device';

/** A file to copy, as read from its source. */
export interface SourceEntry {
  /** Relative to the source's root; used in messages and cache explanations. */
  readonly path: string;
  readonly type: EntryType;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Date;
  /** Bytes of content; 0 for entries without content. */
  readonly size: number;
  readonly content: EntryContent;
  /** Extended attributes, as records of a pax header. */
  readonly attributes?: Uint8Array;
}

type EntryContent =
  | {
      readonly kind: 'file';
      readonly file: string;
      /** Identical for the same unchanged file. */
      readonly identity: string;
      /** Shared by all names of one file; absent when it has only one name. */
      readonly inode?: string;
    }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'device'; readonly major: number; readonly minor: number }
  | { readonly kind: 'none' };

/** Undefined for sockets, which cannot be copied. */
export function sourceEntry(
  path: string,
  file: string,
  stats: Stats,
  asRoot: boolean,
): SourceEntry | undefined {
  const type = entryType(stats);
  if (!type) return undefined;
  return {
    path,
    type,
    mode: stats.mode & 0o7777,
    uid: asRoot ? 0 : stats.uid,
    gid: asRoot ? 0 : stats.gid,
    mtime: stats.mtime,
    size: type === 'file' ? stats.size : 0,
    content: entryContent(type, file, stats),
  };
}

function entryType(stats: Stats): EntryType | undefined {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isFIFO()) return 'fifo';
  if (stats.isCharacterDevice()) return 'character-device';
  return stats.isBlockDevice() ? 'block-device' : undefined;
}

function entryContent(type: EntryType, file: string, stats: Stats): EntryContent {
  switch (type) {
    case 'file': {
      const inode = `${stats.dev}:${stats.ino}`;
      const identity = `${inode}:${stats.size}:${stats.mtimeMs}:${stats.ctimeMs}`;
      return { kind: 'file', file, identity, ...(stats.nlink > 1 ? { inode } : {}) };
    }
    case 'symlink':
      return { kind: 'link', target: readlinkSync(file) };
    case 'character-device':
    case 'block-device':
      return { kind: 'device', ...deviceNumbers(stats.rdev) };
    default:
      return { kind: 'none' };
  }
}

/** Linux's dev_t: 12 bits of the major number in the middle, the minor number around them. */
function deviceNumbers(rdev: number): { major: number; minor: number } {
  const value = BigInt(rdev);
  const major = Number(((value >> 8n) & 0xfffn) | ((value >> 32n) & 0xfffff000n));
  const minor = Number((value & 0xffn) | ((value >> 12n) & 0xffffff00n));
  return { major, minor };
}
