import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { algorithmOf, type Digest, Digester } from '../../../core/digest.ts';
import { limiter } from '../../../core/limiter.ts';
import { registryError } from '../../registry-error.ts';
import { blobLink, contentKey, UPLOADS } from '../layout.ts';
import { contentLock, type Locks, uploadLock } from '../locks.ts';
import { RunningDigests } from '../running-digests.ts';
import type { Chunk, ChunkResult, UploadStorage } from '../storage.ts';
import { isUploadId, unknownUpload, wrongDigest } from '../unknown-upload.ts';
import type { S3Bucket } from './bucket.ts';
import { PartWriter } from './part-writer.ts';
import type { S3Objects } from './s3-objects.ts';
import { offsetOf, type UploadState } from './upload-state.ts';

/** Maximum parts in memory, across all uploads. */
const SENDING = 6;

interface Options {
  readonly bucket: S3Bucket;
  readonly objects: S3Objects;
  readonly locks: Locks;
  /** Directory for incomplete parts. */
  readonly spool?: string | undefined;
}

/**
 * Uploads as multipart uploads to the object `uploads/<id>/data`, with their state beside it, so that
 * any server can continue. A complete, verified upload is copied to its final name within the storage.
 */
export class S3Uploads implements UploadStorage {
  readonly #bucket: S3Bucket;
  readonly #objects: S3Objects;
  readonly #locks: Locks;
  readonly #spool: string;
  readonly #slots = limiter(SENDING);
  readonly #digests = new RunningDigests();

  constructor({ bucket, objects, locks, spool = tmpdir() }: Options) {
    this.#bucket = bucket;
    this.#objects = objects;
    this.#locks = locks;
    this.#spool = spool;
  }

  async start(repository: string): Promise<string> {
    const id = randomBytes(16).toString('hex');
    await this.#save(id, { repository, parts: [], tail: 0 });
    return id;
  }

