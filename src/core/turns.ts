import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds of work in one go after which the rest of the process gets a turn. */
const TURN = 20;

/** Lets long work on many small things pause now and then, so that the process answers others meanwhile. */
export class Turns {
  #began = performance.now();

  /** Called between two things. @returns what to wait for, or undefined while it is not yet time. */
  share(): Promise<void> | undefined {
    if (performance.now() - this.#began < TURN) return undefined;
    return nextTurn().then(() => {
      this.#began = performance.now();
    });
  }
}
