import type { IncomingMessage } from 'node:http';
import type { Action } from '../accounts/roles.ts';
import type { Authenticator } from './authenticator.ts';

/** Whoever sent a request, and what they may do. */
export interface Visitor {
  /** undefined: they did not say who they are. */
  readonly user: string | undefined;
  /** They look after the registry itself. */
  readonly admin: boolean;
  can(repository: string, action: Action): Promise<boolean>;
  /** Whether a list of repositories may name this one. */
  sees(repository: string): Promise<boolean>;
}

/** What a request is about; undefined for one that needs no more than to be known. */
export interface Need {
  readonly repository: string;
  readonly action: Action;
}

/** Who may do what. */
export interface AccessControl {
  /** @returns undefined when credentials were sent and are wrong. */
  visitor(request: IncomingMessage): Promise<Visitor | undefined>;
  /** Value of the `WWW-Authenticate` header that tells how to get what is needed. */
  challenge(request: IncomingMessage, need: Need | undefined): string;
}

const yes = async () => true;
const no = async () => false;

export const EVERYBODY: Visitor = { user: undefined, admin: true, can: yes, sees: yes };
export const NOBODY: Visitor = { user: undefined, admin: false, can: no, sees: no };

/** Whoever can name themselves may do everything. */
export function usersOnly(authenticator: Authenticator): AccessControl {
  return {
    challenge: () => authenticator.challenge,
    visitor: async ({ headers: { authorization } }) => {
      if (authorization === undefined) return NOBODY;
      const user = await authenticator.authenticate(authorization);
      return user === undefined ? undefined : { ...EVERYBODY, user };
    },
  };
}

const ACTIONS: Readonly<Record<string, Action>> = {
  GET: 'pull',
  HEAD: 'pull',
  POST: 'push',
  PUT: 'push',
  PATCH: 'push',
  DELETE: 'delete',
};

/** What a request of the distribution API needs. Giving up an upload of one's own is part of pushing. */
export function needOf(method: string, path: string, repository: string | undefined): Need | undefined {
  if (repository === undefined) return undefined;
  const isUpload = path.includes('/blobs/uploads');
  return { repository, action: isUpload ? 'push' : (ACTIONS[method] ?? 'push') };
}
