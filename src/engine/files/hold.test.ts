import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { LinuxProcessTable } from '../../host/linux/process-table.ts';
import { HeldRoot } from './hold.ts';

const table = new LinuxProcessTable();

/** A process of ours, whose parent is this one. */
async function sleeper(): Promise<{ child: ChildProcess; pid: number }> {
  const child = spawn('sleep', ['1000']);
  await once(child, 'spawn');
  return { child, pid: child.pid ?? 0 };
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

test('a held root is there when its process is not any more', async () => {
  const { child, pid } = await sleeper();
  const held = await HeldRoot.open(table, { pid, parent: process.pid });
  assert(held);
  await end(child);
  assert.deepEqual(readdirSync(held.path), readdirSync('/'));
  await held[Symbol.asyncDispose]();
  assert.equal(existsSync(held.path), false);
});

test('a directory below the root of another process is held the same way', async () => {
  const { child, pid } = await sleeper();
  const held = await HeldRoot.open(table, { pid, parent: process.pid }, process.pid, import.meta.dirname);
  assert(held);
  assert(readdirSync(held.path).includes('hold.test.ts'));
  await held[Symbol.asyncDispose]();
  await end(child);
});

test('a process that has ended has nothing to hold', async () => {
  const { child, pid } = await sleeper();
  await end(child);
  assert.equal(await HeldRoot.open(table, { pid, parent: process.pid }), undefined);
});

test('a number that belongs to somebody else’s process now is not taken', async () => {
  const { child, pid } = await sleeper();
  assert.equal(await HeldRoot.open(table, { pid, parent: process.ppid }), undefined);
  await end(child);
});
