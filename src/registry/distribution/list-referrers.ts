import { type Descriptor, MEDIA_TYPE } from '../../api/oci-image.ts';
import { digestParam, type Exchange, type Handler, repositoryOf } from '../exchange.ts';
import type { ReferrerStorage } from '../storage/storage.ts';
import { nextLink } from './paging.ts';

/** Bytes of descriptors after which a page ends; clients take an index of up to 4 MiB. */
const PAGE_SIZE = 3 * 1024 * 1024;

/** GET /v2/<name>/referrers/<digest>?artifactType= (end-12a, end-12b); an unknown digest has none. */
export function listReferrers(referrers: ReferrerStorage): Handler {
  return async (exchange) => {
    const artifactType = exchange.query.get('artifactType') ?? '';
    const { manifests, next } = await collect(exchange, referrers, artifactType);
    const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests };
    exchange.response.json(200, index, {
      'Content-Type': MEDIA_TYPE.ociIndex,
      ...(artifactType ? { 'OCI-Filters-Applied': 'artifactType' } : {}),
      ...(next ? { Link: next } : {}),
    });
  };
}

async function collect(exchange: Exchange, referrers: ReferrerStorage, artifactType: string) {
  const repository = repositoryOf(exchange);
  const subject = digestParam(exchange);
  const manifests: Descriptor[] = [];
  let size = 0;
  for await (const descriptor of referrers.list(repository, subject, exchange.query.get('last') ?? '')) {
    if (artifactType && descriptor.artifactType !== artifactType) continue;
    const last = manifests.at(-1);
    size += Buffer.byteLength(JSON.stringify(descriptor));
    if (last && size > PAGE_SIZE) {
      const query = { ...(artifactType ? { artifactType } : {}), last: last.digest };
      return { manifests, next: nextLink(`/v2/${repository}/referrers/${subject}`, query) };
    }
    manifests.push(descriptor);
  }
  return { manifests, next: undefined };
}
