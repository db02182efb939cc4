import type { ContainerCreateRequest, ContainerInspect, ContainerSummary } from '../api/engine/containers.ts';
import type { ImageInspect, ImageSummary } from '../api/engine/images.ts';
import type { NetworkCreateRequest } from '../api/engine/networks.ts';
import type { EventMessage } from '../api/engine/system.ts';
import { invalidParameter } from '../core/errors.ts';
import type { DiskUsage, Usage } from '../engine/disk-usage.ts';
import type { Filters } from '../engine/filters.ts';
import { encodeSummary } from './encode/summary.ts';

/** The differences between API versions, one function for each change. */

const isBefore = (version: string, minor: number) => Number(version.split('.')[1]) < minor;

/** Before 1.52 the settings of the network called `bridge` stand beside `Networks` too. */
export function bridgeSettingsOutside(version: string, inspect: ContainerInspect): ContainerInspect {
  if (!isBefore(version, 52)) return inspect;
  const { EndpointID, Gateway, GlobalIPv6Address, GlobalIPv6PrefixLen, IPAddress, IPPrefixLen, ...rest } =
    inspect.NetworkSettings.Networks.bridge ?? {};
  const settings = {
    Bridge: '',
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: EndpointID ?? '',
    Gateway: Gateway ?? '',
    GlobalIPv6Address: GlobalIPv6Address ?? '',
    GlobalIPv6PrefixLen: GlobalIPv6PrefixLen ?? 0,
    IPAddress: IPAddress ?? '',
    IPPrefixLen: IPPrefixLen ?? 0,
    IPv6Gateway: rest.IPv6Gateway ?? '',
    MacAddress: rest.MacAddress ?? '',
  };
  return { ...inspect, NetworkSettings: { ...inspect.NetworkSettings, ...settings } };
}

const BEFORE_1_52 = {
  Cmd: null,
  Entrypoint: null,
  Env: null,
  Labels: null,
  OnBuild: null,
  User: '',
  Volumes: null,
  WorkingDir: '',
};

/** Members of a container's configuration that images showed as unset before 1.50. */
const BEFORE_1_50 = {
  AttachStderr: false,
  AttachStdin: false,
  AttachStdout: false,
  Domainname: '',
  Hostname: '',
  Image: '',
  OpenStdin: false,
  StdinOnce: false,
  Tty: false,
};

/**
 * `GET /images/{name}/json`: before 1.52 the main members of the configuration were there also when unset, before 1.50
 * those of a container, too; before 1.45 the container that an image was committed from, before 1.44 its size twice.
 */
export function imageOfVersion(version: string, image: ImageInspect): Record<string, unknown> {
  if (!isBefore(version, 52)) return { ...image };
  const unset = isBefore(version, 50) ? { ...BEFORE_1_52, ...BEFORE_1_50 } : BEFORE_1_52;
  return {
    ...image,
    Config: { ...unset, ...image.Config },
    ...(isBefore(version, 45) ? { Container: '', ContainerConfig: { ...BEFORE_1_52, ...BEFORE_1_50 } } : {}),
    ...(isBefore(version, 44) ? { VirtualSize: image.Size } : {}),
  };
}

/** `GET /images/json`: before 1.44 each row had the size twice. */
export function imagesOfVersion(
  version: string,
  images: readonly ImageSummary[],
): readonly (ImageSummary & { readonly VirtualSize?: number })[] {
  return isBefore(version, 44) ? images.map((image) => ({ ...image, VirtualSize: image.Size })) : images;
}

/** Before 1.52 events of containers and images also name their subject at the top level. */
export function legacyEvent(version: string, event: EventMessage): EventMessage {
  if (!isBefore(version, 52) || !['container', 'image'].includes(event.Type)) return event;
  const { ID: id, Attributes: attributes } = event.Actor;
  const from = event.Type === 'container' ? { from: attributes.image ?? '' } : {};
  return { status: event.Action, id, ...from, ...event };
}

