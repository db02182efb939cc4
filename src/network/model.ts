import type { IpamBlock } from './ipam.ts';

export type NetworkDriver = 'bridge' | 'host' | 'null' | 'macvlan' | 'ipvlan';

/** A network's definition; fixed at creation. */
export interface NetworkDefinition {
  readonly id: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly driver: NetworkDriver;
  readonly enableIPv4: boolean;
  readonly enableIPv6: boolean;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly configOnly: boolean;
  /** Name of the network whose configuration this one uses; empty: its own. */
  readonly configFrom: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly ipamOptions: Readonly<Record<string, string>> | null;
  readonly ipam: readonly IpamBlock[];
  /** The user chose the subnets: only then may containers choose addresses. */
  readonly chosenSubnets: boolean;
}

/** A container's endpoint on one network, as stored while the container runs. */
export interface Endpoint {
  readonly id: string;
  /** The network's name. */
  readonly network: string;
  /** Interface inside the container, such as `eth0`. */
  readonly interface: string;
  readonly mac: string;
  /** Addresses without prefixes; empty: no address of that family. */
  readonly ipv4: string;
  readonly prefix4: number;
  readonly gateway4: string;
  readonly ipv6: string;
  readonly prefix6: number;
  readonly gateway6: string;
  readonly priority: number;
}

/** A request for an endpoint of a container. */
export interface EndpointRequest {
  readonly network: string;
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly linkLocal?: readonly string[];
  readonly mac?: string;
  /** A sysctl of the container disables IPv6: the endpoint gets no IPv6 address. */
  readonly without6?: boolean;
  readonly priority?: number;
  readonly driverOpts?: Readonly<Record<string, string>>;
}

export const BUILTIN_NAMES: readonly string[] = ['bridge', 'host', 'none'];
