import type { ContainerContext } from './context.ts';

/** Stops every process of a container where it stands. */
export async function pauseContainer(
  ctx: Pick<ContainerContext, 'containers' | 'life'>,
  ref: string,
): Promise<void> {
  await ctx.life.dispatch(ctx.containers.find(ref).definition.id, { type: 'pause' });
}

/** Lets the processes of a paused container go on. */
export async function unpauseContainer(
  ctx: Pick<ContainerContext, 'containers' | 'life'>,
  ref: string,
): Promise<void> {
  await ctx.life.dispatch(ctx.containers.find(ref).definition.id, { type: 'unpause' });
}
