import { CommandFailure, EXIT_CANNOT_INVOKE, EXIT_DAEMON_ERROR, EXIT_NOT_FOUND } from '../failure.ts';
import { EngineError } from '../transport/engine-error.ts';

/**
 * A failed start, with the exit code that a shell would use: 127 for a missing command, 126 for one that cannot run,
 * else 125. Barge's daemon sends the code; for other daemons it is read from the message.
 */
export function startFailure(error: unknown): unknown {
  if (!(error instanceof EngineError)) return error;
  return new CommandFailure(error.message, namedCode(error) ?? codeFromWords(error.detail), { cause: error });
}

function namedCode({ exitCode }: EngineError): number | undefined {
  return exitCode === EXIT_CANNOT_INVOKE || exitCode === EXIT_NOT_FOUND ? exitCode : undefined;
}

function codeFromWords(detail: string): number {
  if (/executable file not found|no such file or directory|system cannot find the file/.test(detail)) {
    return EXIT_NOT_FOUND;
  }
  if (/permission denied|is a directory|exec format error/.test(detail)) return EXIT_CANNOT_INVOKE;
  return EXIT_DAEMON_ERROR;
}
