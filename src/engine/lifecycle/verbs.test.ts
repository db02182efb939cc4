/** What the verbs do over the state machine: whom they wait for, and what they report. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { STATES } from '../../container/life/testing.ts';
import type { Runner } from '../../container/runner.ts';
import { isKind } from '../../core/errors.ts';
import { RecordingHost } from '../../host/recording/host.ts';
import { EventBus } from '../events.ts';
import { killContainer } from './kill.ts';
import { pauseContainer, unpauseContainer } from './pause.ts';
import { removeContainer } from './remove.ts';
import { restartContainer } from './restart.ts';
import { startContainer } from './start.ts';
import { stopContainer } from './stop.ts';
import { clean, FakeLife, settled } from './testing.ts';
import { waitContainer } from './wait.ts';

const { running, paused } = STATES;
/** No stop here looks at processes: each names its grace period. */
const NO_RUNNER = {} as Runner;

function open(state = running as (typeof STATES)[keyof typeof STATES] | undefined, change = {}) {
  const fake = new FakeLife();
  fake.add(change, state);
  const ctx = {
    containers: fake.containers,
    life: fake.life,
    live: fake.live,
    runner: NO_RUNNER,
    host: new RecordingHost(),
    events: new EventBus(),
  };
  const exits = () => fake.life.dispatch('c1', { type: 'exit', end: clean });
  return { fake, ctx, exits };
}

describe('stop', () => {
  test('signals, and is over with the exit', async () => {
    const { fake, ctx, exits } = open();
    const stop = stopContainer(ctx, 'web', { timeout: -1, signal: 'SIGINT' });
    await settled();
    assert.deepEqual(fake.log, ['signal 2', 'emit kill']);
    await exits();
    assert.equal(await stop, true);
    assert.deepEqual(fake.log.slice(2), ['emit die', 'emit stop', 'release with network', 'wake 0']);
  });

  test('kills when the grace period is over', async () => {
    const { fake, ctx, exits } = open();
    const stop = stopContainer(ctx, 'web', { timeout: 0 });
    while (!fake.log.includes('signal 9')) await settled();
    await exits();
    assert.equal(await stop, true);
  });

  test('leaves the queue free: a removal need not wait for the grace period', async () => {
    const { fake, ctx, exits } = open();
    const stop = stopContainer(ctx, 'web', { timeout: -1 });
    await settled();
    const removal = removeContainer(ctx, 'web', { force: true });
    await settled();
    assert.equal(fake.log.includes('signal 9'), true);
    await exits();
    await Promise.all([stop, removal]);
    assert.equal(fake.statusOf(), 'gone');
  });

  test('of what does not run reports that', async () => {
    const { ctx } = open(STATES.exited);
    assert.equal(await stopContainer(ctx, 'web', { timeout: 1 }), false);
  });

  test('of what waits for its restart is over at once', async () => {
    const { fake, ctx } = open(STATES.restarting);
    assert.equal(await stopContainer(ctx, 'web', { timeout: 1 }), true);
    assert.equal(fake.statusOf(), 'exited');
  });
});

describe('kill', () => {
  test('by SIGKILL waits for the end, by another signal does not', async () => {
    const { fake, ctx, exits } = open();
    await killContainer(ctx, 'web', 'USR1');
    const kill = killContainer(ctx, 'web', 'KILL');
    await settled();
    assert.deepEqual(fake.log, ['signal 10', 'emit kill', 'signal 9', 'emit kill']);
    await exits();
    await kill;
  });

  test('of what does not run is refused', async () => {
    const { ctx } = open(STATES.exited);
    await assert.rejects(killContainer(ctx, 'web', ''), (error) => isKind(error, 'conflict'));
  });
});

describe('restart', () => {
  test('ends the run and starts another, whatever the policy', async () => {
    const { fake, ctx, exits } = open(running, { hostConfig: { AutoRemove: true } });
    const restart = restartContainer(ctx, 'web', { timeout: -1 });
    await settled();
    await exits();
    await restart;
    assert.equal(fake.statusOf(), 'running');
    const events = ctx.events.past().map(({ Action }) => Action);
    assert.deepEqual(events, ['restart']);
    assert.deepEqual(fake.log, [
      'signal 15',
      'emit kill',
      'emit die',
      'emit stop',
      'release with network',
      'wake 0',
      'begin',
      'emit start',
      'serve',
    ]);
  });

  test('starts what does not run', async () => {
    const { fake, ctx } = open(STATES.exited);
    await restartContainer(ctx, 'web', { timeout: 1 });
    assert.equal(fake.statusOf(), 'running');
  });

  test('of a container that is removed meanwhile says so', async () => {
    const { ctx, exits } = open();
    const restart = restartContainer(ctx, 'web', { timeout: -1 });
    restart.catch(() => {});
    await settled();
    const removal = removeContainer(ctx, 'web', { force: true });
    await settled();
    await exits();
    await removal;
    await assert.rejects(restart, (error) => isKind(error, 'conflict'));
  });
});

describe('remove', () => {
  test('without force refuses what runs, in Docker’s words', async () => {
    const { ctx } = open();
    await assert.rejects(
      removeContainer(ctx, 'web', {}),
      /cannot remove container "\/web": container is running: stop the container before removing or force remove/,
    );
  });

  test('with force kills, waits for the end, and removes', async () => {
    for (const state of [running, paused]) {
      const { fake, ctx, exits } = open(state);
      const removal = removeContainer(ctx, 'web', { force: true, volumes: true });
      await settled();
      assert.equal(fake.statusOf(), 'running');
      await exits();
      await removal;
      assert.equal(fake.statusOf(), 'gone');
      assert(fake.log.includes('erase with volumes'));
    }
  });

  test('is over when the container has gone with its exit', async () => {
    const { fake, ctx, exits } = open(running, { hostConfig: { AutoRemove: true } });
    const removal = removeContainer(ctx, 'web', { force: true });
    await settled();
    await exits();
    await removal;
    assert.equal(fake.log.filter((line) => line.startsWith('erase')).length, 1);
  });
});

describe('start', () => {
  test('says whether it started anything', async () => {
    const { ctx } = open(STATES.created);
    assert.deepEqual([await startContainer(ctx, 'web'), await startContainer(ctx, 'web')], [true, false]);
  });
});

test('pause and unpause', async () => {
  const { fake, ctx } = open();
  await pauseContainer(ctx, 'web');
  assert.equal(fake.statusOf(), 'paused');
  await unpauseContainer(ctx, 'web');
  assert.equal(fake.statusOf(), 'running');
  assert.deepEqual(fake.log, ['freeze', 'emit pause', 'thaw', 'emit unpause']);
});

test('wait is over with the exit, although nothing can be written', async () => {
  const { fake, ctx, exits } = open();
  fake.fillDisk();
  const wait = waitContainer(ctx, 'web', 'not-running');
  await exits();
  assert.deepEqual(await wait, { StatusCode: 0 });
});

test('what is asked of a container that is removed meanwhile is answered as of none', async () => {
  for (const verb of [startContainer, pauseContainer, unpauseContainer]) {
    const { ctx, fake } = open(STATES.exited);
    const erased = fake.hold('erase');
    const removal = removeContainer(ctx, 'web', {});
    await settled();
    const asked = verb(ctx, 'web');
    erased();
    await removal;
    await assert.rejects(asked, (error) => isKind(error, 'not-found'));
  }
});
