import type { Endpoint } from '../model.ts';

/** How a network's containers are linked to it. Kernel objects are made and removed with the network. */
export interface LinkDriver {
  readonly interfacePrefix: string;
  /** Whether endpoints get a default route, by family: not on internal networks. */
  readonly routesOut: boolean;
  /** Default routes name the interface alone, where there is no gateway to go through. */
  readonly routesByInterface: boolean;
  /** Endpoints have the hardware address that they are given, not the parent's. */
  readonly canChooseMac: boolean;
  /** Bytes, where the network's options say so. */
  readonly mtu: number | undefined;
  /** Makes what is missing; what is there already stays. */
  up(): Promise<void>;
  down(): Promise<void>;
  /** Lines for `ip -batch` on the host that put an endpoint's interface into a named namespace. */
  attachLines(endpoint: Endpoint, namespace: string): readonly string[];
}

/** Bytes: links that carry less have no IPv6 (RFC 8200, section 5), and the kernel takes no setting of it. */
const LEAST_IPV6_MTU = 1280;

/** How a link makes its own IPv6 address, for `ip link set`; nothing where it cannot have one. */
export const addressGeneration = (mode: 'none' | 'eui64', mtu: number | undefined) =>
  mtu && mtu < LEAST_IPV6_MTU ? '' : ` addrgenmode ${mode}`;

/** The host's end of an endpoint's veth pair. */
export const hostEnd = ({ id }: Pick<Endpoint, 'id'>) => `ve${id.slice(0, 10)}`;
