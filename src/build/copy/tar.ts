import { createReadStream, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract as extractTar, type Header, type Pack, pack as packTar } from 'tar-stream';
import { drained, failsElsewhere } from '../../core/streams.ts';
import { openArchive } from './archive.ts';
import type { SourceEntry } from './entry.ts';
import type { Placement } from './layout.ts';
import type { Owner } from './ownership.ts';

/** tar-stream takes a mode of 0 for a missing one; with the bit of a plain file it is one. */
const MODE_GIVEN = 0o100000;
/** Files up to this size are read in one piece, and at once: turns to the thread pool would take most of the time. Bytes. */
const SMALL = 64 * 1024;

type NewHeader = Partial<Header> & Pick<Header, 'name'>;

/**
 * The placements as an uncompressed tar, files streamed as it is read. A failure destroys the stream.
 * @param owner given to what archives hold; undefined keeps theirs.
 */
export function tarOf(placements: readonly Placement[], owner: Owner | undefined, now: Date): Readable {
  const pack = packTar();
  const writer = new TarWriter(pack, owner, now);
  const write = async () => {
    for (const placement of placements) await writer.write(placement);
    pack.finalize();
  };
  write().catch((error: unknown) => pack.destroy(error instanceof Error ? error : new Error(String(error))));
  // tar-stream's own streams have the shape of Node's, but not its methods.
  return failsElsewhere(Readable.from(pack, { objectMode: false }));
}

class TarWriter {
  readonly #pack: Pack;
  readonly #owner: Owner | undefined;
  readonly #now: Date;
  /** Where the first name of a file with several went. */
  readonly #names = new Map<string, string>();

  constructor(pack: Pack, owner: Owner | undefined, now: Date) {
    this.#pack = pack;
    this.#owner = owner;
    this.#now = now;
  }

  async write(placement: Placement): Promise<void> {
    switch (placement.kind) {
      case 'folder': {
        const { uid, gid } = placement.owner;
        const name = tarName(placement.path, true);
        await this.#put({ name, type: 'directory', mode: 0o755, uid, gid, mtime: this.#now });
        return;
      }
      case 'entry':
        await this.#entry(placement.path, placement.entry);
        return;
      case 'archive':
        await this.#archive(placement);
        return;
    }
  }

  async #entry(path: string, entry: SourceEntry): Promise<void> {
    const name = tarName(path, entry.type === 'directory');
    const { type, mode, uid, gid, mtime, size, content } = entry;
    const header: NewHeader = { name, type, mode, uid, gid, mtime, size };
    switch (content.kind) {
      case 'text':
        return await this.#put(header, content.text);
      case 'link':
        return await this.#put({ ...header, linkname: content.target });
      case 'device':
        return await this.#put({ ...header, devmajor: content.major, devminor: content.minor });
      case 'none':
        return await this.#put(header);
      case 'file': {
        const first = content.inode === undefined ? undefined : this.#names.get(content.inode);
        if (first !== undefined)
          return await this.#put({ ...header, type: 'link', linkname: first, size: 0 });
        if (content.inode !== undefined) this.#names.set(content.inode, name);
        if (size <= SMALL) return await this.#put(header, readFileSync(content.file));
        return await this.#stream(header, failsElsewhere(createReadStream(content.file)));
      }
    }
  }

  /** Puts every entry of an archive below `path`; names that climb out of it stay in it. */
  async #archive({ path, archive }: Extract<Placement, { kind: 'archive' }>): Promise<void> {
    const extract = extractTar();
    const source = openArchive(archive.file, archive.compression);
    const inside = (name: string) => posix.resolve('/', posix.join(path, posix.resolve('/', name)));
    const done = pipeline(source, extract);
    done.catch(() => undefined);
    for await (const entry of extract) {
      const { header } = entry;
      // The archive's own root says nothing about the folder it is unpacked into.
      if (inside(header.name) === posix.resolve('/', path)) {
        entry.resume();
        continue;
      }
      const name = tarName(inside(header.name), header.type === 'directory');
      const linkname = header.type === 'link' ? tarName(inside(header.linkname), false) : header.linkname;
      const moved = { ...header, name, linkname, pax: extendedAttributes(header), ...this.#owner };
      await this.#stream(moved, failsElsewhere(Readable.from(entry)));
    }
    await done;
  }

  async #put(header: NewHeader, content?: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const done = (error?: Error | null) => (error ? reject(error) : resolve());
      const entry =
        content === undefined
          ? this.#pack.entry(withMode({ ...header, size: 0 }), done)
          : this.#pack.entry(withMode(header), content, done);
      failsElsewhere(entry);
    });
  }

  async #stream(header: NewHeader, content: Readable): Promise<void> {
    const written = Promise.withResolvers<void>();
    const entry = this.#pack.entry(withMode(header), (error) =>
      error ? written.reject(error) : written.resolve(),
    );
    failsElsewhere(entry);
    written.promise.catch(() => undefined);
    for await (const chunk of content) {
      if (!entry.write(chunk)) await drained(entry);
      if (entry.destroyed) throw new Error('the tar stream was closed');
    }
    entry.end(undefined);
    await written.promise;
  }
}

const withMode = (header: NewHeader): NewHeader => ({ ...header, mode: (header.mode ?? 0) | MODE_GIVEN });

/** What an archive says beyond names and sizes: file capabilities and the like. */
function extendedAttributes(header: Header): Record<string, string> | null {
  const records = Object.entries((header.pax ?? {}) as Record<string, string>);
  const kept = records.filter(([key]) => key.startsWith('SCHILY.xattr.'));
  return kept.length > 0 ? Object.fromEntries(kept) : null;
}

function tarName(path: string, isFolder: boolean): string {
  const name = path.replace(/^\/+/, '');
  return isFolder && name !== '' ? `${name}/` : name;
}
