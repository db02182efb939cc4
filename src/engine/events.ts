import type { EventMessage } from '../api/engine/system.ts';
import { exactInteger } from '../core/exact-integer.ts';

/** As many as Docker keeps for clients that ask for the past. */
const KEPT = 256;

type EventListener = (event: EventMessage) => void;

/** What happened, told to whoever listens, the last of it kept. */
export class EventBus {
  readonly #kept: EventMessage[] = [];
  readonly #listeners = new Set<EventListener>();

  /** Nanoseconds since 1970 of the last event. */
  #last = 0n;

  emit(type: string, action: string, id: string, attributes: Readonly<Record<string, string>> = {}): void {
    const now = this.#now();
    const event: EventMessage = {
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: attributes },
      scope: 'local',
      time: Number(now / SECOND),
      timeNano: exactInteger(now),
    };
    this.#kept.push(event);
    if (this.#kept.length > KEPT) this.#kept.shift();
    for (const listener of this.#listeners) listener(event);
  }

  /** The wall clock, finer than its milliseconds, never backwards nor twice the same. */
  #now(): bigint {
    const floor = BigInt(Date.now()) * MILLISECOND;
    const fine = clockOffset + process.hrtime.bigint();
    if (fine < floor || fine >= floor + MILLISECOND) clockOffset += floor - fine;
    const now = clockOffset + process.hrtime.bigint();
    this.#last = now > this.#last ? now : this.#last + 1n;
    return this.#last;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** What is still kept, oldest first. */
  past(): readonly EventMessage[] {
    return [...this.#kept];
  }

  listen(listener: EventListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}

const MILLISECOND = 1_000_000n;
const SECOND = 1000n * MILLISECOND;
/** Turns the monotonic clock into nanoseconds since 1970; set anew whenever the wall clock says otherwise. */
let clockOffset = BigInt(Date.now()) * MILLISECOND - process.hrtime.bigint();
