import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findSignal, signalExitCode, signalNumber } from './signals.ts';

test('a signal is given by name, with or without SIG, by number, or by its offset among the real-time signals', () => {
  for (const text of ['TERM', 'SIGTERM', 'sigterm', '15']) assert.equal(signalNumber(text), 15, text);
  assert.deepEqual(['RTMIN', 'RTMIN+3', 'SIGRTMAX-1', '64'].map(signalNumber), [34, 37, 63, 64]);
});

test('text that is not a signal is rejected', () => {
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

test('a process killed by a signal has the exit code that a shell reports', () => {
  assert.equal(signalExitCode('SIGKILL'), 137);
  assert.equal(signalExitCode('SIGSEGV'), 139);
  assert.equal(signalExitCode(35), 163);
});
