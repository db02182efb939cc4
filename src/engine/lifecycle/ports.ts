import type { Attachment } from '../../container/life/attachment.ts';
import type { ProcessEnd } from '../../container/life/event.ts';
import type { Container, ContainerDefinition } from '../../container/model.ts';
import type { ContainerStore } from '../../container/store.ts';
import type { Starter } from './launch.ts';

/* What the lives of containers need of the world: small, so that tests can stand in for it. */

/** Where containers and their states are recorded. */
type LifeStore = Pick<
  ContainerStore,
  'has' | 'get' | 'setState' | 'noteState' | 'change' | 'remove' | 'writeAgain'
>;

/** The processes of containers. */
interface Processes {
  signal(id: string, signal: number): void;
  /** @returns false when there are none any more. */
  freeze(definition: ContainerDefinition, frozen: boolean): boolean;
}

/** What runs hold, and what containers own besides their record. */
export interface Belongings {
  /** Returns what a run held. Never rejects. */
  release(container: Container, attachment: Attachment | undefined): Promise<void>;
  /** Ends whatever still runs, and removes anonymous volumes where asked to. */
  erase(container: Container, volumes: boolean): Promise<void>;
  /** Makes room for the record of a removal: removes the container's files. */
  makeRoom(container: Container): Promise<void>;
  /** Removes the directories of a container that is not known any more, in the background. */
  cleanUp(container: Container): void;
}

export interface Clock {
  now(): number;
  /** @returns cancels the task. */
  after(milliseconds: number, task: () => void): () => void;
}

/** Who hears of containers. */
interface Audience {
  emit(container: Container, action: string, attributes: Readonly<Record<string, string>>): void;
  /** The container's run is over. */
  wake(id: string, end: ProcessEnd): void;
  warn(message: string, details: Readonly<Record<string, unknown>>): void;
}

export interface LifePorts {
  readonly store: LifeStore;
  readonly processes: Processes;
  readonly belongings: Belongings;
  readonly starter: Starter;
  readonly clock: Clock;
  readonly audience: Audience;
}
