import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { LogLine } from '../container/log/read.ts';
import { writeLogs } from './logs.ts';

/** Takes what comes a turn of the event loop later. */
function slowReader() {
  const chunks: Buffer[] = [];
  let most = 0;
  const out = new Writable({
    highWaterMark: 1,
    write(chunk, _, done) {
      most = Math.max(most, out.listenerCount('close'), out.listenerCount('error'));
      chunks.push(chunk);
      setImmediate(done);
    },
  });
  return { out, chunks, mostListeners: () => most };
}

const line = (text: string): LogLine => ({ stream: 1, time: 0n, text: Buffer.from(text) });

test('many lines that are there together go out in few writes, in order, and waiting leaves no listeners', async () => {
  const { out, chunks, mostListeners } = slowReader();
  const texts = Array.from({ length: 20_000 }, (_, i) => `line ${i} of a log with many\n`);
  const lines = (async function* () {
    for (const text of texts) yield line(text);
  })();
  await writeLogs(out, { lines, tty: true, attributes: {} }, { timestamps: false });
  out.end();
  while (!out.writableFinished) await turn();
  assert.equal(Buffer.concat(chunks).toString(), texts.join(''));
  assert.ok(chunks.length < 50, `${chunks.length} writes`);
  assert.ok(mostListeners() < 5, `${mostListeners()} listeners`);
});

test('a line goes out though the next one is long in coming', async () => {
  const { out, chunks } = slowReader();
  const { promise, resolve } = Promise.withResolvers<void>();
  const lines = (async function* () {
    yield line('first\n');
    await promise;
  })();
  const written = writeLogs(out, { lines, tty: true, attributes: {} }, { timestamps: false });
  for (let i = 0; chunks.length === 0 && i < 100; i++) await turn();
  assert.equal(Buffer.concat(chunks).toString(), 'first\n');
  resolve();
  await written;
});
