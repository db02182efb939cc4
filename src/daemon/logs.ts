import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { Logs } from '../engine/containers/logs.ts';

const HEADER = 8;

/** Writes log lines as the API sends them: framed by stream unless the container has a terminal. */
export async function writeLogs(
  out: Writable,
  logs: Logs,
  options: { readonly timestamps: boolean },
): Promise<void> {
  for await (const { stream, time, text } of logs.lines) {
    const line = options.timestamps ? Buffer.concat([Buffer.from(`${timestamp(time)} `), text]) : text;
    const chunk = logs.tty ? line : frame(stream, line);
    if (!out.write(chunk) && !out.destroyed) await Promise.race([once(out, 'drain'), once(out, 'close')]);
    if (out.destroyed) return;
  }
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
