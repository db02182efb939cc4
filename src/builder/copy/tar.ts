import { createReadStream, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { type Header, type Pack, pack as packTar } from 'tar-stream';
import { drained, failsElsewhere } from '../../core/streams.ts';
import type { LayerPart } from '../worker.ts';
import { openArchive } from './archive.ts';
import type { SourceEntry } from './entry.ts';
import type { Placement } from './layout.ts';
import type { Owner } from './ownership.ts';
import { paxEntry } from './pax.ts';

/** tar-stream treats a mode of 0 as missing; adding the bit of a regular file prevents that. */
const MODE_GIVEN = 0o100000;
/** Files up to this size are read in one piece and synchronously, because the thread pool would take most of the time. Bytes. */
const SMALL = 64 * 1024;

type NewHeader = Partial<Header> & Pick<Header, 'name'>;

type Made = Exclude<Placement, { kind: 'archive' }>;

/**
 * The placements as parts of a layer: runs of files become one tar each, archives are passed unchanged.
 * @param owner the owner of the contents of archives; undefined preserves theirs.
 */
export function partsOf(placements: readonly Placement[], owner: Owner | undefined, now: Date): LayerPart[] {
  const parts: LayerPart[] = [];
  let run: Made[] = [];
  const endRun = () => {
    const made = run;
    if (made.length > 0) parts.push({ open: () => tarOf(made, now) });
    run = [];
  };
  for (const placement of placements) {
    if (placement.kind !== 'archive') {
      run.push(placement);
      continue;
    }
    endRun();
    const { file, compression } = placement.archive;
    const archive = { into: placement.path, ...(owner ? { owner } : {}) };
    parts.push({ open: () => openArchive(file, compression), archive });
  }
  endRun();
  return parts;
}

/** Files and directories as an uncompressed tar, streamed as it is read. A failure destroys the stream. */
export function tarOf(placements: readonly Made[], now: Date): Readable {
  const pack = packTar();
  const writer = new TarWriter(pack, now);
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
  readonly #now: Date;
  /** The path of the first name of a file with several names. */
  readonly #names = new Map<string, string>();

  constructor(pack: Pack, now: Date) {
    this.#pack = pack;
    this.#now = now;
  }

  async write(placement: Made): Promise<void> {
    switch (placement.kind) {
      case 'directory': {
        const { uid, gid } = placement.owner;
        const name = tarName(placement.path, true);
        await this.#put({ name, type: 'directory', mode: 0o755, uid, gid, mtime: this.#now });
        return;
      }
      case 'entry':
        await this.#entry(placement.path, placement.entry);
        return;
    }
  }

  async #entry(path: string, entry: SourceEntry): Promise<void> {
    const name = tarName(path, entry.type === 'directory');
    const { type, mode, uid, gid, mtime, size, content } = entry;
    const header: NewHeader = { name, type, mode, uid, gid, mtime, size };
    if (entry.attributes && content.kind !== 'file') this.#attributes(entry.attributes);
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
        if (entry.attributes) this.#attributes(entry.attributes);
        if (size <= SMALL) return await this.#put(header, readFileSync(content.file));
        return await this.#stream(header, failsElsewhere(createReadStream(content.file)));
      }
    }
  }

  /** Written as a separate header, because the library would write their binary values as text. */
  #attributes(records: Uint8Array): void {
    this.#pack.push(paxEntry(records));
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

function tarName(path: string, isDirectory: boolean): string {
  const name = path.replace(/^\/+/, '');
  return isDirectory && name !== '' ? `${name}/` : name;
}
