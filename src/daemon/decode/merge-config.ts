import { hostname } from 'node:os';
import { posix } from 'node:path';
import type { ContainerConfig, HostConfig, Ulimit } from '../../api/engine/containers.ts';
import type { NetworkingConfig } from '../../api/engine/networks.ts';
import type { ImageRunConfig } from '../../api/oci-image.ts';
import { mergeLog } from '../../container/log/drivers.ts';
import type { UlimitSpec } from '../../container/resource-spec.ts';
import { shortId } from '../../core/ids.ts';
import type { Surroundings } from '../../engine/lifecycle/create.ts';

/** Lays the request's configuration over the image's. By Docker's rules an entrypoint of its own drops the image's command. */
export function mergeConfig(
  own: ContainerConfig,
  image: ImageRunConfig,
  id: string,
  host: HostConfig,
): ContainerConfig {
  const ownEntrypoint = (own.Entrypoint ?? []).length > 0;
  const entrypoint = ownEntrypoint ? own.Entrypoint : image.Entrypoint;
  const command = (own.Cmd ?? []).length > 0 ? own.Cmd : ownEntrypoint ? null : image.Cmd;
  const cleared = own.Entrypoint?.length === 1 && own.Entrypoint[0] === '';
  const health = mergeHealth(own.Healthcheck, image.Healthcheck);
  return {
    ...own,
    Hostname: own.Hostname || hostnameOf(host, id),
    User: own.User || image.User || '',
    Env: mergeEnv(own.Env ?? [], image.Env ?? []),
    Entrypoint: cleared ? null : (entrypoint ?? null),
    Cmd: command ?? null,
    WorkingDir: cleanDirectory(own.WorkingDir || image.WorkingDir || ''),
    Labels: { ...image.Labels, ...own.Labels },
    Volumes: { ...image.Volumes, ...own.Volumes },
    ExposedPorts: { ...image.ExposedPorts, ...own.ExposedPorts },
    ...(own.StopSignal || image.StopSignal ? { StopSignal: own.StopSignal || image.StopSignal || '' } : {}),
    ...(health ? { Healthcheck: health } : {}),
  };
}

/** A container on the host's network has the host's name, unless the request names it. */
function hostnameOf(host: HostConfig, id: string): string {
  if (host.UTSMode === 'host') return '';
  return host.NetworkMode === 'host' ? hostname() : shortId(id);
}

/** Without `.`, `..` and a slash at the end; empty stays empty. */
function cleanDirectory(path: string): string {
  return path === '' ? '' : posix.join('/', path).replace(/(.)\/$/, '$1');
}

function mergeEnv(own: readonly string[], image: readonly string[]): string[] {
  const nameOf = (entry: string) => entry.split('=', 1)[0];
  const names = new Set(own.map(nameOf));
  return [...own, ...image.filter((entry) => !names.has(nameOf(entry)))];
}

/** Times alone (`--health-interval` without `--health-cmd`) change those of the image's check. */
function mergeHealth(
  own: ContainerConfig['Healthcheck'],
  image: ImageRunConfig['Healthcheck'],
): ContainerConfig['Healthcheck'] {
  if (!own || !image) return own ?? image;
  const set = Object.entries(own).filter(([, value]) => (Array.isArray(value) ? value.length > 0 : value));
  return { ...image, ...Object.fromEntries(set) };
}

/** Fills in the daemon's settings where the request says nothing. The engine adds a swap limit once it has checked the limits. */
export function withDefaults({ MemorySwappiness, ...host }: HostConfig, around: Surroundings): HostConfig {
  const { defaults } = around;
  const log = mergeLog(
    { driver: host.LogConfig?.Type ?? '', options: host.LogConfig?.Config ?? {} },
    defaults,
  );
  return {
    ...host,
    ...(MemorySwappiness === undefined || MemorySwappiness === -1 ? {} : { MemorySwappiness }),
    NetworkMode: isDefaultMode(host.NetworkMode) ? 'bridge' : host.NetworkMode,
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0, ...host.RestartPolicy },
    LogConfig: { Type: log.driver, Config: log.options },
    IpcMode: host.IpcMode || defaults.ipcMode,
    CgroupnsMode: host.CgroupnsMode || around.cgroupNamespace(host.Privileged ?? false),
    ShmSize: host.ShmSize || defaults.shmSize,
    ...(host.Init === undefined || host.Init === null ? (defaults.init ? { Init: true } : {}) : {}),
    ...(defaults.ulimits.length > 0 ? { Ulimits: mergeUlimits(host.Ulimits ?? [], defaults.ulimits) } : {}),
  };
}

/** Whether the user left the network to the daemon. */
const isDefaultMode = (mode: string | undefined): mode is undefined | '' | 'default' =>
  !mode || mode === 'default';

/** Settings by network, that of the mode among them unless the user chose other networks and no mode. */
export function requestedEndpoints(
  { NetworkMode: mode }: HostConfig,
  endpoints: NonNullable<NetworkingConfig['EndpointsConfig']>,
): NonNullable<NetworkingConfig['EndpointsConfig']> {
  const chosen = Object.entries(endpoints).map(
    ([name, settings]) => [name === 'default' ? 'bridge' : name, settings] as const,
  );
  const own = isDefaultMode(mode) ? 'bridge' : mode;
  const isWanted = chosen.length === 0 || !isDefaultMode(mode);
  return { ...(isWanted ? { [own]: {} } : {}), ...Object.fromEntries(chosen) };
}

function mergeUlimits(own: readonly Ulimit[], defaults: readonly UlimitSpec[]): Ulimit[] {
  const names = new Set(own.map(({ Name }) => Name));
  const added = defaults.filter(({ name }) => !names.has(name));
  return [...own, ...added.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard }))];
}
