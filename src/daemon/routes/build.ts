import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { ProgressMessage } from '../../api/engine/system.ts';
import { BargeError, conflict, invalidParameter } from '../../core/errors.ts';
import { buildErrorMessage, type Entitlement, runBuild } from '../../engine/builds/build.ts';
import { BuildState } from '../../engine/builds/builds.ts';
import type { ContextEntry } from '../../engine/builds/kept-contexts.ts';
import { listBuildCache } from '../../engine/builds/list-cache.ts';
import { cacheArchive } from '../../engine/builds/portable/export.ts';
import { pruneBuildCache } from '../../engine/builds/prune.ts';
import type { BuildSession } from '../../engine/builds/sessions.ts';
import type { Engine } from '../../engine/engine.ts';
import { parseFilters } from '../../engine/filters.ts';
import { dropUnnamed, withImageFiles } from '../../engine/images/files.ts';
import { flag, integer } from '../../http/query.ts';
import { bodyOf, leave } from '../../http/request-body.ts';
import { sendStream } from '../../http/send-stream.ts';
import { registryConfig } from '../auth.ts';
import { readBody } from '../decode/body.ts';
import { parseExactJson } from '../decode/json.ts';
import { SESSION } from '../decode/others.ts';
import { jsonParameter } from '../decode/query.ts';
import { messageStream } from '../messages.ts';
import type { ApiExchange, Routes } from '../routes.ts';

export function buildRoutes(routes: Routes, engine: Engine): void {
  const state = new BuildState(engine);
  routes.on('POST', '/build', (exchange) => buildRoute(engine, state, exchange));
  routes.on('POST', '/build/prune', (exchange) => pruneRoute(engine, state, exchange));
  routes.on('POST', '/build/cancel', ({ query, response }) => {
    const id = query.get('id') ?? '';
    if (id === '') throw invalidParameter('build ID not provided');
    state.active.get(id)?.abort(new BargeError('cancelled', 'the build was cancelled'));
    response.empty(200);
  });
  routes.on('GET', '/barge/build-cache', async ({ query, response, signal }) => {
    const filters = parseFilters(query.get('filters') ?? '');
    response.json(200, await listBuildCache(engine, state, filters, signal));
  });
  filesRoutes(routes, engine);
  sessionRoutes(routes, state);
  historyRoutes(routes, engine, state);
}

const TAR = { 'Content-Type': 'application/x-tar' };

function filesRoutes(routes: Routes, engine: Engine): void {
  routes.on('GET', '/barge/images/{name...}/files', async ({ params, response, signal }) => {
    await withImageFiles(engine, params.name ?? '', signal, async (tar) => {
      await sendStream({ response, signal }, TAR, tar);
    });
  });
  routes.on('DELETE', '/barge/images/{name...}/files', async ({ params, response }) => {
    await dropUnnamed(engine, params.name ?? '');
    response.empty(204);
  });
}

function sessionRoutes(routes: Routes, state: BuildState): void {
  const sessionOf = ({ params }: ApiExchange) => state.sessions.get(params.id ?? '');
  routes.on('POST', '/barge/sessions', async ({ request, response }) => {
    const session = state.sessions.create(await readBody(request, SESSION));
    response.json(201, { Id: session.id });
  });
  routes.on('DELETE', '/barge/sessions/{id}', ({ params, response }) => {
    state.sessions.end(params.id ?? '');
    response.empty(204);
  });
  routes.on('POST', '/barge/sessions/{id}/compare', async (exchange) => {
    const { query, request, response } = exchange;
    const session = sessionOf(exchange);
    const context = await state.sessions.addContext(session, query.get('name') ?? '', query.get('key') ?? '');
    response.json(200, await context.compare(await readEntries(request)));
  });
  routes.on('POST', '/barge/sessions/{id}/files', async (exchange) => {
    const { query, request, response, signal } = exchange;
    await sessionOf(exchange)
      .context(query.get('name') ?? '')
      .receive(request, signal);
    response.empty(204);
  });
  routes.on(
    'POST',
    '/barge/sessions/{id}/ssh',
    async (exchange) => {
      const agent = sessionOf(exchange).agent(exchange.query.get('agent') ?? 'default');
      const connection = exchange.response.hijack('application/vnd.barge.ssh-agent');
      connection.on('error', () => connection.destroy());
      agent.offer(connection);
      await once(connection, 'close');
    },
    { hijacks: true },
  );
}

const isEntry = (value: unknown): value is ContextEntry =>
  Array.isArray(value) && value.length === 3 && value.every((part) => typeof part === 'string');

