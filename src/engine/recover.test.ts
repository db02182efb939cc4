/** What a daemon makes of containers when it starts, over shims and a runtime that are fakes. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { containerSpec } from '../container/default-spec.ts';
import type { ProcessEnd } from '../container/life/event.ts';
import type { LifeState } from '../container/life/state.ts';
import { STATES } from '../container/life/testing.ts';
import type { ContainerDefinition } from '../container/model.ts';
import { linuxHost } from '../host/linux/host.ts';
import { FakeLife, settled } from './lifecycle/testing.ts';
import { type RecoverContext, recover } from './recover.ts';

const scratch = mkdtempSync(join(tmpdir(), 'barge-recover-'));
after(() => rmSync(scratch, { recursive: true }));

let daemons = 0;

/** A shim that a killed daemon left. */
class FakeShim {
  readonly #exit = Promise.withResolvers<ProcessEnd>();
  readonly #gone = Promise.withResolvers<void>();
  readonly signals: number[] = [];
  readonly exit = this.#exit.promise;
  readonly gone = this.#gone.promise;

  end(code: number): void {
    this.#exit.resolve({ code, at: 9000, oomKilled: false });
    this.#gone.resolve();
  }

  kill(signal: number): void {
    this.signals.push(signal);
    this.end(128 + signal);
  }
}

function daemonOver(...containers: (readonly [Partial<ContainerDefinition>, LifeState])[]) {
  const root = join(scratch, `${daemons++}`);
  const roots = {
    dataRoot: join(root, 'data'),
    execRoot: join(root, 'run'),
    cgroupParent: `/none-${process.pid}`,
  };
  for (const path of [join(roots.dataRoot, 'containers'), roots.execRoot])
    mkdirSync(path, { recursive: true });
  const fake = new FakeLife();
  for (const [change, state] of containers) fake.add(change, state);
  const shims = new Map<string, FakeShim>();
  const left = new Set<string>();
  const { log } = fake;
  const execOf = (id: string) => join(roots.execRoot, id);
  const ctx = {
    host: linuxHost(),
    containers: fake.containers,
    life: fake.life,
    live: fake.live,
    events: { emit: () => {} },
    logs: { keep: () => void log.push('keep logs') },
    warn: (message: string) => void log.push(`warn ${message}`),
    volumes: { recover: async () => {}, find: () => undefined },
    mounted: { recover: async () => {} },
    networks: { ready: async () => void log.push('networks ready') },
    runner: {
      roots,
      known: async () => [...left],
      reconnect: async ({ id }: { id: string }) => shims.get(id),
      clear: async ({ id }: { id: string }) => {
        if (left.delete(id)) log.push(`clear ${id}`);
      },
      directories: (id: string) => ({ exec: execOf(id) }),
      cgroupOf: ({ id }: { id: string }) => `${roots.cgroupParent}/${id}`,
    },
  } as unknown as RecoverContext;
  const recordExit = (id: string, text: string) => {
    mkdirSync(execOf(id), { recursive: true });
    writeFileSync(join(execOf(id), 'exit'), text);
  };
  return { fake, ctx, shims, left, recordExit, roots };
}

const { attachment, ...running } = STATES.running;
const always = { spec: containerSpec({ restart: { kind: 'always' } }) };

