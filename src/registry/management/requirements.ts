import { isRepositoryPath } from '../../core/reference.ts';
import { registryError } from '../registry-error.ts';
import type { Caller } from './call.ts';

/**
 * What a route of the management API asks of whoever calls it. `by password`: no token will do, whatever its role, since
 * a token must not be able to give itself more, or to outlive its removal.
 */
export type Requirement =
  | 'nothing'
  | 'a user'
  | 'a user, by password'
  | 'an administrator'
  | 'an administrator, by password'
  | 'who leads the organisation, by password'
  | 'who may know the quota'
  | 'who administers the repository'
  | 'who administers the repository, by password';

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
  'who leads the organisation, by password': byPassword(either(isAdmin, leads('organisation'))),
  'who may know the quota': either(
    isAdmin,
    ({ user, param }) => user === param('owner'),
    byPassword(leads('owner')),
  ),
  'who administers the repository': administersRepository,
  'who administers the repository, by password': byPassword(administersRepository),
};

/** @throws RegistryError DENIED. */
export async function assertMay(caller: Caller, requirement: Requirement): Promise<void> {
  if (await CHECKS[requirement](caller)) return;
  throw registryError('DENIED', `this takes ${requirement}`);
}
