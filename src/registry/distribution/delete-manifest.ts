import type { Digest } from '../../core/digest.ts';
import { type Handler, repositoryOf } from '../exchange.ts';
import { changeOf, type Rules } from '../rules.ts';
import type { RegistryStorage } from '../storage/storage.ts';
import { manifestUnknown, referenceOf } from './manifest-reference.ts';

type Storage = Pick<RegistryStorage, 'manifests' | 'tags'>;

/** DELETE /v2/<name>/manifests/<reference> (end-9): removes a single tag, or a manifest with all its tags. */
export function deleteManifest(storage: Storage, rules: Rules): Handler {
  return async (exchange) => {
    const repository = repositoryOf(exchange);
    const reference = referenceOf(exchange);
    const removed =
      'tag' in reference
        ? await storage.tags.remove(repository, reference.tag)
        : await removeWithTags(storage, repository, reference.digest);
    if (!removed) throw manifestUnknown(repository, reference);
    await rules.noteChange(exchange, { action: 'delete', repository, ...changeOf(reference) });
    exchange.response.empty(202);
  };
}

/** Tags are removed first: a crash in between leaves a manifest without tags, never a tag without a manifest. */
async function removeWithTags(storage: Storage, repository: string, digest: Digest): Promise<boolean> {
  if (!(await storage.manifests.find(repository, digest))) return false;
  for (const tag of (await storage.tags.list(repository)) ?? []) {
    if ((await storage.tags.resolve(repository, tag)) === digest) await storage.tags.remove(repository, tag);
  }
  return storage.manifests.remove(repository, digest);
}
