import { Readable, type Writable } from 'node:stream';
import { type Pack, pack } from 'tar-stream';
import {
  type Descriptor,
  type ImageConfig,
  type ImageIndex,
  type ImageManifest,
  isIndexType,
  MEDIA_TYPE,
  type Platform,
} from '../../api/oci-image.ts';
import { type Digest, Digester, digestOf, hexOf } from '../../core/digest.ts';
import { cancelled, dataLoss } from '../../core/errors.ts';
import { heapRoom } from '../../core/heap-room.ts';
import { canonicalName, familiarName, familiarString, type Reference } from '../../core/reference.ts';
import { drained, failsElsewhere } from '../../core/streams.ts';
import type { Bundle } from '../bundle.ts';
import type { Image } from '../images.ts';
import type { Layer, LayerBlob } from '../layers.ts';
import { compressedBlob, plainLayer } from '../packed-layer.ts';
import { assertSame } from '../push-bundle.ts';
import type { LayerStores } from '../take-layer.ts';
import { blobPath } from './archive-contents.ts';

const BUFFER_SIZE = 1 << 20;

/** An image and the names that it gets when it is loaded. */
export interface SavedImage {
  readonly image: Image;
  /** Tagged names. */
  readonly names: readonly Reference[];
  /** What those tags stand for besides the image: its layers are then saved compressed, as its manifests name them. */
  readonly bundle?: Bundle;
}

/**
 * An archive that is both an OCI image layout and docker's classic format: blobs, `index.json`,
 * `manifest.json` and `repositories`. Layers are plain tars, each stored once. The same images result in the same bytes.
 * The stream fails with data-loss when a layer has changed.
 */
export function saveImages(
  stores: LayerStores,
  images: readonly SavedImage[],
  signal: AbortSignal,
): Readable {
  const archive = failsElsewhere(pack({ highWaterMark: BUFFER_SIZE } as object));
  const all = images.flatMap(({ image, bundle }) => [
    image,
    ...(bundle?.images ?? []).map((one) => one.image),
  ]);
  const lease = stores.layers.lease(all.flatMap(({ config }) => config.rootfs.diff_ids));
  const stop = () => archive.destroy(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  const output = failsElsewhere(Readable.from(archive, { objectMode: false, highWaterMark: BUFFER_SIZE }));
  void writeAll(stores, images, archive)
    .then(() => archive.finalize())
    .catch((error) => output.destroy(error))
    .finally(() => {
      lease[Symbol.dispose]();
      signal.removeEventListener('abort', stop);
    });
  return output;
}

async function writeAll(stores: LayerStores, images: readonly SavedImage[], archive: Pack): Promise<void> {
  const written = new Set<Digest>();
  const index: Descriptor[] = [];
  const entries: object[] = [];
  for (const saved of images) {
    const { image, names, bundle } = saved;
    if (bundle) {
      const layers = await writeBundle(stores, archive, bundle, written);
      index.push(...named(topDescriptor(bundle), names));
      entries.push(dockerEntry(saved, layers.get(image.id) ?? []));
      continue;
    }
    entries.push(dockerEntry(saved, image.config.rootfs.diff_ids));
    const layers = image.config.rootfs.diff_ids.map((diffId) => stores.layers.need(diffId));
    for (const layer of layers) {
      if (!written.has(layer.diffId)) await writeLayer(stores, archive, layer);
      written.add(layer.diffId);
    }
    const manifest = Buffer.from(JSON.stringify(manifestOf(image, layers)));
    for (const bytes of [image.configBytes, manifest]) {
      const digest = digestOf(bytes);
      if (!written.has(digest)) await writeFile(archive, blobPath(digest), bytes);
      written.add(digest);
    }
    index.push(...descriptors(image, manifest, names));
  }
  await writeFile(archive, 'index.json', json(indexOf(index)));
  await writeFile(archive, 'manifest.json', json(entries));
  await writeFile(archive, 'oci-layout', json({ imageLayoutVersion: '1.0.0' }));
  const repositories = repositoriesOf(images);
  if (Object.keys(repositories).length > 0) await writeFile(archive, 'repositories', json(repositories));
}

/** Everything that a tag stands for, layers packed. @returns digests of the packed layers, by image. */
async function writeBundle(
  stores: LayerStores,
  archive: Pack,
  { top, images, blobs, manifests }: Bundle,
  written: Set<Digest>,
): Promise<Map<Digest, Digest[]>> {
  const layers = new Map<Digest, Digest[]>();
  const writeOnce = async (digest: Digest, write: () => Promise<void>) => {
    if (!written.has(digest)) await write();
    written.add(digest);
  };
  for (const { image, manifest } of images) {
    const packed: LayerBlob[] = [];
    for (const diffId of image.config.rootfs.diff_ids)
      packed.push(await compressedBlob(stores, stores.layers.need(diffId)));
    assertSame({ image, manifest }, packed);
    for (const blob of packed) await writeOnce(blob.digest, () => writeBlob(stores, archive, blob));
    await writeOnce(image.id, () => writeFile(archive, blobPath(image.id), image.configBytes));
    layers.set(
      image.id,
      packed.map(({ digest }) => digest),
    );
  }
  const documents = [...images.map(({ manifest }) => manifest), ...blobs, ...manifests, top];
  for (const { digest, bytes } of documents)
    await writeOnce(digest, () => writeFile(archive, blobPath(digest), bytes));
  return layers;
}

async function writeBlob(stores: LayerStores, archive: Pack, { digest, size }: LayerBlob): Promise<void> {
  const entry = archive.entry({
    name: blobPath(digest),
    mode: 0o644,
    mtime: EPOCH,
    size,
  }) as unknown as Writable;
  failsElsewhere(entry);
  for await (const piece of stores.blobs.stream(digest) as AsyncIterable<Buffer>) await put(entry, piece);
  entry.end();
}

/** @throws BargeError cancelled when the archive's reader has disconnected. */
async function put(entry: Writable, piece: Buffer): Promise<void> {
  if (!entry.write(piece)) await drained(entry);
  if (entry.destroyed) throw cancelled('the archive is no longer being read');
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const EPOCH = new Date(0);

function writeFile(archive: Pack, name: string, content: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const entry = archive.entry({ name, mode: 0o644, mtime: EPOCH }, content, (error) =>
      error ? reject(error) : resolve(),
    );
    failsElsewhere(entry);
  });
}

