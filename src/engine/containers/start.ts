import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { StartFailure } from '../../container/failure.ts';
import { type Container, canStart, isRunning } from '../../container/model.ts';
import { invalidParameter } from '../../core/errors.ts';
import { warmCgroupLock } from '../../host/cgroups.ts';
import type { Endpoint } from '../../network/bridge.ts';
import { resolvConf } from '../../network/resolv.ts';
import type { PortMap } from '../../spec/engine.ts';
import { type ContainerContext, emitContainer } from './context.ts';
import { watchExit } from './exit.ts';
import { startingHealth, watchHealth } from './health.ts';
import { removeLocked } from './remove.ts';

/** @returns false when the container was running already (an API answer of its own, not an error). */
export async function startContainer(ctx: ContainerContext, word: string): Promise<boolean> {
  const { definition } = ctx.containers.find(word);
  return await ctx.locks.run(definition.id, async () => {
    if (!canStart(ctx.containers.get(definition.id))) return false;
    await launch(ctx, definition.id, { stoppedByUser: false, restartCount: 0 });
    return true;
  });
}

/** Starts a container whose lock the caller holds. */
export async function launch(
  ctx: ContainerContext,
  id: string,
  change: { readonly stoppedByUser: boolean; readonly restartCount: number },
): Promise<void> {
  warmCgroupLock();
  const container = ctx.containers.get(id);
  const readers = ctx.live.takeWaitingReaders(id);
  /* The last run's shim may still be cleaning up under the same names. */
  await ctx.live.links.get(id)?.gone;
  let endpoint: Endpoint | undefined;
  try {
    endpoint = await connect(ctx, container);
    const started = await ctx.runner.start({
      definition: container.definition,
      rootfs: ctx.layers.rootfs(container.definition.layers),
      ...networkNamespace(ctx, container, endpoint),
      etc: etcFiles(ctx, container, endpoint),
      sharedNamespaces: sharedNamespaces(ctx, container),
      attach: readers.map(({ wish }) => wish),
    });
    const health = startingHealth(container);
    const running = ctx.containers.setState(id, {
      ...change,
      ...(health ? { health } : {}),
      status: 'running',
      pid: started.pid,
      exitCode: 0,
      error: '',
      oomKilled: false,
      startedAt: Date.now(),
      finishedAt: container.state.finishedAt,
      ...(endpoint ? { attachment: { network: 'bridge', ...attachmentOf(endpoint) } } : {}),
    });
    ctx.live.links.set(id, started.link);
    readers.forEach((reader, i) => {
      const stream = started.attached[i];
      if (stream) reader.settle(stream);
    });
    emitContainer(ctx, running, 'start');
    for (const warning of started.warnings) ctx.warn(warning, { container: id });
    watchHealth(ctx, id);
    watchExit(ctx, id, started.link, (again, how) => launch(ctx, again, how));
  } catch (error) {
    await undo(ctx, id, endpoint, error);
    for (const reader of readers) reader.settle(error as Error);
    throw error;
  }
}

const attachmentOf = ({ sandbox, settings, ports }: Endpoint) => ({ sandbox, endpoint: settings, ports });

async function undo(ctx: ContainerContext, id: string, endpoint: Endpoint | undefined, error: unknown) {
  if (endpoint) await ctx.bridge?.disconnect(endpoint);
  await rm(ctx.runner.folders(id).exec, { recursive: true, force: true });
  const exitCode = error instanceof StartFailure ? error.exitCode : 128;
  const message = error instanceof Error ? error.message : String(error);
  const failed = ctx.containers.setState(id, { exitCode, error: message });
  if (failed.definition.hostConfig.AutoRemove) {
    await removeLocked(ctx, id, { volumes: true });
  }
}

async function connect(ctx: ContainerContext, { definition }: Container): Promise<Endpoint | undefined> {
  const { NetworkMode: mode } = definition.hostConfig;
  if (mode !== 'bridge' || definition.config.NetworkDisabled) return undefined;
  if (!ctx.bridge) throw invalidParameter('this daemon runs with --bridge=none: use --network none or host');
  const endpoint = definition.networkingConfig.EndpointsConfig?.bridge;
  const mac = endpoint?.MacAddress || definition.config.MacAddress;
  const address = endpoint?.IPAMConfig?.IPv4Address;
  return await ctx.bridge.connect({
    ...(address ? { address } : {}),
    ...(mac ? { mac } : {}),
    ports: portsToPublish(definition),
    holder: definition.name,
  });
}

