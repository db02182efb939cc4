import { randomBytes } from 'node:crypto';
import type { Clock } from '../../host/host.ts';
import { type NamespaceTool, namespacePath } from './namespaces.ts';

const REFILL_DELAY_MS = 40;
const REMOVAL_DELAY_MS = 150;

/** A network namespace that is ready for a container, with its endpoints. */
interface ReadySandbox<T> {
  readonly path: string;
  readonly content: T;
}

interface PoolOptions<T> {
  /** Prefix of this daemon's namespace names. */
  readonly prefix: string;
  readonly size: number;
  readonly tool: NamespaceTool;
  readonly clock: Clock;
  /** Creates a namespace with this name. */
  readonly make: (name: string) => Promise<T>;
  /** Releases the resources of an unused namespace. */
  readonly free: (ready: ReadySandbox<T>) => void;
}

/** Network namespaces created in advance: acquiring one costs nothing, creating one about 2 ms. */
export class SandboxPool<T> {
  readonly #options: PoolOptions<T>;
  readonly #ready: ReadySandbox<T>[] = [];
  #filling: Promise<void> | undefined;
  #removals: string[] = [];
  #removing: Promise<void> | undefined;
  #closed = false;
  #refillTimer: NodeJS.Timeout | undefined;

  constructor(options: PoolOptions<T>) {
    this.#options = options;
  }

  async take(): Promise<ReadySandbox<T>> {
    const ready = this.#ready.shift();
    this.#refillLater();
    return ready ?? (await this.#make());
  }

  newName(): string {
    return `${this.#options.prefix}-${randomBytes(5).toString('hex')}`;
  }

  async #make(): Promise<ReadySandbox<T>> {
    const name = this.newName();
    return { path: namespacePath(name), content: await this.#options.make(name) };
  }

  /** Starts to fill the pool; returns at once. */
  warm(): void {
    this.#refill();
  }

  /** The caller that took a sandbox is about to start a process, which creating the next sandbox now would slow down. */
  #refillLater(): void {
    this.#refillTimer ??= setTimeout(() => {
      this.#refillTimer = undefined;
      this.#refill();
    }, REFILL_DELAY_MS).unref();
  }

  #refill(): void {
    if (this.#filling || this.#closed) return;
    this.#filling = this.#fill()
      .catch(() => {}) /* the next `take` has the same failure and reports it */
      .finally(() => {
        this.#filling = undefined;
      });
  }

  async #fill(): Promise<void> {
    while (this.#ready.length < this.#options.size && !this.#closed) {
      this.#ready.push(await this.#make());
    }
  }

  /** Removes a namespace in the background, several at a time. */
  remove(name: string): void {
    this.#removals.push(name);
    this.#removing ??= this.#options.clock
      .sleep(REMOVAL_DELAY_MS)
      .then(() => this.#remove())
      .catch(() => {}) /* the next start of the daemon removes the leftovers */
      .finally(() => {
        this.#removing = undefined;
      });
  }

  async #remove(): Promise<void> {
    while (this.#removals.length > 0) {
      const names = this.#removals;
      this.#removals = [];
      await this.#options.tool.forget(names);
    }
  }

  /** Removes every namespace of this daemon that is neither in `keep` nor ready. */
  async sweep(keep: ReadonlySet<string>): Promise<void> {
    const { prefix } = this.#options;
    const ready = new Set(this.#ready.map(({ path }) => path));
    const names = await this.#options.tool.names();
    await this.#options.tool.forget(
      names.filter((name) => {
        const path = namespacePath(name);
        return name.startsWith(`${prefix}-`) && !keep.has(path) && !ready.has(path);
      }),
    );
  }

  /** Number of ready sandboxes, whose addresses are allocated without a container. */
  get idle(): number {
    return this.#ready.length;
  }

  /** Releases the address of a ready sandbox for a container that finds no free one. */
  giveUp(): boolean {
    const last = this.#ready.pop();
    if (!last) return false;
    this.#options.free(last);
    this.remove(last.path.split('/').at(-1) ?? '');
    return true;
  }

  /** Empties the pool and waits for background work. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#refillTimer);
    await this.#filling;
    while (this.giveUp());
    await this.#removing;
  }
}
