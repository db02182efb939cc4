import { containerSpec } from '../../container/default-spec.ts';
import type { Attachment } from '../../container/life/attachment.ts';
import type { ProcessEnd } from '../../container/life/event.ts';
import type { LifeState } from '../../container/life/state.ts';
import { ATTACHMENT } from '../../container/life/testing.ts';
import type { Container, ContainerDefinition } from '../../container/model.ts';
import { ContainerStore, NotRecorded } from '../../container/store.ts';
import { Database } from '../../store/database.ts';
import { LiveContainers } from './context.ts';
import type { BegunRun, Starter } from './launch.ts';
import { Lifecycle } from './perform.ts';
import type { LifePorts } from './ports.ts';

/** The definition of a container that asks for nothing. */
export function definitionOf(change: Partial<ContainerDefinition> = {}): ContainerDefinition {
  return {
    id: 'c1',
    name: 'web',
    createdAt: 0,
    imageName: 'busybox',
    imageId: '',
    layers: [],
    spec: containerSpec({}),
    mounts: [],
    ...change,
  };
}

export const clean: ProcessEnd = { code: 0, at: 5000, oomKilled: false };

/**
 * Containers without a kernel: processes, belongings, clock and audience are recorded in `log`, the database is in memory.
 * A gate (`hold`) makes a port wait until it is opened.
 */
export class FakeLife {
  readonly log: string[] = [];
  readonly db = new Database(':memory:');
  readonly containers = new ContainerStore(this.db);
  readonly live = new LiveContainers();
  readonly life: Lifecycle;
  /** The next start fails with it. */
  startFailure: Error | undefined;
  /** What `freeze` finds. */
  hasProcesses = true;
  /** The next removal of belongings fails with it. */
  eraseFailure: Error | undefined;
  #now = 1000;
  readonly #timers = new Map<() => void, number>();
  readonly #gates = new Map<string, PromiseWithResolvers<void>>();

  constructor() {
    this.life = new Lifecycle(() => this.#ports());
  }

  /** A container in a state. */
  add(change: Partial<ContainerDefinition> = {}, state?: LifeState): Container {
    const container = this.containers.add(definitionOf(change));
    return state ? this.containers.setState(container.definition.id, state) : container;
  }

  stateOf(id = 'c1'): LifeState {
    return this.containers.get(id).state;
  }

  statusOf(id = 'c1'): string {
    return this.containers.has(id) ? this.stateOf(id).status : 'gone';
  }

  /** What the database has, whatever is in memory. */
  storedStatus(id = 'c1'): string | undefined {
    const row = this.db.get<{ state: string }>('SELECT state FROM containers WHERE id = ?', id);
    return row && JSON.parse(row.state).status;
  }

  /** From now on nothing about containers can be written, as on a full disk. */
  fillDisk(): void {
    for (const verb of ['UPDATE', 'DELETE']) {
      this.db.run(
        `CREATE TRIGGER full_${verb} BEFORE ${verb} ON containers BEGIN SELECT RAISE(ABORT, 'disk is full'); END`,
      );
    }
  }

  freeDisk(): void {
    for (const verb of ['UPDATE', 'DELETE']) this.db.run(`DROP TRIGGER full_${verb}`);
  }

  /** Lets time pass: runs the tasks that are due, and what follows from them. */
  async pass(milliseconds: number): Promise<void> {
    this.#now += milliseconds;
    for (const [task, at] of [...this.#timers]) {
      if (at > this.#now) continue;
      this.#timers.delete(task);
      task();
    }
    await settled();
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Makes a port wait. @returns opens it. */
  hold(port: 'start' | 'end' | 'erase' | 'release'): () => void {
    const gate = Promise.withResolvers<void>();
    this.#gates.set(port, gate);
    return () => {
      this.#gates.delete(port);
      gate.resolve();
    };
  }

  #ports(): LifePorts {
    const { log } = this;
    return {
      store: this.containers,
      processes: {
        signal: (_, signal) => void log.push(`signal ${signal}`),
        freeze: (_, frozen) => {
          log.push(frozen ? 'freeze' : 'thaw');
          return this.hasProcesses;
        },
      },
      belongings: {
        release: async (_, attachment) => {
          log.push(released(attachment));
          await this.#gates.get('release')?.promise;
        },
        erase: async (_, volumes) => {
          log.push(volumes ? 'erase with volumes' : 'erase');
          await this.#gates.get('erase')?.promise;
          if (this.eraseFailure) throw this.eraseFailure;
        },
        makeRoom: async () => void log.push('make room'),
        cleanUp: ({ definition }) => {
          log.push('clean up');
          this.live.announceRemoval(definition.id);
        },
      },
      starter: this.#starter(),
      clock: {
        now: () => this.#now,
        after: (milliseconds, task) => {
          this.#timers.set(task, this.#now + milliseconds);
          return () => void this.#timers.delete(task);
        },
      },
      audience: {
        emit: (_, action) => void log.push(`emit ${action}`),
        wake: (id, end) => {
          log.push(`wake ${end.code}`);
          this.live.announceExit(id, end);
        },
        warn: (message) => void log.push(`warn ${message}`),
      },
    };
  }

  #starter(): Starter {
    return {
      begin: async () => {
        this.log.push('begin');
        await this.#gates.get('start')?.promise;
        if (this.startFailure) throw this.startFailure;
        return this.#run();
      },
      failsForStorage: (error) => error instanceof NotRecorded,
      failed: (_, error) => void this.log.push(`failed: ${(error as Error).name}`),
    };
  }

  #run(): BegunRun {
    return {
      pid: 42,
      attachment: ATTACHMENT,
      hasProbe: false,
      end: async () => {
        this.log.push('end the process');
        await this.#gates.get('end')?.promise;
      },
      serve: async () => void this.log.push('serve'),
    };
  }
}

const released = (attachment: Attachment | undefined) => (attachment ? 'release with network' : 'release');

/** What is under way has come as far as it can without time or a gate. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
