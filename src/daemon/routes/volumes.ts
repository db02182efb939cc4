import type { Engine } from '../../engine/engine.ts';
import { parseFilters } from '../../engine/filters.ts';
import {
  createVolume,
  listVolumes,
  pruneVolumes,
  removeVolume,
  showVolume,
} from '../../engine/volumes/manage.ts';
import { cloneVolume, exportVolume, importVolume } from '../../engine/volumes/transfer.ts';
import { flag } from '../../http/query.ts';
import { bodyOf, leave } from '../../http/request-body.ts';
import { sendStream } from '../../http/send-stream.ts';
import { pruneFilters } from '../compat.ts';
import { readBody } from '../decode/body.ts';
import { VOLUME_CREATE } from '../decode/others.ts';
import type { Routes } from '../routes.ts';

const TAR = { 'Content-Type': 'application/x-tar' };

/** Extensions of the API: back-ups of volumes as tar streams. */
function transferRoutes(routes: Routes, engine: Engine): void {
  routes.on('GET', '/barge/volumes/{name}/export', (exchange) =>
    exportVolume(engine, exchange.params.name ?? '', (tar) => sendStream(exchange, TAR, tar)),
  );
  routes.on('POST', '/barge/volumes/{name}/import', async ({ params, query, request, response, signal }) => {
    const options = { replace: flag(query, 'replace'), signal };
    const tar = bodyOf(request);
    try {
      const volume = await importVolume(engine, params.name ?? '', tar, options);
      response.json(201, showVolume(volume));
    } finally {
      await leave(request, tar);
    }
  });
  routes.on('POST', '/barge/volumes/{name}/clone', async ({ params, query, response, signal }) => {
    const to = query.get('to') ?? '';
    const options = { replace: flag(query, 'replace'), signal };
    response.json(201, showVolume(await cloneVolume(engine, params.name ?? '', to, options)));
  });
}

export function volumeRoutes(routes: Routes, engine: Engine): void {
  routes.on('GET', '/volumes', ({ query, response }) => {
    const filters = parseFilters(query.get('filters') ?? '');
    response.json(200, { Volumes: listVolumes(engine, filters), Warnings: null });
  });
  routes.on('POST', '/volumes/create', async ({ request, response }) => {
    response.json(201, await createVolume(engine, await readBody(request, VOLUME_CREATE)));
  });
  routes.on('POST', '/volumes/prune', async ({ query, response, version }) => {
    const filters = pruneFilters(version, parseFilters(query.get('filters') ?? ''));
    response.json(200, await pruneVolumes(engine, filters));
  });
  transferRoutes(routes, engine);
  routes.on('GET', '/volumes/{name}', ({ params, response }) => {
    response.json(200, showVolume(engine.volumes.get(params.name ?? '')));
  });
  routes.on('DELETE', '/volumes/{name}', async ({ params, query, response }) => {
    await removeVolume(engine, params.name ?? '', flag(query, 'force'));
    response.empty(204);
  });
}
