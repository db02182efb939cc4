import { Readable } from 'node:stream';
import { MEDIA_TYPE } from '../../api/oci-image.ts';
import { algorithmOf, type Digest, Digester, isDigest } from '../../core/digest.ts';
import { dataLoss, invalidParameter, isKind } from '../../core/errors.ts';
import { failsElsewhere } from '../../core/streams.ts';
import { type Compression, detectCompression } from '../compression.ts';
import { type LayerLease, LOCAL_LAYER_TYPE } from '../layers.ts';
import { byteProgress, type OnProgress } from '../progress.ts';
import { type LayerStores, takeLayer } from '../take-layer.ts';
import { type ArchiveFile, archiveEntries, nameInside } from './archive-entries.ts';

/** Maximum bytes of a manifest, an index or a configuration, and of all of them together. */
const MAX_DOCUMENT = 8 << 20;
const MAX_DOCUMENTS = 64 << 20;
const MAX_LINKS = 16;

/** A file that was read as a layer: the layer, or the reason why it is not one. */
type TakenLayer = { readonly diffId: Digest } | { readonly failure: unknown };

interface IntakeOptions {
  readonly lease: LayerLease;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

/**
 * The contents of an archive of images, read in one pass: small documents are kept in memory, layers go into the store at
 * once, as they precede the documents that name them.
 */
export class ArchiveContents {
  readonly #documents = new Map<string, Buffer>();
  readonly #layers = new Map<string, TakenLayer>();
  readonly #links = new Map<string, string>();
  /** Sizes of files that are named like documents but are too large. */
  readonly #oversized = new Map<string, number>();
  #size = 0;

  /**
   * @throws BargeError invalid-parameter for a hostile or broken archive, data-loss for a blob that does not match
   *   its name; the host's failures. Earlier layers remain in the store until they are collected.
   */
  static async read(stores: LayerStores, tar: Readable, options: IntakeOptions): Promise<ArchiveContents> {
    const contents = new ArchiveContents();
    for await (const entry of archiveEntries(tar)) {
      options.signal.throwIfAborted();
      if ('target' in entry) contents.#links.set(entry.name, entry.target);
      else await contents.#take(stores, entry, options);
    }
    return contents;
  }

  /** A file of the archive, with links resolved. @throws BargeError invalid-parameter for a file that is too large. */
  document(path: string): Buffer | undefined {
    const name = this.#resolve(path);
    const size = this.#oversized.get(name);
    if (size === undefined) return this.#documents.get(name);
    throw invalidParameter(`"${path}" of the archive has ${size} bytes: at most ${MAX_DOCUMENT} are allowed`);
  }

  /** A document of an OCI layout. */
  blob(digest: Digest): Buffer | undefined {
    return this.document(blobPath(digest));
  }

  /** @throws BargeError invalid-parameter when the archive does not have it, or it is not a layer. */
  layer(path: string): Digest {
    const taken = this.#layers.get(this.#resolve(path));
    if (!taken) throw invalidParameter(`the archive does not have the layer "${path}"`);
    if ('failure' in taken) throw taken.failure;
    return taken.diffId;
  }

  layerBlob(digest: Digest): Digest {
    return this.layer(blobPath(digest));
  }

  #resolve(path: string): string {
    let name = nameInside(path, path);
    for (let i = 0; i < MAX_LINKS; i++) {
      const target = this.#links.get(name) ?? this.#throughDirectory(name);
      if (target === undefined) return name;
      name = target;
    }
    throw invalidParameter(`"${path}" is a link that leads nowhere`);
  }

  /** Older tools create links to whole directories. */
  #throughDirectory(name: string): string | undefined {
    const slash = name.indexOf('/');
    const target = slash > 0 ? this.#links.get(name.slice(0, slash)) : undefined;
    return target === undefined ? undefined : `${target}${name.slice(slash)}`;
  }

  async #take(stores: LayerStores, file: ArchiveFile, options: IntakeOptions): Promise<void> {
    const expected = digestInName(file.name);
    if (file.size > MAX_DOCUMENT && file.name.endsWith('.json')) {
      this.#oversized.set(file.name, file.size);
      return;
    }
    const { head, whole } = await withHead(file.content);
    if (!isDocument(file, head)) {
      this.#layers.set(file.name, await takeFile(stores, { file, head, whole, expected }, options));
      return;
    }
    const bytes = await this.#readDocument(file, whole);
    if (expected) await verify(file.name, [bytes], expected);
    this.#documents.set(file.name, bytes);
  }

  async #readDocument(file: ArchiveFile, pieces: AsyncIterable<Buffer>): Promise<Buffer> {
    this.#size += file.size;
    if (this.#size > MAX_DOCUMENTS) {
      throw invalidParameter(`the archive has more than ${MAX_DOCUMENTS} bytes of manifests and the like`);
    }
    const parts: Buffer[] = [];
    for await (const piece of pieces) parts.push(piece);
    return Buffer.concat(parts);
  }
}

