import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { algorithmOf, type Digest, Digester } from '../../core/digest.ts';
import { errnoOf, messageOf } from '../../core/errors.ts';
import type { Files } from '../../host/files.ts';
import type { Layer } from '../../image/layers.ts';
import { plainLayer } from '../../image/packed-layer.ts';
import type { LayerStores } from '../../image/take-layer.ts';

/** Something that is not as the database says, or that it does not know. */
export interface Problem {
  /** What is wrong, in a word or two: `missing layer`, `orphan blob`, … */
  readonly kind: string;
  /** Whose: a digest, an id or a path. */
  readonly object: string;
  /** A sentence for whoever reads the report. */
  readonly detail: string;
  /** Makes it good; undefined: nobody can. @throws whatever keeps it from being made good. */
  readonly repair?: () => Promise<void>;
}

/** The stores, and the part of the host that looks into them. */
export type CheckedStores = LayerStores & {
  readonly host: { readonly files: Pick<Files, 'packTar' | 'unpackTar' | 'removeTree'> };
};

/** Layers against their directories and blobs. @param deep whether content is read and hashed. */
export async function* layerProblems(
  stores: CheckedStores,
  deep: boolean,
  signal: AbortSignal,
): AsyncGenerator<Problem> {
  for (const { diffId } of stores.layers.all()) {
    signal.throwIfAborted();
    using _lease = stores.layers.lease([diffId]);
    const layer = stores.layers.get(diffId);
    if (!layer) continue; /* collected since */
    const blob = await blobProblem(stores, layer, deep);
    if (blob) yield blob;
    const directory = await directoryProblem(stores, layer, deep, signal);
    if (directory) yield directory;
  }
  yield* orphanDirectories(stores);
  for (const digest of await orphanBlobs(stores)) {
    yield {
      kind: 'orphan blob',
      object: digest,
      detail: 'no layer has this blob',
      /* It may have been given to a layer since. */
      repair: async () => {
        if (isOrphan(stores, digest)) await stores.blobs.remove(digest);
      },
    };
  }
}

async function blobProblem(stores: CheckedStores, layer: Layer, deep: boolean): Promise<Problem | undefined> {
  const { blob, diffId } = layer;
  if (!blob) return undefined;
  const size = await stores.blobs.size(blob.digest);
  const found = size === undefined ? 'missing' : size !== blob.size ? `${size} bytes long` : undefined;
  const detail = found ?? (deep ? await hashProblem(stores, blob.digest) : undefined);
  if (!detail) return undefined;
  return {
    kind: 'broken blob',
    object: blob.digest,
    detail: `the compressed form of layer ${diffId} is ${detail}`,
    repair: async () => {
      stores.layers.forgetBlob(diffId);
      await stores.blobs.remove(blob.digest);
    },
  };
}

async function hashProblem({ blobs }: LayerStores, digest: Digest): Promise<string | undefined> {
  const digester = new Digester(algorithmOf(digest));
  for await (const chunk of blobs.stream(digest)) digester.update(chunk);
  const actual = digester.digest();
  return actual === digest ? undefined : `other content: it has digest ${actual}`;
}

async function directoryProblem(
  stores: CheckedStores,
  layer: Layer,
  deep: boolean,
  signal: AbortSignal,
): Promise<Problem | undefined> {
  const path = join(stores.layers.root, layer.directory);
  const restorable = layer.blob !== undefined && (await stores.blobs.has(layer.blob.digest));
  const detail = (await isThere(path))
    ? deep && (await contentProblem(stores, layer, restorable, signal))
    : `its directory ${path} is missing`;
  if (!detail) return undefined;
  return {
    kind: 'broken layer',
    object: layer.diffId,
    detail,
    ...(restorable ? { repair: () => restore(stores, layer, path) } : {}),
  };
}

async function restore(stores: CheckedStores, layer: Layer, path: string): Promise<void> {
  await stores.host.files.removeTree(path);
  await stores.layers.restore(layer, await plainLayer(stores, layer));
}

/** Packs the directory, and what the blob unpacks to: the same files give the same tar. */
async function contentProblem(
  stores: CheckedStores,
  layer: Layer,
  hasBlob: boolean,
  signal: AbortSignal,
): Promise<string | undefined> {
  const actual = await digestOfDirectory(
    stores.host.files,
    join(stores.layers.root, layer.directory),
    signal,
  );
  if (actual === layer.diffId) return undefined;
  if (!hasBlob)
    return `its files give ${actual}, and there is no compressed form to make it of: pull, load or build its image again`;
  const directory = await stores.layers.temporaryDirectory();
  try {
    await stores.host.files.unpackTar({
      root: directory,
      tar: await plainLayer(stores, layer),
      layer: true,
      signal,
    });
    const wanted = await digestOfDirectory(stores.host.files, directory, signal);
    return wanted === actual ? undefined : 'its files are not those of its compressed form';
  } catch (error) {
    return `its compressed form cannot be read: ${messageOf(error)}`;
  } finally {
    await stores.host.files.removeTree(directory);
  }
}

async function digestOfDirectory(
  files: Pick<Files, 'packTar'>,
  root: string,
  signal: AbortSignal,
): Promise<Digest> {
  const digester = new Digester();
  for await (const chunk of files.packTar({ root, layer: true, signal })) digester.update(chunk);
  return digester.digest();
}

async function* orphanDirectories(stores: CheckedStores): AsyncGenerator<Problem> {
  const { layers, host } = stores;
  const names = await readdir(layers.root);
  await setImmediate(); /* whoever has just made one has a row for it now */
  const known = new Set(layers.all().map(({ directory }) => directory));
  /* In the same turn: a layer that is collected leaves its row and its name together. */
  const orphans = names
    .filter((name) => !known.has(name) && !name.startsWith('tmp-'))
    .map((name) => join(layers.root, name))
    .filter((path) => existsSync(path));
  for (const path of orphans) {
    yield {
      kind: 'orphan layer',
      object: path,
      detail: 'no layer has this directory',
      repair: () => host.files.removeTree(path),
    };
  }
}

/** Blobs that belong to no layer, and that nobody is just about to give to one. */
export async function orphanBlobs({ layers, blobs }: LayerStores): Promise<Digest[]> {
  const found: Digest[] = [];
  for await (const digest of blobs.digests()) found.push(digest);
  await setImmediate();
  return found.filter((digest) => isOrphan({ layers, blobs }, digest));
}

/** Looked at in one turn, for a layer that is collected leaves its row and its blob's name together. */
function isOrphan({ layers, blobs }: LayerStores, digest: Digest): boolean {
  return !blobs.isFresh(digest) && !layers.byBlob(digest) && existsSync(blobs.path(digest));
}

export async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
