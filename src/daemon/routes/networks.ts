import { forbidden } from '../../core/errors.ts';
import type { Engine } from '../../engine/engine.ts';
import { parseFilters } from '../../engine/filters.ts';
import { inspectNetwork, listNetworks, refuseCreation } from '../../engine/networks.ts';
import { readJson } from '../http.ts';
import type { Router } from '../router.ts';

export function networkRoutes(router: Router, engine: Engine): void {
  router.on('GET', '/networks', ({ query, response }) => {
    const filters = parseFilters(query.get('filters') ?? '');
    response.json(200, listNetworks(engine, filters.get('name') ?? []));
  });
  router.on('GET', '/networks/{id}', ({ params, response }) => {
    response.json(200, inspectNetwork(engine, params.id ?? ''));
  });
  router.on('POST', '/networks/create', async ({ request }) => {
    const { Name = '' } = await readJson<{ Name?: string }>(request);
    refuseCreation(Name);
  });
  router.on('DELETE', '/networks/{id}', ({ params }) => {
    const { Name } = inspectNetwork(engine, params.id ?? '');
    throw forbidden(`${Name} is a pre-defined network and cannot be removed`);
  });
  router.on('POST', '/networks/prune', ({ response }) => response.json(200, { NetworksDeleted: null }));
}
