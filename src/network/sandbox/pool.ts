import { randomBytes } from 'node:crypto';
import type { Clock } from '../../host/host.ts';
import { type NamespaceTool, namespacePath } from './namespaces.ts';

const REFILL_DELAY_MS = 40;
const REMOVAL_DELAY_MS = 150;

/** A network namespace that is ready for a container, with what has been made in it. */
export interface ReadySandbox<T> {
  readonly path: string;
  readonly content: T;
}

export interface PoolOptions<T> {
  /** What the names of this daemon's namespaces begin with. */
  readonly prefix: string;
  readonly size: number;
  readonly tool: NamespaceTool;
  readonly clock: Clock;
  /** Makes a namespace of this name. */
  readonly make: (name: string) => Promise<T>;
  /** Gives up what one holds that nobody wants any more. */
  readonly free: (ready: ReadySandbox<T>) => void;
}

/** Network namespaces made ahead of need: taking one costs nothing, making one costs some 2 ms. */
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
      this.#ready.push(await this.#make());
    }
  }

  /** Removes a namespace in the background, several at a time. */
  remove(name: string): void {
    this.#removals.push(name);
    this.#removing ??= this.#options.clock
      .sleep(REMOVAL_DELAY_MS)
      .then(() => this.#remove())
      .catch(() => {}) /* the next daemon's start sweeps what is left */
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

  /** How many stand ready: their addresses are taken, for no container yet. */
  get idle(): number {
    return this.#ready.length;
  }

  /** Gives a ready one's address up, for a container that finds no other. */
  giveUp(): boolean {
    const last = this.#ready.pop();
    if (!last) return false;
    this.#options.free(last);
    this.remove(last.path.split('/').at(-1) ?? '');
    return true;
  }

  /** Empties the pool and waits for what goes on in the background. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#refillTimer);
    await this.#filling;
    while (this.giveUp());
    await this.#removing;
  }
}
