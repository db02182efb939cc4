import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { algorithmOf, type Digest, Digester } from '../../../core/digest.ts';
import { blobLink, contentKey, UPLOADS } from '../layout.ts';
import { contentLock, type Locks, uploadLock } from '../locks.ts';
import { RunningDigests } from '../running-digests.ts';
import type { Chunk, ChunkResult, UploadStorage } from '../storage.ts';
import { isUploadId, unknownUpload, wrongDigest } from '../unknown-upload.ts';
import { appendChunk } from './append.ts';
import type { FileObjects } from './file-objects.ts';
import { entriesOf, ifPresent, readIfPresent, removeTree } from './files.ts';

/** Uploads as directories of two files; the size of `data` is the offset, so nothing is lost with the process. */
export class FileUploads implements UploadStorage {
  readonly #objects: FileObjects;
  readonly #locks: Locks;
  readonly #digests = new RunningDigests();

  constructor(objects: FileObjects, locks: Locks) {
    this.#objects = objects;
    this.#locks = locks;
  }

  async start(repository: string): Promise<string> {
    const id = randomBytes(16).toString('hex');
    const directory = this.#directory(id);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFile(join(directory, 'data'), '');
    await writeFile(join(directory, 'repository'), repository);
    return id;
  }

  async offset(repository: string, id: string): Promise<number> {
    const data = await this.#dataOf(repository, id);
    const size = (await ifPresent(stat(data)))?.size;
    if (size === undefined) throw unknownUpload(id);
    return size;
  }

  append(repository: string, id: string, chunk: Chunk): Promise<ChunkResult> {
    return this.#withFile(repository, id, async (file, offset) => {
      if (chunk.start !== undefined && chunk.start !== offset) return { accepted: false, offset };
      const digester = this.#digests.take(id, offset);
      const reached = await appendChunk(file, offset, chunk, (piece) => digester?.update(piece));
      this.#digests.keep(id, digester);
      return { accepted: true, offset: reached };
    });
  }

  finish(repository: string, id: string, digest: Digest, chunk: Chunk): Promise<ChunkResult> {
    return this.#withFile(repository, id, async (file, offset) => {
      if (chunk.start !== undefined && chunk.start !== offset) return { accepted: false, offset };
      const known = this.#digests.takeFor(id, offset, digest);
      const digester = known ?? (await digestOfFile(join(this.#directory(id), 'data'), digest));
      await appendChunk(file, offset, chunk, (piece) => digester.update(piece));
      const size = digester.size;
      const actual = digester.digest();
      if (actual !== digest) {
        await removeTree(this.#directory(id));
        throw wrongDigest(digest, actual);
      }
      await file.sync();
      await this.#adopt(repository, id, digest);
      return { accepted: true, offset: size };
    });
  }

  async cancel(repository: string, id: string): Promise<void> {
    await this.#dataOf(repository, id);
    await this.#locks.run(uploadLock(id), () => removeTree(this.#directory(id)));
  }

  async usage(counted: (repository: string) => boolean): Promise<number> {
    let bytes = 0;
    for (const { name } of await entriesOf(this.#objects.path(UPLOADS))) {
      const directory = this.#directory(name);
      const repository = await readIfPresent(join(directory, 'repository'));
      if (repository === undefined || !counted(repository)) continue;
      bytes += (await ifPresent(stat(join(directory, 'data'))))?.size ?? 0;
    }
    return bytes;
  }

  async expire(age: number): Promise<number> {
    const oldest = Date.now() - age;
    let removed = 0;
    for (const { name } of await entriesOf(this.#objects.path(UPLOADS))) {
      await this.#locks.attempt(uploadLock(name), async () => {
        const directory = this.#directory(name);
        const info = (await ifPresent(stat(join(directory, 'data')))) ?? (await ifPresent(stat(directory)));
        if (info === undefined || info.mtimeMs > oldest) return;
        await removeTree(directory);
        removed++;
      });
    }
    return removed;
  }

  /** Moves verified and synced bytes to their final name, then records the owner. */
  async #adopt(repository: string, id: string, digest: Digest): Promise<void> {
    await this.#locks.run(contentLock(digest), async () => {
      await this.#objects.move(`${UPLOADS}/${id}/data`, contentKey(digest));
      await this.#objects.save(blobLink(repository, digest), '');
    });
    await removeTree(this.#directory(id));
  }

  async #withFile<T>(
    repository: string,
    id: string,
    action: (file: FileHandle, offset: number) => Promise<T>,
  ): Promise<T> {
    const data = await this.#dataOf(repository, id);
    return this.#locks.run(uploadLock(id), async () => {
      const offset = await this.offset(repository, id);
      const file = await open(data, 'a');
      try {
        return await action(file, offset);
      } finally {
        await file.close();
      }
    });
  }

  #directory(id: string): string {
    return this.#objects.path(`${UPLOADS}/${id}`);
  }

  async #dataOf(repository: string, id: string): Promise<string> {
    if (!isUploadId(id)) throw unknownUpload(id);
    const directory = this.#directory(id);
    const owner = await readIfPresent(join(directory, 'repository'));
    if (owner !== repository) throw unknownUpload(id);
    return join(directory, 'data');
  }
}

async function digestOfFile(path: string, digest: Digest): Promise<Digester> {
  const digester = new Digester(algorithmOf(digest));
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) digester.update(piece);
  return digester;
}
