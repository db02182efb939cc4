import { watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { errnoOf } from '../../core/errors.ts';
import { type LogRecord, RecordReader, recordsBackward } from './record.ts';

export interface LogQuery {
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Nanoseconds since 1970: records from `since` on, and until `until`. */
  readonly since?: bigint;
  readonly until?: bigint;
  /** Last lines only; undefined: all. */
  readonly tail?: number;
  /** Resolves when nothing more will be written; without it the reading ends at the end of the file. */
  readonly followUntil?: Promise<unknown>;
  readonly signal?: AbortSignal;
}

export interface LogLine {
  readonly stream: 1 | 2;
  readonly time: bigint;
  /** With its newline, but for a last line that has none. */
  readonly text: Buffer;
}

/** As Docker's drivers: a line longer than this comes in pieces. */
const MAX_LINE = 16 << 10;
const NEWLINE = 0x0a;

/** The lines of a container's log, oldest first, through every rotated file. No file: no lines. */
export async function* readLog(path: string, query: LogQuery): AsyncGenerator<LogLine> {
  const lines = new LineSplitter();
  const start = await startOf(path, query);
  let skip = start.skipLines;
  for await (const record of recordsFrom(path, start, query)) {
    if (query.until !== undefined && record.time > query.until) break;
    if (!wanted(record, query)) continue;
    for (const line of lines.push(record)) {
      if (skip > 0) skip--;
      else yield line;
    }
  }
  for (const line of lines.rest()) if (skip-- <= 0) yield line;
}

function wanted(record: LogRecord, query: LogQuery): boolean {
  if (!(record.stream === 1 ? query.stdout : query.stderr)) return false;
  return query.since === undefined || record.time >= query.since;
}

/** Chunks become lines; a line that spans chunks of its stream keeps the time of its first. */
class LineSplitter {
  readonly #partial = new Map<1 | 2, { time: bigint; parts: Buffer[]; length: number }>();

  *push({ stream, time, payload }: LogRecord): Generator<LogLine> {
    let at = 0;
    while (at < payload.length) {
      const newline = payload.indexOf(NEWLINE, at);
      const end = newline === -1 ? payload.length : newline + 1;
      const piece = payload.subarray(at, end);
      at = end;
      const open = this.#partial.get(stream) ?? { time, parts: [], length: 0 };
      open.parts.push(piece);
      open.length += piece.length;
      if (newline === -1 && open.length < MAX_LINE) {
        this.#partial.set(stream, open);
        continue;
      }
      this.#partial.delete(stream);
      yield { stream, time: open.time, text: open.parts.length === 1 ? piece : Buffer.concat(open.parts) };
    }
  }

  *rest(): Generator<LogLine> {
    for (const [stream, { time, parts }] of this.#partial) yield { stream, time, text: Buffer.concat(parts) };
    this.#partial.clear();
  }
}

/** `age` 0 is the file being written, 1 the one rotated last, and so on. */
interface Start {
  readonly age: number;
  readonly offset: number;
  readonly skipLines: number;
}

const fileName = (path: string, age: number) => (age === 0 ? path : `${path}.${age}`);

async function openLog(path: string, age: number): Promise<FileHandle | undefined> {
  try {
    return await open(fileName(path, age), 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function oldestAge(path: string): Promise<number> {
  for (let age = 1; ; age++) {
    const file = await openLog(path, age);
    if (!file) return age - 1;
    await file.close();
  }
}

/** Where to begin so that the last `tail` lines come out: found from the end, whatever the log's length. */
async function startOf(path: string, query: LogQuery): Promise<Start> {
  const oldest = await oldestAge(path);
  if (query.tail === undefined) return { age: oldest, offset: 0, skipLines: 0 };
  let newlines = 0;
  let unfinished = 0;
  let first = true;
  for (let age = 0; age <= oldest; age++) {
    const file = await openLog(path, age);
    if (!file) break;
    try {
      const { size } = await file.stat();
      for await (const { offset, record } of recordsBackward(file, size)) {
        if (!wanted(record, query)) continue;
        if (first) unfinished = record.payload.at(-1) === NEWLINE ? 0 : 1;
        first = false;
        newlines += countNewlines(record.payload);
        /* One newline more than lines wanted: it ends the line before them. */
        if (newlines + unfinished > query.tail) {
          return { age, offset, skipLines: newlines + unfinished - query.tail };
        }
      }
    } finally {
      await file.close();
    }
  }
  return { age: oldest, offset: 0, skipLines: 0 };
}

function countNewlines(payload: Buffer): number {
  let count = 0;
  for (let at = payload.indexOf(NEWLINE); at !== -1; at = payload.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

async function* recordsFrom(path: string, start: Start, query: LogQuery): AsyncGenerator<LogRecord> {
  const { signal, followUntil } = query;
  for (let age = start.age; age > 0; age--) {
    const file = await openLog(path, age);
    if (!file) continue;
    try {
      yield* new RecordReader(file, age === start.age ? start.offset : 0).available();
    } finally {
      await file.close();
    }
  }
  const current = await openLog(path, 0);
  if (!current) return;
  const offset = start.age === 0 ? start.offset : 0;
  if (followUntil) yield* follow(path, current, offset, followUntil, signal);
  else yield* readToEnd(current, offset, signal);
}

async function* readToEnd(file: FileHandle, offset: number, signal?: AbortSignal): AsyncGenerator<LogRecord> {
  try {
    for await (const record of new RecordReader(file, offset).available()) {
      if (signal?.aborted) return;
      yield record;
    }
  } finally {
    await file.close();
  }
}

async function* follow(
  path: string,
  first: FileHandle,
  offset: number,
  ended: Promise<unknown>,
  signal?: AbortSignal,
): AsyncGenerator<LogRecord> {
  let file = first;
  let reader = new RecordReader(file, offset);
  let over = false;
  const waker = new Waker();
  const finish = () => {
    over = true;
    waker.wake();
  };
  ended.then(finish, finish);
  signal?.addEventListener('abort', finish, { once: true });
  const watcher = watch(path.slice(0, path.lastIndexOf('/')), () => waker.wake());
  try {
    for (;;) {
      const last = over;
      const rotated = await isRotated(path, file);
      for await (const record of reader.available()) {
        if (signal?.aborted) return;
        yield record;
      }
      if (rotated) {
        /* Everything that the old file will ever hold was there before its name changed. */
        const next = await openLog(path, 0);
        if (next) {
          await file.close();
          file = next;
          reader = new RecordReader(file);
          continue;
        }
      }
      if (last || signal?.aborted) return;
      if (!over) await waker.wait();
    }
  } finally {
    watcher.close();
    signal?.removeEventListener('abort', finish);
    await file.close();
  }
}

async function isRotated(path: string, file: FileHandle): Promise<boolean> {
  try {
    const [named, held] = await Promise.all([stat(path), file.stat()]);
    return named.ino !== held.ino;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Lets a loop sleep until something happened, without missing what happens while it is awake. */
class Waker {
  #pending = false;
  #resolve: (() => void) | undefined;

  wake(): void {
    this.#pending = true;
    this.#resolve?.();
  }

  async wait(): Promise<void> {
    if (!this.#pending) {
      await new Promise<void>((resolve) => {
        this.#resolve = resolve;
      });
    }
    this.#pending = false;
    this.#resolve = undefined;
  }
}
