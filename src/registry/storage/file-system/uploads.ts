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

/** Uploads as folders of two files; the size of `data` is the offset, so nothing is lost with the process. */
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
    const folder = this.#folder(id);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(join(folder, 'data'), '');
    await writeFile(join(folder, 'repository'), repository);
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
      const digester = known ?? (await digestOfFile(join(this.#folder(id), 'data'), digest));
      await appendChunk(file, offset, chunk, (piece) => digester.update(piece));
      const size = digester.size;
      const actual = digester.digest();
      if (actual !== digest) {
        await removeTree(this.#folder(id));
        throw wrongDigest(digest, actual);
      }
      await file.sync();
      await this.#adopt(repository, id, digest);
      return { accepted: true, offset: size };
    });
  }

  async cancel(repository: string, id: string): Promise<void> {
    await this.#dataOf(repository, id);
    await this.#locks.run(uploadLock(id), () => removeTree(this.#folder(id)));
  }

  async usage(counted: (repository: string) => boolean): Promise<number> {
    let bytes = 0;
    for (const { name } of await entriesOf(this.#objects.path(UPLOADS))) {
      const folder = this.#folder(name);
      const repository = await readIfPresent(join(folder, 'repository'));
      if (repository === undefined || !counted(repository)) continue;
      bytes += (await ifPresent(stat(join(folder, 'data'))))?.size ?? 0;
    }
    return bytes;
  }

  async expire(age: number): Promise<number> {
    const oldest = Date.now() - age;
    let removed = 0;
    for (const { name } of await entriesOf(this.#objects.path(UPLOADS))) {
      await this.#locks.attempt(uploadLock(name), async () => {
        const folder = this.#folder(name);
        const info = (await ifPresent(stat(join(folder, 'data')))) ?? (await ifPresent(stat(folder)));
        if (info === undefined || info.mtimeMs > oldest) return;
        await removeTree(folder);
        removed++;
      });
    }
    return removed;
  }

  /** Verified and synced bytes get their final name, then an owner. */
  async #adopt(repository: string, id: string, digest: Digest): Promise<void> {
    await this.#locks.run(contentLock(digest), async () => {
      await this.#objects.move(`${UPLOADS}/${id}/data`, contentKey(digest));
      await this.#objects.save(blobLink(repository, digest), '');
    });
    await removeTree(this.#folder(id));
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

  #folder(id: string): string {
    return this.#objects.path(`${UPLOADS}/${id}`);
  }

  async #dataOf(repository: string, id: string): Promise<string> {
    if (!isUploadId(id)) throw unknownUpload(id);
    const folder = this.#folder(id);
    const owner = await readIfPresent(join(folder, 'repository'));
    if (owner !== repository) throw unknownUpload(id);
    return join(folder, 'data');
  }
}

async function digestOfFile(path: string, digest: Digest): Promise<Digester> {
  const digester = new Digester(algorithmOf(digest));
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) digester.update(piece);
  return digester;
}