async function writeLayer(stores: LayerStores, archive: Pack, layer: Layer): Promise<void> {
  using _room = heapRoom();
  const source = await plainLayer(stores, layer);
  const digester = new Digester();
  const entry = archive.entry({
    name: blobPath(layer.diffId),
    mode: 0o644,
    mtime: EPOCH,
    size: layer.size,
  }) as unknown as Writable;
  failsElsewhere(entry);
  for await (const piece of source as AsyncIterable<Buffer>) {
    digester.update(piece);
    await put(entry, piece);
  }
  entry.end();
  const actual = digester.digest();
  if (actual === layer.diffId) return;
  throw dataLoss(
    `the directory of layer ${layer.diffId} has changed on disk (its content is ${actual} now): build or pull its image again`,
  );
}

const configDescriptor = ({ id, configBytes }: Image): Descriptor => ({
  mediaType: MEDIA_TYPE.ociConfig,
  digest: id,
  size: configBytes.length,
});

function manifestOf(image: Image, layers: readonly Layer[]): ImageManifest {
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: configDescriptor(image),
    layers: layers.map(({ diffId, size }) => ({ mediaType: MEDIA_TYPE.ociLayer, digest: diffId, size })),
  };
}

/** One descriptor for each name, as a descriptor contains one name. */
function descriptors(image: Image, manifest: Buffer, names: readonly Reference[]): Descriptor[] {
  const descriptor: Descriptor = {
    mediaType: MEDIA_TYPE.ociManifest,
    digest: digestOf(manifest),
    size: manifest.length,
    platform: platformOf(image.config),
  };
  return named(descriptor, names);
}

function topDescriptor({ top, images }: Bundle): Descriptor {
  const descriptor = { mediaType: top.mediaType, digest: top.digest, size: top.bytes.length };
  const config = isIndexType(top.mediaType) ? undefined : images[0]?.image.config;
  return config ? { ...descriptor, platform: platformOf(config) } : descriptor;
}

const platformOf = ({ architecture, os, variant }: ImageConfig): Platform => ({
  architecture,
  os,
  ...(variant ? { variant } : {}),
});

function named(descriptor: Descriptor, names: readonly Reference[]): Descriptor[] {
  if (names.length === 0) return [descriptor];
  return names.map((name) => ({
    ...descriptor,
    annotations: {
      ...descriptor.annotations,
      'io.containerd.image.name': `${canonicalName(name)}:${name.tag}`,
      'org.opencontainers.image.ref.name': name.tag ?? '',
    },
  }));
}

const indexOf = (manifests: readonly Descriptor[]): ImageIndex => ({
  schemaVersion: 2,
  mediaType: MEDIA_TYPE.ociIndex,
  manifests,
});

function dockerEntry({ image, names }: SavedImage, layers: readonly Digest[]) {
  return {
    Config: blobPath(image.id),
    RepoTags: names.length > 0 ? names.map(familiarString) : null,
    Layers: layers.map(blobPath),
  };
}

/** Tags by repository, each with the digest of the image's last layer, as in docker's format. */
function repositoriesOf(images: readonly SavedImage[]): Record<string, Record<string, string>> {
  const repositories: Record<string, Record<string, string>> = {};
  for (const { image, names } of images) {
    const top = hexOf(image.config.rootfs.diff_ids.at(-1) ?? image.id);
    for (const name of names) {
      const tags = repositories[familiarName(name)] ?? {};
      tags[name.tag ?? ''] = top;
      repositories[familiarName(name)] = tags;
    }
  }
  return repositories;
}
