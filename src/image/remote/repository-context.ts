import { familiarName, type Reference } from '../../core/reference.ts';
import type { RemoteOptions } from './remote-options.ts';
import type { Subject } from './response-failure.ts';
import type { RegistrySession } from './session.ts';

/** The common data of all requests about one repository. */
export interface RepositoryContext {
  readonly session: RegistrySession;
  readonly options: RemoteOptions;
  readonly reference: Pick<Reference, 'domain' | 'path'>;
}

/** Path below `/v2/`. */
export function pathOf({ reference }: RepositoryContext, rest: string): string {
  return `${reference.path}/${rest}`;
}

export function scopesFor({ reference }: RepositoryContext, action: Subject['action']): readonly string[] {
  return [`repository:${reference.path}:${action === 'pull' ? 'pull' : 'pull,push'}`];
}

export function subjectOf(
  context: RepositoryContext,
  action: Subject['action'],
  tagOrDigest?: string,
): Subject {
  const repository = familiarName(context.reference);
  const separator = tagOrDigest?.includes(':') ? '@' : ':';
  return {
    repository,
    action,
    ...(tagOrDigest === undefined ? {} : { image: `${repository}${separator}${tagOrDigest}` }),
  };
}
