import { conflict } from '../../core/errors.ts';
import { type ContainerContext, emitContainer } from './context.ts';
import { type EndContext, endRun, type StopOptions } from './stop.ts';

/** Ends the container's run, if there is one, and starts the container. */
export async function restartContainer(
  ctx: EndContext & Pick<ContainerContext, 'events'>,
  ref: string,
  options: StopOptions,
): Promise<void> {
  const { id } = ctx.containers.find(ref).definition;
  await endRun(ctx, id, 'restart', options);
  if ((await ctx.life.dispatch(id, { type: 'start' })) === 'gone' || !ctx.containers.has(id)) {
    throw conflict(`container ${id} was removed while it was being restarted`);
  }
  emitContainer(ctx, ctx.containers.get(id), 'restart');
}
