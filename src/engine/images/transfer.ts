import { notFound } from '../../core/errors.ts';
import {
  canonicalName,
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
import { RemoteRepository } from '../../image/remote/remote-repository.ts';
import type { AuthConfig } from '../../spec/engine.ts';
import type { ImageContext } from './context.ts';

export interface TransferOptions {
  readonly auth?: AuthConfig;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

function remoteFor(ctx: ImageContext, reference: Reference, options: TransferOptions): RemoteRepository {
  return new RemoteRepository(reference, {
    auth: options.auth,
    insecure: ctx.registries.insecure.includes(reference.domain),
    signal: options.signal,
    userAgent: 'barge',
    proxyEnv: process.env,
  });
}

/** @param word `name[:tag][@digest]`. */
export async function pull(
  ctx: ImageContext,
  word: string,
  options: TransferOptions & { readonly platform?: string },
): Promise<Image> {
  const reference = withDefaultTag(parseReference(word));
  using remote = remoteFor(ctx, reference, options);
  const image = await pullImage(ctx, remote, reference, {
    onProgress: options.onProgress,
    signal: options.signal,
    ...(options.platform ? { platform: parsePlatform(options.platform) } : {}),
  });
  ctx.events.emit('image', 'pull', familiarString(reference), { name: familiarString(reference) });
  return image;
}

/** Every tag of a repository. */
export async function pullAll(ctx: ImageContext, name: string, options: TransferOptions): Promise<void> {
  const reference = parseReference(name);
  using remote = remoteFor(ctx, reference, options);
  for (const tag of await remote.tags()) await pull(ctx, familiarString({ ...reference, tag }), options);
}

/** @param tag undefined: every tag of the repository that the store has. */
export async function push(
  ctx: ImageContext,
  name: string,
  tag: string | undefined,
  options: TransferOptions,
): Promise<void> {
  const repository = parseReference(name);
  const references = tag ? [{ ...repository, tag }] : localTags(ctx, repository);
  for (const reference of references) {
    const id = ctx.images.resolve(reference);
    if (!id) throw notFound(`tag does not exist: ${familiarString(reference)}`);
    using remote = remoteFor(ctx, reference, options);
    await pushImage(ctx, remote, ctx.images.need(id), reference, options);
    ctx.events.emit('image', 'push', familiarString(reference), { name: familiarString(reference) });
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

/** Tries credentials. @returns what `POST /auth` answers. */
export async function login(
  ctx: ImageContext,
  auth: AuthConfig,
  signal: AbortSignal,
): Promise<{ Status: string; IdentityToken: string }> {
  const address = auth.serveraddress || 'https://index.docker.io/v1/';
  const host = address.replace(/^https?:\/\//, '').split('/')[0] ?? '';
  const { identityToken } = await checkLogin(address, auth, {
    insecure: ctx.registries.insecure.includes(host),
    signal,
    proxyEnv: process.env,
  });
  return { Status: 'Login Succeeded', IdentityToken: identityToken ?? '' };
}
