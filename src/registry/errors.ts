import type { Logger } from 'pino';
import { isKind, messageOf } from '../core/errors.ts';
import type { ErrorResponse, ErrorTable, Failure } from '../http/errors.ts';
import type { Headers } from '../http/response.ts';
import { type RegistryCode, RegistryError } from './registry-error.ts';
import { isStorageFull, storageFull } from './storage/storage-full.ts';

const STATUS: Record<RegistryCode, number> = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
  RANGE_INVALID: 416,
  PAGINATION_NUMBER_INVALID: 400,
  INSUFFICIENT_STORAGE: 507,
  UNAVAILABLE: 503,
  UNKNOWN: 500,
};

/** Milliseconds after which a client may retry when a dependency of the registry is unavailable. */
const RETRY_AFTER = 5000;

/**
 * The errors of the distribution protocol (distribution spec 1.1, "Error Codes"). Any other error is reported
 * to the log, not to the client.
 */
export const distributionErrors =
  (log: Logger): ErrorTable =>
  (error): ErrorResponse => {
    const known = asRegistryError(error, log);
    const { code, items, status = STATUS[code] } = known;
    return { status, body: { errors: items }, headers: retryHeader(known) };
  };

/** Logs a failure that no response reports: the client has left, or has received a part of the response. */
export function noteCut(failure: Failure | undefined, log: Logger): void {
  if (failure?.outcome === 'left') log.debug({ err: failure.error }, 'the client disconnected');
  if (failure?.outcome === 'cut')
    log.warn({ err: failure.error }, 'failed while responding; the connection is cut');
}

/** When to retry, where the failure specifies it. */
export const retryHeader = ({ retryAt }: RegistryError): Headers =>
  retryAt === undefined ? {} : { 'Retry-After': secondsUntil(retryAt) };

/** At least one, because clients retry at once on 0. */
const secondsUntil = (time: number): number => Math.max(1, Math.ceil((time - Date.now()) / 1000));

function asRegistryError(error: unknown, log: Logger): RegistryError {
  if (error instanceof RegistryError) return error;
  if (isStorageFull(error)) return storageFull();
  if (isKind(error, 'invalid-parameter'))
    return new RegistryError([{ code: 'UNSUPPORTED', message: messageOf(error) }], { status: 400 });
  if (isKind(error, 'unavailable')) {
    log.error({ err: error }, 'a dependency of the registry is unavailable');
    const message = 'the registry is temporarily unavailable; try again soon';
    return new RegistryError([{ code: 'UNAVAILABLE', message }], { retryAt: Date.now() + RETRY_AFTER });
  }
  log.error({ err: error }, 'unexpected failure');
  return new RegistryError([{ code: 'UNKNOWN', message: 'unknown error; see the log of the registry' }]);
}