/** A JSON array on every line. */
async function readEntries(request: NodeJS.ReadableStream): Promise<ContextEntry[]> {
  const entries: ContextEntry[] = [];
  for await (const line of createInterface({ input: request, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line === '') continue;
    const entry = parseExactJson(line);
    if (!isEntry(entry)) {
      throw invalidParameter(
        `line ${entries.length + 1} of the list of files is not a list of three strings`,
      );
    }
    entries.push(entry);
  }
  return entries;
}

function historyRoutes(routes: Routes, engine: Engine, state: BuildState): void {
  const { history } = state;
  routes.on('GET', '/barge/builds', async ({ response }) => {
    response.json(200, await history.list());
  });
  routes.on('GET', '/barge/builds/{id}', async ({ params, response }) => {
    response.json(200, await history.find(params.id ?? ''));
  });
  routes.on('GET', '/barge/builds/{id}/messages', async ({ params, response }) => {
    const { ID } = await history.find(params.id ?? '');
    response.json(200, await history.messages(ID));
  });
  routes.on('GET', '/barge/builds/{id}/cache', async ({ params, response, signal }) => {
    const tar = cacheArchive(engine, state.cacheOf(params.id ?? ''));
    await sendStream({ response, signal }, TAR, tar);
  });
  routes.on('DELETE', '/barge/builds', async ({ response }) => {
    response.json(200, await history.remove(undefined));
  });
  routes.on('DELETE', '/barge/builds/{id}', async ({ params, response }) => {
    response.json(200, await history.remove(params.id ?? ''));
  });
}

async function pruneRoute(engine: Engine, state: BuildState, exchange: ApiExchange): Promise<void> {
  const { query, response } = exchange;
  const options = {
    all: flag(query, 'all'),
    filters: parseFilters(query.get('filters') ?? ''),
    reservedSpace: integer(query, 'reserved-space') ?? integer(query, 'keep-storage'),
    maxUsedSpace: integer(query, 'max-used-space'),
    minFreeSpace: integer(query, 'min-free-space'),
  };
  response.json(200, await pruneBuildCache(engine, state, defined(options)));
}

const ENTITLEMENT = /^(network\.host|security\.insecure|device(=.*)?)$/;

const defined = <T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;

async function buildRoute(engine: Engine, state: BuildState, exchange: ApiExchange): Promise<void> {
  const { query, request, signal } = exchange;
  if (query.get('version') === '2') {
    throw invalidParameter(
      'this daemon has no BuildKit API: set DOCKER_BUILDKIT=0, or build with barge build',
    );
  }
  refuseUnsupported(query);
  const build = defined({
    dockerfile: { path: query.get('dockerfile') || 'Dockerfile' },
    tags: query.getAll('t'),
    target: query.get('target') || undefined,
    buildArgs: jsonParameter(query, 'buildargs'),
    labels: jsonParameter(query, 'labels'),
    call: callOf(query),
    noCache: flag(query, 'nocache'),
    noCacheStages: query.getAll('nocachefilter'),
    entitlements: query.getAll('allow').filter((name) => ENTITLEMENT.test(name)) as Entitlement[],
    pull: flag(query, 'pull'),
    platforms: listOf(query.getAll('platform')),
    rewriteTimes: flag(query, 'rewritetimestamp'),
    networkMode: query.get('networkmode') || undefined,
    extraHosts: listOf(query.getAll('extrahosts')),
    shmSize: integer(query, 'shmsize') || undefined,
    squash: flag(query, 'squash'),
    resources: resourcesOf(query),
    signal,
  });
  const session = query.get('barge-session')
    ? takenSession(state, query.get('barge-session') ?? '')
    : undefined;
  const tar = bodyOf(request);
  const job = defined({
    tar,
    remote: query.get('remote') || undefined,
    session,
    namedContexts: jsonParameter(query, 'contexts'),
    buildId: query.get('buildid') || undefined,
    request: build,
    options: {
      annotations: query.getAll('annotation'),
      attestations: query.getAll('attest'),
      cacheFrom: jsonParameter(query, 'cachefrom') ?? [],
      cacheTo: jsonParameter(query, 'cacheto') ?? [],
    },
    auth: registryConfig(request.headers['x-registry-config']),
    quiet: flag(query, 'q'),
  });
  const events = flag(query, 'events');
  try {
    await messageStream(
      exchange,
      (write) =>
        runBuild(engine, state, {
          ...job,
          write: (message) => {
            if (!events || message.aux !== undefined) write(message);
          },
          ...(events ? { tell: (event) => write({ event } as ProgressMessage) } : {}),
        }),
      buildErrorMessage,
    );
  } catch (error) {
    if (error instanceof BargeError) throw error;
    throw new BargeError('system', String(error instanceof Error ? error.message : error), { cause: error });
  } finally {
    if (session) state.sessions.end(session.id);
    await leave(request, tar);
  }
}

/** Values of a parameter that may be given several times, or with commas. */
const listOf = (values: readonly string[]) => values.flatMap((text) => text.split(',')).filter(Boolean);

function callOf(query: URLSearchParams): 'check' | 'outline' | 'targets' | undefined {
  const call = query.get('call') || (flag(query, 'check') ? 'check' : 'build');
  if (call === 'build') return undefined;
  if (call === 'check' || call === 'outline' || call === 'targets') return call;
  throw invalidParameter(`call=${call} is not known: want build, check, outline or targets`);
}

/** @throws BargeError for what would change the result and is not done here. */
function refuseUnsupported(query: URLSearchParams): void {
  const outputs = query.get('outputs') ?? '';
  if (outputs !== '' && outputs !== '[]' && outputs !== 'null') {
    throw invalidParameter(
      'outputs= is not supported: use barge build --output, or GET /barge/images/NAME/files',
    );
  }
}

/** @throws BargeError not-found; conflict when another build has it. */
function takenSession(state: BuildState, id: string): BuildSession {
  const session = state.sessions.get(id);
  if (session.taken) throw conflict(`the build session ${id} belongs to another build`);
  session.taken = true;
  return session;
}

function resourcesOf(query: URLSearchParams) {
  return defined({
    memory: integer(query, 'memory') || undefined,
    memorySwap: integer(query, 'memswap') || undefined,
    cpuShares: integer(query, 'cpushares') || undefined,
    cpuPeriod: integer(query, 'cpuperiod') || undefined,
    cpuQuota: integer(query, 'cpuquota') || undefined,
    cpusetCpus: query.get('cpusetcpus') || undefined,
    cpusetMems: query.get('cpusetmems') || undefined,
    cgroupParent: query.get('cgroupparent') || undefined,
    ulimits: jsonParameter(query, 'ulimits'),
    securityOpt: jsonParameter(query, 'securityopt'),
  });
}
