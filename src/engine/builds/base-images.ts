import type { AuthConfig } from '../../api/engine/system.ts';
import { type ImageIndex, isIndexType, type Platform } from '../../api/oci-image.ts';
import type { BaseImage, ResolveOptions } from '../../builder/worker.ts';
import type { Digest } from '../../core/digest.ts';
import { BargeError } from '../../core/errors.ts';
import { parseReference, withDefaultTag } from '../../core/reference.ts';
import { memberFor } from '../../image/bundle.ts';
import type { Image } from '../../image/images.ts';
import { choosePlatform, hostPlatform, isFor, parsePlatform } from '../../image/platform.ts';
import type { ImageContext } from '../images/context.ts';
import { isIdOf, referenceOf } from '../images/names.ts';
import { pull } from '../images/transfer.ts';

export type RegistryAuth = Readonly<Record<string, AuthConfig>>;

/** See `BuildWorker.resolveImage`. */
export async function resolveBase(
  ctx: ImageContext,
  auth: RegistryAuth,
  reference: string,
  options: ResolveOptions,
): Promise<BaseImage> {
  const image =
    (options.pull ? undefined : localBase(ctx, reference, options.platform)) ??
    (await pullBase(ctx, auth, reference, options));
  const digest = digestOfName(ctx, image, reference);
  const layers = image.config.rootfs.diff_ids;
  return { id: image.id, config: image.config, layers, ...(digest ? { digest } : {}) };
}

/** The stored image with this name, for the given platform or any. */
export function localBase(
  ctx: ImageContext,
  reference: string,
  platform: string | undefined,
): Image | undefined {
  try {
    const image = ctx.images.find(reference);
    return platform ? localFor(ctx, image, reference, parsePlatform(platform)) : image;
  } catch (error) {
    if (error instanceof BargeError && error.kind === 'not-found') return undefined;
    throw error;
  }
}

/** The client's credentials for a registry, under any of the registry's names. */
export function authFor(auth: RegistryAuth, domain: string): AuthConfig | undefined {
  return auth[domain] ?? auth[`https://${domain}`] ?? auth[`https://${domain}/v1/`];
}

async function pullBase(
  ctx: ImageContext,
  auths: RegistryAuth,
  reference: string,
  options: ResolveOptions,
): Promise<Image> {
  const { platform, signal, onProgress } = options;
  const auth = authFor(auths, withDefaultTag(parseReference(reference)).domain);
  /* An image for another platform does not take over the name of the local one. */
  const foreign = platform !== undefined && !isFor(hostPlatform(), parsePlatform(platform));
  return await pull(ctx, reference, {
    ...(auth ? { auth } : {}),
    ...(platform ? { platform } : {}),
    keepTag: foreign && localBase(ctx, reference, undefined) !== undefined,
    signal,
    onProgress,
  });
}

/** The image for a platform that a name stands for, or that belongs to the same index. */
function localFor(ctx: ImageContext, image: Image, ref: string, platform: Platform): Image | undefined {
  if (isFor(image.config, platform)) return image;
  const reference = isIdOf(image, ref) ? undefined : referenceOf(ref);
  const member = reference && memberFor(ctx.images, reference, platform);
  if (member) return member;
  for (const { mediaType, bytes } of ctx.images.manifests(image.id)) {
    if (!isIndexType(mediaType)) continue;
    const child = choosePlatform(JSON.parse(bytes.toString()) as ImageIndex, platform);
    const found = child && ctx.images.byManifest(child.digest);
    if (found) return found;
  }
  return undefined;
}

/** The digest of an image in the registry of a name. */
function digestOfName(ctx: ImageContext, image: Image, ref: string): Digest | undefined {
  const reference = referenceOf(ref);
  const names = ctx.images.names(image.id).digests.map(parseReference);
  return names.find(({ domain, path }) => domain === reference?.domain && path === reference.path)?.digest;
}
