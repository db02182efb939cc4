import { DEFAULT_ENDPOINT } from '../../container/default-spec.ts';
import type { EndpointSpec } from '../../container/network-spec.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import type { ContainerStore } from '../../container/store.ts';
import { forbidden, invalidParameter, isKind, messageOf } from '../../core/errors.ts';
import { contains, parseAddress, parseSubnet } from '../../network/ip.ts';
import { assertRequestValid } from '../../network/live.ts';
import type { NetworkDefinition } from '../../network/model.ts';
import { BUILTIN_NAMES } from '../../network/model.ts';
import type { Networks } from '../../network/networks.ts';
import type { NetworkStore } from '../../network/store.ts';
import { requestOf } from './networking.ts';

/** What a new container's links and endpoints are checked against. */
export interface CheckContext {
  readonly containers: Pick<ContainerStore, 'find'>;
  readonly networks: Pick<Networks, 'find'>;
}

interface FirewallContext {
  readonly networks: Pick<Networks, 'firewallWarnings'> & { readonly store: Pick<NetworkStore, 'byName'> };
}

/**
 * The endpoints of a new container, by the names of their networks. A network that does not exist yet fails the start,
 * not the creation: it may be made in between.
 * @throws BargeError invalid-parameter for settings that the network refuses, and for links to missing containers.
 */
export function checkNetworks(
  ctx: CheckContext,
  { names, network: { mode, endpoints } }: ContainerSpec,
): Record<string, EndpointSpec> {
  /* On user-defined networks, links are resolved by name when they are looked up, as aliases are. */
  const looksUp = mode.kind === 'named' || mode.kind === 'container';
  if (!looksUp) for (const { target } of names.links) assertLinkable(ctx, target);
  const found = new Map<string, EndpointSpec>();
  for (const [ref, endpoint] of Object.entries(endpoints)) {
    const network = findOrNone(ctx, ref);
    if (network) assertEndpoint(network, endpoint);
    const name = network?.name ?? ref;
    /* The same network by name and by id: where one says nothing, the other holds. */
    const asked = endpoint === DEFAULT_ENDPOINT ? (found.get(name) ?? endpoint) : endpoint;
    found.set(name, network ? { ...asked, networkId: network.id } : asked);
  }
  const fixed = [...found.keys()].find((name) => name === 'host' || name === 'none');
  if (fixed && found.size > 1) {
    throw invalidParameter(
      `container cannot be connected to multiple networks with one of the networks in ${fixed === 'host' ? 'host' : 'private (none)'} mode`,
    );
  }
  return Object.fromEntries(found);
}

function assertLinkable({ containers }: Pick<CheckContext, 'containers'>, target: string): void {
  try {
    containers.find(target);
  } catch (error) {
    throw invalidParameter(`could not get container for ${target}: ${messageOf(error)}`, { cause: error });
  }
}

function findOrNone(
  { networks }: Pick<CheckContext, 'networks'>,
  ref: string,
): NetworkDefinition | undefined {
  try {
    return networks.find(ref);
  } catch (error) {
    if (isKind(error, 'not-found')) return undefined;
    throw error;
  }
}

/** @throws BargeError invalid-parameter naming every problem, forbidden for configuration-only networks. */
export function assertEndpoint(network: NetworkDefinition, settings: EndpointSpec): void {
  if (network.configOnly) {
    throw forbidden(`cannot connect containers to the configuration-only network ${network.name}`);
  }
  const problems = BUILTIN_NAMES.includes(network.name)
    ? builtInProblems(settings)
    : addressProblems(network, settings);
  if (problems.length > 0) {
    throw invalidParameter(
      `invalid config for network ${network.name}: invalid endpoint settings:\n${problems.join('\n')}`,
    );
  }
  assertRequestValid(requestOf(network.name, settings));
}

function builtInProblems({ ipv4, ipv6, aliases }: EndpointSpec): string[] {
  return [
    ...(ipv4 || ipv6 ? ['user specified IP address is supported on user defined networks only'] : []),
    ...(aliases.length > 0 ? ['network-scoped aliases are only supported for user-defined networks'] : []),
  ];
}

function addressProblems(network: NetworkDefinition, { ipv4, ipv6 }: EndpointSpec): string[] {
  const addresses = [ipv4, ipv6].filter(Boolean);
  if (addresses.length > 0 && !network.chosenSubnets) {
    return [
      'user specified IP address is supported only when connecting to networks with user configured subnets',
    ];
  }
  return addresses.flatMap((text) => {
    const address = parseAddress(text);
    const inside = network.ipam.some(({ subnet }) => contains(parseSubnet(subnet), address));
    return inside ? [] : [`no configured subnet contains IP address ${text}`];
  });
}

/** Warnings about published ports that the host's firewall blocks. */
export async function firewallWarnings(
  ctx: FirewallContext,
  { ports, network }: Pick<ContainerSpec, 'ports' | 'network'>,
): Promise<string[]> {
  if (Object.keys(ports.published).length === 0 && !ports.publishAll) return [];
  const names = Object.keys(network.endpoints).filter((name) => ctx.networks.store.byName(name));
  const warnings = await Promise.all(names.map((name) => ctx.networks.firewallWarnings(name)));
  return warnings.flat();
}
