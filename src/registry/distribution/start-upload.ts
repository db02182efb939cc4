import { type Digest, isDigest } from '../../core/digest.ts';
import { isRepositoryPath } from '../../core/reference.ts';
import { type Exchange, type Handler, parseDigestText, repositoryOf } from '../exchange.ts';
import type { Rules } from '../rules.ts';
import type { Chunk, RegistryStorage, UploadStorage } from '../storage/storage.ts';
import { announcedBytes, sendBlobCreated, sendProgress } from './upload-responses.ts';

/**
 * POST /v2/<name>/blobs/uploads/ (end-4a, end-4b, end-11): starts an upload, receives a whole blob
 * (`?digest=`) or mounts one of another repository (`?mount=&from=`). A mount that is impossible becomes an
 * ordinary upload; one without `from` always does, because it would reveal the content of other repositories.
 */
export function startUpload(storage: Pick<RegistryStorage, 'blobs' | 'uploads'>, rules: Rules): Handler {
  return async (exchange) => {
    const repository = repositoryOf(exchange);
    const digest = exchange.query.get('digest');
    const limit = await rules.assertRoom(repository, announcedBytes(exchange));
    if (digest !== null) {
      const chunk = { bytes: exchange.request, limit };
      await receiveWhole(exchange, storage.uploads, { digest: parseDigestText(digest), chunk });
      return;
    }
    const mount = exchange.query.get('mount') ?? '';
    const from = exchange.query.get('from') ?? '';
    const mayMount = isDigest(mount) && isRepositoryPath(from) && (await exchange.visitor.can(from, 'pull'));
    const size = mayMount ? await storage.blobs.size(from, mount) : undefined;
    if (mayMount && size !== undefined) {
      const isThere = (await storage.blobs.size(repository, mount)) !== undefined;
      if (!isThere) await rules.assertRoomFor(repository, size);
      if (await storage.blobs.mount(repository, mount, from)) {
        sendBlobCreated(exchange, mount);
        return;
      }
    }
    sendProgress(exchange, 202, await storage.uploads.start(repository), 0);
  };
}

async function receiveWhole(
  exchange: Exchange,
  uploads: UploadStorage,
  { digest, chunk }: { readonly digest: Digest; readonly chunk: Chunk },
): Promise<void> {
  const repository = repositoryOf(exchange);
  const id = await uploads.start(repository);
  try {
    await uploads.finish(repository, id, digest, chunk);
  } catch (error) {
    // The client does not know this upload's id and could not resume it. A wrong digest has already removed it.
    await uploads.cancel(repository, id).catch(() => {});
    throw error;
  }
  sendBlobCreated(exchange, digest);
}
