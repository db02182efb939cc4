import { invalidParameter } from '../../core/errors.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Looks up a user and a group of a root file system. An empty group is the user's own.
 * @returns their ids, or which of the two is unknown.
 */
export type FindOwner = (user: string, group: string) => Promise<Owner | 'unknown-user' | 'unknown-group'>;

export const ROOT_OWNER: Owner = { uid: 0, gid: 0 };
const MAX_ID = 2 ** 32 - 2;

/** Whether `user[:group]` can be resolved without a root file system. */
export const isNumericOwner = (text: string) => /^\d+(:\d+)?$/.test(text);

/**
 * Resolves `user[:group]` to ids: digits are ids, names are looked up. A user without a group gets the group of its
 * passwd entry, or the group with the same number as a numeric user. @throws BargeError invalid-parameter for an
 * unknown name.
 */
export async function readOwner(text: string, find: FindOwner): Promise<Owner> {
  const [user = '', group] = text.split(':');
  const uid = idOf(user);
  const gid = group === undefined ? uid : idOf(group);
  if (uid !== undefined && gid !== undefined) return { uid, gid };
  const found = await find(
    uid === undefined ? user : '0',
    group === undefined ? '' : gid === undefined ? group : '0',
  );
  if (found === 'unknown-user') throw unknown('uid', 'user', user);
  if (found === 'unknown-group') throw unknown('gid', 'group', group ?? '');
  return { uid: uid ?? found.uid, gid: gid ?? found.gid };
}

/** Undefined for a name. */
function idOf(text: string): number | undefined {
  if (text === '') return 0;
  if (!/^\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (id > MAX_ID) throw invalidParameter(`invalid user or group id "${text}"`);
  return id;
}

function unknown(id: string, what: string, name: string) {
  const reason = `can't find ${id} for ${what} ${name}: no such ${what}: ${name}`;
  return invalidParameter(`unable to convert uid/gid chown string to host mapping: ${reason}`);
}
