import { digestParam, type Handler, repositoryOf } from '../http/exchange.ts';
import { sendContent } from '../http/send-content.ts';
import { registryError } from '../registry-error.ts';
import type { BlobStorage } from '../storage/storage.ts';

/** GET and HEAD /v2/<name>/blobs/<digest> (end-2). */
export function getBlob(blobs: Pick<BlobStorage, 'size' | 'read'>): Handler {
  return async (exchange) => {
    const digest = digestParam(exchange);
    const size = await blobs.size(repositoryOf(exchange), digest);
    if (size === undefined) throw registryError('BLOB_UNKNOWN', 'blob unknown to registry', { digest });
    await sendContent(exchange, {
      digest,
      size,
      mediaType: 'application/octet-stream',
      cacheControl: 'private, max-age=31536000, immutable',
      read: (range) => blobs.read(digest, range),
    });
  };
}
