import { type EndContext, endRun, type StopOptions } from './grace.ts';

/** @returns false when the container was not running. */
export async function stopContainer(ctx: EndContext, ref: string, options: StopOptions): Promise<boolean> {
  return await endRun(ctx, ctx.containers.find(ref).definition.id, 'stop', options);
}
