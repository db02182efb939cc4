import { createHash } from 'node:crypto';
import type { Descriptor } from '../../api/oci-image.ts';
import { algorithmOf, type Digest, isDigest } from '../../core/digest.ts';
import { invalidParameter } from '../../core/errors.ts';
import { pathOf, type RepositoryContext, scopesFor, subjectOf } from './repository-context.ts';
import { responseFailure } from './response-failure.ts';
import { withRetries } from './retry.ts';

/**
 * PUT of a manifest whose blobs and children are already in the repository.
 * @returns the descriptor of the pushed manifest.
 * @throws BargeError invalid-parameter, with the registry's words or for a digest that is not the bytes' own;
 *   unauthorized, forbidden, unavailable, cancelled.
 */
export function putManifest(
  context: RepositoryContext,
  tagOrDigest: string,
  mediaType: string,
  bytes: Uint8Array,
): Promise<Descriptor> {
  const algorithm = isDigest(tagOrDigest) ? algorithmOf(tagOrDigest) : 'sha256';
  const digest = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;
  if (isDigest(tagOrDigest) && tagOrDigest !== digest) {
    throw invalidParameter(`the manifest to push as ${tagOrDigest} has digest ${digest}`);
  }
  return withRetries(context.options, async () => {
    const response = await context.session.send({
      method: 'PUT',
      url: pathOf(context, `manifests/${tagOrDigest}`),
      headers: { 'Content-Type': mediaType, 'Content-Length': String(bytes.byteLength) },
      body: bytes,
      scopes: scopesFor(context, 'push'),
    });
    if (response.status < 200 || response.status > 299) {
      throw await responseFailure(response, subjectOf(context, 'push'));
    }
    response.body.resume();
    return { mediaType, digest, size: bytes.byteLength };
  });
}
