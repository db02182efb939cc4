import { mkdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostConfig } from '../../api/engine/containers.ts';
import type { Container, ContainerDefinition } from '../../container/model.ts';
import { deviceEdits } from '../../container/oci/cdi.ts';
import { parseSecurityOptions } from '../../container/oci/security-options.ts';
import type { StartInput } from '../../container/runner.ts';
import { errnoOf, invalidParameter } from '../../core/errors.ts';
import { assertProfile, DEFAULT_PROFILE, hasAppArmor } from '../../host/apparmor.ts';
import { capture, run } from '../../host/process.ts';
import type { ContainerContext } from './context.ts';

type Extras = Pick<StartInput, 'edits' | 'appArmor' | 'sharedShm'>;

/** What some containers need of the host beyond files and a network; nothing, and no waiting, for most. */
export async function hostExtras(ctx: ContainerContext, { definition }: Container): Promise<Extras> {
  const { DeviceRequests: requests, IpcMode: ipc = '' } = definition.hostConfig;
  const shm = ipc === 'shareable' || ipc.startsWith('container:');
  return {
    ...(requests?.length ? { edits: await deviceEdits(requests, ctx.settings.defaults.cdiDirectories) } : {}),
    ...(hasAppArmor() ? await appArmor(definition) : {}),
    ...(shm ? { sharedShm: await sharedShm(ctx, definition) } : {}),
  };
}

async function appArmor({ hostConfig }: ContainerDefinition): Promise<Extras> {
  const profile = appArmorProfile(hostConfig, Boolean(hostConfig.Privileged));
  if (profile !== 'unconfined') await assertProfile(profile);
  return { appArmor: profile };
}

/** The profile of a process in the container, on hosts with AppArmor. */
export function appArmorProfile({ SecurityOpt }: HostConfig, privileged: boolean): string {
  const { appArmor: asked } = parseSecurityOptions(SecurityOpt ?? []);
  return asked ?? (privileged ? 'unconfined' : DEFAULT_PROFILE);
}

/** Beside the containers' run-time directories, which a start empties. */
const shmRoot = (ctx: ContainerContext) => join(ctx.runner.roots.execRoot, 'shm');
const shmPath = (ctx: ContainerContext, id: string) => join(shmRoot(ctx), id);

/** The tmpfs of a container whose IPC namespace others may join, mounted on the host while it runs. */
async function sharedShm(ctx: ContainerContext, definition: ContainerDefinition): Promise<string> {
  const { IpcMode: ipc = '', ShmSize: size } = definition.hostConfig;
  if (ipc.startsWith('container:')) {
    const { definition: donor } = ctx.containers.find(ipc.slice('container:'.length));
    if (donor.hostConfig.IpcMode === 'host') return '/dev/shm';
    if (donor.hostConfig.IpcMode === 'shareable') return shmPath(ctx, donor.id);
    throw invalidParameter(
      `cannot join IPC of a container that does not share it: ${donor.name}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
    );
  }
  const path = shmPath(ctx, definition.id);
  await releaseShm(ctx, definition);
  await mkdir(path, { recursive: true, mode: 0o700 });
  await run('mount', ['-t', 'tmpfs', '-o', `nosuid,noexec,nodev,mode=1777,size=${size}`, 'shm', path]);
  return path;
}

export async function releaseShm(
  ctx: ContainerContext,
  { id, hostConfig }: ContainerDefinition,
): Promise<void> {
  if (hostConfig.IpcMode === 'shareable') await unmount(shmPath(ctx, id));
}

/** After a start of the daemon: the tmpfs of containers that do not run any more. */
export async function sweepShm(ctx: ContainerContext): Promise<void> {
  const root = `${shmRoot(ctx)}/`;
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  for (const line of mounts.split('\n')) {
    const path = line.split(' ')[1] ?? '';
    if (path.startsWith(root) && !ctx.live.links.has(path.slice(root.length))) await unmount(path);
  }
}

async function unmount(path: string): Promise<void> {
  await capture('umount', ['--lazy', path]);
  await rmdir(path).catch((error) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
  });
}
