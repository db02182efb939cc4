import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds of uninterrupted work after which the rest of the process gets a turn. */
const TURN = 20;

/** Pauses long work on many small items now and then, so that the process can serve other requests meanwhile. */
export class Turns {
  #began = performance.now();

  /** To be called between two items. @returns a promise to wait for, or undefined when no pause is due. */
  share(): Promise<void> | undefined {
    if (performance.now() - this.#began < TURN) return undefined;
    return nextTurn().then(() => {
      this.#began = performance.now();
    });
  }
}
