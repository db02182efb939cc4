import type { Platform } from '../../api/oci-image.ts';
import { type Digest, digestOf } from '../../core/digest.ts';
import { invalidParameter } from '../../core/errors.ts';
import type { ArchiveContents } from './archive-contents.ts';
import { arrayOf, documentOf, listOf, nameOf, type Plan, planOf } from './plan.ts';

interface DockerEntry {
  readonly Config?: string;
  readonly RepoTags?: readonly string[] | null;
  readonly Layers?: readonly string[] | null;
}

/** Adds the images of an archive in docker's format. @throws BargeError invalid-parameter. */
export function planDocker(
  contents: ArchiveContents,
  wanted: readonly Platform[],
  plans: Map<Digest, Plan>,
): void {
  const bytes = contents.document('manifest.json');
  if (!bytes) return;
  const entries = documentOf<readonly DockerEntry[]>(bytes, 'manifest.json');
  const planned = new Map<string, Plan | undefined>();
  for (const { Config: path, RepoTags, Layers } of listOf(entries, 'manifest.json')) {
    if (typeof path !== 'string') throw invalidParameter('manifest.json names no configuration');
    if (!planned.has(path)) {
      const config = contents.document(path);
      const known = config && plans.get(digestOf(config));
      const layers = arrayOf(Layers ?? [], 'manifest.json').map(
        (layer) => () => contents.layer(String(layer)),
      );
      planned.set(path, known ?? planOf(config, path, layers, wanted));
    }
    const plan = planned.get(path);
    if (!plan) continue;
    for (const name of arrayOf(RepoTags ?? [], 'manifest.json')
      .map(String)
      .map(nameOf))
      plan.names.set(JSON.stringify(name), name);
    plans.set(plan.id, plan);
  }
}
