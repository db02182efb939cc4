import { type Handler, repositoryOf, sendJson } from '../http/exchange.ts';
import { pageOf } from '../http/paging.ts';
import { registryError } from '../registry-error.ts';
import type { TagStorage } from '../storage/storage.ts';

/** GET /v2/<name>/tags/list (end-8a, end-8b). */
export function listTags(tags: Pick<TagStorage, 'list'>): Handler {
  return async (exchange) => {
    const name = repositoryOf(exchange);
    const all = await tags.list(name);
    if (all === undefined) {
      throw registryError('NAME_UNKNOWN', 'repository name not known to registry', { name });
    }
    const page = pageOf(exchange, `/v2/${name}/tags/list`, all);
    sendJson(exchange, 200, { name, tags: page.items }, page.headers);
  };
}
