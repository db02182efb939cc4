import type { Handler } from '../exchange.ts';
import type { RegistryStorage } from '../storage/storage.ts';
import { pageOf } from './paging.ts';

const USUAL_PAGE = 100;

/** GET /v2/_catalog, which is not in the OCI specification but expected by clients of Docker's registry. */
export function catalog(storage: Pick<RegistryStorage, 'repositories'>): Handler {
  return async (exchange) => {
    const seen: string[] = [];
    for (const name of await storage.repositories()) if (await exchange.visitor.sees(name)) seen.push(name);
    const page = pageOf(exchange, '/v2/_catalog', seen, USUAL_PAGE);
    exchange.response.json(200, { repositories: page.items }, page.headers);
  };
}
