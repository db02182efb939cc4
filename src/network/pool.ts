import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../core/errors.ts';
import { capture, run } from '../host/process.ts';
import { formatAddress, macOf } from './ipv4.ts';

const REFILL_DELAY_MS = 40;
const REMOVAL_DELAY_MS = 150;

/** Where iproute2 keeps named network namespaces. */
export const NETNS_FOLDER = '/run/netns';

/** A network namespace with its end of a veth pair, ready for a container. */
export interface Sandbox {
  readonly name: string;
  readonly address: number;
  readonly mac: string;
}

export interface PoolOptions {
  readonly bridge: string;
  readonly gateway: number;
  readonly prefix: number;
  readonly size: number;
  /** Gives an address that nobody has; it is the sandbox's until `freeAddress`. */
  takeAddress(): number;
  freeAddress(address: number): void;
}

/** Network namespaces made ahead of need: taking one costs nothing, making one costs some 15 ms. */
export class SandboxPool {
  readonly #options: PoolOptions;
  readonly #ready: Sandbox[] = [];
  #filling: Promise<void> | undefined;
  #removals: string[] = [];
  #removing: Promise<void> | undefined;
  #closed = false;
  #refillTimer: NodeJS.Timeout | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  async take(): Promise<Sandbox> {
    const ready = this.#ready.shift();
    this.#refillLater();
    return ready ?? (await this.make(this.#options.takeAddress(), undefined));
  }

  /** Begins to fill the pool; returns at once. */
  warm(): void {
    this.#refill();
  }

  /** Whoever took a sandbox is about to start a process: making the next one then would slow it down. */
  #refillLater(): void {
    this.#refillTimer ??= setTimeout(() => {
      this.#refillTimer = undefined;
      this.#refill();
    }, REFILL_DELAY_MS).unref();
  }

  #refill(): void {
    if (this.#filling || this.#closed) return;
    this.#filling = this.#fill()
      .catch(() => {}) /* the next `take` meets the same failure and reports it */
      .finally(() => {
        this.#filling = undefined;
      });
  }

  async #fill(): Promise<void> {
    while (this.#ready.length < this.#options.size && !this.#closed) {
      this.#ready.push(await this.make(this.#options.takeAddress(), undefined));
    }
  }

  /** @param mac undefined: derived from the address. On failure the address is free again. */
  async make(address: number, mac: string | undefined): Promise<Sandbox> {
    const { bridge, gateway, prefix, freeAddress } = this.#options;
    const token = randomBytes(5).toString('hex');
    const name = `${bridge}-${token}`;
    const hardware = mac ?? macOf(address);
    const veth = `ve${token}`;
    try {
      await run('ip', ['-batch', '-'], {
        input: [
          `netns add ${name}`,
          `link add ${veth} type veth peer name eth0 address ${hardware} netns ${name}`,
          `link set ${veth} addrgenmode none master ${bridge} up`,
          '',
        ].join('\n'),
      });
      await run('ip', ['-n', name, '-batch', '-'], {
        input: [
          'link set lo up',
          `addr add ${formatAddress(address)}/${prefix} broadcast + dev eth0`,
          'link set eth0 addrgenmode none up',
          `route add default via ${formatAddress(gateway)}`,
          '',
        ].join('\n'),
      });
    } catch (error) {
      await capture('ip', ['netns', 'del', name]);
      freeAddress(address);
      throw error;
    }
    return { name, address, mac: hardware };
  }

  /** Gives a sandbox up. Its namespace and veth pair go in the background, several at a time. */
  release(sandbox: Pick<Sandbox, 'name' | 'address'>): void {
    this.#options.freeAddress(sandbox.address);
    this.#removals.push(sandbox.name);
    this.#removing ??= sleep(REMOVAL_DELAY_MS)
      .then(() => this.#remove())
      .finally(() => {
        this.#removing = undefined;
      });
  }

  async #remove(): Promise<void> {
    while (this.#removals.length > 0) {
      const names = this.#removals;
      this.#removals = [];
      await removeNamespaces(names);
    }
  }

  /** Removes every namespace of this bridge that is not in `keep`. */
  async sweep(keep: ReadonlySet<string>): Promise<void> {
    const prefix = `${this.#options.bridge}-`;
    const ready = new Set(this.#ready.map((sandbox) => sandbox.name));
    const names = await namespaceNames();
    await removeNamespaces(
      names.filter((name) => name.startsWith(prefix) && !keep.has(name) && !ready.has(name)),
    );
  }

  /** Empties the pool and waits for what goes on in the background. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#refillTimer);
    await this.#filling;
    for (const sandbox of this.#ready.splice(0)) this.release(sandbox);
    await this.#removing;
  }
}

async function namespaceNames(): Promise<string[]> {
  try {
    return await readdir(NETNS_FOLDER);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function removeNamespaces(names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await capture('ip', ['-force', '-batch', '-'], {
    input: names.map((name) => `netns del ${name}\n`).join(''),
  });
}
