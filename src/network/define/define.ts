import type { IpamConfig, NetworkCreateRequest } from '../../api/engine/networks.ts';
import { forbidden, invalidParameter, notFound } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { formatAddress, formatSubnet, parseAddress, parseSubnet, type Subnet } from '../ip.ts';
import type { IpamBlock } from '../ipam.ts';
import { bridgeOptions, truth } from '../links/options.ts';
import { parentOptions } from '../links/parent.ts';
import { BUILTIN_NAMES, type NetworkDefinition, type NetworkDriver } from '../model.ts';
import type { NetworkSettings } from '../settings.ts';
import {
  assertApart,
  cutPools,
  defaultPools,
  familyOfBlock,
  firstAddress,
  freeSubnet,
  freeSubnet6,
  ipamProblems,
} from './subnets.ts';

/** The state that a new network must fit in with. */
interface Surroundings {
  readonly networks: readonly NetworkDefinition[];
  /** Subnets that the host already has routes to. */
  readonly routed: readonly Subnet[];
  /** Seed of this daemon's automatic IPv6 subnets. */
  readonly seed: string;
  readonly settings: NetworkSettings;
}

/**
 * Completes the definition of a network that a user requests.
 * @throws BargeError invalid-parameter, forbidden, not-found or conflict, in Docker's words.
 */
export function defineNetwork(request: NetworkCreateRequest, around: Surroundings): NetworkDefinition {
  const name = request.Name ?? '';
  assertNameAllowed(name);
  const driver = driverOf(request.Driver || 'bridge', name);
  if (request.Scope && request.Scope !== 'local') {
    throw forbidden(
      `network ${name} cannot have the scope ${request.Scope}: this node is not a swarm manager`,
    );
  }
  if (request.Ingress) throw forbidden('cannot create an ingress network: this node is not a swarm manager');
  const template = templateOf(request, around.networks);
  const options = template?.options ?? { ...around.settings.driverOptions[driver], ...request.Options };
  const enableIPv4 =
    template?.enableIPv4 ?? request.EnableIPv4 ?? truth(options, 'com.docker.network.enable_ipv4', true);
  const enableIPv6 =
    template?.enableIPv6 ?? request.EnableIPv6 ?? truth(options, 'com.docker.network.enable_ipv6', false);
  if (!enableIPv4 && !enableIPv6 && !request.ConfigOnly) {
    throw invalidParameter('IPv4 or IPv6 must be enabled');
  }
  assertIpamDriver(request.IPAM?.Driver ?? '');
  const configs = request.IPAM?.Config ?? [];
  const problems = ipamProblems(configs, enableIPv6);
  if (problems.length > 0) throw invalidParameter(`invalid network config:\n${problems.join('\n')}`);
  const base = {
    id: newId(),
    name,
    createdAt: Date.now(),
    driver,
    enableIPv4,
    enableIPv6,
    internal: template?.internal ?? request.Internal ?? false,
    attachable: request.Attachable ?? false,
    configOnly: request.ConfigOnly ?? false,
    configFrom: template?.name ?? '',
    labels: request.Labels ?? {},
    options,
    ipamOptions: request.IPAM?.Options ?? null,
    chosenSubnets: template?.chosenSubnets ?? configs.length > 0,
    ipam: template?.ipam ?? configs.map(blockOf),
  };
  checkOptions(base);
  return base.configOnly ? base : { ...base, ipam: completeBlocks(base, around) };
}

function assertNameAllowed(name: string): void {
  if (BUILTIN_NAMES.includes(name) || name === 'default') {
    throw forbidden(`operation is not permitted on predefined ${name} network`);
  }
  if (name.trim() === '') throw invalidParameter('invalid name: name is empty');
  if (/[/\\\p{Cc}]/u.test(name) || name.startsWith('container:')) {
    throw invalidParameter(
      `invalid name: ${JSON.stringify(name)}: slashes, control characters and "container:" are not allowed`,
    );
  }
}

