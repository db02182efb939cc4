import type { Digest } from '../../core/digest.ts';
import { pathOf, type RepositoryContext, scopesFor, subjectOf } from './repository-context.ts';
import { responseFailure, type Subject } from './response-failure.ts';
import { withRetries } from './retry.ts';

/** HEAD of a blob. @throws BargeError unauthorized, forbidden, unavailable, cancelled. */
export function hasBlob(
  context: RepositoryContext,
  digest: Digest,
  action: Subject['action'],
): Promise<boolean> {
  return withRetries(context.options, async () => {
    const response = await context.session.send({
      method: 'HEAD',
      url: pathOf(context, `blobs/${digest}`),
      scopes: scopesFor(context, action),
    });
    response.body.resume();
    if (response.status === 200) return true;
    if (response.status === 404) return false;
    throw await responseFailure(response, subjectOf(context, action));
  });
}
