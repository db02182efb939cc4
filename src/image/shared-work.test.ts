import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProgressMessage } from '../api/engine/system.ts';
import { type Asker, SharedWork } from './shared-work.ts';

function someone() {
  const controller = new AbortController();
  const seen: ProgressMessage[] = [];
  return {
    controller,
    seen,
    asker: { signal: controller.signal, onProgress: (m: ProgressMessage) => seen.push(m) },
  };
}

/** Work that runs until it is ended by the test. */
function slow() {
  const gate = Promise.withResolvers<string>();
  const runs: Asker[] = [];
  const start = (shared: Asker) => {
    runs.push(shared);
    shared.signal.addEventListener('abort', () => gate.reject(new Error('stopped')));
    return gate.promise;
  };
  return { gate, runs, start };
}

test('two concurrent callers share one run and its progress', async () => {
  const work = new SharedWork<string, string>();
  const { gate, runs, start } = slow();
  const [a, b] = [someone(), someone()];
  const results = [work.join('k', a.asker, start), work.join('k', b.asker, start)];
  runs[0]?.onProgress({ status: 'half' });
  gate.resolve('done');
  assert.deepEqual(await Promise.all(results), ['done', 'done']);
  assert.equal(runs.length, 1);
  assert.deepEqual([a.seen, b.seen], [[{ status: 'half' }], [{ status: 'half' }]]);
});

test('the first caller’s cancellation does not affect the second', async () => {
  const work = new SharedWork<string, string>();
  const { gate, runs, start } = slow();
  const [a, b] = [someone(), someone()];
  const first = work.join('k', a.asker, start);
  const second = work.join('k', b.asker, start);
  a.controller.abort();
  await assert.rejects(first, { kind: 'cancelled' });
  assert.equal(runs[0]?.signal.aborted, false);
  gate.resolve('done');
  assert.equal(await second, 'done');
});

test('the work is cancelled with the last caller, and runs again for the next', async () => {
  const work = new SharedWork<string, string>();
  const one = slow();
  const [a, b] = [someone(), someone()];
  const first = work.join('k', a.asker, one.start);
  a.controller.abort();
  await assert.rejects(first, { kind: 'cancelled' });
  assert.equal(one.runs[0]?.signal.aborted, true);
  assert.equal(await work.join('k', b.asker, async () => 'anew'), 'anew');
});

test('all callers share a failure', async () => {
  const work = new SharedWork<string, string>();
  const { gate, start } = slow();
  const results = [someone(), someone()].map(({ asker }) => work.join('k', asker, start));
  gate.reject(new Error('broken'));
  for (const result of results) await assert.rejects(result, /broken/);
});
