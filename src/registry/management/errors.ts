import type { Logger } from 'pino';
import { BargeError, type ErrorKind } from '../../core/errors.ts';
import { type ErrorTable, STATUS_OF } from '../../http/errors.ts';
import { retryHeader } from '../errors.ts';
import { RegistryError } from '../registry-error.ts';

/** Errors that are due to the request; all others are internal. */
const REPORTED: readonly ErrorKind[] = [
  'invalid-parameter',
  'unauthorized',
  'forbidden',
  'not-found',
  'conflict',
  'unavailable',
];

/** The errors of the management API: `{"message": …}` and the status of their kind. */
export const managementErrors =
  (log: Logger): ErrorTable =>
  (error) => {
    const status = statusOf(error);
    if (status === undefined) {
      log.error({ err: error }, 'failed while responding');
      return {
        status: 500,
        body: { message: 'internal error; see the log of the registry' },
      };
    }
    const headers = error instanceof RegistryError ? retryHeader(error) : {};
    return { status, body: { message: (error as Error).message }, headers };
  };

function statusOf(error: unknown): number | undefined {
  if (error instanceof RegistryError && error.status !== undefined) return error.status;
  if (error instanceof RegistryError && error.code === 'TOOMANYREQUESTS') return 429;
  return error instanceof BargeError && REPORTED.includes(error.kind) ? STATUS_OF[error.kind] : undefined;
}
