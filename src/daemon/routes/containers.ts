import { invalidParameter } from '../../core/errors.ts';
import { attachContainer, resizeContainer } from '../../engine/containers/attach.ts';
import { createContainer } from '../../engine/containers/create.ts';
import { inspectContainer } from '../../engine/containers/inspect.ts';
import { listContainers } from '../../engine/containers/list.ts';
import { containerLogs } from '../../engine/containers/logs.ts';
import { pruneContainers, renameContainer } from '../../engine/containers/manage.ts';
import { removeContainer } from '../../engine/containers/remove.ts';
import { startContainer } from '../../engine/containers/start.ts';
import {
  killContainer,
  pauseContainer,
  restartContainer,
  stopContainer,
  unpauseContainer,
} from '../../engine/containers/stop.ts';
import { topContainer } from '../../engine/containers/top.ts';
import { waitContainer } from '../../engine/containers/wait.ts';
import type { Engine } from '../../engine/engine.ts';
import { parseFilters } from '../../engine/filters.ts';
import { type ContainerCreateRequest, MULTIPLEXED_STREAM, RAW_STREAM } from '../../spec/engine.ts';
import { bridgeSettingsOutside } from '../compat.ts';
import { type Exchange, flag, integer, readJson } from '../http.ts';
import { writeLogs } from '../logs.ts';
import type { Router } from '../router.ts';
import { assertShape, CREATE_SHAPE } from '../shape.ts';
import { bridge, parseDetachKeys } from '../streams.ts';

const idOf = ({ params }: Exchange) => params.id ?? '';

export function containerRoutes(router: Router, engine: Engine): void {
  router.on('GET', '/containers/json', ({ query, response }) => {
    const all = flag(query, 'all');
    const limit = integer(query, 'limit') ?? 0;
    response.json(
      200,
      listContainers(engine, { all, limit, filters: parseFilters(query.get('filters') ?? '') }),
    );
  });
  router.on('POST', '/containers/create', async ({ request, query, response }) => {
    const body = await readJson<ContainerCreateRequest>(request);
    assertShape(body, CREATE_SHAPE);
    response.json(201, await createContainer(engine, body, query.get('name') || undefined));
  });
  router.on('POST', '/containers/prune', async ({ query, response }) => {
    response.json(200, await pruneContainers(engine, parseFilters(query.get('filters') ?? '')));
  });
  router.on('GET', '/containers/{id}/json', (exchange) => {
    const container = engine.containers.find(idOf(exchange));
    const execs = engine.execs.ofContainer(container.definition.id);
    const inspect = inspectContainer(engine, container, execs);
    exchange.response.json(200, bridgeSettingsOutside(exchange.version, inspect));
  });
  router.on('GET', '/containers/{id}/top', async (exchange) => {
    const answer = await topContainer(engine, idOf(exchange), exchange.query.get('ps_args') || '-ef');
    exchange.response.json(200, answer);
  });
  router.on('POST', '/containers/{id}/rename', (exchange) => {
    renameContainer(engine, idOf(exchange), exchange.query.get('name') ?? '');
    exchange.response.empty(204);
  });
  router.on('DELETE', '/containers/{id}', async (exchange) => {
    const { query, response } = exchange;
    if (flag(query, 'link'))
      throw invalidParameter('removing links (link=1) is not supported: Barge has no legacy links');
    await removeContainer(engine, idOf(exchange), { force: flag(query, 'force'), volumes: flag(query, 'v') });
    response.empty(204);
  });
  lifeRoutes(router, engine);
  streamRoutes(router, engine);
}

