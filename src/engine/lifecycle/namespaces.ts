import type { ContainerDefaults } from '../../container/defaults.ts';
import { isRunning } from '../../container/life/state.ts';
import type { Container } from '../../container/model.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import type { ContainerStore } from '../../container/store.ts';
import { invalidParameter, messageOf, systemError } from '../../core/errors.ts';
import type { CgroupLayout } from '../../host/cgroups.ts';

/** Where containers are found whose namespaces others join. */
export interface PidContext {
  readonly containers: Pick<ContainerStore, 'find'>;
}

/**
 * @param ref id or name of the container whose namespace is joined.
 * @throws BargeError system, as docker has it, unless that container runs.
 */
export function pidOf(ctx: PidContext, ref: string, what: string): number {
  const failed = `failed to join ${what} namespace`;
  const other = ctx.containers.find(ref);
  if (!isRunning(other.state)) {
    throw systemError(`${failed}: container ${other.definition.id} is not running`);
  }
  return other.state.pid;
}

/** @throws BargeError invalid-parameter when a container whose namespace is to be joined does not exist. */
export function assertNamespacesThere(ctx: PidContext, { namespaces, network }: ContainerSpec): void {
  const modes = { PID: namespaces.pid, IPC: namespaces.ipc, network: network.mode };
  for (const [what, mode] of Object.entries(modes)) {
    if (mode.kind !== 'container') continue;
    try {
      ctx.containers.find(mode.container);
    } catch (error) {
      throw invalidParameter(`cannot join ${what} namespace: ${messageOf(error)}`, { cause: error });
    }
  }
}

/** Paths of the pid and IPC namespaces that the container shares with others, by their OCI names. */
export function sharedNamespaces(ctx: PidContext, { definition }: Container): Record<string, string> {
  const { pid, ipc } = definition.spec.namespaces;
  const path = (ref: string, name: string) => `/proc/${pidOf(ctx, ref, name.toUpperCase())}/ns/${name}`;
  return {
    ...(pid.kind === 'container' ? { pid: path(pid.container, 'pid') } : {}),
    ...(ipc.kind === 'container' ? { ipc: path(ipc.container, 'ipc') } : {}),
  };
}

/** The cgroup namespace of a container whose request does not choose one. */
export function cgroupNamespace(
  privileged: boolean,
  defaults: ContainerDefaults,
  layout: CgroupLayout,
): 'private' | 'host' {
  if (privileged) return 'host';
  if (defaults.cgroupnsMode) return defaults.cgroupnsMode === 'host' ? 'host' : 'private';
  return layout === 'v2' ? 'private' : 'host';
}