function driverOf(driver: string, name: string): NetworkDriver {
  if (driver === 'overlay') {
    throw forbidden(
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    );
  }
  if (driver === 'host' || driver === 'null')
    throw forbidden(`only one instance of "${driver}" network is allowed`);
  if (driver !== 'bridge' && driver !== 'macvlan' && driver !== 'ipvlan') {
    throw notFound(
      `plugin "${driver}" not found: the network ${name} can have the driver bridge, macvlan or ipvlan`,
    );
  }
  return driver;
}

function assertIpamDriver(driver: string): void {
  if (driver && driver !== 'default')
    throw notFound(`plugin "${driver}" not found: the only IPAM driver is "default"`);
}

/** The network that provides the configuration. */
function templateOf(
  { ConfigFrom, ConfigOnly, Name, IPAM, Options, Driver, Internal }: NetworkCreateRequest,
  networks: readonly NetworkDefinition[],
): NetworkDefinition | undefined {
  const wanted = ConfigFrom?.Network;
  if (ConfigOnly && (wanted || (Driver && Driver !== 'bridge' && Driver !== 'null'))) {
    throw forbidden(
      wanted
        ? 'a configuration network cannot depend on another configuration network'
        : `a configuration-only network cannot have a driver: ${Name}`,
    );
  }
  if (!wanted) return undefined;
  const found = networks.find(({ name }) => name === wanted);
  if (!found) throw notFound(`configuration network "${wanted}" does not exist`);
  if (!found.configOnly) throw forbidden(`network ${wanted} is not a configuration-only network`);
  if (IPAM?.Config?.length || Object.keys(Options ?? {}).length > 0 || Internal) {
    throw forbidden(
      'user specified configurations are not supported if the network depends on a configuration network',
    );
  }
  return found;
}

function blockOf({ Subnet = '', IPRange, Gateway, AuxiliaryAddresses }: IpamConfig): IpamBlock {
  return {
    subnet: formatSubnet(parseSubnet(Subnet)),
    ...(IPRange ? { ipRange: IPRange } : {}),
    ...(Gateway ? { gateway: formatAddress(parseAddress(Gateway)) } : {}),
    ...(AuxiliaryAddresses && Object.keys(AuxiliaryAddresses).length > 0
      ? { auxiliary: AuxiliaryAddresses }
      : {}),
  };
}

/** @throws BargeError invalid-parameter for driver options with invalid values. */
function checkOptions(definition: NetworkDefinition): void {
  if (definition.configOnly) return;
  if (definition.driver !== 'bridge') {
    const { parent } = parentOptions(definition);
    if (parent === 'lo') throw invalidParameter('loopback interface is not a valid parent link');
    return;
  }
  bridgeOptions(definition);
}

/** Chooses the subnets and gateways that the user did not specify. */
function completeBlocks(
  definition: NetworkDefinition,
  { networks, routed, seed, settings }: Surroundings,
): IpamBlock[] {
  const used = networks
    .filter(({ configOnly }) => !configOnly)
    .flatMap(({ ipam }) => ipam.map(({ subnet }) => parseSubnet(subnet)));
  const blocks = [...definition.ipam];
  const has = (family: number) => blocks.some((block) => familyOfBlock(block) === family);
  assertApart(blocks, used);
  const pools = () => (settings.pools.length > 0 ? cutPools(settings.pools) : defaultPools());
  if (definition.enableIPv4 && !has(4))
    blocks.push({ subnet: formatSubnet(freeSubnet([...used, ...routed], pools())) });
  if (definition.enableIPv6 && !has(6))
    blocks.push({ subnet: formatSubnet(freeSubnet6(seed, used, pools())) });
  return blocks
    .filter((block) => (familyOfBlock(block) === 4 ? definition.enableIPv4 : definition.enableIPv6))
    .map((block) => ({ ...block, gateway: block.gateway ?? chooseGateway(block) }));
}

function chooseGateway({ subnet, auxiliary }: IpamBlock): string {
  return firstAddress(parseSubnet(subnet), Object.values(auxiliary ?? {}));
}
