import { writeSync } from 'node:fs';

const NAMES: Readonly<Record<number, string>> = {
  20: 'debug',
  30: 'info',
  40: 'warning',
  50: 'error',
  60: 'fatal',
};
const STDERR = 2;

/** Where the log goes as text: `time="…" level=info msg="…" key=value`, as dockerd's users know it. */
export const textLog = {
  write(json: string): void {
    writeSync(STDERR, textLine(json));
  },
};

/** @param json a line of the log as the logger makes it. */
export function textLine(json: string): string {
  const { level, time, msg, pid, name, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const shown = Object.entries(fields).map(([key, value]) => ` ${key}=${quoted(value)}`);
  const when = new Date(time as number).toISOString();
  return `time="${when}" level=${NAMES[level as number] ?? level} msg=${JSON.stringify(msg ?? '')}${shown.join('')}\n`;
}

function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[\w./:@+-]+$/.test(text) ? text : JSON.stringify(text);
}
