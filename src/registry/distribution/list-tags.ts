import { type Handler, repositoryOf } from '../exchange.ts';
import { registryError } from '../registry-error.ts';
import type { TagStorage } from '../storage/storage.ts';
import { pageOf } from './paging.ts';

/** GET /v2/<name>/tags/list (end-8a, end-8b). */
export function listTags(tags: Pick<TagStorage, 'list'>): Handler {
  return async (exchange) => {
    const name = repositoryOf(exchange);
    const all = await tags.list(name);
    if (all === undefined) {
      throw registryError('NAME_UNKNOWN', 'repository name not known to registry', { name });
    }
    const page = pageOf(exchange, `/v2/${name}/tags/list`, all);
    exchange.response.json(200, { name, tags: page.items }, page.headers);
  };
}
