import { invalidParameter } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import type { Links } from '../../host/networking.ts';
import {
  contains,
  type Family,
  formatSubnet,
  overlaps,
  parseAddress,
  parseSubnet,
  type Subnet,
} from '../ip.ts';
import type { IpamBlock } from '../ipam.ts';
import type { NetworkDefinition, NetworkDriver } from '../model.ts';
import type { NetworkSettings } from '../settings.ts';
import type { NetworkStore } from '../store.ts';
import {
  cutPools,
  defaultPools,
  firstAddress,
  freeSubnet,
  freeSubnet6,
  ipamProblems,
  routedSubnets,
} from './subnets.ts';

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

/** `host` and `none`, created in a new data root. */
export function ensureFixedNetworks(store: NetworkStore): void {
  for (const [name, driver] of [
    ['host', 'host'],
    ['none', 'null'],
  ] satisfies [string, NetworkDriver][]) {
    if (store.byName(name)) continue;
    store.add({ ...BASE, id: newId(), name, createdAt: Date.now(), driver, options: {}, ipam: [] });
  }
}

/** The network `bridge` as the daemon's options define it, under its existing id. */
export async function defaultBridge(
  links: Pick<Links, 'addresses' | 'routes'>,
  store: NetworkStore,
  bridge: string,
  settings: NetworkSettings,
): Promise<NetworkDefinition> {
  if (!/^[a-zA-Z][a-zA-Z0-9_]{0,11}$/.test(bridge)) {
    throw invalidParameter(`invalid bridge name ${bridge}: want up to 12 letters, digits and _`);
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
      'com.docker.network.bridge.enable_icc': `${settings.icc}`,
      'com.docker.network.bridge.enable_ip_masquerade': `${settings.masquerade}`,
      'com.docker.network.bridge.host_binding_ipv4': settings.bindAddress || '0.0.0.0',
      'com.docker.network.bridge.name': bridge,
      'com.docker.network.driver.mtu': `${settings.mtu || 1500}`,
    },
    enableIPv6: settings.ipv6,
    ipam: [
      withRouter(await chooseBlock(links, store, bridge, settings, before), settings.gateway),
      ...(settings.ipv6 ? [withRouter(chooseBlock6(store, bridge, settings), settings.gateway6)] : []),
    ],
  };
  store.put(definition);
  return definition;
}

async function chooseBlock(
  links: Pick<Links, 'addresses' | 'routes'>,
  store: NetworkStore,
  bridge: string,
  { bip, fixedCidr, pools }: NetworkSettings,
  before: NetworkDefinition | undefined,
): Promise<IpamBlock> {
  const chosen = bip ?? (fixedCidr ? undefined : await addressOf(links, bridge));
  if (chosen) return withRange(blockAt(chosen, 4, '--bip'), fixedCidr, 4);
  if (fixedCidr) return blockIn(parseSubnet(fixedCidr));
  const used = [...(await routedSubnets(links, bridge)), ...userSubnets(store)];
  const last = before?.ipam[0];
  if (last && !used.some((subnet) => overlaps(subnet, parseSubnet(last.subnet)))) return last;
  return blockIn(freeSubnet(used, pools.length > 0 ? cutPools(pools) : defaultPools()));
}

function chooseBlock6(
  store: NetworkStore,
  bridge: string,
  { bip6, fixedCidr6, pools }: NetworkSettings,
): IpamBlock {
  if (bip6) return withRange(blockAt(bip6, 6, '--bip6'), fixedCidr6, 6);
  if (fixedCidr6) return blockIn(parseSubnet(fixedCidr6));
  return blockIn(freeSubnet6(bridge, userSubnets(store), cutPools(pools)));
}

const blockIn = (subnet: Subnet): IpamBlock => ({
  subnet: formatSubnet(subnet),
  gateway: firstAddress(subnet),
});

/** @param text the host's address with its prefix. */
function blockAt(text: string, family: Family, flag: string): IpamBlock {
  const subnet = parseSubnet(text);
  if (subnet.family !== family || subnet.prefix > (family === 4 ? 30 : 126)) {
    throw invalidParameter(
      `invalid ${flag} ${text}: want an IPv${family} address with a prefix that leaves free addresses`,
    );
  }
  return { subnet: formatSubnet(subnet), gateway: text.split('/')[0] ?? '' };
}

/** @throws BargeError invalid-parameter for a range outside of the subnet. */
function withRange(block: IpamBlock, range: string | undefined, family: Family): IpamBlock {
  if (!range) return block;
  const [problem] = ipamProblems([{ Subnet: block.subnet, IPRange: range }], family === 6);
  if (problem) throw invalidParameter(problem);
  return { ...block, ipRange: range };
}

function withRouter({ router: _, ...block }: IpamBlock, router: string | undefined): IpamBlock {
  if (!router) return block;
  if (!contains(parseSubnet(block.subnet), parseAddress(router))) {
    throw invalidParameter(`invalid default gateway ${router}: it is not in the subnet ${block.subnet}`);
  }
  return { ...block, router };
}

function userSubnets(store: NetworkStore): Subnet[] {
  return store
    .list()
    .filter(({ name, configOnly }) => name !== 'bridge' && !configOnly)
    .flatMap(({ ipam }) => ipam.map(({ subnet }) => parseSubnet(subnet)));
}

/** Addresses of the bridge from an earlier daemon. */
async function addressOf(links: Pick<Links, 'addresses'>, bridge: string): Promise<string | undefined> {
  const own = (await links.addresses()).find(({ link, family }) => link === bridge && family === 4);
  return own && `${own.address}/${own.prefix}`;
}
