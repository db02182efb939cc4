import type { FileHandle } from 'node:fs/promises';

/**
 * The log that a shim appends (see native/shim/shim.c): stream, 1 when it begins within a line, two zero bytes, payload
 * length (BE32), nanoseconds since 1970 (BE64), payload, whole length (BE32). A chunk of output as the process wrote it, not a line.
 */
export interface LogRecord {
  readonly stream: 1 | 2;
  /** The record of this stream before it had no newline at its end. */
  readonly withinLine: boolean;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  readonly payload: Buffer;
}

const HEAD = 16;
const TRAILER = 4;
const RECORD_OVERHEAD = HEAD + TRAILER;
const READ_SIZE = 256 << 10;
/** A record's payload is at most what the shim reads at once; anything larger is not a record. */
const MAX_PAYLOAD = 64 << 10;

/** Reads records forward from an offset; keeps its place, so that it can go on when the log has grown. */
export class RecordReader {
  readonly #file: FileHandle;
  #offset: number;
  #held: Buffer = Buffer.alloc(0);

  constructor(file: FileHandle, offset = 0) {
    this.#file = file;
    this.#offset = offset;
  }

  /** The records that are whole in the file by now. */
  async *available(signal?: AbortSignal): AsyncGenerator<LogRecord> {
    while (!signal?.aborted) {
      const buffer = Buffer.allocUnsafe(READ_SIZE);
      const { bytesRead } = await this.#file.read(buffer, 0, READ_SIZE, this.#offset);
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      let data = buffer.subarray(0, bytesRead);
      if (this.#held.length > 0) data = Buffer.concat([this.#held, data]);
      let at = 0;
      for (;;) {
        const record = parseRecord(data, at);
        if (!record) break;
        at += record.payload.length + RECORD_OVERHEAD;
        yield record;
      }
      this.#held = data.subarray(at);
    }
  }
}

/** The record at `at`, or undefined when it is not whole. */
function parseRecord(data: Buffer, at: number): LogRecord | undefined {
  if (data.length - at < RECORD_OVERHEAD) return undefined;
  const length = data.readUInt32BE(at + 4);
  if (data.length - at < length + RECORD_OVERHEAD) return undefined;
  return {
    stream: data[at] === 2 ? 2 : 1,
    withinLine: data[at + 1] === 1,
    time: data.readBigUInt64BE(at + 8),
    payload: data.subarray(at + HEAD, at + HEAD + length),
  };
}

/** Records from the end of a file to its start, each with its offset. */
export async function* recordsBackward(
  file: FileHandle,
  end: number,
): AsyncGenerator<{ readonly offset: number; readonly record: LogRecord }> {
  let at = end;
  const trailer = Buffer.alloc(TRAILER);
  while (at >= RECORD_OVERHEAD) {
    await file.read(trailer, 0, TRAILER, at - TRAILER);
    const whole = trailer.readUInt32BE();
    if (whole < RECORD_OVERHEAD || whole > MAX_PAYLOAD + RECORD_OVERHEAD || whole > at) return;
    const data = Buffer.allocUnsafe(whole);
    await file.read(data, 0, whole, at - whole);
    const record = parseRecord(data, 0);
    if (!record) return;
    at -= whole;
    yield { offset: at, record };
  }
}
