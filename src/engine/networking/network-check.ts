import type { HostConfig } from '../../api/engine/containers.ts';
import type { EndpointSettings, NetworkingConfig } from '../../api/engine/networks.ts';
import { parseLink } from '../../container/links.ts';
import type { ContainerDefinition } from '../../container/model.ts';
import { forbidden, invalidParameter, isKind, messageOf } from '../../core/errors.ts';
import { contains, parseAddress, parseSubnet } from '../../network/ip.ts';
import { assertRequestValid } from '../../network/live.ts';
import type { NetworkDefinition } from '../../network/model.ts';
import { BUILTIN_NAMES } from '../../network/model.ts';
import type { ContainerContext } from '../lifecycle/context.ts';
import { requestOf } from './networking.ts';

/**
 * The networks that a new container is to be on, by their names. One that there is not is an error of the start,
 * not of the creation: it may be made in between.
 * @throws BargeError invalid-parameter for settings that the network does not take, and for links to nobody.
 */
export function checkNetworks(
  ctx: ContainerContext,
  host: HostConfig,
  endpoints: Readonly<Record<string, EndpointSettings | null>>,
): NetworkingConfig {
  const mode = !host.NetworkMode || host.NetworkMode === 'default' ? 'bridge' : host.NetworkMode;
  /* On networks of their own, links are names that are looked up when somebody asks, as aliases are. */
  const isOwn = !BUILTIN_NAMES.includes(mode) && !mode.startsWith('container:');
  const links = (host.Links ?? []).map(parseLink);
  if (!isOwn) for (const { target } of links) assertLinkable(ctx, target);
  if (mode.startsWith('container:')) return { EndpointsConfig: {} };
  const found = new Map<string, EndpointSettings>();
  const chosen = Object.entries(endpoints).map(
    ([ref, settings]) => [ref === 'default' ? 'bridge' : ref, settings ?? {}] as const,
  );
  const isDefault = !host.NetworkMode || host.NetworkMode === 'default';
  if (chosen.length === 0 || !isDefault) chosen.unshift([mode, {}]);
  for (const [ref, settings] of chosen) {
    const network = findOrNone(ctx, ref);
    if (network) assertEndpoint(network, settings);
    const name = network?.name ?? ref;
    found.set(name, { ...found.get(name), ...settings, ...(network ? { NetworkID: network.id } : {}) });
  }
  const fixed = [...found.keys()].find((name) => name === 'host' || name === 'none');
  if (fixed && found.size > 1) {
    throw invalidParameter(
      `container cannot be connected to multiple networks with one of the networks in ${fixed === 'host' ? 'host' : 'private (none)'} mode`,
    );
  }
  return { EndpointsConfig: Object.fromEntries(found) };
}

function assertLinkable({ containers }: ContainerContext, target: string): void {
  try {
    containers.find(target);
  } catch (error) {
    throw invalidParameter(`could not get container for ${target}: ${messageOf(error)}`, { cause: error });
  }
}

function findOrNone({ networks }: ContainerContext, ref: string): NetworkDefinition | undefined {
  try {
    return networks.find(ref);
  } catch (error) {
    if (isKind(error, 'not-found')) return undefined;
    throw error;
  }
}

/** @throws BargeError invalid-parameter naming everything that is wrong, forbidden for networks without places. */
export function assertEndpoint(network: NetworkDefinition, settings: EndpointSettings): void {
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

function builtInProblems({ IPAMConfig: ipam, Aliases }: EndpointSettings): string[] {
  return [
    ...(ipam?.IPv4Address || ipam?.IPv6Address
      ? ['user specified IP address is supported on user defined networks only']
      : []),
    ...(Aliases?.length ? ['network-scoped aliases are only supported for user-defined networks'] : []),
  ];
}

function addressProblems(network: NetworkDefinition, { IPAMConfig: ipam }: EndpointSettings): string[] {
  const addresses = [ipam?.IPv4Address, ipam?.IPv6Address].filter(
    (text) => text !== undefined && text !== '',
  );
  if (addresses.length > 0 && !network.chosenSubnets) {
    return [
      'user specified IP address is supported only when connecting to networks with user configured subnets',
    ];
  }
  return addresses.flatMap((text = '') => {
    const address = parseAddress(text);
    const inside = network.ipam.some(({ subnet }) => contains(parseSubnet(subnet), address));
    return inside ? [] : [`no configured subnet contains IP address ${text}`];
  });
}

/** Published ports that a firewall of the host's will not let through are said so at the creation. */
export async function firewallWarnings(
  ctx: Pick<ContainerContext, 'networks'>,
  { hostConfig, networkingConfig }: Pick<ContainerDefinition, 'hostConfig' | 'networkingConfig'>,
): Promise<string[]> {
  const published = Object.keys(hostConfig.PortBindings ?? {}).length > 0 || hostConfig.PublishAllPorts;
  if (!published) return [];
  const names = Object.keys(networkingConfig.EndpointsConfig ?? {}).filter((name) =>
    ctx.networks.store.byName(name),
  );
  const warnings = await Promise.all(names.map((name) => ctx.networks.firewallWarnings(name)));
  return warnings.flat();
}
