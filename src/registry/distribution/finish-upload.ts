import { type Handler, parseDigestText, repositoryOf } from '../exchange.ts';
import type { Rules } from '../rules.ts';
import type { UploadStorage } from '../storage/storage.ts';
import { announcedBytes, chunkOf, sendBlobCreated, sendOutOfOrder } from './upload-responses.ts';

/** PUT /v2/<name>/blobs/uploads/<id>?digest= (end-6): the last chunk, the whole blob, or no more bytes. */
export function finishUpload(uploads: Pick<UploadStorage, 'finish' | 'offset'>, rules: Rules): Handler {
  return async (exchange) => {
    const id = exchange.params.id ?? '';
    const digest = parseDigestText(exchange.query.get('digest') ?? '');
    const repository = repositoryOf(exchange);
    const before = await uploads.offset(repository, id);
    const limit = await rules.assertRoom(repository, announcedBytes(exchange), before);
    const { accepted, offset } = await uploads.finish(repository, id, digest, chunkOf(exchange, limit));
    if (accepted) sendBlobCreated(exchange, digest);
    else sendOutOfOrder(exchange, id, offset);
  };
}
