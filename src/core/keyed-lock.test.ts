import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyedLock } from './keyed-lock.ts';

test('tasks on one key run one after another, tasks on different keys in parallel', async () => {
  const lock = new KeyedLock();
  const first = Promise.withResolvers<void>();
  const order: string[] = [];
  const note = (name: string) => async () => void order.push(name);
  const tasks = [
    lock.run('a', async () => {
      await first.promise;
      order.push('a1');
    }),
    lock.run('a', note('a2')),
    lock.run('b', note('b')),
  ];
  await tasks[2];
  first.resolve();
  await Promise.all(tasks);
  assert.deepEqual(order, ['b', 'a1', 'a2']);
});

test('the next task runs after a failed one', async () => {
  const lock = new KeyedLock();
  const failing = lock.run('a', () => Promise.reject(new Error('no')));
  const next = lock.run('a', async () => 'yes');
  await assert.rejects(failing, /no/);
  assert.equal(await next, 'yes');
});

test('an attempt to lock does not wait', async () => {
  const lock = new KeyedLock();
  const first = Promise.withResolvers<void>();
  const busy = lock.run('a', () => first.promise);
  assert.equal(await lock.attempt('a', async () => 'never'), undefined);
  first.resolve();
  await busy;
  assert.equal(await lock.attempt('a', async () => 'now'), 'now');
});
