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
  /** Makes what is missing; what is there already stays. */
  up(): Promise<void>;
  down(): Promise<void>;
  /** Lines for `ip -batch` on the host that put an endpoint's interface into a named namespace. */
  attachLines(endpoint: Endpoint, namespace: string): readonly string[];
}

/** The host's end of an endpoint's veth pair. */
export const hostEnd = ({ id }: Pick<Endpoint, 'id'>) => `ve${id.slice(0, 10)}`;
