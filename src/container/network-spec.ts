import type { EndpointSettings } from '../api/engine/networks.ts';

/** Networks, ports and names of a container's spec. */

type Texts = readonly string[];
type Dictionary = Readonly<Record<string, string>>;

export type NetworkMode =
  | { readonly kind: 'bridge' }
  | { readonly kind: 'host' }
  | { readonly kind: 'none' }
  /** The network namespace of another container, by id or name. */
  | { readonly kind: 'container'; readonly container: string }
  | { readonly kind: 'named'; readonly name: string };

export interface NetworkSpec {
  readonly mode: NetworkMode;
  /** Places on networks, by the network's name. Only `bridge` and `named` have some that are used. */
  readonly endpoints: Readonly<Record<string, EndpointSpec>>;
  /** Hardware address of the first endpoint, unless it has one of its own; empty: any. */
  readonly mac: string;
  /** A namespace without any endpoint, whatever the mode. */
  readonly disabled: boolean;
}

/** What a container asks of one network. Addresses without a prefix; empty: any. */
export interface EndpointSpec {
  /** Of the network when the endpoint was asked for; empty: there was no such network yet. */
  readonly networkId: string;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly linkLocal: Texts;
  readonly mac: string;
  readonly aliases: Texts;
  readonly links: readonly Link[];
  readonly driverOptions: Dictionary;
  /** The endpoint with the highest one has the default route. */
  readonly priority: number;
  /** As `AsGiven`. */
  readonly asGiven: EndpointSettings;
}

/** A container's own name for another one. */
export interface Link {
  readonly target: string;
  readonly alias: string;
}

/** How the container resolves names. Empty lists of `dns…`: the daemon's settings. */
export interface NameSpec {
  readonly dnsServers: Texts;
  readonly dnsSearch: Texts;
  readonly dnsOptions: Texts;
  /** Lines of /etc/hosts; the address `host-gateway` is the host as the container sees it. */
  readonly hosts: readonly { readonly name: string; readonly address: string }[];
  readonly links: readonly Link[];
}

interface HostPort {
  /** Of the host; empty: all that the network publishes at. */
  readonly address: string;
  /** A number or a range of numbers; empty: any. */
  readonly port: string;
}

export interface PortSpec {
  /** `80/tcp`; `80` is TCP. */
  readonly exposed: Texts;
  /** Places on the host by port; with none, a port stays unpublished also where all are to be published. */
  readonly published: Readonly<Record<string, readonly HostPort[]>>;
  /** Publish every exposed port, on any port of the host. */
  readonly publishAll: boolean;
}

/** The namespace of another container, by id or name. */
export interface OfContainer {
  readonly kind: 'container';
  readonly container: string;
}
