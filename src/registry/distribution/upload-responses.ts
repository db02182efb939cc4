import type { Digest } from '../../core/digest.ts';
import { type Exchange, repositoryOf } from '../exchange.ts';
import { registryError } from '../registry-error.ts';
import type { Chunk, ChunkLimit } from '../storage/storage.ts';
import { parseContentRange } from './byte-range.ts';

/** Status 202 or 204 with the location and progress of the upload. */
export function sendProgress(exchange: Exchange, status: 202 | 204, id: string, offset: number): void {
  exchange.response.empty(status, progressHeaders(exchange, id, offset));
}

/** The chunk does not start where the upload ends (distribution spec, "Pushing a blob in chunks"). */
export function sendOutOfOrder(exchange: Exchange, id: string, offset: number): void {
  const { items } = registryError('RANGE_INVALID', 'chunk out of order', { offset });
  exchange.response.json(416, { errors: items }, progressHeaders(exchange, id, offset));
}

/** Status 201 for a blob that the repository of `exchange` now owns. */
export function sendBlobCreated(exchange: Exchange, digest: Digest): void {
  exchange.response.empty(201, {
    Location: `/v2/${repositoryOf(exchange)}/blobs/${digest}`,
    'Docker-Content-Digest': digest,
  });
}

/** An empty upload is reported as `0-0`, as in every registry, because the header cannot express an empty range. */
function progressHeaders(exchange: Exchange, id: string, offset: number) {
  return {
    Location: `/v2/${repositoryOf(exchange)}/blobs/uploads/${id}`,
    Range: `0-${Math.max(0, offset - 1)}`,
    'Docker-Upload-UUID': id,
  };
}

/** The length of the request's body according to its headers; 0 when they do not specify it. */
export const announcedBytes = ({ request }: Exchange): number =>
  Number(request.headers['content-length'] ?? 0) || 0;

/** The request's body with its headers' claims about it. @throws RegistryError RANGE_INVALID, SIZE_INVALID. */
export function chunkOf({ request }: Exchange, limit: ChunkLimit | undefined): Chunk {
  const contentRange = request.headers['content-range'];
  if (contentRange === undefined) return { bytes: request, limit };
  const { start, end } = parseContentRange(contentRange);
  const length = end - start + 1;
  const declared = request.headers['content-length'];
  if (declared !== undefined && Number(declared) !== length) {
    throw registryError('SIZE_INVALID', 'Content-Length and Content-Range do not agree', {
      length: declared,
      range: contentRange,
    });
  }
  return { bytes: request, start, length, limit };
}
