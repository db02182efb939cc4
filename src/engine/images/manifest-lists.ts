import { Readable } from 'node:stream';
import {
  type Descriptor,
  type ImageConfig,
  isIndexType,
  isManifestType,
  type Platform,
} from '../../api/oci-image.ts';
import { invalidParameter } from '../../core/errors.ts';
import { familiarString, parseReference, type Reference, withDefaultTag } from '../../core/reference.ts';
import { failsElsewhere } from '../../core/streams.ts';
import { parseManifest } from '../../image/documents.ts';
import { fetchConfig } from '../../image/fetch-config.ts';
import type { RemoteRepository } from '../../image/remote/remote-repository.ts';
import type { ImageContext } from './context.ts';
import { remoteFor, type TransferOptions } from './transfer.ts';

export type ManifestOptions = Omit<TransferOptions, 'onProgress'> & { readonly insecure: boolean };

/** A registry's manifest with its exact bytes and its platform. */
interface RemoteManifest {
  readonly Descriptor: Descriptor;
  /** Base64. */
  readonly Raw: string;
}

/** @throws BargeError not-found, unauthorized, unavailable. */
export async function readManifest(
  ctx: ImageContext,
  ref: string,
  options: ManifestOptions,
): Promise<RemoteManifest> {
  const reference = withDefaultTag(parseReference(ref));
  using remote = await remoteOf(ctx, reference, options);
  const { descriptor, bytes } = await remote.manifest(reference.digest ?? reference.tag ?? '');
  const platform = isManifestType(descriptor.mediaType) ? await platformOf(remote, bytes) : undefined;
  return {
    Descriptor: { ...descriptor, ...(platform ? { platform } : {}) },
    Raw: Buffer.from(bytes).toString('base64'),
  };
}

const remoteOf = (ctx: ImageContext, reference: Reference, { insecure, ...options }: ManifestOptions) =>
  remoteFor(ctx, reference, { ...options, onProgress: () => {} }, insecure ? { insecure } : {});

async function platformOf(remote: RemoteRepository, bytes: Uint8Array): Promise<Platform | undefined> {
  const config: unknown = JSON.parse((await fetchConfig(remote, parseManifest(bytes).config)).toString());
  const { os, architecture, variant } = (config ?? {}) as Partial<ImageConfig>;
  if (!os || !architecture) return undefined;
  return { os, architecture, ...(variant ? { variant } : {}) };
}

/** A list to push: its bytes, and the current locations of the manifests that it names. */
export interface ManifestList {
  readonly MediaType: string;
  /** Base64. */
  readonly Raw: string;
  /** References by digest; manifests of other repositories are copied. */
  readonly Sources: readonly string[];
}

/** @returns the descriptor of the pushed list. @throws BargeError invalid-parameter for images of another registry. */
export async function pushManifestList(
  ctx: ImageContext,
  ref: string,
  list: ManifestList,
  options: ManifestOptions,
): Promise<Descriptor> {
  const target = withDefaultTag(parseReference(ref));
  if (!target.tag) throw invalidParameter(`cannot push ${ref}: a manifest list needs a tag`);
  if (!isIndexType(String(list?.MediaType)) || typeof list.Raw !== 'string' || !Array.isArray(list.Sources))
    throw invalidParameter('not a manifest list: want MediaType, Raw and Sources');
  const sources = list.Sources.map((source: unknown) => parseReference(String(source)));
  const foreign = sources.find(({ domain }) => domain !== target.domain);
  if (foreign) {
    throw invalidParameter(
      `cannot use source images from a different registry than the target image: ${foreign.domain} != ${target.domain}`,
    );
  }
  using remote = await remoteOf(ctx, target, options);
  for (const source of sources) await bringOver(ctx, remote, target, source, options);
  return await remote.putManifest(target.tag, list.MediaType, Buffer.from(list.Raw, 'base64'));
}

async function bringOver(
  ctx: ImageContext,
  to: RemoteRepository,
  target: Reference,
  source: Reference,
  options: ManifestOptions,
): Promise<void> {
  if (source.path === target.path) return;
  if (!source.digest) throw invalidParameter(`${familiarString(source)} has no digest`);
  using from = await remoteOf(ctx, source, options);
  const { descriptor, bytes } = await from.manifest(source.digest);
  const { config, layers } = parseManifest(bytes);
  for (const blob of [config, ...layers]) {
    await to.uploadBlob(blob, () => lazily(() => from.blob(blob)), { mountFrom: source.path });
  }
  await to.putManifest(descriptor.digest, descriptor.mediaType, bytes);
}

/** A blob that can be mounted is never read. */
function lazily(open: () => Promise<Readable>): Readable {
  return failsElsewhere(
    Readable.from(
      (async function* () {
        yield* await open();
      })(),
      { objectMode: false },
    ),
  );
}
