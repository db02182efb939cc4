import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ContainerViews, type View } from './views.ts';

function fake() {
  const views = new ContainerViews();
  const log: string[] = [];
  const view = (path: string, disposed: Promise<void> = Promise.resolve()): View => ({
    path,
    [Symbol.asyncDispose]: async () => {
      log.push(`unmount ${path}`);
      await disposed;
      log.push(`unmounted ${path}`);
    },
  });
  const open = (path: string, disposed?: Promise<void>) => async () => {
    log.push(`mount ${path}`);
    return view(path, disposed);
  };
  return { views, log, view, open };
}

test('users of a stopped container share one view, which the last of them gives up', async () => {
  const { views, log, open } = fake();
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const uses = [first, second].map(({ promise }) => views.ofStopped('a', open('/v'), () => promise));
  await setImmediate();
  first.resolve();
  await uses[0];
  assert.deepEqual(log, ['mount /v']);
  second.resolve();
  await uses[1];
  assert.deepEqual(log, ['mount /v', 'unmount /v', 'unmounted /v']);
});

test('a view is mounted only when the one before has gone', async () => {
  const { views, log, open } = fake();
  const gone = Promise.withResolvers<void>();
  const first = views.ofStopped('a', open('/1', gone.promise), async () => {});
  await setImmediate();
  const second = views.ofStopped('a', open('/2'), async (path) => path);
  const other = views.ofStopped('b', open('/3'), async () => {});
  await other;
  assert.deepEqual(log, ['mount /1', 'unmount /1', 'mount /3', 'unmount /3', 'unmounted /3']);
  gone.resolve();
  assert.equal(await second, '/2');
  await first;
});

test('a stopped container’s view waits for those of its last run', async () => {
  const { views, log, view, open } = fake();
  const copying = Promise.withResolvers<void>();
  const ofRun = views.ofRun('a', view('/run'), () => copying.promise);
  const stopped = views.ofStopped('a', open('/v'), async () => {});
  await setImmediate();
  assert.deepEqual(log, []);
  copying.resolve();
  await Promise.all([ofRun, stopped]);
  assert.deepEqual(log.slice(0, 3), ['unmount /run', 'unmounted /run', 'mount /v']);
});

test('a view that cannot be mounted fails its users, and is tried again by the next', async () => {
  const { views, log, open } = fake();
  const fails = async () => {
    throw new Error('no such device');
  };
  const uses = [1, 2].map(() => views.ofStopped('a', fails, async () => {}));
  for (const use of uses) await assert.rejects(use, /no such device/);
  await views.ofStopped('a', open('/v'), async () => {});
  assert.equal(log[0], 'mount /v');
});

test('what a user throws reaches it after the view has gone', async () => {
  const { views, log, view, open } = fake();
  const fails = async () => {
    throw new Error('disk full');
  };
  await assert.rejects(views.ofStopped('a', open('/v'), fails), /disk full/);
  await assert.rejects(views.ofRun('a', view('/run'), fails), /disk full/);
  assert.equal(log.at(-1), 'unmounted /run');
});
