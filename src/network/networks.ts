import { forbidden, invalidParameter, messageOf } from '../core/errors.ts';
import type { NetworkCreateRequest, PortMap } from '../spec/engine.ts';
import { defaultBridge, ensureFixedNetworks } from './define/builtin.ts';
import { defineNetwork } from './define/define.ts';
import { routedSubnets } from './define/subnets.ts';
import type { NameView } from './dns/server.ts';
import { type NamePorts, NameService } from './dns/service.ts';
import { forwardWarnings } from './firewall/diagnose.ts';
import { Firewall } from './firewall/firewall.ts';
import { userTableName } from './firewall/table.ts';
import { assertWishValid, LiveNetwork } from './live.ts';
import type { Endpoint, EndpointWish, NetworkDefinition } from './model.ts';
import { PortPublisher, type PublishTarget } from './ports/publish.ts';
import {
  type Attachable,
  addToNamespace,
  gatewayEndpoint,
  makeNamespace,
  namespaceName,
  namespacePath,
  reconcileNamespace,
  removeFromNamespace,
} from './sandbox/namespaces.ts';
import { SandboxPool } from './sandbox/pool.ts';
import type { NetworkSettings } from './settings.ts';
import type { NetworkStore } from './store.ts';

export interface NetworksOptions {
  readonly store: NetworkStore;
  /** Name of the default bridge; undefined: there is no network `bridge`. */
  readonly bridge?: string;
  readonly settings: NetworkSettings;
  /** Names of namespaces and of the nftables table begin with it: up to 12 letters, digits and _. */
  readonly name: string;
  readonly poolSize: number;
  readonly warn: (message: string, details: Readonly<Record<string, unknown>>) => void;
}

/** A running container's network namespace, as its state keeps it. */
export interface Sandbox {
  readonly path: string;
  readonly endpoints: readonly Endpoint[];
}

/** All networks of a daemon, and the containers' places on them. */
export class Networks {
  readonly store: NetworkStore;
  readonly names = new NameService();
  readonly #options: NetworksOptions;
  readonly #live = new Map<string, LiveNetwork>();
  readonly #pool: SandboxPool;
  #firewall: Promise<Firewall> | undefined;
  #publisher: PortPublisher | undefined;
  /** Networks are made and removed one after the other: each looks at all the others. */
  #changes: Promise<unknown> = Promise.resolve();

