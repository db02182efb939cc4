/** Attach and exec move bytes as they are, in order, and hold nobody's memory. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { after, test } from 'node:test';
import { FrameReader } from '../src/container/frames.ts';
import { openApi } from './harness/api.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';
import { hijack } from './harness/hijack.ts';

const MB = 1 << 20;
const SIZE = 1024 * MB;

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();

/** Bytes that repeat with a period that is no power of two, so that a lost or doubled buffer shows. */
const PATTERN = Buffer.from(Array.from({ length: 1_000_003 }, (_, i) => (i * 31) % 251));

async function pour(to: Writable, size: number): Promise<string> {
  const hash = createHash('sha256');
  for (let left = size; left > 0; left -= PATTERN.length) {
    const chunk = PATTERN.subarray(0, Math.min(left, PATTERN.length));
    hash.update(chunk);
    if (!to.write(chunk)) await once(to, 'drain');
  }
  to.end();
  return hash.digest('hex');
}

async function drink(from: Readable): Promise<{ size: number; digest: string }> {
  const hash = createHash('sha256');
  let size = 0;
  const reader = new FrameReader((_, chunk) => {
    hash.update(chunk);
    size += chunk.length;
  });
  for await (const chunk of from) reader.push(chunk);
  return { size, digest: hash.digest('hex') };
}

async function create(Cmd: readonly string[], more: object = {}): Promise<string> {
  const body = { Image: 'busybox', Cmd, ...more };
  return (await daemon.api('/containers/create', { method: 'POST', body })).json().Id;
}

const start = (id: string) => daemon.api(`/containers/${id}/start`, { method: 'POST' });
const remove = (id: string) => daemon.api(`/containers/${id}?force=1`, { method: 'DELETE' });
const STDIN = { OpenStdin: true, StdinOnce: true };
const NO_LOG = { HostConfig: { LogConfig: { Type: 'none' } } };

test('1 GB goes through a container’s standard input and output, exact to the byte', {
  timeout: 120_000,
}, async () => {
  const id = await create(['cat'], { ...STDIN, ...NO_LOG });
  const stream = await hijack(daemon.socket, `/containers/${id}/attach?stream=1&stdin=1&stdout=1`);
  await start(id);
  const [sent, received] = await Promise.all([pour(stream, SIZE), drink(stream)]);
  assert.deepEqual(received, { size: SIZE, digest: sent });
  await remove(id);
});

test('so do 256 MB through an exec', { timeout: 120_000 }, async () => {
  const id = await create(['sleep', '1000']);
  await start(id);
  const body = { Cmd: ['cat'], AttachStdin: true, AttachStdout: true };
  const exec = (await daemon.api(`/containers/${id}/exec`, { method: 'POST', body })).json().Id;
  const stream = await hijack(daemon.socket, `/exec/${exec}/start`, { Detach: false });
  const [sent, received] = await Promise.all([pour(stream, SIZE / 4), drink(stream)]);
  assert.deepEqual(received, { size: SIZE / 4, digest: sent });
  await remove(id);
});

test('the two outputs are in order and apart', async () => {
  const script = 'i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo o$i; echo e$i >&2; done';
  const id = await create(['sh', '-c', script]);
  const stream = await hijack(daemon.socket, `/containers/${id}/attach?stream=1&stdout=1&stderr=1`);
  await start(id);
  const said = { stdout: '', stderr: '' };
  const reader = new FrameReader((name, chunk) => {
    said[name] += chunk;
  });
  for await (const chunk of stream) reader.push(chunk);
  const lines = (letter: string) => Array.from({ length: 2000 }, (_, i) => `${letter}${i + 1}\n`).join('');
  assert.deepEqual(said, { stdout: lines('o'), stderr: lines('e') });
  await remove(id);
});

/** Proportional set size of a process, in kB. */
const memoryOf = (pid: number) =>
  Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);

function shimOf(id: string): number {
  const words = `barge-shim\0--dir\0${daemon.execRoot}/${id.slice(0, 20)}\0`;
  const pid = readdirSync('/proc').find((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(words);
    } catch {
      return false; /* it has ended */
    }
  });
  return Number(pid);
}

const written = (pid: number) =>
  Number(/^wchar: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? 0);

test('a reader that stops reading holds the process up, and nobody’s memory grows', async () => {
  const id = await create(['sh', '-c', 'read x; exec cat /dev/zero'], { ...STDIN, ...NO_LOG });
  const stream = await hijack(daemon.socket, `/containers/${id}/attach?stream=1&stdin=1&stdout=1`);
  await start(id);
  const { Pid: pid } = (await daemon.api(`/containers/${id}/json`)).json().State;
  const shim = shimOf(id);
  /* What the daemon needs to read and frame at all is there before. */
  const warm = await create(['head', '-c', `${32 * MB}`, '/dev/zero'], NO_LOG);
  const warming = await hijack(daemon.socket, `/containers/${warm}/attach?stream=1&stdout=1`);
  await start(warm);
  await drink(warming);
  await remove(warm);
  const before = { daemon: memoryOf(daemon.pid), shim: memoryOf(shim) };
  stream.write('\n');
  let last = -1;
  await eventually('the process is held up', async () => {
    const now = written(pid);
    const same = now > 0 && now === last;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return same;
  });
  assert.ok(memoryOf(daemon.pid) - before.daemon < 8 << 10, `${before.daemon} → ${memoryOf(daemon.pid)} kB`);
  assert.ok(memoryOf(shim) - before.shim < 8 << 10, `${before.shim} → ${memoryOf(shim)} kB`);
  stream.destroy();
  await remove(id);
});

test('a log that nobody reads to the end holds nobody’s memory either', async () => {
  const id = await create(['seq', '1', '3000000']);
  await start(id);
  await daemon.api(`/containers/${id}/wait`, { method: 'POST' });
  /* What reading takes at all is there before. */
  await drink(await openApi(daemon.socket, { path: `/containers/${id}/logs?stdout=1` }));
  const before = memoryOf(daemon.pid);
  const log = await openApi(daemon.socket, { path: `/containers/${id}/logs?stdout=1` });
  await once(log, 'readable');
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.ok(memoryOf(daemon.pid) - before < 8 << 10, `${before} → ${memoryOf(daemon.pid)} kB`);
  log.destroy();
  await remove(id);
});
