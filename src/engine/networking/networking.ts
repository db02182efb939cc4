import type { Container, ContainerDefinition } from '../../container/model.ts';
import type { EndpointSpec } from '../../container/network-spec.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import { shortId } from '../../core/ids.ts';
import type { EndpointRequest } from '../../network/model.ts';

/** Which networks a container is on, according to its definition. */

/** The container shares a namespace, or has one with nothing in it: there is nothing to connect. */
export const hasFixedNetwork = ({ spec: { network } }: ContainerDefinition): boolean =>
  network.disabled || ['host', 'none', 'container'].includes(network.mode.kind);

/** What a container asks of each network that it is on. */
export function requestsOf(definition: ContainerDefinition): EndpointRequest[] {
  if (hasFixedNetwork(definition)) return [];
  const { endpoints, mac } = definition.spec.network;
  return Object.entries(endpoints).map(([network, endpoint], i) =>
    endpointRequest(definition.spec, network, endpoint, i === 0 ? mac : ''),
  );
}

/** As `requestOf`, for a container that may have IPv6 switched off. */
export function endpointRequest(
  spec: ContainerSpec,
  network: string,
  endpoint: EndpointSpec,
  mac = '',
): EndpointRequest {
  const request = requestOf(network, endpoint, mac);
  return isIPv6Off(spec, endpoint.driverOptions) ? { ...request, without6: true } : request;
}

/** @param mac for an endpoint that names none itself. */
export function requestOf(network: string, endpoint: EndpointSpec, mac = ''): EndpointRequest {
  const { ipv4, ipv6, linkLocal, priority, driverOptions } = endpoint;
  const hardware = endpoint.mac || mac;
  return {
    network,
    ...(ipv4 ? { ipv4 } : {}),
    ...(ipv6 ? { ipv6 } : {}),
    ...(linkLocal.length > 0 ? { linkLocal } : {}),
    ...(hardware ? { mac: hardware } : {}),
    ...(priority ? { priority } : {}),
    ...(Object.keys(driverOptions).length > 0 ? { driverOpts: driverOptions } : {}),
  };
}

/** Options of an endpoint for the sysctls of its interface, which they call IFNAME. */
const ENDPOINT_SYSCTLS = 'com.docker.network.endpoint.sysctls';
const SWITCH = /^net\.ipv6\.conf\.(all|default|ifname)\.disable_ipv6$/i;

/** Whether sysctls switch IPv6 off: of the whole container, or of one endpoint. */
export function isIPv6Off(
  { sysctls }: Pick<ContainerSpec, 'sysctls'>,
  options: EndpointSpec['driverOptions'] = {},
): boolean {
  const own = (options[ENDPOINT_SYSCTLS] ?? '')
    .split(',')
    .map((entry) => entry.split('=') as [string, string?]);
  return [...Object.entries(sysctls), ...own].some(
    ([name, value]) => SWITCH.test(name) && Number(value) !== 0,
  );
}

/** The names that a container has on a user-defined network, its own first. */
export function dnsNames({ name, id, spec }: ContainerDefinition, { aliases }: EndpointSpec): string[] {
  return [...new Set([name, ...aliases, shortId(id), spec.hostname].filter(Boolean))];
}

/** Targets of the container's links and of its endpoints' links, by their aliases in lower case. */
export function linkedNames({ spec: { names, network } }: ContainerDefinition): Map<string, string> {
  const links = [...names.links, ...Object.values(network.endpoints).flatMap((endpoint) => endpoint.links)];
  return new Map(links.map(({ target, alias }) => [alias.toLowerCase(), target]));
}

export const isOnDefaultBridge = ({ definition }: Container): boolean =>
  Object.hasOwn(definition.spec.network.endpoints, 'bridge');
