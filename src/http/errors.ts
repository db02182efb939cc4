import { BargeError, type ErrorKind, errnoOf, messageOf } from '../core/errors.ts';
import type { Exchange } from './exchange.ts';
import type { Headers } from './response.ts';

/** The status of each kind of error. 499, which comes from nginx, is for a client that has disconnected: it is never read. */
export const STATUS_OF: Readonly<Record<ErrorKind, number>> = {
  'invalid-parameter': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'not-implemented': 501,
  unavailable: 503,
  cancelled: 499,
  'data-loss': 500,
  system: 500,
};

/** The response to a client for an error. */
export interface ErrorResponse {
  readonly status: number;
  /** Sent as JSON. */
  readonly body: unknown;
  readonly headers?: Headers;
}

/** A server's error table: the only place where errors become HTTP responses. */
export type ErrorTable = (error: unknown) => ErrorResponse;

/** The table of the Engine API: `{"message": …}` with the status of the error's kind. */
export function errorResponse(
  error: unknown,
): ErrorResponse & { readonly body: { readonly message: string } } {
  const status = error instanceof BargeError ? STATUS_OF[error.kind] : 500;
  const exitCode =
    error instanceof BargeError && error.exitCode !== undefined ? { exitCode: error.exitCode } : {};
  return { status, body: { message: messageOf(error), ...exitCode } };
}

/** Error codes of a stream whose connection was closed by the other side. */
const GONE = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED']);

/** Whether the client has disconnected. */
function hasLeft({ request, signal }: Pick<Exchange, 'request' | 'signal'>): boolean {
  const isBroken = request.errored !== null && GONE.has(errnoOf(request.errored) ?? '');
  return signal.aborted || request.socket.destroyed || isBroken;
}

/** How a failure was reported to the client. */
export interface Failure {
  readonly error: unknown;
  /** `response`: as a response. `cut`: by closing the connection amid a response. `left`: not at all, as the client had disconnected. */
  readonly outcome: 'response' | 'cut' | 'left';
}

/**
 * Runs a route and turns its failure into a response. Once the headers have been sent, the connection is cut instead: the
 * client must not mistake a part for the whole.
 * @returns the failure, for the log.
 */
export async function respond(
  exchange: Pick<Exchange, 'request' | 'response' | 'signal'>,
  work: () => Promise<void> | void,
  errors: ErrorTable,
): Promise<Failure | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    const { response } = exchange;
    const outcome = hasLeft(exchange) ? 'left' : response.started ? 'cut' : 'response';
    if (outcome !== 'response' || !reported(response, errors, error)) response.cut();
    return { error, outcome };
  }
}

/** Whether the client could be told: a table or a header that fails in turn must not end the process. */
function reported(response: Exchange['response'], errors: ErrorTable, error: unknown): boolean {
  try {
    const { status, body, headers } = errors(error);
    response.json(status, body, headers);
    return true;
  } catch {
    return false;
  }
}