describe('a container that was recorded as running', () => {
  test('is taken over with its shim, and followed to its end', async () => {
    const { fake, ctx, shims } = daemonOver([{}, running]);
    const shim = new FakeShim();
    shims.set('c1', shim);
    await recover(ctx);
    assert.equal(fake.statusOf(), 'running');
    assert.deepEqual(shim.signals, []);
    shim.end(4);
    await settled();
    const state = fake.stateOf();
    assert.deepEqual([state.status, 'exitCode' in state && state.exitCode], ['exited', 4]);
  });

  test('without a shim has ended as the exit record says', async () => {
    const { fake, ctx, recordExit } = daemonOver([{}, running]);
    recordExit('c1', '9 7000000000 1\n');
    await recover(ctx);
    const state = fake.stateOf();
    assert(state.status === 'exited');
    assert.deepEqual([state.exitCode, state.finishedAt, state.oomKilled, state.error], [9, 7000, true, '']);
  });

  test('whose shim was killed is killed: 137', async () => {
    const { fake, ctx, left } = daemonOver([{}, running]);
    left.add('c1');
    await recover(ctx);
    assert.equal(fake.log[0], 'clear c1');
    const state = fake.stateOf();
    assert(state.status === 'exited');
    assert.equal(state.exitCode, 137);
    assert.match(state.error, /the shim died while the daemon was away/);
  });

  test('of which nothing is left, as after a reboot, ended with a code that is lost: 255', async () => {
    const { fake, ctx } = daemonOver([{}, running]);
    await recover(ctx);
    const state = fake.stateOf();
    assert(state.status === 'exited');
    assert.equal(state.exitCode, 255);
  });

  test('is started again by its policy, after its back-off', async () => {
    const { fake, ctx } = daemonOver([always, { ...running, restartCount: 0 }]);
    await recover(ctx);
    assert.equal(fake.statusOf(), 'restarting');
    await fake.pass(60_000);
    assert.equal(fake.statusOf(), 'running');
  });

  test('and was being stopped stays so, unless its policy is always to run', async () => {
    const stopping = { ...running, requested: 'stop' } as const;
    const unless = { spec: containerSpec({ restart: { kind: 'unless-stopped' } }) };
    const { fake, ctx } = daemonOver([always, stopping], [{ id: 'c2', name: 'other', ...unless }, stopping]);
    await recover(ctx);
    await settled();
    assert.deepEqual([fake.statusOf('c1'), fake.statusOf('c2')], ['running', 'exited']);
  });

  test('whose end cannot be recorded yet keeps no daemon from its start', async () => {
    const { fake, ctx, recordExit } = daemonOver([{}, running]);
    recordExit('c1', '9 7000000000 0\n');
    fake.fillDisk();
    await recover(ctx);
    assert.deepEqual([fake.statusOf(), fake.storedStatus()], ['exited', 'running']);
    fake.freeDisk();
    await fake.pass(1000);
    assert.equal(fake.storedStatus(), 'exited');
  });
});

describe('other containers', () => {
  test('a process that was never recorded is ended: nobody was told that it runs', async () => {
    const { fake, ctx, shims } = daemonOver([{}, STATES.created]);
    const shim = new FakeShim();
    shims.set('c1', shim);
    await recover(ctx);
    assert.deepEqual(shim.signals, [9]);
    assert.equal(fake.statusOf(), 'created');
  });

  test('a removal goes on, and a dead container is removed', async () => {
    const { fake, ctx } = daemonOver([{}, STATES.removing], [{ id: 'c2', name: 'other' }, STATES.dead]);
    await recover(ctx);
    assert.deepEqual([fake.statusOf('c1'), fake.statusOf('c2')], ['gone', 'gone']);
  });

  test('one that cannot be removed keeps no daemon from its start', async () => {
    const { fake, ctx } = daemonOver([{}, STATES.removing]);
    fake.eraseFailure = new Error('a process does not end');
    await recover(ctx);
    assert.equal(fake.statusOf(), 'dead');
  });

  test('one that waited for its restart, and one that always runs, are started', async () => {
    const { fake, ctx } = daemonOver(
      [{}, STATES.restarting],
      [{ id: 'c2', name: 'other', ...always }, STATES.exited],
      [{ id: 'c3', name: 'third' }, STATES.exited],
    );
    await recover(ctx);
    await settled();
    assert.deepEqual(
      ['c1', 'c2', 'c3'].map((id) => fake.statusOf(id)),
      ['running', 'running', 'exited'],
    );
  });
});

test('nothing starts before the sweep is over, whatever ends meanwhile', async () => {
  const { fake, ctx, shims, roots } = daemonOver(
    [always, running],
    [{ id: 'c2', name: 'b', ...always }, running],
  );
  const shim = new FakeShim();
  shims.set('c1', shim);
  /* The last run of it ends while the daemon recovers; the other ended before. */
  shim.end(1);
  const half = join(roots.dataRoot, 'containers', 'half-removed');
  mkdirSync(join(half, 'upper'), { recursive: true });
  const begun: boolean[] = [];
  const { known } = ctx.runner;
  ctx.runner.known = async () => {
    await fake.pass(60_000); /* the sweep takes its time */
    begun.push(fake.log.includes('begin'));
    return await known.call(ctx.runner);
  };
  await recover(ctx);
  assert.deepEqual(begun, [false, false]);
  await settled();
  await fake.pass(60_000);
  assert.deepEqual([fake.statusOf('c1'), fake.statusOf('c2')], ['running', 'running']);
});
