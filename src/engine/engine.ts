import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isRunning } from '../container/life/state.ts';
import { Runner } from '../container/runner.ts';
import { ContainerStore } from '../container/store.ts';
import type { UpgradeDefinition } from '../container/stored.ts';
import { digestOf, hexOf } from '../core/digest.ts';
import { limiter } from '../core/limiter.ts';
import type { Host } from '../host/host.ts';
import type { DirectoryLock } from '../host/ownership.ts';
import type { OciRuntime } from '../host/runtimes.ts';
import { ImageStore } from '../image/images.ts';
import { LayerStore } from '../image/layers.ts';
import { Networks } from '../network/networks.ts';
import { DEFAULT_SETTINGS, type NetworkSettings } from '../network/settings.ts';
import { NetworkStore } from '../network/store.ts';
import { BlobStore } from '../store/blobs.ts';
import { Database } from '../store/database.ts';
import { VolumeStore } from '../volume/volumes.ts';
import { EventBus } from './events.ts';
import type { ImageContext } from './images/context.ts';
import { type ContainerContext, LiveContainers } from './lifecycle/context.ts';
import { lifePorts } from './lifecycle/daemon-ports.ts';
import { ExecSessions } from './lifecycle/exec.ts';
import { LogKeepers } from './lifecycle/log-keepers.ts';
import { Lifecycle } from './lifecycle/perform.ts';
import { recover } from './recover.ts';
import type { EngineSettings } from './settings.ts';
import { orphanBlobs } from './store-check/layers.ts';
import { MountedVolumes } from './volumes/mounted.ts';

export interface EngineOptions {
  readonly host: Host;
  readonly dataRoot: string;
  readonly execRoot: string;
  /** Name of the Linux bridge; `none`: no bridge network. */
  readonly bridge: string;
  /** The rest of what is to be known of networks. */
  readonly network?: Partial<NetworkSettings>;
  readonly cgroupParent: string;
  readonly defaultRuntime?: string;
  readonly poolSize: number;
  /** Whoever opened the engine may change them. */
  readonly settings: EngineSettings;
  /** Reads containers that an earlier daemon has stored in the terms of its API. */
  readonly upgradeDefinition?: UpgradeDefinition;
  readonly warn: (message: string, details: Readonly<Record<string, unknown>>) => void;
}

/** Everything that the daemon's routes work with: the contexts of the use cases, opened and closed together. */
export interface Engine extends ContainerContext, ImageContext, AsyncDisposable {
  readonly options: EngineOptions;
  readonly execs: ExecSessions;
  readonly runtime: OciRuntime;
  readonly dataRoot: string;
}

/** Opens the data root, takes over what runs, and is ready. @throws BargeError conflict for a data root in use. */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { host, dataRoot, execRoot } = options;
  const { makePrivate, lockDirectory } = host.ownership;
  /* Also those that exist: what is below holds passwords, and programs of containers that are set-uid root. */
  makePrivate(dataRoot, 0o710);
  makePrivate(execRoot, 0o710);
  const busy = `another barged uses the data root ${dataRoot}: stop it, or choose another --data-root`;
  const lock = lockDirectory(dataRoot, busy);
  try {
    makePrivate(join(dataRoot, 'containers'), 0o710);
    makePrivate(join(dataRoot, 'volumes'), 0o701);
    makePrivate(join(execRoot, 'runtime'), 0o700);
    await host.files.removeTree(join(dataRoot, 'tmp'));
    return await assemble(options, lock);
  } catch (error) {
    lock.close();
    throw error;
  }
}

async function assemble(options: EngineOptions, lock: DirectoryLock): Promise<Engine> {
  const { host, dataRoot, execRoot, cgroupParent, settings } = options;
  const db = new Database(join(dataRoot, 'barge.db'));
  const blobs = await BlobStore.open(join(dataRoot, 'blobs'));
  const layers = await LayerStore.open(join(dataRoot, 'layers'), db, host);
  for (const digest of await orphanBlobs({ layers, blobs })) await blobs.remove(digest);
  const runtime = options.defaultRuntime
    ? host.runtimes.find(options.defaultRuntime)
    : host.runtimes.byDefault();
  const networks = await openNetworks(options, db);
  const parts = {
    host,
    containers: new ContainerStore(db, options.upgradeDefinition),
    images: new ImageStore(db),
    layers,
    blobs,
    db,
    volumes: new VolumeStore(join(dataRoot, 'volumes'), db, host.files),
    mounted: new MountedVolumes(join(dataRoot, 'volumes'), host.mounts),
    networks,
    runner: new Runner({ dataRoot, execRoot, cgroupParent }, runtime, settings.defaults, host),
    settings,
    logs: new LogKeepers(host.datagrams),
    events: new EventBus(),
    live: new LiveContainers(),
    registries: {
      get insecure() {
        return settings.insecureRegistries;
      },
      get mirrors() {
        return settings.mirrors;
      },
      get maxTries() {
        return settings.maxDownloadAttempts;
      },
    },
    downloads: limiter(() => settings.maxConcurrentDownloads),
    uploads: limiter(() => settings.maxConcurrentUploads),
    warn: options.warn,
  };
  const context = { ...parts, life: new Lifecycle((life) => lifePorts({ ...parts, life })) };
  await recover(context);
  return {
    ...context,
    options,
    runtime,
    dataRoot,
    execs: new ExecSessions(context),
    [Symbol.asyncDispose]: () => closeEngine(context, cgroupParent, lock),
  };
}

/** Without a default bridge, names in the kernel follow from the data root. */
function openNetworks(options: EngineOptions, db: Database): Promise<Networks> {
  const { host, bridge, network, dataRoot, poolSize, warn } = options;
  const withDefault = bridge !== 'none';
  return Networks.open({
    host,
    store: new NetworkStore(db),
    name: withDefault ? bridge : `barge${hexOf(digestOf(dataRoot)).slice(0, 7)}`,
    ...(withDefault ? { bridge } : {}),
    settings: { ...DEFAULT_SETTINGS, ...network },
    poolSize,
    warn,
  });
}

/** Milliseconds that shims of ended containers get to go. */
const SHIM_PATIENCE = 2000;

type CloseContext = Pick<
  Engine,
  'containers' | 'db' | 'host' | 'life' | 'live' | 'logs' | 'mounted' | 'networks'
>;

/** Containers live on; with none left, bridges, rules and the parent cgroup go too. */
async function closeEngine(
  { host, containers, life, live, networks, mounted, db, logs }: CloseContext,
  cgroupParent: string,
  lock: DirectoryLock,
): Promise<void> {
  life.close();
  const ending = [...live.links]
    .filter(([id]) => !containers.has(id) || !isRunning(containers.get(id).state))
    .map(async ([id, link]) => {
      await link.gone;
      /* The exit record is all that the next daemon has of an end that could not be recorded. */
      if (containers.isRecorded(id)) await rm(link.directory, { recursive: true, force: true });
      live.links.delete(id);
    });
  await logs.close();
  await Promise.race([
    Promise.all([...ending, ...live.removals]),
    setTimeout(SHIM_PATIENCE, undefined, { ref: false }),
  ]);
  const idle = live.links.size === 0;
  for (const link of live.links.values()) link.release();
  await networks.close(idle);
  await mounted.close();
  if (idle) host.cgroups.remove(cgroupParent);
  db[Symbol.dispose]();
  lock.close();
}
