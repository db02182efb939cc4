import { type Container, isRunning } from '../../container/model.ts';
import { invalidParameter } from '../../core/errors.ts';
import type { ContainerContext } from './context.ts';

/** @param mode `container:<id or name>`. @throws BargeError conflict unless that container runs. */
export function pidOf(ctx: ContainerContext, mode: string): number {
  const other = ctx.containers.find(mode.slice('container:'.length));
  if (!isRunning(other.state)) {
    throw invalidParameter(`cannot join the namespace of a non running container: ${other.definition.id}`);
  }
  return other.state.pid;
}

/** Paths of the pid and IPC namespaces that the container shares with others, by their OCI names. */
export function sharedNamespaces(ctx: ContainerContext, { definition }: Container): Record<string, string> {
  const { PidMode: pid, IpcMode: ipc } = definition.hostConfig;
  const path = (mode: string, name: string) => `/proc/${pidOf(ctx, mode)}/ns/${name}`;
  return {
    ...(pid?.startsWith('container:') ? { pid: path(pid, 'pid') } : {}),
    ...(ipc?.startsWith('container:') ? { ipc: path(ipc, 'ipc') } : {}),
  };
}
