import assert from 'node:assert/strict';
import { type ErrorKind, isKind } from '../../../core/errors.ts';

/** For `assert.rejects`: matches a BargeError with this kind and message. */
export const fails = (kind: ErrorKind, message: RegExp) => (error: unknown) => {
  assert.ok(isKind(error, kind), `${kind} expected, not ${String(error)}`);
  assert.match(error.message, message);
  return true;
};
