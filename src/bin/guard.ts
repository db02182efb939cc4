import { messageOf } from '../core/errors.ts';

/** The part of a process that a guard needs. */
export interface Guarded {
  on(event: 'uncaughtException' | 'unhandledRejection', listener: (error: unknown) => void): unknown;
  exit(code: number): void;
}

export interface GuardOptions {
  /** What was being done, for the log. */
  readonly underWay: () => readonly string[];
  /** Writes one line to the log. */
  readonly report: (line: string) => void;
  /** Ends in good order. */
  readonly end: () => Promise<void>;
  /** Milliseconds that ending in good order may take. */
  readonly patience: number;
}

/**
 * After a failure that nobody has handled, nothing is known about the state of this process any more: it reports what it was
 * doing, ends in good order and exits with 1, so that its service manager starts it again. Containers live on.
 */
export function guard(process: Guarded, { underWay, report, end, patience }: GuardOptions): void {
  let ending = false;
  const fail = (what: string) => (error: unknown) => {
    const during = underWay();
    report(
      `${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n` +
        `during: ${during.length > 0 ? during.join(', ') : 'no request'}`,
    );
    if (ending) return;
    ending = true;
    const exit = () => process.exit(1);
    setTimeout(exit, patience).unref();
    end().then(exit, (failure) => {
      report(`ending failed: ${messageOf(failure)}`);
      exit();
    });
  };
  process.on('uncaughtException', fail('uncaught exception'));
  process.on('unhandledRejection', fail('unhandled rejection'));
}
