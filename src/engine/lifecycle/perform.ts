import type { Effect, LifeEvent, Reason } from '../../container/life/event.ts';
import { rulesOf } from '../../container/life/rules.ts';
import type { LifeState } from '../../container/life/state.ts';
import { transition } from '../../container/life/transition.ts';
import type { Container, ContainerDefinition } from '../../container/model.ts';
import { messageOf } from '../../core/errors.ts';
import { KeyedLock } from '../../core/keyed-lock.ts';
import { launch } from './launch.ts';
import type { LifePorts } from './ports.ts';

/** What became of an event: carried out, or ignored for a reason. */
export type Applied = 'done' | Reason | 'gone';

/** Applies an event while the container's queue is held. `also` changes with the state, or not at all. */
export type Apply = (event: LifeEvent, also?: Partial<ContainerDefinition>) => Promise<Applied>;

/** Milliseconds until states that could not be recorded are tried again. */
const WRITE_AGAIN_MS = 1000;

/**
 * The lives of all containers: the only place that changes a state. Every event of a container, exits and network changes
 * included, passes its queue; the transition says what follows, and this carries it out.
 */
export class Lifecycle {
  readonly #queue = new KeyedLock();
  readonly #ports: LifePorts;
  /** Cancel restarts that wait for their back-off, by container. */
  readonly #restarts = new Map<string, () => void>();
  #stopWriting: (() => void) | undefined;

  constructor(ports: (life: Lifecycle) => LifePorts) {
    this.#ports = ports(this);
  }

  /** @throws BargeError when the container's state refuses the event, or an effect fails. */
  async dispatch(id: string, event: LifeEvent): Promise<Applied> {
    return await this.run(id, (apply) => apply(event));
  }

  /** Holds the container's queue while `task` works on it: no other event of it is applied meanwhile. */
  async run<T>(id: string, task: (apply: Apply) => Promise<T>): Promise<T> {
    return await this.#queue.run(id, () => task((event, also) => this.#apply(id, event, also)));
  }

  /** Whether the container's policy starts it again when its back-off is over. */
  hasScheduled(id: string): boolean {
    return this.#restarts.has(id);
  }

  /** The daemon ends: no timer starts anything any more. What can be recorded now, is. */
  close(): void {
    for (const cancel of this.#restarts.values()) cancel();
    this.#restarts.clear();
    this.#stopWriting?.();
    this.#ports.store.writeAgain();
  }

  async #apply(id: string, event: LifeEvent, also?: Partial<ContainerDefinition>): Promise<Applied> {
    const { store } = this.#ports;
    if (!store.has(id)) return 'gone';
    const before = store.get(id);
    const outcome = transition(before.state, event, rulesOf(before.definition));
    if (outcome.kind === 'refused') throw outcome.error;
    if (outcome.kind === 'ignored') return outcome.reason;
    const after = { definition: before.definition, state: outcome.state };
    for (const effect of outcome.effects) {
      const doing = this.#perform(after, effect, also);
      if (doing) await doing;
    }
    return 'done';
  }

  /** @returns a promise for what takes time. */
  #perform(container: Container, effect: Effect, also?: Partial<ContainerDefinition>): unknown {
    const { store, processes, belongings, audience } = this.#ports;
    const { definition, state } = container;
    const { id } = definition;
    switch (effect.do) {
      case 'record':
        return this.#record(id, state, effect.write, also);
      case 'emit':
        return audience.emit(container, effect.action, effect.attributes);
      case 'signal':
        return processes.signal(id, effect.signal);
      case 'freeze':
      case 'thaw':
        if (!processes.freeze(definition, effect.do === 'freeze') && effect.orElse) throw effect.orElse;
        return undefined;
      case 'release':
        return belongings.release(container, effect.attachment);
      case 'schedule-restart':
        return this.#schedule(id, effect.delay);
      case 'cancel-restart':
        return this.#cancelRestart(id);
      case 'wake':
        return audience.wake(id, effect.end);
      case 'launch':
        this.#cancelRestart(id);
        return launch({ ...this.#ports, apply: (event) => this.#apply(id, event) }, id, effect.restartCount);
      case 'remove':
        return this.#remove(id, effect.volumes);
      case 'erase':
        return this.#erase(container, effect.volumes);
      case 'forget':
        return store.remove(id);
      case 'clean-up':
        return belongings.cleanUp(container);
    }
  }

  #record(
    id: string,
    state: LifeState,
    write: 'required' | 'eventually',
    also: Partial<ContainerDefinition> | undefined,
  ): void {
    const { store, audience } = this.#ports;
    if (also) store.change(id, also, state);
    else if (write === 'required') store.setState(id, state);
    else {
      const failure = store.noteState(id, state);
      if (!failure) return;
      audience.warn('a state is kept in memory until it can be recorded', {
        container: id,
        state: state.status,
        error: messageOf(failure),
      });
      this.#writeSoon();
    }
  }

  #writeSoon(): void {
    this.#stopWriting ??= this.#ports.clock.after(WRITE_AGAIN_MS, () => {
      this.#stopWriting = undefined;
      if (!this.#ports.store.writeAgain()) this.#writeSoon();
    });
  }

  #schedule(id: string, delay: number): void {
    this.#cancelRestart(id);
    const cancel = this.#ports.clock.after(delay, () => {
      this.#restarts.delete(id);
      this.dispatch(id, { type: 'restart-due' }).catch((error) =>
        this.#ports.audience.warn('restarting a container failed', {
          container: id,
          error: messageOf(error),
        }),
      );
    });
    this.#restarts.set(id, cancel);
  }

  #cancelRestart(id: string): void {
    this.#restarts.get(id)?.();
    this.#restarts.delete(id);
  }

  /** Nobody asked for this removal in a request: its failure is only logged. */
  async #remove(id: string, volumes: boolean): Promise<void> {
    try {
      await this.#apply(id, { type: 'remove', force: false, volumes });
    } catch (error) {
      this.#ports.audience.warn('removing a finished container failed', {
        container: id,
        error: messageOf(error),
      });
    }
  }

  async #erase(container: Container, volumes: boolean): Promise<void> {
    const { id } = container.definition;
    const { belongings } = this.#ports;
    try {
      await belongings.erase(container, volumes);
      try {
        await this.#apply(id, { type: 'removed' });
      } catch {
        /* The container's own files may be what fills the disk. */
        await belongings.makeRoom(container);
        await this.#apply(id, { type: 'removed' });
      }
    } catch (error) {
      await this.#apply(id, { type: 'removal-failed', message: messageOf(error) });
      throw error;
    }
  }
}
