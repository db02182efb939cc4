import { randomBytes } from 'node:crypto';
import { createReadStream, renameSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { algorithmOf, type Digest, Digester, hexOf } from '../core/digest.ts';
import { syncDirectory } from '../core/durable.ts';
import { dataLoss, errnoOf, notFound, systemError } from '../core/errors.ts';
import { failsElsewhere } from '../core/streams.ts';

export interface ExpectedBlob {
  readonly digest?: Digest;
  /** Bytes. */
  readonly size?: number;
}

/** Content-addressed files, `<root>/<algorithm>/<hex>`. Content stored under a digest has been verified. */
export class BlobStore {
  readonly #root: string;
  /** Committed blobs whose writers may still have to record what refers to them. */
  readonly #fresh = new Map<Digest, number>();

  private constructor(root: string) {
    this.#root = root;
  }

  /** Opens the store and removes what an interrupted write left behind. */
  static async open(root: string): Promise<BlobStore> {
    for (const algorithm of ['sha256', 'sha512']) {
      const directory = join(root, algorithm);
      await mkdir(directory, { recursive: true });
      for (const name of await readdir(directory)) {
        if (name.endsWith('.tmp')) await rm(join(directory, name), { force: true });
      }
    }
    return new BlobStore(root);
  }

  path(digest: Digest): string {
    return join(this.#root, algorithmOf(digest), hexOf(digest));
  }

  /** Bytes, or undefined when there is no such blob. */
  async size(digest: Digest): Promise<number | undefined> {
    try {
      return (await stat(this.path(digest))).size;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  stream(digest: Digest): Readable {
    return failsElsewhere(createReadStream(this.path(digest), { highWaterMark: 1 << 20 }));
  }

  /** For small blobs: manifests and configs. @throws BargeError not-found. */
  async read(digest: Digest): Promise<Buffer> {
    try {
      return await readFile(this.path(digest));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') throw notFound(`blob ${digest} is not in the store`);
      throw error;
    }
  }

  async has(digest: Digest): Promise<boolean> {
    return (await this.size(digest)) !== undefined;
  }

  /** Removes a blob. Its name is free at once, for a writer of the same blob. */
  async remove(digest: Digest): Promise<void> {
    const path = this.path(digest);
    const doomed = `${path}.${randomBytes(4).toString('hex')}.tmp`;
    try {
      renameSync(path, doomed);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return;
      throw error;
    }
    await rm(doomed, { force: true });
  }

  async *digests(): AsyncGenerator<Digest> {
    for (const algorithm of ['sha256', 'sha512'] as const) {
      for (const name of await readdir(join(this.#root, algorithm))) {
        if (/^[0-9a-f]+$/.test(name)) yield `${algorithm}:${name}` as Digest;
      }
    }
  }

  async put(data: Uint8Array, expected: ExpectedBlob = {}): Promise<{ digest: Digest; size: number }> {
    await using writer = await this.writer(expected);
    await writer.write(data);
    return await writer.commit();
  }

  /** A new blob that appears under its digest, verified and durable, when it is committed, and never if disposed before. */
  async writer(expected: ExpectedBlob = {}): Promise<BlobWriter> {
    const algorithm = expected.digest ? algorithmOf(expected.digest) : 'sha256';
    const directory = join(this.#root, algorithm);
    return await BlobWriter.open(directory, expected, this.#fresh);
  }

  /** Whether a writer is about to record a reference to the blob. */
  isFresh(digest: Digest): boolean {
    return this.#fresh.has(digest);
  }
}

export class BlobWriter implements AsyncDisposable {
  readonly #directory: string;
  readonly #temporary: string;
  readonly #file: Awaited<ReturnType<typeof open>>;
  readonly #digester: Digester;
  readonly #expected: ExpectedBlob;
  readonly #fresh: Map<Digest, number>;
  #committed: Digest | undefined;
  #open = true;

  private constructor(
    directory: string,
    temporary: string,
    file: Awaited<ReturnType<typeof open>>,
    expected: ExpectedBlob,
    fresh: Map<Digest, number>,
  ) {
    this.#fresh = fresh;
    this.#directory = directory;
    this.#temporary = temporary;
    this.#file = file;
    this.#expected = expected;
    this.#digester = new Digester(expected.digest ? algorithmOf(expected.digest) : 'sha256');
  }

  static async open(
    directory: string,
    expected: ExpectedBlob,
    fresh: Map<Digest, number>,
  ): Promise<BlobWriter> {
    const temporary = join(directory, `${randomBytes(12).toString('hex')}.tmp`);
    return new BlobWriter(directory, temporary, await open(temporary, 'wx', 0o644), expected, fresh);
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#digester.update(chunk);
    let written = 0;
    try {
      while (written < chunk.byteLength) {
        written += (await this.#file.write(chunk, written)).bytesWritten;
      }
    } catch (error) {
      throw writeFailure(this.#directory, error);
    }
  }

  /** @throws BargeError data-loss when digest or size are not the expected ones; nothing is stored then. */
  async commit(): Promise<{ digest: Digest; size: number }> {
    const size = this.#digester.size;
    const digest = this.#digester.digest();
    const { digest: wantedDigest, size: wantedSize } = this.#expected;
    if (wantedSize !== undefined && size !== wantedSize) {
      throw dataLoss(
        `blob ${wantedDigest ?? digest} has ${size} bytes where ${wantedSize} were expected: not stored`,
      );
    }
    if (wantedDigest && wantedDigest !== digest) {
      throw dataLoss(`blob content has digest ${digest} where ${wantedDigest} was expected: not stored`);
    }
    try {
      await this.#file.sync();
      await this.#close();
      this.#committed = digest;
      this.#fresh.set(digest, (this.#fresh.get(digest) ?? 0) + 1);
      await rename(this.#temporary, join(this.#directory, hexOf(digest)));
      await syncDirectory(this.#directory);
    } catch (error) {
      throw writeFailure(this.#directory, error);
    }
    return { digest, size };
  }

  /**
   * Removes the blob again, unless `wanted` says that it is in use, or another writer has just committed the same blob.
   * Check and removal happen in one turn of the event loop.
   */
  async revoke(wanted: (digest: Digest) => boolean): Promise<void> {
    const digest = this.#committed;
    if (!digest || this.#fresh.get(digest) !== 1 || wanted(digest)) return;
    try {
      renameSync(join(this.#directory, hexOf(digest)), this.#temporary);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
    await rm(this.#temporary, { force: true });
  }

  #forgetFresh(): void {
    const digest = this.#committed;
    if (!digest) return;
    const others = (this.#fresh.get(digest) ?? 1) - 1;
    if (others > 0) this.#fresh.set(digest, others);
    else this.#fresh.delete(digest);
    this.#committed = undefined;
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#forgetFresh();
    await this.#close();
    await rm(this.#temporary, { force: true });
  }
}

function writeFailure(directory: string, error: unknown): Error {
  const full = errnoOf(error) === 'ENOSPC' || errnoOf(error) === 'EDQUOT';
  const advice = full
    ? 'no space left on device: free some space under the data root and try again'
    : 'failed';
  return systemError(`writing a blob in ${directory}: ${advice}`, { cause: error });
}
