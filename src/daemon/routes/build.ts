import { BargeError, invalidParameter } from '../../core/errors.ts';
import { buildErrorMessage, buildFromTar } from '../../engine/build/build.ts';
import { pruneBuildCache } from '../../engine/build/cache.ts';
import type { Engine } from '../../engine/engine.ts';
import { collectGarbage } from '../../engine/images/remove.ts';
import { registryConfig } from '../auth.ts';
import { type Exchange, flag, integer } from '../http.ts';
import { messageStream } from '../messages.ts';
import type { Router } from '../router.ts';

export function buildRoutes(router: Router, engine: Engine): void {
  router.on('POST', '/build', (exchange) => buildRoute(engine, exchange));
  router.on('POST', '/build/prune', async ({ response }) => {
    pruneBuildCache(engine.db);
    response.json(200, { CachesDeleted: [], SpaceReclaimed: await collectGarbage(engine) });
  });
}

function jsonOf<T>(query: URLSearchParams, name: string): T | undefined {
  const text = query.get(name);
  if (!text) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw invalidParameter(`error reading ${name}: it is not JSON`, { cause: error });
  }
}

const defined = <T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;

async function buildRoute(engine: Engine, exchange: Exchange): Promise<void> {
  const { query, request, signal } = exchange;
  const remote = query.get('remote');
  if (remote)
    throw invalidParameter(
      `building from ${remote} is not supported by this version of Barge: send the context as a tar`,
    );
  if (query.get('version') === '2') {
    throw invalidParameter(
      'this daemon has no BuildKit API: set DOCKER_BUILDKIT=0, or build with barge build',
    );
  }
  const platform = query.get('platform') || undefined;
  const build = defined({
    dockerfile: { path: query.get('dockerfile') || 'Dockerfile' },
    tags: query.getAll('t'),
    target: query.get('target') || undefined,
    buildArgs: jsonOf<Record<string, string | null>>(query, 'buildargs'),
    labels: jsonOf<Record<string, string>>(query, 'labels'),
    noCache: flag(query, 'nocache'),
    pull: flag(query, 'pull'),
    platform,
    networkMode: query.get('networkmode') || undefined,
    extraHosts: query
      .getAll('extrahosts')
      .flatMap((text) => text.split(','))
      .filter(Boolean),
    shmSize: integer(query, 'shmsize') || undefined,
    squash: flag(query, 'squash'),
    resources: resourcesOf(query),
    signal,
  });
  await messageStream(
    exchange,
    (write) =>
      buildFromTar(engine, {
        tar: request,
        request: build,
        auth: registryConfig(request.headers['x-registry-config']),
        quiet: flag(query, 'q'),
        write,
      }),
    buildErrorMessage,
  ).catch((error) => {
    if (error instanceof BargeError) throw error;
    throw new BargeError('system', String(error instanceof Error ? error.message : error), { cause: error });
  });
}

function resourcesOf(query: URLSearchParams) {
  const ulimits = jsonOf<{ Name: string; Soft: number; Hard: number }[]>(query, 'ulimits');
  return defined({
    memory: integer(query, 'memory') || undefined,
    memorySwap: integer(query, 'memswap') || undefined,
    cpuShares: integer(query, 'cpushares') || undefined,
    cpuPeriod: integer(query, 'cpuperiod') || undefined,
    cpuQuota: integer(query, 'cpuquota') || undefined,
    cpusetCpus: query.get('cpusetcpus') || undefined,
    cpusetMems: query.get('cpusetmems') || undefined,
    cgroupParent: query.get('cgroupparent') || undefined,
    ulimits: ulimits ?? undefined,
  });
}
