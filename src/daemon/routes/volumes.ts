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
import { pruneFilters } from '../compat.ts';
import { readBody } from '../decode/body.ts';
import { VOLUME_CREATE } from '../decode/others.ts';
import { flag } from '../http.ts';
import { bodyOf, leave } from '../request-body.ts';
import type { Router } from '../router.ts';
import { sendStream } from '../send-stream.ts';

const TAR = { 'Content-Type': 'application/x-tar' };

/** Extensions of the API: back-ups of volumes as tar streams. */
function transferRoutes(router: Router, engine: Engine): void {
  router.on('GET', '/barge/volumes/{name}/export', (exchange) =>
    exportVolume(engine, exchange.params.name ?? '', (tar) => sendStream(exchange, TAR, tar)),
  );
  router.on('POST', '/barge/volumes/{name}/import', async ({ params, query, request, response, signal }) => {
    const options = { replace: flag(query, 'replace'), signal };
    const tar = bodyOf(request);
    try {
      const volume = await importVolume(engine, params.name ?? '', tar, options);
      response.json(201, showVolume(volume));
    } finally {
      await leave(request, tar);
    }
  });
  router.on('POST', '/barge/volumes/{name}/clone', async ({ params, query, response, signal }) => {
    const to = query.get('to') ?? '';
    const options = { replace: flag(query, 'replace'), signal };
    response.json(201, showVolume(await cloneVolume(engine, params.name ?? '', to, options)));
  });
}

export function volumeRoutes(router: Router, engine: Engine): void {
  router.on('GET', '/volumes', ({ query, response }) => {
    const filters = parseFilters(query.get('filters') ?? '');
    response.json(200, { Volumes: listVolumes(engine, filters), Warnings: null });
  });
  router.on('POST', '/volumes/create', async ({ request, response }) => {
    response.json(201, await createVolume(engine, await readBody(request, VOLUME_CREATE)));
  });
  router.on('POST', '/volumes/prune', async ({ query, response, version }) => {
    const filters = pruneFilters(version, parseFilters(query.get('filters') ?? ''));
    response.json(200, await pruneVolumes(engine, filters));
  });
  transferRoutes(router, engine);
  router.on('GET', '/volumes/{name}', ({ params, response }) => {
    response.json(200, showVolume(engine.volumes.get(params.name ?? '')));
  });
  router.on('DELETE', '/volumes/{name}', async ({ params, query, response }) => {
    await removeVolume(engine, params.name ?? '', flag(query, 'force'));
    response.empty(204);
  });
}
