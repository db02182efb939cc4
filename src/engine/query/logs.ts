import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerDirectories } from '../../container/directories.ts';
import { isBusy } from '../../container/life/state.ts';
import { logAttributes } from '../../container/log/attributes.ts';
import { type LogLine, readLog } from '../../container/log/read.ts';
import type { ContainerStore } from '../../container/store.ts';
import { invalidParameter, notImplemented } from '../../core/errors.ts';
import type { LiveContainers } from '../lifecycle/context.ts';

/** What tells that a container has stopped. */
interface EndContext {
  readonly containers: Pick<ContainerStore, 'get' | 'has'>;
  readonly live: Pick<LiveContainers, 'nextExit'>;
}

interface LogsContext extends EndContext {
  readonly containers: Pick<ContainerStore, 'find' | 'get' | 'has'>;
  readonly runner: { directories(id: string): Pick<ContainerDirectories, 'log'> };
}

/** Longest time that a timer takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

interface LogsQuery {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly follow: boolean;
  /** Nanoseconds since 1970. */
  readonly since?: bigint;
  readonly until?: bigint;
  readonly tail?: number;
  readonly signal: AbortSignal;
}

export interface Logs {
  /** A terminal's output: no frames around the lines. */
  readonly tty: boolean;
  readonly lines: AsyncGenerator<LogLine>;
  /** What the log's options choose of labels and environment, the same for each line. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** @throws BargeError invalid-parameter when neither stream is asked for, not-implemented for driver `none`. */
export function containerLogs(ctx: LogsContext, ref: string, query: LogsQuery): Logs {
  if (!query.stdout && !query.stderr) {
    throw invalidParameter('Bad parameters: you must choose at least one stream');
  }
  const { definition, state } = ctx.containers.find(ref);
  if (definition.spec.log.driver === 'none') {
    throw notImplemented('configured logging driver does not support reading');
  }
  const { follow, ...rest } = query;
  const running = isBusy(state);
  const followUntil = follow && running ? followEnd(ctx, definition.id, query) : undefined;
  const path = ctx.runner.directories(definition.id).log;
  return {
    tty: definition.spec.process.tty,
    attributes: logAttributes(definition),
    lines: readLog(path, { ...rest, ...(followUntil ? { followUntil } : {}) }),
  };
}

/** Following ends with the container, at the time that was asked for, or when the reader goes. */
async function followEnd(ctx: EndContext, id: string, { until, signal }: LogsQuery): Promise<void> {
  const end = ended(ctx, id, signal);
  try {
    if (until === undefined) return await end;
    const left = Math.min(Math.max(0, Number(until / 1_000_000n) - Date.now()), MAX_TIMER_MS);
    await Promise.race([end, sleep(left, undefined, { signal, ref: false })]);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Until the container has really stopped: a restart by policy goes on in the same log. */
async function ended(ctx: EndContext, id: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    await ctx.live.nextExit(id, signal);
    if (!ctx.containers.has(id) || ctx.containers.get(id).state.status !== 'restarting') return;
  }
}
