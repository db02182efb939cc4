import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { errnoOf, systemError, unavailable } from './errors.ts';
import { processLimit } from './process-limits.ts';
import { failsElsewhere } from './streams.ts';

/** Turns a failed start into an error that says how to fix it. */
export function cannotStart(program: string, cause: unknown): Error {
  const code = errnoOf(cause) ?? '';
  const limit = processLimit(code);
  if (limit) return unavailable(`cannot start a process: ${program}: ${limit} (${code})`, { cause });
  return systemError(
    `cannot start a process: ${program}: is it installed? (npm run setup installs what Barge needs)`,
    { cause },
  );
}

/**
 * Starts a child whose failures are reported only through `started`: without a listener, an `error` event of the child or of one
 * of its streams would end the daemon.
 */
export function startChild(
  program: string,
  args: readonly string[],
  options: SpawnOptions,
): { readonly child: ChildProcess | undefined; readonly started: Promise<void> } {
  let child: ChildProcess;
  try {
    child = spawn(program, args, options);
  } catch (error) {
    /* Node throws the failures that it does not report by an event, such as ENOMEM. */
    return { child: undefined, started: rejected(cannotStart(program, error)) };
  }
  failsElsewhere(child);
  /* Without free descriptors, Node creates no streams at all. */
  for (const stream of child.stdio ?? []) if (stream) failsElsewhere(stream);
  if (child.pid !== undefined) return { child, started: Promise.resolve() };
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (error) => reject(cannotStart(program, error)));
  });
  failed.catch(() => {});
  return { child: undefined, started: failed };
}

function rejected(error: Error): Promise<never> {
  const failed = Promise.reject(error);
  failed.catch(() => {});
  return failed;
}
