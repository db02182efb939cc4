import { mkdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Roots } from '../../container/directories.ts';
import type { Container, ContainerDefinition } from '../../container/model.ts';
import { deviceEdits } from '../../container/oci/cdi.ts';
import type { StartInput } from '../../container/runner.ts';
import type { SecuritySpec } from '../../container/spec.ts';
import type { ContainerStore } from '../../container/store.ts';
import { errnoOf, invalidParameter } from '../../core/errors.ts';
import { type AppArmor, DEFAULT_PROFILE } from '../../host/apparmor.ts';
import type { Mounts } from '../../host/host.ts';
import type { EngineSettings } from '../settings.ts';
import type { LiveContainers } from './context.ts';

interface ProfileContext {
  readonly host: { readonly appArmor: AppArmor };
  readonly settings: Pick<EngineSettings, 'defaults'>;
}

interface PathContext {
  readonly runner: { readonly roots: Pick<Roots, 'execRoot'> };
}

interface UnmountContext extends PathContext {
  readonly host: { readonly mounts: Pick<Mounts, 'unmount'> };
}

export interface SweepShmContext extends UnmountContext {
  readonly live: Pick<LiveContainers, 'links'>;
}

interface ShmContext extends PathContext {
  readonly containers: Pick<ContainerStore, 'find'>;
  readonly host: { readonly mounts: Pick<Mounts, 'mountTmpfs' | 'unmount'> };
}

type Extras = Pick<StartInput, 'edits' | 'appArmor' | 'sharedShm'>;

/** What some containers need of the host beyond files and a network. Most need nothing, and do not wait. */
export async function hostExtras(
  ctx: ShmContext & ProfileContext,
  { definition }: Container,
): Promise<Extras> {
  const { devices, namespaces, security } = definition.spec;
  const { requests } = devices;
  const shm = ['shareable', 'container'].includes(namespaces.ipc.kind);
  return {
    ...(requests.length > 0
      ? { edits: await deviceEdits(requests, ctx.settings.defaults.cdiDirectories) }
      : {}),
    ...(ctx.host.appArmor.enabled ? await appArmor(ctx, security) : {}),
    ...(shm ? { sharedShm: await sharedShm(ctx, definition) } : {}),
  };
}

async function appArmor(ctx: Pick<ProfileContext, 'host'>, security: SecuritySpec): Promise<Extras> {
  const profile = appArmorProfile(security);
  if (profile !== 'unconfined') await ctx.host.appArmor.assertProfile(profile);
  return { appArmor: profile };
}

/** The profile of a process in the container, on hosts with AppArmor. */
export function appArmorProfile({
  appArmor,
  privileged,
}: Pick<SecuritySpec, 'appArmor' | 'privileged'>): string {
  if (appArmor.kind === 'profile') return appArmor.name;
  return appArmor.kind === 'unconfined' || privileged ? 'unconfined' : DEFAULT_PROFILE;
}

/** Beside the containers' run-time directories, which a start empties. */
const shmRoot = (ctx: PathContext) => join(ctx.runner.roots.execRoot, 'shm');
const shmPath = (ctx: PathContext, id: string) => join(shmRoot(ctx), id);

/** The tmpfs of a container whose IPC namespace others may join, mounted on the host while it runs. */
async function sharedShm(ctx: ShmContext, definition: ContainerDefinition): Promise<string> {
  const { namespaces, storage } = definition.spec;
  const { ipc } = namespaces;
  if (ipc.kind === 'container') {
    const { definition: donor } = ctx.containers.find(ipc.container);
    const { kind } = donor.spec.namespaces.ipc;
    if (kind === 'host') return '/dev/shm';
    if (kind === 'shareable') return shmPath(ctx, donor.id);
    throw invalidParameter(
      `cannot join IPC of a container that does not share it: ${donor.name}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
    );
  }
  const path = shmPath(ctx, definition.id);
  await releaseShm(ctx, definition);
  await mkdir(path, { recursive: true, mode: 0o700 });
  await ctx.host.mounts.mountTmpfs(`nosuid,noexec,nodev,mode=1777,size=${storage.shmSize}`, path);
  return path;
}

export async function releaseShm(ctx: UnmountContext, { id, spec }: ContainerDefinition): Promise<void> {
  if (spec.namespaces.ipc.kind === 'shareable') await unmount(ctx, shmPath(ctx, id));
}

/** After a start of the daemon: unmounts the tmpfs of containers that no longer run. */
export async function sweepShm(ctx: SweepShmContext): Promise<void> {
  const root = `${shmRoot(ctx)}/`;
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  for (const line of mounts.split('\n')) {
    const path = line.split(' ')[1] ?? '';
    if (path.startsWith(root) && !ctx.live.links.has(path.slice(root.length))) await unmount(ctx, path);
  }
}

async function unmount(ctx: Pick<UnmountContext, 'host'>, path: string): Promise<void> {
  await ctx.host.mounts.unmount(path);
  await rmdir(path).catch((error) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
  });
}
