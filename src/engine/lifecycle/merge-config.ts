import { hostname } from 'node:os';
import { posix } from 'node:path';
import type { ContainerConfig, HostConfig, Ulimit } from '../../api/engine/containers.ts';
import type { ImageRunConfig } from '../../api/oci-image.ts';
import type { ContainerDefaults } from '../../container/defaults.ts';
import { mergeLogOptions } from '../../container/log/drivers.ts';
import { shortId } from '../../core/ids.ts';
import { cgroupLayout } from '../../host/cgroups.ts';

/** What the user says, over what the image says (Docker's rules: an own entrypoint drops the image's command). */
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

/** Who shares the host's network has its name as well, unless it was given one. */
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

/** What the daemon's settings say, where the user says nothing. */
export function withDefaults(host: HostConfig, defaults: ContainerDefaults): HostConfig {
  const swap = host.MemorySwap || (host.Memory ? host.Memory * 2 : 0);
  return {
    ...host,
    NetworkMode: !host.NetworkMode || host.NetworkMode === 'default' ? 'bridge' : host.NetworkMode,
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0, ...host.RestartPolicy },
    LogConfig: mergeLogOptions(host.LogConfig, defaults),
    IpcMode: host.IpcMode || defaults.ipcMode,
    CgroupnsMode: host.CgroupnsMode || cgroupnsMode(host, defaults),
    ShmSize: host.ShmSize || defaults.shmSize,
    ...(swap ? { MemorySwap: swap } : {}),
    ...(host.Init === undefined || host.Init === null ? (defaults.init ? { Init: true } : {}) : {}),
    ...(defaults.ulimits.length > 0 ? { Ulimits: mergeUlimits(host.Ulimits ?? [], defaults.ulimits) } : {}),
  };
}

/** Whose cgroups a container sees that does not say so itself. */
export function cgroupnsMode(host: HostConfig, defaults: ContainerDefaults): string {
  if (host.Privileged) return 'host';
  return defaults.cgroupnsMode ?? (cgroupLayout() === 'v2' ? 'private' : 'host');
}

function mergeUlimits(own: readonly Ulimit[], defaults: readonly Ulimit[]): Ulimit[] {
  const names = new Set(own.map(({ Name }) => Name));
  return [...own, ...defaults.filter(({ Name }) => !names.has(Name))];
}
