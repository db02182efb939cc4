import { diskUsageOf } from '../../engine/disk-usage.ts';
import type { Engine } from '../../engine/engine.ts';
import { systemInfo } from '../../engine/info.ts';
import { checkStore } from '../../engine/store-check/check.ts';
import { versionInfo } from '../../engine/version.ts';
import { flag } from '../../http/query.ts';
import { diskUsageResponse, infoOfVersion } from '../compat.ts';
import type { ApiExchange, Routes } from '../routes.ts';
import { streamEvents } from './events.ts';

export function systemRoutes(routes: Routes, engine: Engine): void {
  routes.on('GET', '/_ping', ping);
  routes.on('HEAD', '/_ping', ping);
  routes.on('GET', '/version', async ({ response }) => response.json(200, await versionInfo(engine)));
  routes.on('GET', '/info', async ({ version, response }) =>
    response.json(200, infoOfVersion(version, await systemInfo(engine))),
  );
  routes.on('GET', '/system/df', async ({ query, version, response, signal }) => {
    const wanted = query.getAll('type').flatMap((types) => types.split(','));
    const usage = await diskUsageOf(engine, wanted, signal);
    const verbose = query.get('verbose') ? flag(query, 'verbose') : undefined;
    response.json(200, diskUsageResponse(version, usage, verbose));
  });
  routes.on('POST', '/barge/check', async ({ query, response, signal }) => {
    const options = { deep: flag(query, 'deep'), repair: flag(query, 'repair'), signal };
    response.json(200, await checkStore(engine, options));
  });
  routes.on('GET', '/events', (exchange) => streamEvents(engine, exchange));
}

function ping({ request, response }: ApiExchange): void {
  const isHead = request.method === 'HEAD';
  const out = response.stream(200, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': isHead ? '0' : '2',
    'Builder-Version': '1',
    Swarm: 'inactive',
    'Cache-Control': 'no-cache, no-store, must-revalidate',
    Pragma: 'no-cache',
  });
  out.end(isHead ? undefined : 'OK');
}
