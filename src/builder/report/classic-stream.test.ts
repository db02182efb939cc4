import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProgressMessage } from '../../api/engine/system.ts';
import { systemError } from '../../core/errors.ts';
import { DockerfileError } from '../parse/errors.ts';
import { sourceFile } from '../parse/source.ts';
import type { Step } from '../plan/graph.ts';
import { buildErrorMessage, classicStream } from './classic-stream.ts';

const step = (number: number) => ({ number, text: `RUN ${number}` }) as Step;
const steps = [step(1), step(2)];
const built = { kind: 'built', id: `sha256:${'ab'.repeat(32)}` } as const;

function record(quiet: boolean) {
  const messages: ProgressMessage[] = [];
  return { messages, reporter: classicStream((message) => messages.push(message), { quiet }) };
}

test('a quiet build reports only its id', () => {
  const { messages, reporter } = record(true);
  reporter.report({ kind: 'planned', steps });
  reporter.report({ kind: 'started', step: step(1) });
  reporter.report(built);
  assert.deepEqual(messages, [{ stream: `${built.id}\n` }]);
});

test('a failed quiet build reports everything', () => {
  const { messages, reporter } = record(true);
  reporter.report({ kind: 'planned', steps });
  reporter.report({ kind: 'started', step: step(1) });
  reporter.report({ kind: 'failed', error: new Error('x') });
  assert.deepEqual(messages, [{ stream: 'Step 1/2 : RUN 1\n' }]);
});

test('the buffered output of a later step is written when the build fails', () => {
  const { messages, reporter } = record(false);
  reporter.report({ kind: 'planned', steps });
  reporter.report({ kind: 'started', step: step(2) });
  assert.equal(messages.length, 0);
  reporter.report({ kind: 'failed', error: new Error('x') });
  assert.deepEqual(messages, [{ stream: 'Step 2/2 : RUN 2\n' }]);
});

test('a character that chunks split is written whole', () => {
  const { messages, reporter } = record(false);
  const bytes = Buffer.from('é');
  for (const byte of bytes) {
    reporter.report({ kind: 'output', step: step(1), stream: 'stdout', chunk: Buffer.from([byte]) });
  }
  assert.deepEqual(messages, [{ stream: 'é' }]);
});

test('the last message of a failed build has the exit code when there is one', () => {
  const source = sourceFile('Dockerfile', 'RUN x');
  const failed = new DockerfileError(source, { line: 1, column: 1, endLine: 1 }, 'no', { code: 2 });
  assert.deepEqual(buildErrorMessage(failed), {
    errorDetail: { code: 2, message: failed.message },
    error: failed.message,
  });
  assert.deepEqual(buildErrorMessage(systemError('no')), { errorDetail: { message: 'no' }, error: 'no' });
});
