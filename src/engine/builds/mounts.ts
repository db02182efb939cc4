import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveInRoot } from '../../builder/copy/rooted.ts';
import type {
  BindMount,
  BuildMount,
  CacheMount,
  Layers,
  SecretMount,
  SshMount,
} from '../../builder/worker.ts';
import type { ResolvedMount } from '../../container/model.ts';
import { invalidParameter, notFound } from '../../core/errors.ts';
import { overlayOptions } from '../../host/files.ts';
import type { LayerStore } from '../../image/layers.ts';
import type { CacheDirectories } from './cache-directories.ts';
import { forwardAgent } from './ssh-agent.ts';

interface MountContext {
  readonly layers: LayerStore;
  readonly caches: CacheDirectories;
  /** Private to this step and removed with it; in memory where the exec root is. */
  readonly scratch: string;
  readonly signal: AbortSignal;
  /** Mounts layers at a directory of the host while `use` runs. */
  withRootfs<T>(layers: Layers, use: (path: string) => Promise<T>): Promise<T>;
}

/** A step's mounts in terms of the container that runs it. */
export interface StepMounts {
  readonly mounts: readonly ResolvedMount[];
  /** To be mounted before the runtime starts. */
  readonly overlays: readonly { readonly options: string; readonly target: string }[];
  /** Environment variables that the mounts add. */
  readonly env: readonly string[];
}

interface Draft {
  readonly mounts: ResolvedMount[];
  readonly overlays: { options: string; target: string }[];
  readonly env: string[];
  readonly held: AsyncDisposableStack;
}

const bind = (source: string, target: string, readOnly: boolean): ResolvedMount => ({
  Type: 'bind',
  Source: source,
  Destination: target,
  Mode: '',
  RW: !readOnly,
  Propagation: 'rprivate',
  options: [],
});

/** The mounts of `RUN --mount`. `held` releases caches and sockets when the step has finished. */
export async function buildMounts(
  ctx: MountContext,
  mounts: readonly BuildMount[],
  held: AsyncDisposableStack,
): Promise<StepMounts> {
  const draft: Draft = { mounts: [], overlays: [], env: [], held };
  if (mounts.length > 0) await mkdir(ctx.scratch, { recursive: true, mode: 0o700 });
  for (const [index, mount] of inLockingOrder(mounts).entries()) {
    if (mount.type === 'bind') await addBind(ctx, draft, mount, index);
    else if (mount.type === 'cache') await addCache(ctx, draft, mount);
    else if (mount.type === 'secret') await addSecret(ctx, draft, mount, index);
    else if (mount.type === 'ssh') await addAgent(ctx, draft, mount, index);
    else {
      const size = mount.size ? [`size=${mount.size}`] : [];
      const options = ['nosuid', 'nodev', ...size];
      draft.mounts.push({ ...bind('', mount.target, false), Type: 'tmpfs', options });
    }
  }
  return draft;
}

/** Caches come last, in order of id, so that two steps that lock the same caches cannot deadlock. */
function inLockingOrder(mounts: readonly BuildMount[]): BuildMount[] {
  const idOf = (mount: BuildMount) => (mount.type === 'cache' ? mount.id : '');
  return [...mounts].sort((a, b) => (idOf(a) < idOf(b) ? -1 : idOf(a) > idOf(b) ? 1 : 0));
}

/** A single read-only layer is bound directly; several layers, or a writable one, need an overlay first. */
async function addBind(ctx: MountContext, draft: Draft, mount: BindMount, index: number): Promise<void> {
  const [first, ...others] = mount.from;
  const path = await sourceWithin(ctx, mount);
  if (first && others.length === 0 && mount.readOnly) {
    const directory = join(ctx.layers.root, ctx.layers.need(first).directory);
    draft.mounts.push(bind(join(directory, path), mount.target, true));
    return;
  }
  const [target, upper, work] = ['show', 'upper', 'work'].map((name) =>
    join(ctx.scratch, `${name}-${index}`),
  ) as [string, string, string];
  for (const directory of [target, upper, work]) await mkdir(directory, { mode: 0o755 });
  const writable = mount.readOnly ? {} : { upper, work };
  draft.overlays.push({
    target,
    options: overlayOptions({ ...ctx.layers.overlay(mount.from), ...writable }),
  });
  draft.mounts.push(bind(join(target, path), mount.target, mount.readOnly));
}

/** Resolves the mount's source, following links inside its root file system, never through the host's kernel. */
async function sourceWithin(ctx: MountContext, mount: BindMount): Promise<string> {
  if (mount.source === '/') return '';
  const [first, ...others] = mount.from;
  const look = async (root: string) => await resolveInRoot(root, mount.source);
  const found =
    first && others.length === 0
      ? await look(join(ctx.layers.root, ctx.layers.need(first).directory))
      : await ctx.withRootfs(mount.from, look);
  if (!found) throw notFound(`RUN --mount=type=bind: source=${mount.source} does not exist`);
  return found.path;
}

async function addCache(ctx: MountContext, draft: Draft, mount: CacheMount): Promise<void> {
  const seed = mount.from ? ctx.layers.overlay(mount.from) : undefined;
  const cache = await ctx.caches.hold(mount, seed && { ...seed, lower: [...seed.lower] }, ctx.signal);
  draft.held.defer(async () => cache.release());
  draft.mounts.push(bind(cache.directory, mount.target, mount.readOnly));
}

async function addSecret(ctx: MountContext, draft: Draft, mount: SecretMount, index: number): Promise<void> {
  if (mount.variable) draft.env.push(`${mount.variable}=${Buffer.from(mount.value)}`);
  if (!mount.target) return;
  const file = join(ctx.scratch, `secret-${index}`);
  await writeFile(file, mount.value, { mode: 0o600 });
  await chown(file, mount.uid, mount.gid);
  await chmod(file, mount.mode);
  draft.mounts.push(bind(file, mount.target, true));
}

async function addAgent(ctx: MountContext, draft: Draft, mount: SshMount, index: number): Promise<void> {
  const { agent } = mount;
  if (!agent) {
    if (mount.required)
      throw invalidParameter(`unset ssh forward key ${mount.id}: build with --ssh ${mount.id}`);
    return;
  }
  const socket = join(ctx.scratch, `ssh-${index}`);
  draft.held.use(await forwardAgent(socket, agent, mount));
  const target = mount.target ?? `/run/buildkit/ssh_agent.${index}`;
  draft.mounts.push(bind(socket, target, false));
  if (!draft.env.some((entry) => entry.startsWith('SSH_AUTH_SOCK=')))
    draft.env.push(`SSH_AUTH_SOCK=${target}`);
}
