import type { BuildCache } from '../cache.ts';
import type { CopyOperation } from '../plan/graph.ts';
import type { Layers } from '../worker.ts';
import { withCopy } from './copy-step.ts';
import type { StepIo } from './io.ts';

/** A whole build context, without ignored files, as a layer for bind mounts. */
export async function contextLayers(io: StepIo, cache: BuildCache, name?: string): Promise<Layers> {
  const operation =
    name === undefined ? WHOLE_CONTEXT : { ...WHOLE_CONTEXT, from: { kind: 'context', name } as const };
  return await withCopy(operation, [], undefined, io, async ({ ingredients, apply }) => {
    const key = ingredients.key();
    const found = await cache.get(key);
    if (found) return found.layer ? [found.layer] : [];
    const layer = await apply();
    await cache.put(key, { created: io.now().toISOString(), ...(layer ? { layer } : {}) });
    return layer ? [layer] : [];
  });
}

const WHOLE_CONTEXT: CopyOperation = {
  kind: 'copy',
  verb: 'COPY',
  base: { kind: 'image', layers: [] },
  from: { kind: 'context' },
  sources: ['.'],
  documents: [],
  downloads: [],
  repositories: [],
  destination: '/',
  link: true,
  parents: false,
  exclude: [],
  unpack: false,
  unpackDownloads: false,
};
