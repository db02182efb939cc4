import { BargeError, type ErrorDetails, type ErrorKind } from '../core/errors.ts';

/**
 * Codes of the OCI distribution specification 1.1 ("Error Codes"), and those of other registries:
 * RANGE_INVALID, PAGINATION_NUMBER_INVALID and UNAVAILABLE. INSUFFICIENT_STORAGE is Barge's own, for a full disk.
 */
export type RegistryCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'UNAUTHORIZED'
  | 'DENIED'
  | 'UNSUPPORTED'
  | 'TOOMANYREQUESTS'
  | 'RANGE_INVALID'
  | 'PAGINATION_NUMBER_INVALID'
  | 'INSUFFICIENT_STORAGE'
  | 'UNAVAILABLE'
  | 'UNKNOWN';

const KIND: Record<RegistryCode, ErrorKind> = {
  BLOB_UNKNOWN: 'not-found',
  BLOB_UPLOAD_INVALID: 'invalid-parameter',
  BLOB_UPLOAD_UNKNOWN: 'not-found',
  DIGEST_INVALID: 'data-loss',
  MANIFEST_BLOB_UNKNOWN: 'invalid-parameter',
  MANIFEST_INVALID: 'invalid-parameter',
  MANIFEST_UNKNOWN: 'not-found',
  NAME_INVALID: 'invalid-parameter',
  NAME_UNKNOWN: 'not-found',
  SIZE_INVALID: 'invalid-parameter',
  UNAUTHORIZED: 'unauthorized',
  DENIED: 'forbidden',
  UNSUPPORTED: 'not-implemented',
  TOOMANYREQUESTS: 'unavailable',
  RANGE_INVALID: 'invalid-parameter',
  PAGINATION_NUMBER_INVALID: 'invalid-parameter',
  INSUFFICIENT_STORAGE: 'unavailable',
  UNAVAILABLE: 'unavailable',
  UNKNOWN: 'system',
};

/** One item of the `errors` list of a response. */
export interface ErrorItem {
  readonly code: RegistryCode;
  readonly message: string;
  readonly detail?: unknown;
}

interface RegistryErrorDetails extends ErrorDetails {
  /** HTTP status, where it differs from the default of the first code. */
  readonly status?: number;
  /** Milliseconds since 1970 at which a retry is allowed. */
  readonly retryAt?: number;
}

/** A failure with a code of the distribution protocol. */
export class RegistryError extends BargeError {
  readonly items: readonly [ErrorItem, ...ErrorItem[]];
  readonly status: number | undefined;
  readonly retryAt: number | undefined;

  constructor(items: readonly [ErrorItem, ...ErrorItem[]], details: RegistryErrorDetails = {}) {
    super(KIND[items[0].code], items[0].message, details);
    this.name = 'RegistryError';
    this.items = items;
    this.status = details.status;
    this.retryAt = details.retryAt;
  }

  get code(): RegistryCode {
    return this.items[0].code;
  }
}

export function registryError(code: RegistryCode, message: string, detail?: unknown): RegistryError {
  return new RegistryError([detail === undefined ? { code, message } : { code, message, detail }]);
}

/** @param retryAt milliseconds since 1970; becomes the header `Retry-After`. */
export const tooMany = (message: string, retryAt: number): RegistryError =>
  new RegistryError([{ code: 'TOOMANYREQUESTS', message }], { retryAt });