/** `GET /info`: before 1.50 it had settings of bridges, and before 1.49 the commits that were expected. */
export function infoOfVersion(
  version: string,
  info: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const commit = (name: string) => {
    const { ID } = info[name] as { readonly ID: string };
    return { [name]: { ID, Expected: ID } };
  };
  return {
    ...info,
    ...(isBefore(version, 50) ? { BridgeNfIptables: false, BridgeNfIp6tables: false } : {}),
    ...(isBefore(version, 49)
      ? { ...commit('ContainerdCommit'), ...commit('RuncCommit'), ...commit('InitCommit') }
      : {}),
  };
}

const without = ({ Items, ...totals }: Usage<unknown>): Omit<Usage<unknown>, 'Items'> => totals;

/**
 * `GET /system/df`: lists of things before 1.52, totals by kind (and lists when verbose) since. Without `verbose`
 * 1.52 gives both, as Docker does for clients that have not moved on.
 */
export function diskUsageResponse(
  version: string,
  usage: DiskUsage,
  verbose: boolean | undefined,
): Record<string, unknown> {
  const { image, volume, 'build-cache': cache } = usage;
  const container = usage.container && {
    ...usage.container,
    Items: usage.container.Items.map(encodeSummary),
  };
  const old = {
    ...(image ? { LayersSize: image.TotalSize, Images: image.Items } : {}),
    ...(container ? { Containers: container.Items } : {}),
    ...(volume ? { Volumes: volume.Items } : {}),
    ...(cache ? { BuildCache: cache.Items } : {}),
  };
  if (isBefore(version, 52)) return { LayersSize: 0, Images: null, Containers: null, Volumes: null, ...old };
  const show = (part: Usage<unknown>) => (verbose ? part : without(part));
  const totals = {
    ...(image ? { ImageUsage: show(image) } : {}),
    ...(container ? { ContainerUsage: show(container) } : {}),
    ...(volume ? { VolumeUsage: show(volume) } : {}),
    ...(cache ? { BuildCacheUsage: show(cache) } : {}),
  };
  return verbose === undefined ? { ...old, ...totals } : totals;
}

/** A request of an older client means what it meant in its version. @throws BargeError invalid-parameter. */
export function createOfVersion(version: string, body: ContainerCreateRequest): ContainerCreateRequest {
  if (isBefore(version, 44) && Object.keys(body.NetworkingConfig?.EndpointsConfig ?? {}).length > 1) {
    throw invalidParameter('Container cannot be created with multiple network endpoints');
  }
  const asked = isBefore(version, 56) ? withoutUmask(body) : body;
  if (!isBefore(version, 41)) return asked;
  const host = { ...asked.HostConfig, CgroupnsMode: asked.HostConfig?.CgroupnsMode || 'host' };
  if (!isBefore(version, 40)) return { ...asked, HostConfig: host };
  const { PidsLimit, ...known } = host;
  return { ...asked, HostConfig: { ...known, IpcMode: known.IpcMode || 'shareable' } };
}

function withoutUmask(body: ContainerCreateRequest): ContainerCreateRequest {
  if (body.HostConfig?.Umask === undefined) return body;
  const { Umask, ...host } = body.HostConfig;
  return { ...body, HostConfig: host };
}

/** Before 1.40 an update could not change the limit of processes. */
export function updateOfVersion<T extends { readonly PidsLimit?: number | null }>(
  version: string,
  update: T,
): T {
  return isBefore(version, 40) ? { ...update, PidsLimit: null } : update;
}

/** Before 1.48 every network had IPv4. */
export function networkOfVersion(
  version: string,
  { EnableIPv4, ...body }: NetworkCreateRequest,
): NetworkCreateRequest {
  return isBefore(version, 48) || EnableIPv4 === undefined ? body : { ...body, EnableIPv4 };
}

/** Before 1.46 lists had no annotations. */
export function listOfVersion(
  version: string,
  list: readonly ContainerSummary[],
): readonly ContainerSummary[] {
  if (!isBefore(version, 46)) return list;
  return list.map((row) => ({ ...row, HostConfig: { NetworkMode: row.HostConfig.NetworkMode } }));
}

/** Before 1.42 a prune took volumes with a name, too. */
export function pruneFilters(version: string, filters: Filters): Filters {
  return isBefore(version, 42) ? new Map([...filters, ['all', ['true']]]) : filters;
}
