import type { ExecRequest } from '../../builder/worker.ts';
import type { Networks } from '../../network/networks.ts';
import { upstreamServers } from '../../network/resolv.ts';
import type { Sandbox } from '../../network/sandbox/sandboxes.ts';

/**
 * Network sandboxes of one build. Its steps use them one after the other, for a step's processes end with it; one that
 * may change its network leaves none.
 */
export class StepSandboxes {
  readonly #networks: Networks;
  /** Those that no step has, by network. */
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

  /** Without a way out, names of the world outside have no answer, as in containers. */
  #serversOf(sandbox: Sandbox): readonly string[] {
    return this.#networks.leadsOut(sandbox) ? upstreamServers([]) : [];
  }

  async disconnect({ network, security }: ExecRequest, sandbox: Sandbox): Promise<void> {
    if (security === 'insecure') return await this.#networks.release(sandbox);
    const mode = network || 'default';
    this.#idle.set(mode, [...(this.#idle.get(mode) ?? []), sandbox]);
  }

  /** Gives all of them back; no step has one any more. */
  async release(): Promise<void> {
    const all = [...this.#idle.values()].flat();
    this.#idle.clear();
    await Promise.all(all.map((sandbox) => this.#networks.release(sandbox)));
  }
}
