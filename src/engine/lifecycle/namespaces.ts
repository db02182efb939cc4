import type { HostConfig } from '../../api/engine.ts';
import { isRunning } from '../../container/life/state.ts';
import type { Container } from '../../container/model.ts';
import { invalidParameter, messageOf, systemError } from '../../core/errors.ts';
import type { ContainerContext } from './context.ts';

const OF_CONTAINER = 'container:';

/** @param mode `container:<id or name>`. @throws BargeError system, as docker has it, unless that container runs. */
export function pidOf(ctx: ContainerContext, mode: string, what: string): number {
  const failed = `failed to join ${what} namespace`;
  const other = ctx.containers.find(mode.slice(OF_CONTAINER.length));
  if (!isRunning(other.state)) {
    throw systemError(`${failed}: container ${other.definition.id} is not running`);
  }
  return other.state.pid;
}

/** @throws BargeError invalid-parameter when a namespace is to be that of a container which is not there. */
export function assertNamespacesThere(ctx: ContainerContext, host: HostConfig): void {
  const modes = { PID: host.PidMode, IPC: host.IpcMode, network: host.NetworkMode };
  for (const [what, mode] of Object.entries(modes)) {
    if (!mode?.startsWith(OF_CONTAINER)) continue;
    try {
      ctx.containers.find(mode.slice(OF_CONTAINER.length));
    } catch (error) {
      throw invalidParameter(`cannot join ${what} namespace: ${messageOf(error)}`, { cause: error });
    }
  }
}

/** Paths of the pid and IPC namespaces that the container shares with others, by their OCI names. */
export function sharedNamespaces(ctx: ContainerContext, { definition }: Container): Record<string, string> {
  const { PidMode: pid, IpcMode: ipc } = definition.hostConfig;
  const path = (mode: string, name: string) => `/proc/${pidOf(ctx, mode, name.toUpperCase())}/ns/${name}`;
  return {
    ...(pid?.startsWith('container:') ? { pid: path(pid, 'pid') } : {}),
    ...(ipc?.startsWith('container:') ? { ipc: path(ipc, 'ipc') } : {}),
  };
}
