import type { Engine } from '../../engine/engine.ts';
import { parseFilters } from '../../engine/filters.ts';
import { createContainer } from '../../engine/lifecycle/create.ts';
import { killContainer } from '../../engine/lifecycle/kill.ts';
import { pauseContainer, unpauseContainer } from '../../engine/lifecycle/pause.ts';
import { pruneContainers } from '../../engine/lifecycle/prune.ts';
import { removeContainer } from '../../engine/lifecycle/remove.ts';
import { renameContainer } from '../../engine/lifecycle/rename.ts';
import { restartContainer } from '../../engine/lifecycle/restart.ts';
import { startContainer } from '../../engine/lifecycle/start.ts';
import { stopContainer } from '../../engine/lifecycle/stop.ts';
import { unlinkContainer } from '../../engine/lifecycle/unlink.ts';
import { waitContainer } from '../../engine/lifecycle/wait.ts';
import { listContainers } from '../../engine/query/list.ts';
import { containerSizes } from '../../engine/query/sizes.ts';
import { topContainer } from '../../engine/query/top.ts';
import { flag, integer } from '../../http/query.ts';
import { bridgeSettingsOutside, createOfVersion, listOfVersion, updateOfVersion } from '../compat.ts';
import { readBody } from '../decode/body.ts';
import { COMMIT, CREATE, UPDATE } from '../decode/container.ts';
import { createRequest } from '../decode/create.ts';
import { encodeInspect } from '../encode/inspect.ts';
import { encodeSummary } from '../encode/summary.ts';
import type { ApiExchange, Routes } from '../routes.ts';

const idOf = ({ params }: ApiExchange) => params.id ?? '';

export function containerRoutes(routes: Routes, engine: Engine): void {
  routes.on('GET', '/containers/json', async ({ query, version, response, signal }) => {
    const list = await listContainers(engine, {
      all: flag(query, 'all'),
      limit: integer(query, 'limit') ?? 0,
      size: flag(query, 'size'),
      filters: parseFilters(query.get('filters') ?? ''),
      signal,
    });
    response.json(200, listOfVersion(version, list.map(encodeSummary)));
  });
  routes.on('POST', '/containers/create', async ({ request, query, version, response }) => {
    const body = await readBody(request, CREATE, { needed: true });
    const named = { name: query.get('name') ?? '', platform: query.get('platform') ?? '' };
    const { id, warnings } = await createContainer(
      engine,
      createRequest(createOfVersion(version, body), named),
    );
    response.json(201, { Id: id, Warnings: warnings });
  });
  routes.on('POST', '/containers/prune', async ({ query, response }) => {
    response.json(200, await pruneContainers(engine, parseFilters(query.get('filters') ?? '')));
  });
  routes.on('GET', '/containers/{id...}/json', async (exchange) => {
    const { query, version, response, signal } = exchange;
    const container = engine.containers.find(idOf(exchange));
    const [size] = flag(query, 'size') ? await containerSizes(engine, [container], signal) : [];
    const execs = engine.execs.ofContainer(container.definition.id);
    const inspect = { ...encodeInspect(engine, container, execs), ...size };
    response.json(200, bridgeSettingsOutside(version, inspect));
  });
  routes.on('GET', '/containers/{id...}/top', async (exchange) => {
    const answer = await topContainer(engine, idOf(exchange), exchange.query.get('ps_args') || '-ef');
    exchange.response.json(200, answer);
  });
  routes.on('POST', '/containers/{id...}/update', async (exchange) => {
    const body = await readBody(exchange.request, UPDATE);
    const { updateContainer } = await import('../../engine/lifecycle/update.ts');
    const { updateOf } = await import('../decode/update.ts');
    const update = updateOf(updateOfVersion(exchange.version, body));
    exchange.response.json(200, await updateContainer(engine, idOf(exchange), update));
  });
  routes.on('POST', '/containers/{id...}/rename', (exchange) => {
    renameContainer(engine, idOf(exchange), exchange.query.get('name') ?? '');
    exchange.response.empty(204);
  });
  routes.on('DELETE', '/containers/{id...}', async (exchange) => {
    const { query, response } = exchange;
    const options = { force: flag(query, 'force'), volumes: flag(query, 'v') };
    if (flag(query, 'link')) unlinkContainer(engine, idOf(exchange));
    else await removeContainer(engine, idOf(exchange), options);
    response.empty(204);
  });
  routes.on('POST', '/commit', (exchange) => commit(engine, exchange));
  lifeRoutes(routes, engine);
}

async function commit(engine: Engine, { request, query, response, signal }: ApiExchange): Promise<void> {
  const config = await readBody(request, COMMIT);
  const [repository, tag] = [query.get('repo'), query.get('tag')];
  const { commitContainer } = await import('../../engine/files/commit.ts');
  const { id } = await commitContainer(engine, query.get('container') ?? '', {
    ...(repository ? { reference: tag ? `${repository}:${tag}` : repository } : {}),
    comment: query.get('comment') ?? '',
    author: query.get('author') ?? '',
    changes: query.getAll('changes'),
    pause: flag(query, 'pause', true),
    config,
    signal,
  });
  response.json(201, { Id: id });
}

function lifeRoutes(routes: Routes, engine: Engine): void {
  const stopOptions = ({ query }: ApiExchange) => {
    const timeout = integer(query, 't');
    const signal = query.get('signal');
    return { ...(timeout === undefined ? {} : { timeout }), ...(signal ? { signal } : {}) };
  };
  routes.on('POST', '/containers/{id...}/start', async (exchange) => {
    exchange.response.empty((await startContainer(engine, idOf(exchange))) ? 204 : 304);
  });
  routes.on('POST', '/containers/{id...}/stop', async (exchange) => {
    const stopped = await stopContainer(engine, idOf(exchange), stopOptions(exchange));
    exchange.response.empty(stopped ? 204 : 304);
  });
  routes.on('POST', '/containers/{id...}/restart', async (exchange) => {
    await restartContainer(engine, idOf(exchange), stopOptions(exchange));
    exchange.response.empty(204);
  });
  routes.on('POST', '/containers/{id...}/kill', async (exchange) => {
    await killContainer(engine, idOf(exchange), exchange.query.get('signal') ?? '');
    exchange.response.empty(204);
  });
  routes.on('POST', '/containers/{id...}/pause', async (exchange) => {
    await pauseContainer(engine, idOf(exchange));
    exchange.response.empty(204);
  });
  routes.on('POST', '/containers/{id...}/unpause', async (exchange) => {
    await unpauseContainer(engine, idOf(exchange));
    exchange.response.empty(204);
  });
  routes.on('POST', '/containers/{id...}/wait', async (exchange) => {
    const { query, response, signal } = exchange;
    const waiting = waitContainer(engine, idOf(exchange), query.get('condition') ?? '', signal);
    /* The client starts the container once it has these headers. */
    const stream = response.stream(200, { 'Content-Type': 'application/json' });
    stream.end(`${JSON.stringify(await waiting)}\n`);
  });
}
