import type { Socket } from 'node:net';
import { attachRefusal } from '../../container/life/refusals.ts';
import { isRunning } from '../../container/life/state.ts';
import type { Container } from '../../container/model.ts';
import type { AttachRequest } from '../../container/shim.ts';
import type { ContainerStore } from '../../container/store.ts';
import { cancelled, conflict } from '../../core/errors.ts';
import { type ContainerEvents, emitContainer, type LiveContainers } from './context.ts';

interface AttachContext extends ContainerEvents {
  readonly containers: Pick<ContainerStore, 'find'>;
  readonly live: Pick<LiveContainers, 'links' | 'waitingReaders'>;
}

interface ResizeContext extends ContainerEvents {
  readonly containers: Pick<ContainerStore, 'find'>;
  readonly live: Pick<LiveContainers, 'links'>;
}

/** @throws BargeError conflict for a paused or restarting container. */
export function assertAttachable({ definition, state }: Container): void {
  const refusal = attachRefusal(state, definition);
  if (refusal) throw refusal;
}

/**
 * A stream of the container's output (and input). Before the start it waits, and then misses nothing.
 * @throws BargeError conflict for a paused or restarting one, cancelled when `signal` fires before the start.
 */
export async function attachContainer(
  ctx: AttachContext,
  ref: string,
  request: AttachRequest,
  signal: AbortSignal,
): Promise<Socket> {
  const container = ctx.containers.find(ref);
  assertAttachable(container);
  const { id } = container.definition;
  emitContainer(ctx, container, 'attach');
  const link = isRunning(container.state) ? ctx.live.links.get(id) : undefined;
  if (link) return await link.attach(request);
  const gone = () => cancelled('the reader has gone');
  if (signal.aborted) throw gone();
  return await new Promise<Socket>((resolve, reject) => {
    const readers = ctx.live.waitingReaders.get(id) ?? [];
    const reader = {
      request,
      settle: (stream: Socket | Error) => (stream instanceof Error ? reject(stream) : resolve(stream)),
    };
    ctx.live.waitingReaders.set(id, [...readers, reader]);
    signal.addEventListener('abort', () => {
      const left = (ctx.live.waitingReaders.get(id) ?? []).filter((other) => other !== reader);
      if (left.length > 0) ctx.live.waitingReaders.set(id, left);
      else ctx.live.waitingReaders.delete(id);
      reject(gone());
    });
  });
}

/** A client has typed the detach keys: the process goes on without it. */
export function noteDetach(
  ctx: ContainerEvents & { readonly containers: Pick<ContainerStore, 'get' | 'has'> },
  id: string,
): void {
  if (ctx.containers.has(id)) emitContainer(ctx, ctx.containers.get(id), 'detach');
}

/** Sets the size of a running container's terminal, in rows and columns. */
export function resizeContainer(ctx: ResizeContext, ref: string, rows: number, columns: number): void {
  const container = ctx.containers.find(ref);
  const { id } = container.definition;
  if (!isRunning(container.state)) throw conflict(`container ${id} is not running`);
  ctx.live.links.get(id)?.resize(rows, columns);
  emitContainer(ctx, container, 'resize', { height: `${rows}`, width: `${columns}` });
}
