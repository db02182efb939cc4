import type { IncomingMessage } from 'node:http';
import type { Action } from '../accounts/roles.ts';
import { clientAddress } from '../client-address.ts';
import type { Authenticator } from './authenticator.ts';

/** How a visitor has proved who they are. Tokens may do less than the password that they stand for. */
export type Credential = 'none' | 'password' | 'personal token' | 'bearer token';

/** The sender of a request, and what they may do with the credential that they sent. */
export interface Visitor {
  /** undefined: they did not say who they are. */
  readonly user: string | undefined;
  readonly credential: Credential;
  /** They look after the registry itself, and their credential lets them. */
  readonly admin: boolean;
  /** Whether they may ask for the list of repositories. */
  readonly lists: boolean;
  can(repository: string, action: Action): Promise<boolean>;
  /** Whether a list of repositories may name this one. */
  sees(repository: string): Promise<boolean>;
}

/**
 * What a route needs of its visitor before its handler runs: `self` leaves the decision to the handler, `known` needs a
 * user, `catalog` one who may list repositories, an action a role in the repository of the path.
 */
export type RouteNeed = 'self' | 'known' | 'catalog' | Action;

/** What a request needs, with the repository in its path. */
export type Need = 'known' | 'catalog' | RepositoryNeed;

export interface RepositoryNeed {
  readonly repository: string;
  readonly action: Action;
}

/** Who may do what. */
export interface AccessControl {
  /** @returns undefined when credentials were sent and are wrong. */
  visitor(request: IncomingMessage): Promise<Visitor | undefined>;
  /** Value of the `WWW-Authenticate` header that tells how to get what is needed. */
  challenge(request: IncomingMessage, need: Need): string;
  /** Called before something is pushed into a repository for a visitor who may. */
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

/** Every user that `authenticator` knows may do everything. */
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
