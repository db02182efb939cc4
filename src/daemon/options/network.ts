import { invalidParameter } from '../../core/errors.ts';
import type { NetworkSettings } from '../../engine/settings.ts';
import type { Reader } from './resolve.ts';

/** What the daemon is told of networks, the name of the default bridge besides. */
export interface NetworkOptions extends NetworkSettings {
  /** `none`: there is no default network. */
  readonly bridge: string;
}

/** @throws BargeError invalid-parameter naming the setting. */
export function resolveNetwork(read: Reader, bridge: string): NetworkOptions {
  const text = (name: string, field: string) => {
    const value = read.text(name);
    return value ? { [field]: value } : {};
  };
  if (read.has('bip') && read.text('bridge') === 'none') {
    throw invalidParameter('--bip has no meaning with --bridge none');
  }
  return {
    bridge: read.text('bridge') ?? bridge,
    ...text('bip', 'bip'),
    ...text('bip6', 'bip6'),
    ...text('fixed-cidr', 'fixedCidr'),
    ...text('fixed-cidr-v6', 'fixedCidr6'),
    ...text('default-gateway', 'gateway'),
    ...text('default-gateway-v6', 'gateway6'),
    ipv6: read.flag('ipv6'),
    icc: read.flag('icc', true),
    masquerade: read.flag('ip-masq', true),
    mtu: read.number('mtu', 0, 0),
    bindAddress: read.text('ip') ?? '',
    forward: read.flag('ip-forward', true),
    rules: { ipv4: read.flag('iptables', true), ipv6: read.flag('ip6tables', true) },
    relay: read.flag('userland-proxy', true),
    directRouting: read.flag('allow-direct-routing'),
    pools: addressPools(read.raw('default-address-pool')),
    driverOptions: driverOptions(read),
  };
}

function addressPools(value: unknown): NetworkSettings['pools'] {
  return ((value as readonly unknown[] | undefined) ?? []).map((entry) => {
    const fields =
      typeof entry === 'string'
        ? Object.fromEntries(entry.split(',').map((part) => part.split('=', 2)))
        : (entry as Record<string, unknown> | null);
    const { base, size } = fields ?? {};
    if (typeof base !== 'string' || !/^[\da-f.:]+\/\d+$/i.test(base) || !/^\d+$/.test(String(size))) {
      throw invalidParameter(
        `invalid default address pool ${JSON.stringify(entry)}: want base=CIDR,size=PREFIX-LENGTH`,
      );
    }
    return { base, size: Number(size) };
  });
}

/** `bridge=com.docker.network.driver.mtu=1400` of flags, `{"bridge": {…}}` of the file. */
function driverOptions(read: Reader): Record<string, Record<string, string>> {
  const given = read.raw('default-network-opt');
  const found: Record<string, Record<string, string>> = {};
  if (Array.isArray(given)) {
    for (const entry of given as string[]) {
      const match = /^(\w+)=([^=]+)=(.*)$/.exec(entry);
      if (!match)
        throw invalidParameter(
          `invalid argument "${entry}" for "--default-network-opt": want DRIVER=KEY=VALUE`,
        );
      const [, driver = '', key = '', value = ''] = match;
      found[driver] = { ...found[driver], [key]: value };
    }
    return found;
  }
  for (const [driver, options] of Object.entries((given as Record<string, object> | undefined) ?? {})) {
    found[driver] = Object.fromEntries(Object.entries(options).map(([key, value]) => [key, String(value)]));
  }
  return found;
}
