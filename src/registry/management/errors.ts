import { BargeError, type ErrorKind } from '../../core/errors.ts';
import { type Exchange, sendJson } from '../http/exchange.ts';
import { hasLeft, retryHeader } from '../http/respond-with-error.ts';
import { RegistryError } from '../registry-error.ts';

const STATUS: Partial<Record<ErrorKind, number>> = {
  'invalid-parameter': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  unavailable: 503,
};

/** A failure of the management API: `{"message": …}` and the status of its kind. */
export function respondWithApiError(exchange: Exchange, error: unknown): void {
  if (hasLeft(exchange, error)) return;
  const known = statusOf(error);
  if (known === undefined) exchange.log.error({ err: error }, 'failed while answering');
  const message =
    known === undefined
      ? 'something went wrong here; the log of the registry says what'
      : (error as Error).message;
  const headers = error instanceof RegistryError ? retryHeader(error) : {};
  sendJson(exchange, known ?? 500, { message }, headers);
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof RegistryError) {
    return error.status ?? (error.code === 'TOOMANYREQUESTS' ? 429 : STATUS[error.kind]);
  }
  return error instanceof BargeError ? STATUS[error.kind] : undefined;
}
