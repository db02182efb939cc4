import { createHash } from 'node:crypto';
import { type Descriptor, MAX_MANIFEST_SIZE, MEDIA_TYPE } from '../../api/oci-image.ts';
import { parseJson } from '../../core/bounded-json.ts';
import { algorithmOf, type Digest, isDigest } from '../../core/digest.ts';
import { dataLoss } from '../../core/errors.ts';
import type { HttpResponse } from './http-transport.ts';
import { readBody } from './read-body.ts';
import { pathOf, type RepositoryContext, scopesFor, subjectOf } from './repository-context.ts';
import { responseFailure } from './response-failure.ts';
import { withRetries } from './retry.ts';

const ACCEPT = [
  MEDIA_TYPE.ociIndex,
  MEDIA_TYPE.dockerManifestList,
  MEDIA_TYPE.ociManifest,
  MEDIA_TYPE.dockerManifest,
].join(', ');

/** A manifest's exact bytes, with their media type and digest. */
export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/**
 * GET of a manifest; its digest is verified.
 * @throws BargeError not-found, unauthorized, unavailable, data-loss, cancelled.
 */
export function fetchManifest(context: RepositoryContext, tagOrDigest: string): Promise<FetchedManifest> {
  return withRetries(context.options, async () => {
    const response = await request(context, 'GET', tagOrDigest);
    if (response.status !== 200)
      throw await responseFailure(response, subjectOf(context, 'pull', tagOrDigest));
    const bytes = await readBody(response, MAX_MANIFEST_SIZE);
    const digest = verifiedDigest(bytes, expectedDigest(response, tagOrDigest));
    const mediaType = contentType(response) ?? mediaTypeIn(bytes);
    return { descriptor: { mediaType, digest, size: bytes.byteLength }, bytes };
  });
}

/** HEAD of a manifest, or GET where the response to HEAD is insufficient. Throws like `fetchManifest`. */
export async function resolveManifest(context: RepositoryContext, tagOrDigest: string): Promise<Descriptor> {
  const response = await withRetries(context.options, () => request(context, 'HEAD', tagOrDigest));
  response.body.resume();
  const digest = expectedDigest(response, tagOrDigest);
  const mediaType = contentType(response);
  const size = Number(response.headers['content-length'] ?? Number.NaN);
  if (response.status === 200 && digest && mediaType && Number.isSafeInteger(size)) {
    return { mediaType, digest, size };
  }
  return (await fetchManifest(context, tagOrDigest)).descriptor;
}

function request(context: RepositoryContext, method: 'GET' | 'HEAD', tagOrDigest: string) {
  return context.session.send({
    method,
    url: pathOf(context, `manifests/${tagOrDigest}`),
    headers: { Accept: ACCEPT },
    scopes: scopesFor(context, 'pull'),
  });
}

/** The requested digest takes precedence over the registry's header. */
function expectedDigest(response: HttpResponse, tagOrDigest: string): Digest | undefined {
  if (isDigest(tagOrDigest)) return tagOrDigest;
  const header = response.headers['docker-content-digest'];
  return typeof header === 'string' && isDigest(header) ? header : undefined;
}

function verifiedDigest(bytes: Uint8Array, expected: Digest | undefined): Digest {
  const algorithm = expected ? algorithmOf(expected) : 'sha256';
  const actual = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;
  if (expected && actual !== expected) {
    throw dataLoss(`manifest verification failed for digest ${expected}: its bytes have ${actual}`);
  }
  return actual;
}

/** Undefined for generic types, which careless servers send. */
function contentType({ headers }: HttpResponse): string | undefined {
  const type = headers['content-type']?.split(';')[0]?.trim();
  return type?.startsWith('application/vnd.') ? type : undefined;
}

function mediaTypeIn(bytes: Uint8Array): string {
  try {
    const document = (parseJson(bytes) ?? {}) as Record<string, unknown>;
    if (typeof document.mediaType === 'string') return document.mediaType;
    return Array.isArray(document.manifests) ? MEDIA_TYPE.ociIndex : MEDIA_TYPE.ociManifest;
  } catch (cause) {
    throw dataLoss('the registry returned a manifest that is not JSON', { cause });
  }
}
