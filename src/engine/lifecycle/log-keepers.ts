import { watch } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ContainerDirectories } from '../../container/directories.ts';
import { isForwarded, recordSettings } from '../../container/log/drivers.ts';
import { compressRotated } from '../../container/log/files.ts';
import type { LogSink } from '../../container/log/sink.ts';
import type { ContainerDefinition } from '../../container/model.ts';
import { messageOf, systemError } from '../../core/errors.ts';

/** Where a container's log is, and who hears of failures. */
interface LogKeeperContext {
  readonly runner: { directories(id: string): Pick<ContainerDirectories, 'data' | 'log'> };
  readonly warn: (message: string, details: Readonly<Record<string, unknown>>) => void;
}

import type { Datagrams } from '../../host/datagrams.ts';

interface Keeper {
  readonly abort: AbortController;
  readonly done: Promise<unknown>;
}

/** Work of the daemon for some containers' logs: lines that go elsewhere, rotated files that are compressed. */
export class LogKeepers {
  readonly #keepers = new Map<string, Keeper>();
  readonly #datagrams: Datagrams;

  constructor(datagrams: Datagrams) {
    this.#datagrams = datagrams;
  }

  /** Before a start. @throws BargeError system when the driver's target cannot be reached. */
  async open(definition: ContainerDefinition): Promise<LogSink | undefined> {
    if (!isForwarded(definition.spec.log)) return undefined;
    try {
      return await openSink(this.#datagrams, definition);
    } catch (error) {
      throw systemError(
        `failed to create task for container: failed to initialize logging driver: ${messageOf(error)}`,
        { cause: error },
      );
    }
  }

  /** Begins with the work of a container that runs. @param sink undefined: not open yet. */
  keep(
    ctx: LogKeeperContext,
    definition: ContainerDefinition,
    ended: Promise<unknown>,
    sink?: LogSink,
  ): void {
    const { log: asked } = definition.spec;
    const forwards = isForwarded(asked);
    const compresses = recordSettings(asked)?.compress ?? false;
    if (!forwards && !compresses) return;
    const abort = new AbortController();
    const { data, log } = ctx.runner.directories(definition.id);
    const warn = (what: string) => (error: unknown) =>
      ctx.warn(what, { container: definition.id, error: messageOf(error) });
    const job = {
      path: log,
      placeFile: join(data, 'log-sent'),
      open: () => openSink(this.#datagrams, definition),
      ended,
      signal: abort.signal,
      onFailure: warn('sending a log failed; it is tried again'),
    };
    const tasks = [
      ...(forwards ? [forward(job, sink).catch(warn('sending a log ended'))] : []),
      ...(compresses ? [compress(log, ended, abort.signal).catch(warn('compressing a log ended'))] : []),
    ];
    const previous = this.#keepers.get(definition.id)?.done;
    const done = Promise.all([...tasks, previous]);
    const keeper = { abort, done };
    this.#keepers.set(definition.id, keeper);
    void done.then(() => {
      if (this.#keepers.get(definition.id) === keeper) this.#keepers.delete(definition.id);
    });
  }

  /** Until everything that an ended container said has been sent, or cannot be within a while. */
  async drained(id: string, patience: number): Promise<void> {
    const keeper = this.#keepers.get(id);
    if (!keeper) return;
    const timer = setTimeout(() => keeper.abort.abort(), patience);
    await keeper.done;
    clearTimeout(timer);
  }

  /** The daemon ends; the next one goes on where this one was. */
  async close(): Promise<void> {
    const keepers = [...this.#keepers.values()];
    for (const { abort } of keepers) abort.abort();
    await Promise.all(keepers.map(({ done }) => done));
  }
}

async function openSink(datagrams: Datagrams, definition: ContainerDefinition): Promise<LogSink> {
  if (definition.spec.log.driver === 'journald') {
    const { openJournald } = await import('../../container/log/journald.ts');
    return await openJournald(datagrams, definition);
  }
  const { openSyslog } = await import('../../container/log/syslog.ts');
  return await openSyslog(datagrams, definition);
}

async function forward(
  job: Parameters<typeof import('../../container/log/forward.ts').forwardLog>[0],
  sink: LogSink | undefined,
): Promise<void> {
  const { forwardLog } = await import('../../container/log/forward.ts');
  await forwardLog(job, sink);
}

async function compress(log: string, ended: Promise<unknown>, signal: AbortSignal): Promise<void> {
  let wake = () => {};
  let over = false;
  const finish = () => {
    over = true;
    wake();
  };
  ended.then(finish, finish);
  signal.addEventListener('abort', finish, { once: true });
  const watcher = watch(dirname(log), (_, name) => {
    if (/\.\d+$/.test(name ?? '')) wake();
  });
  try {
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const last = over;
      await compressRotated(log);
      if (last) return;
      if (!over) await woken;
    }
  } finally {
    watcher.close();
    signal.removeEventListener('abort', finish);
  }
}
