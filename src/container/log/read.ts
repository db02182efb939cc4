import { watch } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  isRotated,
  type LogFile,
  openCurrent,
  openNext,
  openRotated,
  rotatedAt,
  rotatedNumbers,
} from './files.ts';
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
  const start = await startOf(path, query);
  const lines = new LineSplitter(start.cut);
  let skip = start.skipLines;
  for await (const record of recordsFrom(path, start, query)) {
    if (query.until !== undefined && record.time > query.until) break;
    if (!wanted(record, query)) continue;
    for (const line of lines.push(record)) {
      if (skip <= 0) yield line;
      else if (line.text.at(-1) === NEWLINE) skip--;
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
  /** Streams that may begin with the rest of a line whose beginning went with an older file: bytes left out so far. */
  readonly #beheaded = new Map<1 | 2, number>();

  /** @param cut - the log's oldest part has gone, so that it may begin within a line */
  constructor(cut: boolean) {
    if (cut) for (const stream of [1, 2] as const) this.#beheaded.set(stream, 0);
  }

  *push({ stream, time, payload, withinLine }: LogRecord): Generator<LogLine> {
    let at = this.#restOfLost(stream, payload, withinLine);
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

  /** @returns where the first line that can be shown begins; a lost one takes no more than a line's greatest length. */
  #restOfLost(stream: 1 | 2, payload: Buffer, withinLine: boolean): number {
    const before = this.#beheaded.get(stream);
    if (before === undefined) return 0;
    const newline = withinLine ? payload.indexOf(NEWLINE) : -1;
    if (withinLine && newline === -1 && before + payload.length < MAX_LINE) {
      this.#beheaded.set(stream, before + payload.length);
      return payload.length;
    }
    this.#beheaded.delete(stream);
    return newline + 1;
  }

  *rest(): Generator<LogLine> {
    for (const [stream, { time, parts }] of this.#partial) yield { stream, time, text: Buffer.concat(parts) };
    this.#partial.clear();
  }
}

/** Where a reading begins: the files that it goes through, oldest first, and the place in the first of them. */
interface Start {
  readonly files: readonly LogFile[];
  readonly offset: number;
  readonly skipLines: number;
  /** It begins with the log's oldest file, and older ones have gone. */
  readonly cut: boolean;
}

/** Every file is opened before the first is read: what the shim drops meanwhile is read all the same. */
async function startOf(path: string, query: LogQuery): Promise<Start> {
  const current = await openCurrent(path);
  const files: LogFile[] = current ? [current] : [];
  try {
    const tail = query.tail === undefined ? undefined : new TailSearch(query.tail);
    let found = current && (await tail?.search(current.handle, query));
    const older = (await rotatedNumbers(path)).filter((number) => !current || number < current.number);
    for (const number of older.reverse()) {
      if (found || (await isBefore(path, number, query.since))) break;
      const file = await openRotated(path, number);
      if (!file) continue;
      files.unshift(file);
      found = await tail?.search(file.handle, query);
    }
    const cut = !found && (files[0]?.number ?? 1) > 1;
    return { files, offset: found?.offset ?? 0, skipLines: found?.skipLines ?? 0, cut };
  } catch (error) {
    await closeAll(files);
    throw error;
  }
}

const closeAll = (files: readonly LogFile[]) => Promise.all(files.map(({ handle }) => handle.close()));

/** Nothing in the file, nor in those before it, is of `since` or later. */
async function isBefore(path: string, number: number, since: bigint | undefined): Promise<boolean> {
  if (since === undefined) return false;
  const written = await rotatedAt(path, number);
  return written !== undefined && BigInt(Math.ceil(written)) * 1_000_000n < since;
}

/** Finds the last lines from a log's end, file after file towards its start, whatever its length. */
class TailSearch {
  readonly #wanted: number;
  #newlines = 0;
  /** 1 when the log's last line has no newline yet. */
  #unfinished: number | undefined;

  constructor(wanted: number) {
    this.#wanted = wanted;
  }

  /** @returns the place in this file, or undefined when the lines begin in an older one. */
  async search(
    file: FileHandle,
    query: LogQuery,
  ): Promise<{ offset: number; skipLines: number } | undefined> {
    const { size } = await file.stat();
    if (this.#wanted === 0) return { offset: size, skipLines: 0 };
    for await (const { offset, record } of recordsBackward(file, size)) {
      if (!wanted(record, query)) continue;
      this.#unfinished ??= record.payload.at(-1) === NEWLINE ? 0 : 1;
      this.#newlines += countNewlines(record.payload);
      /* One newline more than lines wanted: it ends the line before them. */
      const lines = this.#newlines + this.#unfinished;
      if (lines > this.#wanted) return { offset, skipLines: lines - this.#wanted };
    }
    return undefined;
  }
}

function countNewlines(payload: Buffer): number {
  let count = 0;
  for (let at = payload.indexOf(NEWLINE); at !== -1; at = payload.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

async function* recordsFrom(path: string, start: Start, query: LogQuery): AsyncGenerator<LogRecord> {
  const { signal, followUntil } = query;
  const waiting = [...start.files];
  let offset = start.offset;
  try {
    for (let file = waiting[0]; file; file = waiting[0]) {
      const last = waiting.length === 1;
      if (last && followUntil) break;
      yield* new RecordReader(file.handle, offset).available(signal);
      offset = 0;
      waiting.shift();
      await file.handle.close();
    }
    if (followUntil) yield* follow(path, waiting.shift(), offset, followUntil, signal);
  } finally {
    await closeAll(waiting);
  }
}

async function* follow(
  path: string,
  first: LogFile | undefined,
  offset: number,
  ended: Promise<unknown>,
  signal?: AbortSignal,
): AsyncGenerator<LogRecord> {
  let file = first;
  let reader = file && new RecordReader(file.handle, offset);
  let over = false;
  const waker = new Waker();
  const finish = () => {
    over = true;
    waker.wake();
  };
  ended.then(finish, finish);
  signal?.addEventListener('abort', finish, { once: true });
  const watcher = watch(dirname(path), () => waker.wake());
  try {
    for (;;) {
      const last = over;
      const rotated = file ? await isRotated(path, file) : true;
      if (reader) yield* reader.available(signal);
      if (signal?.aborted) return;
      /* Everything that a rotated file will ever hold was there before its name changed. */
      const next: LogFile | undefined = rotated ? await openNext(path, file?.number ?? 0) : undefined;
      if (next) {
        await file?.handle.close();
        file = next;
        reader = new RecordReader(file.handle);
        continue;
      }
      if (last) return;
      await waker.wait();
    }
  } finally {
    watcher.close();
    signal?.removeEventListener('abort', finish);
    await file?.handle.close();
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
