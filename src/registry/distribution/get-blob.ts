import { digestParam, type Handler, repositoryOf } from '../exchange.ts';
import { registryError } from '../registry-error.ts';
import type { BlobStorage } from '../storage/storage.ts';
import { sendContent } from './send-content.ts';

/** GET and HEAD /v2/<name>/blobs/<digest> (end-2); object storage may redirect clients to itself. */
export function getBlob(blobs: Pick<BlobStorage, 'size' | 'read' | 'pour' | 'urlFor'>): Handler {
  return async (exchange) => {
    const digest = digestParam(exchange);
    const size = await blobs.size(repositoryOf(exchange), digest);
    if (size === undefined) throw registryError('BLOB_UNKNOWN', 'blob unknown to registry', { digest });
    const url = exchange.request.method === 'GET' ? await blobs.urlFor(digest) : undefined;
    if (url !== undefined) {
      exchange.response.empty(307, {
        Location: url,
        'Docker-Content-Digest': digest,
        'Cache-Control': 'no-store',
      });
      return;
    }
    await sendContent(exchange, {
      digest,
      size,
      mediaType: 'application/octet-stream',
      cacheControl: 'private, max-age=31536000, immutable',
      read: (range) => blobs.read(digest, range),
      pour: (range, write) => blobs.pour(digest, range, write),
    });
  };
}
