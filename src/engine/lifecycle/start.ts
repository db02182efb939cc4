import { noSuchContainer } from '../../container/model.ts';
import type { ContainerContext } from './context.ts';

/**
 * @returns false when the container was running already (a response of its own, not an error).
 * @throws StartFailure, or BargeError not-found, also for a container that was removed meanwhile.
 */
export async function startContainer(
  ctx: Pick<ContainerContext, 'containers' | 'life'>,
  ref: string,
): Promise<boolean> {
  const { definition } = ctx.containers.find(ref);
  const applied = await ctx.life.dispatch(definition.id, { type: 'start' });
  if (applied === 'gone') throw noSuchContainer(ref);
  return applied === 'done';
}
