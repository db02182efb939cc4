import { systemError, unavailable } from '../core/errors.ts';
import { processLimit } from '../core/process-limits.ts';
import type { Cgroups } from '../host/cgroups.ts';
import { startFailure } from './failure.ts';
import type { ShimLink } from './shim.ts';

export const CREATE_ACTION =
  'failed to create task for container: failed to create shim task: OCI runtime create';
export const EXEC_ACTION = 'OCI runtime exec';

/** Tells how starts went, and whose fault a failed one was. */
export class StartOutcomes {
  readonly #cgroups: Pick<Cgroups, 'refusedForks'>;
  /** As counted at the last failed start. */
  #refusedForks: number;

  constructor(cgroups: Pick<Cgroups, 'refusedForks'>) {
    this.#cgroups = cgroups;
    this.#refusedForks = cgroups.refusedForks();
  }

  /**
   * @param log of the runtime. @param command the first word of the process's.
   * @returns the process's pid.
   * @throws StartFailure when the runtime refuses; BargeError unavailable at a limit of processes, else system.
   */
  async settle(link: ShimLink, log: string, command: string, action: string): Promise<number> {
    const outcome = await link.outcome;
    if (outcome.kind === 'started') return outcome.pid;
    const refused = this.#metProcessLimit();
    if (outcome.kind === 'runtime-failed') {
      const failure = await startFailure(log, command, action);
      throw refused ? cannotStart(failure.message, 'EAGAIN') : failure;
    }
    const errno = refused ? 'EAGAIN' : outcome.errno;
    if (errno !== undefined && processLimit(errno)) throw cannotStart(outcome.message, errno);
    throw systemError(`starting a process failed: ${outcome.message}`);
  }

  /**
   * Whether the limit of the daemon's own cgroup has refused a process since the last failed start. Runtimes report that in
   * words of their own, or not at all.
   */
  #metProcessLimit(): boolean {
    const refused = this.#cgroups.refusedForks();
    const before = this.#refusedForks;
    this.#refusedForks = refused;
    return refused > before;
  }
}

const cannotStart = (message: string, errno: string) =>
  unavailable(`cannot start a process: ${message}: ${processLimit(errno)} (${errno})`);
