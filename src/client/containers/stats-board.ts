import type { ContainerSummary } from '../../api/engine/containers.ts';
import type { EventMessage } from '../../api/engine/system.ts';
import { isKind } from '../../core/errors.ts';
import type { Cli } from '../cli.ts';
import { pathSegment } from '../each.ts';
import type { Fields } from '../format/listing.ts';
import { jsonLines } from '../transport/json-lines.ts';
import { type ContainerStats, statsFields, unknownFields } from './stats.ts';

/** Which containers to show. */
interface BoardOptions {
  /** Names from the command line; without any, all running containers and those that start meanwhile. */
  readonly names: readonly string[];
  /** Also stopped containers. */
  readonly all: boolean;
  readonly truncate: boolean;
}

/** The last sample of every container, updated by one stream each. */
export class StatsBoard {
  readonly #cli: Cli;
  readonly #options: BoardOptions;
  readonly #rows = new Map<string, Fields>();
  readonly #abort = new AbortController();
  readonly #firstSamples: Promise<void>[] = [];
  #failure: unknown;
  #open = 0;

  constructor(cli: Cli, options: BoardOptions) {
    this.#cli = cli;
    this.#options = options;
  }

  /** Resolves when every present container has sent a sample or ended. */
  async start(): Promise<void> {
    const { names, all } = this.#options;
    if (names.length === 0) void this.#followStarts();
    const list = names.length > 0 ? names : await runningIds(this.#cli, all);
    for (const name of list) this.#add(name);
    await Promise.all(this.#firstSamples);
  }

  /** In the order in which they were added. */
  rows(): Fields[] {
    return [...this.#rows.values()];
  }

  /** Whether all named containers are gone, so that nothing can change any more. */
  get over(): boolean {
    return this.#options.names.length > 0 && this.#open === 0;
  }

  /** The failure to watch a container. */
  get failure(): unknown {
    return this.#failure;
  }

  stop(): void {
    this.#abort.abort();
  }

  #add(name: string): void {
    if (this.#rows.has(name)) return;
    this.#rows.set(name, unknownFields(name, this.#options.truncate));
    this.#open++;
    const first = Promise.withResolvers<void>();
    this.#firstSamples.push(first.promise);
    void this.#watch(name, first.resolve).finally(() => {
      this.#open--;
      first.resolve();
    });
  }

  async #watch(name: string, sampled: () => void): Promise<void> {
    const { truncate } = this.#options;
    try {
      const path = `/containers/${pathSegment(name)}/stats`;
      const options = { query: { stream: '1' }, signal: this.#abort.signal };
      const { body } = await this.#cli.engine.request('GET', path, options);
      // The first sample of a stream has no predecessor to compare with, so its CPU share is unknown.
      for await (const stats of jsonLines<ContainerStats>(body)) {
        // The event of its end may arrive before its last sample.
        if (!this.#rows.has(name)) return;
        this.#rows.set(name, statsFields(name, stats, truncate));
        sampled();
      }
      if (this.#rows.has(name)) this.#rows.set(name, unknownFields(name, truncate));
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      if (this.#options.names.length === 0 && isKind(error, 'not-found')) this.#rows.delete(name);
      else this.#failure ??= error;
    }
  }

  /** Adds containers that start and removes those that end, unless `--all` is set. */
  async #followStarts(): Promise<void> {
    const filters = JSON.stringify({ type: ['container'], event: ['start', 'die', 'destroy'] });
    const options = { query: { filters }, signal: this.#abort.signal };
    try {
      const { body } = await this.#cli.engine.request('GET', '/events', options);
      for await (const { Action, Actor } of jsonLines<EventMessage>(body)) {
        if (Action === 'start') this.#restart(Actor.ID);
        else if (Action === 'destroy' || !this.#options.all) this.#rows.delete(Actor.ID);
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#failure ??= error;
    }
  }

  #restart(id: string): void {
    this.#rows.delete(id);
    this.#add(id);
  }
}

async function runningIds(cli: Cli, all: boolean): Promise<string[]> {
  const containers = await cli.engine.get<ContainerSummary[]>('/containers/json', { all });
  return containers.map(({ Id }) => Id);
}
