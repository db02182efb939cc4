import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeDurably } from '../../core/durable.ts';
import { errnoOf } from '../../core/errors.ts';
import { readLog } from './read.ts';
import type { LogSink } from './sink.ts';

interface Forwarding {
  /** The record's path, and that of the file which says how far it has been sent. */
  readonly path: string;
  readonly placeFile: string;
  readonly open: () => Promise<LogSink>;
  /** Resolves when nothing more will be written. */
  readonly ended: Promise<unknown>;
  /** Stops at once; what is not sent yet is sent after the next start. */
  readonly signal: AbortSignal;
  readonly onFailure: (error: unknown) => void;
}

/** How far a record has been sent: the time of the last line, and how many lines of that time. */
interface Place {
  time: bigint;
  lines: number;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;
const SAVE_EVERY_MS = 1000;

/**
 * Sends the lines of a record as they come, in order, each once; a target that is away is tried again until it is
 * back. After a crash of the daemon the last second's lines may be sent twice.
 * @param first a sink that is open already, if there is one.
 */
export async function forwardLog(job: Forwarding, first?: LogSink): Promise<void> {
  const place = await readPlace(job.placeFile);
  let sink: LogSink | undefined = first;
  let saved = Date.now();
  let skip = place.lines;
  const from = place.time;
  try {
    const query = { stdout: true, stderr: true, since: from, followUntil: job.ended, signal: job.signal };
    for await (const line of readLog(job.path, query)) {
      if (job.signal.aborted) break;
      if (line.time === from && skip > 0) {
        skip--;
        continue;
      }
      for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
        try {
          sink ??= await job.open();
          await sink.send(line);
          break;
        } catch (error) {
          if (pause === FIRST_PAUSE_MS) job.onFailure(error);
          await sink?.[Symbol.asyncDispose]();
          sink = undefined;
          await sleep(pause, undefined, { signal: job.signal });
        }
      }
      place.lines = line.time === place.time ? place.lines + 1 : 1;
      place.time = line.time;
      if (Date.now() - saved < SAVE_EVERY_MS) continue;
      saved = Date.now();
      await savePlace(job.placeFile, place);
    }
  } catch (error) {
    if (!job.signal.aborted) throw error;
  } finally {
    await sink?.[Symbol.asyncDispose]();
    await savePlace(job.placeFile, place);
  }
}

async function readPlace(path: string): Promise<Place> {
  try {
    const [time = '0', lines = '0'] = (await readFile(path, 'utf8')).trim().split(' ');
    return { time: BigInt(time), lines: Number(lines) };
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return { time: 0n, lines: 0 };
  }
}

async function savePlace(path: string, { time, lines }: Place): Promise<void> {
  try {
    await writeDurably(path, `${time} ${lines}\n`);
  } catch (error) {
    /* The container's directory goes when it is removed. */
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