export const blobPath = (digest: Digest) => `blobs/${digest.replace(':', '/')}`;

function digestInName(name: string): Digest | undefined {
  const text = name.startsWith('blobs/') ? name.slice('blobs/'.length).replace('/', ':') : '';
  return isDigest(text) ? text : undefined;
}

const HEAD = 512;

/** JSON contains no zero bytes, and the first block of every tar does. */
function isDocument({ name, size }: ArchiveFile, head: Buffer): boolean {
  if (size > MAX_DOCUMENT || name.endsWith('.tar')) return false;
  return detectCompression(head) === 'none' && !head.includes(0);
}

/** The first bytes of a stream, and the whole stream including them. */
async function withHead(stream: AsyncIterable<Buffer>) {
  const pieces = stream[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  for (let next = await pieces.next(); !next.done; next = await pieces.next()) {
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
    if (head.length >= HEAD) break;
  }
  return { head: head.subarray(0, HEAD), whole: chained(head, pieces) };
}

async function* chained(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

interface LayerFile {
  readonly file: ArchiveFile;
  readonly head: Buffer;
  readonly whole: AsyncIterable<Buffer>;
  readonly expected: Digest | undefined;
}

/** A file that is not a layer may not be needed by any image of the archive: it is an error only when one needs it. */
async function takeFile(stores: LayerStores, layer: LayerFile, options: IntakeOptions): Promise<TakenLayer> {
  const { expected } = layer;
  const known = expected && (stores.layers.get(expected) ?? stores.layers.byBlob(expected));
  if (known) {
    options.lease.add(known.diffId);
    await verify(layer.file.name, layer.whole, expected);
    return { diffId: known.diffId };
  }
  try {
    return { diffId: await unpack(stores, layer, options) };
  } catch (failure) {
    if (!isKind(failure, 'invalid-parameter')) throw failure;
    return { failure };
  }
}

async function verify(
  name: string,
  pieces: AsyncIterable<Buffer> | Iterable<Buffer>,
  expected: Digest,
): Promise<void> {
  const digester = new Digester(algorithmOf(expected));
  for await (const piece of pieces) digester.update(piece);
  const actual = digester.digest();
  if (actual !== expected) throw dataLoss(`"${name}" does not have the digest in its name: ${actual}`);
}

const MEDIA_TYPES: Readonly<Record<Compression, string>> = {
  none: LOCAL_LAYER_TYPE,
  gzip: MEDIA_TYPE.ociLayerGzip,
  zstd: MEDIA_TYPE.ociLayerZstd,
  xz: LOCAL_LAYER_TYPE,
  bzip2: LOCAL_LAYER_TYPE,
};

/** A compressed layer is stored unchanged. */
async function unpack(
  stores: LayerStores,
  { file, head, whole, expected }: LayerFile,
  { lease, onProgress, signal }: IntakeOptions,
): Promise<Digest> {
  const compression = detectCompression(head);
  const id = (expected?.slice(expected.indexOf(':') + 1) ?? file.name).slice(0, 12);
  const progress = byteProgress(onProgress, 'Loading layer', id, file.size);
  const isPlain = compression === 'none';
  const source = failsElsewhere(
    Readable.from(counting(whole, progress), { objectMode: false, highWaterMark: 1 << 20 }),
  );
  const layer = await takeLayer(stores, source, {
    compress: isPlain,
    blob: expected && !isPlain ? { digest: expected, size: file.size } : {},
    mediaType: MEDIA_TYPES[compression],
    ...(expected && isPlain && expected.startsWith('sha256:') ? { diffId: expected } : {}),
    lease,
    count: () => {},
    signal,
  });
  return layer.diffId;
}

async function* counting(pieces: AsyncIterable<Buffer>, count: (bytes: number) => void) {
  for await (const piece of pieces) {
    count(piece.length);
    yield piece;
  }
}
