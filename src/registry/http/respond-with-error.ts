import type { Logger } from 'pino';
import { errnoOf, isKind } from '../../core/errors.ts';
import { type RegistryCode, RegistryError } from '../registry-error.ts';
import { isStorageFull, storageFull } from '../storage/storage-full.ts';
import { type Exchange, type Headers, sendJson } from './exchange.ts';

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

/** Milliseconds until who was told that something is not there may try again. */
const RETRY_AFTER = 5000;

/**
 * The only place where a failure becomes an HTTP answer (distribution spec 1.1, "Error Codes"). What is no
 * RegistryError is told to the log, not to the client. When the answer has begun, the connection is cut: the
 * client must not take a part for the whole.
 */
export function respondWithError(exchange: Exchange, error: unknown, headers: Headers = {}): void {
  const { response, log } = exchange;
  if (hasLeft(exchange, error)) return;
  const known = asRegistryError(error, log);
  if (response.headersSent) {
    log.warn({ err: error }, 'failed while answering; the connection is cut');
    response.destroy();
    return;
  }
  const all = { ...retryHeader(known), ...headers };
  sendJson(exchange, known.status ?? STATUS[known.code], { errors: known.items }, all);
}

/** What streams say of a connection that the other side has given up. */
const GONE = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED']);

/**
 * Whether there is nobody to answer any more: clients that give up are nothing for the log. What then is left of the
 * connection is cut.
 */
export function hasLeft({ request, response, log }: Exchange, error: unknown): boolean {
  const isCut = request.socket.destroyed || response.destroyed;
  const isBroken = request.errored !== null && GONE.has(errnoOf(request.errored) ?? '');
  if (!isCut && !isBroken) return false;
  log.debug({ err: error }, 'the client went away');
  response.destroy();
  return true;
}

/** When it may be tried again, where the failure says so. */
export const retryHeader = ({ retryAt }: RegistryError): Headers =>
  retryAt === undefined ? {} : { 'Retry-After': secondsUntil(retryAt) };

/** At least one: clients take 0 for an invitation. */
const secondsUntil = (time: number): number => Math.max(1, Math.ceil((time - Date.now()) / 1000));

function asRegistryError(error: unknown, log: Logger): RegistryError {
  if (error instanceof RegistryError) return error;
  if (isStorageFull(error)) return storageFull();
  if (isKind(error, 'unavailable')) {
    log.error({ err: error }, 'something that the registry needs is not there');
    const message = 'the registry cannot answer right now; try again soon';
    return new RegistryError([{ code: 'UNAVAILABLE', message }], { retryAt: Date.now() + RETRY_AFTER });
  }
  log.error({ err: error }, 'unexpected failure');
  return new RegistryError([{ code: 'UNKNOWN', message: 'unknown error; see the log of the registry' }]);
}
