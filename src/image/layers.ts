import { randomBytes } from 'node:crypto';
import { renameSync } from 'node:fs';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { type Digest, Digester, hexOf } from '../core/digest.ts';
import { dataLoss, errnoOf, notFound, systemError } from '../core/errors.ts';
import { failsElsewhere } from '../core/streams.ts';
import type { Files, OverlayMount } from '../host/files.ts';
import type { Compression } from '../host/process.ts';
import type { Database } from '../store/database.ts';
import { EMPTY_DIRECTORY, INIT_DIRECTORY, makeLowestDirectories } from './lowest-directories.ts';

export interface Layer {
  /** Digest of the layer's uncompressed tar (OCI image spec, config.md: DiffID). */
  readonly diffId: Digest;
  /** Name of its directory in the layers directory: short, because many must fit into one mount option. */
  readonly directory: string;
  /** Bytes of the uncompressed tar. */
  readonly size: number;
  /** The compressed form from a registry or archive, or from a push. */
  readonly blob?: LayerBlob;
}

/** Media type of a layer's blob that no registry has: it may use any compression, for this store only. */
export const LOCAL_LAYER_TYPE = 'application/vnd.barge.layer.local';

/** Temporarily protects layers from garbage collection. */
export interface LayerLease extends Disposable {
  add(...diffIds: Digest[]): void;
}

interface AddTarOptions {
  readonly expected?: Digest;
  /** Receives the layer before it is in the store, where its digest is not known in advance. */
  readonly lease?: LayerLease;
  /** Returns the compressed form of a new layer, which is recorded together with it. */
  readonly blob?: () => Promise<LayerBlob>;
  readonly signal?: AbortSignal;
}

export interface LayerBlob {
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
}

interface LayerRow {
  diff_id: Digest;
  directory: string;
  size: number;
  blob_digest: Digest | null;
  blob_size: number | null;
  blob_media_type: string | null;
}

/** The parts of the host that layers need. */
interface LayerHost {
  readonly files: Pick<Files, 'packTar' | 'unpackTar' | 'removeTree'>;
  readonly compression: Compression;
}

type LowerDirectories = Pick<OverlayMount, 'lower' | 'layersDirectory'>;

/** 80 bits of the diffID: 127 names and their separators stay under the 4096 bytes of a mount option. */
const DIRECTORY_NAME_LENGTH = 20;

/**
 * Layers as lower directories for overlayfs. Each is independent and keyed by its diffID, so layers
 * of an image are created in parallel and shared between images regardless of their order.
 */
export class LayerStore {
  readonly root: string;
  readonly #db: Database;
  /** How a layer's tar is compressed for registries. */
  readonly compression: Compression;
  readonly #files: LayerHost['files'];
  /** Number of operations in progress that need a layer which no row protects yet. */
  readonly #leases = new Map<Digest, number>();

  private constructor(root: string, db: Database, { files, compression }: LayerHost) {
    this.root = root;
    this.compression = compression;
    this.#files = files;
    this.#db = db;
  }

  /** Opens the store and removes directories without a row, which are the leftovers of interrupted unpacking. */
  static async open(root: string, db: Database, host: LayerHost): Promise<LayerStore> {
    await mkdir(root, { recursive: true, mode: 0o700 });
    await makeLowestDirectories(root);
    const known = new Set(
      db.all<{ directory: string }>('SELECT directory FROM layers').map((row) => row.directory),
    );
    for (const name of await readdir(root)) {
      if (!known.has(name)) await host.files.removeTree(join(root, name));
    }
    return new LayerStore(root, db, host);
  }

  get(diffId: Digest): Layer | undefined {
    const row = this.#db.get<LayerRow>('SELECT * FROM layers WHERE diff_id = ?', diffId);
    return row && toLayer(row);
  }

  /** @throws BargeError not-found. */
  need(diffId: Digest): Layer {
    const layer = this.get(diffId);
    if (!layer) throw notFound(`layer ${diffId} is not in the store: pull or build its image again`);
    return layer;
  }

  /** The lower directories of an overlay of just these layers, lowest first. */
  overlay(diffIds: readonly Digest[]): LowerDirectories {
    return this.#on(EMPTY_DIRECTORY, diffIds);
  }

  /** The same for a container, with the mount points that a runtime needs below all layers. */
  rootfs(diffIds: readonly Digest[]): LowerDirectories {
    return this.#on(INIT_DIRECTORY, diffIds);
  }

