import { type Descriptor, isIndexType, type Platform } from '../../api/oci-image.ts';
import { isKind, unauthorized } from '../../core/errors.ts';
import { parseReference, withDefaultTag } from '../../core/reference.ts';
import { parseIndex, parseManifest } from '../../image/documents.ts';
import { fetchConfig } from '../../image/fetch-config.ts';
import { readConfig } from '../../image/read-config.ts';
import type { RemoteRepository } from '../../image/remote/remote-repository.ts';
import type { ImageContext } from './context.ts';
import { fromFirst, type TransferOptions } from './transfer.ts';

interface Distribution {
  readonly Descriptor: Descriptor;
  readonly Platforms: readonly Platform[];
}

/** Describes an image of a registry. @throws BargeError unauthorized: the image does not exist, or access is denied. */
export async function inspectDistribution(
  ctx: ImageContext,
  ref: string,
  options: Omit<TransferOptions, 'onProgress'>,
): Promise<Distribution> {
  const reference = withDefaultTag(parseReference(ref));
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
    return parseIndex(bytes).manifests.flatMap(({ platform }) => platform ?? []);
  }
  const config = await fetchConfig(remote, parseManifest(bytes).config);
  const { os, architecture, variant } = readConfig(config);
  return [{ os, architecture, ...(variant ? { variant } : {}) }];
}
