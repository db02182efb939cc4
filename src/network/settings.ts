/** The daemon's network settings, the default network's first. */
export interface NetworkSettings {
  /** Address and prefix of the default bridge; undefined: chosen automatically. */
  readonly bip?: string;
  readonly bip6?: string;
  /** The part of the default network's subnet from which containers get addresses. */
  readonly fixedCidr?: string;
  readonly fixedCidr6?: string;
  /** The default network's default gateway; undefined: the host. */
  readonly gateway?: string;
  readonly gateway6?: string;
  /** IPv6 on the default network. */
  readonly ipv6: boolean;
  readonly icc: boolean;
  readonly masquerade: boolean;
  /** 0: the kernel's default. */
  readonly mtu: number;
  /** Host address for ports that are published without one; empty: all. */
  readonly bindAddress: string;
  /** Whether to enable IP forwarding on the host. */
  readonly forward: boolean;
  /** Whether to write firewall rules, by family: without them, ports are relayed, and nothing is masqueraded or isolated. */
  readonly rules: { readonly ipv4: boolean; readonly ipv6: boolean };
  /** Whether to relay traffic that the kernel cannot translate. */
  readonly relay: boolean;
  /** Whether other hosts may reach containers at their own addresses. */
  readonly directRouting: boolean;
  /** Pools for the subnets of networks; empty: Docker's defaults. */
  readonly pools: readonly { readonly base: string; readonly size: number }[];
  /** Options of new networks, by driver. */
  readonly driverOptions: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export const DEFAULT_SETTINGS: NetworkSettings = {
  ipv6: false,
  icc: true,
  masquerade: true,
  mtu: 0,
  bindAddress: '',
  forward: true,
  rules: { ipv4: true, ipv6: true },
  relay: true,
  directRouting: false,
  pools: [],
  driverOptions: {},
};
