import { invalidParameter } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { run } from '../../host/process.ts';
import { formatSubnet, overlaps, parseSubnet, type Subnet } from '../ip.ts';
import type { IpamBlock } from '../ipam.ts';
import type { NetworkDefinition, NetworkDriver } from '../model.ts';
import type { NetworkStore } from '../store.ts';
import { firstAddress, freeSubnet, routedSubnets } from './subnets.ts';

export interface DefaultBridgeOptions {
  /** Name of the Linux bridge. */
  readonly name: string;
  /** Gateway and prefix, `a.b.c.d/n`; undefined: a network that is not in use. */
  readonly address?: string;
}

const BASE = {
  enableIPv4: true,
  enableIPv6: false,
  internal: false,
  attachable: false,
  configOnly: false,
  configFrom: '',
  labels: {},
  ipamOptions: null,
  chosenSubnets: false,
};

/** `host` and `none`, made when the data root is new. */
export function ensureFixedNetworks(store: NetworkStore): void {
  for (const [name, driver] of [
    ['host', 'host'],
    ['none', 'null'],
  ] satisfies [string, NetworkDriver][]) {
    if (store.byName(name)) continue;
    store.add({ ...BASE, id: newId(), name, createdAt: Date.now(), driver, options: {}, ipam: [] });
  }
}

/** The network `bridge` as the daemon's options want it, under the id that it had before. */
export async function defaultBridge(
  store: NetworkStore,
  options: DefaultBridgeOptions,
): Promise<NetworkDefinition> {
  if (!/^[a-zA-Z][a-zA-Z0-9_]{0,11}$/.test(options.name)) {
    throw invalidParameter(`invalid bridge name ${options.name}: want up to 12 letters, digits and _`);
  }
  const before = store.byName('bridge');
  const definition: NetworkDefinition = {
    ...BASE,
    id: before?.id ?? newId(),
    name: 'bridge',
    createdAt: before?.createdAt ?? Date.now(),
    driver: 'bridge',
    options: {
      'com.docker.network.bridge.default_bridge': 'true',
      'com.docker.network.bridge.enable_icc': 'true',
      'com.docker.network.bridge.enable_ip_masquerade': 'true',
      'com.docker.network.bridge.host_binding_ipv4': '0.0.0.0',
      'com.docker.network.bridge.name': options.name,
      'com.docker.network.driver.mtu': '1500',
    },
    ipam: [await chooseBlock(store, options, before)],
  };
  store.put(definition);
  return definition;
}

async function chooseBlock(
  store: NetworkStore,
  { name, address }: DefaultBridgeOptions,
  before: NetworkDefinition | undefined,
): Promise<IpamBlock> {
  const chosen = address ?? (await addressOf(name));
  if (chosen) return withGateway(chosen);
  const used = [...(await routedSubnets(name)), ...userSubnets(store)];
  const last = before?.ipam[0];
  if (last && !used.some((subnet) => overlaps(subnet, parseSubnet(last.subnet)))) return last;
  const subnet = freeSubnet(used);
  return { subnet: formatSubnet(subnet), gateway: firstAddress(subnet) };
}

function withGateway(text: string): IpamBlock {
  const subnet = parseSubnet(text);
  if (subnet.family !== 4 || subnet.prefix > 30) {
    throw invalidParameter(`invalid --bip ${text}: want an IPv4 address with a prefix of up to 30 bits`);
  }
  return { subnet: formatSubnet(subnet), gateway: text.split('/')[0] ?? '' };
}

function userSubnets(store: NetworkStore): Subnet[] {
  return store
    .list()
    .filter(({ name, configOnly }) => name !== 'bridge' && !configOnly)
    .flatMap(({ ipam }) => ipam.map(({ subnet }) => parseSubnet(subnet)));
}

interface LinkAddresses {
  readonly ifname: string;
  readonly addr_info: readonly {
    readonly family: string;
    readonly local: string;
    readonly prefixlen: number;
  }[];
}

/** What the bridge has from an earlier daemon. */
async function addressOf(bridge: string): Promise<string | undefined> {
  const links = JSON.parse((await run('ip', ['-j', 'addr'])) || '[]') as LinkAddresses[];
  const own = links
    .find(({ ifname }) => ifname === bridge)
    ?.addr_info.find(({ family }) => family === 'inet');
  return own && `${own.local}/${own.prefixlen}`;
}
