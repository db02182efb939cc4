import type { Socket as DatagramSocket } from 'node:dgram';
import type { Server } from 'node:net';

/** Sockets at 127.0.0.11 of another network namespace, used from this process. */
export interface NamespaceSockets {
  readonly udp: DatagramSocket;
  readonly tcp: Server;
}

/** Named network namespaces, as iproute2 names them. */
export interface Namespaces extends Disposable {
  /**
   * @param path of the namespace; its loopback interface need not be up yet.
   * @param ports wanted ones; 0: any.
   * @throws BargeError system.
   */
  open(path: string, ports: { readonly udp: number; readonly tcp: number }): Promise<NamespaceSockets>;
  /** Makes the host forget UDP flows to a port: they would go on where they went before it was published. */
  forgetUdpFlows(port: number): Promise<void>;
  /**
   * Carries out lines as `ip -batch` takes them (native/netns/links.c lists them): those of the host, then those of the
   * namespace. Lines before a failed one stay done.
   * @throws BargeError with the line that failed: unavailable when the kernel has no such links, else system.
   */
  carryOut(outside: readonly string[], name: string, inside: readonly string[]): Promise<void>;
  /** Removes names, and the namespaces that nothing else uses; names that do not exist are fine. */
  forget(names: readonly string[]): Promise<void>;
  /** All names on this host. */
  names(): Promise<string[]>;
  /** Names of the interfaces in a namespace. @throws BargeError system. */
  interfaces(name: string): Promise<string[]>;
  /** Writes settings below /proc/sys as a process in the namespace. @throws BargeError system. */
  writeSysctls(name: string, settings: readonly Sysctl[]): Promise<void>;
}

export interface Sysctl {
  /** As below /proc/sys: names may contain full stops. */
  readonly path: readonly string[];
  readonly value: string;
}

/** Kernel settings of the daemon's own namespaces. */
export interface Sysctls {
  write(setting: Sysctl): Promise<void>;
  /** Forwards IPv6 on all links; those that learn their routes from a router go on doing so. */
  forwardIPv6(): Promise<void>;
}

export interface LinkAddress {
  readonly link: string;
  readonly family: 4 | 6;
  readonly address: string;
  readonly prefix: number;
}

/** Links, addresses and routes in the daemon's own network namespace. */
export interface Links {
  exists(name: string): Promise<boolean>;
  isBridge(name: string): Promise<boolean>;
  /** Carries out lines of `ip -batch`. @throws BargeError system. */
  batch(lines: readonly string[]): Promise<void>;
  /** @param line arguments of ip, such as `link add …`. @throws BargeError unavailable when the kernel has no such links, else system. */
  add(line: string): Promise<void>;
  /** @returns why not; undefined after success and when the link does not exist. */
  remove(name: string): Promise<string | undefined>;
  addresses(): Promise<readonly LinkAddress[]>;
  /** Routes of IPv4; destinations as iproute2 prints them. */
  routes(): Promise<readonly { readonly dst: string; readonly dev?: string }[]>;
}

/** One long-lived nft: an element costs 0.8 ms where a new process costs 7 ms. */
export interface NftablesSession extends Disposable {
  /** Commands run one after another. @throws BargeError system with nft's reason. */
  run(command: string): Promise<void>;
  /** Starts nft ahead of the first command. */
  warm(): Promise<void>;
}

export interface DroppingChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
}

export interface Nftables {
  /** Carries out a script as one transaction. @param namespace path of a network namespace. @throws BargeError system. */
  apply(script: string, namespace?: string): Promise<void>;
  /** Does nothing when the table does not exist. */
  deleteTable(family: string, name: string): Promise<void>;
  /** What nft prints of a table; empty when it does not exist. */
  listTable(family: string, name: string): Promise<string>;
  listChain(chain: DroppingChain): Promise<string>;
  /** Chains of the forward hook that drop what none of their rules accepts. */
  droppingChains(): Promise<readonly DroppingChain[]>;
  /** @param table the inet table whose empty chain `ack` the session lists after each command. */
  session(table: string): NftablesSession;
}
