import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Digest, isDigest } from '../../core/digest.ts';
import { messageOf } from '../../core/errors.ts';
import { registryError } from '../registry-error.ts';
import type { BlobStorage, ByteRange, UploadStorage } from '../storage/storage.ts';
import { GrowingFile } from './growing-file.ts';
import type { Upstream } from './upstream.ts';

const ATTEMPTS = 5;
const PAUSE = 500;

interface Wanted {
  readonly repository: string;
  readonly digest: Digest;
  readonly upstream: Upstream;
  readonly uploads: UploadStorage;
  readonly blobs: Pick<BlobStorage, 'read'>;
  /** Directory for partial downloads. */
  readonly spool: string;
  readonly signal: AbortSignal;
}

/**
 * A download of one blob from upstream into the store, shared with all clients that request it meanwhile. No client gets the
 * last byte before the whole blob has been verified and stored, so that a wrong blob never looks complete.
 */
export class Download {
  readonly #wanted: Wanted;
  readonly #file: GrowingFile;
  readonly size: number;
  /** Settles when the blob is stored or the download has failed. */
  readonly stored: Promise<void>;

  private constructor(wanted: Wanted, file: GrowingFile, first: IncomingMessage, size: number) {
    this.#wanted = wanted;
    this.#file = file;
    this.size = size;
    const stored = this.#store();
    this.stored = stored;
    stored.catch(() => {});
    void this.#fetch(first);
  }

  /** @returns undefined when upstream has no such blob. */
  static async begin(wanted: Wanted): Promise<Download | undefined> {
    const { upstream, repository, digest, signal, spool } = wanted;
    const first = await upstream.ask(repository, `blobs/${digest}`, { signal });
    if (!first) return undefined;
    const size = Number(first.headers['content-length']);
    if (!Number.isSafeInteger(size)) {
      first.destroy();
      throw registryError('UNAVAILABLE', `${upstream.origin} does not specify the length of ${digest}`);
    }
    return new Download(wanted, await GrowingFile.create(spool), first, size);
  }

  /** A client's stream: bytes as they arrive, the last one once the blob is stored. */
  read(range: ByteRange = { start: 0, end: this.size - 1 }): Readable {
    if (this.#file.isClosed) return this.#wanted.blobs.read(this.#wanted.digest, range);
    return this.#file.read(range.start, range.end + 1, { at: this.size - 1, opened: this.stored });
  }

  async #store(): Promise<void> {
    const { uploads, repository, digest } = this.#wanted;
    const id = await uploads.start(repository);
    try {
      const bytes = this.#file.read(0, this.size);
      await uploads.finish(repository, id, digest, { bytes, length: this.size });
    } catch (error) {
      await uploads.cancel(repository, id).catch(() => {});
      throw error;
    }
  }

  /** The file remains open for readers until they have read the last byte, which waits for `stored`. */
  async #fetch(first: IncomingMessage): Promise<void> {
    let error: unknown;
    try {
      await this.#fetchAll(first);
      await this.stored;
    } catch (failure) {
      error = failure;
    }
    await this.#file.end(error);
  }

  async #fetchAll(first: IncomingMessage): Promise<void> {
    let response: IncomingMessage | undefined = first;
    for (let attempt = 1; ; attempt++) {
      try {
        if (response) await this.#take(response);
        if (this.#file.written === this.size) return;
        if (attempt === ATTEMPTS)
          throw registryError('UNAVAILABLE', 'the download was interrupted too often');
      } catch (error) {
        if (this.#wanted.signal.aborted || attempt === ATTEMPTS) throw error;
      }
      await sleep(PAUSE * attempt, undefined, { signal: this.#wanted.signal });
      response = await this.#resume().catch(() => undefined);
    }
  }

  async #resume(): Promise<IncomingMessage | undefined> {
    const { upstream, repository, digest, signal } = this.#wanted;
    const headers = { range: `bytes=${this.#file.written}-` };
    return await upstream.ask(repository, `blobs/${digest}`, { headers, signal });
  }

  /** Writes the bytes of a response; in a full response, the bytes already received are skipped. */
  async #take(response: IncomingMessage): Promise<void> {
    let passOver = response.statusCode === 206 ? 0 : this.#file.written;
    for await (const piece of response as AsyncIterable<Buffer>) {
      const fresh = piece.subarray(Math.min(passOver, piece.length));
      passOver -= piece.length - fresh.length;
      if (this.#file.written + fresh.length > this.size) {
        throw registryError('DIGEST_INVALID', 'upstream sent more bytes than it announced');
      }
      if (fresh.length > 0) await this.#file.write(fresh);
    }
  }
}

/** For the log. */
export const wordsForFailure = (digest: string, error: unknown): string =>
  `${isDigest(digest) ? `the download of ${digest}` : 'a download'} failed: ${messageOf(error)}`;
