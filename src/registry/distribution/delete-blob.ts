import { digestParam, type Handler, repositoryOf } from '../exchange.ts';
import { registryError } from '../registry-error.ts';
import type { BlobStorage } from '../storage/storage.ts';

/** DELETE /v2/<name>/blobs/<digest> (end-10): ends the repository's ownership of the blob. */
export function deleteBlob(blobs: Pick<BlobStorage, 'remove'>): Handler {
  return async (exchange) => {
    const digest = digestParam(exchange);
    if (!(await blobs.remove(repositoryOf(exchange), digest))) {
      throw registryError('BLOB_UNKNOWN', 'blob unknown to registry', { digest });
    }
    exchange.response.empty(202);
  };
}
