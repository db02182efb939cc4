import { invalidParameter } from '../../core/errors.ts';

/** Each role includes the previous ones. */
const ROLES = ['none', 'pull', 'push', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Actions of requests on a repository. */
export type Action = 'pull' | 'push' | 'delete';

const NEEDED: Readonly<Record<Action, Role>> = { pull: 'pull', push: 'push', delete: 'admin' };

export const mayDo = (role: Role, action: Action): boolean =>
  ROLES.indexOf(role) >= ROLES.indexOf(NEEDED[action]);
export const higher = (a: Role, b: Role): Role => (ROLES.indexOf(a) >= ROLES.indexOf(b) ? a : b);
export const lower = (a: Role, b: Role): Role => (ROLES.indexOf(a) <= ROLES.indexOf(b) ? a : b);

/** @throws BargeError invalid-parameter. */
export function parseRole(text: unknown): Exclude<Role, 'none'> {
  if (text === 'pull' || text === 'push' || text === 'admin') return text;
  throw invalidParameter(`invalid role "${text}": want pull, push or admin`);
}
