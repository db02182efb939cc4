import type { LogLine } from './read.ts';

/** Where a driver sends a container's lines. */
export interface LogSink extends AsyncDisposable {
  /** Ends when the line is on its way, and the next may come. @throws whatever broke the way there. */
  send(line: LogLine): Promise<void>;
}

/** The line's text without its newline. */
export function textOf({ text }: LogLine): Buffer {
  return text.at(-1) === 0x0a ? text.subarray(0, -1) : text;
}

/** Syslog's severities for the two streams: informational, error. */
export const severityOf = ({ stream }: LogLine): 6 | 3 => (stream === 2 ? 3 : 6);
