import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { guard } from './guard.ts';

class FakeProcess extends EventEmitter {
  exit(code: number): void {
    this.emit('exited', code);
  }
}

function guarded(end: () => Promise<void>, patience = 60_000) {
  const process = new FakeProcess();
  const lines: string[] = [];
  guard(process, {
    underWay: () => ['POST /containers/x/start', 'GET /events'],
    report: (line) => lines.push(line),
    end,
    patience,
  });
  return { process, lines, exited: once(process, 'exited') };
}

test('a failure that nobody handled is reported with the requests under way, and ends the process in good order', async () => {
  let ended = 0;
  const { process, lines, exited } = guarded(async () => void ended++);
  process.emit('uncaughtException', new Error('write EPIPE'));
  assert.deepEqual(await exited, [1]);
  assert.equal(ended, 1);
  assert.match(
    lines[0] ?? '',
    /^uncaught exception: Error: write EPIPE\n[\s\S]*\nduring: POST \/containers\/x\/start, GET \/events$/,
  );
});

test('a rejection that nobody handled is reported, and the process goes on', () => {
  let ended = 0;
  const { process, lines } = guarded(async () => void ended++);
  process.on('exited', () => ended++);
  process.emit('unhandledRejection', 'forgotten');
  assert.equal(ended, 0);
  assert.match(lines[0] ?? '', /^unhandled rejection: forgotten\nduring: POST/);
});

test('further failures on the way out are reported, and change nothing', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let ended = 0;
  const { process, lines, exited } = guarded(async () => {
    ended++;
    await promise;
  });
  process.emit('uncaughtException', new Error('first'));
  process.emit('uncaughtException', new Error('second'));
  resolve();
  assert.deepEqual(await exited, [1]);
  assert.equal(ended, 1);
  assert.deepEqual(
    lines.map((line) => line.split('\n')[0]),
    ['uncaught exception: Error: first', 'uncaught exception: Error: second'],
  );
});

test('an end that fails or hangs still ends the process', async () => {
  const failing = guarded(async () => {
    throw new Error('the disk is full');
  });
  failing.process.emit('uncaughtException', new Error('x'));
  assert.deepEqual(await failing.exited, [1]);
  assert.equal(failing.lines.at(-1), 'ending failed: the disk is full');
  const hanging = guarded(() => new Promise(() => {}), 1);
  const alive = setInterval(() => {}, 1000); /* as the daemon's sockets keep it alive */
  hanging.process.emit('uncaughtException', new Error('x'));
  assert.deepEqual(await hanging.exited, [1]);
  clearInterval(alive);
});
