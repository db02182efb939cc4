import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join, posix } from 'node:path';
import { errnoOf, invalidParameter } from '../../core/errors.ts';

export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  /** From /etc/passwd; undefined when the user has no entry. */
  readonly home?: string;
}

/** Reads a small file of a root file system; undefined when it is not there. */
export type RootfsReader = (path: string) => string | undefined;

const MAX_LINKS = 40;
const MAX_FILE = 8 << 20;

/**
 * Reads files of an overlay without mounting it: the highest folder that has a name decides, a whiteout (a
 * character device) hides what lies below. Symlinks lead nowhere outside the folders.
 * @param folders highest first.
 */
export function overlayReader(folders: readonly string[]): RootfsReader {
  return (path) => {
    const found = locate(folders, path);
    return found && readFileSync(found, 'utf8');
  };
}

/** The same for a container: what it has written, over its image's layers. @param lower names, lowest first. */
export function containerReader(
  upper: string,
  { lower, layersFolder }: { readonly lower: readonly string[]; readonly layersFolder: string },
): RootfsReader {
  return overlayReader([upper, ...[...lower].reverse().map((name) => join(layersFolder, name))]);
}

function locate(folders: readonly string[], path: string): string | undefined {
  let pending = path.split('/').filter(Boolean);
  let at = '/';
  for (let links = 0; pending.length > 0; ) {
    const [part = '', ...rest] = pending;
    pending = rest;
    if (part === '.') continue;
    at = posix.join(at, part);
    if (part === '..') continue;
    const real = topmost(folders, at);
    if (!real) return undefined;
    const stats = lstatSync(real);
    if (stats.isSymbolicLink()) {
      if (++links > MAX_LINKS) return undefined;
      const target = readlinkSync(real);
      pending = [...target.split('/').filter(Boolean), ...pending];
      at = target.startsWith('/') ? '/' : posix.dirname(at);
    } else if (pending.length === 0) {
      return stats.isFile() && stats.size <= MAX_FILE ? real : undefined;
    }
  }
  return undefined;
}

function topmost(folders: readonly string[], path: string): string | undefined {
  for (const folder of folders) {
    const candidate = join(folder, path);
    try {
      return lstatSync(candidate).isCharacterDevice() ? undefined : candidate;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
    }
  }
  return undefined;
}

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

const rows = (text: string | undefined) => (text ?? '').split('\n').map((line) => line.split(':'));

function accounts(read: RootfsReader): Account[] {
  return rows(read('/etc/passwd'))
    .filter((fields) => fields.length >= 4)
    .map(([name = '', , uid, gid, , home = '/']) => ({ name, uid: Number(uid), gid: Number(gid), home }));
}

function groups(read: RootfsReader): Group[] {
  return rows(read('/etc/group'))
    .filter((fields) => fields.length >= 3)
    .map(([name = '', , gid, members = '']) => ({
      name,
      gid: Number(gid),
      members: members.split(',').filter(Boolean),
    }));
}

const MAX_ID = 2 ** 31 - 1;

function numeric(text: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (id > MAX_ID) throw invalidParameter(`uids and gids must be in range 0-${MAX_ID}`);
  return id;
}

function gidOf(text: string, all: readonly Group[]): number {
  const gid = all.find((group) => group.name === text)?.gid ?? numeric(text);
  if (gid === undefined) {
    throw invalidParameter(`unable to find group ${text}: no matching entries in group file`);
  }
  return gid;
}

/**
 * Who a container's process runs as, from `--user` (`name`, `uid`, with `:group`) and the image's account
 * files. @throws BargeError invalid-parameter for names that the image does not know.
 */
export function resolveUser(wish: string, groupAdd: readonly string[], read: RootfsReader): ProcessUser {
  const [userPart = '', groupPart] = wish.split(':', 2);
  const who = userPart || '0';
  const account = accounts(read).find(({ name, uid }) => name === who || `${uid}` === who);
  const uid = account?.uid ?? numeric(who);
  if (uid === undefined) {
    throw invalidParameter(`unable to find user ${who}: no matching entries in passwd file`);
  }
  const all = groups(read);
  const gid = groupPart ? gidOf(groupPart, all) : (account?.gid ?? 0);
  const memberships =
    groupPart || !account
      ? []
      : all.filter((group) => group.members.includes(account.name)).map((g) => g.gid);
  const extra = groupAdd.map((name) => gidOf(name, all));
  return {
    uid,
    gid,
    /* The first group is among them, so that giving up groups does not widen what may be done (CVE-2022-36109). */
    additionalGids: [...new Set([gid, ...memberships, ...extra])],
    ...(account ? { home: account.home } : {}),
  };
}
