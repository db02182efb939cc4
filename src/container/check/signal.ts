import { constants } from 'node:os';
import { invalidParameter } from '../../core/errors.ts';

const RTMIN = 34;
const RTMAX = 64;

/** A signal's number from `TERM`, `SIGTERM`, `15` or `RTMIN+3`. @throws BargeError invalid-parameter. */
export function signalNumber(text: string): number {
  if (/^\d+$/.test(text) && Number(text) > 0 && Number(text) <= RTMAX) return Number(text);
  const name = text.toUpperCase().replace(/^SIG/, '');
  const number = (constants.signals as Record<string, number>)[`SIG${name}`];
  if (number) return number;
  const realtime = /^RT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name);
  const base = realtime?.[1] === 'MAX' ? RTMAX : RTMIN;
  const value = realtime ? base + Number(`${realtime[2] ?? '+'}${realtime[3] ?? 0}`) : 0;
  if (value < RTMIN || value > RTMAX) throw invalidParameter(`invalid signal: ${text}`);
  return value;
}