  /**
   * A repeated layer is used only at its highest position: everything that it contains or hides is also contained or
   * hidden there. The kernel accepts a directory only once.
   */
  #on(lowest: string, diffIds: readonly Digest[]): LowerDirectories {
    const highest = diffIds.filter((diffId, i) => diffIds.lastIndexOf(diffId) === i);
    return {
      lower: [lowest, ...highest.map((diffId) => this.need(diffId).directory)],
      layersDirectory: this.root,
    };
  }

  /** Protects these layers, and those added later, from garbage collection until the result is disposed. */
  lease(diffIds: readonly Digest[] = []): LayerLease {
    const held: Digest[] = [];
    const add = (...more: Digest[]) => {
      held.push(...more);
      for (const id of more) this.#leases.set(id, (this.#leases.get(id) ?? 0) + 1);
    };
    add(...diffIds);
    return { add, [Symbol.dispose]: () => this.#release(held.splice(0)) };
  }

  #release(diffIds: readonly Digest[]): void {
    for (const id of diffIds) {
      const left = (this.#leases.get(id) ?? 1) - 1;
      if (left > 0) this.#leases.set(id, left);
      else this.#leases.delete(id);
    }
  }

  /**
   * Unpacks a layer's uncompressed tar.
   * @throws BargeError data-loss when its digest is not `expected`; nothing is stored then.
   */
  async addTar(tar: Readable, options: AddTarOptions = {}): Promise<Layer> {
    const seen = seenTar(tar);
    const directory = await this.temporaryDirectory();
    try {
      const { diffId, size } = await this.#unpack(directory, seen, options);
      options.lease?.add(diffId);
      return await this.#keep(directory, diffId, size, options.blob);
    } catch (error) {
      await this.#files.removeTree(directory);
      throw error;
    }
  }

  async #unpack(
    directory: string,
    { stream, digester }: SeenTar,
    options: AddTarOptions,
  ): Promise<{ diffId: Digest; size: number }> {
    const signal = options.signal ? { signal: options.signal } : {};
    await this.#files.unpackTar({ root: directory, tar: stream, layer: true, ...signal });
    const size = digester.size;
    const diffId = digester.digest();
    if (options.expected && diffId !== options.expected) {
      throw dataLoss(
        `a layer's content has digest ${diffId} where ${options.expected} was expected: not stored`,
      );
    }
    return { diffId, size };
  }

  /** Creates a layer from an overlay's upper directory, which is moved into the store. */
  async addUpper(upper: string, signal?: AbortSignal): Promise<Layer> {
    const digester = new Digester();
    for await (const chunk of this.#files.packTar({
      root: upper,
      layer: true,
      ...(signal ? { signal } : {}),
    })) {
      digester.update(chunk);
    }
    const size = digester.size;
    return await this.#keep(upper, digester.digest(), size);
  }

  /** The layer's uncompressed tar, created from its directory: the bytes whose digest is the diffID of `addUpper`. */
  pack(layer: Layer): Readable {
    return this.#files.packTar({ root: join(this.root, layer.directory), layer: true });
  }

  /** Creates a layer from another one's files, with their times limited to `latest`, in seconds since 1970. */
  async addClamped(layer: Layer, latest: number, signal: AbortSignal): Promise<Layer> {
    const tar = this.#files.packTar({ root: join(this.root, layer.directory), layer: true, latest, signal });
    return await this.addTar(tar, { signal });
  }

  recordBlob(diffId: Digest, blob: LayerBlob): void {
    this.#db.run(
      'UPDATE layers SET blob_digest = ?, blob_size = ?, blob_media_type = ? WHERE diff_id = ?',
      blob.digest,
      blob.size,
      blob.mediaType,
      diffId,
    );
  }

  async temporaryDirectory(): Promise<string> {
    const directory = join(this.root, `tmp-${randomBytes(6).toString('hex')}`);
    await mkdir(directory, { mode: 0o755 });
    return directory;
  }

  async #keep(
    directory: string,
    diffId: Digest,
    size: number,
    blobOf?: () => Promise<LayerBlob>,
  ): Promise<Layer> {
    const known = this.get(diffId);
    if (known) {
      await this.#files.removeTree(directory);
      return known;
    }
    const name = hexOf(diffId).slice(0, DIRECTORY_NAME_LENGTH);
    const other = this.#db.get<LayerRow>('SELECT * FROM layers WHERE directory = ?', name);
    if (other) throw systemError(`layers ${other.diff_id} and ${diffId} have the same directory ${name}`);
    const blob = await blobOf?.();
    await moveInto(this.#files, directory, join(this.root, name));
    this.#db.run(
      'INSERT OR IGNORE INTO layers (diff_id, directory, size, blob_digest, blob_size, blob_media_type) VALUES (?, ?, ?, ?, ?, ?)',
      diffId,
      name,
      size,
      blob?.digest ?? null,
      blob?.size ?? null,
      blob?.mediaType ?? null,
    );
    return this.need(diffId);
  }

  /** Removes the record of a layer's compressed form. */
  forgetBlob(diffId: Digest): void {
    this.#db.run(
      'UPDATE layers SET blob_digest = NULL, blob_size = NULL, blob_media_type = NULL WHERE diff_id = ?',
      diffId,
    );
  }

  /** Unpacks a layer whose directory is lost again. @throws BargeError data-loss for a tar with another digest. */
  async restore(layer: Layer, tar: Readable): Promise<void> {
    const seen = seenTar(tar);
    const directory = await this.temporaryDirectory();
    try {
      await this.#unpack(directory, seen, { expected: layer.diffId });
      await moveInto(this.#files, directory, join(this.root, layer.directory));
    } catch (error) {
      await this.#files.removeTree(directory);
      throw error;
    }
  }

  /** The layer with this blob. */
  byBlob(digest: Digest): Layer | undefined {
    const row = this.#db.get<LayerRow>('SELECT * FROM layers WHERE blob_digest = ?', digest);
    return row && toLayer(row);
  }

  all(): Layer[] {
    return this.#db.all<LayerRow>('SELECT * FROM layers').map(toLayer);
  }

  /**
   * Removes every layer that no image has, that is not leased and not in `keep`. @returns bytes freed.
   * Row, directory and blob are removed from their names in one turn of the event loop, so that an operation that recreates
   * the layer meanwhile finds all three free.
   */
  async collectGarbage(
    keep: ReadonlySet<string>,
    discardBlob: (digest: Digest) => Promise<void>,
  ): Promise<number> {
    const unused = this.#db
      .all<LayerRow>('SELECT * FROM layers WHERE diff_id NOT IN (SELECT diff_id FROM image_layers)')
      .filter((row) => !keep.has(row.diff_id) && !this.#leases.has(row.diff_id))
      .map(toLayer);
    const removals = unused.map((layer) => this.discard(layer, discardBlob));
    await Promise.all(removals);
    return unused.reduce((freed, { size }) => freed + size, 0);
  }

  /** Removes a layer's row at once, then its files. The next start removes the leftovers of a crash in between. */
  async discard(layer: Layer, discardBlob: (digest: Digest) => Promise<void>): Promise<void> {
    this.#db.run('DELETE FROM layers WHERE diff_id = ?', layer.diffId);
    const doomed = join(this.root, `tmp-${randomBytes(6).toString('hex')}`);
    moveAway(join(this.root, layer.directory), doomed);
    const blob = layer.blob ? discardBlob(layer.blob.digest) : undefined;
    await Promise.all([this.#files.removeTree(doomed), blob]);
  }
}

/** A tar stream and the digest of the bytes that have passed. */
interface SeenTar {
  readonly stream: Readable;
  readonly digester: Digester;
}

/** To be called before waiting for anything: a stream can fail at any time, and reports it only once. */
function seenTar(tar: Readable): SeenTar {
  const digester = new Digester();
  const stream = failsElsewhere(
    new Transform({
      highWaterMark: 1 << 20,
      transform(chunk, _encoding, done) {
        digester.update(chunk);
        done(null, chunk);
      },
    }),
  );
  if (tar.errored) stream.destroy(tar.errored);
  tar.on('error', (error) => stream.destroy(error));
  return { stream: tar.pipe(stream), digester };
}

function moveAway(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/** Another operation may have unpacked the same layer first: its directory is equivalent. */
async function moveInto(files: LayerHost['files'], from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
    await files.removeTree(from);
  }
}

function toLayer(row: LayerRow): Layer {
  const { blob_digest: digest, blob_size: size, blob_media_type: mediaType } = row;
  const blob = digest && size !== null && mediaType ? { blob: { digest, size, mediaType } } : {};
  return { diffId: row.diff_id, directory: row.directory, size: row.size, ...blob };
}
