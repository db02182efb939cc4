import { forbidden } from '../../core/errors.ts';
import type { Clock } from '../../host/host.ts';
import { assertRequestValid, type LiveNetwork } from '../live.ts';
import type { Endpoint, EndpointRequest } from '../model.ts';
import {
  type Attachable,
  addToNamespace,
  fillNamespace,
  gatewayEndpoint,
  makeNamespace,
  type NamespaceTool,
  namespaceName,
  namespacePath,
  reconcileNamespace,
  removeFromNamespace,
} from './namespaces.ts';
import { SandboxPool } from './pool.ts';

/** A running container's network namespace, as stored in its state. */
export interface Sandbox {
  readonly path: string;
  readonly endpoints: readonly Endpoint[];
}

interface SandboxesOptions {
  /** Prefix of this daemon's namespace names. */
  readonly prefix: string;
  readonly tool: NamespaceTool;
  readonly clock: Clock;
  /** Number of ready sandboxes on the default bridge. */
  readonly poolSize: number;
  /** @throws BargeError not-found. */
  readonly network: (name: string) => LiveNetwork;
  /** Ensures that a network's kernel objects exist. */
  readonly up: (network: LiveNetwork) => Promise<void>;
  /** Called with every released endpoint. */
  readonly freed: (endpoint: Endpoint) => void;
  /** Prepares a namespace for any user-defined network. */
  readonly prepare: (path: string) => Promise<void>;
  /** Reverts `prepare`. */
  readonly discard: (path: string) => void;
}

/** Number of ready namespaces without a network, after the first has been requested. */
const BLANKS = 2;

/** Containers' network namespaces and their endpoints. */
export class Sandboxes {
  readonly #options: SandboxesOptions;
  readonly #pool: SandboxPool<Endpoint>;
  /** Ready namespaces without endpoints. */
  readonly #blanks: SandboxPool<void>;

