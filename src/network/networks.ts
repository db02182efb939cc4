import type { NetworkCreateRequest, PortMap } from '../api/engine/networks.ts';
import { forbidden, invalidParameter, messageOf } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import { defaultBridge, ensureFixedNetworks } from './define/builtin.ts';
import { defineNetwork } from './define/define.ts';
import { routedSubnets } from './define/subnets.ts';
import type { NameView } from './dns/server.ts';
import { type NamePorts, NameService } from './dns/service.ts';
import { forwardWarnings } from './firewall/diagnose.ts';
import { Firewall } from './firewall/firewall.ts';
import { userTableName } from './firewall/table.ts';
import { LiveNetwork } from './live.ts';
import type { Endpoint, NetworkDefinition } from './model.ts';
import { PortPublisher, type PublishTarget } from './ports/publish.ts';
import { type Sandbox, Sandboxes } from './sandbox/sandboxes.ts';
import type { NetworkSettings } from './settings.ts';
import type { NetworkStore } from './store.ts';

/** The parts of the host that networks need. */
type NetworkHost = Pick<Host, 'namespaces' | 'links' | 'nftables' | 'sysctls' | 'clock'>;

interface NetworksOptions {
  readonly host: NetworkHost;
  readonly store: NetworkStore;
  /** Name of the default bridge; undefined: there is no network `bridge`. */
  readonly bridge?: string;
  readonly settings: NetworkSettings;
  /** Names of namespaces and of the nftables table begin with it: up to 12 letters, digits and _. */
  readonly name: string;
  readonly poolSize: number;
  readonly warn: (message: string, details: Readonly<Record<string, unknown>>) => void;
}

/** All networks of a daemon, and the containers' endpoints on them. */
export class Networks {
  readonly store: NetworkStore;
  readonly names: NameService;
  readonly sandboxes: Sandboxes;
  readonly #options: NetworksOptions;
  readonly #live = new Map<string, LiveNetwork>();
  #firewall: Promise<Firewall> | undefined;
  #publisher: PortPublisher | undefined;
  /** Serialises creation and removal of networks, as each depends on all the others. */
  #changes: Promise<unknown> = Promise.resolve();

  private constructor(options: NetworksOptions) {
    this.#options = options;
    this.store = options.store;
    const { host } = options;
    this.names = new NameService(host);
    this.sandboxes = new Sandboxes({
      prefix: options.name,
      tool: host.namespaces,
      clock: host.clock,
      poolSize: options.bridge ? options.poolSize : 0,
      network: (name) => this.live(name),
      up: (live) => this.#up(live),
      freed: (endpoint) => this.#free(endpoint),
      prepare: (path) => this.names.prepare(path),
      discard: (path) => this.names.close(path),
    });
  }

