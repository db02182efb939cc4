import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { ProcessEnd } from '../../container/life/event.ts';
import type { Container } from '../../container/model.ts';
import type { Runner } from '../../container/runner.ts';
import type { AttachRequest, ShimLink } from '../../container/shim.ts';
import type { ContainerStore } from '../../container/store.ts';
import type { Host } from '../../host/host.ts';
import type { ImageStore } from '../../image/images.ts';
import type { LayerStore } from '../../image/layers.ts';
import type { Networks } from '../../network/networks.ts';
import type { VolumeStore } from '../../volume/volumes.ts';
import type { EventBus } from '../events.ts';
import { ContainerViews } from '../files/views.ts';
import type { EngineSettings } from '../settings.ts';
import type { MountedVolumes } from '../volumes/mounted.ts';
import type { LogKeepers } from './log-keepers.ts';
import type { Lifecycle } from './perform.ts';

/** A reader that came before the start, and gets its stream when there is one. */
export interface WaitingReader {
  readonly request: AttachRequest;
  readonly settle: (stream: Socket | Error) => void;
}

/** What the daemon knows of containers in memory only; a new daemon finds it again from the shims. */
export class LiveContainers {
  readonly links = new Map<string, ShimLink>();
  readonly views = new ContainerViews();
  readonly waitingReaders = new Map<string, WaitingReader[]>();
  /** Directories of removed containers on their way out, which no request waits for. */
  readonly removals = new Set<Promise<void>>();
  readonly #emitter = new EventEmitter().setMaxListeners(0);

  /** @param removal never rejects. */
  removing(removal: Promise<void>): void {
    this.removals.add(removal);
    void removal.then(() => this.removals.delete(removal));
  }

  takeWaitingReaders(id: string): WaitingReader[] {
    const readers = this.waitingReaders.get(id) ?? [];
    this.waitingReaders.delete(id);
    return readers;
  }

  announceExit(id: string, exit: ProcessEnd): void {
    this.#emitter.emit(`exit:${id}`, exit);
  }

  announceRemoval(id: string): void {
    this.#emitter.emit(`removed:${id}`);
  }

  nextExit(id: string, signal?: AbortSignal): Promise<ProcessEnd> {
    return this.#once(`exit:${id}`, signal) as Promise<ProcessEnd>;
  }

  async removal(id: string, signal?: AbortSignal): Promise<void> {
    await this.#once(`removed:${id}`, signal);
  }

  #once(event: string, signal?: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => {
        this.#emitter.off(event, settle);
        reject(signal?.reason);
      };
      const settle = (value: unknown) => {
        signal?.removeEventListener('abort', stop);
        resolve(value);
      };
      this.#emitter.once(event, settle);
      signal?.addEventListener('abort', stop, { once: true });
      return undefined;
    });
  }
}

/** What the use cases of containers work with. */
export interface ContainerContext {
  readonly host: Host;
  readonly containers: ContainerStore;
  readonly images: ImageStore;
  readonly layers: LayerStore;
  readonly volumes: VolumeStore;
  readonly mounted: MountedVolumes;
  readonly networks: Networks;
  readonly runner: Runner;
  readonly events: EventBus;
  readonly live: LiveContainers;
  readonly settings: EngineSettings;
  readonly logs: LogKeepers;
  readonly life: Lifecycle;
  /** Logs failures that no request can report. */
  readonly warn: (message: string, details: Readonly<Record<string, unknown>>) => void;
}

/** What reporting a container event needs. */
export interface ContainerEvents {
  readonly events: Pick<EventBus, 'emit'>;
}

/** Reports a container event with the attributes that docker's have: image, name, labels. */
export function emitContainer(
  ctx: ContainerEvents,
  { definition }: Container,
  action: string,
  extra: Readonly<Record<string, string>> = {},
): void {
  ctx.events.emit('container', action, definition.id, {
    ...definition.spec.labels,
    image: definition.imageName,
    name: definition.name,
    ...extra,
  });
}