function lifeRoutes(router: Router, engine: Engine): void {
  const stopOptions = ({ query }: Exchange) => {
    const timeout = integer(query, 't');
    const signal = query.get('signal');
    return { ...(timeout === undefined ? {} : { timeout }), ...(signal ? { signal } : {}) };
  };
  router.on('POST', '/containers/{id}/start', async (exchange) => {
    exchange.response.empty((await startContainer(engine, idOf(exchange))) ? 204 : 304);
  });
  router.on('POST', '/containers/{id}/stop', async (exchange) => {
    const stopped = await stopContainer(engine, idOf(exchange), stopOptions(exchange));
    exchange.response.empty(stopped ? 204 : 304);
  });
  router.on('POST', '/containers/{id}/restart', async (exchange) => {
    await restartContainer(engine, idOf(exchange), stopOptions(exchange));
    exchange.response.empty(204);
  });
  router.on('POST', '/containers/{id}/kill', async (exchange) => {
    await killContainer(engine, idOf(exchange), exchange.query.get('signal') ?? '');
    exchange.response.empty(204);
  });
  router.on('POST', '/containers/{id}/pause', async (exchange) => {
    await pauseContainer(engine, idOf(exchange));
    exchange.response.empty(204);
  });
  router.on('POST', '/containers/{id}/unpause', async (exchange) => {
    await unpauseContainer(engine, idOf(exchange));
    exchange.response.empty(204);
  });
  router.on('POST', '/containers/{id}/wait', async (exchange) => {
    const { query, response, signal } = exchange;
    const waiting = waitContainer(engine, idOf(exchange), query.get('condition') ?? '', signal);
    /* The client starts the container once it has these headers. */
    const stream = response.stream(200, { 'Content-Type': 'application/json' });
    stream.end(`${JSON.stringify(await waiting)}\n`);
  });
}

function streamRoutes(router: Router, engine: Engine): void {
  router.on('POST', '/containers/{id}/attach', async (exchange) => {
    const { query, response } = exchange;
    const { definition } = engine.containers.find(idOf(exchange));
    const tty = Boolean(definition.config.Tty);
    const keys = tty ? parseDetachKeys(query.get('detachKeys')) : undefined;
    const live = flag(query, 'stream');
    const stdin = flag(query, 'stdin') && Boolean(definition.config.OpenStdin);
    const wish = { stdin, stdout: flag(query, 'stdout'), stderr: flag(query, 'stderr'), raw: tty };
    const client = response.hijack(tty ? RAW_STREAM : streamType(exchange));
    if (flag(query, 'logs')) {
      const logs = containerLogs(engine, definition.id, { ...wish, follow: false, signal: exchange.signal });
      await writeLogs(client, logs, { timestamps: false });
    }
    if (!live) {
      client.end();
      return;
    }
    try {
      await bridge(client, await attachContainer(engine, definition.id, wish, exchange.signal), keys);
    } catch (error) {
      client.end();
      throw error;
    }
  });
  router.on('POST', '/containers/{id}/resize', (exchange) => {
    const { query, response } = exchange;
    resizeContainer(engine, idOf(exchange), integer(query, 'h') ?? 0, integer(query, 'w') ?? 0);
    response.empty(200);
  });
  router.on('GET', '/containers/{id}/logs', async (exchange) => {
    const { query, response, signal } = exchange;
    const since = logTime(query.get('since'));
    const until = logTime(query.get('until'));
    const tail = query.get('tail') ?? 'all';
    const logs = containerLogs(engine, idOf(exchange), {
      stdout: flag(query, 'stdout'),
      stderr: flag(query, 'stderr'),
      follow: flag(query, 'follow'),
      ...(since ? { since } : {}),
      ...(until ? { until } : {}),
      ...(/^\d+$/.test(tail) ? { tail: Number(tail) } : {}),
      signal,
    });
    const type = logs.tty ? RAW_STREAM : streamType(exchange);
    const out = response.stream(200, { 'Content-Type': type });
    await writeLogs(out, logs, { timestamps: flag(query, 'timestamps') });
    out.end();
  });
}

/** Clients before 1.42 know one name for both kinds of streams. */
function streamType({ version }: Exchange): string {
  return Number(version.split('.')[1]) >= 42 ? MULTIPLEXED_STREAM : RAW_STREAM;
}

/** Seconds with up to nine decimals, as clients send times of logs and events; nanoseconds out. */
export function logTime(text: string | null): bigint | undefined {
  if (!text || text === '0') return undefined;
  const match = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text);
  if (match) return BigInt(match[1] ?? '0') * 1_000_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
  const parsed = Date.parse(text);
  if (Number.isNaN(parsed)) throw invalidParameter(`invalid value for a time: "${text}"`);
  return BigInt(parsed) * 1_000_000n;
}
