import { isKind, unauthorized } from '../../core/errors.ts';
import { parseReference, withDefaultTag } from '../../core/reference.ts';
import { fetchConfig, parseManifest } from '../../image/pull.ts';
import type { RemoteRepository } from '../../image/remote/remote-repository.ts';
import {
  type Descriptor,
  type ImageConfig,
  type ImageIndex,
  isIndexType,
  type Platform,
} from '../../spec/oci-image.ts';
import type { ImageContext } from './context.ts';
import { fromFirst, type TransferOptions } from './transfer.ts';

export interface Distribution {
  readonly Descriptor: Descriptor;
  readonly Platforms: readonly Platform[];
}

/** What a registry has under a name. @throws BargeError unauthorized: the registry does not have it, or does not say. */
export async function inspectDistribution(
  ctx: ImageContext,
  word: string,
  options: Omit<TransferOptions, 'onProgress'>,
): Promise<Distribution> {
  const reference = withDefaultTag(parseReference(word));
  try {
    return await fromFirst(ctx, reference, { ...options, onProgress: () => {} }, async (remote) => {
      const { descriptor, bytes } = await remote.manifest(reference.digest ?? reference.tag ?? '');
      return { Descriptor: descriptor, Platforms: await platformsIn(remote, descriptor, bytes) };
    });
  } catch (error) {
    if (isKind(error, 'not-found')) throw unauthorized(error.message, { cause: error });
    throw error;
  }
}

async function platformsIn(
  remote: RemoteRepository,
  { mediaType }: Descriptor,
  bytes: Uint8Array,
): Promise<Platform[]> {
  if (isIndexType(mediaType)) {
    const { manifests } = JSON.parse(Buffer.from(bytes).toString()) as ImageIndex;
    return manifests.flatMap(({ platform }) => platform ?? []);
  }
  const config = await fetchConfig(remote, parseManifest(bytes).config);
  const { os, architecture, variant } = JSON.parse(config.toString()) as ImageConfig;
  return [{ os, architecture, ...(variant ? { variant } : {}) }];
}
