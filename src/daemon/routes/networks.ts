import type { Engine } from '../../engine/engine.ts';
import { parseFilters } from '../../engine/filters.ts';
import { connectContainer, containerOf, disconnectContainer } from '../../engine/networking/connect.ts';
import { inspectNetwork } from '../../engine/networking/describe-network.ts';
import { listNetworks } from '../../engine/networking/list-networks.ts';
import {
  assertScope,
  createNetwork,
  pruneNetworks,
  removeNetwork,
} from '../../engine/networking/manage-networks.ts';
import { networkOfVersion } from '../compat.ts';
import { readBody } from '../decode/body.ts';
import { endpointOf } from '../decode/endpoint.ts';
import { NETWORK_CONNECT, NETWORK_CREATE, NETWORK_DISCONNECT } from '../decode/network.ts';
import type { Routes } from '../routes.ts';

export function networkRoutes(routes: Routes, engine: Engine): void {
  /* With a slash as well: Docker's routes takes both, and clients rely on either. */
  for (const path of ['/networks', '/networks/']) {
    routes.on('GET', path, ({ query, response }) => {
      response.json(200, listNetworks(engine, parseFilters(query.get('filters') ?? '')));
    });
  }
  routes.on('GET', '/networks/{id}', async ({ params, query, response }) => {
    const { id = '' } = params;
    assertScope(id, query.get('scope') ?? '');
    response.json(200, await inspectNetwork(engine, id));
  });
  routes.on('POST', '/networks/create', async ({ request, version, response }) => {
    const body = await readBody(request, NETWORK_CREATE);
    response.json(201, await createNetwork(engine, networkOfVersion(version, body)));
  });
  routes.on('DELETE', '/networks/{id}', async ({ params, response }) => {
    await removeNetwork(engine, params.id ?? '');
    response.empty(204);
  });
  routes.on('POST', '/networks/prune', async ({ query, response }) => {
    response.json(200, await pruneNetworks(engine, parseFilters(query.get('filters') ?? '')));
  });
  routes.on('POST', '/networks/{id}/connect', async ({ params, request, response }) => {
    const body = await readBody(request, NETWORK_CONNECT);
    await connectContainer(engine, params.id ?? '', containerOf(body), endpointOf(body.EndpointConfig));
    response.empty(200);
  });
  routes.on('POST', '/networks/{id}/disconnect', async ({ params, request, response }) => {
    const body = await readBody(request, NETWORK_DISCONNECT);
    await disconnectContainer(engine, params.id ?? '', containerOf(body), body.Force ?? false);
    response.empty(200);
  });
}