  private constructor(options: NetworksOptions) {
    this.#options = options;
    this.store = options.store;
    this.#pool = new SandboxPool({
      prefix: options.name,
      size: options.bridge ? options.poolSize : 0,
      make: (name) => this.#makeReady(name),
      free: (endpoint) => this.#live.get(endpoint.network)?.free(endpoint),
    });
  }

  /** Makes the kernel's objects of every network, or takes over those that an earlier daemon left. */
  static async open(options: NetworksOptions): Promise<Networks> {
    const networks = new Networks(options);
    const { store } = options;
    ensureFixedNetworks(store);
    if (options.bridge) await defaultBridge(store, options.bridge, options.settings);
    for (const definition of store.list()) {
      if (definition.name === 'bridge' && !options.bridge) continue;
      const live = new LiveNetwork(definition, options.settings);
      networks.#live.set(definition.name, live);
      await networks.#up(live).catch((error) => {
        if (live.isDefault) throw error;
        options.warn('bringing a network up failed', { network: definition.name, error: messageOf(error) });
      });
    }
    return networks;
  }

  /** Names of the chains that user's rules and ours stand in begin with it. */
  get table(): string {
    return this.#options.name;
  }

  #openFirewall(): Promise<Firewall> {
    const { name, settings } = this.#options;
    this.#firewall ??= Firewall.open(name, settings.rules.ipv4).then((firewall) => {
      this.#publisher = new PortPublisher(firewall, settings);
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

  list(): NetworkDefinition[] {
    return this.store.list().filter(({ name }) => this.#live.has(name));
  }

  /** By full id, name, or the start of an id. @throws BargeError not-found or invalid-parameter. */
  find(word: string): NetworkDefinition {
    const found = this.store.find(word);
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

  /** @throws BargeError as `defineNetwork`, and conflict for a taken name. Nothing is left after a failure. */
  create(request: NetworkCreateRequest): Promise<NetworkDefinition> {
    return this.#alone(async () => {
      const { name: seed, settings } = this.#options;
      const around = { networks: this.store.list(), routed: await routedSubnets(''), seed, settings };
      const definition = defineNetwork(request, around);
      const live = new LiveNetwork(definition, settings);
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
        `the bridge ${name} is that of the network ${other.definition.name}: choose another name`,
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

  /** Address given up by sandboxes that only stand ready, if that helps. */
  #reserve(wish: EndpointWish, taken: readonly string[]): Endpoint {
    const live = this.live(wish.network);
    assertWishValid(wish);
    for (;;) {
      try {
        return live.reserve(wish, taken);
      } catch (error) {
        if (!live.isDefault || !this.#pool.giveUp()) throw error;
      }
    }
  }

  async #makeReady(name: string): Promise<Endpoint> {
    const live = this.live('bridge');
    const endpoint = live.reserve({ network: 'bridge' }, []);
    try {
      await makeNamespace(name, [this.#attachable(endpoint, { network: 'bridge' })]);
    } catch (error) {
      live.free(endpoint);
      throw error;
    }
    return endpoint;
  }

  #attachable(endpoint: Endpoint, wish: EndpointWish = { network: endpoint.network }): Attachable {
    const { link } = this.live(endpoint.network);
    if (!link) throw forbidden(`containers cannot be connected to the network ${endpoint.network}`);
    return { endpoint, link, wish };
  }

  /**
   * Makes a sandbox with a place on each network; one on the default bridge alone comes out of the pool.
   * @throws BargeError for addresses that are taken or not the network's; nothing is held then.
   */
  async attach(wishes: readonly EndpointWish[]): Promise<Sandbox> {
    const [first] = wishes;
    if (wishes.length === 1 && first && isPlain(first)) {
      this.live('bridge');
      const { path, endpoint } = await this.#pool.take();
      return { path, endpoints: [{ ...endpoint, priority: first.priority ?? 0 }] };
    }
    const attachables: Attachable[] = [];
    try {
      for (const wish of wishes) {
        const taken = attachables.map(({ endpoint }) => endpoint.interface);
        attachables.push(this.#attachable(this.#reserve(wish, taken), wish));
      }
      for (const { endpoint } of attachables) await this.#up(this.live(endpoint.network));
      const name = this.#pool.newName();
      await makeNamespace(name, attachables);
      return { path: namespacePath(name), endpoints: attachables.map(({ endpoint }) => endpoint) };
    } catch (error) {
      for (const { endpoint } of attachables) this.#free(endpoint);
      throw error;
    }
  }

  #free(endpoint: Endpoint): void {
    this.names.directory.delete(endpoint.id);
    this.#live.get(endpoint.network)?.free(endpoint);
  }

  /** Adds a place on one more network. @returns the sandbox as it is then. */
  async join(sandbox: Sandbox, wish: EndpointWish): Promise<Sandbox> {
    const endpoint = this.#reserve(
      wish,
      sandbox.endpoints.map((other) => other.interface),
    );
    try {
      await this.#up(this.live(wish.network));
      const added = this.#attachable(endpoint, wish);
      const others = sandbox.endpoints.map((other) => this.#attachable(other));
      await addToNamespace(namespaceName(sandbox.path), added, [...others, added]);
    } catch (error) {
      this.#free(endpoint);
      throw error;
    }
    return { ...sandbox, endpoints: [...sandbox.endpoints, endpoint] };
  }

  /** Gives the place on one network up. @returns the sandbox as it is then. */
  async leave(sandbox: Sandbox, network: string): Promise<Sandbox> {
    const endpoint = sandbox.endpoints.find((one) => one.network === network);
    if (!endpoint) return sandbox;
    const endpoints = sandbox.endpoints.filter((one) => one !== endpoint);
    await removeFromNamespace(
      namespaceName(sandbox.path),
      endpoint,
      endpoints.map((other) => this.#attachable(other)),
    );
    this.#free(endpoint);
    return { ...sandbox, endpoints };
  }

  /** Gives everything of a sandbox up; its namespace goes in the background. */
  async release(sandbox: Sandbox): Promise<void> {
    this.names.close(sandbox.path);
    for (const endpoint of sandbox.endpoints) this.#free(endpoint);
    this.#pool.remove(namespaceName(sandbox.path));
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
    const bridged = endpoints
      .map((endpoint) => this.#attachable(endpoint))
      .filter(({ endpoint }) => this.live(endpoint.network).bridge);
    const [four, six] = [gatewayEndpoint(bridged, 4), gatewayEndpoint(bridged, 6)];
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

  /** On the default network, all IPv4 addresses mean those of IPv6 too. */
  #hostBinding(network: string, chosen: string): string {
    return this.live(network).isDefault && chosen === '0.0.0.0' ? '' : chosen;
  }

  /** Networks of a sandbox with the way out first: the order in which names are looked up. */
  order(sandbox: Sandbox): string[] {
    const all = sandbox.endpoints.map((endpoint) => this.#attachable(endpoint));
    const first = (gatewayEndpoint(all, 4) ?? gatewayEndpoint(all, 6))?.network;
    const names = sandbox.endpoints.map(({ network }) => network);
    return first ? [first, ...names.filter((name) => name !== first)] : names;
  }

  /** A default route leads out of the sandbox. */
  leadsOut(sandbox: Sandbox): boolean {
    const all = sandbox.endpoints.map((endpoint) => this.#attachable(endpoint));
    return Boolean(gatewayEndpoint(all, 4) ?? gatewayEndpoint(all, 6));
  }

  /** Marks what a container that still runs holds, after a restart of the daemon. */
  adopt(sandbox: Sandbox): void {
    for (const endpoint of sandbox.endpoints) this.#live.get(endpoint.network)?.adopt(endpoint);
  }

  /** After a crash in the middle of `join` or `leave`: the kernel gets what the list says. */
  async reconcile(sandbox: Sandbox): Promise<void> {
    const all = sandbox.endpoints.map((endpoint) => this.#attachable(endpoint));
    await reconcileNamespace(namespaceName(sandbox.path), all);
  }

  async serveNames(sandbox: Sandbox, view: NameView, ports?: NamePorts): Promise<NamePorts> {
    return ports
      ? await this.names.reopen(sandbox.path, view, ports)
      : await this.names.open(sandbox.path, view);
  }

  /** Why ports published on a network may not be reached from outside, and what to do about it. */
  async firewallWarnings(name: string): Promise<string[]> {
    const { bridge } = this.live(name);
    if (!bridge || !this.#firewall) return [];
    const { table } = await this.#firewall;
    return await forwardWarnings(bridge.options.bridge, [table, userTableName(table)]);
  }

  /** Removes namespaces that no adopted container uses, and begins to fill the pool. */
  async ready(keep: readonly Sandbox[]): Promise<void> {
    await this.#pool.sweep(new Set(keep.map(({ path }) => path)));
    if (!this.#firewall) return;
    this.#pool.warm();
    await (await this.#firewall).warm();
  }

  /** Lets go of the pool; with `remove`, also of bridges and rules, for no container is left. */
  async close(remove: boolean): Promise<void> {
    await this.#pool.close();
    this.names[Symbol.dispose]();
    this.#publisher?.close();
    const firewall = await this.#firewall;
    if (remove) {
      for (const { link } of this.#live.values()) await link?.down().catch(() => {});
    }
    await firewall?.close(remove);
  }
}

/** Nothing is asked for but a place on the default bridge. */
function isPlain({ network, ipv4, ipv6, linkLocal, mac, driverOpts }: EndpointWish): boolean {
  const options = Object.keys(driverOpts ?? {}).length + (linkLocal ?? []).length;
  return network === 'bridge' && !ipv4 && !ipv6 && !mac && options === 0;
}
