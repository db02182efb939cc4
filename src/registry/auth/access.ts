import type { IncomingMessage } from 'node:http';
import type { Action } from '../accounts/roles.ts';
import { clientAddress } from '../client-address.ts';
import type { Authenticator } from './authenticator.ts';

/** How a visitor was authenticated. Tokens may have fewer rights than the password that they replace. */
type Credential = 'none' | 'password' | 'personal token' | 'bearer token';

/** The sender of a request, and the rights of the credential that they sent. */
export interface Visitor {
  /** undefined: anonymous. */
  readonly user: string | undefined;
  readonly credential: Credential;
  /** Whether they are an administrator whose credential permits administration. */
  readonly admin: boolean;
  /** Whether they may list repositories. */
  readonly lists: boolean;
  can(repository: string, action: Action): Promise<boolean>;
  /** Whether a list of repositories may include this one. */
  sees(repository: string): Promise<boolean>;
}

/**
 * What a route requires of its visitor before its handler runs: `self` leaves the decision to the handler, `known` requires a
 * user, `catalog` a visitor who may list repositories, an action a role in the repository of the path.
 */
export type RouteNeed = 'self' | 'known' | 'catalog' | Action;

/** The requirement of a request, with the repository in its path. */
export type Need = 'known' | 'catalog' | RepositoryNeed;

interface RepositoryNeed {
  readonly repository: string;
  readonly action: Action;
}

/** Authentication and authorization of requests. */
export interface AccessControl {
  /** @returns undefined when wrong credentials were sent. */
  visitor(request: IncomingMessage): Promise<Visitor | undefined>;
  /** Value of the `WWW-Authenticate` header for what is required. */
  challenge(request: IncomingMessage, need: Need): string;
  /** Called before an authorized push to a repository. */
  beforePush?(repository: string): Promise<void>;
}

const yes = async () => true;
const no = async () => false;

export const EVERYBODY: Visitor = {
  user: undefined,
  credential: 'none',
  admin: true,
  lists: true,
  can: yes,
  sees: yes,
};
export const NOBODY: Visitor = {
  user: undefined,
  credential: 'none',
  admin: false,
  lists: false,
  can: no,
  sees: no,
};

/** Every user of `authenticator` has all rights. */
export function usersOnly(authenticator: Authenticator): AccessControl {
  return {
    challenge: () => authenticator.challenge,
    visitor: async (request) => {
      const { authorization } = request.headers;
      if (authorization === undefined) return NOBODY;
      const user = await authenticator.authenticate(authorization, clientAddress(request));
      return user === undefined ? undefined : { ...EVERYBODY, user, credential: 'password' };
    },
  };
}

/** @param name the repository in the path. */
export function needOf(route: Exclude<RouteNeed, 'self'>, name: string | undefined): Need {
  return route === 'known' || route === 'catalog' ? route : { repository: name ?? '', action: route };
}

export async function mayEnter(visitor: Visitor, need: Need): Promise<boolean> {
  if (need === 'known') return visitor.user !== undefined;
  if (need === 'catalog') return visitor.lists;
  return await visitor.can(need.repository, need.action);
}