  constructor(options: SandboxesOptions) {
    this.#options = options;
    this.#pool = new SandboxPool({
      prefix: options.prefix,
      tool: options.tool,
      clock: options.clock,
      size: options.poolSize,
      make: (name) => this.#makeReady(name),
      free: ({ content }) => this.#free(content),
    });
    this.#blanks = new SandboxPool({
      prefix: options.prefix,
      tool: options.tool,
      clock: options.clock,
      size: Math.min(options.poolSize, BLANKS),
      make: (name) => this.#makeBlank(name),
      free: ({ path }) => options.discard(path),
    });
  }

  /**
   * Creates a sandbox with an endpoint on each network. A sandbox on the default bridge alone comes from the pool; one on other
   * networks begins with a prepared namespace without endpoints.
   * @throws BargeError for addresses that are allocated or outside of the network; nothing is allocated then.
   */
  async attach(requests: readonly EndpointRequest[]): Promise<Sandbox> {
    const [first] = requests;
    if (requests.length === 1 && first && isPlain(first)) {
      this.#options.network('bridge');
      const { path, content } = await this.#pool.take();
      return { path, endpoints: [{ ...content, priority: first.priority ?? 0 }] };
    }
    const attachables: Attachable[] = [];
    try {
      for (const request of requests) {
        const taken = attachables.map(({ endpoint }) => endpoint.interface);
        attachables.push(this.#attachable(this.#reserve(request, taken), request));
      }
      for (const { network } of requests) await this.#options.up(this.#options.network(network));
      const path = await this.#place(attachables);
      return { path, endpoints: attachables.map(({ endpoint }) => endpoint) };
    } catch (error) {
      for (const { endpoint } of attachables) this.#free(endpoint);
      throw error;
    }
  }

  /** @returns the path of a namespace with these endpoints. */
  async #place(attachables: readonly Attachable[]): Promise<string> {
    if (attachables.every(({ endpoint }) => endpoint.network === 'bridge')) {
      const name = this.#pool.newName();
      await makeNamespace(this.#options.tool, name, attachables);
      return namespacePath(name);
    }
    const { path } = await this.#blanks.take();
    try {
      await fillNamespace(this.#options.tool, namespaceName(path), attachables);
    } catch (error) {
      this.#options.discard(path);
      this.#pool.remove(namespaceName(path));
      throw error;
    }
    return path;
  }

  async #makeBlank(name: string): Promise<void> {
    await makeNamespace(this.#options.tool, name, []);
    try {
      await this.#options.prepare(namespacePath(name));
    } catch (error) {
      this.#pool.remove(name);
      throw error;
    }
  }

  /** Ready sandboxes release their addresses if necessary. */
  #reserve(request: EndpointRequest, taken: readonly string[]): Endpoint {
    const network = this.#options.network(request.network);
    assertRequestValid(request);
    for (;;) {
      try {
        return network.reserve(request, taken);
      } catch (error) {
        if (!network.isDefault || !this.#pool.giveUp()) throw error;
      }
    }
  }

  async #makeReady(name: string): Promise<Endpoint> {
    const request = { network: 'bridge' };
    const endpoint = this.#options.network('bridge').reserve(request, []);
    try {
      await makeNamespace(this.#options.tool, name, [this.#attachable(endpoint, request)]);
    } catch (error) {
      this.#free(endpoint);
      throw error;
    }
    return endpoint;
  }

  #attachable(endpoint: Endpoint, request: EndpointRequest = { network: endpoint.network }): Attachable {
    const { link } = this.#options.network(endpoint.network);
    if (!link) throw forbidden(`containers cannot be connected to the network ${endpoint.network}`);
    return { endpoint, link, request };
  }

  #free(endpoint: Endpoint): void {
    this.#options.freed(endpoint);
  }

  /** Adds an endpoint on another network. @returns the updated sandbox. */
  async join(sandbox: Sandbox, request: EndpointRequest): Promise<Sandbox> {
    const taken = sandbox.endpoints.map((other) => other.interface);
    const endpoint = this.#reserve(request, taken);
    try {
      await this.#options.up(this.#options.network(request.network));
      const added = this.#attachable(endpoint, request);
      const all = [...this.#all(sandbox.endpoints), added];
      await addToNamespace(this.#options.tool, namespaceName(sandbox.path), added, all);
    } catch (error) {
      this.#free(endpoint);
      throw error;
    }
    return { ...sandbox, endpoints: [...sandbox.endpoints, endpoint] };
  }

  #all(endpoints: readonly Endpoint[]): Attachable[] {
    return endpoints.map((endpoint) => this.#attachable(endpoint));
  }

  /** Removes the endpoint on one network. @returns the updated sandbox. */
  async leave(sandbox: Sandbox, network: string): Promise<Sandbox> {
    const endpoint = sandbox.endpoints.find((one) => one.network === network);
    if (!endpoint) return sandbox;
    const endpoints = sandbox.endpoints.filter((one) => one !== endpoint);
    await removeFromNamespace(
      this.#options.tool,
      namespaceName(sandbox.path),
      endpoint,
      this.#all(endpoints),
    );
    this.#free(endpoint);
    return { ...sandbox, endpoints };
  }

  /** Releases everything of a sandbox; its namespace is removed in the background. */
  release(sandbox: Sandbox): void {
    for (const endpoint of sandbox.endpoints) this.#free(endpoint);
    this.#pool.remove(namespaceName(sandbox.path));
  }

  /** After a crash during `join` or `leave`, updates the kernel from the list. */
  async reconcile(sandbox: Sandbox): Promise<void> {
    const name = namespaceName(sandbox.path);
    await reconcileNamespace(this.#options.tool, name, this.#all(sandbox.endpoints));
  }

  /** The endpoint that has the default route of a family. */
  gateway(endpoints: readonly Endpoint[], family: 4 | 6): Endpoint | undefined {
    return gatewayEndpoint(this.#all(endpoints), family);
  }

  /** Removes orphaned namespaces, and starts to fill the pool. */
  async ready(keep: readonly Sandbox[]): Promise<void> {
    await this.#pool.sweep(new Set(keep.map(({ path }) => path)));
    this.#pool.warm();
  }

  async close(): Promise<void> {
    await Promise.all([this.#blanks.close(), this.#pool.close()]);
  }
}

/** Whether the request is for a plain endpoint on the default bridge only. */
function isPlain(request: EndpointRequest): boolean {
  const { network, ipv4, ipv6, linkLocal, mac, without6, driverOpts } = request;
  const options = Object.keys(driverOpts ?? {}).length + (linkLocal ?? []).length;
  return network === 'bridge' && !ipv4 && !ipv6 && !mac && !without6 && options === 0;
}
