import { mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerDefinition } from '../../container/model.ts';
import { invalidParameter } from '../../core/errors.ts';
import type { ContainerContext } from './context.ts';
import { followWithin, kindWithin } from './mount-targets.ts';

/**
 * Makes the working directory of a new container that its image does not have, so that files can be copied into it before
 * a start. Links on the way are followed inside of the root file system, also those that lead nowhere yet.
 * @throws BargeError invalid-parameter where something else than a directory is.
 */
export async function makeWorkingDirectory(
  ctx: Pick<ContainerContext, 'host' | 'layers' | 'runner'>,
  { id, layers, spec }: ContainerDefinition,
): Promise<void> {
  const asked = spec.process.directory || '/';
  if (asked === '/') return;
  const { lower, layersDirectory } = ctx.layers.rootfs(layers);
  const highestFirst = [...lower].reverse().map((name) => join(layersDirectory, name));
  const place = followWithin(highestFirst, asked);
  const kind = place === '/' ? 'directory' : kindWithin(highestFirst, place);
  if (kind === 'directory') return;
  if (kind === 'other') throw invalidParameter(`Cannot mkdir: ${asked} is not a directory`);
  const parent = join(ctx.runner.roots.dataRoot, 'tmp');
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const root = await mkdtemp(join(parent, 'root-'));
  const { upper, work } = ctx.runner.directories(id);
  /* Whatever is mounted needs a place, which stays. */
  const source = join(layersDirectory, '../empty');
  try {
    await using _ = await ctx.host.files.holdMount(root, { lower, layersDirectory, upper, work }, [
      { source, target: place, readOnly: false },
    ]);
  } finally {
    await rmdir(root); /* never what might be mounted on it still */
  }
}
