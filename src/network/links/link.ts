import type { Endpoint } from '../model.ts';

/** How a network's containers are linked to it. Kernel objects are created and removed with the network. */
export interface LinkDriver {
  readonly interfacePrefix: string;
  /** Whether endpoints get a default route, by family: not on internal networks. */
  readonly routesOut: boolean;
  /** Default routes name only the interface, as there is no gateway. */
  readonly routesByInterface: boolean;
  /** Endpoints have their own MAC address, not the parent's. */
  readonly canChooseMac: boolean;
  /** Bytes, where the network's options say so. */
  readonly mtu: number | undefined;
  /** Creates missing kernel objects and keeps existing ones. */
  up(): Promise<void>;
  down(): Promise<void>;
  /** Lines for `ip -batch` on the host that create an endpoint's interface in a named namespace. */
  attachLines(endpoint: Endpoint, namespace: string): readonly string[];
}

/** Bytes: links with a smaller MTU have no IPv6 (RFC 8200, section 5), and the kernel rejects IPv6 settings for them. */
const LEAST_IPV6_MTU = 1280;

/** How a link generates its IPv6 address, for `ip link set`; empty where it cannot have one. */
export const addressGeneration = (mode: 'none' | 'eui64', mtu: number | undefined) =>
  mtu && mtu < LEAST_IPV6_MTU ? '' : ` addrgenmode ${mode}`;

/** The host's end of an endpoint's veth pair. */
export const hostEnd = ({ id }: Pick<Endpoint, 'id'>) => `ve${id.slice(0, 10)}`;