  async offset(repository: string, id: string): Promise<number> {
    return offsetOf(await this.#state(repository, id));
  }

  async append(repository: string, id: string, chunk: Chunk): Promise<ChunkResult> {
    return await this.#alone(repository, id, async (state, offset) => {
      if (chunk.start !== undefined && chunk.start !== offset) return { accepted: false, offset };
      const digester = this.#digests.take(id, offset);
      const { reached } = await this.#take(id, state, chunk, digester, false);
      this.#digests.keep(id, digester);
      return { accepted: true, offset: reached };
    });
  }

  async finish(repository: string, id: string, digest: Digest, chunk: Chunk): Promise<ChunkResult> {
    return await this.#alone(repository, id, async (state, offset) => {
      if (chunk.start !== undefined && chunk.start !== offset) return { accepted: false, offset };
      const digester = this.#digests.takeFor(id, offset, digest);
      const { state: whole, reached } = await this.#take(id, state, chunk, digester, true);
      await this.#complete(id, whole);
      const actual = digester?.digest() ?? (await this.#digestOf(id, digest));
      if (actual !== digest) {
        await this.#remove(id, whole);
        throw wrongDigest(digest, actual);
      }
      await this.#locks.run(contentLock(digest), async () => {
        await this.#bucket.copy(dataKey(id), contentKey(digest));
        await this.#objects.save(blobLink(repository, digest), '');
      });
      await this.#remove(id, whole);
      return { accepted: true, offset: reached };
    });
  }

  async cancel(repository: string, id: string): Promise<void> {
    await this.#alone(repository, id, (state) => this.#remove(id, state));
  }

  async usage(counted: (repository: string) => boolean): Promise<number> {
    let bytes = 0;
    for (const { name } of await this.#objects.list(UPLOADS)) {
      const state = isUploadId(name) ? await this.#loadState(name) : undefined;
      if (state && counted(state.repository)) bytes += offsetOf(state);
    }
    return bytes;
  }

  async expire(age: number): Promise<number> {
    const oldest = Date.now() - age;
    let removed = 0;
    for (const { name } of await this.#objects.list(UPLOADS)) {
      await this.#locks.attempt(uploadLock(name), async () => {
        const found = await this.#objects.stat(stateKey(name));
        if (!found || found.modified > oldest) return;
        const state = await this.#loadState(name);
        if (!state) return;
        await this.#remove(name, state);
        removed++;
      });
    }
    return removed;
  }

  /**
   * Receives a chunk. When the sender disconnects, the received bytes are kept and the sender's error is thrown; on any other
   * failure the upload is unchanged. The state is written with every part, in case the server is killed.
   * @param isLast sends an incomplete part, too.
   */
  async #take(
    id: string,
    before: UploadState,
    chunk: Chunk,
    digester: Digester | undefined,
    isLast: boolean,
  ) {
    if (before.isComplete) return { state: before, reached: offsetOf(before) };
    let multipart = before.multipart;
    const send = async (number: number, bytes: Buffer) => {
      multipart ??= await this.#bucket.startParts(dataKey(id));
      return await this.#bucket.putPart(dataKey(id), multipart, number, bytes);
    };
    const tail = before.tail > 0 ? await this.#objects.load(tailKey(id, before)) : undefined;
    const start = { parts: before.parts, tail: tail ?? Buffer.alloc(0) };
    await using writer = await PartWriter.open(this.#spool, this.#slots, start, send);
    const keep = async (): Promise<UploadState> => {
      const { parts, tailSize } = writer;
      const state = {
        repository: before.repository,
        parts,
        tail: tailSize,
        ...(multipart ? { multipart } : {}),
      };
      if (tailSize > 0) await writer.withTail((bytes) => this.#objects.save(tailKey(id, state), bytes));
      await this.#save(id, state);
      return state;
    };
    try {
      const broken = await receive(chunk, async (piece) => {
        if (await writer.write(piece)) await keep();
        digester?.update(piece);
      });
      if (broken) {
        await keep();
        this.#digests.keep(id, digester);
        throw new BrokenOff(broken.error);
      }
      if (isLast) await writer.flush();
      const state = await keep();
      return { state, reached: offsetOf(state) };
    } catch (error) {
      if (error instanceof BrokenOff) throw error.reason;
      if (multipart) await this.#save(id, { ...before, multipart });
      throw error;
    }
  }

  /** Combines the parts into one object, and records it in the state, because this is possible only once. */
  async #complete(id: string, state: UploadState): Promise<void> {
    if (state.isComplete) return;
    const { multipart, parts } = state;
    if (multipart && parts.length > 0) await this.#bucket.completeParts(dataKey(id), multipart, parts);
    else await this.#bucket.put(dataKey(id), '');
    await this.#save(id, { ...state, isComplete: true });
  }

  async #digestOf(id: string, digest: Digest): Promise<Digest> {
    const digester = new Digester(algorithmOf(digest));
    for await (const piece of this.#objects.read(dataKey(id))) digester.update(piece as Uint8Array);
    return digester.digest();
  }

  /** The state is removed last: while it exists, a later expiry finds the other objects. */
  async #remove(id: string, state: UploadState): Promise<void> {
    if (state.multipart) await this.#bucket.abortParts(dataKey(id), state.multipart).catch(() => {});
    for (const { name } of await this.#objects.list(`${UPLOADS}/${id}`)) {
      if (name !== 'state') await this.#bucket.delete(`${UPLOADS}/${id}/${name}`);
    }
    await this.#bucket.delete(stateKey(id));
  }

  async #alone<T>(
    repository: string,
    id: string,
    action: (state: UploadState, offset: number) => Promise<T>,
  ): Promise<T> {
    await this.#state(repository, id);
    return await this.#locks.run(uploadLock(id), async () => {
      const state = await this.#state(repository, id);
      return await action(state, offsetOf(state));
    });
  }

  async #state(repository: string, id: string): Promise<UploadState> {
    const state = isUploadId(id) ? await this.#loadState(id) : undefined;
    if (state?.repository !== repository) throw unknownUpload(id);
    return state;
  }

  async #loadState(id: string): Promise<UploadState | undefined> {
    const text = await this.#objects.load(stateKey(id));
    return text && (JSON.parse(text.toString()) as UploadState);
  }

  async #save(id: string, state: UploadState): Promise<void> {
    await this.#objects.save(stateKey(id), JSON.stringify(state));
  }
}

/** The sender has disconnected, and the received bytes were kept. */
class BrokenOff extends Error {
  readonly reason: unknown;

  constructor(reason: unknown) {
    super('the sender disconnected', { cause: reason });
    this.reason = reason;
  }
}

/**
 * Passes every piece of a chunk to `take`.
 * @returns the sender's failure, if it disconnected.
 * @throws RegistryError SIZE_INVALID; whatever `take` throws.
 */
async function receive(
  { bytes, length, limit }: Chunk,
  take: (piece: Uint8Array) => Promise<void>,
): Promise<{ readonly error: unknown } | undefined> {
  const pieces = bytes.iterator({ destroyOnReturn: false });
  let taken = 0;
  for (;;) {
    let next: IteratorResult<Uint8Array>;
    try {
      next = await pieces.next();
    } catch (error) {
      return { error };
    }
    if (!next.done) taken += next.value.byteLength;
    if (length !== undefined && (taken > length || (next.done && taken !== length))) {
      throw registryError('SIZE_INVALID', `chunk does not have its announced length of ${length} bytes`);
    }
    if (limit && !limit.admits(taken)) throw limit.error();
    if (next.done) return undefined;
    await take(next.value);
  }
}

const dataKey = (id: string) => `${UPLOADS}/${id}/data`;
const stateKey = (id: string) => `${UPLOADS}/${id}/state`;
const tailKey = (id: string, { parts, tail }: UploadState) => `${UPLOADS}/${id}/tail-${parts.length}-${tail}`;
