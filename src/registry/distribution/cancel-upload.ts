import { type Handler, repositoryOf } from '../exchange.ts';
import type { UploadStorage } from '../storage/storage.ts';

/** DELETE /v2/<name>/blobs/uploads/<id> (end-14). */
export function cancelUpload(uploads: Pick<UploadStorage, 'cancel'>): Handler {
  return async (exchange) => {
    await uploads.cancel(repositoryOf(exchange), exchange.params.id ?? '');
    exchange.response.empty(204);
  };
}
