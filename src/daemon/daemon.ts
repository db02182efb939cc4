import { rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import type { Server as HttpServer } from 'node:http';
import type { Server } from 'node:net';
import { dirname } from 'node:path';
import { pino } from 'pino';
import { writeDurably } from '../core/durable.ts';
import { messageOf } from '../core/errors.ts';
import { VERSION } from '../core/version.ts';
import { type Engine, type EngineOptions, openEngine } from '../engine/engine.ts';
import { noteReload } from '../engine/reload.ts';
import { upgradeDefinition } from './decode/upgrade.ts';
import { listenAt } from './listen.ts';
import { serveMetrics } from './metrics.ts';
import { type DaemonOptions, type Proxies, parseDaemonOptions } from './options.ts';
import { archiveRoutes } from './routes/archive.ts';
import { buildRoutes } from './routes/build.ts';
import { containerStreamRoutes } from './routes/container-streams.ts';
import { containerRoutes } from './routes/containers.ts';
import { execRoutes } from './routes/execs.ts';
import { imageRoutes } from './routes/images.ts';
import { networkRoutes } from './routes/networks.ts';
import { checkpointRoutes, pluginRoutes, sessionRoutes, swarmRoutes } from './routes/swarm.ts';
import { systemRoutes } from './routes/system.ts';
import { unsupportedRoutes } from './routes/unsupported.ts';
import { volumeRoutes } from './routes/volumes.ts';
import { Routes } from './routes.ts';
import { createApiServer } from './server.ts';
import { textLog } from './text-log.ts';
import { UnderWay } from './under-way.ts';

const POOL_SIZE = 6;
/** Milliseconds that requests under way get to finish when the daemon ends. */
const DRAIN_MS = 2000;

/** A daemon that serves. Disposing it ends it cleanly; containers live on. */
export interface Daemon extends AsyncDisposable {
  /** Methods and paths of the requests that have no whole response yet. */
  underWay(): readonly string[];
  readonly addresses: readonly string[];
  /** Reads daemon.json again and applies what can change while running. */
  reload(): void;
}

/** @param args and `program`: the command line, for reading the settings again. */
export async function startDaemon(
  host: EngineOptions['host'],
  options: DaemonOptions,
  args: readonly string[],
  program: string,
): Promise<Daemon> {
  const log = pino(
    { name: 'barged', level: options.logLevel, base: { pid: process.pid } },
    options.logFormat === 'text' ? textLog : pino.destination(2),
  );
  for (const note of options.notes) log.warn(note);
  useProxies(options.proxies);
  const { settings, network } = options;
  const engine = await openEngine({
    host,
    dataRoot: options.dataRoot,
    execRoot: options.execRoot,
    bridge: network.bridge,
    network,
    cgroupParent: options.cgroupParent,
    ...(options.defaultRuntime ? { defaultRuntime: options.defaultRuntime } : {}),
    settings,
    poolSize: POOL_SIZE,
    upgradeDefinition,
    warn: (message, details) => log.warn(details, message),
  });
  const about = { version: VERSION, oldest: options.minApiVersion, experimental: settings.experimental };
  const api = createApiServer(routesOf(engine), about, ({ error, ...line }) => {
    if (error) log.info({ ...line, error: messageOf(error) }, 'request failed');
    else log.debug(line, 'request');
  });
  const underWay = new UnderWay(api.server);
  const servers: Server[] = [];
  let metrics: HttpServer | undefined;
  const addresses: string[] = [];
  try {
    for (const host of options.hosts) {
      const { server, address } = await listenAt(api.server, host, {
        ...options,
        warn: (message) => log.warn(message),
      });
      /* Without descriptors, a connection cannot be accepted: the next one may be. */
      server.on('error', (error) => log.error({ error: messageOf(error) }, 'accepting a connection failed'));
      servers.push(server);
      addresses.push(address);
    }
    if (options.metricsAddress) metrics = await serveMetrics(engine, options.metricsAddress);
    await mkdir(dirname(options.pidfile), { recursive: true });
    await writeDurably(options.pidfile, `${process.pid}\n`);
  } catch (error) {
    for (const server of servers) server.close();
    await engine[Symbol.asyncDispose]();
    throw error;
  }
  log.info({ addresses, dataRoot: options.dataRoot, runtime: engine.runtime.name }, 'barged is ready');
  return {
    addresses,
    underWay: () => underWay.list(),
    reload: () => {
      const parsed = parseDaemonOptions(args, program);
      if (parsed.kind !== 'run') return;
      log.level = parsed.options.logLevel;
      Object.assign(settings, parsed.options.settings, { defaults: settings.defaults });
      /* What containers get by default stays until the next start, but for the runtimes: dockerd does the same. */
      settings.defaults.runtimes = parsed.options.settings.defaults.runtimes;
      noteReload(engine);
      log.info({ file: parsed.options.configFile }, 'settings read again');
    },
    [Symbol.asyncDispose]: async () => {
      log.info('ending; containers live on');
      metrics?.close();
      await closeServers(api.server, servers);
      await engine[Symbol.asyncDispose]();
      rmSync(options.pidfile, { force: true });
    },
  };
}

/** Connections to registries look at the environment. */
function useProxies({ http, https, none }: Proxies): void {
  if (http) process.env.HTTP_PROXY = http;
  if (https) process.env.HTTPS_PROXY = https;
  if (none) process.env.NO_PROXY = none;
}

/** Every route of the API. */
export function routesOf(engine: Engine): Routes {
  const routes = new Routes();
  systemRoutes(routes, engine);
  swarmRoutes(routes);
  pluginRoutes(routes);
  sessionRoutes(routes);
  checkpointRoutes(routes);
  containerRoutes(routes, engine);
  containerStreamRoutes(routes, engine);
  archiveRoutes(routes, engine);
  execRoutes(routes, engine);
  imageRoutes(routes, engine);
  buildRoutes(routes, engine);
  networkRoutes(routes, engine);
  volumeRoutes(routes, engine);
  unsupportedRoutes(routes);
  return routes;
}

async function closeServers(api: HttpServer, servers: readonly Server[]): Promise<void> {
  const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
  api.closeIdleConnections();
  const enough = new Promise<void>((resolve) => setTimeout(resolve, DRAIN_MS).unref());
  await Promise.race([Promise.all(closed), enough]);
  api.closeAllConnections();
}
