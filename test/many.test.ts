/** 200 containers at once: none fails, each is listed, and each costs next to nothing. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';

const COUNT = 200;
const AT_ONCE = 8;

/* As the launcher starts it: garbage is collected soon. */
const daemon = await TestDaemon.start({
  env: { NODE_OPTIONS: '--max-semi-space-size=1', MALLOC_ARENA_MAX: '1' },
});
after(() => daemon.end());
await daemon.makeBusybox();

const names = Array.from({ length: COUNT }, (_, i) => `many-${i}`);

/** Does it for all names, some at a time. @returns what was answered other than expected. */
async function forAll(what: (name: string) => Promise<{ status: number; text: string }>, expected: number) {
  const waiting = [...names];
  const wrong: string[] = [];
  const worker = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const { status, text } = await what(name);
      if (status !== expected) wrong.push(`${name}: ${status} ${text}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return wrong;
}

/** Proportional set size in kB; 0 when the process has gone. */
function memoryOf(pid: string | number): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function shims(): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(`barge-shim\0--dir\0${daemon.execRoot}`);
    } catch {
      return false; /* no process, or one that has ended */
    }
  });
}

const post = (path: string, body?: unknown) =>
  daemon.api(path, { method: 'POST', ...(body ? { body } : {}) });

test(`${COUNT} containers, ${AT_ONCE} at a time`, { timeout: 180_000 }, async () => {
  const body = { Image: 'busybox', Cmd: ['sleep', '1000'] };
  /* The first few make the daemon as large as it gets by working at all. */
  for (let i = 0; i < 30; i++) {
    assert.equal((await post(`/containers/create?name=warm-${i}`, body)).status, 201);
    assert.equal((await post(`/containers/warm-${i}/start`)).status, 204);
    assert.equal((await daemon.api(`/containers/warm-${i}?force=1`, { method: 'DELETE' })).status, 204);
  }
  const before = memoryOf(daemon.pid);
  assert.deepEqual(await forAll((name) => post(`/containers/create?name=${name}`, body), 201), []);
  assert.deepEqual(await forAll((name) => post(`/containers/${name}/start`), 204), []);
  const list = (await daemon.api('/containers/json')).json() as { State: string; NetworkSettings: object }[];
  assert.equal(list.filter(({ State }) => State === 'running').length, COUNT);
  const addresses = new Set(
    list.map(
      (row) =>
        (row.NetworkSettings as { Networks: { bridge: { IPAddress: string } } }).Networks.bridge.IPAddress,
    ),
  );
  assert.equal(addresses.size, COUNT, 'each has an address of its own');
  const keepers = shims().reduce((sum, pid) => sum + memoryOf(pid), 0);
  assert.ok(keepers / COUNT <= 70, `${keepers / COUNT} kB of processes for each container`);
  /* With garbage that is not collected yet; the bench has the exact figure. */
  const grown = memoryOf(daemon.pid) - before;
  assert.ok(grown <= 24 << 10, `the daemon grew by ${grown} kB`);
  assert.deepEqual(await forAll((name) => post(`/containers/${name}/stop?t=0`), 204), []);
  assert.deepEqual(await forAll((name) => daemon.api(`/containers/${name}`, { method: 'DELETE' }), 204), []);
  await eventually('every shim ends', () => shims().length === 0);
});
