import { BlockList } from 'node:net';
import { invalidParameter } from '../../core/errors.ts';
import type { FlagValues } from '../flags.ts';

interface Pool {
  readonly Subnet: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: Record<string, string>;
}

/** The `IPAM` member of a network: ranges, gateways and taken addresses assigned to the subnets that contain them. */
export function readIpam(flags: FlagValues): Record<string, unknown> {
  const pools = flags.list('subnet').map((Subnet): Pool => ({ Subnet }));
  const poolOf = (address: string, noun: string): Pool => {
    const pool = pools.find(({ Subnet }) => contains(Subnet, address));
    if (!pool) throw invalidParameter(`no matching subnet for ${noun} ${address}`);
    return pool;
  };
  for (const range of flags.list('ip-range')) {
    const pool = poolOf(range.split('/')[0] ?? '', 'range');
    if (pool.IPRange)
      throw invalidParameter(
        `cannot configure multiple ranges (${range}, ${pool.IPRange}) on the same subnet (${pool.Subnet})`,
      );
    pool.IPRange = range;
  }
  for (const gateway of flags.list('gateway')) {
    const pool = poolOf(gateway, 'gateway');
    if (pool.Gateway)
      throw invalidParameter(
        `cannot configure multiple gateways (${gateway}, ${pool.Gateway}) for the same subnet (${pool.Subnet})`,
      );
    pool.Gateway = gateway;
  }
  for (const [name, address] of Object.entries(flags.map('aux-address'))) {
    const pool = poolOf(address, 'aux-address');
    pool.AuxiliaryAddresses = { ...pool.AuxiliaryAddresses, [name]: address };
  }
  return { Driver: flags.text('ipam-driver'), Config: pools, Options: flags.map('ipam-opt') };
}

/** @throws BargeError invalid-parameter when `subnet` is not in CIDR form. */
function contains(subnet: string, address: string): boolean {
  const [network = '', bits = ''] = subnet.split('/');
  const family = (ip: string) => (ip.includes(':') ? 'ipv6' : 'ipv4');
  const list = new BlockList();
  try {
    list.addSubnet(network, Number(bits), family(network));
  } catch (cause) {
    throw invalidParameter(`invalid CIDR address: ${subnet}`, { cause });
  }
  return family(network) === family(address) && list.check(address, family(address));
}
