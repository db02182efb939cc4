import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, lstat, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BindMount, BuildMount, CacheMount, SecretMount } from '../../build/worker.ts';
import type { ResolvedMount } from '../../container/model.ts';
import { invalidParameter, notFound } from '../../core/errors.ts';
import type { LayerStore } from '../../image/layers.ts';

export interface MountContext {
  readonly layers: LayerStore;
  /** Cache mounts live here, across builds. */
  readonly cacheRoot: string;
  /** Of this step alone; gone with it, and in memory where the exec root is. */
  readonly scratch: string;
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

/** What `RUN --mount` asks for, as mounts of a container. */
export async function buildMounts(
  ctx: MountContext,
  mounts: readonly BuildMount[],
): Promise<ResolvedMount[]> {
  const resolved: ResolvedMount[] = [];
  for (const [i, mount] of mounts.entries()) {
    if (mount.type === 'bind') resolved.push(bindMount(ctx, mount));
    else if (mount.type === 'cache') resolved.push(await cacheMount(ctx, mount));
    else if (mount.type === 'secret') resolved.push(...(await secretMount(ctx, mount, i)));
    else if (mount.type === 'tmpfs') {
      const size = mount.size ? [`size=${mount.size}`] : [];
      resolved.push({
        ...bind('', mount.target, false),
        Type: 'tmpfs',
        options: ['nosuid', 'nodev', ...size],
      });
    } else throw invalidParameter('RUN --mount=type=ssh is not supported by this version of Barge');
  }
  return resolved;
}

function bindMount(ctx: MountContext, mount: BindMount): ResolvedMount {
  if (!mount.readOnly)
    throw invalidParameter('RUN --mount=type=bind,rw is not supported by this version of Barge');
  const folders = [...mount.from]
    .reverse()
    .map((diffId) => join(ctx.layers.root, ctx.layers.need(diffId).folder));
  const holding = folders.filter((folder) => existsSync(join(folder, mount.source)));
  const [only] = holding;
  if (!only) throw notFound(`RUN --mount=type=bind: ${mount.source} is not there`);
  if (holding.length > 1) {
    throw invalidParameter(
      `RUN --mount=type=bind: ${mount.source} is spread over several layers, which this version of Barge cannot mount: COPY it first`,
    );
  }
  return bind(join(only, mount.source), mount.target, true);
}

async function cacheMount(ctx: MountContext, mount: CacheMount): Promise<ResolvedMount> {
  if (mount.from)
    throw invalidParameter('RUN --mount=type=cache,from=… is not supported by this version of Barge');
  const name = createHash('sha256').update(mount.id).digest('hex').slice(0, 32);
  const folder = join(ctx.cacheRoot, name);
  if (!existsSync(folder)) {
    await mkdir(folder, { recursive: true, mode: mount.mode });
    await chown(folder, mount.uid, mount.gid);
  }
  return bind(folder, mount.target, mount.readOnly);
}

async function secretMount(ctx: MountContext, mount: SecretMount, index: number): Promise<ResolvedMount[]> {
  if (!mount.target) return [];
  await mkdir(ctx.scratch, { recursive: true, mode: 0o700 });
  const file = join(ctx.scratch, `secret-${index}`);
  await writeFile(file, mount.value, { mode: mount.mode });
  await chown(file, mount.uid, mount.gid);
  return [bind(file, mount.target, true)];
}

/** Takes the empty files and folders that mounting left in an upper folder out of it again. */
export async function removeMountPoints(
  upper: string,
  lower: readonly string[],
  targets: readonly string[],
): Promise<void> {
  for (const target of targets) {
    for (let path = target; path !== '/' && path !== '.'; path = dirname(path)) {
      const mine = join(upper, path);
      if (lower.some((folder) => existsSync(join(folder, path))) || !(await isEmpty(mine))) break;
      await rm(mine, { recursive: true, force: true });
    }
  }
}

async function isEmpty(path: string): Promise<boolean> {
  if (!existsSync(path)) return true;
  const stats = await lstat(path);
  return stats.isDirectory() ? (await readdir(path)).length === 0 : stats.isFile() && stats.size === 0;
}
