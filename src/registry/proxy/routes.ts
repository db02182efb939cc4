import { listTags } from '../distribution/list-tags.ts';
import { manifestUnknown, referenceOf } from '../distribution/manifest-reference.ts';
import { sendContent } from '../distribution/send-content.ts';
import { digestParam, type Exchange, type Handler, repositoryOf } from '../exchange.ts';
import { registryError } from '../registry-error.ts';
import type { RegistryStorage } from '../storage/storage.ts';
import { isOutage, type PullThrough } from './pull-through.ts';

/** GET and HEAD /v2/<name>/manifests/<reference> of a cache. */
export function proxiedManifest(proxy: PullThrough, storage: Pick<RegistryStorage, 'manifests'>): Handler {
  return async (exchange) => {
    const repository = repositoryOf(exchange);
    const reference = referenceOf(exchange);
    const found = await proxy.manifest(repository, reference);
    if (!found) throw manifestUnknown(repository, reference);
    if (found.isStale) exchange.response.header('Warning', '111 - "Revalidation Failed"');
    await sendContent(exchange, {
      ...found.manifest,
      cacheControl: 'digest' in reference ? 'private, max-age=31536000, immutable' : 'no-cache',
      read: (range) => storage.manifests.read(found.manifest.digest, range),
    });
  };
}

/** GET and HEAD /v2/<name>/blobs/<digest> of a cache. */
export function proxiedBlob(proxy: PullThrough): Handler {
  return async (exchange) => {
    const repository = repositoryOf(exchange);
    const digest = digestParam(exchange);
    const content = {
      digest,
      mediaType: 'application/octet-stream',
      cacheControl: 'private, max-age=31536000, immutable',
    };
    const unknown = () => registryError('BLOB_UNKNOWN', 'blob unknown to registry', { digest });
    if (exchange.request.method === 'HEAD') {
      const size = await proxy.blobSize(repository, digest);
      if (size === undefined) throw unknown();
      const read = () => {
        throw unknown();
      };
      return await sendContent(exchange, { ...content, size, read });
    }
    const blob = await proxy.blob(repository, digest);
    if (!blob) throw unknown();
    await sendContent(exchange, { ...content, size: blob.size, read: (range) => blob.read(range) });
  };
}

/** GET /v2/<name>/tags/list of a cache: upstream's list; while upstream is unavailable, the stored tags. */
export function proxiedTags(proxy: PullThrough, storage: Pick<RegistryStorage, 'tags'>): Handler {
  return forwarded(proxy, 'tags/list', listTags(storage.tags));
}

/** GET /v2/<name>/referrers/<digest> of a cache: upstream's list; while upstream is unavailable, the stored ones. */
export function proxiedReferrers(proxy: PullThrough, local: Handler): Handler {
  return async (exchange) => {
    await forwarded(proxy, `referrers/${digestParam(exchange)}`, local)(exchange);
  };
}

function forwarded(proxy: PullThrough, rest: string, local: Handler): Handler {
  return async (exchange) => {
    const repository = repositoryOf(exchange);
    const query = exchange.query.toString();
    try {
      const found = await proxy.list(repository, `${rest}${query ? `?${query}` : ''}`);
      if (!found)
        throw registryError('NAME_UNKNOWN', 'repository name not known to registry', { name: repository });
      const { link, 'content-type': type = 'application/json' } = found.response.headers;
      const filters = found.response.headers['oci-filters-applied'];
      const body = exchange.response.body(200, {
        'Content-Type': type,
        'Content-Length': found.body.length,
        ...(link ? { Link: withoutHost(String(link)) } : {}),
        ...(filters ? { 'OCI-Filters-Applied': String(filters) } : {}),
      });
      body.end(found.body);
    } catch (error) {
      if (!isOutage(error)) throw error;
      await local(exchange);
    }
  };
}

/** Rewrites a link to the next page, so that it leads to the cache regardless of upstream's host. */
const withoutHost = (link: string): string => link.replace(/^<https?:\/\/[^/>]+/i, '<');

/** Requests that would change content. */
export function refused(proxy: PullThrough): Handler {
  return async (exchange: Exchange) => {
    exchange.response.header('Allow', 'GET, HEAD');
    const { items } = registryError('UNSUPPORTED', `this registry is a cache of ${proxy.origin}: push there`);
    exchange.response.json(405, { errors: items });
  };
}
