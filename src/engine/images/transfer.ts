import type { AuthConfig } from '../../api/engine/system.ts';
import type { Platform } from '../../api/oci-image.ts';
import { isKind, messageOf, notFound, systemError } from '../../core/errors.ts';
import {
  canonicalName,
  DEFAULT_DOMAIN,
  familiarString,
  parseReference,
  type Reference,
  withDefaultTag,
} from '../../core/reference.ts';
import type { Image } from '../../image/images.ts';
import { parsePlatform } from '../../image/platform.ts';
import type { OnProgress } from '../../image/progress.ts';
import { pullImage } from '../../image/pull.ts';
import { pushImage } from '../../image/push.ts';
import { checkLogin } from '../../image/remote/check-login.ts';
import { domainOfServerAddress } from '../../image/remote/endpoint.ts';
import type { RemoteOptions } from '../../image/remote/remote-options.ts';
import { RemoteRepository } from '../../image/remote/remote-repository.ts';
import type { ImageContext } from './context.ts';
import { emitImage } from './emit.ts';
import { imageFor } from './platforms.ts';
import { remoteOptions } from './registries.ts';

export interface TransferOptions {
  readonly auth?: AuthConfig;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

export async function remoteFor(
  ctx: ImageContext,
  reference: Reference,
  options: TransferOptions,
  more: Partial<RemoteOptions> = {},
): Promise<RemoteRepository> {
  const usual = await remoteOptions(ctx.registries, reference.domain, options);
  return new RemoteRepository(reference, { ...usual, ...more });
}

/** @param ref `name[:tag][@digest]`. */
export async function pull(
  ctx: ImageContext,
  ref: string,
  options: TransferOptions & { readonly platform?: string; readonly keepTag?: boolean },
): Promise<Image> {
  const reference = withDefaultTag(parseReference(ref));
  const platform = options.platform ? { platform: parsePlatform(options.platform) } : {};
  const image = await fromFirst(ctx, reference, options, (remote) =>
    pullImage(ctx, remote, reference, {
      onProgress: options.onProgress,
      signal: options.signal,
      keepTag: options.keepTag ?? false,
      ...platform,
    }),
  ).catch(throwAsDocker);
  emitImage(ctx, image, 'pull', familiarString(reference), familiarString(reference));
  return image;
}

/** In docker, an unreachable registry is an internal error (500), not an unavailable service (503). */
function throwAsDocker(error: unknown): never {
  throw isKind(error, 'unavailable') ? systemError(messageOf(error), { cause: error }) : error;
}

/** Tries the mirrors of Docker Hub first, in order; any failure moves on to the next. */
export async function fromFirst<T>(
  ctx: ImageContext,
  reference: Reference,
  options: TransferOptions,
  action: (remote: RemoteRepository) => Promise<T>,
): Promise<T> {
  const mirrors = reference.domain === DEFAULT_DOMAIN ? ctx.registries.mirrors : [];
  for (const address of mirrors) {
    const mirror = new URL(address);
    const { auth: _, ...rest } = await remoteOptions(ctx.registries, mirror.host, options);
    using remote = new RemoteRepository(reference, { ...rest, mirror });
    try {
      return await action(remote);
    } catch (error) {
      if (options.signal.aborted) throw error;
      ctx.warn('the mirror did not provide the image', { mirror: address, error: messageOf(error) });
    }
  }
  using remote = await remoteFor(ctx, reference, options);
  return await action(remote);
}

/** Every tag of a repository. */
export async function pullAll(ctx: ImageContext, name: string, options: TransferOptions): Promise<void> {
  const reference = parseReference(name);
  const tags = await fromFirst(ctx, reference, options, (remote) => remote.tags());
  for (const tag of tags) await pull(ctx, familiarString({ ...reference, tag }), options);
}

/** @param tag undefined: every tag of the repository that the store has. */
export async function push(
  ctx: ImageContext,
  name: string,
  tag: string | undefined,
  options: TransferOptions & { readonly platform?: Platform },
): Promise<void> {
  const repository = parseReference(name);
  const references = tag ? [{ ...repository, tag }] : localTags(ctx, repository);
  for (const reference of references) {
    const id = ctx.images.resolve(reference);
    if (!id) throw notFound(`tag does not exist: ${familiarString(reference)}`);
    const wanted = options.platform ? [options.platform] : [];
    const image = imageFor(ctx, familiarString(reference), wanted, ctx.images.need(id));
    using remote = await remoteFor(ctx, reference, options);
    const alone = options.platform !== undefined;
    await pushImage(ctx, remote, image, reference, { ...options, alone }).catch(throwAsDocker);
    emitImage(ctx, image, 'push', familiarString(reference), familiarString(reference));
  }
}

function localTags(ctx: ImageContext, repository: Reference): Reference[] {
  const name = canonicalName(repository);
  const found = [...ctx.images.allNames().values()]
    .flatMap(({ tags }) => tags)
    .map(parseReference)
    .filter((reference) => canonicalName(reference) === name);
  if (found.length === 0)
    throw notFound(`An image does not exist locally with the tag: ${familiarString(repository)}`);
  return found;
}

/** Checks credentials. @returns the response to `POST /auth`. */
export async function login(
  ctx: ImageContext,
  auth: AuthConfig,
  signal: AbortSignal,
): Promise<{ Status: string; IdentityToken: string }> {
  const address = auth.serveraddress || 'https://index.docker.io/v1/';
  const { auth: _, ...remote } = await remoteOptions(ctx.registries, domainOfServerAddress(address), {
    signal,
  });
  const { identityToken } = await checkLogin(address, auth, remote);
  return { Status: 'Login Succeeded', IdentityToken: identityToken ?? '' };
}
