import type { Engine } from '../../engine/engine.ts';
import { parseFilters } from '../../engine/filters.ts';
import { createVolume, listVolumes, pruneVolumes, removeVolume, showVolume } from '../../engine/volumes.ts';
import { flag, readJson } from '../http.ts';
import type { Router } from '../router.ts';

export function volumeRoutes(router: Router, engine: Engine): void {
  router.on('GET', '/volumes', ({ query, response }) => {
    const filters = parseFilters(query.get('filters') ?? '');
    response.json(200, { Volumes: listVolumes(engine, filters), Warnings: null });
  });
  router.on('POST', '/volumes/create', async ({ request, response }) => {
    response.json(201, await createVolume(engine, await readJson(request)));
  });
  router.on('POST', '/volumes/prune', async ({ query, response }) => {
    response.json(200, await pruneVolumes(engine, parseFilters(query.get('filters') ?? '')));
  });
  router.on('GET', '/volumes/{name}', ({ params, response }) => {
    response.json(200, showVolume(engine.volumes.get(params.name ?? '')));
  });
  router.on('DELETE', '/volumes/{name}', async ({ params, query, response }) => {
    await removeVolume(engine, params.name ?? '', flag(query, 'force'));
    response.empty(204);
  });
}