/** The ports of `-p`, those of `-P`, and the merely exposed ones, which `ps` and `inspect` show too. */
function portsToPublish({ config, hostConfig }: Container['definition']): PortMap {
  const exposed = Object.keys(config.ExposedPorts ?? {});
  const anyPort = hostConfig.PublishAllPorts ? [{ HostIp: '', HostPort: '' }] : null;
  return {
    ...Object.fromEntries(exposed.map((port) => [port, anyPort])),
    ...withProtocol(hostConfig.PortBindings ?? {}),
  };
}

function withProtocol(ports: PortMap): PortMap {
  return Object.fromEntries(
    Object.entries(ports).map(([port, bindings]) => [port.includes('/') ? port : `${port}/tcp`, bindings]),
  );
}

function networkNamespace(
  ctx: ContainerContext,
  { definition }: Container,
  endpoint: Endpoint | undefined,
): { networkNamespace?: string; privateNetwork: boolean } {
  const mode = definition.hostConfig.NetworkMode ?? 'bridge';
  if (endpoint) return { networkNamespace: endpoint.sandbox, privateNetwork: true };
  if (mode === 'host') return { privateNetwork: false };
  if (mode.startsWith('container:')) {
    return { networkNamespace: `/proc/${pidOf(ctx, mode)}/ns/net`, privateNetwork: false };
  }
  return { privateNetwork: true };
}

/** @param mode `container:<id or name>`. @throws BargeError conflict unless that container runs. */
function pidOf(ctx: ContainerContext, mode: string): number {
  const other = ctx.containers.find(mode.slice('container:'.length));
  if (!isRunning(other.state)) {
    throw invalidParameter(`cannot join the namespace of a non running container: ${other.definition.id}`);
  }
  return other.state.pid;
}

function sharedNamespaces(ctx: ContainerContext, { definition }: Container): Record<string, string> {
  const { PidMode: pid, IpcMode: ipc } = definition.hostConfig;
  const path = (mode: string, name: string) => `/proc/${pidOf(ctx, mode)}/ns/${name}`;
  return {
    ...(pid?.startsWith('container:') ? { pid: path(pid, 'pid') } : {}),
    ...(ipc?.startsWith('container:') ? { ipc: path(ipc, 'ipc') } : {}),
  };
}

function etcFiles(ctx: ContainerContext, { definition }: Container, endpoint: Endpoint | undefined) {
  const { config, hostConfig } = definition;
  const mode = hostConfig.NetworkMode ?? 'bridge';
  if (mode.startsWith('container:')) {
    const folders = ctx.runner.folders(ctx.containers.find(mode.slice('container:'.length)).definition.id);
    const read = (path: string) => readFileSync(path, 'utf8');
    return {
      hostname: read(folders.hostname),
      hosts: read(folders.hosts),
      resolvConf: read(folders.resolvConf),
    };
  }
  const onHost = mode === 'host';
  const name = onHost && !config.Hostname ? hostname() : (config.Hostname ?? '');
  const full = config.Domainname ? `${name}.${config.Domainname} ${name}` : name;
  const own = endpoint ? `${endpoint.settings.IPAddress}\t${full}\n` : '';
  return {
    hostname: `${name}\n`,
    hosts: `${onHost ? readFileSync('/etc/hosts', 'utf8') : LOOPBACK_HOSTS}${extraHosts(ctx, hostConfig.ExtraHosts ?? [])}${own}`,
    resolvConf: resolvConf(
      {
        servers: hostConfig.Dns ?? [],
        search: hostConfig.DnsSearch ?? [],
        options: hostConfig.DnsOptions ?? [],
      },
      onHost,
    ),
  };
}

const LOOPBACK_HOSTS = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::\tip6-localnet',
  'ff00::\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
  '',
].join('\n');

/** `name:address` or `name=address`; `host-gateway` is the host as the bridge's containers see it. */
function extraHosts(ctx: ContainerContext, entries: readonly string[]): string {
  return entries
    .map((entry) => {
      const at = entry.search(/[:=]/);
      const [name, address] = [entry.slice(0, at), entry.slice(at + 1)];
      const real = address === 'host-gateway' ? (ctx.bridge?.gatewayAddress ?? '127.0.0.1') : address;
      return `${real}\t${name}\n`;
    })
    .join('');
}
