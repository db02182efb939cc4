import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { IpamConfig } from '../../api/engine/networks.ts';
import { forbidden, invalidParameter } from '../../core/errors.ts';
import type { Links } from '../../host/networking.ts';
import {
  type Address,
  bitsOf,
  contains,
  type Family,
  formatAddress,
  formatSubnet,
  overlaps,
  parseAddress,
  parseSubnet,
  type Subnet,
  sizeOf,
} from '../ip.ts';
import type { IpamBlock } from '../ipam.ts';

/** Pools for networks whose user chose no subnet: Docker's defaults. */
export function defaultPools(): Subnet[] {
  const wide = Array.from({ length: 15 }, (_, i) => parseSubnet(`172.${17 + i}.0.0/16`));
  const small = Array.from({ length: 16 }, (_, i) => parseSubnet(`192.168.${16 * i}.0/20`));
  return [...wide, ...small];
}

/** Pools of the daemon's settings, divided into networks on demand. @throws BargeError invalid-parameter. */
export function* cutPools(
  pools: readonly { readonly base: string; readonly size: number }[],
): Generator<Subnet> {
  for (const { base, size } of pools) {
    const pool = parseSubnet(base);
    if (size < pool.prefix || size > bitsOf(pool.family)) {
      throw invalidParameter(
        `invalid default address pool base=${base},size=${size}: the size does not fit into the base`,
      );
    }
    const step = 1n << BigInt(bitsOf(pool.family) - size);
    for (let at = pool.base; at < pool.base + sizeOf(pool); at += step) {
      yield { family: pool.family, base: at, prefix: size };
    }
  }
}

/** Subnets that the host has routes to, except through our own link. */
export async function routedSubnets(links: Pick<Links, 'routes'>, ownLink: string): Promise<Subnet[]> {
  return (await links.routes())
    .filter(({ dst, dev }) => /^[\d.]+(\/\d+)?$/.test(dst) && dev !== ownLink)
    .map(({ dst }) => parseSubnet(dst.includes('/') ? dst : `${dst}/32`))
    .filter(({ prefix }) => prefix >= 8);
}

/** @throws BargeError invalid-parameter when every pool is in use. */
export function freeSubnet(used: readonly Subnet[], pools: Iterable<Subnet> = defaultPools()): Subnet {
  const found = firstFree(used, pools, 4);
  if (!found) {
    throw invalidParameter(
      'all predefined address pools have been fully subnetted: remove networks, or choose a subnet with --subnet',
    );
  }
  return found;
}

function firstFree(used: readonly Subnet[], pools: Iterable<Subnet>, family: Family): Subnet | undefined {
  for (const pool of pools) {
    if (pool.family === family && !used.some((subnet) => overlaps(subnet, pool))) return pool;
  }
  return undefined;
}

/** Keeps two machines from choosing the same private subnets. */
function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim() || hostname();
  } catch {
    return hostname();
  }
}

/** A /64 of the private range (RFC 4193), whose first bits are derived from the machine and `seed`. */
export function freeSubnet6(seed: string, used: readonly Subnet[], pools: Iterable<Subnet> = []): Subnet {
  const chosen = firstFree(used, pools, 6);
  if (chosen) return chosen;
  const site =
    BigInt(`0xfd${createHash('sha256').update(`${machineId()} ${seed}`).digest('hex').slice(0, 10)}`) << 80n;
  for (let number = 0n; number < 65536n; number++) {
    const candidate = { family: 6 as const, base: site | (number << 64n), prefix: 64 };
    if (!used.some((subnet) => overlaps(subnet, candidate))) return candidate;
  }
  throw invalidParameter('all IPv6 subnets of this daemon are in use: choose one with --subnet');
}

/** The first usable address that is not reserved. */
export function firstAddress(subnet: Subnet, reserved: readonly string[] = []): string {
  const size = sizeOf(subnet);
  const small = subnet.family === 4 ? subnet.prefix >= 31 : subnet.prefix >= 127;
  for (let offset = small ? 0n : 1n; offset < size; offset++) {
    const text = formatAddress({ family: subnet.family, value: subnet.base + offset });
    if (!reserved.includes(text)) return text;
  }
  throw invalidParameter(`no address is left for a gateway in ${formatSubnet(subnet)}`);
}

/** @throws BargeError forbidden when the subnet overlaps with that of another network. */
export function assertApart(blocks: readonly IpamBlock[], used: readonly Subnet[]): void {
  blocks.forEach(({ subnet }, i) => {
    const mine = parseSubnet(subnet);
    const others = [...used, ...blocks.slice(0, i).map((block) => parseSubnet(block.subnet))];
    if (others.some((other) => overlaps(other, mine))) {
      throw forbidden(`invalid pool request: Pool overlaps with other one on this address space (${subnet})`);
    }
  });
}

/** Problems with the addresses that a user chose, one line each. */
export function ipamProblems(configs: readonly IpamConfig[], enableIPv6: boolean): string[] {
  return configs.flatMap((config) => {
    const subnet = tryParse(() => parseSubnet(config.Subnet ?? ''));
    if (!subnet) return [`invalid subnet ${config.Subnet ?? ''}: invalid CIDR block notation`];
    const text = config.Subnet ?? '';
    return [
      ...(subnet.family === 6 && !enableIPv6
        ? [`invalid subnet ${text}: IPv6 has not been enabled for this network`]
        : []),
      ...(isMasked(text, subnet) ? [] : [`invalid subnet ${text}: it should be ${formatSubnet(subnet)}`]),
      ...rangeProblems(config.IPRange ?? '', subnet),
      ...addressProblems('gateway', config.Gateway ?? '', subnet),
      ...Object.values(config.AuxiliaryAddresses ?? {}).flatMap((address) =>
        addressProblems('auxiliary address', address, subnet),
      ),
    ];
  });
}

const isMasked = (text: string, subnet: Subnet) =>
  parseAddress(text.split('/')[0] ?? '').value === subnet.base;

function rangeProblems(text: string, subnet: Subnet): string[] {
  if (!text) return [];
  const range = tryParse(() => parseSubnet(text));
  const parent = formatSubnet(subnet);
  if (!range) return [`invalid ip-range ${text}: invalid CIDR block notation`];
  if (range.family !== subnet.family)
    return [`invalid ip-range ${text}: parent subnet is an IPv${subnet.family} block`];
  if (range.prefix < subnet.prefix) {
    return [`invalid ip-range ${text}: CIDR block is bigger than its parent subnet ${parent}`];
  }
  if (!contains(subnet, { family: range.family, value: range.base })) {
    return [`invalid ip-range ${text}: parent subnet ${parent} doesn't contain ip-range`];
  }
  return isMasked(text, range) ? [] : [`invalid ip-range ${text}: it should be ${formatSubnet(range)}`];
}

function addressProblems(what: string, text: string, subnet: Subnet): string[] {
  if (!text) return [];
  const address = tryParse(() => parseAddress(text));
  if (!address) return [`invalid ${what} ${text}: invalid address`];
  if (address.family !== subnet.family)
    return [`invalid ${what} ${text}: parent subnet is an IPv${subnet.family} block`];
  if (!contains(subnet, address)) {
    return [`invalid ${what} ${text}: parent subnet ${formatSubnet(subnet)} doesn't contain this address`];
  }
  return [];
}

function tryParse<T extends Address | Subnet>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

export const familyOfBlock = ({ subnet }: IpamBlock): Family => parseSubnet(subnet).family;
