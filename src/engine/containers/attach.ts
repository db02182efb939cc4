import type { Socket } from 'node:net';
import { isRunning } from '../../container/model.ts';
import type { AttachWish } from '../../container/shim.ts';
import { cancelled, conflict } from '../../core/errors.ts';
import { type ContainerContext, emitContainer } from './context.ts';

/**
 * A stream of the container's output (and input). Before the start it waits, and then misses nothing.
 * @throws BargeError conflict for a paused container, cancelled when `signal` fires before the start.
 */
export async function attachContainer(
  ctx: ContainerContext,
  word: string,
  wish: AttachWish,
  signal: AbortSignal,
): Promise<Socket> {
  const container = ctx.containers.find(word);
  const { id } = container.definition;
  if (container.state.status === 'paused') {
    throw conflict(`container ${id} is paused, unpause the container before attach`);
  }
  emitContainer(ctx, container, 'attach');
  const link = isRunning(container.state) ? ctx.live.links.get(id) : undefined;
  if (link) return await link.attach(wish);
  return await new Promise<Socket>((resolve, reject) => {
    const readers = ctx.live.waitingReaders.get(id) ?? [];
    const reader = {
      wish,
      settle: (stream: Socket | Error) => (stream instanceof Error ? reject(stream) : resolve(stream)),
    };
    ctx.live.waitingReaders.set(id, [...readers, reader]);
    signal.addEventListener('abort', () => {
      const left = (ctx.live.waitingReaders.get(id) ?? []).filter((other) => other !== reader);
      if (left.length > 0) ctx.live.waitingReaders.set(id, left);
      else ctx.live.waitingReaders.delete(id);
      reject(cancelled('the reader has gone'));
    });
  });
}

/** A client has typed the detach keys: the process goes on without it. */
export function noteDetach(ctx: ContainerContext, id: string): void {
  if (ctx.containers.has(id)) emitContainer(ctx, ctx.containers.get(id), 'detach');
}

/** Sets the size of a running container's terminal, in rows and columns. */
export function resizeContainer(ctx: ContainerContext, word: string, rows: number, columns: number): void {
  const container = ctx.containers.find(word);
  const { id } = container.definition;
  if (!isRunning(container.state)) throw conflict(`container ${id} is not running`);
  ctx.live.links.get(id)?.resize(rows, columns);
  emitContainer(ctx, container, 'resize', { height: `${rows}`, width: `${columns}` });
}
