import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findSignal, signalExitCode, signalNumber } from './signals.ts';

test('signals go by name, with or without SIG, by number, and by their place among the real-time ones', () => {
  for (const text of ['TERM', 'SIGTERM', 'sigterm', '15']) assert.equal(signalNumber(text), 15, text);
  assert.deepEqual(['RTMIN', 'RTMIN+3', 'SIGRTMAX-1', '64'].map(signalNumber), [34, 37, 63, 64]);
});

test('what names no signal is refused', () => {
  for (const text of [
    '',
    '0',
    '65',
    '-9',
    'NOPE',
    'RTMIN-1',
    'RTMAX+1',
    'constructor',
    'SIGtoString',
    '9x',
  ]) {
    assert.equal(findSignal(text), undefined, text);
    assert.throws(() => signalNumber(text), { kind: 'invalid-parameter' }, text);
  }
});

test('a process that a signal ended has the exit code that a shell reports', () => {
  assert.equal(signalExitCode('SIGKILL'), 137);
  assert.equal(signalExitCode('SIGSEGV'), 139);
  assert.equal(signalExitCode(35), 163);
});
