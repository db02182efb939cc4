import { messageOf } from '../core/errors.ts';

/** The part of a process that a guard needs. */
interface Guarded {
  on(event: 'uncaughtException' | 'unhandledRejection', listener: (error: unknown) => void): unknown;
  exit(code: number): void;
}

interface GuardOptions {
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
 * Guards a daemon against failures that nobody has handled. After an exception, code was left half-run and nothing is known
 * about the state of this process any more: it reports what it was doing, ends in good order and exits with 1, so that its
 * service manager starts it again. Containers live on. A promise that was rejected unnoticed has at most left one task
 * undone: it is reported, and the daemon goes on, for no client may be able to end it.
 */
export function guard(process: Guarded, { underWay, report, end, patience }: GuardOptions): void {
  const describe = (what: string, error: unknown) => {
    const during = underWay();
    report(
      `${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n` +
        `during: ${during.length > 0 ? during.join(', ') : 'no request'}`,
    );
  };
  let ending = false;
  process.on('unhandledRejection', (error) => describe('unhandled rejection', error));
  process.on('uncaughtException', (error) => {
    describe('uncaught exception', error);
    if (ending) return;
    ending = true;
    const exit = () => process.exit(1);
    setTimeout(exit, patience).unref();
    end().then(exit, (failure) => {
      report(`ending failed: ${messageOf(failure)}`);
      exit();
    });
  });
}
