import { type Handler, parseDigestText, repositoryOf } from '../http/exchange.ts';
import type { UploadStorage } from '../storage/storage.ts';
import { chunkOf, sendBlobCreated, sendOutOfOrder } from './upload-answers.ts';

/** PUT /v2/<name>/blobs/uploads/<id>?digest= (end-6): the last chunk, the whole blob, or no more bytes. */
export function finishUpload(uploads: Pick<UploadStorage, 'finish'>): Handler {
  return async (exchange) => {
    const id = exchange.params.id ?? '';
    const digest = parseDigestText(exchange.query.get('digest') ?? '');
    const { accepted, offset } = await uploads.finish(repositoryOf(exchange), id, digest, chunkOf(exchange));
    if (accepted) sendBlobCreated(exchange, digest);
    else sendOutOfOrder(exchange, id, offset);
  };
}
