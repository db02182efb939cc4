import { noSuchContainer } from '../../container/model.ts';
import type { ContainerContext } from './context.ts';

type PauseContext = Pick<ContainerContext, 'containers' | 'life'>;

/** Stops every process of a container where it stands. @throws BargeError conflict unless it runs. */
export const pauseContainer = (ctx: PauseContext, ref: string) => dispatch(ctx, ref, 'pause');

/** Lets the processes of a paused container go on. @throws BargeError conflict unless it is paused. */
export const unpauseContainer = (ctx: PauseContext, ref: string) => dispatch(ctx, ref, 'unpause');

async function dispatch(ctx: PauseContext, ref: string, type: 'pause' | 'unpause'): Promise<void> {
  const { id } = ctx.containers.find(ref).definition;
  if ((await ctx.life.dispatch(id, { type })) === 'gone') throw noSuchContainer(ref);
}
