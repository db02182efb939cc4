import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ImageMountOptions, localName } from '../images/archive.ts';
import { runToEnd, timeCommand } from '../measure/process.ts';
import type { Subject } from '../peers/peer.ts';
import { type RegistryKind, type RunningRegistry, startRegistry } from '../peers/registries.ts';
import type { Stage } from '../stage/stage.ts';
import type { Figures } from './rounds.ts';

export const remoteName = ({ address }: RunningRegistry, { name }: ImageMountOptions) =>
  `${address}/${name}:latest`;

/** The images to transfer: of the same size, without common files. */
export interface Route {
  readonly kind: RegistryKind;
  /** Loaded, and pushed to a new server. */
  readonly outbound: ImageMountOptions;
  readonly archive: string;
  /** Already on this server. */
  readonly inbound: ImageMountOptions;
  readonly server: RunningRegistry;
}

/** The turn of one client, which removes nothing before all transfers have finished. */
export class Transfer {
  readonly #stage: Stage;
  readonly #subject: Subject;
  readonly #routes: readonly Route[];

  constructor(stage: Stage, subject: Subject, routes: readonly Route[]) {
    this.#stage = stage;
    this.#subject = subject;
    this.#routes = routes;
  }

  /** @returns seconds. */
  async all(): Promise<Figures> {
    const figures: Record<string, number> = {};
    for (const route of this.#routes) {
      figures.load = this.#time('load', '-i', route.archive);
      figures[`push to ${route.kind.program}`] = await this.#push(route);
      figures.save ??= this.#save(route.outbound);
    }
    for (const { kind, server, inbound } of this.#routes)
      figures[`pull from ${kind.program}`] = this.#time('pull', '-q', remoteName(server, inbound));
    return figures;
  }

  removeAll(): void {
    for (const { outbound, inbound, server } of this.#routes)
      this.#run('rmi', localName(outbound), remoteName(server, inbound));
  }

  async #push({ kind, outbound }: Route): Promise<number> {
    await using server = await startRegistry(this.#stage, kind);
    const name = remoteName(server, outbound);
    this.#run('tag', localName(outbound), name);
    const time = this.#time('push', '-q', name);
    this.#run('rmi', name);
    return time;
  }

  #save(image: ImageMountOptions): number {
    const path = join(this.#stage.directory, 'saved.tar');
    try {
      return this.#time('save', '-o', path, localName(image));
    } finally {
      rmSync(path, { force: true });
    }
  }

  #run(...args: readonly string[]): void {
    runToEnd(this.#subject.command(args));
  }

  #time(...args: readonly string[]): number {
    runToEnd({ file: 'sync', args: [] });
    return timeCommand(this.#subject.command(args)) / 1000;
  }
}
