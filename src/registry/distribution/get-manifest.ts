import { type Handler, repositoryOf } from '../exchange.ts';
import type { RegistryStorage } from '../storage/storage.ts';
import { findManifest, referenceOf } from './manifest-reference.ts';
import { sendContent } from './send-content.ts';

/** GET and HEAD /v2/<name>/manifests/<reference> (end-3), with the media type of the push. */
export function getManifest(storage: Pick<RegistryStorage, 'manifests' | 'tags'>): Handler {
  return async (exchange) => {
    const reference = referenceOf(exchange);
    const manifest = await findManifest(storage, repositoryOf(exchange), reference);
    await sendContent(exchange, {
      ...manifest,
      cacheControl: 'digest' in reference ? 'private, max-age=31536000, immutable' : 'no-cache',
      read: (range) => storage.manifests.read(manifest.digest, range),
    });
  };
}
