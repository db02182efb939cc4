import type { Health } from '../../api/engine/containers.ts';
import { dataLoss } from '../../core/errors.ts';
import type { Attachment } from './attachment.ts';
import { CREATED, type EndRequest, type LastRun, type LifeState } from './state.ts';

/** A state as the database has it. */
type Stored = Readonly<Record<string, unknown>>;

/**
 * Reads a state from its row. Rows of before the states had members of their own hold every member in every state, with
 * `stoppedByUser` for the user's request: those that the state does not have are left out.
 * @throws BargeError data-loss for what is not a state.
 */
export function readState(text: string): LifeState {
  const stored: unknown = JSON.parse(text);
  if (typeof stored !== 'object' || stored === null) throw notAState(text);
  const row: Stored = { ...stored };
  const health = row.health ? { health: row.health as Health } : {};
  switch (row.status) {
    case 'created':
      return { ...CREATED, exitCode: number(row, 'exitCode'), error: string(row, 'error') };
    case 'running':
    case 'paused':
      return {
        status: row.status,
        pid: number(row, 'pid'),
        startedAt: number(row, 'startedAt'),
        finishedAt: number(row, 'finishedAt'),
        restartCount: number(row, 'restartCount'),
        ...requestedOf(row),
        ...(row.attachment ? { attachment: row.attachment as Attachment } : {}),
        ...health,
      };
    case 'restarting':
      return { status: row.status, ...lastRunOf(row), ...failedStartsOf(row), ...health };
    case 'exited':
      return { status: row.status, ...lastRunOf(row), stoppedByUser: row.stoppedByUser === true, ...health };
    case 'removing':
    case 'dead':
      return { status: row.status, ...lastRunOf(row), removesVolumes: row.removesVolumes === true };
    default:
      throw notAState(text);
  }
}

const notAState = (text: string) =>
  dataLoss(`the database has a container in a state that is none: ${text.slice(0, 200)}`);

const lastRunOf = (row: Stored): LastRun => ({
  exitCode: number(row, 'exitCode'),
  error: string(row, 'error'),
  oomKilled: row.oomKilled === true,
  startedAt: number(row, 'startedAt'),
  finishedAt: number(row, 'finishedAt'),
  restartCount: number(row, 'restartCount'),
});

function requestedOf({ requested, stoppedByUser }: Stored): { readonly requested?: EndRequest } {
  if (requested === 'stop' || requested === 'kill' || requested === 'restart') return { requested };
  return stoppedByUser === true ? { requested: 'stop' } : {};
}

const failedStartsOf = ({ failedStarts }: Stored) =>
  typeof failedStarts === 'number' && failedStarts > 0 ? { failedStarts } : {};

function number(row: Stored, name: string): number {
  const value = row[name];
  return typeof value === 'number' ? value : 0;
}

function string(row: Stored, name: string): string {
  const value = row[name];
  return typeof value === 'string' ? value : '';
}
