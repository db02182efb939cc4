/**
 * The closed set of failures that cross a module boundary. `daemon/` turns a kind into an HTTP status and
 * `registry/` into a distribution-spec response, each in one place; nothing reads message text.
 */
export type ErrorKind =
  | 'invalid-parameter'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'not-implemented'
  | 'unavailable'
  | 'cancelled'
  | 'data-loss'
  | 'system';

export interface ErrorDetails {
  readonly cause?: unknown;
  /** Further failures during the clean-up after the first one. */
  readonly cleanup?: readonly unknown[];
  /** The exit code for a program that started something on a user's behalf. */
  readonly exitCode?: number;
}

/** A failure with a kind. The message says which action failed, on what, and what to do about it. */
export class BargeError extends Error {
  readonly kind: ErrorKind;
  readonly cleanup: readonly unknown[];
  readonly exitCode: number | undefined;

  constructor(kind: ErrorKind, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'BargeError';
    this.kind = kind;
    this.cleanup = details.cleanup ?? [];
    this.exitCode = details.exitCode;
  }
}

export const invalidParameter = (message: string, details?: ErrorDetails) =>
  new BargeError('invalid-parameter', message, details);
export const unauthorized = (message: string, details?: ErrorDetails) =>
  new BargeError('unauthorized', message, details);
export const forbidden = (message: string, details?: ErrorDetails) =>
  new BargeError('forbidden', message, details);
export const notFound = (message: string, details?: ErrorDetails) =>
  new BargeError('not-found', message, details);
export const conflict = (message: string, details?: ErrorDetails) =>
  new BargeError('conflict', message, details);
export const notImplemented = (message: string, details?: ErrorDetails) =>
  new BargeError('not-implemented', message, details);
export const unavailable = (message: string, details?: ErrorDetails) =>
  new BargeError('unavailable', message, details);
export const cancelled = (message: string, details?: ErrorDetails) =>
  new BargeError('cancelled', message, details);
/** Bytes that do not match their digest or length: never stored. */
export const dataLoss = (message: string, details?: ErrorDetails) =>
  new BargeError('data-loss', message, details);
export const systemError = (message: string, details?: ErrorDetails) =>
  new BargeError('system', message, details);

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `errno` name (`ENOENT`, …) of a Node system error, else undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}

export function isKind(error: unknown, kind: ErrorKind): error is BargeError {
  return error instanceof BargeError && error.kind === kind;
}
