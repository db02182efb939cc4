import { type Handler, repositoryOf } from '../exchange.ts';
import type { UploadStorage } from '../storage/storage.ts';
import { sendProgress } from './upload-responses.ts';

/** GET /v2/<name>/blobs/uploads/<id> (end-13): the progress of the upload. */
export function uploadStatus(uploads: Pick<UploadStorage, 'offset'>): Handler {
  return async (exchange) => {
    const id = exchange.params.id ?? '';
    sendProgress(exchange, 204, id, await uploads.offset(repositoryOf(exchange), id));
  };
}
