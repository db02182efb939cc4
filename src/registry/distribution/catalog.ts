import { type Handler, sendJson } from '../http/exchange.ts';
import { pageOf } from '../http/paging.ts';
import type { RegistryStorage } from '../storage/storage.ts';

const USUAL_PAGE = 100;

/** GET /v2/_catalog: not in the OCI specification, but clients of Docker's registry expect it. */
export function catalog(storage: Pick<RegistryStorage, 'repositories'>): Handler {
  return async (exchange) => {
    const seen: string[] = [];
    for (const name of await storage.repositories()) if (await exchange.visitor.sees(name)) seen.push(name);
    const page = pageOf(exchange, '/v2/_catalog', seen, USUAL_PAGE);
    sendJson(exchange, 200, { repositories: page.items }, page.headers);
  };
}
