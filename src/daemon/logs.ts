import type { Writable } from 'node:stream';
import { drained } from '../core/streams.ts';
import type { Logs } from '../engine/query/logs.ts';

const HEADER = 8;

/**
 * Writes log lines as the API sends them: framed by stream unless the container has a terminal. Lines that are there
 * together are written together.
 */
export async function writeLogs(
  out: Writable,
  logs: Logs,
  options: { readonly timestamps: boolean; readonly details?: boolean },
): Promise<void> {
  const details = options.details ? `${attributes(logs.attributes)} ` : '';
  const gathered = new GatheredWriter(out);
  for await (const { stream, time, text } of logs.lines) {
    const when = options.timestamps ? `${timestamp(time)} ` : '';
    const head = `${when}${details}`;
    const line = head ? Buffer.concat([Buffer.from(head), text]) : text;
    await gathered.write(logs.tty ? line : frame(stream, line));
    if (out.destroyed) return;
  }
  gathered.flush();
}

/** Enough that writing costs little beside making what is written. */
const GATHERED_BYTES = 64 << 10;

/** Holds chunks back until there are many bytes, or until the event loop finds nothing else to do first. */
class GatheredWriter {
  readonly #out: Writable;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #later: NodeJS.Immediate | undefined;

  constructor(out: Writable) {
    this.#out = out;
  }

  /** Waits while the reader is slow. */
  async write(chunk: Buffer): Promise<void> {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < GATHERED_BYTES) this.#later ??= setImmediate(() => this.flush());
    else this.flush();
    if (this.#out.writableNeedDrain && !this.#out.destroyed) await drained(this.#out);
  }

  flush(): void {
    clearImmediate(this.#later);
    this.#later = undefined;
    if (this.#chunks.length > 0 && !this.#out.destroyed)
      this.#out.write(Buffer.concat(this.#chunks, this.#bytes));
    this.#chunks = [];
    this.#bytes = 0;
  }
}

/** `a=1,b=2`, sorted, with what would be ambiguous escaped as in queries. */
function attributes(values: Readonly<Record<string, string>>): string {
  const escaped = (text: string) => new URLSearchParams([['', text]]).toString().slice(1);
  const pairs = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join(',');
}

/** A chunk of a stream as the API frames it. */
export function frame(stream: number, payload: Buffer): Buffer {
  const whole = Buffer.allocUnsafe(HEADER + payload.length);
  whole.fill(0, 0, HEADER);
  whole[0] = stream;
  whole.writeUInt32BE(payload.length, 4);
  payload.copy(whole, HEADER);
  return whole;
}

/** RFC 3339 with all nine digits. */
function timestamp(time: bigint): string {
  const seconds = new Date(Number(time / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${(time % 1_000_000_000n).toString().padStart(9, '0')}Z`;
}
