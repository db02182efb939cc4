import type { IpamBlock } from './ipam.ts';

export type NetworkDriver = 'bridge' | 'host' | 'null' | 'macvlan' | 'ipvlan';

/** What a network is made of; fixed at creation. */
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
  /** Name of the network whose configuration this one has; empty: its own. */
  readonly configFrom: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly ipamOptions: Readonly<Record<string, string>> | null;
  readonly ipam: readonly IpamBlock[];
  /** The user chose the subnets: only then may containers choose addresses. */
  readonly chosenSubnets: boolean;
}

/** A container's place on one network, as it is kept while the container runs. */
export interface Endpoint {
  readonly id: string;
  /** The network's name. */
  readonly network: string;
  /** Its end inside, such as `eth0`. */
  readonly interface: string;
  readonly mac: string;
  /** Addresses without prefixes; empty: none of that family. */
  readonly ipv4: string;
  readonly prefix4: number;
  readonly gateway4: string;
  readonly ipv6: string;
  readonly prefix6: number;
  readonly gateway6: string;
  readonly priority: number;
}

/** What a caller wants of a network for a container. */
export interface EndpointRequest {
  readonly network: string;
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly linkLocal?: readonly string[];
  readonly mac?: string;
  /** A sysctl of the container switches IPv6 off: the endpoint gets no address of it. */
  readonly without6?: boolean;
  readonly priority?: number;
  readonly driverOpts?: Readonly<Record<string, string>>;
}

export const BUILTIN_NAMES: readonly string[] = ['bridge', 'host', 'none'];
