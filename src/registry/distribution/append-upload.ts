import { type Handler, repositoryOf } from '../exchange.ts';
import type { Rules } from '../rules.ts';
import type { UploadStorage } from '../storage/storage.ts';
import { announcedBytes, chunkOf, sendOutOfOrder, sendProgress } from './upload-responses.ts';

/** PATCH /v2/<name>/blobs/uploads/<id> (end-5): one chunk, or the whole blob as a stream. */
export function appendUpload(uploads: Pick<UploadStorage, 'append' | 'offset'>, rules: Rules): Handler {
  return async (exchange) => {
    const id = exchange.params.id ?? '';
    const repository = repositoryOf(exchange);
    const before = await uploads.offset(repository, id);
    const limit = await rules.assertRoom(repository, announcedBytes(exchange), before);
    const { accepted, offset } = await uploads.append(repository, id, chunkOf(exchange, limit));
    if (accepted) sendProgress(exchange, 202, id, offset);
    else sendOutOfOrder(exchange, id, offset);
  };
}
