/** What the daemon is told of networks, the default one first. */
export interface NetworkSettings {
  /** Address and prefix of the default bridge; undefined: found. */
  readonly bip?: string;
  readonly bip6?: string;
  /** The part of the default network's subnet that containers get addresses of. */
  readonly fixedCidr?: string;
  readonly fixedCidr6?: string;
  /** Where the default network's containers send what goes elsewhere; undefined: to the host. */
  readonly gateway?: string;
  readonly gateway6?: string;
  /** IPv6 on the default network. */
  readonly ipv6: boolean;
  readonly icc: boolean;
  readonly masquerade: boolean;
  /** 0: the kernel's own. */
  readonly mtu: number;
  /** Host address for ports that are published without one; empty: all. */
  readonly bindAddress: string;
  /** Turn the host's forwarding on. */
  readonly forward: boolean;
  /** Write rules, by family: without, ports are relayed, and nothing is masqueraded or kept apart. */
  readonly rules: { readonly ipv4: boolean; readonly ipv6: boolean };
  /** Relay what the kernel cannot translate. */
  readonly relay: boolean;
  /** Let others reach containers at their own addresses. */
  readonly directRouting: boolean;
  /** Where networks get their subnets; empty: Docker's defaults. */
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
