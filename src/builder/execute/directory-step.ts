import type { Digest } from '../../core/digest.ts';
import { invalidParameter } from '../../core/errors.ts';
import { inspectDestination } from '../copy/destination.ts';
import type { Placement } from '../copy/layout.ts';
import { ROOT_OWNER } from '../copy/ownership.ts';
import { partsOf } from '../copy/tar.ts';
import type { DirectoryOperation } from '../plan/graph.ts';
import type { Layers } from '../worker.ts';
import { ownerIn, withOptionalRootfs } from './copy-step.ts';
import { Ingredients } from './ingredients.ts';
import type { StepIo } from './io.ts';

export function directoryIngredients(operation: DirectoryOperation, base: Layers): Ingredients {
  return new Ingredients()
    .plain('kind', 'directory')
    .base(base)
    .plain('path', operation.path)
    .plain('user', operation.user);
}

/** Creates the missing directories of the path; no layer when none is missing. */
export async function makeDirectory(
  operation: DirectoryOperation,
  base: Layers,
  io: StepIo,
): Promise<Digest | undefined> {
  const placements = await withOptionalRootfs(base, io, async (root): Promise<Placement[]> => {
    const destination = await inspectDestination(root, operation.path);
    if (destination.is === 'file') {
      throw invalidParameter(`cannot create the directory ${operation.path}: a file exists at this path`);
    }
    if (destination.missing.length === 0) return [];
    const owner = operation.user === '' ? ROOT_OWNER : await ownerIn(operation.user, base, io);
    return destination.missing.map((path) => ({ kind: 'directory', path, owner }));
  });
  if (placements.length === 0) return undefined;
  return await io.worker.apply(base, partsOf(placements, undefined, io.now()), io.signal);
}
