import { isRepositoryPath } from '../../core/reference.ts';
import { registryError } from '../registry-error.ts';
import type { Caller } from './call.ts';

/**
 * What a route of the management API requires of its caller. `by password`: no token is accepted, regardless of its role, because
 * a token must not be able to extend its own rights or to survive its revocation.
 */
export type Requirement =
  | 'nothing'
  | 'a user'
  | 'a user, by password'
  | 'an administrator'
  | 'an administrator, by password'
  | 'an administrator of the organisation, by password'
  | 'the owner or an administrator'
  | 'an administrator of the repository'
  | 'an administrator of the repository, by password';

type Check = (caller: Caller) => boolean | Promise<boolean>;

const isAdmin: Check = ({ visitor }) => visitor.admin;
const isUser: Check = ({ visitor }) => visitor.user !== undefined;

const leads =
  (parameter: string): Check =>
  async ({ accounts, user, param }) =>
    (await accounts.memberRole(param(parameter), user)) === 'admin';

const administersRepository: Check = async ({ visitor, param }) =>
  isRepositoryPath(param('repository')) && (await visitor.can(param('repository'), 'delete'));

const byPassword =
  (check: Check): Check =>
  (caller) =>
    caller.visitor.credential === 'password' && check(caller);

const either =
  (...checks: readonly Check[]): Check =>
  async (caller) => {
    for (const check of checks) if (await check(caller)) return true;
    return false;
  };

const CHECKS: Readonly<Record<Requirement, Check>> = {
  nothing: () => true,
  'a user': isUser,
  'a user, by password': byPassword(isUser),
  'an administrator': isAdmin,
  'an administrator, by password': byPassword(isAdmin),
  'an administrator of the organisation, by password': byPassword(either(isAdmin, leads('organisation'))),
  'the owner or an administrator': either(
    isAdmin,
    ({ user, param }) => user === param('owner'),
    byPassword(leads('owner')),
  ),
  'an administrator of the repository': administersRepository,
  'an administrator of the repository, by password': byPassword(administersRepository),
};

/** @throws RegistryError DENIED. */
export async function assertMay(caller: Caller, requirement: Requirement): Promise<void> {
  if (await CHECKS[requirement](caller)) return;
  throw registryError('DENIED', `this requires ${requirement}`);
}
