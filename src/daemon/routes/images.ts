import { invalidParameter, notFound } from '../../core/errors.ts';
import type { Engine } from '../../engine/engine.ts';
import { parseFilters } from '../../engine/filters.ts';
import { listAttestations } from '../../engine/images/attestations.ts';
import { bootstrapImage } from '../../engine/images/bootstrap.ts';
import { inspectDistribution } from '../../engine/images/distribution.ts';
import { importRequested } from '../../engine/images/import-request.ts';
import { imageHistory, inspectImage, listImages } from '../../engine/images/inspect.ts';
import { pruneImages, removeImage } from '../../engine/images/remove.ts';
import { searchImages } from '../../engine/images/search.ts';
import { tagImage } from '../../engine/images/tag.ts';
import { login, pull, pullAll, push } from '../../engine/images/transfer.ts';
import { flag, integer } from '../../http/query.ts';
import { bodyOf } from '../../http/request-body.ts';
import { registryAuth } from '../auth.ts';
import { imageOfVersion, imagesOfVersion } from '../compat.ts';
import { readBody } from '../decode/body.ts';
import { AUTH } from '../decode/others.ts';
import { messageStream } from '../messages.ts';
import { platformOf, platformsOf } from '../platforms.ts';
import type { ApiExchange, Routes } from '../routes.ts';
import { imageArchiveRoutes } from './image-archives.ts';
import { manifestRoutes } from './manifests.ts';

const nameOf = ({ params }: ApiExchange) => params.name ?? '';

export function imageRoutes(routes: Routes, engine: Engine): void {
  imageArchiveRoutes(routes, engine);
  manifestRoutes(routes, engine);
  routes.on('GET', '/images/json', ({ query, version, response }) => {
    const filters = parseFilters(query.get('filters') ?? '');
    const list = listImages(engine, {
      filters,
      all: flag(query, 'all'),
      digests: flag(query, 'digests'),
      sharedSize: flag(query, 'shared-size'),
    });
    response.json(200, imagesOfVersion(version, list));
  });
  routes.on('POST', '/images/create', (exchange) =>
    exchange.query.get('fromSrc') ? importRoute(engine, exchange) : pullRoute(engine, exchange),
  );
  routes.on('POST', '/images/prune', async ({ query, response }) => {
    const filters = parseFilters(query.get('filters') ?? '');
    response.json(200, await pruneImages(engine, filters));
  });
  routes.on('GET', '/images/search', (exchange) => searchRoute(engine, exchange));
  routes.on('GET', '/images/{name...}/json', (exchange) => {
    const { query, version, response } = exchange;
    const image = inspectImage(engine, nameOf(exchange), platformsOf(query));
    response.json(200, imageOfVersion(version, image));
  });
  routes.on('GET', '/images/{name...}/history', (exchange) => {
    exchange.response.json(200, imageHistory(engine, nameOf(exchange), platformsOf(exchange.query)));
  });
  routes.on('GET', '/images/{name...}/attestations', (exchange) => {
    const { query, response } = exchange;
    const platform = platformOf(query);
    const [types, statements] = [query.getAll('type').filter(Boolean), flag(query, 'statement')];
    response.json(200, listAttestations(engine, nameOf(exchange), { platform, types, statements }));
  });
  routes.on('GET', '/distribution/{name...}/json', async (exchange) => {
    const { request, response, signal } = exchange;
    const auth = registryAuth(request.headers['x-registry-auth']);
    const options = { ...(auth ? { auth } : {}), signal };
    response.json(200, await inspectDistribution(engine, nameOf(exchange), options));
  });
  routes.on('POST', '/images/{name...}/push', (exchange) => pushRoute(engine, exchange));
  routes.on('POST', '/images/{name...}/tag', (exchange) => {
    const { query, response } = exchange;
    tagImage(engine, nameOf(exchange), query.get('repo') ?? '', query.get('tag') ?? '');
    response.empty(201);
  });
  routes.on('DELETE', '/images/{name...}', async (exchange) => {
    exchange.response.json(
      200,
      await removeImage(engine, nameOf(exchange), {
        force: flag(exchange.query, 'force'),
        platforms: platformsOf(exchange.query, 'platforms'),
      }),
    );
  });
  routes.on('POST', '/auth', async ({ request, response, signal }) => {
    response.json(200, await login(engine, await readBody(request, AUTH), signal));
  });
  routes.on('POST', '/barge/bootstrap', (exchange) => bootstrapRoute(engine, exchange));
}

