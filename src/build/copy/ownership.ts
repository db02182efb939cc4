import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { invalidParameter } from '../../core/errors.ts';
import { resolveInRoot } from './rooted.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export const ROOT_OWNER: Owner = { uid: 0, gid: 0 };
const MAX_ID = 2 ** 32 - 2;

/** Whether `user[:group]` can be told without looking into a root file system. */
export const isNumericOwner = (text: string) => /^\d+(:\d+)?$/.test(text);

/**
 * Numbers for `user[:group]`, names looked up in the root file system's /etc/passwd and /etc/group. A user
 * without a group gets the group of its passwd entry, or the group numbered like a numeric user.
 */
export async function readOwner(text: string, root: string | undefined): Promise<Owner> {
  const [user = '', group] = text.split(':');
  const uid = await lookUp(user, root, 'etc/passwd', 'user');
  const own = group === undefined ? await primaryGroup(user, uid, root) : undefined;
  const gid = own ?? (await lookUp(group ?? '', root, 'etc/group', 'group'));
  return { uid, gid };
}

async function lookUp(name: string, root: string | undefined, file: string, what: string): Promise<number> {
  if (name === '') return 0;
  if (/^\d+$/.test(name)) return checkedId(Number(name), name);
  const line = (await lines(root, file)).find((fields) => fields[0] === name);
  const id = Number(line?.[2]);
  if (line && Number.isInteger(id)) return checkedId(id, name);
  const reason = `can't find ${what === 'user' ? 'uid' : 'gid'} for ${what} ${name}: no such ${what}: ${name}`;
  throw invalidParameter(`unable to convert uid/gid chown string to host mapping: ${reason}`);
}

async function primaryGroup(user: string, uid: number, root: string | undefined): Promise<number> {
  if (user === '' || /^\d+$/.test(user)) return uid;
  const line = (await lines(root, 'etc/passwd')).find((fields) => fields[0] === user);
  const gid = Number(line?.[3]);
  return Number.isInteger(gid) ? checkedId(gid, user) : uid;
}

function checkedId(id: number, text: string): number {
  if (id > MAX_ID) throw invalidParameter(`invalid user or group id "${text}"`);
  return id;
}

async function lines(root: string | undefined, path: string): Promise<string[][]> {
  const found = root === undefined ? undefined : await resolveInRoot(root, path);
  if (!root || !found?.stats.isFile()) return [];
  const text = await readFile(join(root, found.path), 'utf8');
  return text.split('\n').map((line) => line.split(':'));
}
