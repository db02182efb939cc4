import type { EndpointSettings } from '../../api/engine/networks.ts';
import { parseLink } from '../../container/links.ts';
import type { Container, ContainerDefinition } from '../../container/model.ts';
import { shortId } from '../../core/ids.ts';
import type { EndpointRequest } from '../../network/model.ts';

/** How a definition says which networks its container is on. */

export const modeOf = ({ hostConfig }: ContainerDefinition) => {
  const mode = hostConfig.NetworkMode ?? 'bridge';
  return mode === '' || mode === 'default' ? 'bridge' : mode;
};

/** The container shares a namespace, or has one with nothing in it: there is nothing to connect. */
export const hasFixedNetwork = (definition: ContainerDefinition) => {
  const mode = modeOf(definition);
  return mode === 'host' || mode === 'none' || mode.startsWith('container:') || isDisabled(definition);
};

const isDisabled = ({ config }: ContainerDefinition) => Boolean(config.NetworkDisabled);

/** Settings by the network's name, the one of `--network` first. */
export function endpointConfigs(definition: ContainerDefinition): Record<string, EndpointSettings> {
  const mode = modeOf(definition);
  if (mode.startsWith('container:') || isDisabled(definition)) return {};
  const configs = definition.networkingConfig.EndpointsConfig;
  if (mode === 'host' || mode === 'none' || !configs) return { [mode]: configs?.[mode] ?? {} };
  const named = Object.entries(configs).map(
    ([name, settings]) => [name === 'default' ? 'bridge' : name, settings ?? {}] as const,
  );
  const rank = ([name]: readonly [string, unknown]) => (name === mode ? 0 : 1);
  return Object.fromEntries(named.sort((a, b) => rank(a) - rank(b) || (a[0] < b[0] ? -1 : 1)));
}

/** What a container wants of each network that it is on. */
export function requestsOf(definition: ContainerDefinition): EndpointRequest[] {
  if (hasFixedNetwork(definition)) return [];
  const configs = Object.entries(endpointConfigs(definition));
  return configs.map(([network, settings], i) =>
    endpointRequest(definition, network, settings, i === 0 ? definition.config.MacAddress : undefined),
  );
}

/** As `requestOf`, for a container that may have IPv6 switched off. */
export function endpointRequest(
  definition: ContainerDefinition,
  network: string,
  settings: EndpointSettings,
  mac?: string,
): EndpointRequest {
  const request = requestOf(network, settings, mac);
  return isIPv6Off(definition, settings.DriverOpts) ? { ...request, without6: true } : request;
}

/** @param mac for an endpoint that names none itself. */
export function requestOf(network: string, settings: EndpointSettings, mac?: string): EndpointRequest {
  const { IPAMConfig: ipam, MacAddress, GwPriority, DriverOpts } = settings;
  const hardware = MacAddress || mac;
  return {
    network,
    ...(ipam?.IPv4Address ? { ipv4: ipam.IPv4Address } : {}),
    ...(ipam?.IPv6Address ? { ipv6: ipam.IPv6Address } : {}),
    ...(ipam?.LinkLocalIPs?.length ? { linkLocal: ipam.LinkLocalIPs } : {}),
    ...(hardware ? { mac: hardware } : {}),
    ...(GwPriority ? { priority: GwPriority } : {}),
    ...(DriverOpts ? { driverOpts: DriverOpts } : {}),
  };
}

/** Options of an endpoint for the sysctls of its interface, which they call IFNAME. */
const ENDPOINT_SYSCTLS = 'com.docker.network.endpoint.sysctls';
const SWITCH = /^net\.ipv6\.conf\.(all|default|ifname)\.disable_ipv6$/i;

/** Whether sysctls switch IPv6 off: of the whole container, or of one endpoint. */
export function isIPv6Off(
  { hostConfig }: ContainerDefinition,
  options?: Readonly<Record<string, string>> | null,
): boolean {
  const own = (options?.[ENDPOINT_SYSCTLS] ?? '')
    .split(',')
    .map((entry) => entry.split('=') as [string, string?]);
  const entries = [...Object.entries(hostConfig.Sysctls ?? {}), ...own];
  return entries.some(([name, value]) => SWITCH.test(name) && Number(value) !== 0);
}

/** The names that a container has on a user-defined network, its own first. */
export function dnsNames(definition: ContainerDefinition, settings: EndpointSettings): string[] {
  const { name, id, config } = definition;
  return [
    ...new Set([name, ...(settings.Aliases ?? []), shortId(id), config.Hostname ?? ''].filter(Boolean)),
  ];
}

/** `container:alias` of an endpoint's links, what is linked by alias in lower case. */
export function linkedNames(definition: ContainerDefinition): Map<string, string> {
  const endpoints = Object.values(endpointConfigs(definition));
  const links = [...(definition.hostConfig.Links ?? []), ...endpoints.flatMap(({ Links }) => Links ?? [])];
  return new Map(links.map(parseLink).map(({ target, alias }) => [alias.toLowerCase(), target]));
}

export const isOnDefaultBridge = ({ definition }: Container) => 'bridge' in endpointConfigs(definition);