async function searchRoute(engine: Engine, { query, request, response, signal }: ApiExchange): Promise<void> {
  const auth = registryAuth(request.headers['x-registry-auth']);
  const results = await searchImages(engine, query.get('term') ?? '', {
    limit: integer(query, 'limit'),
    filters: parseFilters(query.get('filters') ?? ''),
    ...(auth ? { auth } : {}),
    signal,
  });
  response.json(200, results);
}

async function pullRoute(engine: Engine, exchange: ApiExchange): Promise<void> {
  const { query, request, signal } = exchange;
  const name = query.get('fromImage') ?? '';
  if (!name) throw invalidParameter('fromImage or fromSrc is needed');
  const tag = query.get('tag');
  const auth = registryAuth(request.headers['x-registry-auth']);
  const platform = query.get('platform');
  await messageStream(exchange, async (onProgress) => {
    const options = {
      ...(auth ? { auth } : {}),
      ...(platform ? { platform } : {}),
      signal,
      onProgress,
    };
    if (!tag && !/[@:]/.test(name.slice(name.lastIndexOf('/') + 1))) await pullAll(engine, name, options);
    else await pull(engine, tag ? `${name}${tag.includes(':') ? '@' : ':'}${tag}` : name, options);
  });
}

async function importRoute(engine: Engine, exchange: ApiExchange): Promise<void> {
  const { query, request, signal } = exchange;
  const source = query.get('fromSrc') ?? '-';
  const repository = query.get('repo');
  const tag = query.get('tag');
  const message = query.get('message');
  const platform = query.get('platform');
  const options = {
    source,
    ...(repository ? { name: tag ? `${repository}:${tag}` : repository } : {}),
    ...(message ? { message } : {}),
    ...(platform ? { platform } : {}),
    changes: query.getAll('changes'),
    signal,
  };
  await messageStream(exchange, async (write) => {
    const image = await importRequested(engine, () => bodyOf(request), { ...options, onProgress: write });
    write({ status: image.id });
  });
}

async function pushRoute(engine: Engine, exchange: ApiExchange): Promise<void> {
  const { query, request, signal } = exchange;
  const name = nameOf(exchange);
  const auth = registryAuth(request.headers['x-registry-auth']);
  const tag = query.get('tag') || undefined;
  const known = [...engine.images.allNames().values()].some(({ tags }) =>
    tags.some((t) => t.startsWith(`${name}:`)),
  );
  if (!known) throw notFound(`An image does not exist locally with the tag: ${name}`);
  const platform = platformOf(query);
  const options = { ...(auth ? { auth } : {}), ...(platform ? { platform } : {}), signal };
  await messageStream(exchange, (onProgress) => push(engine, name, tag, { ...options, onProgress }));
}

async function bootstrapRoute(engine: Engine, exchange: ApiExchange): Promise<void> {
  const { query, signal } = exchange;
  const image = query.get('image') ?? '';
  if (!image) throw invalidParameter('name what to bootstrap: debian:bookworm, busybox, …');
  const tag = query.get('tag');
  const variant = query.get('variant');
  await messageStream(exchange, async (onProgress) => {
    await bootstrapImage(engine, {
      image,
      include: query
        .getAll('include')
        .flatMap((text) => text.split(','))
        .filter(Boolean),
      ...(tag ? { tag } : {}),
      ...(variant ? { variant } : {}),
      onProgress,
      signal,
    });
  });
}
