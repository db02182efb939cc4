import { type BargeError, conflict } from '../../core/errors.ts';
import { isRunning, type LifeState } from './state.ts';

/** Who a refusal is about. */
interface Subject {
  readonly id: string;
  readonly name: string;
}

/* Why something cannot be done to a container in a state, in Docker's words; undefined when it can. */

export function startRefusal(state: LifeState): BargeError | undefined {
  if (state.status === 'paused') return conflict('cannot start a paused container, try unpause instead');
  if (state.status === 'removing' || state.status === 'dead') {
    return conflict('container is marked for removal and cannot be started');
  }
  return undefined;
}

function restartingRefusal(state: LifeState, { id }: Subject): BargeError | undefined {
  if (state.status !== 'restarting') return undefined;
  return conflict(`Container ${id} is restarting, wait until the container is running`);
}

/** @param ref the container as the user named it. */
export function killRefusal(state: LifeState, { id }: Subject, ref: string): BargeError | undefined {
  if (isRunning(state) || state.status === 'restarting') return undefined;
  return conflict(`cannot kill container: ${ref}: container ${id} is not running`);
}

export function execRefusal(state: LifeState, subject: Subject): BargeError | undefined {
  const { id } = subject;
  if (state.status === 'running') return undefined;
  if (state.status === 'paused') {
    return conflict(`container ${id} is paused, unpause the container before exec`);
  }
  return restartingRefusal(state, subject) ?? conflict(`container ${id} is not running`);
}

export function attachRefusal(state: LifeState, { id }: Subject): BargeError | undefined {
  if (state.status === 'paused') {
    return conflict(`container ${id} is paused, unpause the container before attach`);
  }
  if (state.status === 'restarting') {
    return conflict(`container ${id} is restarting, wait until the container is running`);
  }
  return undefined;
}

export function pauseRefusal(state: LifeState, subject: Subject): BargeError | undefined {
  const { id } = subject;
  if (state.status === 'running') return undefined;
  if (state.status === 'paused') return conflict(`Container ${id} is already paused`);
  return restartingRefusal(state, subject) ?? conflict(`Container ${id} is not running`);
}

export function unpauseRefusal(state: LifeState, { id }: Subject): BargeError | undefined {
  return state.status === 'paused' ? undefined : conflict(`Container ${id} is not paused`);
}

/** The kernel does not have the processes any more that were to be stopped where they are, or let go on. */
export const endedMeanwhile = ({ id }: Subject) => conflict(`Container ${id} is not running`);

export function removeRefusal(
  state: LifeState,
  { id, name }: Subject,
  force: boolean,
): BargeError | undefined {
  if (state.status === 'removing') return conflict(`removal of container ${id} is already in progress`);
  if (force) return undefined;
  const what = `cannot remove container "/${name}": container is ${state.status}`;
  if (state.status === 'paused') return conflict(`${what} and must be unpaused first`);
  if (state.status === 'running' || state.status === 'restarting') {
    return conflict(`${what}: stop the container before removing or force remove`);
  }
  return undefined;
}