  /** Creates the kernel objects of every network, or adopts those that an earlier daemon left. */
  static async open(options: NetworksOptions): Promise<Networks> {
    const networks = new Networks(options);
    const { store } = options;
    ensureFixedNetworks(store);
    if (options.bridge) await defaultBridge(options.host.links, store, options.bridge, options.settings);
    for (const definition of store.list()) {
      if (definition.name === 'bridge' && !options.bridge) continue;
      const live = new LiveNetwork(definition, options.settings, options.host);
      networks.#live.set(definition.name, live);
      await networks.#up(live).catch((error) => {
        if (live.isDefault) throw error;
        options.warn('bringing a network up failed', { network: definition.name, error: messageOf(error) });
      });
    }
    return networks;
  }

  #openFirewall(): Promise<Firewall> {
    const { name, settings, host } = this.#options;
    this.#firewall ??= Firewall.open(host.nftables, name, settings.rules.ipv4).then((firewall) => {
      this.#publisher = new PortPublisher(firewall, settings, host.namespaces);
      return firewall;
    });
    return this.#firewall;
  }

  async #up(live: LiveNetwork): Promise<void> {
    if (live.isUp || !live.link) return;
    const firewall = live.bridge ? await this.#openFirewall() : undefined;
    await live.link.up();
    if (live.bridge) await firewall?.addBridge(live.bridge.rules);
    live.isUp = true;
  }

  /** Whether there is a network `bridge`: not with `--bridge=none`. */
  get hasDefault(): boolean {
    return this.#live.has('bridge');
  }

  list(): NetworkDefinition[] {
    return this.store.list().filter(({ name }) => this.#live.has(name));
  }

  /** By full id, name, or prefix of an id. @throws BargeError not-found or invalid-parameter. */
  find(ref: string): NetworkDefinition {
    const found = this.store.find(ref);
    if (!this.#live.has(found.name)) {
      throw invalidParameter(
        'this daemon runs with --bridge=none: use --network none or host, or a network of your own',
      );
    }
    return found;
  }

  live(name: string): LiveNetwork {
    return this.#live.get(this.find(name).name) as LiveNetwork;
  }

  #alone<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#changes.then(task);
    this.#changes = result.catch(() => {});
    return result;
  }

  /** @throws BargeError as `defineNetwork`, and conflict for a used name. A failure leaves nothing behind. */
  create(request: NetworkCreateRequest): Promise<NetworkDefinition> {
    return this.#alone(async () => {
      const { name: seed, settings, host } = this.#options;
      const around = {
        networks: this.store.list(),
        routed: await routedSubnets(host.links, ''),
        seed,
        settings,
      };
      const definition = defineNetwork(request, around);
      const live = new LiveNetwork(definition, settings, host);
      await this.#assertBridgeFree(live);
      this.store.add(definition);
      try {
        await this.#up(live);
      } catch (error) {
        await live.link?.down().catch(() => {});
        this.store.remove(definition.id);
        throw error;
      }
      this.#live.set(definition.name, live);
      return definition;
    });
  }

  async #assertBridgeFree({ bridge }: LiveNetwork): Promise<void> {
    if (!bridge) return;
    const name = bridge.options.bridge;
    const other = [...this.#live.values()].find((live) => live.bridge?.options.bridge === name);
    if (other) {
      throw forbidden(
        `the bridge ${name} belongs to the network ${other.definition.name}: choose another name`,
      );
    }
    await bridge.assertUsable();
  }

  /** @throws BargeError forbidden while containers are connected. */
  remove(name: string): Promise<void> {
    return this.#alone(async () => {
      const live = this.live(name);
      if (live.users.size > 0) throw forbidden(`network ${name} has active endpoints`);
      this.#live.delete(name);
      try {
        await this.#down(live);
      } catch (error) {
        this.#live.set(name, live);
        throw error;
      }
      this.store.remove(live.definition.id);
    });
  }

  async #down(live: LiveNetwork): Promise<void> {
    if (live.bridge && live.isUp) await (await this.#openFirewall()).removeBridge(live.bridge.rules);
    live.isUp = false;
    await live.link?.down();
  }

  #free(endpoint: Endpoint): void {
    this.names.directory.delete(endpoint.id);
    this.#live.get(endpoint.network)?.free(endpoint);
  }

  /** Releases everything of a sandbox; its namespace is removed in the background. */
  async release(sandbox: Sandbox): Promise<void> {
    this.names.close(sandbox.path);
    this.sandboxes.release(sandbox);
    await this.#publisher?.withdraw(sandbox.path);
  }

  /** Publishes ports at the endpoints that have the default routes. @throws BargeError conflict naming the holder. */
  async publish(sandbox: Sandbox, wanted: PortMap, owner: string): Promise<PortMap> {
    const target = this.#publishTarget(sandbox.endpoints);
    if (!target || !this.#publisher) {
      return Object.fromEntries(Object.keys(wanted).map((port) => [port, null]));
    }
    return await this.#publisher.publish(sandbox.path, target, wanted, owner);
  }

  async withdraw(sandbox: Sandbox): Promise<void> {
    await this.#publisher?.withdraw(sandbox.path);
  }

  #publishTarget(endpoints: readonly Endpoint[]): PublishTarget | undefined {
    const bridged = endpoints.filter(({ network }) => this.live(network).bridge);
    const four = this.sandboxes.gateway(bridged, 4);
    const six = this.sandboxes.gateway(bridged, 6);
    const first = four ?? six;
    if (!first) return undefined;
    const optionsOf = (endpoint: Endpoint) => this.live(endpoint.network).bridge?.options;
    return {
      address: { 4: four?.ipv4 ?? '', 6: six?.ipv6 ?? '' },
      mode: {
        4: optionsOf(four ?? first)?.mode[4] ?? 'nat',
        6: optionsOf(six ?? first)?.mode[6] ?? 'nat',
      },
      hostBinding: this.#hostBinding(first.network, optionsOf(first)?.hostBinding ?? ''),
    };
  }

  /** On the default network, the IPv4 wildcard address stands for all IPv6 addresses, too. */
  #hostBinding(network: string, chosen: string): string {
    return this.live(network).isDefault && chosen === '0.0.0.0' ? '' : chosen;
  }

  /** Networks of a sandbox, the one with the default route first: the order in which names are looked up. */
  order(sandbox: Sandbox): string[] {
    const first = this.#wayOut(sandbox)?.network;
    const names = sandbox.endpoints.map(({ network }) => network);
    return first ? [first, ...names.filter((name) => name !== first)] : names;
  }

  /** Whether the sandbox has a default route. */
  leadsOut(sandbox: Sandbox): boolean {
    return Boolean(this.#wayOut(sandbox));
  }

  #wayOut({ endpoints }: Sandbox): Endpoint | undefined {
    return this.sandboxes.gateway(endpoints, 4) ?? this.sandboxes.gateway(endpoints, 6);
  }

  /** Marks the resources of a container that still runs after a restart of the daemon. */
  adopt(sandbox: Sandbox): void {
    for (const endpoint of sandbox.endpoints) this.#live.get(endpoint.network)?.adopt(endpoint);
  }

  async serveNames(sandbox: Sandbox, view: NameView, ports?: NamePorts): Promise<NamePorts> {
    return ports
      ? await this.names.reopen(sandbox.path, view, ports)
      : await this.names.open(sandbox.path, view);
  }

  /** Why ports published on a network may be unreachable from outside, and how to fix it. */
  async firewallWarnings(name: string): Promise<string[]> {
    const { bridge } = this.live(name);
    if (!bridge || !this.#firewall) return [];
    const { table } = await this.#firewall;
    return await forwardWarnings(this.#options.host.nftables, bridge.options.bridge, [
      table,
      userTableName(table),
    ]);
  }

  /** Removes namespaces that no adopted container uses, and starts to fill the pool. */
  async ready(keep: readonly Sandbox[]): Promise<void> {
    await this.sandboxes.ready(keep);
    await (await this.#firewall)?.warm();
  }

  /** Releases the pool; with `remove`, also bridges and rules, as no container is left. */
  async close(remove: boolean): Promise<void> {
    await this.sandboxes.close();
    this.names[Symbol.dispose]();
    this.#options.host.namespaces[Symbol.dispose]();
    this.#publisher?.close();
    const firewall = await this.#firewall;
    if (remove) {
      for (const { link } of this.#live.values()) await link?.down().catch(() => {});
    }
    await firewall?.close(remove);
  }
}
