import { StartFailure } from '../../container/failure.ts';
import type { Attachment } from '../../container/life/attachment.ts';
import type { LifeEvent } from '../../container/life/event.ts';
import type { Container } from '../../container/model.ts';
import { messageOf } from '../../core/errors.ts';

/** Makes processes for containers that start. */
export interface Starter {
  /** Starts the process, or leaves nothing behind. @throws StartFailure, or BargeError. */
  begin(container: Container): Promise<BegunRun>;
  /** Nothing is wrong with the container: the daemon's storage takes nothing. */
  failsForStorage(error: unknown): boolean;
  /** Tells those who wait for the start. */
  failed(id: string, error: unknown): void;
}

/** A process that runs and is not recorded yet. */
export interface BegunRun {
  readonly pid: number;
  readonly attachment?: Attachment;
  readonly hasProbe: boolean;
  /** Ends the process, waits for that, and returns what it held. */
  end(): Promise<void>;
  /** The run has been recorded: follows it to its end. Never rejects. */
  serve(): Promise<void>;
}

interface LaunchPorts {
  readonly starter: Starter;
  readonly store: { get(id: string): Container; has(id: string): boolean };
  readonly clock: { now(): number };
  readonly audience: {
    warn(message: string, details: Readonly<Record<string, unknown>>): void;
  };
  apply(event: LifeEvent): Promise<unknown>;
}

/** What a shell gives for a command that it could not start, where the runtime gives nothing better. */
const CANNOT_START = 128;

/**
 * Starts a container whose queue is held. A start that cannot be recorded ends its process before anything else, and
 * what goes wrong with that never hides why it was not recorded.
 */
export async function launch(ports: LaunchPorts, id: string, restartCount: number): Promise<void> {
  const { starter, store, clock } = ports;
  let run: BegunRun | undefined;
  try {
    run = await starter.begin(store.get(id));
    const { pid, attachment, hasProbe } = run;
    await ports.apply({
      type: 'started',
      pid,
      at: clock.now(),
      restartCount,
      ...(attachment ? { attachment } : {}),
      hasProbe,
    });
  } catch (error) {
    await undo(ports, id, run, error);
    starter.failed(id, error);
    throw error;
  }
  await run.serve();
}

async function undo(
  ports: LaunchPorts,
  id: string,
  run: BegunRun | undefined,
  error: unknown,
): Promise<void> {
  const warn = (what: string) => (failure: unknown) =>
    ports.audience.warn(what, { container: id, error: messageOf(failure) });
  await run?.end().catch(warn('ending a container whose start could not be recorded failed'));
  await ports
    .apply({
      type: 'start-failed',
      exitCode: error instanceof StartFailure ? error.exitCode : CANNOT_START,
      message: messageOf(error),
      retry: ports.starter.failsForStorage(error),
    })
    .catch(warn('recording a failed start failed'));
}
