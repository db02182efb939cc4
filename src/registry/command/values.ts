import { resolve } from 'node:path';
import { invalidParameter, messageOf } from '../../core/errors.ts';
import { parseBytes, parseDuration } from '../../core/units.ts';
import type { FlagValues } from './flags.ts';

export const dataRootOf = (values: FlagValues<'data-root'>): string =>
  resolve(values['data-root'] ?? '/var/lib/barge-registry');

/** @throws BargeError invalid-parameter naming the flag. */
export function milliseconds(flag: string, text: string): number {
  try {
    return parseDuration(text) / 1e6;
  } catch (error) {
    throw invalidParameter(`invalid --${flag}: ${messageOf(error)}`, { cause: error });
  }
}

/** @throws BargeError invalid-parameter naming the flag. */
export function bytes(flag: string, text: string): number {
  try {
    return parseBytes(text);
  } catch (error) {
    throw invalidParameter(`invalid --${flag}: ${messageOf(error)}`, { cause: error });
  }
}
