import type { EventMessage } from '../spec/engine.ts';

/** As many as Docker keeps for clients that ask for the past. */
const KEPT = 256;

export type EventListener = (event: EventMessage) => void;

/** What happened, told to whoever listens, the last of it kept. */
export class EventBus {
  readonly #kept: EventMessage[] = [];
  readonly #listeners = new Set<EventListener>();

  emit(type: string, action: string, id: string, attributes: Readonly<Record<string, string>> = {}): void {
    const now = process.hrtime.bigint();
    const timeNano = Number(WALL_CLOCK_OFFSET + now);
    const event: EventMessage = {
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: attributes },
      scope: 'local',
      time: Math.floor(timeNano / 1e9),
      timeNano,
    };
    this.#kept.push(event);
    if (this.#kept.length > KEPT) this.#kept.shift();
    for (const listener of this.#listeners) listener(event);
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

/** Turns the monotonic clock into nanoseconds since 1970: events never run backwards within a daemon's life. */
const WALL_CLOCK_OFFSET = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
