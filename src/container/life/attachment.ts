import type { PortMap } from '../../api/engine/networks.ts';

/** A running container's place on one network. Addresses have no prefix; empty: none of that family. */
export interface AttachedEndpoint {
  readonly id: string;
  /** The network's name. */
  readonly network: string;
  /** Its name inside, such as `eth0`. */
  readonly interface: string;
  readonly mac: string;
  readonly ipv4: string;
  readonly prefix4: number;
  readonly gateway4: string;
  readonly ipv6: string;
  readonly prefix6: number;
  readonly gateway6: string;
  readonly priority: number;
}

/** The network resources that a running container holds. */
export interface Attachment {
  /** Path of the network namespace. */
  readonly sandbox: string;
  readonly endpoints: readonly AttachedEndpoint[];
  /** As requested, with the host ports that were allocated. */
  readonly ports: PortMap;
  /** Ports inside at which the container's name server listens. */
  readonly names?: { readonly udp: number; readonly tcp: number };
  /** Recorded before an endpoint joins or leaves: after a crash the kernel may have more or fewer than the list. */
  readonly changing?: boolean;
}
