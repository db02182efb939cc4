import type { Container, ContainerDefinition } from '../../container/model.ts';
import type { Volume } from '../../volume/volumes.ts';
import { copyUpVolumes } from '../files/copy-up.ts';
import { enterVolumes } from '../volumes/manage.ts';
import type { ContainerContext } from './context.ts';

/**
 * Makes a new container's directories, writes it and its volumes down together, and fills the volumes that take what the
 * image has. After a failure neither it nor a volume without a name is left.
 * @param furnish what else the directories need.
 */
export async function enterContainer(
  ctx: ContainerContext,
  definition: ContainerDefinition,
  volumes: readonly Volume[],
  furnish: () => Promise<void>,
): Promise<Container> {
  const container = await writeDown(ctx, definition, volumes, furnish);
  try {
    await copyUpVolumes(ctx, container);
  } catch (error) {
    await ctx.life.dispatch(definition.id, { type: 'remove', force: false, volumes: true });
    throw error;
  }
  return container;
}

async function writeDown(
  ctx: ContainerContext,
  definition: ContainerDefinition,
  volumes: readonly Volume[],
  furnish: () => Promise<void>,
): Promise<Container> {
  try {
    await ctx.runner.prepare(definition.id);
    await furnish();
    return enterVolumes(ctx, volumes, () => ctx.containers.add(definition));
  } catch (error) {
    await ctx.volumes.discard(volumes);
    await ctx.host.files.removeTree(ctx.runner.directories(definition.id).data);
    throw error;
  }
}
