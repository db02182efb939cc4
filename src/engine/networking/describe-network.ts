import type { EndpointResource, NetworkInspect, NetworkSummary } from '../../api/engine/networks.ts';
import { attachmentOf } from '../../container/life/state.ts';
import type { Container } from '../../container/model.ts';
import type { ContainerStore } from '../../container/store.ts';
import { formatSubnet } from '../../network/ip.ts';
import type { NetworkDefinition } from '../../network/model.ts';
import type { Networks } from '../../network/networks.ts';
import { networkNamesOf } from './endpoints.ts';

/** Where the users of networks are found. */
interface UserContext {
  readonly containers: Pick<ContainerStore, 'list'>;
}

/** A network as the API's list shows it. */
export function summarizeNetwork(definition: NetworkDefinition): NetworkSummary {
  return {
    Name: definition.name,
    Id: definition.id,
    Created: new Date(definition.createdAt).toISOString(),
    Scope: 'local',
    Driver: definition.driver,
    EnableIPv4: definition.enableIPv4,
    EnableIPv6: definition.enableIPv6,
    IPAM: {
      Driver: 'default',
      Options: definition.ipamOptions,
      Config: definition.ipam.map(({ subnet, ipRange = '', gateway = '', auxiliary }) => ({
        Subnet: subnet,
        IPRange: ipRange,
        Gateway: gateway,
        ...(auxiliary ? { AuxiliaryAddresses: auxiliary } : {}),
      })),
    },
    Internal: definition.internal,
    Attachable: definition.attachable,
    Ingress: false,
    ConfigFrom: { Network: definition.configFrom },
    ConfigOnly: definition.configOnly,
    Options: definition.options,
    Labels: definition.labels,
  };
}

/** @param ref name, id or the start of an id. @throws BargeError not-found. */
export async function inspectNetwork(
  ctx: UserContext & { readonly networks: Pick<Networks, 'find' | 'live' | 'firewallWarnings'> },
  ref: string,
): Promise<NetworkInspect> {
  const definition = ctx.networks.find(ref);
  const { plan } = ctx.networks.live(definition.name);
  const warnings = await ctx.networks.firewallWarnings(definition.name);
  return {
    ...summarizeNetwork(definition),
    Containers: containersOn(ctx, definition.name),
    Status: {
      IPAM: {
        Subnets: Object.fromEntries(plan.blocks.map((block) => [formatSubnet(block.subnet), block.status()])),
      },
    },
    ...(warnings.length > 0 ? { Warnings: warnings } : {}),
  };
}

/** Containers that run on a network, by id. */
function containersOn({ containers }: UserContext, network: string): Record<string, EndpointResource> {
  const found = containers.list().flatMap(({ definition, state }) => {
    const endpoint = attachmentOf(state)?.endpoints.find((one) => one.network === network);
    if (!endpoint) return [];
    const { id, mac, ipv4, prefix4, ipv6, prefix6 } = endpoint;
    const resource = {
      Name: definition.name,
      EndpointID: id,
      MacAddress: mac,
      IPv4Address: ipv4 ? `${ipv4}/${prefix4}` : '',
      IPv6Address: ipv6 ? `${ipv6}/${prefix6}` : '',
    };
    return [[definition.id, resource] as const];
  });
  return Object.fromEntries(found);
}

/** Containers that are on a network now. */
export function activeOn({ containers }: UserContext, network: string): Container[] {
  return containers
    .list()
    .filter(({ state }) => attachmentOf(state)?.endpoints.some((endpoint) => endpoint.network === network));
}

/** Whether any container, running or not, is on a network. */
export function isUsed({ containers }: UserContext, network: string): boolean {
  return containers.list().some((container) => networkNamesOf(container).includes(network));
}
