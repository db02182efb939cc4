import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { algorithmOf, type Digest, Digester } from '../../../core/digest.ts';
import { syncFolder } from '../../../core/durable.ts';
import { registryError } from '../../registry-error.ts';
import type { Chunk, ChunkResult, UploadStorage } from '../storage.ts';
import { appendChunk } from './append.ts';
import { ensureFolder, entriesOf, ifPresent, readIfPresent, removeTree, writeInFolder } from './files.ts';
import { KeyedLock } from './keyed-lock.ts';
import type { Layout } from './layout.ts';

const ID = /^[0-9a-f]{32}$/;

/** Uploads as folders of two files; the size of `data` is the offset, so nothing is lost with the process. */
export class FileUploads implements UploadStorage {
  readonly #layout: Layout;
  readonly #lock = new KeyedLock();
  readonly #contentLocks: KeyedLock;

  /** @param contentLocks by digest, shared with garbage collection. */
  constructor(layout: Layout, contentLocks: KeyedLock) {
    this.#layout = layout;
    this.#contentLocks = contentLocks;
  }

  async start(repository: string): Promise<string> {
    const id = randomBytes(16).toString('hex');
    const folder = this.#layout.upload(id);
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
      return { accepted: true, offset: await appendChunk(file, offset, chunk) };
    });
  }

  finish(repository: string, id: string, digest: Digest, chunk: Chunk): Promise<ChunkResult> {
    return this.#withFile(repository, id, async (file, offset) => {
      if (chunk.start !== undefined && chunk.start !== offset) return { accepted: false, offset };
      const digester = new Digester(algorithmOf(digest));
      await digestFile(join(this.#layout.upload(id), 'data'), offset, digester);
      await appendChunk(file, offset, chunk, (piece) => digester.update(piece));
      const size = digester.size;
      const actual = digester.digest();
      if (actual !== digest) {
        await removeTree(this.#layout.upload(id));
        throw registryError('DIGEST_INVALID', 'provided digest did not match uploaded content', {
          digest,
          actual,
        });
      }
      await file.sync();
      await this.#adopt(repository, id, digest);
      return { accepted: true, offset: size };
    });
  }

  async cancel(repository: string, id: string): Promise<void> {
    await this.#dataOf(repository, id);
    await this.#lock.run(id, () => removeTree(this.#layout.upload(id)));
  }

  async expire(age: number): Promise<number> {
    const oldest = Date.now() - age;
    let removed = 0;
    for (const { name } of await entriesOf(this.#layout.uploads)) {
      await this.#lock.run(name, async () => {
        const folder = this.#layout.upload(name);
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
    const final = this.#layout.blob(digest);
    await ensureFolder(dirname(final));
    await this.#contentLocks.run(digest, async () => {
      await rename(join(this.#layout.upload(id), 'data'), final);
      await syncFolder(dirname(final));
      await writeInFolder(this.#layout.blobLink(repository, digest), '');
    });
    await removeTree(this.#layout.upload(id));
  }

  async #withFile<T>(
    repository: string,
    id: string,
    action: (file: FileHandle, offset: number) => Promise<T>,
  ): Promise<T> {
    const data = await this.#dataOf(repository, id);
    return this.#lock.run(id, async () => {
      const offset = await this.offset(repository, id);
      const file = await open(data, 'a');
      try {
        return await action(file, offset);
      } finally {
        await file.close();
      }
    });
  }

  async #dataOf(repository: string, id: string): Promise<string> {
    if (!ID.test(id)) throw unknownUpload(id);
    const folder = this.#layout.upload(id);
    const owner = await readIfPresent(join(folder, 'repository'));
    if (owner !== repository) throw unknownUpload(id);
    return join(folder, 'data');
  }
}

const unknownUpload = (id: string) =>
  registryError('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry', { uuid: id });

async function digestFile(path: string, size: number, digester: Digester): Promise<void> {
  if (size === 0) return;
  for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024 })) digester.update(piece);
}
