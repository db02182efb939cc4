import type { ContainerContext } from './context.ts';

/** @returns false when the container was running already (an API answer of its own, not an error). */
export async function startContainer(
  ctx: Pick<ContainerContext, 'containers' | 'life'>,
  ref: string,
): Promise<boolean> {
  const { definition } = ctx.containers.find(ref);
  return (await ctx.life.dispatch(definition.id, { type: 'start' })) === 'done';
}
