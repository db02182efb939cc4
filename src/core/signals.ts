import { constants } from 'node:os';
import { invalidParameter } from './errors.ts';

/** Signal numbers by name on this machine's kernel; real-time signals are not included. */
const NUMBERS: Readonly<Record<string, number>> = constants.signals;

export const { SIGKILL } = constants.signals;

/** The kernel's real-time signals that the C library leaves to programs. */
const RTMIN = 34;
const RTMAX = 64;

/** A signal's number from `TERM`, `SIGTERM`, `15` or `RTMIN+3`; undefined for text that is not a signal. */
export function findSignal(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) > 0 && Number(text) <= RTMAX ? Number(text) : undefined;
  const name = text.toUpperCase().replace(/^SIG/, '');
  const number = Object.hasOwn(NUMBERS, `SIG${name}`) ? NUMBERS[`SIG${name}`] : undefined;
  if (number) return number;
  const realtime = /^RT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name);
  if (!realtime) return undefined;
  const base = realtime[1] === 'MAX' ? RTMAX : RTMIN;
  const value = base + Number(`${realtime[2] ?? '+'}${realtime[3] ?? 0}`);
  return value >= RTMIN && value <= RTMAX ? value : undefined;
}

/** @throws BargeError invalid-parameter for text that is not a signal. */
export function signalNumber(text: string): number {
  const number = findSignal(text);
  if (number === undefined) throw invalidParameter(`invalid signal: ${text}`);
  return number;
}

/** The exit code that a shell reports for a process killed by a signal. */
export const signalExitCode = (signal: number | NodeJS.Signals): number =>
  128 + (typeof signal === 'number' ? signal : constants.signals[signal]);
