import type { ExecRequest } from '../../builder/worker.ts';
import type { Networks } from '../../network/networks.ts';
import { upstreamServers } from '../../network/resolv.ts';
import type { Sandbox } from '../../network/sandbox/sandboxes.ts';

/**
 * Network sandboxes of one build. Its steps reuse them one after the other, as a step's processes end with it; a step that
 * could change its network does not return its sandbox.
 */
export class StepSandboxes {
  readonly #networks: Networks;
  /** Unused sandboxes, by network. */
  readonly #idle = new Map<string, readonly Sandbox[]>();

  constructor(networks: Networks) {
    this.#networks = networks;
  }

  async connect({ network: asked, security }: ExecRequest): Promise<Sandbox | undefined> {
    const mode = asked || 'default';
    if (mode === 'none' || mode === 'host') return undefined;
    const [idle, ...others] = security === 'insecure' ? [] : (this.#idle.get(mode) ?? []);
    if (idle) {
      this.#idle.set(mode, others);
      return idle;
    }
    const { name: network } = this.#networks.find(mode === 'default' ? 'bridge' : mode);
    const sandbox = await this.#networks.sandboxes.attach([{ network }]);
    if (network !== 'bridge') {
      const view = { networks: [network], links: new Map(), servers: this.#serversOf(sandbox) };
      await this.#networks.serveNames(sandbox, view);
    }
    return sandbox;
  }

  /** Without a default route, outside names are not resolved, as in containers. */
  #serversOf(sandbox: Sandbox): readonly string[] {
    return this.#networks.leadsOut(sandbox) ? upstreamServers([]) : [];
  }

  async disconnect({ network, security }: ExecRequest, sandbox: Sandbox): Promise<void> {
    if (security === 'insecure') return await this.#networks.release(sandbox);
    const mode = network || 'default';
    this.#idle.set(mode, [...(this.#idle.get(mode) ?? []), sandbox]);
  }

  /** Releases all sandboxes, when no step uses one any more. */
  async release(): Promise<void> {
    const all = [...this.#idle.values()].flat();
    this.#idle.clear();
    await Promise.all(all.map((sandbox) => this.#networks.release(sandbox)));
  }
}
