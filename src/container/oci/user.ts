import { conflict, invalidParameter, systemError } from '../../core/errors.ts';

export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  /** From /etc/passwd; undefined when the user has no entry. */
  readonly home?: string;
}

/** Who a process is to run as, as it was asked for: digits are ids, everything else is a name of the root file system. */
export interface UserRequest {
  /** `user`, `user:group` or nothing, which is root. */
  readonly user: string;
  readonly groupAdd: readonly string[];
}

/** Bytes; the helpers read no more (native/common/user.h). */
const MAX_QUESTION = 8 << 10;
const MAX_ID = 2 ** 31 - 1;

const partsOf = ({ user, groupAdd }: UserRequest) => {
  const [name = '', group = ''] = user.split(':', 2);
  return { name: name || '0', groups: [group, ...groupAdd.filter(Boolean)] };
};

/**
 * The request as the helpers take it, who look names up inside the root file system (native/common/user.h).
 * @throws BargeError invalid-parameter for what no entry can be called.
 */
export function userQuestion(request: UserRequest): string {
  const { name, groups } = partsOf(request);
  if (/[\0\n]/.test(name)) throw unknownUser(name);
  const strange = groups.find((group) => /[\0\n]/.test(group));
  if (strange !== undefined) throw unknownGroup(strange);
  const question = [name, ...groups].join('\n');
  if (Buffer.byteLength(question) > MAX_QUESTION) throw tooManyGroups(name);
  return question;
}

const unknownUser = (name: string) =>
  invalidParameter(`unable to find user ${name}: no matching entries in passwd file`);
const unknownGroup = (name: string) =>
  invalidParameter(`unable to find group ${name}: no matching entries in group file`);
const tooManyGroups = (name: string) =>
  invalidParameter(`user ${name} would have more groups than Barge gives a process (1024)`);

/** The helper's word for a name that nobody has; undefined for any other answer. */
export function unknownName(response: string): 'unknown-user' | 'unknown-group' | undefined {
  const [kind] = response.trim().split(' ');
  return kind === 'unknown-user' || kind === 'unknown-group' ? kind : undefined;
}

/**
 * What a helper answered to the question of this request.
 * @throws BargeError invalid-parameter for names that the root file system does not know; conflict when its account files
 *   are too large to look for a name in.
 */
export function readUserResponse(response: string, request: UserRequest): ProcessUser {
  const { name, groups } = partsOf(request);
  const [kind, first = '', gid, gids = '', ...home] = response.replace(/\n$/, '').split(' ');
  switch (kind) {
    case 'found':
      return {
        uid: Number(first),
        gid: Number(gid),
        additionalGids: gids.split(',').map(Number),
        ...(home[0]?.startsWith('=') ? { home: home.join(' ').slice(1) } : {}),
      };
    case 'unknown-user':
      throw unknownUser(name);
    case 'unknown-group':
      throw unknownGroup(groups[Number(first)] ?? '');
    case 'out-of-range':
      throw invalidParameter(`uids and gids must be in range 0-${MAX_ID}`);
    case 'too-many-groups':
      throw tooManyGroups(name);
    case 'too-large':
      throw conflict(
        `unable to look for ${[name, ...groups].filter((word) => !/^\d*$/.test(word)).join(', ')}: ${first} of the container is larger than 8 MiB; name users and groups by their numbers`,
      );
    default:
      throw systemError(`looking up user ${name} failed: ${response.trim() || 'there was no response'}`);
  }
}
