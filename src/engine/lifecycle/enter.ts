import type { Container, ContainerDefinition } from '../../container/model.ts';
import type { Runner } from '../../container/runner.ts';
import type { ContainerStore } from '../../container/store.ts';
import type { Files } from '../../host/files.ts';
import type { Volume, VolumeStore } from '../../volume/volumes.ts';
import { type CopyUpContext, copyUpVolumes } from '../files/copy-up.ts';
import { type EnterContext, enterVolumes } from '../volumes/manage.ts';
import type { ContainerContext } from './context.ts';

interface WriteContext extends EnterContext {
  readonly containers: Pick<ContainerStore, 'add'>;
  readonly host: { readonly files: Pick<Files, 'removeTree'> };
  readonly runner: Pick<Runner, 'directories' | 'prepare'>;
  readonly volumes: Pick<VolumeStore, 'discard' | 'enter'>;
}

/**
 * Makes a new container's directories, writes it and its volumes down together, and fills the volumes that take what the
 * image has. After a failure neither it nor a volume without a name is left.
 * @param furnish what else the directories need.
 */
export async function enterContainer(
  ctx: WriteContext & CopyUpContext & Pick<ContainerContext, 'life'>,
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
  ctx: WriteContext,
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
