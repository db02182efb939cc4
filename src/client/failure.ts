import { BargeError, type ErrorDetails, type ErrorKind } from '../core/errors.ts';

/** A failure that ends the client with a chosen exit code; the message goes to standard error as it is. */
export class CommandFailure extends BargeError {
  override readonly exitCode: number;

  constructor(message: string, exitCode = 1, details: ErrorDetails & { kind?: ErrorKind } = {}) {
    super(details.kind ?? 'invalid-parameter', message, details);
    this.name = 'CommandFailure';
    this.exitCode = exitCode;
  }
}

/** Docker's exit code for a mistake in the flags of any command. */
export const EXIT_FLAG_ERROR = 125;
/** `run` failed before the container's own exit code applies. */
export const EXIT_DAEMON_ERROR = 125;
export const EXIT_CANNOT_INVOKE = 126;
export const EXIT_NOT_FOUND = 127;
/** A shell's exit code for a process that a signal ended. */
const _EXIT_SIGNAL_BASE = 128;
