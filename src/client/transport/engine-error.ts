import { BargeError, type ErrorKind } from '../../core/errors.ts';

const KIND_OF_STATUS: Readonly<Record<number, ErrorKind>> = {
  400: 'invalid-parameter',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  501: 'not-implemented',
  503: 'unavailable',
};

/** The daemon rejected a request or failed at it. `detail` is the daemon's message, without the client's prefix. */
export class EngineError extends BargeError {
  readonly status: number;
  readonly detail: string;
  /** The exit code that the daemon requests for `run` and `start` (our extension of the error body). */
  override readonly exitCode: number | undefined;

  constructor(status: number, detail: string, exitCode?: number) {
    super(KIND_OF_STATUS[status] ?? 'system', `Error response from daemon: ${detail}`);
    this.name = 'EngineError';
    this.status = status;
    this.detail = detail;
    this.exitCode = exitCode;
  }
}

/** The error in the body of a 4xx or 5xx response. */
export function engineError(status: number, reason: string, body: string): EngineError {
  try {
    const { message, exitCode } = JSON.parse(body) as { message?: unknown; exitCode?: unknown };
    if (typeof message === 'string') {
      return new EngineError(status, message, typeof exitCode === 'number' ? exitCode : undefined);
    }
  } catch {
    // A proxy or an old daemon responds in plain text.
  }
  return new EngineError(status, body.trim() || `${status} ${reason}`.trim());
}
